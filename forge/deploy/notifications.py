"""Telling Forge whom to notify of what; addresses and keys go to the vault and never come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from forge.domain.errors import Conflict, Invalid, NotFound
from forge.domain.notification import Notification, NotificationKind, Occasion, applying
from forge.domain.secret import Secret
from forge.store.database import Change
from forge.store.notifications import address_place, key_place
from forge.store.store import Store

# Of a kind: raises Invalid for an address that it cannot use, else says the service or host that it leads to.
Check = Callable[[Secret], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationService:
    """`checks` judge the addresses of each kind, `check_key` a webhook's key; `changed` is called after each change."""

    store: Store
    checks: Mapping[NotificationKind, Check]
    check_key: Callable[[Secret | None], None]
    changed: Callable[[], None]

    def all(self) -> list[Notification]:
        return self.store.notifications.all()

    def get(self, name: str) -> Notification:
        """The notification; raise NotFound."""
        return self.store.notifications.get(name)

    def has_key(self, name: str) -> bool:
        return self.store.secrets.get(key_place(name)) is not None

    def applying(self, project: str | None, stage: str | None) -> dict[Occasion, list[Notification]]:
        """Who is told of what happens at a place: the narrowest that name an occasion."""
        every = self.all()
        return {occasion: applying(every, occasion, project, stage) for occasion in Occasion}

    def put(
        self,
        notification: Notification,
        *,
        address: Secret | None = None,
        key: Secret | None = None,
        actor: str,
        create: bool = False,
    ) -> Notification:
        """Keep a notification, new or changed; without `address` or `key` the kept one stays.

        Raise Conflict, Invalid, NotFound for a place that is not there.
        """
        if create and any(one.name == notification.name for one in self.all()):
            raise Conflict(f"There is a notification {notification.name} already", code="notification_exists")
        service = self._check(notification, address, key)  # before the change: a library may have to be loaded
        with self.store.database.change() as change:
            kept = self._keep(change, replace(notification, service=service), address, key, actor)
        self.changed()
        return kept

    def put_in(
        self, change: Change, notification: Notification, address: Secret | None, key: Secret | None, *, actor: str
    ) -> None:
        """The same inside a change of the caller's, who then calls `changed`."""
        service = self._check(notification, address, key)
        self._keep(change, replace(notification, service=service), address, key, actor)

    def delete(self, name: str, *, actor: str) -> None:
        """Forget a notification, with what waits for it; raise NotFound."""
        with self.store.database.change() as change:
            self.store.notifications.delete(change, name, actor)

    def _check(self, notification: Notification, address: Secret | None, key: Secret | None) -> str:
        """The service of its address, given or kept; raise Invalid."""
        kind = notification.kind
        if kind is NotificationKind.NOBODY:
            if address is not None or key is not None:
                raise Invalid(
                    "What keeps quiet has no address and no key: leave them out", fields={"address": "leave it out"}
                )
            return ""
        if key is not None and kind is not NotificationKind.WEBHOOK:
            raise Invalid("Only a webhook is signed: leave the key out", fields={"key": "leave it out"})
        before = self._before(notification)
        if before is None and address is None:
            raise Invalid("Say where to send: the address is missing", fields={"address": "missing"})
        if kind is NotificationKind.WEBHOOK and (key is not None or before is None):
            self.check_key(key)
        return self.checks[kind](address) if address is not None else before.service if before else ""

    def _before(self, notification: Notification) -> Notification | None:
        """As it is kept; None if it is new, or was of another kind, whose address is no use."""
        try:
            before = self.get(notification.name)
        except NotFound:
            return None
        return before if before.kind is notification.kind else None

    def _keep(
        self, change: Change, notification: Notification, address: Secret | None, key: Secret | None, actor: str
    ) -> Notification:
        self.store.notifications.put(change, notification, actor)
        for place, secret, of in (
            (address_place(notification.name), address, {NotificationKind.APPRISE, NotificationKind.WEBHOOK}),
            (key_place(notification.name), key, {NotificationKind.WEBHOOK}),
        ):
            if secret is not None:
                self.store.secrets.put(change, place, secret)
            elif notification.kind not in of:
                self.store.secrets.delete(change, place)
        return notification
