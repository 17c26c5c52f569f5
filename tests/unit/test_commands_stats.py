"""What instances and the machine use, as typed."""

from __future__ import annotations

import pytest

from forge.commands.stats import size
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name


@pytest.fixture
def shop(shell):
    shell.world.project("shop")
    shell.world.push("v1")
    shell.world.deploy("v1")
    for _ in range(2):
        shell.world.forge.sampler.look()
    return shell


def test_what_everything_uses_now_is_a_line_each_and_the_machine_last(shop):
    said = shop.run("stats").stdout.splitlines()
    assert said[0].split() == ["STAGE", "TAG", "INSTANCE", "CPU", "MEMORY", "IN", "OUT"]
    assert said[1].split()[:2] == ["shop/dev", "v1"]
    assert "64 MiB" in said[1]
    assert "processors" in said[-1]
    assert len(shop.run("stats", "--project", "other").stdout.splitlines()) == 2
    assert set(shop.json("stats")) >= {"machine", "instances"}


def test_over_a_window_there_are_averages_and_peaks(shop):
    said = shop.run("stats", "--window", "30m").stdout
    assert "CPU PEAK" in said
    assert said.count("64 MiB") == 2, said
    assert shop.json("stats", "--window", "2h")["instances"][0]["project"] == "shop"
    assert "Nothing was measured" in shop.run("stats", "--window", "30m", "--project", "nowhere").stdout


def test_a_size_is_said_as_people_say_it():
    assert [size(value) for value in (None, 0, 900, 2048, 64 << 20, 3 << 40)] == [
        "?", "0 B", "900 B", "2.0 KiB", "64 MiB", "3.0 TiB",
    ]  # fmt: skip
