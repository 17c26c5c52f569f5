"""Notifications over HTTP: who is told of what elsewhere, and what became of each message."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint

from forge import typed
from forge.api.context import actor, runtime
from forge.api.contract import At, Operation, Page, domain, operation, wire
from forge.api.guard import allow
from forge.api.sealing import wrapped
from forge.api.types import Wire
from forge.domain.notification import (
    SAID_UNASKED,
    Delivery,
    DeliveryStatus,
    NoticeLevel,
    Notification,
    NotificationKind,
    Occasion,
)
from forge.domain.person import Role

blueprint = Blueprint("notifications", __name__)
_ALL = "/api/notifications"
_ONE = f"{_ALL}/<name>"


class NotificationFields(Wire, kw_only=True):
    """Who is told of `occasions`: everywhere, or of one project or stage; the narrowest that names an occasion is told
    of it. `kind`: apprise (an Apprise URL), webhook (signed JSON), nobody (keeps quiet where a wider one would tell).
    `quiet`: seconds in which one subject is told of twice at most; `local`: this machine and link-local addresses are
    allowed.
    """

    kind: NotificationKind
    occasions: list[Occasion] = msgspec.field(default_factory=lambda: list(SAID_UNASKED))
    project: str | None = None
    stage: str | None = None
    quiet: float = 300
    local: bool = False
    active: bool = True


class ChangedNotification(NotificationFields, kw_only=True):
    """All of a notification. An address or a key that is left out stays."""

    address: str | None = None
    key: str | None = None


class NewNotification(ChangedNotification, kw_only=True):
    """Somebody to tell."""

    name: str


class DeliveryView(Wire, kw_only=True):
    """A message and what became of it. `due`: when it is tried (again); `code`: the HTTP status of the last attempt;
    `more`: earlier ones that it stands for.
    """

    id: int
    status: DeliveryStatus
    occasion: Occasion
    level: NoticeLevel
    title: str
    text: str
    path: str
    project: str | None
    stage: str | None
    at: float
    more: int
    attempts: int
    created: float
    due: float
    ended: float | None
    answer: str
    code: int | None
    milliseconds: float | None


class NotificationView(NotificationFields, kw_only=True):
    """A notification. Its address is never shown: `address` is what may be, `service` the scheme or the host. `last` is
    the newest message that was tried, `waiting` how many wait.
    """

    name: str
    service: str
    address: str
    has_key: bool
    waiting: int
    last: DeliveryView | None


class SendAnswer(Wire, kw_only=True):
    """How a test went: `code` is the HTTP status if there was one, `text` the answer or what to do."""

    ok: bool
    text: str
    code: int | None
    milliseconds: float


class NotificationPlace(Wire, kw_only=True):
    """A project or a stage; without them: what belongs to no project."""

    project: str | None = None
    stage: str | None = None


class Applying(Wire, kw_only=True):
    """Who is told of an occasion at a place: their names; empty: nobody."""

    occasion: Occasion
    names: list[str]


@blueprint.get(_ALL)
@allow(Role.ADMIN)
@operation(Operation(answer=list[NotificationView]))
def list_notifications() -> list[NotificationView]:
    """All notifications, and how the last message of each went."""
    last, waiting = runtime().store.deliveries.last(), runtime().store.deliveries.waiting()
    return [_view(one, last.get(one.name), waiting.get(one.name, 0)) for one in runtime().notifications.all()]


@blueprint.get(f"{_ONE}/deliveries")
@allow(Role.ADMIN)
@operation(Operation(query=Page, answer=list[DeliveryView], refuses=(404,)))
def list_deliveries(name: str, query: Page) -> list[DeliveryView]:
    """What was sent, waits or failed, the newest first."""
    runtime().notifications.get(name)
    found = runtime().store.deliveries.page(name, before=query.before, limit=query.limit)
    return [_delivery(one) for one in found]


@blueprint.get("/api/applying-notifications")
@allow(Role.ADMIN)
@operation(Operation(query=NotificationPlace, answer=list[Applying]))
def list_applying(query: NotificationPlace) -> list[Applying]:
    """Who is told of what happens at a place: the narrowest notifications win, for each occasion."""
    found = runtime().notifications.applying(query.project, query.stage)
    return [Applying(occasion=occasion, names=[one.name for one in them]) for occasion, them in found.items()]


@blueprint.get(_ONE)
@allow(Role.ADMIN)
@operation(Operation(answer=NotificationView, refuses=(404,)))
def read_notification(name: str) -> NotificationView:
    """One notification."""
    return _read(name)


@blueprint.post(_ALL)
@allow(Role.ADMIN)
@operation(Operation(body=NewNotification, status=201, answer=NotificationView, refuses=(404, 409)))
def create_notification(body: NewNotification) -> At:
    """Have somebody told."""
    _keep(body, create=True)
    return At(f"{_ALL}/{body.name}", _read(body.name))


@blueprint.put(_ONE)
@allow(Role.ADMIN)
@operation(Operation(body=ChangedNotification, answer=NotificationView, refuses=(404, 409)))
def change_notification(name: str, body: ChangedNotification) -> NotificationView:
    """Replace what is known of a notification."""
    runtime().notifications.get(name)
    _keep(body, name=name)
    return _read(name)


@blueprint.delete(_ONE)
@allow(Role.ADMIN)
@operation(Operation(status=204, refuses=(404,)))
def delete_notification(name: str) -> None:
    """Forget a notification; what waits for it is not sent."""
    runtime().notifications.delete(name, actor=actor())


@blueprint.post(f"{_ONE}/test")
@allow(Role.ADMIN)
@operation(Operation(answer=SendAnswer, refuses=(404,), elsewhere=True))
def test_notification(name: str) -> SendAnswer:
    """Send a message now, and say what the other side answered."""
    return wire(SendAnswer, runtime().courier.test(name))


@blueprint.post(f"{_ONE}/deliveries/<int(max=2147483647):delivery>/retry")
@allow(Role.ADMIN)
@operation(Operation(answer=DeliveryView, refuses=(404, 409), elsewhere=True))
def retry_delivery(name: str, delivery: int) -> DeliveryView:
    """Send one that was not sent, now."""
    return _delivery(runtime().courier.again(name, delivery))


def _keep(body: Any, *, create: bool = False, **more: Any) -> None:
    notification = domain(Notification, body, **more)
    secrets = {what: wrapped(given) if (given := getattr(body, what)) else None for what in ("address", "key")}
    runtime().notifications.put(notification, **secrets, actor=actor(), create=create)


def _read(name: str) -> NotificationView:
    deliveries = runtime().store.deliveries
    found = runtime().notifications.get(name)
    return _view(found, deliveries.last().get(name), deliveries.waiting().get(name, 0))


def _view(notification: Notification, last: Delivery | None, waiting: int) -> NotificationView:
    masks = {
        NotificationKind.APPRISE: f"{notification.service}://•••",
        NotificationKind.WEBHOOK: f"{notification.service}/•••",
        NotificationKind.NOBODY: "",
    }
    return typed.convert(
        {
            **msgspec.to_builtins(notification),
            "address": masks[notification.kind],
            "has_key": runtime().notifications.has_key(notification.name),
            "waiting": waiting,
            "last": _delivery(last) if last else None,
        },
        NotificationView,
        from_attributes=True,
    )


def _delivery(delivery: Delivery) -> DeliveryView:
    both = {**msgspec.to_builtins(delivery.notice), **msgspec.to_builtins(delivery)}
    return typed.convert({name: both[name] for name in DeliveryView.__struct_fields__}, DeliveryView)
