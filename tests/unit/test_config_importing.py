"""One run of an import, inside a change."""

from __future__ import annotations

from forge.config.document import read_document
from forge.config.importing import Import
from forge.domain.sighting import Decision, Sighting
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
        notifications=forge.service.notifications,
        environment={},
        actor="anna",
    )
    with forge.store.database.change() as change:
        lines = work.all(change, read_document(text.replace("b.example", "c.example")))
    assert lines == ["~ registry b: url https://b.example → https://c.example"]
    assert [connection.name for connection in work.changed] == ["b"]


def test_an_import_that_changes_a_stage_has_decided_anew_what_waits_there_and_a_plan_has_not(tmp_path):
    forge = Configured(tmp_path)
    text = "projects: {a: {image: r.example/a, port: 80, stages: {dev: {pattern: '*', update: {mode: ask}}}}}"
    forge.service.apply(text, {}, actor="anna")
    waits = Sighting(
        id=0, project="a", stage="dev", tag="1", digest=f"sha256:{'a' * 64}", source="webhook",
        decision=Decision.WAITING, reason="asks first", seen=0,
    )  # fmt: skip
    with forge.store.database.change() as change:
        forge.store.sightings.add(change, waits)
    forge.service.apply(text, {}, actor="anna")
    forge.service.plan(text.replace("ask", "auto"), {})
    assert forge.store.sightings.due(1e12) == []
    forge.service.apply(text.replace("ask", "auto"), {}, actor="anna")
    assert [seen.tag for seen in forge.store.sightings.due(1e12)] == ["1"]


def test_importing_a_project_that_waits_approves_it(tmp_path):
    forge = Configured(tmp_path)
    text = "projects: {a: {image: r.example/a, port: 80, active: false}}"
    forge.service.apply(text, {}, actor="anna")
    assert not forge.store.projects.get("a").active
    assert forge.service.apply(text.replace(", active: false", ""), {}, actor="anna") == [
        "~ project a: active false → true"
    ]
    assert forge.store.projects.get("a").active
