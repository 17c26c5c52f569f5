"""How the releases of Nginx Proxy Manager differ, as far as the recordings show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """`crashes`: a POST that is not allowed ends the backend, as from 2.13.0 to 2.13.6 (told by the notes beside the
    recordings; none was recorded).
    """

    major: int
    minor: int
    revision: int
    crashes: bool = False

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.revision}"

    def since(self, *version: int) -> bool:
        return (self.major, self.minor, self.revision) >= version

    @property
    def has_wizard(self) -> bool:
        """There is no user before somebody makes the first; before, there is admin@example.com."""
        return self.since(2, 13)

    @property
    def booleans(self) -> bool:
        """In answers; before, they are 0 and 1."""
        return self.since(2, 12)

    @property
    def auth(self) -> int:
        """The status of a wrong login or an expired token."""
        return 400 if self.since(2, 13) else 401

    def wrong_login(self, *, known: bool) -> dict[str, object]:
        if not self.since(2, 12):
            return {"code": 401, "message": "Invalid password" if known else "No relevant user found"}
        error: dict[str, object] = {"code": self.auth, "message": "Invalid email or password"}
        return error | ({"message_i18n": "error.invalid-auth"} if known and self.since(2, 13) else {})

    def expired(self) -> dict[str, object]:
        more = {"name": "TokenExpiredError", "message": "jwt expired", "expiredAt": "2026-11-23T07:48:05.000Z"}
        return {"code": self.auth, "message": "Token has expired"} | (
            {"message_i18n": more} if self.since(2, 13) else {}
        )

    def not_found(self, what: str) -> dict[str, object]:
        return {"code": 404, "message": f"{'Not Found' if self.since(2, 13) else 'Item Not Found'} - {what}"}

    def internal(self) -> dict[str, object]:
        return {"code": 500, "message": "Internal Error"} if self.since(2, 15) else {"message": "Internal Error"}


RECORDED = (Release(2, 11, 3), Release(2, 13, 7), Release(2, 15, 1))
CRASHING = Release(2, 13, 0, crashes=True)
