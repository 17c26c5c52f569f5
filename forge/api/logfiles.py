"""Logs as files to take along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Blueprint, Response, stream_with_context

from forge.api.context import runtime, visible_deploy, visible_instance
from forge.api.contract import TEXT, Operation, operation
from forge.api.guard import allow
from forge.api.stream import Since, deploy_lines
from forge.domain.person import Reach, Role

blueprint = Blueprint("logfiles", __name__)
_PAGE = 5000
_MOST = 100_000  # lines of an instance
_COLOURS = re.compile(r"\x1b\[[0-9;:?<=>]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


@blueprint.get("/api/deploys/<int(max=2147483647):deploy>/log.txt")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(media=(TEXT,), refuses=(404,)))
def download_deploy_log(deploy: int) -> Response:
    """All kept lines of a deploy's log as a text file, each with its time; colours are left out."""
    visible_deploy(deploy)
    return _file(f"deploy-{deploy}.log", _deploy_lines(deploy))


@blueprint.get("/api/instances/<instance>/log.txt")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(media=(TEXT,), refuses=(404, 409, 502)))
def download_instance_log(instance: str) -> Response:
    """The newest 100,000 lines of an instance as a text file, each with its time; colours are left out."""
    visible_instance(instance)
    found = runtime().instances.logs(instance, _MOST)
    return _file(f"instance-{instance}.log", (_line(line.at, line.text) for line in found))


def _deploy_lines(deploy: int) -> Iterator[str]:
    """By pages: a long log is never in memory as a whole."""
    after = 0
    while lines := deploy_lines(deploy, Since(after=after, limit=_PAGE)):
        yield "".join(_line(line.at, line.text) for line in lines)
        after = lines[-1].id


def _line(at: float, text: str) -> str:
    stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{stamp} {_COLOURS.sub('', text)}\n"


def _file(name: str, lines: Iterator[str]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(stream_with_context(lines), headers=headers, content_type=f"{TEXT}; charset=utf-8")
