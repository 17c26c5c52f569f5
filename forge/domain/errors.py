"""Errors as sentences for a person, with a stable code for a program."""

from __future__ import annotations

from collections.abc import Mapping


class ForgeError(Exception):
    """Something a person can act on.

    `code` is stable and for programs, the message is a sentence that says what to do,
    `fields` names the inputs at fault (path → sentence).
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.fields = dict(fields or {})


class Invalid(ForgeError):
    """The input is not acceptable as it stands."""

    code = "invalid"


class NotFound(ForgeError):
    """There is no such thing."""

    code = "not_found"


class Conflict(ForgeError):
    """It cannot be done in the present state."""

    code = "conflict"


class Unauthorized(ForgeError):
    """Nobody said who is asking."""

    code = "unauthorized"


class Forbidden(ForgeError):
    """Whoever is asking may not."""

    code = "forbidden"


class Unavailable(ForgeError):
    """A part that is needed does not answer; trying again later may work.

    `retry_after` is in seconds.
    """

    code = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, fields=fields)
        self.retry_after = retry_after


class TooMany(Unavailable):
    """Whoever asks has to wait."""

    code = "too_many"


class EngineError(ForgeError):
    """The engine refused: the sentence says what it said."""

    code = "engine_error"


class EngineUnavailable(Unavailable):
    """The engine does not answer; `fault` says in a word why, for programs."""

    code = "engine_unavailable"
    fault = ""


class RegistryError(ForgeError):
    """The registry refused: wrong login, no such repository, bad answer."""

    code = "registry_error"


class RegistryUnavailable(Unavailable):
    """The registry does not answer, or asks to wait (429)."""

    code = "registry_unavailable"


class ProxyError(ForgeError):
    """The proxy refused, or answered with what we did not ask for."""

    code = "proxy_error"


class ProxyUnavailable(Unavailable):
    """The proxy does not answer."""

    code = "proxy_unavailable"
