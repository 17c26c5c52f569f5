"""Webhooks: a delivery only says "look now"; each leaves a receipt that says what was decided, and why."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from forge.clock import steady
from forge.deploy.quick import QuickDeploy
from forge.domain.errors import Forbidden, ForgeError, Invalid, Unavailable
from forge.domain.events import Event
from forge.domain.image import parse_image
from forge.domain.secret import Secret
from forge.domain.sighting import Receipt
from forge.log import hide
from forge.store.store import Store
from forge.watch import signature
from forge.watch.asking import Asking, Looked, looked
from forge.watch.bodies import kept_headers, kept_text, parse, too_large
from forge.watch.facts import WEBHOOK
from forge.watch.flights import Stopped
from forge.watch.looks import Looks
from forge.watch.newcomers import Newcomers
from forge.watch.sightings import SightingService
from forge.watch.summary import Summary
from forge.watch.vendors import Delivery, read

SECRET, SIGNING = "webhook/secret", "webhook/signing"  # places in the vault
LOOKING = "looking"


@dataclass(slots=True)
class WebhookService:
    """One for a Forge. `looks` None: made here, with threads of its own after `start`."""

    store: Store
    service: SightingService
    quick: QuickDeploy
    clock: Callable[[], float] = steady
    looks: Looks = field(init=False)
    _newcomers: Newcomers = field(init=False)
    _under_way: dict[int, Asking] = field(default_factory=dict)  # by receipt: deliveries that are looked at again
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._newcomers = Newcomers(self.store, self.service, self.quick)
        self.looks = Looks(work=self._look, later=self._later, give_up=self._give_up, clock=self.clock)

    def start(self) -> None:
        """Begin to look; first at what a former Forge left unfinished."""
        hide(self.secret())
        for receipt in self._unfinished():
            self.looks.submit(receipt)
        self.looks.start()

    def close(self) -> None:
        """End soon; what is not settled is looked at after the next start."""
        self.service.stop()
        self.looks.close()

    # ---- secrets

    def secret(self) -> Secret:
        """What stands in the webhook's address; made at first use."""
        with self._guard:
            return self.store.secrets.get(SECRET) or self._make(WEBHOOK)

    def regenerate(self, actor: str) -> Secret:
        """A new secret; the old one is dead at once."""
        with self._guard:
            return self._make(actor)

    def _make(self, actor: str) -> Secret:
        hide(made := Secret(secrets.token_urlsafe(32)))
        with self.store.database.change() as change:
            self.store.secrets.put(change, SECRET, made)
            change.emit(_settings_changed("webhook_secret", change.now, actor))
        return made

    def verify(self, secret: str) -> bool:
        """Whether `secret` is the one, in constant time."""
        return hmac.compare_digest(secret.encode("utf-8", "replace"), self.secret().reveal().encode())

    def set_signing_key(self, key: Secret | None, actor: str = "forge") -> None:
        """The key that deliveries are signed with; None: no signature is checked."""
        with self.store.database.change() as change:
            if key is None:
                self.store.secrets.delete(change, SIGNING)
            else:
                self.store.secrets.put(change, SIGNING, key)
            change.emit(_settings_changed("webhook_signing_key", change.now, actor))

    def has_signing_key(self) -> bool:
        return self.store.secrets.get(SIGNING) is not None

    # ---- deliveries

    def deliver(self, headers: Mapping[str, str], body: bytes) -> Receipt:
        """Take a delivery; the receipt says `looking` until a look has settled it.

        Raise Invalid (not understood, code `too_large` above 256 KiB), Forbidden (not signed as it must be),
        Unavailable (too many wait); each with a receipt kept.
        """
        checked = signature.check(headers, body, self.store.secrets.get(SIGNING))
        draft = Receipt(
            id=0, at=0, vendor="", images=(), signature=checked, decision="", reason="",
            body=kept_text(headers, body), headers=kept_headers(headers),
        )  # fmt: skip
        try:
            self._check_signature(checked)
            delivery = read(headers, parse(headers, body))
        except (Invalid, Forbidden) as error:
            decision = "refused" if isinstance(error, Forbidden) else "invalid"
            self._keep(draft, decision, error.message)
            raise
        return self._take(draft, delivery)

    def refuse_unread(self, headers: Mapping[str, str]) -> NoReturn:
        """A delivery so large that it was not even received: raise Invalid, with a receipt kept."""
        error = too_large("more than anybody waits for")
        draft = Receipt(
            id=0, at=0, vendor="", images=(), signature=signature.NONE, decision="", reason="",
            body="", headers=kept_headers(headers),
        )  # fmt: skip
        self._keep(draft, "invalid", error.message)
        raise error

    def replay(self, receipt: int, actor: str) -> Receipt:
        """Look again at what an earlier delivery named, now, in this thread; a person vouches for its signature.

        Raise NotFound; Invalid if nobody can read it, with a receipt kept.
        """
        old = self.store.receipts.get(receipt)
        draft = Receipt(
            id=0, at=0, vendor="", images=(), signature=old.signature, decision="", reason="",
            body=old.body, headers=old.headers, replay_of=old.id,
        )  # fmt: skip
        headers = dict(old.headers)
        try:
            delivery = read(headers, parse({}, old.body.encode()))
        except Invalid as error:
            self._keep(draft, "invalid", f"Replayed by {actor}: {error.message}")
            raise
        if not delivery.images:
            return self._take(draft, delivery)
        fresh = self._keep(_of(draft, delivery), LOOKING, f"Replayed by {actor}: asking the registry")
        try:
            asking = self._asking(fresh, delivery.digests)
            asking.take(self._ask(fresh.images), self.clock())
            self._note([asking], [])
        except Unavailable as error:
            self._write([fresh], "failed", error.message)
        return self.store.receipts.get(fresh.id)

    def _check_signature(self, checked: str) -> None:
        required = self.store.preferences.get().webhook_signature
        if checked == signature.VALID or (checked == signature.NONE and not required):
            return
        if self.store.secrets.get(SIGNING) is None:
            raise Forbidden("Deliveries must be signed, but no signing key is set: set one", code="no_signing_key")
        raise Forbidden(
            "Deliveries must be signed with the key that is set here, and this one is "
            + ("not signed" if checked == signature.NONE else "signed with another"),
            code="signature",
        )

    def _take(self, draft: Receipt, delivery: Delivery) -> Receipt:
        named = _of(draft, delivery)
        if not delivery.images:
            ping = delivery.event == "ping"
            reason = (
                "The webhook works" if ping else f"“{delivery.event[:60]}” names no image by a tag: nothing to look at"
            )
            return self._keep(named, "ping" if ping else "ignored", reason)
        receipt = self._keep(named, LOOKING, "Asking the registry")
        if not self.looks.submit(receipt):
            self._write([receipt], "failed", "Too many deliveries wait: the poller will see it, or replay this one")
            raise Unavailable("Too many deliveries wait: send it again later", code="too_many", retry_after=10)
        return receipt

    # ---- looking

    def _look(self, receipts: list[Receipt]) -> list[tuple[Receipt, float]]:
        """Look once for receipts that name the same images, and settle them but for those to be looked at again
        (with when); raise Unavailable to be asked again.
        """
        looked, now = self._ask(receipts[0].images), self.clock()
        done, again = [], []
        for receipt in receipts:
            asking = self._under_way.get(receipt.id) or self._asking(receipt, _digests(receipt))
            due = asking.take(looked, now)
            if due is None:
                done.append(asking)
            else:
                again.append((asking, due))
        self._note(done, [asking for asking, _ in again])
        return [(asking.receipt, due) for asking, due in again]

    def _asking(self, receipt: Receipt, digests: Mapping[str, str]) -> Asking:
        """One of a clock that was put back since has come just now."""
        age = max(0.0, self.store.database.clock() - receipt.at)
        return Asking(receipt, digests, self.clock() - age)

    def _ask(self, images: tuple[str, ...]) -> dict[str, Looked]:
        found = {}
        for text in images:
            try:
                found[text] = looked(self._newcomers.look(parse_image(text)))
            except (Unavailable, Stopped):
                raise
            except ForgeError as error:
                found[text] = Looked(Summary("failed", f"{text}: {error.message}"))
        return found

    def _note(self, done: list[Asking], again: list[Asking]) -> None:
        """Settle the receipts that are done. That Forge asks again is said once: a burst has many of them."""
        new = [asking for asking in again if asking.receipt.id not in self._under_way]
        if done or new:
            with self.store.database.change() as change:
                for asking in done:
                    self.store.receipts.settle(change, asking.receipt, asking.best.decision, asking.best.text)
                for asking in new:
                    reason = f"{asking.best.text}. Forge asks again for some seconds."
                    self.store.receipts.settle(change, asking.receipt, LOOKING, reason)
        self._under_way.update({asking.receipt.id: asking for asking in new})
        self._forget(asking.receipt for asking in done)

    def _forget(self, receipts: Iterable[Receipt]) -> None:
        for receipt in receipts:
            self._under_way.pop(receipt.id, None)

    def _later(self, receipts: list[Receipt], error: Unavailable, wait: float) -> None:
        self._write(receipts, LOOKING, f"{error.message} Forge asks again in {wait:.0f} s.")

    def _give_up(self, receipts: list[Receipt], error: Unavailable) -> None:
        self._write(receipts, "failed", f"{error.message} Forge gave up: the poller will see it, or replay this one.")
        self._forget(receipts)

    def _keep(self, draft: Receipt, decision: str, reason: str) -> Receipt:
        keep = self.store.preferences.get().receipts
        with self.store.database.change() as change:
            return self.store.receipts.add(change, replace(draft, decision=decision, reason=reason), keep)

    def _write(self, receipts: list[Receipt], decision: str, reason: str) -> None:
        with self.store.database.change() as change:
            for receipt in receipts:
                self.store.receipts.settle(change, receipt, decision, reason)

    def _unfinished(self) -> list[Receipt]:
        """Receipts that nobody settled, the oldest first."""
        found: list[Receipt] = []
        before: int | None = None
        while page := self.store.receipts.page(before=before, limit=50):
            found += [receipt for receipt in page if receipt.decision == LOOKING]
            before = page[-1].id
        return found[::-1]


def _of(draft: Receipt, delivery: Delivery) -> Receipt:
    return replace(draft, vendor=delivery.vendor, images=tuple(str(image) for image in delivery.images))


def _digests(receipt: Receipt) -> Mapping[str, str]:
    """What the delivery of a receipt said that its tags mean."""
    try:
        return read(dict(receipt.headers), parse({}, receipt.body.encode())).digests
    except Invalid:
        return {}


def _settings_changed(name: str, now: float, actor: str) -> Event:
    return Event(type="settings_changed", payload={"names": [name]}, at=now, actor=actor)
