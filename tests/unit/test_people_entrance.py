"""The entrance: the same work for everybody, slowly for who guesses, nothing told that helps to guess."""

from __future__ import annotations

import pytest

from forge.domain.errors import TooMany, Unauthorized
from forge.domain.person import Person, Role
from tests.people_world import PASSWORD, Town, town_fixture  # noqa: F401
from tests.unit.test_people_codes import code_of


def enter(town: Town, name="ada", password=PASSWORD, code=None, address="10.0.0.1") -> str:
    try:
        return town.people.entrance.check(name, password, code, address)
    except (Unauthorized, TooMany) as error:
        return error.code


@pytest.fixture
def secret(town: Town) -> str:
    """Ada's, who has codes."""
    town.add("ada")
    made, _ = town.people.codes.begin("ada")
    town.people.codes.confirm("ada", code_of(made, town.clock()), "ada")
    town.clock.now += 60
    return made


def test_the_right_password_opens(town: Town):
    town.add("ada")
    assert enter(town) == "ada"
    assert enter(town, " ADA ") == "ada"


def test_a_wrong_name_and_a_wrong_password_are_the_same_answer_and_the_same_work(town: Town):
    town.add("ada")
    town.people.accounts.add(Person(name="otto", role=Role.VIEWER), None, "test")  # who signs in elsewhere
    answers = []
    for name in ("ada", "nobody", "otto", "", "x" * 500):
        before = town.hasher.checked
        with pytest.raises(Unauthorized) as caught:
            town.people.entrance.check(name, "wrong", None, f"10.0.0.{len(name)}")
        answers.append((caught.value.code, caught.value.message, town.hasher.checked - before))
    assert set(answers) == {("wrong_sign_in", "Name or password is wrong.", 1)}


def test_a_name_is_guessed_slowly_wherever_from(town: Town):
    town.add("ada")
    said = [enter(town, password="wrong", address=f"10.0.1.{number}") for number in range(8)]
    assert said == ["wrong_sign_in"] * 5 + ["too_many"] * 3
    with pytest.raises(TooMany) as caught:
        town.people.entrance.check("ada", PASSWORD, None, "10.0.2.1")
    assert caught.value.retry_after == 1
    town.clock.now += 1
    assert enter(town, address="10.0.2.1") == "ada"


def test_an_address_guesses_slowly_whatever_names(town: Town):
    said = [enter(town, name=f"n{number}", password="wrong") for number in range(7)]
    assert said == ["wrong_sign_in"] * 5 + ["too_many"] * 2


def test_where_somebody_is_signed_in_others_do_not_keep_them_waiting(town: Town):
    town.add("ada")
    town.people.sessions.begin("ada", address="10.9.9.9")
    for number in range(40):
        enter(town, password="wrong", address=f"10.0.1.{number}")
    assert enter(town, address="10.0.3.3") == "too_many"
    assert enter(town, address="10.9.9.9") == "ada"


def test_nobody_is_locked_out_for_good(town: Town):
    town.add("ada")
    for number in range(300):
        enter(town, password="wrong", address=f"10.0.1.{number}")
        town.clock.now += 1
    town.clock.now += 300
    assert enter(town) == "ada"


def test_a_code_is_asked_for_after_the_password_only(town: Town, secret):
    assert enter(town, password="wrong") == "wrong_sign_in"
    assert enter(town) == "code_needed"
    assert enter(town, code="000000") == "wrong_code"
    code = code_of(secret, town.clock())
    assert enter(town, code=code) == "ada"
    assert enter(town, code=code) == "wrong_code"


def test_wrong_codes_count_and_asking_without_one_forgives_nothing(town: Town, secret):
    said = []
    for _ in range(7):
        said.append(enter(town, code="000000"))
        enter(town)
    assert said == ["wrong_code"] * 5 + ["too_many"] * 2


def test_what_fails_is_told_and_a_name_that_nobody_has_is_not(town: Town):
    town.add("ada")
    enter(town, password="wrong")
    enter(town, name="hunter2-is-my-password", password="wrong")
    first, second = (event for event in town.told if event.type == "sign_in_failed")
    assert (first.payload, first.actor) == ({"name": "ada", "address": "10.0.0.1", "why": "password"}, "ada")
    assert (second.payload["name"], second.actor) == (None, "forge")
    assert "hunter2" not in repr(town.told)


def test_a_hash_of_yesterdays_parameters_is_made_anew(town: Town):
    town.add("ada")
    before = town.store.people.password("ada")
    town.hasher.check_needs_rehash = lambda kept: kept == before
    session = town.people.sessions.begin("ada")
    assert enter(town) == "ada"
    assert town.store.people.password("ada") != before
    assert enter(town) == "ada"
    assert town.people.sessions.find(session) is not None


def test_who_is_signed_in_proves_it_once_more_and_may_not_guess_either(town: Town):
    town.add("ada")
    town.people.entrance.prove("ada", PASSWORD)
    for _ in range(5):
        with pytest.raises(Unauthorized, match="not your password"):
            town.people.entrance.prove("ada", "wrong")
    with pytest.raises(TooMany):
        town.people.entrance.prove("ada", PASSWORD)


def test_a_token_that_is_none_is_told(town: Town):
    town.people.entrance.refused("10.0.0.1", "launch token")
    assert town.told[-1].payload == {"name": None, "address": "10.0.0.1", "why": "launch token"}
