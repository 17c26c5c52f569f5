"""All that is remembered, in one hand, on one file."""

from dataclasses import fields

from tests.unit.storing import dev, open_store, shop


def test_all_aggregates_write_one_change(tmp_path):
    store = open_store(tmp_path)
    with store.database.change() as change:
        store.projects.add(change, shop(), "ann")
        store.projects.add_stage(change, dev(), "ann")
        store.preferences.keep(change, "_home", "h0me")
        assert store.projects.get("shop") == shop()
    assert [event.payload["change"] for event in store.events.activity(before=None, limit=9)] == ["created", "created"]
    store.database.close()


def test_what_is_kept_is_there_after_a_restart(tmp_path):
    store = open_store(tmp_path)
    with store.database.change() as change:
        store.projects.add(change, shop(), "ann")
    store.database.close()
    again = open_store(tmp_path)
    assert again.projects.all() == [shop()]
    assert {field.name for field in fields(again)} >= {"projects", "deploys", "instances", "events", "secrets"}
    again.database.close()
