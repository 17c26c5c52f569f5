"""What a handler finds around it."""

from __future__ import annotations

import pytest
from flask import g

from forge.api.context import actor, context, principal, runtime, visible_deploy, visible_instance, whoever
from forge.domain.errors import NotFound, Unauthorized
from forge.domain.person import Principal, Role
from tests.api_world import world_fixture  # noqa: F401


@pytest.fixture
def asking(world):
    with world.app.test_request_context():
        yield world


def test_a_handler_finds_its_own_forge(asking):
    assert runtime() is asking.runtime
    assert context().hub is asking.app.extensions["hub"]


def test_nobody_is_nobody_until_somebody_is_known(asking):
    assert whoever() is None
    with pytest.raises(Unauthorized):
        principal()
    g.principal = Principal(name="ada", role=Role.ADMIN)
    assert (principal().name, actor()) == ("ada", "ada")


def test_what_belongs_to_a_hidden_project_is_not_there(asking):
    asking.make_shop()
    asking.add_instance()
    asking.registry.push("org/shop", "dev-1")
    asking.ask("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-1"})
    g.principal = Principal(name="ada", role=Role.ADMIN)
    assert (visible_deploy(1).id, visible_instance("a1b2c3").id) == (1, "a1b2c3")
    g.principal = Principal(name="bob", role=Role.ADMIN, projects=frozenset({"blog"}))
    with pytest.raises(NotFound, match="no deploy #1"):
        visible_deploy(1)
    with pytest.raises(NotFound, match="no instance a1b2c3"):
        visible_instance("a1b2c3")
