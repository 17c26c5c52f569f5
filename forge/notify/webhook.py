"""A notice as signed JSON: by POST, with GitHub's signature header, the same delivery id at every attempt."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from forge.domain.errors import Invalid
from forge.domain.notification import Answer
from forge.domain.secret import Secret
from forge.http import HttpFault, Reply, Session, host_of
from forge.notify.message import Message
from forge.notify.reach import within
from forge.notify.scrub import scrubbed

SHORTEST_KEY = 16  # characters
_PATIENCE = 10.0  # seconds for a whole answer
_ANSWER = 64 << 10  # bytes of an answer that are read
_LONGEST_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """`through` are the proxies of the environment. `session` makes a fresh one: a kept connection was judged by
    another's bounds.
    """

    through: Callable[[], frozenset[tuple[str, int]]] = frozenset
    session: Callable[[], Session] = lambda: Session(connect_timeout=5, read_timeout=_PATIENCE, pool=1)

    def send(self, address: Secret, key: Secret, message: Message, *, local: bool) -> Answer:
        """Ask once, following nobody. Raises nothing that the other side could cause."""
        body = json.dumps(_body(message), ensure_ascii=False, separators=(",", ":")).encode()
        session, began = self.session(), time.monotonic()
        with within(local=local, through=self.through()) as bounds:
            try:
                reply = session.request(
                    "POST", address.reveal(), headers=_headers(message, body, key), body=body, timeout=_PATIENCE,
                    body_limit=_ANSWER,
                )  # fmt: skip
            except HttpFault as error:
                took = (time.monotonic() - began) * 1000
                return Answer(ok=False, text=bounds.refused or error.message, milliseconds=took)
            finally:
                session.close()
        return _answer(reply, lambda said: scrubbed(said, address, key))


def check_address(address: Secret) -> str:
    """The host that a webhook's address leads to; raise Invalid, without repeating the address."""
    try:
        parts = urlsplit(address.reveal())
        well = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well = False
    if not well or any(letter.isspace() for letter in address.reveal()):
        fields = {"address": "https://host/path"}
        raise Invalid("The address of a webhook is a URL such as https://hooks.example.org/forge", fields=fields)
    return host_of(address.reveal())


def check_key(key: Secret | None) -> None:
    """Raise Invalid unless there is a key that nobody guesses."""
    if key is None or len(key.reveal()) < SHORTEST_KEY:
        raise Invalid(
            f"A webhook is signed: give a key of {SHORTEST_KEY} characters or more, and tell it to the receiver",
            fields={"key": f"{SHORTEST_KEY} characters or more"},
        )


def sign(body: bytes, key: Secret) -> str:
    """As GitHub writes it: `sha256=` and HMAC-SHA256 of the raw body in hexadecimal."""
    return f"sha256={hmac.new(key.reveal().encode(), body, hashlib.sha256).hexdigest()}"


def _headers(message: Message, body: bytes, key: Secret) -> Mapping[str, str]:
    return {
        "Content-Type": "application/json",
        "X-Forge-Event": message.notice.occasion.value,
        "X-Forge-Delivery": message.key,
        "X-Forge-Timestamp": str(int(message.sent)),
        "X-Hub-Signature-256": sign(body, key),
    }


def _body(message: Message) -> Mapping[str, Any]:
    """What the headers say stands in it too: only the body is signed."""
    notice = message.notice
    return {
        "delivery": message.key,
        "sent": int(message.sent),
        "event": notice.occasion.value,
        "level": notice.level.value,
        "at": notice.at,
        "title": notice.title,
        "text": message.text,
        "project": notice.project,
        "stage": notice.stage,
        "recovery": notice.recovery,
        "more": notice.more,
        "url": message.url,
        **notice.facts,
    }


def _answer(reply: Reply, scrub: Callable[[str], str]) -> Answer:
    said = scrub(reply.text)
    text = f"{reply.status}{f': {said}' if said else ''}"
    if 300 <= reply.status < 400:
        text = f"{reply.status}: it sends us elsewhere, and a message follows nobody: enter the address it leads to"
    return Answer(
        ok=reply.ok, text=text, code=reply.status, milliseconds=reply.milliseconds,
        retry_after=_seconds(reply.headers.get("Retry-After", "")),
    )  # fmt: skip


def _seconds(text: str) -> float | None:
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdecimal() and len(text) < 8 else None
