"""A registry whose certificate was signed by an authority of one's own."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import HTTP, stage
from tests.parts import images
from tests.parts.registry import Registry
from tests.stub_server import make_certificate

pytestmark = pytest.mark.real


@pytest.fixture
def private(tmp_path):
    registry = Registry(tmp_path / "registry", certificate=make_certificate(tmp_path))
    registry.start()
    yield registry
    registry.stop()


def test_it_is_refused_with_what_to_do_until_forge_is_told_the_authority(house, private):
    """127.0.0.1 is the one place where Docker itself needs no authority, so that all of the way can be gone here."""
    forge, told = house.forge, {"url": private.url, "interval": 0}
    forge.do("POST", "/api/registries", {"name": "private", **told})
    refused = forge.do("POST", "/api/registries/private/test", {})
    assert (refused["ok"], refused["fault"]) == (False, "certificate")
    assert "tell Forge which authority signed it" in refused["text"]
    authority = private.certificate[0].read_text()
    assert forge.do("PUT", "/api/registries/private", {**told, "ca": authority})["ca"] == authority
    assert forge.do("POST", "/api/registries/private/test", {})["ok"]
    images.push(private, "vault", "dev-1")
    forge.do("POST", "/api/projects", {
        "name": "vault", "image": f"{private.address}/vault", "port": 8080, "health": HTTP, "stages": [stage("dev")],
    })  # fmt: skip
    assert forge.deploy("vault/dev", "dev-1")["status"] == "succeeded"
    assert house.page("dev-vault") == (200, "dev-1\n")


def test_a_key_is_no_authority_and_is_never_kept(house, private):
    key = private.certificate[1].read_text()
    status, detail = house.forge.refused(
        "POST", "/api/registries", {"name": "x", "url": "https://r.example", "ca": key}
    )
    assert status == 422
    assert "without any key" in detail
    assert key.splitlines()[1] not in detail
