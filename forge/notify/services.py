"""Over a hundred services by their Apprise URLs. The library is heavy (30 MB, half a second): it is imported with the
first use, and kept from logging, which would show addresses.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forge.domain.errors import Invalid
from forge.domain.notification import Answer, NoticeLevel
from forge.domain.secret import Secret
from forge.notify.message import Message
from forge.notify.reach import within
from forge.notify.scrub import scrubbed

# Of the machine that Forge runs on, or in need of a program there.
_OF_THIS_MACHINE = frozenset({"dbus", "qt", "kde", "glib", "gnome", "macosx", "windows", "syslog", "blink1"})
_SCHEME = re.compile(r"([a-z][a-z0-9]{1,30})://", re.IGNORECASE)
_STATUS = re.compile(r"\berror=(\d{3})\b")


@dataclass(frozen=True, slots=True)
class AppriseSender:
    """`through` are the proxies of the environment."""

    through: Callable[[], frozenset[tuple[str, int]]] = frozenset

    def send(self, address: Secret, message: Message, *, local: bool) -> Answer:
        """Try once. Raises nothing that the other side could cause."""
        began = time.monotonic()
        with within(local=local, through=self.through()) as bounds:
            try:
                ok, said = _notify(address, message)
            except Exception as error:  # noqa: BLE001  over a hundred plugins: one may not end the courier
                ok, said = False, f"{type(error).__name__}: {error}"
        if bounds.refused is not None:
            ok, said = False, bounds.refused
        else:
            said = scrubbed(said, address)
        code = _STATUS.search(said)
        return Answer(
            ok=ok, text=said or "It was taken", code=int(code[1]) if code else None,
            milliseconds=(time.monotonic() - began) * 1000,
        )  # fmt: skip


def check_address(address: Secret) -> str:
    """The scheme of an Apprise URL that Apprise takes; raise Invalid, without repeating the address."""
    found = _SCHEME.match(address.reveal().strip())
    if found is None:
        raise _wrong("An Apprise URL begins with its service, such as ntfys://host/topic or slack://…")
    scheme = found[1].lower()
    if scheme in _OF_THIS_MACHINE:
        raise _wrong(f"{scheme}:// would show the message on the machine that Forge runs on: nobody looks there")
    try:
        service = _service(address)
    except Exception as error:  # noqa: BLE001  its own kinds, and whatever a plugin meets in a strange URL
        raise _wrong(f"Apprise does not take this {scheme}:// URL: {scrubbed(str(error), address)}") from None
    if service is None:
        known = scheme in services()
        raise _wrong(
            f"Apprise cannot read this {scheme}:// URL: compare it with its documentation, or it needs a library "
            "that Forge does not have"
            if known
            else f"Apprise knows no service {scheme}://: look it up in its documentation"
        )
    return scheme


def services() -> frozenset[str]:
    """The schemes that Apprise knows, also those whose library is not here."""
    manager = _library().NotificationManager()
    return frozenset(manager.schemas(include_disabled=True))


def _notify(address: Secret, message: Message) -> tuple[bool, str]:
    library, service = _library(), _service(address)
    if service is None:
        return False, "Apprise cannot read this URL any more: enter it anew"
    sender = library.Apprise(asset=service.asset)
    sender.add(service)
    result = sender.notify(
        title=message.notice.title,
        body=message.text or message.notice.title,  # without one nothing would be sent
        notify_type=getattr(library.NotifyType, _TYPES[message.notice.level]),
        body_format=library.NotifyFormat.TEXT,
    )
    said = [entry.message for one in result.results for attempt in one.attempts for entry in attempt.logs]
    return bool(result), " ".join(said) or ("" if result else "The service did not take it, and did not say why")


_TYPES = {
    NoticeLevel.GOOD: "SUCCESS",
    NoticeLevel.INFO: "INFO",
    NoticeLevel.WARNING: "WARNING",
    NoticeLevel.BAD: "FAILURE",
}


def _service(address: Secret) -> Any:
    """The service of an Apprise URL; None if it cannot be read. Raises what Apprise raises."""
    library = _library()
    asset = library.AppriseAsset(
        app_id="Forge", app_desc="Forge", app_url="", secure_logging=True, async_mode=False,
        storage_mode=library.PersistentStoreMode.MEMORY, plugin_paths=[],
    )  # fmt: skip
    return library.Apprise.instantiate(address.reveal().strip(), asset=asset, suppress_exceptions=False)


def _library() -> Any:
    logger = logging.getLogger("apprise")
    if logger.propagate:
        logger.propagate = False  # it names addresses; what it says of an attempt comes back with its result
        logger.addHandler(logging.NullHandler())
    import apprise  # noqa: PLC0415

    return apprise


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, fields={"address": sentence})
