"""Instances over HTTP."""

from __future__ import annotations

from flask import Blueprint

from forge.api.context import actor, runtime, visible_instance
from forge.api.contract import Operation, operation
from forge.api.guard import allow
from forge.api.present import instance_view
from forge.api.types import InstanceView
from forge.domain.person import Reach, Role

blueprint = Blueprint("instances", __name__)
_INSTANCE = "/api/instances/<instance>"
_REFUSES = (404, 409, 502)


@blueprint.get(_INSTANCE)
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=InstanceView, refuses=(404,)))
def read_instance(instance: str) -> InstanceView:
    """One instance."""
    return instance_view(runtime(), visible_instance(instance))


@blueprint.post(f"{_INSTANCE}/start")
@allow(Role.DEPLOYER, Reach.PROJECT)
@operation(Operation(answer=InstanceView, refuses=_REFUSES))
def start_instance(instance: str) -> InstanceView:
    """Start an instance that a person stopped, or that ended."""
    visible_instance(instance)
    return instance_view(runtime(), runtime().instances.start(instance, actor=actor()))


@blueprint.post(f"{_INSTANCE}/stop")
@allow(Role.DEPLOYER, Reach.PROJECT)
@operation(Operation(answer=InstanceView, refuses=_REFUSES))
def stop_instance(instance: str) -> InstanceView:
    """Stop an instance; it stays stopped until a person starts it or a deploy replaces it."""
    visible_instance(instance)
    return instance_view(runtime(), runtime().instances.stop(instance, actor=actor()))


@blueprint.post(f"{_INSTANCE}/restart")
@allow(Role.DEPLOYER, Reach.PROJECT)
@operation(Operation(answer=InstanceView, refuses=_REFUSES))
def restart_instance(instance: str) -> InstanceView:
    """Stop and start an instance."""
    visible_instance(instance)
    return instance_view(runtime(), runtime().instances.restart(instance, actor=actor()))


@blueprint.delete(_INSTANCE)
@allow(Role.DEPLOYER, Reach.PROJECT)
@operation(Operation(status=204, refuses=_REFUSES))
def remove_instance(instance: str) -> None:
    """Stop an instance and take away its container and its route."""
    visible_instance(instance)
    runtime().instances.remove(instance, actor=actor())
