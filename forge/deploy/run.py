"""A deploy under way: what its steps share, say and keep."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from forge.deploy.measure import Meter
from forge.domain.deploy import Deploy
from forge.domain.errors import ForgeError
from forge.domain.events import Event, deploy_topic
from forge.domain.instance import Instance, who_answers
from forge.domain.project import Project
from forge.domain.route import Route
from forge.domain.secret import Secret
from forge.domain.stage import Stage
from forge.log import redact
from forge.ports import Engine, ImageFacts, LayerProgress, Proxy, Registry
from forge.store.store import Store

_LOOK_EVERY = 0.25  # seconds between looks at whether cancelling was asked for
_PROGRESS_EVERY = 0.25
_PROBES_KEPT = 200


class Cancelled(ForgeError):
    """A person asked to cancel."""

    code = "cancelled"


class Interrupted(ForgeError):
    """Forge is closing: the journal stays as it is, the next start takes the deploy back."""

    code = "interrupted"


@dataclass(slots=True, kw_only=True)
class Run:
    """One deploy, its configuration as it was when asked for, and the parts that it needs.

    `engines` finds an engine by its name. `proxy` is None where people reach the instance at a port of its engine's
    machine. `secrets` are the environment's. `wait` and `say` are for steps; `checkpoint(moment)` is called after each
    effect. `replica` is the one that the step at work is about, people are led to
    the first `switched` of them.
    """

    deploy: Deploy
    project: Project
    stage: Stage
    secrets: Mapping[str, Secret]
    home: str
    store: Store
    engine: Engine
    engines: Callable[[str], Engine]
    registry: Registry
    proxy: Proxy | None
    closing: threading.Event
    monotonic: Callable[[], float] = time.monotonic
    new_id: Callable[[], str]
    checkpoint: Callable[[str], None] = lambda _: None
    replica: int = 1
    switched: int = 0
    image: ImageFacts | None = None  # once the engine has it
    engine_left: bool = False  # the engine went away under the deploy: no fault of the image
    meter: Meter | None = None  # from before the switch until the bake's end
    probes: list[dict[str, object]] = field(default_factory=list)
    _layers: dict[str, LayerProgress] = field(default_factory=dict)
    _told: float = 0

    # ---- saying

    def say(self, text: str, level: str = "info") -> None:
        """A line of the deploy's log."""
        with self.store.database.change() as change:
            self.store.deploys.log(change, self.deploy, text, level)

    def keep(self, **changes: object) -> None:
        """Change the deploy and write it down."""
        self.deploy = replace(self.deploy, **changes)  # type: ignore[arg-type]
        with self.store.database.change() as change:
            self.store.deploys.save(change, self.deploy)

    def progress(self, layer: LayerProgress) -> None:
        """Tell how far the pull is; at most a few times a second, and not kept."""
        self._layers[layer.id] = layer
        now = self.monotonic()
        if now - self._told >= _PROGRESS_EVERY:
            self._told = now
            self.tell_layers()

    def tell_layers(self) -> int:
        """Tell all layers as they are now; how many there are."""
        if self._layers:
            layers = [msgspec.to_builtins(layer) for layer in self._layers.values()]
            self.store.database.announce(
                Event(
                    type="deploy_progress",
                    payload={"deploy": self.deploy.id, "layers": layers},
                    at=self.store.database.clock(),
                    topic=deploy_topic(self.deploy.id),
                    project=self.project.name,
                    stage=self.stage.name,
                )
            )
        return len(self._layers)

    def probed(self, text: str, healthy: bool | None) -> None:
        """Keep a health probe with the deploy; what an image says of itself may hold its secrets."""
        text = redact(text)
        self.probes.append({"at": self.store.database.clock(), "healthy": healthy, "text": text})
        del self.probes[:-_PROBES_KEPT]  # the newest say why it failed
        with self.store.database.change() as change:
            self.store.deploys.log(change, self.deploy, text, "probe", healthy=healthy)

    # ---- measuring

    def start_meter(self) -> None:
        """Begin to ask through the proxy, as people do; nothing without one."""
        candidate, proxy, path = self.candidate(), self.proxy, self.project.health.path
        route = self.route_to([candidate])
        if proxy is None or route is None:
            return
        self.meter = Meter(
            ask=lambda: proxy.ask(route, path or "/"),
            clock=self.monotonic,
            new=route.target,
            known={one.target: one.id for one in (*self.replaced(), candidate) if one.target},
            lenient=path is None,
        )
        self.meter.start()

    def keep_measured(self) -> None:
        """Write down what was measured so far."""
        if self.meter is not None and self.meter.found != self.deploy.measured:
            self.keep(measured=self.meter.found)

    def end_meter(self) -> None:
        """Ask no more."""
        if self.meter is not None:
            self.meter.end()

    # ---- waiting

    def cancelled(self) -> bool:
        """Whether going on makes no sense: a person cancelled, or Forge is closing."""
        return self.closing.is_set() or self.store.deploys.cancel_asked(self.deploy.id)

    def check(self) -> None:
        """Raise Interrupted or Cancelled."""
        if self.closing.is_set():
            raise Interrupted("Forge is closing")
        if self.store.deploys.cancel_asked(self.deploy.id):
            raise Cancelled("Cancelled by a person")

    def wait(self, seconds: float) -> None:
        """Sleep, but not past being cancelled or closed."""
        end = self.monotonic() + seconds
        self.check()
        while (left := end - self.monotonic()) > 0:
            self.closing.wait(min(left, _LOOK_EVERY))
            self.check()

    # ---- what it is about

    def candidate(self) -> Instance:
        """The instance that this deploy makes, of several the one at work."""
        made = {one.replica: one for one in self.candidates()}
        return made.get(self.replica) or self.store.instances.get(self.deploy.instance or "")

    def candidates(self) -> list[Instance]:
        """All that this deploy makes, by replica; none before they are noted."""
        return self.store.instances.of_deploy(self.deploy.id) if self.deploy.instance else []

    def replaced(self) -> list[Instance]:
        """What served before, and does until this deploy is live, by replica."""
        if self.deploy.replaces is None:
            return []
        serving = self.store.instances.serving(self.project.name, self.stage.name)
        old = [one for one in serving if one.slot == self.deploy.slot and one.deploy != self.deploy.id]
        return sorted(old, key=lambda one: one.replica)

    def engine_of(self, instance: Instance) -> Engine:
        """Where an instance is: its project may have moved to another engine since. Raise NotFound."""
        return self.engine if instance.engine == self.project.engine else self.engines(instance.engine)

    def route_to(self, instances: Sequence[Instance]) -> Route | None:
        """Where people would reach `instances`, by the domain of the first; None without a proxy."""
        domain = instances[0].domain if instances else None
        targets = who_answers(one for one in instances if one.domain == domain)
        if self.proxy is None or domain is None or not targets:
            return None
        return Route(domain, targets, self.project.route)

    def route(self) -> Route | None:
        """Where people are led now: to the new ones that were switched to, and to the old ones whose turn is still to
        come; the last one's turn is that of all that are left.
        """
        made, old = self.candidates(), self.replaced()
        left = [one for one in old if one.replica > self.switched] if self.switched < len(made) else []
        return self.route_to([*made[: self.switched], *left])

    def put(self, instance: Instance) -> Instance:
        """Write an instance down."""
        with self.store.database.change() as change:
            return self.store.instances.put(change, instance)
