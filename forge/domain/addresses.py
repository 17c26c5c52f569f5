"""Addresses that nobody gets to by way of Forge: where clouds tell a machine its secrets, and the like."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Those of AWS, Azure, Google, Hetzner, DigitalOcean (the first), AWS by IPv6, Alibaba, Azure's own, Oracle's old one.
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
_EVERYBODY = ipaddress.ip_address("255.255.255.255")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def address_of(text: str) -> Address | None:
    """The address that stands there (also in brackets, with a zone); None if it is none."""
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def never(address: Address) -> str | None:
    """Why nothing at all is sent to an address; None if something may be."""
    real = meant(address)
    if real in METADATA:
        return f"{real} is where a cloud keeps a machine's secrets: nothing is sent there"
    if real.is_multicast or real == _EVERYBODY:
        return f"{real} is many machines at once: nothing is sent there"
    return None
