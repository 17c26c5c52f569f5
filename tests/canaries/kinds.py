"""Which fields of requests and answers hold secrets, and where each kind may stand, with the reason."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from forge.api.cookies import COOKIE

Found = Iterator[tuple[str, str]]  # kind, secret

ASKED = frozenset({
    "password", "again", "secret", "secrets", "key", "signing_key", "passphrase", "token", "ticket",
})  # fmt: skip
ASKED_OF = {"notifications": {"address"}, "config": {"environment"}, "me": {"old", "new"}}  # of the path's noun
ANSWERED_OF = {"tokens": {"secret"}, "session": {"ticket"}, "me": {"secret", "codes"}, "settings": {"path"}}
NO_SECRETS = {"me": {"code"}, "session": {"code"}}  # gone within seconds, and too short to be looked for
_VARIABLE = re.compile(r"(PASSWORD|SECRET|WORDS|_KEY)$")  # of the environment
_LONG = 12  # what of an address may be a secret


@dataclass(frozen=True, slots=True)
class Place:
    """Patterns of a kind and of where it may stand, and why."""

    kind: str
    where: str
    why: str

    def covers(self, kind: str, where: str) -> bool:
        return bool(re.fullmatch(self.kind, kind) and re.fullmatch(self.where, where))


MAY_STAND = (
    Place("webhook path", r"answer of \w+ /api/settings/webhook.*", "for admins, who give it to registries"),
    Place("setup token", r"answer of GET /setup", "a field of the form that it opens"),
    Place("tokens secret", r"answer of POST /api/tokens", "shown once, to whom it is made for"),
    Place("session ticket", r"answer of POST /api/session/ticket", "shown once, to who asked for it"),
    Place("me (secret|codes)", r"answer of \w+ /api/me/.*", "shown once, to whose they are"),
    Place("session", r"header set-cookie of .*", "given to the browser that signs in"),
    Place("launch token", r"file token", "of mode 0600, for the command line of the same user"),
    Place("vault key", r"file vault\.key", "of mode 0600, beside the database unless it is given to Forge"),
    Place("setup token|(session|sign-in) ticket", r"terminal", "a link, good once, for who started it there"),
    Place("(session|sign-in) ticket", r"the list of processes", "a browser's: of use to the same user only"),
    Place("(session|sign-in) ticket", r"output of open.*", "a link, good once, for who typed it"),
)


def canary(kind: str = "canary") -> str:
    """A secret that cannot stand anywhere by accident."""
    return f"{kind}{secrets.token_hex(12)}"


def in_request(path: str, headers: Mapping[str, str], data: bytes | None) -> Found:
    """What a request holds that nobody but Forge is told."""
    for name, value in parse_qsl(urlsplit(path).query):
        if name in {"token", "ticket", "code"}:
            yield f"{noun(path)} {name}", value
    if noun(path) != "webhook":  # what strangers deliver is no secret of Forge's
        yield from _walk(noun(path), _read(headers, data), ASKED | ASKED_OF.get(noun(path), set()))


def in_answer(path: str, headers: Collection[tuple[str, str]], body: bytes) -> Found:
    """What an answer gives away once, or to admins only; header names are in lower case."""
    for name, value in headers:
        if name == "set-cookie" and (session := re.match(rf"(?:__Host-)?{COOKIE}=([^;]+)", value)):
            yield "session", session[1]
    if noun(path) in ANSWERED_OF and ("content-type", "application/json") in headers:
        for kind, secret in _walk(noun(path), json.loads(body or b"null"), ANSWERED_OF[noun(path)]):
            if kind != "settings path":
                yield kind, secret
            elif secret.startswith("/api/webhook/"):
                yield "webhook path", secret.rpartition("/")[2]


def in_environment(environment: Mapping[str, str]) -> Found:
    """What Forge is told by its environment, and the tests were not."""
    for name, value in environment.items():
        if _VARIABLE.search(name) and value != os.environ.get(name, ""):
            yield f"variable {name}", value


def noun(path: str) -> str:
    """What a path is about: `/api/registries/x` is about registries."""
    words = urlsplit(path).path.removeprefix("/api").split("/")
    return words[1] if len(words) > 1 else ""


def _read(headers: Mapping[str, str], data: bytes | None) -> Any:
    """The body as fields; nothing if it has none."""
    if not data:
        return None
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if "form-urlencoded" in kind:
        return dict(parse_qsl(data.decode()))
    try:
        return json.loads(data)
    except ValueError:
        return None


def _walk(about: str, value: Any, fields: frozenset[str] | set[str]) -> Found:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in fields and isinstance(inner, str | dict | list):
                yield from ((f"{about} {name}", secret) for secret in _texts(name, inner))
            else:
                yield from _walk(about, inner, fields)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(about, inner, fields)


def _texts(name: str, value: Any) -> Iterator[str]:
    """What is secret of a field: a text, the texts by variable, codes; lists of names are not."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(name, inner)
    elif isinstance(value, list):
        yield from (form for one in value if name == "codes" for form in (one, one.replace("-", "")))
    elif isinstance(value, str):
        yield from parts_of(value)


def parts_of(secret: str) -> list[str]:
    """What is secret of an address, lines of a key's middle, and anything else whole."""
    if secret.startswith("-----BEGIN"):
        return secret.splitlines()[1:3]
    if "://" in secret:
        host = urlsplit(secret).hostname
        return [part for part in re.split(r"[/:@?&=#]+", secret) if len(part) >= _LONG and part != host]
    return [secret] if secret else []
