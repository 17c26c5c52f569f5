"""Logs as files."""

from __future__ import annotations

from forge.api import logfiles
from tests.api_world import world_fixture  # noqa: F401


def write(world, count):
    store = world.runtime.store
    with store.database.change() as change:
        for number in range(count):
            store.deploys.log(change, store.deploys.get(1), f"\x1b[31mline {number}\x1b[0m", "output")


def test_a_deploys_log_is_a_file_of_all_its_lines(world, monkeypatch):
    monkeypatch.setattr(logfiles, "_PAGE", 7)
    world.make_shop()
    world.registry.push("org/shop", "dev-1")
    world.ask("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-1"})
    write(world, 30)
    answer = world.ask("GET", "/api/deploys/1/log.txt")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="deploy-1.log"'
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert [line.split(" ", 1)[1] for line in lines][-30:] == [f"line {number}" for number in range(30)]
    assert len(lines[-1].split(" ")[0]) == len("2026-11-25T12:00:00.000Z")
    assert world.ask("GET", "/api/deploys/9/log.txt").status_code == 404
    assert world.nobody.get("/api/deploys/1/log.txt").status_code == 401


def test_an_instances_log_is_a_file(world):
    world.make_shop()
    container = world.add_instance().container
    world.engine.write(container, "\x1b]8;;https://x\x07words\x1b]8;;\x07")
    answer = world.ask("GET", "/api/instances/a1b2c3/log.txt")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="instance-a1b2c3.log"'
    assert answer.text.endswith("Z words\n")
    assert world.ask("GET", "/api/instances/zzzzzz/log.txt").status_code == 404
