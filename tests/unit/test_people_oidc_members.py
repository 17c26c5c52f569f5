"""Who somebody at the provider is here."""

from dataclasses import replace

import pytest

from forge.domain.errors import Conflict, Forbidden
from forge.domain.oidc import Group, Oidc
from forge.domain.person import Person, Role, Session
from forge.people.oidc.members import Members
from tests.unit.storing import open_store, shop

OIDC = Oidc(
    issuer="https://id.example.org", client_id="forge",
    groups=(Group(group="ops", role="admin"), Group(group="web", role="deployer", projects=("shop", "gone"))),
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    made = open_store(tmp_path)
    with made.database.change() as change:
        made.projects.add(change, shop(), "test")
    yield made
    made.database.close()


def admit(store, sub="1001", oidc=OIDC, **claims):
    return Members(store).admit(oidc, {"sub": sub, "preferred_username": "ada", "groups": ["ops"], **claims})


def events(store):
    return [row["type"] for row in store.database.rows("SELECT type FROM event ORDER BY id")]


def test_somebody_new_gets_an_account_without_a_password(store):
    found = admit(store)
    assert (found.name, found.role, found.password) == ("ada", Role.ADMIN, False)
    assert events(store)[-1] == "person_changed"


def test_the_same_rights_again_are_no_change(store):
    admit(store)
    before = len(events(store))
    admit(store)
    assert len(events(store)) == before


def test_also_the_last_admin_loses_the_role(store):
    admit(store)
    assert admit(store, groups=["web"]).role is Role.DEPLOYER


def test_projects_that_are_gone_are_not_given(store):
    assert admit(store, groups=["web"]).projects == {"shop"}


def test_another_person_of_that_name_is_refused_here_or_there(store):
    admit(store)
    with pytest.raises(Conflict) as refused:
        admit(store, sub="1002")
    assert refused.value.code == "oidc_name_taken"
    with store.database.change() as change:
        store.people.add(change, Person(name="bob", role=Role.ADMIN), "a hash")
    with pytest.raises(Conflict):
        admit(store, sub="1003", preferred_username="Bob")
    assert store.people.password("bob") == "a hash"


def test_another_provider_knows_nobody(store):
    admit(store)
    with pytest.raises(Conflict):
        admit(store, oidc=Oidc(issuer="https://other.example.org", client_id="forge", groups=OIDC.groups))


def test_without_a_group_nobody_is_made_and_whoever_was_there_has_nothing(store):
    with pytest.raises(Forbidden):
        admit(store, groups=[])
    assert store.people.all() == []
    admit(store)
    with pytest.raises(Forbidden):
        admit(store, groups=None)
    left = store.people.get("ada")
    assert (left.role, left.projects) == (Role.VIEWER, frozenset())
    assert admit(store).role is Role.ADMIN  # it was a mistake


def test_a_name_that_cannot_be_one_and_an_address_that_is_not_verified_are_refused(store):
    for said in (None, "", "admin", "Ада"):
        with pytest.raises(Forbidden) as refused:
            admit(store, preferred_username=said)
        assert refused.value.code == "oidc_name"
    by_mail = Oidc(issuer=OIDC.issuer, client_id="forge", groups=OIDC.groups, name_claim="email")
    with pytest.raises(Forbidden) as refused:
        admit(store, oidc=by_mail, email="ada@example.org", email_verified=False)
    assert refused.value.code == "oidc_email"
    assert admit(store, oidc=by_mail, email="ada@example.org", email_verified=True).name == "ada@example.org"


def test_who_is_signed_out_there_is_signed_out_here_and_nobody_else(store):
    admit(store)
    admit(store, "1002", preferred_username="bob")
    with store.database.change() as change:
        for number, name in enumerate(("ada", "ada", "bob")):
            session = Session(id="", person=name, made=0, seen=0, ends=1, address="", agent="")
            store.sessions.add(change, bytes([number]), session)
    members = Members(store)
    members.sign_out(OIDC, "1001")
    assert [session.person for session in store.sessions.all().values()] == ["bob"]
    before = events(store)
    assert before[-1] == "session_ended"
    for oidc, subject in ((OIDC, "1001"), (OIDC, "9999"), (replace(OIDC, issuer="https://other.example"), "1002")):
        members.sign_out(oidc, subject)
    assert events(store) == before, "nothing happened"
    assert len(store.sessions.all()) == 1
