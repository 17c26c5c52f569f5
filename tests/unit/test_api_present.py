"""Making what goes out of what is kept."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from forge.api.present import instance_view, project_views, stage_view, url_of
from forge.domain.route import Target
from tests.api_world import world_fixture  # noqa: F401


@pytest.fixture
def shop(world):
    world.make_shop(proxy="edge")
    return world.runtime.store.projects.get("shop")


def test_an_instance_that_serves_has_an_address_by_its_proxy(world, shop):
    instance = replace(world.add_instance(), domain="dev-shop.localhost")
    assert url_of(world.runtime, shop, instance) == world.proxy.url(
        type("R", (), {"domain": "dev-shop.localhost", "target": instance.target})()
    )
    assert "dev-shop.localhost" in url_of(world.runtime, shop, instance)


def test_without_a_domain_the_address_is_the_published_port(world, shop):
    assert url_of(world.runtime, shop, world.add_instance()) == "http://localhost:20001"


def test_what_does_not_serve_has_no_address(world, shop):
    instance = world.add_instance()
    assert url_of(world.runtime, shop, replace(instance, serving=False)) is None
    assert url_of(world.runtime, shop, replace(instance, target=None)) is None


def test_a_proxy_that_is_gone_does_not_break_the_list(world, shop):
    instance = replace(world.add_instance(), domain="x.localhost", target=Target("127.0.0.1", 1))
    assert url_of(world.runtime, replace(shop, proxy="nowhere"), instance) is None


def test_a_view_holds_all_that_the_instance_has(world, shop):
    instance = world.add_instance()
    shown = msgspec.to_builtins(instance_view(world.runtime, instance))
    assert shown == {**msgspec.to_builtins(instance), "url": "http://localhost:20001"}


def test_every_field_of_projects_and_stages_goes_out(world, shop):
    view = project_views(world.runtime, [shop])[0]
    assert set(msgspec.to_builtins(shop)) <= set(view.__struct_fields__)
    stage = world.runtime.store.projects.stage("shop", "dev")
    assert set(msgspec.to_builtins(stage)) <= set(view.stages[0].__struct_fields__)


def test_a_stage_says_the_domain_that_it_gets(world, shop):
    stage = world.runtime.store.projects.stage("shop", "dev")
    assert stage_view(world.runtime, shop, stage).address == "dev-shop.localhost"
    several = replace(stage, max_instances=3)
    assert stage_view(world.runtime, shop, several).address == "dev-shop-tag.localhost"
    assert stage_view(world.runtime, replace(shop, proxy="published"), stage).address is None
    assert stage_view(world.runtime, shop, replace(stage, domain="{tag}")).address is None
