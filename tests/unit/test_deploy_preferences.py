"""Settings are held against what is there before they are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge.domain.errors import Conflict, Invalid
from tests.world import World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.forge.close()


def test_what_is_put_is_kept(world):
    service = world.forge.preferences
    service.put(replace(service.get(), domain="apps.example"), actor="ann")
    assert service.get().domain == "apps.example"


def test_a_pattern_that_gives_two_stages_one_domain_is_refused_and_the_old_one_stays(world):
    for name in ("shop", "cart"):
        world.project(name)
    service = world.forge.preferences
    before = service.get()
    with pytest.raises(Conflict, match="already belongs to cart/dev: choose another for shop/dev") as caught:
        service.put(replace(before, domain_pattern="{stage}.{domain}"), actor="ann")
    assert list(caught.value.fields) == ["domain_pattern"]
    assert service.get() == before


def test_a_default_proxy_must_be_there(world):
    service = world.forge.preferences
    with pytest.raises(Invalid, match="no proxy nowhere") as caught:
        service.put(replace(service.get(), default_proxy="nowhere"), actor="ann")
    assert list(caught.value.fields) == ["default_proxy"]
