"""The provider and the accounts as they are kept."""

import sqlite3

import pytest

from forge.domain.errors import NotFound
from forge.domain.oidc import Group, Oidc
from forge.domain.person import Person, Role
from tests.unit.storing import open_store

OIDC = Oidc(issuer="https://id.example.org", client_id="forge", groups=(Group(group="a", role="viewer", projects=()),))


@pytest.fixture
def store(tmp_path):
    made = open_store(tmp_path)
    yield made
    made.database.close()


def test_there_is_one_or_none(store):
    assert store.oidc.get() is None
    with store.database.change() as change:
        store.oidc.put(change, Oidc(issuer="https://old.example.org", client_id="x"), "ada")
        store.oidc.put(change, OIDC, "ada")
    assert store.oidc.get() == OIDC
    with store.database.change() as change:
        store.oidc.delete(change, "ada")
    assert store.oidc.get() is None
    with pytest.raises(NotFound), store.database.change() as change:
        store.oidc.delete(change, "ada")


def test_an_account_is_one_persons_and_goes_with_them(store):
    with store.database.change() as change:
        store.people.add(change, Person(name="ada", role=Role.VIEWER), None)
        store.oidc.link(change, OIDC.issuer, "1001", "ada")
    assert store.oidc.account(OIDC.issuer, "1001") == "ada"
    assert store.oidc.account("https://other.example.org", "1001") is None
    with pytest.raises(sqlite3.IntegrityError), store.database.change() as change:
        store.oidc.link(change, "https://other.example.org", "1001", "ada")
    with store.database.change() as change:
        store.people.remove(change, "ada")
    assert store.oidc.account(OIDC.issuer, "1001") is None
