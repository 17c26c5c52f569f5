"""What the well-known registries do differently."""

from __future__ import annotations

import pytest

from forge.domain.connection import RegistryConnection
from forge.registries.flavours import api_url, flavour_of, path_of


def at(url: str, flavour: str = "oci") -> RegistryConnection:
    return RegistryConnection(name="r", url=url, flavour=flavour)


@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io", "Docker.io"])
def test_docker_hub_is_asked_where_its_api_is(host):
    assert api_url(at(f"https://{host}")) == "https://registry-1.docker.io"
    assert flavour_of(at(f"https://{host}")) is flavour_of(at("https://mirror.example", "docker_hub"))


@pytest.mark.parametrize("url", ["https://ghcr.io", "http://127.0.0.1:5000", "https://docker.io.example.org"])
def test_other_registries_are_asked_where_they_are(url):
    assert api_url(at(url)) == url
    assert api_url(at(url + "/")) == url


def test_an_official_image_of_docker_hub_is_found_in_library():
    assert path_of(at("https://docker.io"), "nginx") == "library/nginx"
    assert path_of(at("https://docker.io"), "grafana/grafana") == "grafana/grafana"
    assert path_of(at("https://ghcr.io"), "nginx") == "nginx"


def test_each_flavour_has_hints_of_its_own():
    hints = [flavour_of(at("https://r.example", name)) for name in ("oci", "docker_hub", "ghcr", "gitea")]
    assert len({hint.login for hint in hints}) == 4
    assert len({hint.hidden for hint in hints}) == 4
