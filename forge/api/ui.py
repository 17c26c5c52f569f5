"""Everything outside /api/: the built board, or until it is there a plain page that says what runs."""

from __future__ import annotations

import mimetypes
from os.path import isfile
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, current_app, render_template, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from forge import __version__
from forge.api.context import context, runtime
from forge.api.errors import from_werkzeug
from forge.api.guard import allow_anyone, authenticate
from forge.api.present import project_views
from forge.api.session import sign_in_page

blueprint = Blueprint("ui", __name__)
STATIC: Final = Path(__file__).parent.parent / "static"
_READS: Final = frozenset({"GET", "HEAD"})
_OURS: Final = "_app/"
_IMMUTABLE: Final = "_app/immutable/"

mimetypes.add_type("text/javascript", ".js")  # Windows reads its registry, which may say text/plain


@blueprint.get("/")
@allow_anyone("the page itself shows nothing; who is not signed in is told how to sign in")
def index() -> Response:
    """The board."""
    return _page("")


@blueprint.get("/plain.css")
@allow_anyone("a style sheet")
def style() -> Response:
    """How the plain page looks."""
    return Response(render_template("plain.css"), content_type="text/css; charset=utf-8")


def fallback(error: NotFound) -> Response:
    """No route leads here: a file of the board, else the board itself, which knows more addresses than Forge."""
    path = request.path.lstrip("/")
    if request.routing_exception is None or request.method not in _READS or path.split("/")[0] == "api":
        return from_werkzeug(error)
    return _page(path)


def _page(path: str) -> Response:
    static = Path(current_app.config.get("FORGE_STATIC", STATIC))
    if not (static / "index.html").is_file():
        return _plain_page() if not path else from_werkzeug(NotFound())
    try:
        answer = _file(static, path)
    except NotFound as missing:
        if path.startswith(_OURS):
            return from_werkzeug(missing)  # a page from before an update asks for its script: a page is no answer
        path, answer = "", _file(static, "index.html")
    answer.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if path.startswith(_IMMUTABLE) else "no-cache"
    )
    return answer


def _file(static: Path, path: str) -> Response:
    """A file of the board, as it was packed by the build where that is taken; raise NotFound."""
    packed = safe_join(str(static), f"{path}.gz")
    if packed is None or not request.accept_encodings["gzip"] or not isfile(packed):  # noqa: PTH113  never raises, as for a name too long
        answer = send_from_directory(static, path)
    else:
        answer = send_from_directory(static, f"{path}.gz", mimetype=mimetypes.guess_type(path)[0])
        answer.content_encoding = "gzip"
    answer.vary.add("Accept-Encoding")
    return answer


def _plain_page() -> Response:
    principal = authenticate(request, context())
    if principal is None:
        page = sign_in_page()
    else:
        seen = [project for project in runtime().store.projects.all() if principal.sees(project.name)]
        faults = runtime().faults()
        projects = project_views(runtime(), seen)
        page = render_template("plain.html", version=__version__, projects=projects, faults=faults)
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer
