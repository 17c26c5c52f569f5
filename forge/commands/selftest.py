"""self-test: whether this very file has all that it needs, tried out on a data folder that is thrown away."""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forge.commands.output import line, say_json
from forge.commands.state import Command, State, pass_state
from forge.domain.errors import ForgeError

if TYPE_CHECKING:
    from forge.runtime import Runtime
    from forge.server import Server

_SERVICES = 200  # schemes that Apprise knows; it has some more
_PATIENCE = 10  # seconds for one answer


@dataclass(frozen=True, slots=True)
class _Running:
    runtime: Runtime
    server: Server

    def ask(self, path: str) -> HTTPResponse:
        bearer = {"Authorization": f"Bearer {self.runtime.token.reveal()}"}
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        asked = urllib.request.Request(self.server.local + path, headers=bearer)  # noqa: S310  our own server
        found: HTTPResponse = direct.open(asked, timeout=_PATIENCE)
        return found


@click.command("self-test", cls=Command)
@pass_state
def self_test(state: State) -> None:
    """Start Forge on a folder that is thrown away, and try what a packaged file may lack; exit 1 if something fails."""
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="forge-self-test-") as folder, _started(Path(folder)) as running:
        for name, check in CHECKS.items():
            fault = _fault(check, running)
            if fault is not None:
                failed[name] = fault
            if not state.as_json:
                line(f"{'✗' if fault else '✓'} {name}{f': {fault}' if fault else ''}")
    if state.as_json:
        say_json({"ok": not failed, "failed": failed})
    click.get_current_context().exit(1 if failed else 0)


@contextmanager
def _started(folder: Path) -> Iterator[_Running]:
    from forge.compose import compose  # noqa: PLC0415  slow to import
    from forge.server import Server  # noqa: PLC0415
    from forge.settings import Settings  # noqa: PLC0415

    runtime = compose(Settings(data=folder / "data", port=0, engine=f"unix://{folder}/no-docker.sock"))
    server = Server(runtime)
    try:
        server.start()
        yield _Running(runtime, server)
    finally:
        server.close()
        runtime.close()


def _fault(check: Callable[[_Running], None], running: _Running) -> str | None:
    try:
        check(running)
    except Exception as error:  # noqa: BLE001  whatever is missing in the file, the other checks still tell more
        return f"{type(error).__name__}: {error}"
    return None


def _interface(running: _Running) -> None:
    """The board and its scripts are in the file."""
    page = running.ask("/").read().decode()
    scripts = [part.split('"')[0] for part in page.split('src="')[1:]]
    if not scripts:
        raise FileNotFoundError("the board is not in this file: build it with `make ui`")
    for script in scripts:
        kind = running.ask(script).headers["Content-Type"]
        if not kind.startswith("text/javascript"):
            raise ValueError(f"{script} comes as {kind}")


def _contract(running: _Running) -> None:
    if not json.load(running.ask("/api/openapi.json"))["paths"]:
        raise ValueError("the HTTP contract is empty")


def _stream(running: _Running) -> None:
    """The live stream, handed from the server to its writer."""
    with running.ask("/api/events") as stream:
        if b'"hello"' not in stream.readline():
            raise ValueError("the live stream does not begin with hello")


def _store(running: _Running) -> None:
    """Migrations and the vault: made by starting; a secret is kept and found."""
    from forge.domain.secret import Secret  # noqa: PLC0415

    secrets = running.runtime.store.secrets
    with running.runtime.store.database.change() as change:
        secrets.put(change, "self-test", Secret("found"))
    if secrets.get("self-test") != Secret("found"):
        raise ValueError("a secret was not found again")


def _engine(running: _Running) -> None:
    """The Docker library: it finds no engine here, and says so as it should."""
    try:
        running.runtime.adapters.engine("local").ping()
    except ForgeError:
        return
    raise ValueError("an engine answered that is not there")


def _certificates(_: _Running) -> None:
    """The authorities by which registries are trusted."""
    import certifi  # noqa: PLC0415

    if Path(certifi.where()).stat().st_size < 100_000:
        raise FileNotFoundError("the certificates of authorities are not in this file")


def _terminal(_: _Running) -> None:
    """Tables and progress bars, which are loaded only on a terminal."""
    import rich.live  # noqa: PLC0415
    import rich.progress  # noqa: PLC0415
    import rich.table  # noqa: F401, PLC0415


def _services(_: _Running) -> None:
    """Apprise finds its services by looking into a folder; one of them is tried, and refused as it should be."""
    from forge.domain.notification import Notice, NoticeLevel, Occasion  # noqa: PLC0415
    from forge.domain.secret import Secret  # noqa: PLC0415
    from forge.notify import services  # noqa: PLC0415
    from forge.notify.message import Message  # noqa: PLC0415

    if len(services.services()) < _SERVICES:
        raise FileNotFoundError(f"only {len(services.services())} services for notifications are in this file")
    notice = Notice(occasion=Occasion.WAITING, level=NoticeLevel.INFO, subject="test", title="Test", text="", at=0)
    message = Message(key="test", notice=notice, url=None, sent=0)
    answer = services.AppriseSender().send(Secret("json://127.0.0.1:9"), message, local=False)
    if "this machine itself" not in answer.text:
        raise ValueError(f"a message to this machine was not refused: {answer.text}")


def _oidc(_running: _Running) -> None:
    from joserfc import jwt  # noqa: PLC0415
    from joserfc.jwk import ECKey  # noqa: PLC0415

    from forge.people.oidc.idtoken import Wanted, read_id_token  # noqa: PLC0415

    key = ECKey.generate_key("P-256")
    claims = {"iss": "i", "aud": "c", "sub": "s", "nonce": "n", "iat": 0, "exp": 1}
    wanted = Wanted(issuer="i", client_id="c", nonce="n", access_token="", algorithms=("ES256",))
    read_id_token(jwt.encode({"alg": "ES256"}, claims, key), [key.as_dict(private=False)], wanted, now=0)


CHECKS: dict[str, Callable[[_Running], None]] = {
    "board": _interface,
    "HTTP contract": _contract,
    "live stream": _stream,
    "database and secrets": _store,
    "Docker library": _engine,
    "certificates": _certificates,
    "terminal": _terminal,
    "notifications": _services,
    "OpenID Connect": _oidc,
}
