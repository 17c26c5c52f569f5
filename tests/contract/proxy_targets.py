"""Two targets that say who they are and what they were asked."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.small_server import Asked, Told


def who(name: str) -> Callable[[Asked], Told]:
    def answer(asked: Asked) -> Told:
        # a target that claims to be another must not be believed
        lies = {"X-Forge-Target": "10.9.9.9:1"}
        if asked.path.startswith("/slow"):
            time.sleep(0.5)
        if asked.path == "/long":
            return Told(200, b"x" * 1_000_000, lies)
        if asked.path == "/socket":
            return Told(101, b"", {"Upgrade": "websocket", "Connection": "Upgrade"})
        if asked.path == "/moved":
            return Told(302, b"", {**lies, "Location": "/elsewhere"})
        return Told(418 if "/teapot" in asked.path else 200, f"{name} {asked.path}".encode(), lies)

    return answer
