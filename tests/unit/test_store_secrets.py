"""Secrets as they are kept: sealed, each bound to its place."""

import pytest

from forge.domain.secret import Secret
from forge.store.secrets import CHECK
from forge.vault import Vault, VaultError
from tests.unit.storing import open_store

PLANTED = "planted-secret-5f0c"


@pytest.fixture
def store(tmp_path):
    made = open_store(tmp_path)
    yield made
    made.database.close()


def put(store, place, value=PLANTED):
    with store.database.change() as change:
        store.secrets.put(change, place, Secret(value))


def delete(store, place):
    with store.database.change() as change:
        store.secrets.delete(change, place)


def rows(store):
    return [(row["place"], row["sealed"]) for row in store.database.rows("SELECT * FROM secret ORDER BY place")]


def test_a_secret_comes_back_and_is_nowhere_in_the_file(store, tmp_path):
    put(store, "project/shop/environment/KEY")
    with store.database.change() as change:
        store.secrets.put_bundle(change, "deploy/1/environment", {"KEY": Secret(PLANTED)})
    assert store.secrets.get("project/shop/environment/KEY") == Secret(PLANTED)
    assert store.secrets.get("project/shop/environment/OTHER") is None
    for path in tmp_path.iterdir():
        assert PLANTED.encode() not in path.read_bytes()


def test_putting_again_replaces(store):
    put(store, "a/b", "one-value")
    put(store, "a/b", "other-value")
    assert store.secrets.get("a/b") == Secret("other-value")
    assert len(rows(store)) == 1


def test_rows_that_were_swapped_do_not_open(store):
    put(store, "registry/one/password", "password-of-one")
    put(store, "registry/two/password", "password-of-two")
    (one, sealed_one), (two, sealed_two) = rows(store)
    with store.database.change() as change:
        change.execute("UPDATE secret SET sealed = ? WHERE place = ?", (sealed_two, one))
        change.execute("UPDATE secret SET sealed = ? WHERE place = ?", (sealed_one, two))
    for place in (one, two):
        with pytest.raises(VaultError) as raised:
            store.secrets.get(place)
        assert "password-of" not in raised.value.message


def test_a_wrong_key_is_a_sentence_and_nothing_is_changed(store, tmp_path):
    store.secrets.check()
    put(store, "a/b")
    before = rows(store)
    other = open_store(tmp_path, key=b"x" * 32)
    with pytest.raises(VaultError, match="nothing was changed"):
        other.secrets.check()
    with pytest.raises(VaultError):
        other.secrets.get("a/b")
    assert rows(other) == before
    other.database.close()
    store.secrets.check()


def test_secrets_without_their_check_are_refused_not_taken_over(store):
    put(store, "a/b")
    before = rows(store)
    with pytest.raises(VaultError, match="no check"):
        store.secrets.check()
    assert rows(store) == before


def test_deleting_takes_what_is_below_and_no_neighbour(store):
    for place in (
        "project/shop",
        "project/shop/environment/A",
        "project/shop2/environment/A",
        "project/sho_/x",
        "project",
    ):
        put(store, place)
    delete(store, "project/shop")
    assert [place for place, _ in rows(store)] == ["project", "project/sho_/x", "project/shop2/environment/A"]
    delete(store, "project/sho%")
    delete(store, "nothing/there")
    assert len(rows(store)) == 3


def test_a_folder_gives_its_own_names_only(store):
    put(store, "project/shop/environment/A", "value-one")
    put(store, "project/shop/environment/B", "value-two")
    put(store, "project/shop2/environment/C")
    put(store, "project/shop/stage/dev/environment/D")
    assert store.secrets.get_all("project/shop/environment") == {"A": Secret("value-one"), "B": Secret("value-two")}
    assert store.secrets.get_all("project/nobody/environment") == {}


def test_a_bundle_is_one_sealed_value(store):
    bundle = {"A": Secret("ü\n\0"), "B": Secret("")}
    with store.database.change() as change:
        store.secrets.put_bundle(change, "deploy/1/environment", bundle)
    assert store.secrets.get_bundle("deploy/1/environment") == bundle
    assert store.secrets.get_bundle("deploy/2/environment") == {}
    assert len(rows(store)) == 1


def test_rotating_seals_everything_anew_and_the_old_key_opens_nothing(store, tmp_path):
    store.secrets.check()
    put(store, "a/b")
    before = dict(rows(store))
    new = Vault([b"n" * 32, b"k" * 32])
    assert store.secrets.rotate(new) == 2
    assert all(new.is_current(sealed) and sealed != before[place] for place, sealed in rows(store))
    assert store.secrets.get("a/b") == Secret(PLANTED)
    again = open_store(tmp_path, key=b"n" * 32)
    again.secrets.check()
    assert again.secrets.get("a/b") == Secret(PLANTED)
    again.database.close()


def test_rotating_is_all_or_nothing(store):
    store.secrets.check()
    put(store, "a/b")
    with store.database.change() as change:
        change.execute("INSERT INTO secret (place, sealed) VALUES ('z/z', x'00')")
    before = rows(store)
    with pytest.raises(VaultError):
        store.secrets.rotate(Vault([b"n" * 32, b"k" * 32]))
    assert rows(store) == before
    assert store.secrets.get("a/b") == Secret(PLANTED)


def test_the_check_is_written_once(store):
    store.secrets.check()
    before = rows(store)
    store.secrets.check()
    assert rows(store) == before
    assert [place for place, _ in before] == [CHECK]
