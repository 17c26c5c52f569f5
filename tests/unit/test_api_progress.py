"""How far the pulls are that are under way."""

from __future__ import annotations

import pytest

from forge.api.progress import Progress
from forge.domain.deploy import DeployStatus
from forge.domain.events import Event

PULLING = [{"id": "4f4fb700ef54", "status": "pulling", "current": 5, "total": 9}]


def told(type_, **payload):
    return Event(type=type_, payload=payload, at=1)


def test_the_newest_layers_of_a_deploy_are_known_until_it_ends():
    progress = Progress()
    assert progress.layers(7) == ()
    progress.hear([told("deploy_progress", deploy=7, layers=[]), told("deploy_progress", deploy=7, layers=PULLING)])
    progress.hear([told("deploy_status", id=7, status="running"), told("deploy_status", id=8, status="failed")])
    assert progress.layers(7) == PULLING


@pytest.mark.parametrize("status", [DeployStatus.SUCCEEDED, DeployStatus.FAILED, DeployStatus.STUCK, "cancelled"])
def test_of_what_ended_nothing_is_kept(status):
    progress = Progress()
    progress.hear([told("deploy_progress", deploy=7, layers=PULLING), told("deploy_status", id=7, status=status)])
    assert progress.layers(7) == ()
