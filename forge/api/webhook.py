"""Webhooks over HTTP: deliveries, their receipts, and the secret in the address."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from forge import typed
from forge.api.context import actor, all_projects, context, runtime
from forge.api.contract import At, Operation, Page, operation, wire
from forge.api.errors import nothing_here
from forge.api.guard import allow, allow_anyone
from forge.api.sealing import wrapped
from forge.api.types import Wire
from forge.domain.errors import TooMany
from forge.domain.person import Role
from forge.domain.sighting import Receipt

blueprint = Blueprint("webhook", __name__)
_RECEIPT = "/api/webhook/receipts/<int(max=2147483647):receipt>"


class Delivered(Wire, kw_only=True):
    """What the sender of a delivery gets to know."""

    receipt: int
    decision: str
    reason: str


class ReceiptPage(Page, kw_only=True):
    """`idle`: also those that named nothing to look at (a pull, a blob)."""

    idle: bool = True


class ReceiptLine(Wire, kw_only=True):
    """What became of one delivery. `signature`: valid, none, invalid."""

    id: int
    at: float
    vendor: str
    images: list[str]
    signature: str
    decision: str
    reason: str
    replay_of: int | None


class ReceiptView(ReceiptLine, kw_only=True):
    """A delivery in full: `body` and `headers` are as they came."""

    body: str
    headers: dict[str, str]


class Address(Wire, kw_only=True):
    """Where deliveries go: `url` as this request reached Forge; `path` for any other name. It holds the secret."""

    path: str
    url: str
    has_signing_key: bool


class SigningKey(Wire, kw_only=True):
    """The key deliveries are signed with; null: none. It is never shown again."""

    signing_key: str | None


@blueprint.post("/api/webhook/<secret>")
@allow_anyone("registries have no login; the secret in the address is theirs")
@operation(Operation(status=202, answer=Delivered, text_body="application/json", refuses=(403, 404, 429)))
def deliver(secret: str) -> Delivered | Response:
    """Take a delivery: it only says "look now". A wrong secret is an address that leads nowhere."""
    known = runtime().webhook.verify(secret)
    wait = (context().deliveries if known else context().wrong_deliveries).take(request.remote_addr or "")
    if wait:
        raise TooMany("Too many deliveries came from this address at once: try again later.", retry_after=wait)
    if not known:
        return nothing_here()
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        runtime().webhook.refuse_unread(dict(request.headers))
    receipt = runtime().webhook.deliver(dict(request.headers), body)
    return Delivered(receipt=receipt.id, decision=receipt.decision, reason=receipt.reason)


@blueprint.get("/api/webhook/receipts")
@allow(Role.VIEWER)
@operation(Operation(query=ReceiptPage, answer=list[ReceiptLine], refuses=(403,)))
def list_receipts(query: ReceiptPage) -> list[ReceiptLine]:
    """What became of each delivery, the newest first; what came with it is told one by one."""
    all_projects()
    found = runtime().store.receipts.page(before=query.before, limit=query.limit, idle=query.idle)
    return [wire(ReceiptLine, receipt) for receipt in found]


@blueprint.get(_RECEIPT)
@allow(Role.VIEWER)
@operation(Operation(answer=ReceiptView, refuses=(403, 404)))
def read_receipt(receipt: int) -> ReceiptView:
    """What became of one delivery."""
    all_projects()
    return _view(runtime().store.receipts.get(receipt))


@blueprint.post(f"{_RECEIPT}/replay")
@allow(Role.ADMIN)
@operation(Operation(status=201, answer=ReceiptView, refuses=(404, 502)))
def replay_receipt(receipt: int) -> At:
    """Look again at what a delivery named; a person vouches for its signature."""
    all_projects()
    made = runtime().webhook.replay(receipt, actor())
    return At(f"/api/webhook/receipts/{made.id}", _view(made))


@blueprint.get("/api/settings/webhook")
@allow(Role.ADMIN)
@operation(Operation(answer=Address))
def read_webhook() -> Address:
    """The address for deliveries."""
    return _address(runtime().webhook.secret().reveal())


@blueprint.post("/api/settings/webhook/regenerate")
@allow(Role.ADMIN)
@operation(Operation(answer=Address))
def regenerate_webhook() -> Address:
    """Make the secret anew; the old address is dead at once."""
    return _address(runtime().webhook.regenerate(actor()).reveal())


@blueprint.put("/api/settings/webhook/signing-key")
@allow(Role.ADMIN)
@operation(Operation(body=SigningKey, status=204))
def set_signing_key(body: SigningKey) -> None:
    """Set the key that deliveries are signed with, or take it away."""
    key = wrapped(body.signing_key) if body.signing_key else None
    runtime().webhook.set_signing_key(key, actor())


def _view(receipt: Receipt) -> ReceiptView:
    return typed.convert({**msgspec.to_builtins(receipt), "headers": dict(receipt.headers)}, ReceiptView)


def _address(secret: str) -> Address:
    path = f"/api/webhook/{secret}"
    url = request.host_url.rstrip("/") + path
    return Address(path=path, url=url, has_signing_key=runtime().webhook.has_signing_key())
