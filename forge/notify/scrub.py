"""What the other side says, without any part of the address: that may hold a token, and an answer may repeat it."""

from __future__ import annotations

import re
from urllib.parse import unquote

from forge.domain.secret import Secret
from forge.log import HIDDEN

_BETWEEN = re.compile(r"[\s/:@?&=#,;+]+")
_SHORTEST = 4  # characters of a part that is looked for
_LONGEST = 300  # characters that are shown


def scrubbed(text: str, address: Secret, *more: Secret) -> str:
    """One line of `text` in which nothing of the address is left, plain or as a URL writes it, nor of `more`."""
    whole = address.reveal().strip()
    service, _, rest = whole.partition("://")
    forms = {rest, unquote(rest)}
    parts = {part for form in forms for part in _BETWEEN.split(form) if len(part) >= _SHORTEST}
    parts |= {whole, *forms, *(secret.reveal() for secret in more)}
    for part in sorted(parts - {service, ""}, key=len, reverse=True):
        text = re.sub(re.escape(part), HIDDEN, text, flags=re.IGNORECASE)
    return " ".join(text.split())[:_LONGEST]
