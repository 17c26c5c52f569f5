"""Forge as a process: who may ask, where it listens, how it ends."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack, suppress
from http.client import IncompleteRead
from pathlib import Path

import pytest

from forge.vault import generate_key
from tests.canaries.kinds import canary
from tests.e2e.live import until
from tests.parts import images
from tests.unit.streaming import Client

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def forge(house):
    return house.forge


def sign_in(forge) -> str:
    """The cookie that the launch token is traded for."""
    answer = forge.ask("POST", "/api/session", {"token": forge.token}, headers={})
    assert answer.status == 200
    return answer.headers["set-cookie"]


def test_it_answers_quickly_after_it_was_started(start_forge):
    forge = start_forge("quick")
    assert forge.stop()[0] == 0
    assert min(forge_took(forge) for _ in range(2)) < 2  # 1 s on an idle machine: make bench measures it


def forge_took(forge) -> float:
    took = forge.start()
    assert forge.stop()[0] == 0
    return took


def test_nobody_but_the_owner_may_read_what_the_data_folder_holds(forge):
    assert forge.data.stat().st_mode & 0o077 == 0
    for name in ("token", "vault.key", "address"):
        assert (forge.data / name).stat().st_mode & 0o077 == 0, name


def test_it_listens_on_this_machine_only(forge):
    addresses = listeners(forge)
    assert addresses == {f"0100007F:{forge.port:04X}"}


def listeners(forge) -> set[str]:
    """Local addresses, as the kernel writes them, at which it listens."""
    held, found = forge.sockets(), set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text("utf-8").splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if rest[5] in held and state == ("0A" if table.startswith("tcp") else "07"):
                found.add(local)
    return found


def test_without_a_login_nothing_is_told_and_nothing_done(forge):
    for method, path in (
        ("GET", "/api/projects"),
        ("GET", "/api/events"),
        ("POST", "/api/deploy"),
        ("GET", "/api/config"),
    ):
        answer = forge.ask(method, path, headers={})
        assert (answer.status, answer.json["code"]) == (401, "unauthorized")
    health = forge.ask("GET", "/api/health", headers={})
    assert (health.status, health.json["parts"]) == (200, [])
    assert forge.ask("GET", "/api/projects", headers={"Authorization": "Bearer wrong"}).status == 401


def test_a_page_of_a_strangers_domain_is_not_answered(forge):
    bearer = {"Authorization": f"Bearer {forge.token}"}
    for host in ("evil.example", f"evil.example:{forge.port}", "127.0.0.1.evil.example"):
        answer = forge.ask("GET", "/api/projects", headers={**bearer, "Host": host})
        assert (answer.status, answer.json["code"]) == (403, "host_not_allowed")
    assert forge.ask("GET", "/api/projects", headers={**bearer, "Host": f"localhost:{forge.port}"}).status == 200


def test_the_cookie_is_for_our_own_pages_only(forge):
    made = sign_in(forge)
    assert "HttpOnly" in made
    assert "SameSite=Strict" in made
    cookie = {"Cookie": made.partition(";")[0]}
    assert forge.ask("GET", "/api/projects", headers=cookie).status == 200
    own = {"Origin": forge.url}
    for origin, status in (({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403), ({}, 403), (own, 201)):
        answer = forge.ask("POST", "/api/session/ticket", headers={**cookie, **origin})
        assert answer.status == status, (origin, answer)
    assert forge.ask("DELETE", "/api/session", headers={**cookie, **own}).status == 204
    assert forge.ask("GET", "/api/projects", headers=cookie).status == 401


def test_signing_out_ends_the_streams_of_that_session_and_no_other(forge):
    ours, theirs = ({"Cookie": sign_in(forge).partition(";")[0]} for _ in range(2))
    with Client(forge.port, headers=ours) as mine, Client(forge.port, headers=theirs, timeout=15) as other:
        mine.until("hello")
        other.until("hello")
        assert forge.ask("DELETE", "/api/session", headers={**ours, "Origin": forge.url}).status == 204
        with suppress(IncompleteRead, ConnectionError):
            assert mine.frame() is None
        other.until("ping")


def test_a_ticket_opens_one_window_and_no_second(forge):
    path = forge.do("POST", "/api/session/ticket")["path"]
    first, second = (forge.ask("GET", path, headers={}) for _ in range(2))
    assert (first.status, first.headers["location"]) == (303, "/")
    assert (second.status, "set-cookie" in second.headers) == (401, False)
    cookie = {"Cookie": first.headers["set-cookie"].partition(";")[0]}
    assert forge.ask("GET", "/", headers=cookie).status == 200


def test_asked_by_a_signal_it_tells_what_each_thread_does_and_goes_on(forge):
    os.kill(forge.pid, signal.SIGUSR1)
    until(lambda: "most recent call first" in forge.tail(), "the threads are in the log")
    assert forge.get("/api/health")["status"] in {"ok", "degraded"}


def test_a_second_forge_on_the_same_folder_says_so_and_ends(forge):
    code, said = forge.again()
    assert code != 0
    assert str(forge.data) in said or "already" in said
    assert "Traceback" not in said
    assert forge.get("/api/health")["status"] in {"ok", "degraded"}


def test_a_wrong_key_stops_it_with_a_sentence_and_touches_nothing(start_forge):
    forge = start_forge("keyed", FORGE_ENCRYPTION_KEY=generate_key())
    login = {"username": "a", "password": canary()}
    forge.do("POST", "/api/registries", {"name": "r", "url": "http://127.0.0.1:9", **login})
    assert forge.stop()[0] == 0
    before = contents(forge.data)
    code, said = forge.again(FORGE_ENCRYPTION_KEY=generate_key())
    assert code != 0
    assert "key" in said
    assert "Traceback" not in said
    assert contents(forge.data) == before
    forge.start()
    assert forge.get("/api/registries/r")["has_password"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name.endswith((".db", ".key", ".toml"))}


def test_it_ends_quickly_with_fifty_open_streams(house, forge):
    house.project("ending")
    images.push(house.registry, "ending", "dev-1")
    forge.deploy("ending/dev", "dev-1")
    with ExitStack() as streams:
        open_streams = [streams.enter_context(forge.live()) for _ in range(50)]
        until(lambda: all(stream.frames for stream in open_streams), "all have been greeted")
        code, seconds = forge.stop()
        print(f"fifty streams: ended in {seconds:.2f} s")
        assert (code, seconds < 2) == (0, True)
        until(lambda: all(stream.ended for stream in open_streams), "all streams have ended", 2)
    assert not (forge.data / "token").exists()
    assert house.page("dev-ending") == (200, "dev-1\n")  # what runs, runs on without Forge
    forge.start()
    assert forge.serving("ending/dev") == ["dev-1"]


def test_it_ends_quickly_in_the_middle_of_a_deploy_and_goes_on_after_the_next_start(house, forge):
    house.project("middle")
    images.push(house.registry, "middle", "dev-1", kind="slow", env={"START_AFTER": "3"})
    number = forge.do("POST", "/api/projects/middle/stages/dev/deploys", {"tag": "dev-1"})["id"]
    until(lambda: len(forge.get(f"/api/deploys/{number}")["steps"]) >= 6, "it waits until healthy")
    code, seconds = forge.stop()
    assert (code, seconds < 5) == (0, True)
    forge.start()
    assert forge.wait(number)["status"] == "failed"  # taken back, and tried once more
    assert forge.next_deploy("middle/dev", "dev-1")["status"] == "succeeded"
    assert house.page("dev-middle") == (200, "dev-1\n")


def test_a_reader_over_the_cap_is_told_when_to_come_back(start_forge):
    forge = start_forge("capped", FORGE_MAX_STREAMS="3")
    with ExitStack() as streams:
        for _ in range(3):
            streams.enter_context(forge.live())
        refused = forge.ask("GET", "/api/events")
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) > 0
    left = time.monotonic()
    until(lambda: can_read(forge), "there is room again", 2)
    assert time.monotonic() - left < 1.5


def can_read(forge) -> bool:
    with forge.live() as stream:
        return stream.status == 200
