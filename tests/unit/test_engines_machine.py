"""Free ports and free disk of this machine."""

from __future__ import annotations

import socket

import pytest

from forge.domain.errors import EngineError
from forge.engines import machine


def test_a_taken_or_used_port_is_not_chosen():
    choices = iter([20000, 20001, 20002])
    port = machine.free_port(frozenset({20000}), bindable=lambda port: port != 20001, choose=lambda _: next(choices))
    assert port == 20002


def test_ports_stay_below_every_ephemeral_range():
    asked: list[range] = []
    machine.free_port(frozenset(), bindable=lambda _: True, choose=lambda ports: asked.append(ports) or ports[-1])
    assert asked == [range(20000, 30000)]


def test_it_gives_up_with_a_sentence():
    with pytest.raises(EngineError, match="No port"):
        machine.free_port(frozenset(), bindable=lambda _: False)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_port_that_somebody_listens_on_cannot_be_had(host):
    with socket.create_server((host, 0)) as server:
        port = server.getsockname()[1]
        assert not machine.can_bind(port)
    assert machine.can_bind(port)


def test_free_disk(tmp_path):
    assert (machine.free_disk(str(tmp_path)) or 0) > 0
    assert machine.free_disk(str(tmp_path / "not-there")) is None


@pytest.mark.parametrize(
    ("mounts", "found"),
    [
        (f"1 2 8:1 /var/lib/docker/containers/{'a1' * 32}/hostname /etc/hostname rw - ext4 /dev/sda1 rw", "a1" * 32),
        (f"1 2 8:1 /docker/containers/{'b2' * 32}/hostname /etc/hostname rw - ext4 /dev/sda1 rw", "b2" * 32),
        ("1 2 8:1 / / rw - overlay overlay rw", socket.gethostname()),
        (None, socket.gethostname()),
    ],
)
def test_forge_knows_its_own_container_also_on_the_machines_network(monkeypatch, tmp_path, mounts, found):
    monkeypatch.setattr(machine, "MOUNTS", tmp_path / "mountinfo")
    if mounts is not None:
        (tmp_path / "mountinfo").write_text(f"1 1 0:1 / /proc rw - proc proc rw\n{mounts}\n")
    monkeypatch.setattr(machine, "IN_A_CONTAINER", tmp_path / "no")
    assert machine.own_container() is None
    monkeypatch.setattr(machine, "IN_A_CONTAINER", tmp_path)
    assert machine.own_container() == found
