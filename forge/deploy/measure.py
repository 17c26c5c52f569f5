"""The measured switch: Forge's own requests through the proxy, from before the switch until the bake's end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from forge.domain.deploy import Measured
from forge.domain.errors import ForgeError
from forge.domain.route import Target
from forge.domain.stage import LATEST, Tolerance
from forge.ports import Answer

EVERY = 0.25  # seconds between requests
_HANGS = 3.0  # seconds; what fails sooner without an answer is a proxy that is away, and going back mends nothing
_NEWS = 20  # failures that are told one by one


@dataclass(slots=True, kw_only=True)
class Meter:
    """Asks in a thread of its own, so that it also sees what the steps wait for. `ask` raises ForgeError where no
    answer came. `new`: who shall answer, of several replicas the one whose turn it is; `known`: the ids of the new and
    of the old instances. `lenient`: a server error
    of an instance is no failure, as nobody knows what the path should say. `found` is what was measured so far;
    `lost`: the proxy itself answered last, as one does that knows no such route.
    """

    ask: Callable[[], Answer]
    clock: Callable[[], float]
    new: Target
    known: dict[Target, str]
    lenient: bool
    found: Measured = field(default_factory=Measured)
    lost: bool = False
    _latest: deque[bool] = field(default_factory=lambda: deque(maxlen=LATEST))
    _faults: list[str] = field(default_factory=list)
    _newest: str = ""
    _ordered: float | None = None
    _fresh: set[Target] = field(default_factory=set)
    _switched: bool = False
    _confirmed: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Begin to ask; `end` is owed."""
        threading.Thread(target=self._go_on, name="meter", daemon=True).start()

    def order(self, new: Target, id: str) -> None:
        """The proxy is told now to lead people to `new`: from here on a failure is the switch's, and time counts."""
        with self._lock:
            self.new, self.known = new, {**self.known, new: id}
            self._fresh.add(new)
            self._ordered, self._switched = self.clock(), False

    def once(self) -> tuple[Answer | None, str]:
        """Ask and count: the answer, and what is wrong with it, "" if nothing is."""
        began, judged = self.clock(), True
        try:
            answer: Answer | None = self.ask()
            fault = self._fault(answer) if answer else ""
        except ForgeError as error:
            answer, fault, judged = None, error.message, self.clock() - began >= _HANGS
        self._count(answer, fault, judged=judged)
        return answer, fault

    def confirm(self, answer: Answer) -> None:
        """The new instance was seen to answer so; from here on failures may take it back."""
        with self._lock:
            self._confirmed, self.lenient = True, self.lenient and answer.status >= 500

    def end(self) -> None:
        """Ask no more; who is still waited for is not counted."""
        self._ended.set()

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

    # ---- parts

    def _go_on(self) -> None:
        while not self._ended.is_set():
            self.once()
            self._ended.wait(EVERY)

    def _fault(self, answer: Answer) -> str:
        if answer.target is None:
            return f"{answer.status} from the proxy itself"
        is_new = answer.target in {self.new, *self._fresh}
        is_old = answer.target in self.known and not is_new
        if answer.status >= 500 and not self.lenient and not is_old:
            return f"{answer.status} from {'the new instance' if is_new else answer.target}"
        return ""

    def _count(self, answer: Answer | None, fault: str, *, judged: bool) -> None:
        with self._lock:
            if self._ended.is_set() or (fault and self._ordered is None):
                return  # what failed before the switch is not its fault
            self.found = self._with(answer, failed=bool(fault))
            self.lost = answer is not None and answer.target is None and answer.status < 500
            if self._confirmed and judged:
                self._latest.append(bool(fault))
            if fault:
                self._newest = fault
                if self.found.failed <= _NEWS:
                    self._faults.append(fault)

    def _with(self, answer: Answer | None, *, failed: bool) -> Measured:
        found = replace(self.found, sent=self.found.sent + 1, failed=self.found.failed + failed)
        if answer is None:
            return found
        took = found.switch
        if answer.target == self.new and not failed and not self._switched and self._ordered is not None:
            self._switched = True
            took = max(took or 0, (self.clock() - self._ordered) * 1000)
        return replace(
            found,
            slowest=max(found.slowest or 0, answer.milliseconds),
            switch=took,
            answered_by=self.known.get(answer.target, found.answered_by) if answer.target else found.answered_by,
        )
