"""What a person does with an instance: start, stop, restart, remove, and read what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real


def live_instance(house, name, **more):
    """The instance of dev-1, which serves."""
    house.project(name, **more)
    images.push(house.registry, name, "dev-1")
    assert house.forge.deploy(f"{name}/dev", "dev-1")["status"] == "succeeded"
    return house.forge.the_instance(f"{name}/dev")


def test_an_instance_is_stopped_started_restarted_and_removed(house):
    forge = house.forge
    instance = live_instance(house, "handled")
    path = f"/api/instances/{instance['id']}"
    stopped = forge.do("POST", f"{path}/stop")
    assert (stopped["status"], stopped["wanted"]) == ("stopped", False)
    assert house.page("dev-handled")[0] >= 500
    assert forge.do("POST", f"{path}/stop")["status"] == "stopped"  # asking for what holds is no error
    assert forge.do("POST", f"{path}/start")["status"] == "running"
    until(lambda: house.page("dev-handled") == (200, "dev-1\n"), "it serves again")
    assert forge.do("POST", f"{path}/restart")["status"] == "running"
    until(lambda: house.page("dev-handled") == (200, "dev-1\n"), "it serves again")
    assert forge.ask("DELETE", path).status == 204
    assert forge.instances("handled/dev") == []
    house.leads_nowhere("dev-handled")
    assert forge.refused("POST", f"{path}/start")[0] == 409


def test_what_a_person_stopped_stays_stopped_when_docker_is_restarted(house):
    forge = house.forge
    instance = live_instance(house, "resting")
    forge.do("POST", f"/api/instances/{instance['id']}/stop")
    house.engine.restart()
    until(lambda: forge.get("/api/health")["status"] == "ok", "all is well")
    assert forge.the_instance("resting/dev")["status"] == "stopped"


def test_a_crash_is_told_with_exit_code_and_restarts(house):
    forge = house.forge
    instance = live_instance(house, "falling")
    with forge.live() as board:
        board.wait(lambda frame: frame.type == "hello", "hello")
        exec_in(house, instance, ["/bin/kill", "-9", "-1"])  # all but process 1, which then ends by itself
        ended = board.wait(
            lambda f: f.type == "instance_status" and f.payload["exit_code"] is not None, "its exit code"
        )
        assert ended.payload["exit_code"] in {137, 143}
        board.wait(lambda f: f.type == "instance_status" and f.payload["restarts"] == 1, "the restart is told", 15)
    until(lambda: house.page("dev-falling") == (200, "dev-1\n"), "it serves again")
    assert forge.the_instance("falling/dev")["status"] == "running"


def exec_in(house, instance, command):
    client = house.engine.client()
    try:
        return client.containers.get(instance["container"]).exec_run(command)
    finally:
        client.close()


def say(house, instance, text):
    """Let the instance write a line."""
    exec_in(house, instance, ["/bin/sh", "-c", f"echo '{text}' > /proc/1/fd/1"])


def test_its_log_is_read_as_json_and_followed_live(house):
    forge = house.forge
    instance = live_instance(house, "talking")
    path = f"/api/instances/{instance['id']}/logs"
    assert [line["text"] for line in forge.get(path)] == ["starting dev-1 (good)", "listening on 8080"]
    say(house, instance, "before anybody looks")
    with forge.live(path) as log:  # what is written from now on; the past is asked for after it, so nothing is missed
        log.wait(lambda frame: frame.type == "hello", "hello")
        assert forge.get(path)[-1]["text"] == "before anybody looks"
        for number in range(3):
            say(house, instance, f"line {number}")
        until(lambda: texts(log)[-1:] == ["line 2"], "it is told live")
        assert texts(log) == ["line 0", "line 1", "line 2"]
    assert [line["text"] for line in forge.get(f"{path}?tail=1")] == ["line 2"]


def texts(log):
    return [line["text"] for line in log.of("instance_log")]


def test_docker_is_asked_for_a_log_only_while_somebody_looks(house):
    forge = house.forge
    instance = live_instance(house, "watched")
    path = f"/api/instances/{instance['id']}/logs"
    until(lambda: forge.get("/api/health")["status"] == "ok", "all is well")
    with forge.live(path) as first:
        first.wait(lambda frame: frame.type == "hello", "hello")
        one_reads = talks_with_docker(forge)
        with forge.live(path) as second:
            second.wait(lambda frame: frame.type == "hello", "hello")
            say(house, instance, "something")
            until(lambda: texts(first) == texts(second) == ["something"], "both read")
            assert talks_with_docker(forge) == one_reads
    until(lambda: talks_with_docker(forge) < one_reads, "nobody follows any more", 2)


def talks_with_docker(forge) -> int:
    """Its connections over sockets of this machine: the engine is at the other end of all of them."""
    rows = [line.split() for line in Path("/proc/net/unix").read_text("utf-8").splitlines()[1:]]
    local = {row[6] for row in rows if row[5] == "03"}  # connected
    return len(local & forge.sockets())


def test_an_instance_of_one_project_cannot_be_reached_by_a_wrong_name(house):
    status, sentence = house.forge.refused("POST", "/api/instances/zzzzzz/stop")
    assert status == 404
    assert "zzzzzz" in sentence


def test_what_an_instance_uses_is_told_live_also_after_docker_was_away_and_kept(house):
    forge = house.forge
    made = live_instance(house, "measured")["id"]

    def measured(frame):
        return frame.type == "metrics" and made in frame.payload["instances"]

    with forge.live("/api/events?topics=state,metrics") as board:
        assert board.wait(measured, "it was measured").payload["instances"][made]["memory"] > 0
        house.engine.down()
        away = board.wait(lambda f: f.type == "metrics" and not measured(f), "it is not measured")
        house.engine.start()
        board.wait(lambda f: f.at > away.at and measured(f), "it is measured again", 60)
    (kept,) = forge.get(f"/api/metrics?instance={made}")["instances"]
    assert [value for value in kept["lines"]["memory"] if value]
