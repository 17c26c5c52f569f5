"""The setup link: random, good once, while there is nobody."""

from __future__ import annotations

import threading

import pytest

from forge.domain.errors import Conflict, Invalid, Unauthorized
from forge.domain.person import Role
from tests.people_world import PASSWORD, Town, town_fixture  # noqa: F401


def test_it_makes_the_first_admin_once(town: Town):
    setup = town.people.setup
    assert setup.wanted()
    token = setup.token()
    assert setup.use(token, "ada", PASSWORD).role is Role.ADMIN
    assert not setup.wanted()
    with pytest.raises(Conflict) as caught:
        setup.use(token, "bob", PASSWORD)
    assert caught.value.code == "set_up"


@pytest.mark.parametrize("token", ["", "x", "\udcff"])
def test_another_token_makes_nobody(town: Town, token):
    for made in (None, town.people.setup.token()):
        with pytest.raises(Unauthorized):
            town.people.setup.use(token, "ada", PASSWORD)
        assert made is None or token != made
    assert town.people.setup.wanted()


def test_a_mistake_does_not_use_it_up(town: Town):
    token = town.people.setup.token()
    for name, password in (("Ada!", PASSWORD), ("ada", "short"), ("admin", PASSWORD)):
        with pytest.raises(Invalid):
            town.people.setup.use(token, name, password)
    assert town.people.setup.use(token, "ada", PASSWORD).name == "ada"


def test_a_new_one_makes_the_former_void_and_none_is_kept(town: Town):
    old, new = town.people.setup.token(), town.people.setup.token()
    assert old != new
    assert len(new) >= 43
    with pytest.raises(Unauthorized):
        town.people.setup.use(old, "ada", PASSWORD)
    assert new not in repr(vars(town.people.setup))


def test_who_is_there_by_another_way_makes_it_void(town: Town):
    token = town.people.setup.token()
    town.add("ada")
    with pytest.raises(Conflict):
        town.people.setup.use(token, "eve", PASSWORD)


def test_of_two_browsers_at_once_one_is_the_first_admin(town: Town, monkeypatch):
    token, both = town.people.setup.token(), threading.Barrier(2, timeout=20)
    whole, got = town.people.accounts._passwords.hash, []

    def hash_at_once(password: str) -> str:
        both.wait()  # each has found the link good, and nobody there
        return whole(password)

    def use(name: str) -> None:
        try:
            got.append(town.people.setup.use(token, name, PASSWORD).name)
        except Conflict as error:
            got.append(error.code)

    monkeypatch.setattr(town.people.accounts._passwords, "hash", hash_at_once)
    threads = [threading.Thread(target=use, args=(name,)) for name in ("ada", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == 2
    assert got.count("set_up") == 1
    assert [person.name for person in town.store.people.all()] == [name for name in got if name != "set_up"]
