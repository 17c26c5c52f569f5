"""The measured switch: Forge's own requests through the proxy, from before the switch until the bake's end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from forge.domain.errors import ForgeError
from forge.domain.route import Target
from forge.domain.stage import LATEST, Tolerance
from forge.ports import Answer

EVERY = 0.25  # seconds between requests
_NEWS = 20  # failures that are told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the requests met. `slowest` in milliseconds; `switched`: milliseconds from the order to the proxy until the
    new instance was first seen to answer through it, None: not yet. `by_old`, `by_new`: how many each has answered.
    """

    sent: int = 0
    failed: int = 0
    slowest: float = 0
    switched: float | None = None
    by_old: int = 0
    by_new: int = 0

    def __str__(self) -> str:
        """`0 of 214 requests failed, switched in 84 ms`."""
        took = "not seen to switch" if self.switched is None else f"switched in {self.switched:.0f} ms"
        return f"{self.failed} of {self.sent} requests failed, {took}"


@dataclass(slots=True, kw_only=True)
class Meter:
    """Asks in a thread of its own, so that it also sees what the steps wait for. `ask` raises ForgeError where no
    answer came. `lenient`: a server error of an instance is no failure, as nobody knows what the path should say.
    """

    ask: Callable[[], Answer]
    clock: Callable[[], float]
    old: Target | None
    new: Target
    lenient: bool
    _found: Measured = field(default_factory=Measured)
    _latest: deque[bool] = field(default_factory=lambda: deque(maxlen=LATEST))
    _faults: list[str] = field(default_factory=list)
    _newest: str = ""
    _ordered: float | None = None
    _confirmed: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Begin to ask; `end` is owed."""
        threading.Thread(target=self._go_on, name="meter", daemon=True).start()

    def order(self) -> None:
        """The proxy is told now: from here on a failure is the switch's, and time counts."""
        with self._lock:
            self._ordered = self.clock()

    def confirm(self, answer: Answer) -> None:
        """The new instance was seen to answer; from here on failures may take it back."""
        with self._lock:
            self._see_switch(answer)
            self._confirmed, self.lenient = True, self.lenient and answer.status >= 500

    def end(self) -> Measured:
        """Ask no more; who is still waited for is not counted."""
        self._ended.set()
        with self._lock:
            return self._found

    def news(self) -> list[str]:
        """Failures that were not told yet, a sentence each."""
        with self._lock:
            told, self._faults = self._faults, []
            return told

    def excess(self, tolerance: Tolerance) -> str:
        """The sentence if more requests failed than is tolerated, "" if not."""
        with self._lock:
            failed, asked = sum(self._latest), len(self._latest)
            if failed < tolerance.least or failed * 100 <= tolerance.share * asked:
                return ""
            return f"{failed} of the latest {asked} requests through the proxy failed: {self._newest}"

    # ---- the meter's thread

    def _go_on(self) -> None:
        while not self._ended.is_set():
            try:
                answer: Answer | None = self.ask()
                fault = self._fault(answer) if answer else ""
            except ForgeError as error:
                answer, fault = None, error.message
            self._count(answer, fault)
            self._ended.wait(EVERY)

    def _fault(self, answer: Answer) -> str:
        if answer.target is None:
            return f"{answer.status} from the proxy itself"
        if answer.status >= 500 and not self.lenient and answer.target != self.old:
            return f"{answer.status} from {'the new instance' if answer.target == self.new else answer.target}"
        return ""

    def _count(self, answer: Answer | None, fault: str) -> None:
        with self._lock:
            if self._ended.is_set() or (fault and self._ordered is None):
                return  # what failed before the switch is not its fault
            found = self._found
            self._found = replace(
                found,
                sent=found.sent + 1,
                failed=found.failed + bool(fault),
                slowest=max(found.slowest, answer.milliseconds if answer else 0),
                by_old=found.by_old + (answer is not None and answer.target == self.old is not None),
                by_new=found.by_new + (answer is not None and answer.target == self.new),
            )
            if answer is not None:
                self._see_switch(answer)
            if self._confirmed:
                self._latest.append(bool(fault))
            if fault:
                self._newest = fault
                if self._found.failed <= _NEWS:
                    self._faults.append(fault)

    def _see_switch(self, answer: Answer) -> None:
        if answer.target == self.new and self._ordered is not None and self._found.switched is None:
            took = (self.clock() - self._ordered) * 1000
            self._found = replace(self._found, switched=took)
