"""API tokens: made, shown once, no more than their maker may, over when they are to be."""

from __future__ import annotations

import pytest

from forge.domain.errors import Forbidden, Invalid, NotFound
from forge.domain.person import Reach, Role, Token, owner
from tests.people_world import Town, town_fixture  # noqa: F401


@pytest.fixture
def dora(town: Town):
    town.project("shop", "dev")
    town.project("blog", "dev")
    town.add("ada")
    return town.add("dora", Role.DEPLOYER, frozenset({"shop"})).principal


def token(**more) -> Token:
    return Token(**{"id": 0, "name": "ci", "person": None, "role": Role.DEPLOYER, **more})


def test_it_opens_what_it_was_made_for(town: Town, dora):
    made, secret = town.people.tokens.make(token(project="shop", stage="dev"), dora)
    assert secret.reveal().startswith("forge_")
    assert len(secret.reveal()) >= 49
    found = town.people.tokens.find(secret.reveal())
    assert (found.name, found.role, found.reach) == ("dora/ci", Role.DEPLOYER, Reach.STAGE)
    assert (made.person, made.project, made.stage, made.used) == ("dora", "shop", "dev", None)


@pytest.mark.parametrize("text", ["", "forge_", "forge_x", "\udcff"])
def test_another_text_opens_nothing(town: Town, dora, text):
    town.people.tokens.make(token(), dora)
    assert town.people.tokens.find(text) is None


def test_it_may_no_more_than_its_maker(town: Town, dora):
    with pytest.raises(Forbidden) as caught:
        town.people.tokens.make(token(role=Role.ADMIN), dora)
    assert caught.value.code == "role_too_high"
    for place in ({"project": "blog"}, {"project": "nothing"}, {"project": "shop", "stage": "nothing"}):
        with pytest.raises(NotFound):
            town.people.tokens.make(token(**place), dora)


def test_it_is_over_in_time_and_not_made_for_the_past(town: Town, dora):
    with pytest.raises(Invalid):
        town.people.tokens.make(token(expires=town.clock()), dora)
    _, secret = town.people.tokens.make(token(expires=town.clock() + 60), dora)
    town.clock.now += 59
    assert town.people.tokens.find(secret.reveal()) is not None
    assert len(town.people.tokens.standing()) == 1
    town.clock.now += 1
    assert town.people.tokens.find(secret.reveal()) is None
    assert town.people.tokens.standing() == []


def test_it_is_ended_by_its_owner_or_an_admin_and_stays_listed(town: Town, dora):
    made, secret = town.people.tokens.make(token(), dora)
    other = town.add("bob", Role.DEPLOYER).principal
    with pytest.raises(NotFound):
        town.people.tokens.end(made.id, "bob", other)
    town.people.tokens.end(made.id, "dora", dora)
    assert town.people.tokens.find(secret.reveal()) is None
    assert town.people.tokens.all(dora)[0].ended == town.clock()
    assert town.people.tokens.all(other) == []
    before = len(town.told)
    town.people.tokens.end(made.id, "ada")
    assert len(town.told) == before
    with pytest.raises(NotFound):
        town.people.tokens.end(99, "ada")


def test_the_owners_tokens_are_nobodys(town: Town, dora):
    _, secret = town.people.tokens.make(token(role=Role.ADMIN), owner())
    found = town.people.tokens.find(secret.reveal())
    assert (found.name, found.person, found.role, found.reach) == ("admin/ci", None, Role.ADMIN, Reach.FORGE)


def test_it_goes_with_its_project_or_stage(town: Town, dora):
    _, secret = town.people.tokens.make(token(project="shop"), dora)
    _, other = town.people.tokens.make(token(project="blog", stage="dev"), owner())
    with town.store.database.change() as change:
        town.store.projects.delete(change, "shop", "ada")
        town.store.projects.delete_stage(change, "blog", "dev", "ada")
    assert town.people.tokens.find(secret.reveal()) is None
    assert town.people.tokens.find(other.reveal()) is None


def test_use_is_written_down_once_a_minute(town: Town, dora):
    _, secret = town.people.tokens.make(token(), dora)
    used = []
    for _ in range(130):
        town.clock.now += 1
        town.people.tokens.touch(secret.reveal())
        used.append(town.store.tokens.all()[0].used)
    assert len(set(used)) == 3
    town.people.tokens.touch("forge_none")


def test_what_was_over_long_ago_is_forgotten(town: Town, dora):
    made, _ = town.people.tokens.make(token(), dora)
    town.people.tokens.end(made.id, "dora")
    town.people.tokens.make(token(name="old", expires=town.clock() + 1), dora)
    town.clock.now += 91 * 86400
    town.people.tokens.make(token(name="new"), dora)
    assert [one.name for one in town.people.tokens.all()] == ["new"]


def test_only_its_hash_is_kept_and_nothing_of_it_told(town: Town, dora, tmp_path):
    _, secret = town.people.tokens.make(token(), dora)
    assert town.told[-1].payload["change"] == "made"
    assert secret.reveal() not in repr(town.told)
    town.store.database.close()
    assert secret.reveal().encode() not in (tmp_path / "forge.db").read_bytes()
