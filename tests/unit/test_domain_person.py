"""People, roles, and what a token may of what its owner may."""

from __future__ import annotations

import pytest

from forge.domain.errors import Invalid
from forge.domain.person import (
    Person,
    Principal,
    Reach,
    Role,
    Token,
    check_password,
    check_person,
    owner,
    role_of,
)

ADA = Person(name="ada", role=Role.ADMIN).principal
DORA = Person(name="dora", role=Role.DEPLOYER, projects=frozenset({"shop", "blog"})).principal


def token(**more) -> Token:
    return Token(**{"id": 1, "name": "ci", "person": "dora", "role": Role.DEPLOYER, **more})


def test_roles_include_those_below():
    assert Role.ADMIN > Role.DEPLOYER > Role.VIEWER
    assert [role_of(role.word) for role in Role] == list(Role)


@pytest.mark.parametrize("word", ["", "root", "viewer ", "1"])
def test_other_words_are_no_role(word):
    with pytest.raises(Invalid, match="is no role"):
        role_of(word)


def test_a_principal_sees_all_projects_or_its_own():
    assert ADA.sees("shop")
    assert DORA.sees("shop")
    assert not DORA.sees("other")
    assert not Principal(name="x", role=Role.VIEWER, projects=frozenset()).sees("shop")


def test_the_machines_owner_is_an_admin_and_nobodys_account():
    assert (owner().role, owner().person, owner().reach) == (Role.ADMIN, None, Reach.PERSON)


@pytest.mark.parametrize("name", ["ada", "a", "ada.lovelace", "ada@example.org", "ada+ci", "1st", "x" * 64])
def test_these_are_names(name):
    assert check_person(name) == name


@pytest.mark.parametrize(
    "name", ["", "Ada", "a b", "a/b", ".a", "a.", "x" * 65, "é", "a\n", "admin", "forge", "webhook", "poller", "seed"]
)
def test_these_are_not(name):
    with pytest.raises(Invalid) as caught:
        check_person(name)
    assert "name" in caught.value.fields


@pytest.mark.parametrize("password", ["", "short", "x" * 9, "x" * 201, "aaaaaaaaaaaa", "ada-lovel", "lovelace12"])
def test_what_is_guessed_is_refused(password):
    with pytest.raises(Invalid) as caught:
        check_password(password, "lovelace")
    assert caught.value.code == "weak"
    assert not password or password not in caught.value.message


def test_a_few_words_are_a_password():
    check_password("correct horse battery", "ada")


@pytest.mark.parametrize(
    ("more", "reach", "projects"),
    [
        ({}, Reach.FORGE, DORA.projects),
        ({"project": "shop"}, Reach.PROJECT, frozenset({"shop"})),
        ({"project": "shop", "stage": "dev"}, Reach.STAGE, frozenset({"shop"})),
    ],
)
def test_a_token_reaches_as_far_as_it_was_made_for(more, reach, projects):
    found = token(**more).principal(DORA)
    assert (found.reach, found.projects, found.role) == (reach, projects, Role.DEPLOYER)
    assert (found.name, found.person, found.token) == ("dora/ci", "dora", "ci")


def test_a_token_may_no_more_than_its_owner_now():
    assert token(role=Role.ADMIN).principal(DORA).role is Role.DEPLOYER
    assert token(role=Role.VIEWER).principal(ADA).role is Role.VIEWER
    assert token(project="other").principal(DORA) is None


def test_a_token_of_a_stage_writes_there_only():
    found = token(project="shop", stage="dev").principal(DORA)
    assert found.writes("dev")
    assert not found.writes("rel")
    assert token(project="shop").principal(DORA).writes("rel")


def test_a_token_stands_until_it_is_over():
    assert token().stands(1e12)
    assert token(expires=10.0).stands(9.9)
    assert not token(expires=10.0).stands(10.0)
    assert not token(ended=1.0).stands(2.0)


@pytest.mark.parametrize("more", [{"name": ""}, {"name": " "}, {"name": "x" * 61}, {"name": "a\nb"}, {"stage": "dev"}])
def test_a_token_has_a_name_and_a_stage_its_project(more):
    with pytest.raises(Invalid):
        token(**more)
