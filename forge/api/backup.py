"""A backup over HTTP."""

from __future__ import annotations

import time

from flask import Blueprint, Response, send_file

from forge.api.context import runtime
from forge.api.contract import SQLITE, Operation, operation
from forge.api.guard import allow
from forge.domain.person import Role
from forge.store import backup

blueprint = Blueprint("backup", __name__)


@blueprint.get("/api/backup")
@allow(Role.ADMIN)
@operation(Operation(media=(SQLITE,)))
def take_backup() -> Response:
    """All that Forge knows, as one SQLite file of this moment. Secrets stay sealed in it: keep the key too."""
    database = runtime().store.database
    copy, now = backup.take(database), time.localtime(database.clock())
    name = time.strftime("forge-%Y-%m-%d-%H%M%S.db", now)
    answer = send_file(copy, SQLITE, as_attachment=True, download_name=name, etag=False, conditional=False)
    answer.content_length = copy.size
    return answer
