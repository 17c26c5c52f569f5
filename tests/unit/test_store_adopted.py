"""Which containers stages were adopted from, as it is kept."""

from dataclasses import replace

import pytest

from forge.store.adopted import Adopted
from tests.unit.storing import dev, open_store, shop

SHOP = Adopted(project="shop", stage="dev", engine="local", container="c0ffee", name="old-shop", stop_first=True)


@pytest.fixture
def store(tmp_path):
    made = open_store(tmp_path)
    yield made
    made.database.close()


def keep(store, adopted):
    with store.database.change() as change:
        store.adopted.keep(change, adopted)


def test_what_is_kept_comes_back_and_can_change(store):
    assert store.adopted.get("shop", "dev") is None
    keep(store, SHOP)
    keep(store, replace(SHOP, stage="rel", container="beef"))
    keep(store, replace(SHOP, stopped=True))
    assert store.adopted.get("shop", "dev") == replace(SHOP, stopped=True)
    assert {one.stage for one in store.adopted.all()} == {"dev", "rel"}


def test_it_is_no_setting(store):
    keep(store, SHOP)
    assert store.preferences.given() == {}


def test_a_deleted_stage_leaves_nothing_to_a_later_one(store):
    with store.database.change() as change:
        store.projects.add(change, shop(), "ann")
        store.projects.add(change, shop(name="shop-2"), "ann")
        for name in ("dev", "rel"):
            store.projects.add_stage(change, dev(name=name), "ann")
    for project, stage in (("shop", "dev"), ("shop", "rel"), ("shop-2", "dev")):
        keep(store, replace(SHOP, project=project, stage=stage))
    with store.database.change() as change:
        store.projects.delete_stage(change, "shop", "rel", "ann")
    assert {(one.project, one.stage) for one in store.adopted.all()} == {("shop", "dev"), ("shop-2", "dev")}
    with store.database.change() as change:
        store.projects.delete(change, "shop", "ann")
    assert {(one.project, one.stage) for one in store.adopted.all()} == {("shop-2", "dev")}
