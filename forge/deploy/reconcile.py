"""Reconciling: what the engine and the proxies really have, against what is written down.

One owner per field: the deployer owns who serves and where; this owns status, exit code and restarts,
and puts back a route that a proxy lost. Containers it does not know are strangers.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from forge.deploy.adapters import Adapters, home_of
from forge.deploy.health import answers
from forge.deploy.parts import Health
from forge.deploy.restored import TakeUp, is_pending
from forge.domain.connection import EngineConnection, ProxyConnection
from forge.domain.errors import EngineError, ForgeError, NotFound, Unavailable
from forge.domain.instance import Instance, InstanceStatus, who_answers
from forge.domain.project import Project
from forge.domain.route import Route
from forge.ports import HOME_LABEL, INSTANCE_LABEL, InstanceState, Proxy
from forge.store.database import StoreUnavailable
from forge.store.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Looks at everything, or at one instance; what is under deploy is left to the deployer."""

    store: Store
    adapters: Adapters
    health: Health

    def all(self) -> None:
        """Every engine's instances and every proxy's routes; a part that is away is told and skipped."""
        for engine in self.store.connections.all(EngineConnection):
            self.engine(engine.name)
        self.routes()

    def engine(self, name: str) -> bool:
        """All instances on an engine; whether it answered. Raise StoreUnavailable."""
        asked = self.store.database.clock()
        try:
            states = self.adapters.engine(name).find({HOME_LABEL: home_of(self.store)})
        except StoreUnavailable:
            raise  # not the engine's fault
        except ForgeError as error:
            self.health.tell("engine", name, error.message)
            return False
        back = self.health.tell("engine", name, None)
        if not TakeUp(self.store, self.adapters).engine(name, states):
            return False
        found = {state.labels.get(INSTANCE_LABEL): state for state in states}
        present = [instance for instance in self.store.instances.present() if instance.engine == name]
        for instance in present:
            self._write(instance.id, found.get(instance.id), asked, full=True)
        self._remove_leftovers(name, found, {instance.id for instance in present})
        for instance in present if back else ():
            self.serve_again(instance.id)
        return True

    def serve_again(self, instance: str) -> None:
        """Look at an instance, and start it if it should serve and has ended: an engine that crashed does not."""
        self.look(instance)
        now = self.store.instances.get(instance)
        ended = now.status is InstanceStatus.STOPPED and now.serving and now.wanted
        if not ended or now.container is None or instance in self._in_hand():
            return
        try:
            self.adapters.engine(now.engine).start(now.container)
        except (EngineError, Unavailable) as error:
            _log.warning("instance %s was not started again: %s", instance, error.message)
        self.look(instance)

    def look(self, instance: str) -> None:
        """One instance, at once."""
        asked = self.store.database.clock()
        try:
            found = self.store.instances.get(instance)
            states = self.adapters.engine(found.engine).find(
                {HOME_LABEL: home_of(self.store), INSTANCE_LABEL: instance}
            )
        except StoreUnavailable:
            raise
        except (NotFound, Unavailable):
            return  # a stranger's, or the next full look will tell
        self._write(instance, states[0] if states else None, asked)

    def _write(self, instance: str, state: InstanceState | None, asked: float, *, full: bool = False) -> None:
        """What the engine said when asked at `asked` (unix seconds); an answer of a `full` look may be old by now."""
        with self.store.database.change() as change:
            now = self.store.instances.get(instance)
            if asked < now.since <= change.now and (full or state is None):  # one ahead: the clock was put back
                return  # a deploy or an event has told more since
            if now.status is not InstanceStatus.REMOVED and instance not in self._in_hand():
                self.store.instances.put(change, seen(now, state))

    def _in_hand(self) -> set[str]:
        """Instances that a deploy under way works on."""
        return self.store.instances.in_hand(self.store.deploys.under_way())

    def _remove_leftovers(self, name: str, found: dict[str | None, InstanceState], present: set[str]) -> None:
        """Containers of instances that are written down as removed: a crash came between the two."""
        for instance, state in found.items():
            if instance is None or instance in present or instance in self._in_hand():
                continue
            try:
                known = self.store.instances.get(instance)
            except NotFound:
                _log.warning("container %s says it is ours, but nothing is known of instance %s", state.name, instance)
                continue
            if known.status is InstanceStatus.REMOVED:
                self._remove(name, state)

    def _remove(self, engine: str, state: InstanceState) -> None:
        try:
            self.adapters.engine(engine).remove(state.id)
        except ForgeError as error:  # the next full look tries again
            _log.warning("container %s is left over: %s", state.name, error.message)

    # ---- routes

    def routes(self) -> None:
        """Put back routes that a proxy lost, and take away ours that lead nowhere. Raise StoreUnavailable."""
        if is_pending(self.store):
            return  # it may know more than the backup that was restored
        for connection in self.store.connections.all(ProxyConnection):
            if connection.kind == "published":
                continue
            try:
                self._proxy(connection.name)
            except StoreUnavailable:
                raise  # not the proxy's fault
            except ForgeError as error:
                self.health.tell("proxy", connection.name, error.message)
            else:
                self.health.tell("proxy", connection.name, None)

    def lead_past(self, instance: Instance) -> None:
        """People to the replicas beside it that are well; where it is alone they stay with it."""
        others = [one for one in self._serving(instance.domain) if one.id != instance.id and one.well]
        if instance.domain is None or not others:
            return
        project = self._asked_by(instance)
        try:
            self.adapters.proxy(project.proxy).point(Route(instance.domain, who_answers(others), project.route))
        except ForgeError as error:  # the next look at the routes tells
            _log.warning("%s still leads to %s: %s", instance.domain, instance.id, error.message)

    def _proxy(self, name: str) -> None:
        proxy = self.adapters.proxy(name)
        has = {route.domain: route for route in proxy.routes()}
        in_hand = self._in_hand()
        kept, serving = set(), dict[str, list[Instance]]()
        for instance in self.store.instances.present():
            if instance.domain is None:
                continue
            if instance.id in in_hand:
                kept.add(instance.domain)
            elif instance.serving and instance.target is not None and self._proxy_of(instance) == name:
                kept.add(instance.domain)
                serving.setdefault(instance.domain, []).append(instance)
        faults = []
        for domain, its in serving.items():
            if has.get(domain) != Route(domain, who_answers(its)):
                faults += self._try_to_put_back(proxy, domain, has.get(domain))
        for domain in set(has) - kept:
            proxy.remove(domain)
        if faults:
            raise faults[0]

    def _try_to_put_back(self, proxy: Proxy, domain: str, has: Route | None) -> list[ForgeError]:
        """One that is refused (a stranger has its domain) must not keep the others from people."""
        try:
            self._put_back(proxy, domain, has)
        except Unavailable:
            raise
        except ForgeError as error:
            return [error]
        return []

    def _put_back(self, proxy: Proxy, domain: str, has: Route | None) -> None:
        serving = self._serving(domain)
        if not serving or {one.id for one in serving} & self._in_hand():
            return  # a deploy took it meanwhile
        targets = who_answers(self._back_up(serving, has))
        if targets and has != Route(domain, targets):
            proxy.point(Route(domain, targets, self._asked_by(serving[0]).route))

    def _serving(self, domain: str | None) -> list[Instance]:
        return [one for one in self.store.instances.present() if one.serving and one.domain == domain and one.target]

    def _back_up(self, serving: list[Instance], has: Route | None) -> list[Instance]:
        """One of several that was away is led to again only once it answers: that it runs says less."""
        if len(serving) == 1 or has is None:
            return serving
        led = [one for one in serving if not one.well or one.target in has.targets or self._answers(one)]
        return led or serving

    def _answers(self, instance: Instance) -> bool:
        project = self._asked_by(instance)
        try:
            engine = self.adapters.engine(instance.engine)
            return engine.probe(instance.container or "", project.port, answers(project.health)).healthy is True
        except ForgeError:  # its engine's trouble is told by the look at the engine
            return False

    def _proxy_of(self, instance: Instance) -> str:
        return self._asked_by(instance).proxy

    def _asked_by(self, instance: Instance) -> Project:
        """The project as it was when the instance was made."""
        return self.store.deploys.configuration(instance.deploy).project


def seen(instance: Instance, state: InstanceState | None) -> Instance:
    """The instance with what the engine says of it now."""
    if state is None:
        return replace(instance, status=InstanceStatus.MISSING)
    status = InstanceStatus.STOPPED
    if state.status in {"running", "paused"}:
        status = InstanceStatus.UNHEALTHY if state.health == "unhealthy" else InstanceStatus.RUNNING
    elif state.status in {"created", "restarting"}:
        status = InstanceStatus.STARTING if state.status == "created" else InstanceStatus.UNHEALTHY
    return replace(
        instance,
        status=status,
        container=state.id,
        exit_code=None if state.running else state.exit_code,
        out_of_memory=state.out_of_memory,
        restarts=state.restarts,
    )
