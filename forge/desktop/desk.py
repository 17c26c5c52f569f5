"""`forge` as it is started by a double click: server, window, and what happens when there can be no window."""

from __future__ import annotations

import contextlib
import logging
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from forge.desktop import process, system
from forge.desktop.bundle import tidied
from forge.desktop.doorbell import Doorbell
from forge.desktop.hosted import hosted
from forge.desktop.lines import Line
from forge.desktop.watch import Board, Watch
from forge.desktop.words import Words
from forge.domain.errors import ForgeError
from forge.settings import Settings, prepare

_log = logging.getLogger(__name__)
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_HEARTBEAT = 0.5  # seconds: a queue without a time-out cannot be interrupted on Windows
_CRASHES = 2  # windows that may end by themselves until the browser takes over
_LASTING = 60.0  # seconds: one that stood so long is no reason to give up


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What is around the desk: the way to the running Forge, its events without end, the terminal, the system."""

    connect: Callable[[], Board]
    follow: Callable[[Any], Iterator[dict[str, Any]]]
    say: Callable[[str], None]
    open_browser: Callable[[str], bool] = system.open_browser
    open_path: Callable[[Any], bool] = system.open_path
    has_display: Callable[[], bool] = system.has_display
    window: Callable[..., process.Window] = process.Window


def run(settings: Settings, outside: Outside, words: Words) -> None:
    """Until the window is closed, or a signal comes. Raise ForgeError."""
    prepare(settings)
    bell = Doorbell(settings.data)
    if not bell.take_or_ring():
        return
    folder = settings.data / "window"
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        with tidied(folder / "unpacked"):
            Desk(settings, outside, words).run(bell)
    finally:
        bell.close()


class Desk:
    """Everything that happens comes through one queue, and is done by the main thread."""

    def __init__(self, settings: Settings, outside: Outside, words: Words) -> None:
        self._settings, self._outside = settings, outside
        self._folder = settings.data / "window"
        self._queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._watch = Watch(words, lambda **line: self._queue.put(lambda: self._tell(**line)))
        self._window: process.Window | None = None
        self._why = ""  # there is no window
        self._crashes = 0
        self._ours = False
        self._served = self._done = False

    def run(self, bell: Doorbell) -> None:
        with self._signals():
            bell.answer(lambda: self._queue.put(self._come_forward))
            self._open_window()
            try:
                with hosted(self._settings, self._folder) as self._ours:
                    self._serve()
            except ForgeError as error:
                self._say_in_window(error)
                raise
            finally:
                self._watch.stop()
                if self._window is not None:
                    self._window.end()

    def _serve(self) -> None:
        self._board = self._outside.connect()
        self._served = True
        self._watch.start(self._board, self._outside.follow)
        if self._window is not None:
            self._show_board()
        else:
            self._without_window()
        self._go_on()

    def _go_on(self, more: Callable[[], bool] = lambda: True) -> None:
        while more() and not self._done:
            with contextlib.suppress(queue.Empty):
                self._queue.get(timeout=_HEARTBEAT)()

    # ---- the window

    def _open_window(self, environment: Mapping[str, str] | None = None) -> None:
        if not self._outside.has_display():
            self._why = "there is no display"
            return

        def hear(line: Line) -> None:
            self._queue.put(lambda: self._hear(line))

        def ended(code: int) -> None:
            self._queue.put(lambda: self._ended(window, code))

        self._opened = time.monotonic()
        window = self._window = self._outside.window(
            process.command(self._settings.data), self._folder / "window.log",
            hear=hear, ended=ended, environment=environment,
        )  # fmt: skip

    def _show_board(self) -> None:
        for line in self._watch.known():
            self._tell(**line)
        self._tell(do="go", url=self._link(), address=self._board.address.url, ours=self._ours)

    def _tell(self, **line: Any) -> None:
        if self._window is not None:
            self._window.say(**line)

    def _hear(self, line: Line) -> None:
        if line.get("is") == "closed":
            self._done = True
        elif "no" in line:
            self._why, self._crashes = str(line["no"]), _CRASHES
        elif "want" in line:
            threading.Thread(target=self._want, args=(line,), name="want", daemon=True).start()

    def _ended(self, window: process.Window, code: int) -> None:
        """Closed by somebody, or fallen over: then once more, drawn without the graphics card."""
        if window is not self._window or self._done:
            return
        self._window = None
        if time.monotonic() - self._opened > _LASTING:
            self._crashes = 0
        self._crashes += 1
        self._why = self._why or f"it ended with {code}: {window.last_words()}".rstrip(": ")
        _log.warning("The window is gone: %s", self._why)
        if self._crashes < _CRASHES:
            self._why = ""
            self._open_window(process.SOFTWARE)
            if self._served:
                self._show_board()
        elif self._served:
            self._without_window()

    def _say_in_window(self, error: ForgeError) -> None:
        """Whoever started Forge by a double click has no terminal: the sentence stays until the window is closed."""
        self._tell(do="fail", why=error.message)
        self._go_on(lambda: self._window is not None)

    # ---- without a window

    def _without_window(self) -> None:
        """One sentence, and the browser instead; where there is none, a link."""
        ends = " Ctrl-C ends Forge." if self._ours else ""
        if self._outside.open_browser(self._link()):
            where = f"it is open in the browser, at {self._board.address.url}."
        else:
            where = (
                f"open {self._link(own=False)} in a browser (good once, for two minutes; `forge open` makes another)."
            )
        self._outside.say(f"Forge has no window ({self._why}): {where}{ends}")
        self._done = not self._ours

    def _come_forward(self) -> None:
        """Forge was started once more."""
        if self._window is not None:
            self._tell(do="front")
        elif self._served:
            self._without_window()

    # ---- what the window wants

    def _want(self, line: Line) -> None:
        """In a thread of its own: programs of the system take their time."""
        try:
            self._do(line)
        except ForgeError as error:
            _log.warning("The window wants something, and %s", error.message)

    def _do(self, line: Line) -> None:
        match line:
            case {"want": "browser"} if self._served:
                self._outside.open_browser(self._link())
            case {"want": "open", "url": str(url)} if url.startswith(("http://", "https://", "mailto:")):
                self._outside.open_browser(url)
            case {"want": "folder"}:
                self._outside.open_path(self._settings.data)
            case {"want": "log"}:
                self._outside.open_path(self._settings.log_file)
            case _:
                _log.warning("The window wants something that is not known: %s", line.get("want"))

    def _link(self, *, own: bool = True) -> str:
        """It signs one browser in, once; `own`: of this user, as the machine's others see what a program is given."""
        return f"{self._board.address.url}{self._board.post('session/ticket', {'own': own})['path']}"

    @contextmanager
    def _signals(self) -> Iterator[None]:
        numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
        before = {number: signal.signal(number, lambda *_: self._queue.put(self._end)) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self) -> None:
        self._done = True
