"""Whether a delivery was signed with the key that both sides know."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from forge.domain.secret import Secret

VALID, NONE, INVALID = "valid", "none", "invalid"
_HEADERS = ("x-hub-signature-256", "x-gitea-signature", "x-forgejo-signature")


def check(headers: Mapping[str, str], body: bytes, key: Secret | None) -> str:
    """`valid`, `none` (not signed, or there is no key to check with), `invalid`.

    GitHub writes `sha256=` and HMAC-SHA256 of the raw body in hexadecimal, Gitea and Forgejo the same without
    the prefix. Every signature that is there must fit. Compared in constant time.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    given = [lowered[name].strip() for name in _HEADERS if lowered.get(name, "").strip()]
    if not given or key is None:
        return NONE
    right = hmac.new(key.reveal().encode(), body, hashlib.sha256).hexdigest().encode()
    fits = [
        hmac.compare_digest(text.removeprefix("sha256=").lower().encode("utf-8", "replace"), right) for text in given
    ]
    return VALID if all(fits) else INVALID
