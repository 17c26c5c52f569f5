"""Addresses that nobody gets to by way of Forge."""

from __future__ import annotations

import pytest

from forge.domain.addresses import address_of, never

pytestmark = pytest.mark.promise("outgoing")


@pytest.mark.parametrize(
    "text",
    ["169.254.169.254", "169.254.170.2", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
     "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1", "255.255.255.255",
     "ff02::1%eth0"],
)  # fmt: skip
def test_metadata_and_what_is_many_machines_is_never_asked(text):
    assert never(address_of(text))


@pytest.mark.parametrize("text", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "[::1]", "169.254.1.1", "1.1.1.1", "fe80::1"])
def test_the_rest_is_somebody_elses_to_judge(text):
    assert never(address_of(text)) is None


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "[", "metadata.google.internal"])
def test_a_name_is_no_address(text):
    assert address_of(text) is None
