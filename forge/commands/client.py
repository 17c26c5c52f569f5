"""Speaking HTTP with the running Forge, found through the data folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from forge.domain.errors import ForgeError, Invalid
from forge.domain.secret import Secret
from forge.http import Bearer, HttpFault, Reply, Session
from forge.settings import Settings

_PATIENCE = 120.0  # seconds: stopping what runs takes as long as its stop time-out
_LONG = 3600.0  # seconds for what may be large


class NotRunning(ForgeError):
    """There is no Forge to speak with."""

    code = "not_running"


class Refused(ForgeError):
    """Forge answered with a problem; `status` is HTTP's."""

    def __init__(self, status: int, message: str, *, code: str, fields: Mapping[str, str]) -> None:
        super().__init__(message, code=code, fields=fields)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a Forge answers, and the token that opens it."""

    url: str
    token: Secret
    data: str


def find(settings: Settings, url: str | None = None, token: str | None = None) -> Address:
    """As given, else as the Forge that runs on the data folder wrote it down. Raise NotRunning."""
    missing = NotRunning(f"Forge does not run on {settings.data}: start it with `forge serve`.")
    try:
        return Address(
            url=(url or settings.address_file.read_text("utf-8")).strip().rstrip("/"),
            token=Secret((token or settings.token_file.read_text("utf-8")).strip()),
            data=str(settings.data),
        )
    except FileNotFoundError:
        if url is not None:
            raise NotRunning(f"Say the token of the Forge at {url} with --token or FORGE_TOKEN.") from None
        raise missing from None
    except OSError as error:
        raise NotRunning(f"The address of Forge in {settings.data} cannot be read: {error.strerror}.") from error


class Client:
    """Asks `find` for the address once; `again` after Forge was restarted, which changes its token."""

    def __init__(self, find: Callable[[], Address], session: Session | None = None) -> None:
        self._find = find
        self._session = session or Session()
        self.address = find()

    def again(self) -> None:
        """Look where Forge is now; raise NotRunning."""
        self.address = self._find()

    def get(self, path: str, **query: Any) -> Any:
        """What is at `path` (below /api/), read as JSON. Raise NotRunning or Refused, as the others do."""
        return self._json(self.ask("GET", path, query=query))

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        return self._json(self.ask("POST", path, body, query))

    def put(self, path: str, body: Any) -> Any:
        return self._json(self.ask("PUT", path, body))

    def delete(self, path: str, **query: Any) -> Any:
        return self._json(self.ask("DELETE", path, query=query))

    def ask(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Reply:
        """The answer, if it is a good one."""
        said = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        try:
            reply = self._session.request(
                method,
                f"{self.address.url}/api/{path}",
                headers={"Accept": "application/json"},
                query=said,
                json=body,
                auth=Bearer(token=self.address.token),
                timeout=_PATIENCE,
            )
        except HttpFault as error:
            raise self.gone(error) from error
        if not reply.ok:
            raise _refused(reply)
        return reply

    def download(self, path: str, keep: Callable[[bytes], object], body: Any = None) -> None:
        """Hand what is at `path` to `keep`, piece by piece; with a `body` it is asked for by POST."""
        url = f"{self.address.url}/api/{path}"
        try:
            reply = self._session.download(url, keep, json=body, auth=Bearer(token=self.address.token), timeout=_LONG)
        except HttpFault as error:
            raise self.gone(error) from error
        if not reply.ok:
            raise _refused(reply)

    def gone(self, error: ForgeError) -> NotRunning:
        """Forge wrote its address down and does not answer there."""
        return NotRunning(
            f"Forge does not answer at {self.address.url} ({error.message}). Start it with `forge serve`, "
            f"or look at its log; its data folder is {self.address.data}."
        )

    def _json(self, reply: Reply) -> Any:
        return reply.json() if reply.body else None


def part(*names: object) -> str:
    """Names as parts of a path: whatever they hold, they stay one part each."""
    said = [str(name) for name in names]
    if any(name in {"", ".", ".."} for name in said):
        raise Invalid("A name is missing")
    return "/".join(quote(name, safe="") for name in said)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refused(reply: Reply) -> Refused:
    try:
        found = reply.json()
    except HttpFault:
        found = None
    problem = found if isinstance(found, dict) else {}
    detail = str(problem.get("detail") or f"Forge answered {reply.status}")
    fields = problem.get("fields")
    return Refused(
        reply.status, detail, code=str(problem.get("code", "error")), fields=fields if isinstance(fields, dict) else {}
    )
