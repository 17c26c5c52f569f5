"""Follows the running Forge for the window: deploys under way, those that ended, and what closing means."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from forge.desktop.deploys import Deploys
from forge.desktop.lines import Line
from forge.desktop.words import Words
from forge.domain.deploy import UNDER_WAY
from forge.domain.errors import ForgeError

_log = logging.getLogger(__name__)


class Board(Protocol):
    """The running Forge, as the command line speaks with it."""

    address: Any

    def get(self, path: str, **query: Any) -> Any: ...
    def post(self, path: str, body: Any = None, **query: Any) -> Any: ...


Event = dict[str, Any]


class Watch:
    """`say` takes what the window is to be told. It outlives windows: a new one is told what is `known`."""

    def __init__(self, words: Words, say: Callable[..., None]) -> None:
        self._deploys, self._say = Deploys(words), say
        self._close_to_tray = False
        self._stopped = threading.Event()

    def start(self, board: Board, follow: Callable[[Any], Iterator[Event]]) -> None:
        """Know the present before anybody can close the window, then follow."""
        self._load(board)
        threading.Thread(target=self._run, args=(board, follow), name="watch", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def known(self) -> tuple[Line, ...]:
        """What a window is to be told before it shows anything."""
        return (
            {"do": "prefer", "close_to_tray": self._close_to_tray},
            {"do": "deploys", "under_way": self._deploys.named()},
        )

    def _run(self, board: Board, follow: Callable[[Any], Iterator[Event]]) -> None:
        try:
            for event in follow(board):
                if self._stopped.is_set():
                    return
                self._hear(board, event)
        except ForgeError as error:
            _log.info("The window hears no more of deploys: %s", error.message)

    def _hear(self, board: Board, event: Event) -> None:
        match event["type"]:
            case "hello" | "resync":
                self._load(board)
            case "settings_changed":
                self._prefer(board)
            case "deploy_status":
                notice = self._deploys.hear(event["payload"])
                if notice is not None:
                    self._say(do="notify", title=notice.title, text=notice.text)
            case _:
                return
        for line in self.known():
            self._say(**line)

    def _load(self, board: Board) -> None:
        self._deploys.load([one for status in sorted(UNDER_WAY) for one in board.get("deploys", status=status)])
        self._prefer(board)

    def _prefer(self, board: Board) -> None:
        self._close_to_tray = bool(board.get("settings").get("close_to_tray"))
