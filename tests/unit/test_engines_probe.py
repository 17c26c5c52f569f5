"""One question to an instance, and what each answer means."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from forge.domain.errors import EngineError
from forge.domain.project import HealthKind
from forge.domain.route import Reach
from forge.engines import probe as probes
from forge.ports import Probe
from tests.stub_server import Sent, Stub

NOWHERE = probes.UNPUBLISHED
HERE = Reach()
HTTP = Probe(kind=HealthKind.HTTP, path="/healthz", timeout=1)
TCP = Probe(kind=HealthKind.TCP, timeout=1)


def container(status: str = "running", *, restarts: int = 0, **state) -> dict:
    return {
        "Id": "1f",
        "Name": "/shop",
        "Created": "",
        "RestartCount": restarts,
        "Config": {"Image": "x", "Labels": {}},
        "HostConfig": {"PortBindings": {}},
        "NetworkSettings": {"Ports": {}, "Networks": {}},
        "State": {"Status": status, "ExitCode": 3, **state},
    }


def ask(address: tuple[str, int], probe: Probe):
    return probes.ask(container(), address, probe)


def address(stub: Stub) -> tuple[str, int]:
    host, _, port = stub.host.partition(":")
    return host, int(port)


@pytest.mark.parametrize(
    ("status", "healthy"), [(200, True), (204, True), (302, True), (399, True), (404, False), (503, False)]
)
def test_http_from_200_to_399_is_healthy(status, healthy):
    with Stub(lambda _seen: Sent(status=status, headers=[("Location", "/elsewhere")])) as stub:
        result = ask(address(stub), HTTP)
        assert [seen.path for seen in stub.seen] == ["/healthz"]
    assert result.healthy is healthy
    assert result.text.startswith(f"{status} in ")
    assert result.text.endswith(" ms")
    assert result.milliseconds > 0


@contextmanager
def server(handle: Callable[[socket.socket], object]) -> Iterator[tuple[str, int]]:
    """Accepts connections and hands each to `handle`."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    handle(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[:2]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(2)


@pytest.mark.parametrize("probe", [HTTP, TCP])
def test_who_refuses_is_not_healthy_yet(probe):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        result = ask(bound.getsockname(), probe)
    assert (result.healthy, result.text) == (None, "connection refused")


@pytest.mark.parametrize("probe", [HTTP, TCP])
def test_who_accepts_and_closes_at_once_as_dockers_proxy_does_is_not_healthy_yet(probe):
    with server(lambda connection: connection.close()) as where:
        assert ask(where, probe).healthy is None


def test_who_accepts_and_waits_for_us_is_healthy_by_tcp():
    kept: list[socket.socket] = []
    with server(kept.append) as where:
        assert ask(where, TCP).healthy is True
    kept[0].close()


def test_who_speaks_first_is_healthy_by_tcp():
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        connection.close()

    with server(greet) as where:
        assert ask(where, TCP).healthy is True


def test_who_accepts_and_never_answers_is_not_healthy_yet():
    kept: list[socket.socket] = []
    with server(kept.append) as where:
        result = ask(where, Probe(kind=HealthKind.HTTP, path="/", timeout=0.1))
    assert (result.healthy, result.text) == (None, "no answer in 0.1 s")
    kept[0].close()


def test_who_answers_something_else_is_unhealthy():
    def babble(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"-ERR what?\r\n")
        connection.close()

    with server(babble) as where:
        assert ask(where, HTTP).healthy is False


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (container("created"), "not started"),
        (container("paused"), "paused"),
        (container("exited"), "exited with code 3"),
        (container("restarting", OOMKilled=True), "restarting with code 3, out of memory"),
    ],
)
@pytest.mark.parametrize("kind", [HealthKind.HTTP, HealthKind.RUNNING, HealthKind.IMAGE])
def test_what_does_not_run_is_unhealthy_and_says_why(body, text, kind):
    result = probes.ask(body, NOWHERE, Probe(kind=kind, path="/"))
    assert (result.healthy, result.text) == (False, text)


@pytest.mark.parametrize(
    ("health", "healthy", "text"),
    [
        ({"Status": "healthy", "Log": [{"Output": "ok\n"}]}, True, "healthy: ok"),
        ({"Status": "starting", "Log": []}, None, "starting"),
        ({"Status": "unhealthy", "Log": [{"Output": "wget: refused"}]}, False, "unhealthy: wget: refused"),
        (None, False, "the image has no HEALTHCHECK: choose another kind of health check"),
    ],
)
def test_the_images_own_check(health, healthy, text):
    result = probes.ask(container(Health=health), NOWHERE, Probe(kind=HealthKind.IMAGE))
    assert (result.healthy, result.text) == (healthy, text)


def test_staying_up_is_enough_unless_it_was_restarted():
    stays = Probe(kind=HealthKind.RUNNING)
    assert probes.ask(container(), NOWHERE, stays).healthy is True
    assert probes.ask(container(restarts=2), NOWHERE, stays).text == "restarted 2 times"


def test_no_way_to_reach_it_is_told():
    assert "not published" in ask(NOWHERE, TCP).text
    assert "`listen`" in ask(probes.OUT_OF_REACH, TCP).text


def test_how_to_probe_is_not_decided_here():
    with pytest.raises(EngineError):
        ask(NOWHERE, Probe(kind=HealthKind.AUTO))


def test_a_container_that_is_gone():
    assert probes.gone().healthy is False


@pytest.mark.parametrize(
    ("listens_on", "reach", "reached_at"),
    [
        ("127.0.0.1", HERE, ("127.0.0.1", 20001)),
        ("0.0.0.0", HERE, ("127.0.0.1", 20001)),
        ("", HERE, ("127.0.0.1", 20001)),
        ("192.168.1.5", HERE, ("192.168.1.5", 20001)),
        ("0.0.0.0", Reach(local=False, host="far.example", listen="0.0.0.0"), ("far.example", 20001)),
        ("10.0.0.5", Reach(local=False, host="far.example", listen="10.0.0.5"), ("far.example", 20001)),
        ("127.0.0.1", Reach(local=False, host="127.0.0.1", listen="127.0.0.1"), probes.OUT_OF_REACH),
    ],
)
def test_it_is_reached_where_its_port_is_published(listens_on, reach, reached_at):
    body = container()
    body["NetworkSettings"]["Ports"] = {"8080/tcp": [{"HostIp": listens_on, "HostPort": "20001"}]}
    assert probes.address_of(body, 8080, reach, frozenset()) == reached_at
    assert probes.address_of(body, 81, reach, frozenset()) == probes.UNPUBLISHED


def test_on_a_network_that_forge_shares_it_is_reached_directly():
    body = container()
    body["NetworkSettings"] |= {"Networks": {"other": {"IPAddress": "10.0.0.9"}, "ours": {"IPAddress": "10.1.0.9"}}}
    assert probes.address_of(body, 8080, HERE, frozenset({"ours"})) == ("10.1.0.9", 8080)
