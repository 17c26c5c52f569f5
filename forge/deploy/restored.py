"""The first start after a restore: what runs is taken up as it is, and nothing is started, stopped or switched for it.

The backup may be older than what runs. Which instance serves is read off the proxy, else off the engine; deploys that
went live since, and instances that they made, are written down after the fact.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from forge.deploy.adapters import Adapters
from forge.deploy.queue import Queue, environment_place
from forge.deploy.spec import domain_of, slot_of
from forge.domain.connection import ConnectionKind, ProxyConnection
from forge.domain.deploy import Deploy, DeployStatus
from forge.domain.errors import ForgeError, NotFound
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.project import Project
from forge.domain.route import Target
from forge.domain.stage import Stage, strategy_of
from forge.ports import DEPLOY_LABEL, INSTANCE_LABEL, ONCE_LABEL, PROJECT_LABEL, STAGE_LABEL, InstanceState
from forge.store.database import Change
from forge.store.deploys import Configuration
from forge.store.restore import RESTORED
from forge.store.store import Store

_log = logging.getLogger(__name__)
_WENT_LIVE = "It went live after the backup was taken that was restored, and is taken up as it runs"
_CUT_OFF = "It was under way when the backup was taken that was restored, and did not go live"
_WAITED = "It waited when the backup was taken that was restored: ask for it again if it is still wanted"


def is_pending(store: Store) -> bool:
    """Whether an engine was not looked at yet since the restore: until then nothing is deployed, and no proxy told."""
    return bool(_word(store).get("engines"))


def settle(store: Store) -> None:
    """What waited in the backup is ended, once: the wishes and messages of back then. Call it before anything runs."""
    word = _word(store)
    if not word or word["settled"]:
        return
    with store.database.change() as change:
        for deploy in store.deploys.queued():
            store.deploys.save(change, deploy.to(DeployStatus.CANCELLED, ended=change.now, failure=_WAITED))
        store.deliveries.drop_waiting(
            change, "It waited in a backup that was restored: it was sent back then, or is old"
        )
        store.preferences.keep(change, RESTORED, {**word, "settled": True})
    _log.info("A backup was restored: what runs is taken up as it is")


def _word(store: Store) -> dict[str, Any]:
    found = store.preferences.own(RESTORED)
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A container of ours, as the instance `id` of a stage: `leads` is the domain by which a proxy leads there."""

    id: str
    state: InstanceState
    project: Project
    stage: Stage
    engine: str
    target: Target | None
    leads: str | None


