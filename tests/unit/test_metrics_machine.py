"""The machine, as Linux tells of it; and a system that does not."""

import os

import pytest

from forge.metrics.machine import Machine

STAT = "cpu  1000 20 300 90000 500 7 13 60 111 22\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
MEMINFO = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\nHugePages_Total:       0\n"
DEVICES = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0
  eth0: 500 2 0 0 0 0 0 0 70 2 0 0 0 0 0 0
  eth1:   5 2 0 0 0 0 0 0 1 2 0 0 0 0 0 0
docker0: 100 2 0 0 0 0 0 0 100 2 0 0 0 0 0 0
"""


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/stat").write_text(STAT)
    (tmp_path / "proc/meminfo").write_text(MEMINFO)
    (tmp_path / "proc/net/dev").write_text(DEVICES)
    for name in ("eth0/device", "eth1/device", "docker0"):
        (tmp_path / "net" / name).mkdir(parents=True)
    return Machine(folder=tmp_path, proc=tmp_path / "proc", interfaces=tmp_path / "net")


def test_what_linux_says(machine):
    usage = machine.usage(5.0)
    ticks = 1000 + 20 + 300 + 7 + 13 + 60  # not idle, waiting for disks, or guests, which are in user already
    assert usage.cpu == pytest.approx(ticks / os.sysconf("SC_CLK_TCK") / machine.processors)
    assert (usage.at, usage.memory, machine.memory) == (5.0, 600 * 1024, 1000 * 1024)


def test_only_interfaces_with_a_device_count_or_a_byte_would_count_on_each_bridge_it_passes(machine):
    usage = machine.usage(5.0)
    assert (usage.received, usage.sent) == (505, 71)


def test_in_a_container_the_machines_network_is_not_known(machine, tmp_path):
    for name in ("eth0", "eth1"):
        (tmp_path / "net" / name / "device").rmdir()
    usage = machine.usage(5.0)
    assert (usage.received, usage.sent) == (None, None)
    assert usage.memory


def test_the_disk_is_the_one_that_forge_writes_to(machine):
    disk = machine.disk
    assert disk
    assert 0 < disk.used < disk.total


def test_a_system_that_tells_none_of_it_is_said_to(tmp_path):
    other = Machine(folder=tmp_path / "gone", proc=tmp_path / "no-proc")
    usage = other.usage(5.0)
    assert (usage.cpu, usage.memory, usage.received, usage.sent) == (None, None, None, None)
    assert (other.memory, other.disk) == (None, None)
    assert other.name
    assert other.processors >= 1


def test_what_is_told_otherwise_is_not_guessed_at(machine, tmp_path):
    (tmp_path / "proc/stat").write_text("cpu what\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 10 kB\n")
    (tmp_path / "proc/net/dev").write_text("")
    usage = machine.usage(5.0)
    assert (usage.cpu, usage.memory, usage.received) == (None, None, None)
