"""One run of an import, inside a change."""

from __future__ import annotations

from forge.config.document import read_document
from forge.config.importing import Import
from tests.unit.configured import Configured


def test_only_connections_that_changed_are_made_anew(tmp_path):
    forge = Configured(tmp_path)
    text = "registries: {a: {url: 'https://a.example'}, b: {url: 'https://b.example'}}"
    forge.service.apply(text, {}, actor="anna")
    work = Import(
        store=forge.store,
        projects=forge.service.projects,
        connections=forge.service.connections,
        preferences=forge.service.preferences,
        environment={},
        actor="anna",
    )
    with forge.store.database.change() as change:
        lines = work.all(change, read_document(text.replace("b.example", "c.example")))
    assert lines == ["~ registry b: url https://b.example → https://c.example"]
    assert [connection.name for connection in work.changed] == ["b"]


def test_importing_a_project_that_waits_approves_it(tmp_path):
    forge = Configured(tmp_path)
    text = "projects: {a: {image: r.example/a, port: 80, active: false}}"
    forge.service.apply(text, {}, actor="anna")
    assert not forge.store.projects.get("a").active
    assert forge.service.apply(text.replace(", active: false", ""), {}, actor="anna") == [
        "~ project a: active false → true"
    ]
    assert forge.store.projects.get("a").active