@dataclass(slots=True)
class TakeUp:
    """Looks at each engine once after a restore."""

    store: Store
    adapters: Adapters

    def engine(self, name: str, states: Iterable[InstanceState]) -> bool:
        """Take up what an engine runs; False if a proxy does not answer, who alone knows what serves."""
        word = _word(self.store)
        if name not in word.get("engines", ()):
            return True
        try:
            found = self._found(name, states)
        except ForgeError as error:
            _log.warning("after the restore, what runs on %s is not taken up yet: %s", name, error.message)
            return False
        with self.store.database.change() as change:
            for one in sorted(found, key=lambda one: (one.leads is not None, one.state.created)):
                self._instance(change, one, {other.id for other in found if other.state.running})
            self._replaced(change, name, {one.id for one in found})
            self._deploys(change, name)
            known = self.store.connections.names(ConnectionKind.ENGINE) - {name}
            self.store.preferences.keep(change, RESTORED, {**word, "engines": sorted(known & set(word["engines"]))})
        return True

    def _found(self, engine: str, states: Iterable[InstanceState]) -> list[Found]:
        """What runs of stages that are known. Raise what a proxy does."""
        routes, host, found = self._routes(), self.adapters.engine(engine).reach().host, []
        for state in states:
            place, instance = self._place(state), state.labels.get(INSTANCE_LABEL)
            if place is None or not instance or ONCE_LABEL in state.labels:
                continue
            target = Target(host, state.published) if state.published else None
            leads = routes.get(target) if target else None
            found.append(
                Found(
                    id=instance,
                    state=state,
                    project=place[0],
                    stage=place[1],
                    engine=engine,
                    target=target,
                    leads=leads,
                )
            )
        return found

    def _routes(self) -> Mapping[Target, str]:
        """The domain that leads to each target now."""
        found: dict[Target, str] = {}
        for connection in self.store.connections.all(ProxyConnection):
            if connection.kind != "published":
                routes = self.adapters.proxy(connection.name).routes()
                found.update({route.target: route.domain for route in routes})
        return found

    def _place(self, state: InstanceState) -> tuple[Project, Stage] | None:
        """The project and stage of a container; None if they were made since the backup, too."""
        project, stage = state.labels.get(PROJECT_LABEL, ""), state.labels.get(STAGE_LABEL, "")
        try:
            return self.store.projects.get(project), self.store.projects.stage(project, stage)
        except NotFound:
            _log.warning("%s is left alone: the backup does not know %s/%s", state.name, project, stage)
            return None

    # ---- instances

    def _instance(self, change: Change, found: Found, running: Collection[str]) -> None:
        """One that is known, and perhaps serves by now; or that a deploy made since the backup."""
        if not found.state.running:
            return
        try:
            known = self.store.instances.get(found.id)
        except NotFound:
            made = self._newcomer(change, found)
            if found.leads is not None or not self._is_served(made, running):
                self._serve(change, made)
            else:
                self.store.instances.put(change, made)
        else:
            meant = found.leads is not None and found.leads == known.domain
            if meant and not known.serving and known.status is not InstanceStatus.REMOVED:
                self._serve(change, replace(known, target=found.target, container=found.state.id))

    def _newcomer(self, change: Change, found: Found) -> Instance:
        """With the deploy that made it, and the domain that it has by the settings if no proxy says."""
        digest = found.state.image.partition("@")[2]
        project, stage, tag = found.project, found.stage, self._tag(found.project, digest)
        slot = slot_of(stage, tag)
        behind = self.store.connections.get(ProxyConnection, project.proxy).kind != "published"
        domain = domain_of(project, stage, slot, self.store.preferences.get()) if behind else None
        deploy = self._deploy(change, found, tag, digest)
        return Instance(
            id=found.id, project=project.name, stage=stage.name, slot=slot, deploy=deploy.id, tag=tag, digest=digest,
            engine=found.engine, name=found.state.name, container=found.state.id, status=InstanceStatus.RUNNING,
            target=found.target, domain=found.leads or domain, created=found.state.created,
        )  # fmt: skip

    def _is_served(self, newcomer: Instance, running: Collection[str]) -> bool:
        """Whether what served its place still runs: a deploy that went live would have ended it."""
        serving = self.store.instances.serving(newcomer.project, newcomer.stage)
        return any(one.slot == newcomer.slot and one.id in running for one in serving)

    def _serve(self, change: Change, instance: Instance) -> None:
        """It has served for a while: who did before makes room."""
        place = instance.project, instance.stage, instance.slot
        for other in self.store.instances.present():
            same = (other.project, other.stage, other.slot) == place or other.domain == instance.domain is not None
            if other.serving and other.id != instance.id and same:
                self.store.instances.put(change, replace(other, serving=False))
        self.store.instances.put(change, replace(instance, serving=True, status=InstanceStatus.RUNNING))

    def _replaced(self, change: Change, engine: str, there: Collection[str]) -> None:
        """What served back then and is gone, with another in its place, was replaced: it is not missed."""
        for other in self.store.instances.present():
            if other.engine == engine and not other.serving and other.id not in there:
                gone = replace(other, status=InstanceStatus.REMOVED, wanted=False)
                self.store.instances.put(change, gone)

    # ---- deploys

    def _deploys(self, change: Change, engine: str) -> None:
        """What was under way in the backup went live since, or did not; nothing of it is taken back now."""
        for deploy in self.store.deploys.under_way():
            if self.store.deploys.configuration(deploy.id).project.engine != engine:
                continue
            serving = {one.id for one in self.store.instances.serving(deploy.project, deploy.stage)}
            if deploy.status is DeployStatus.RUNNING and deploy.instance in serving:
                ended = deploy.to(DeployStatus.SUCCEEDED, ended=change.now)
                self.store.deploys.log(change, ended, _WENT_LIVE)
            else:
                reverting = deploy if deploy.status is DeployStatus.REVERTING else deploy.to(DeployStatus.REVERTING)
                ended = reverting.to(DeployStatus.FAILED, ended=change.now, failure=_CUT_OFF)
            self.store.deploys.save(change, ended)

    def _deploy(self, change: Change, found: Found, tag: str, digest: str) -> Deploy:
        """One that the backup does not know, by its own number where that is free; its settings are those of now."""
        project, stage, number = found.project, found.stage, found.state.labels.get(DEPLOY_LABEL, "")
        wanted = Deploy(
            id=0, project=project.name, stage=stage.name, image=project.image, tag=tag, digest=digest,
            slot=slot_of(stage, tag), strategy=strategy_of(project, stage)[0], status=DeployStatus.SUCCEEDED,
            instance=found.id, started=found.state.created, ended=found.state.started or found.state.created,
        )  # fmt: skip
        configuration = Configuration(project=project, stage=stage)
        kept = self.store.deploys.note(change, wanted, configuration, int(number) if number.isdigit() else 0)
        secrets = Queue(self.store).environment(project, stage)
        self.store.secrets.put_bundle(change, environment_place(kept.id), secrets)
        self.store.deploys.log(change, kept, _WENT_LIVE)
        return kept

    def _tag(self, project: Project, digest: str) -> str:
        """What the digest was called; the backup may never have heard of it."""
        known = [one.tag for one in self.store.deploys.images(project.name) if one.digest == digest]
        return next(iter(known), digest[:19])
