"""The parts do what the other tests take for granted of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.parts import images, leftovers
from tests.parts.caddy import STRANGER
from tests.parts.engine import Engine
from tests.parts.process import PartMissing, find_program
from tests.parts.registry import Registry

pytestmark = pytest.mark.real


@pytest.fixture
def run(engine_part, registry_part):
    """Run an image of a kind and return the container; it is gone after the test."""
    with contextlib.closing(engine_part.client()) as client:

        def start(kind, *, env=None, **more):
            digest = images.push(registry_part, "kinds", kind, kind=kind, env=env)
            image = client.images.pull(f"{registry_part.address}/kinds@{digest}")
            return client.containers.run(image.id, detach=True, ports={"8080/tcp": ("127.0.0.1", None)}, **more)

        yield start
        engine_part.clear()


def get(container, path="/", within=5.0):
    """The page, asked for until it answers."""
    container.reload()
    port = container.ports["8080/tcp"][0]["HostPort"]
    deadline = time.monotonic() + within
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def health(container):
    """What the image's HEALTHCHECK came to."""
    for _ in range(100):
        container.reload()
        status = container.attrs["State"]["Health"]["Status"]
        if status != "starting":
            return status
        time.sleep(0.05)
    return "starting"


def test_a_good_image_serves_its_tag_and_ends_at_once(run):
    container = run("good")
    assert get(container) == "good\n"
    assert get(container, "/healthz") == "ok\n"
    started = time.monotonic()
    container.stop(timeout=9)
    assert time.monotonic() - started < 3


def test_a_stubborn_image_has_to_be_killed(run):
    container = run("stubborn")
    assert get(container) == "stubborn\n"
    container.stop(timeout=1)
    assert container.wait()["StatusCode"] == 137


def test_health_checks_pass_and_fail_as_their_names_say(run):
    passing, failing = run("healthcheck"), run("failing_healthcheck")
    assert (health(passing), health(failing)) == ("healthy", "unhealthy")


def test_an_unhealthy_image_says_why_and_never_answers(run):
    container = run("unhealthy")
    with pytest.raises(OSError):
        get(container, within=0.3)
    assert container.logs(stdout=False, stderr=True) == b"error: no database at db:5432\n"


def test_a_crashing_image_leaves_its_exit_code_and_last_words(run):
    container = run("crashing")
    assert container.wait(timeout=10)["StatusCode"] == 3
    assert b"DATABASE_URL is not set" in container.logs()


def test_a_slow_image_answers_later(run):
    started = time.monotonic()
    assert get(run("slow", env={"START_AFTER": "1"})) == "slow\n"
    assert time.monotonic() - started > 1


def test_an_image_shows_the_environment_that_it_was_given(run):
    assert "COLOUR=green\n" in get(run("echo_env", environment={"COLOUR": "green"}), "/env")


def test_a_slow_request_takes_its_time(run):
    container = run("slow_requests")
    assert get(container) == "slow_requests\n"
    started = time.monotonic()
    assert get(container, "/cgi-bin/slow?1") == "slow_requests was slow\n"
    assert time.monotonic() - started > 1


def test_what_is_written_to_a_volume_is_served(run):
    container = run("writes_volume", volumes={"kept": {"bind": "/data", "mode": "rw"}})
    assert get(container, "/data/tags") == "writes_volume\n"


def test_a_restart_of_the_engine_ends_containers_and_keeps_them(run, engine_part):
    container = run("good")
    engine_part.kill()
    engine_part.start()
    container.reload()
    assert container.status == "exited"


def test_a_registry_with_a_login_lets_only_that_one_in(tmp_path):
    registry = Registry(tmp_path / "registry", login=("ada", "planted-secret"))
    registry.start()
    try:
        digest = images.push(registry, "shop", "dev-1")
        assert images.retag(registry, "shop", "dev-1", "dev-2") == digest
        registry.login = ("ada", "wrong")
        assert registry.request("GET", "/v2/shop/tags/list")[0] == 401
    finally:
        registry.stop()


def test_an_index_is_pulled_and_a_deleted_image_is_gone(run, engine_part, registry_part):
    digest = images.push_index(registry_part, "many", "dev-1")
    with contextlib.closing(engine_part.client()) as client:
        assert client.images.pull(f"{registry_part.address}/many@{digest}").labels
    images.delete(registry_part, "many", digest)
    assert registry_part.request("HEAD", "/v2/many/manifests/dev-1")[0] == 404


def test_caddy_serves_the_strangers_page_after_a_reset(caddy_part):
    caddy_part.reset()
    assert caddy_part.get(STRANGER) == (200, "I am a stranger's page\n")


def test_a_stopped_engine_leaves_nothing_behind():
    folder = leftovers.new_folder()
    engine = Engine(folder / "engine")
    engine.start()
    with contextlib.closing(engine.client()) as client:
        client.networks.create("forge-left")
    name = engine._bridge.name
    engine.kill()
    engine.stop()
    leftovers.remove(folder)
    assert not folder.exists()
    assert str(folder) not in Path("/proc/self/mounts").read_text()
    assert not Path("/sys/class/net", name).exists()


def test_a_missing_program_is_told_with_its_package():
    with pytest.raises(PartMissing, match="install the package nothing-like-it"):
        find_program("nothing-like-it", "nothing-like-it")


def test_what_a_killed_run_left_is_removed_by_the_next_one(tmp_path, monkeypatch):
    ended = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    monkeypatch.setattr(leftovers.tempfile, "gettempdir", lambda: str(tmp_path))
    abandoned = tmp_path / f"{leftovers.PREFIX}{ended}-x"
    ours = tmp_path / f"{leftovers.PREFIX}{os.getpid()}-x"
    abandoned.mkdir()
    ours.mkdir()
    program = subprocess.Popen(["sh", "-c", "sleep 60; :", f"{abandoned}/part"])
    leftovers.sweep()
    assert program.wait(5) == -signal.SIGKILL
    assert (abandoned.exists(), ours.exists()) == (False, True)
