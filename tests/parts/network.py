"""A bridge of our own for a private engine, in an address range that nothing on this machine uses."""

from __future__ import annotations

import ipaddress
import json
import random
import secrets
import subprocess
from collections.abc import Iterator

from tests.parts.process import PartMissing, find_program


class Bridge:
    """`name` carries 10.N.0.1/24; the engine takes further networks from `pool`, 10.N.16.0/20."""

    def __init__(self) -> None:
        self.name = f"forge{secrets.token_hex(4)}"
        self.range = random.choice(_free_ranges())
        self.address = f"{self.range}0.1"
        self.pool = f"{self.range}16.0/20"

    def up(self) -> None:
        """Make it, unless it is there."""
        if self.name in _bridges(self.range):
            return
        _ip("link", "add", "name", self.name, "type", "bridge")
        _ip("addr", "add", f"{self.range}0.1/24", "dev", self.name)
        _ip("link", "set", self.name, "up")


def remove_bridges(address_range: str) -> None:
    """Remove the bridges in a range like `10.123.`: ours and those that the engine made for its networks."""
    for name in _bridges(address_range):
        _ip("link", "delete", name)


def _free_ranges() -> list[str]:
    routes = json.loads(_ip("-json", "-4", "route", "show", "table", "all") or "[]")
    taken = [ipaddress.ip_network(route["dst"], strict=False) for route in routes if route["dst"][0].isdigit()]
    free = [n for n in range(100, 250) if not any(ipaddress.ip_network(f"10.{n}.0.0/16").overlaps(t) for t in taken)]
    if not free:
        raise PartMissing(
            "No address range is free for a bridge: remove some of the routes from 10.100.0.0 to 10.249.0.0."
        )
    return [f"10.{n}." for n in free]


def _bridges(address_range: str) -> list[str]:
    return [name for name, address in _bridge_addresses() if address.startswith(address_range)]


def _bridge_addresses() -> Iterator[tuple[str, str]]:
    for link in json.loads(_ip("-json", "-4", "addr", "show", "type", "bridge") or "[]"):
        for address in link.get("addr_info", ()):
            yield link["ifname"], address["local"]


def _ip(*words: str) -> str:
    argv = [find_program("ip", "iproute2"), *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PartMissing(f"`{' '.join(argv)}` failed: {done.stderr.strip()}")
    return done.stdout
