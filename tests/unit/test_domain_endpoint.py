"""Where an engine is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.endpoint import Endpoint, parse_endpoint
from forge.domain.errors import Invalid


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("unix:///run/docker.sock", Endpoint(scheme="unix", path="/run/docker.sock")),
        ("npipe:////./pipe/docker_engine", Endpoint(scheme="npipe", path="//./pipe/docker_engine")),
        ("tcp://10.0.0.5:2376", Endpoint(scheme="tcp", host="10.0.0.5", port=2376)),
        ("tcp://docker.example/", Endpoint(scheme="tcp", host="docker.example")),
        ("https://[fd00::5]:2376", Endpoint(scheme="https", host="fd00::5", port=2376)),
        ("ssh://ann@host:2222", Endpoint(scheme="ssh", user="ann", host="host", port=2222)),
        ("ssh://an_alias", Endpoint(scheme="ssh", host="an_alias")),
    ],
)
def test_its_address_is_read(url, endpoint):
    assert parse_endpoint(url) == endpoint


@pytest.mark.parametrize(
    "url",
    [
        "", "docker.sock", "/run/docker.sock", "ftp://host", "unix://", "unix://run/docker.sock", "tcp://", "tcp://:2376",
        "tcp://host:0", "tcp://host:70000", "tcp://host/path", "tcp://host?x", "tcp://a b", "tcp://host:2376\n",
        "tcp://[host]:1", "tcp://fd00::5", "tcp://ann@host", "ssh://ann:secret@host", "ssh://host/path",
    ],
)  # fmt: skip
def test_what_is_none_is_refused_with_what_to_write(url):
    with pytest.raises(Invalid, match=r"ssh://|unix:///|certificates") as caught:
        parse_endpoint(url)
    assert list(caught.value.fields) == ["url"]
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "url", ["ssh://-oProxyCommand=id", "ssh://-oProxyCommand=id@host", "ssh://a@-oProxyCommand=id:22", "ssh://a;id"]
)
def test_nothing_in_it_can_be_an_option_of_ssh_or_a_second_command(url):
    with pytest.raises(Invalid):
        parse_endpoint(url)


@given(st.text(max_size=40))
def test_whatever_is_read_from_ssh_is_harmless_words(text):
    try:
        found = parse_endpoint(f"ssh://{text}")
    except Invalid:
        return
    for word in (found.user or "x", found.host):
        assert word[0] != "-"
        assert set(word).isdisjoint(" ;&|$`'\"\\\n%(){}<>*?!#~")


def test_only_a_socket_or_this_machines_own_address_is_here():
    assert [parse_endpoint(url).on_this_machine for url in ("unix:///a", "tcp://localhost", "tcp://[::1]:1")] == [
        True
    ] * 3
    for url in ("tcp://10.0.0.5", "ssh://localhost", "tcp://127.0.0.2"):
        assert not parse_endpoint(url).on_this_machine
    assert parse_endpoint("tcp://127.0.0.2").is_loopback
