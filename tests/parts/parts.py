"""All the real parts under one throw-away folder, each started when it is first asked for."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

from tests.parts import leftovers
from tests.parts.caddy import Caddy
from tests.parts.engine import Engine, ExistingEngine, answering
from tests.parts.nginx import Nginx
from tests.parts.registry import Registry
from tests.parts.sshd import Sshd
from tests.parts.traefik import Traefik

P = TypeVar("P", Engine, ExistingEngine, Registry, Caddy, Nginx, Sshd, Traefik)


class Parts:
    """`engine`, `registry`, `caddy`, `nginx`, `traefik`; stop() ends what was started, last first, with the folder.

    With `use_existing_engine` one that answers already is used (the demo); tests always have their own.
    """

    def __init__(self, *, use_existing_engine: bool = False) -> None:
        self._use_existing = use_existing_engine
        self._undo = ExitStack()

    @cached_property
    def folder(self) -> Path:
        """The throw-away folder."""
        folder = leftovers.new_folder()
        self._undo.callback(leftovers.remove, folder)
        return folder

    @cached_property
    def engine(self) -> Engine | ExistingEngine:
        """A Docker engine that answers; `url` is its address."""
        url = answering() if self._use_existing else None
        return self._started(ExistingEngine(url)) if url else self.private_engine

    @cached_property
    def private_engine(self) -> Engine:
        """A Docker engine of our own, which can be stopped, killed and restarted."""
        return self._started(Engine(self.folder / "engine"))

    @cached_property
    def far_engine(self) -> Engine:
        """A second one, to be reached by TLS as on another machine."""
        return self._started(Engine(self.folder / "far"))

    @cached_property
    def sshd(self) -> Sshd:
        """An SSH server beside the private engine."""
        return self._started(Sshd(self.folder / "sshd", self.private_engine.url))

    @cached_property
    def registry(self) -> Registry:
        """A registry without logins; `address` begins its images' names."""
        return self._started(Registry(self.folder / "registry"))

    @cached_property
    def caddy(self) -> Caddy:
        """A Caddy with a stranger's route."""
        return self._started(Caddy(self.folder / "caddy"))

    @cached_property
    def nginx(self) -> Nginx:
        """An nginx without hosts."""
        return self._started(Nginx(self.folder / "nginx"))

    @cached_property
    def traefik(self) -> Traefik:
        """A Traefik with a stranger's route."""
        return self._started(Traefik(self.folder / "traefik"))

    def _started(self, part: P) -> P:
        self._undo.callback(part.stop)
        part.start()
        return part

    def stop(self) -> None:
        """End all of it."""
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
