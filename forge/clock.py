"""A clock that does not jump: unix seconds as they were when Forge began, and what has passed since."""

from __future__ import annotations

import time

_BEGAN = time.time() - time.monotonic()


def steady() -> float:
    """For how long something is to be waited for: the machine's own clock is set now and then, by hours even.

    What people set by the wall's clock (windows, the hour of a backup) and what outlives Forge is no use of it.
    """
    return _BEGAN + time.monotonic()
