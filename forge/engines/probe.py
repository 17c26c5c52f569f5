"""Asking an instance whether it is healthy: how it is reached, and what its answer means."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from forge import outgoing
from forge.domain.endpoint import is_loopback
from forge.domain.errors import EngineError
from forge.domain.project import HealthKind
from forge.domain.route import Reach
from forge.engines import reading
from forge.ports import InstanceState, Probe, ProbeResult

Json = Mapping[str, Any]
Address = tuple[str, int]

# Docker's proxy accepts before it knows whether anybody listens inside, and closes at once if nobody does.
_CLOSED_AT_ONCE = 0.05  # seconds
_SHORTEST = 0.05

UNPUBLISHED: Address = ("", 0)
OUT_OF_REACH: Address = ("", -1)
_NOWHERE: Mapping[Address, str] = {
    UNPUBLISHED: "its port is not published, and Forge shares no network with it",
    OUT_OF_REACH: "it listens on a loopback address of the engine's machine, where Forge cannot ask it: use an image "
    "with a HEALTHCHECK, or let the engine's instances listen on an address that Forge reaches (`listen`)",
}

Verdict = tuple[bool | None, str]


def ask(body: Json, address: Address, probe: Probe, *, clock: Callable[[], float] = time.perf_counter) -> ProbeResult:
    """Ask the instance that `body` (`GET /containers/{id}/json`) describes once, at `address`. EngineError for AUTO."""
    begin = clock()
    healthy, text = _verdict(body, address, probe, clock)
    return ProbeResult(healthy=healthy, text=text, milliseconds=(clock() - begin) * 1000)


def _verdict(body: Json, address: Address, probe: Probe, clock: Callable[[], float]) -> Verdict:
    state = reading.instance(body)
    if not state.running:
        return False, _not_running(state)
    if probe.kind is HealthKind.IMAGE:
        return _image(state, body)
    if probe.kind is HealthKind.RUNNING:
        return _stays_up(state)
    if probe.kind is HealthKind.AUTO:
        raise EngineError("How to probe has to be decided before the engine is asked: image, http, tcp or running")
    if address in _NOWHERE:
        return False, _NOWHERE[address]
    return _tcp(address, probe.timeout) if probe.kind is HealthKind.TCP else _http(address, probe, clock)


def gone() -> ProbeResult:
    """The result for a container that is not there any more."""
    return ProbeResult(healthy=False, text="the container is gone", milliseconds=0)


def address_of(body: Json, port: int, reach: Reach, shared_networks: frozenset[str]) -> Address:
    """Where Forge reaches `port` of the container.

    Over a network it shares (`shared_networks`, if Forge is a container itself), else by the port published on
    the engine's machine. UNPUBLISHED or OUT_OF_REACH if there is neither.
    """
    for name, network in (body["NetworkSettings"].get("Networks") or {}).items():
        if name in shared_networks and network.get("IPAddress"):
            return network["IPAddress"], port
    published = reading.published_address(body, port)
    if published is None:
        return UNPUBLISHED
    if not reach.local:
        return OUT_OF_REACH if is_loopback(reach.host) else (reach.host, published[1])
    everywhere = published[0] in {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    return (reach.host if everywhere else published[0]), published[1]


def _not_running(state: InstanceState) -> str:
    if state.status == "created":
        return "not started"
    if state.status == "paused":
        return "paused"
    memory = ", out of memory" if state.out_of_memory else ""
    return f"{state.status} with code {state.exit_code}{memory}"


def _image(state: InstanceState, body: Json) -> Verdict:
    if state.health is None:
        return False, "the image has no HEALTHCHECK: choose another kind of health check"
    output = reading.last_health_output(body)
    text = f"{state.health}: {output}" if output else state.health
    return {"healthy": True, "unhealthy": False}.get(state.health), text


def _stays_up(state: InstanceState) -> Verdict:
    if state.restarts:
        return False, f"restarted {state.restarts} times"
    return True, "running"


def _tcp(address: Address, timeout: float) -> Verdict:
    try:
        with outgoing.connect(address, timeout=max(timeout, _SHORTEST)) as connection:
            return _held(connection)
    except outgoing.Refused as error:
        return False, str(error)
    except ConnectionError:
        return None, "connection refused"
    except TimeoutError:
        return None, f"no answer in {timeout:g} s"
    except OSError as error:
        return None, _words(error)


def _held(connection: socket.socket) -> Verdict:
    connection.settimeout(_CLOSED_AT_ONCE)
    try:
        closed = connection.recv(1) == b""
    except TimeoutError:
        closed = False
    return (None, "nothing listens on the port yet") if closed else (True, "the port accepts connections")


def _http(address: Address, probe: Probe, clock: Callable[[], float]) -> Verdict:
    begin = clock()
    connection = http.client.HTTPConnection(*address, timeout=max(probe.timeout, _SHORTEST))
    outgoing.judge(connection)
    try:
        connection.request("GET", probe.path or "/", headers={"User-Agent": "forge", "Connection": "close"})
        status = connection.getresponse().status
    except outgoing.Refused as error:
        return False, str(error)
    except (http.client.RemoteDisconnected, ConnectionError):
        return None, "connection refused"
    except TimeoutError:
        return None, f"no answer in {probe.timeout:g} s"
    except OSError as error:
        return None, _words(error)
    except (http.client.HTTPException, ValueError):
        return False, "the answer is not HTTP"
    finally:
        connection.close()
    return 200 <= status <= 399, f"{status} in {(clock() - begin) * 1000:.0f} ms"


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or "no connection").lower()
