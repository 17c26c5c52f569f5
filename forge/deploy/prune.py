"""Pruning: remove what is past keeping, and never what can be rolled back to."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from forge.deploy.adapters import Adapters, home_of
from forge.deploy.queue import environment_place
from forge.deploy.run import Run
from forge.domain.connection import ConnectionKind, ProxyConnection
from forge.domain.deploy import Deploy
from forge.domain.errors import ForgeError
from forge.domain.image import parse_image
from forge.domain.instance import Instance, InstanceStatus, who_answers
from forge.domain.project import Project
from forge.domain.route import Route
from forge.domain.stage import Stage
from forge.ports import HOME_LABEL, INSTANCE_LABEL
from forge.store.deploys import DeployedImage
from forge.store.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pruner:
    """What it cannot remove it says, and tries again after the next deploy."""

    store: Store
    adapters: Adapters

    def after(self, run: Run) -> None:
        """After a deploy that went live; whatever goes wrong here fails nothing.

        What to keep is as the stage says now: a deploy rolled back to was configured long ago.
        """
        try:
            stage = self.store.projects.stage(run.project.name, run.stage.name)
            said = [*self.instances(stage), *self.images(run.project.image)]
            self._secrets(stage)
            run.checkpoint("prune")
        except ForgeError as error:
            run.say(f"prune: {error.message}", "warning")
            return
        run.say("prune: " + ("; ".join(said) or "nothing to remove"))

    def sweep(self) -> None:
        """What a Forge that was stopped between going live and pruning left over, in every stage."""
        for project in self.store.projects.all():
            for stage in self.store.projects.stages(project.name):
                try:
                    self.instances(stage)
                except ForgeError as error:
                    _log.warning("prune %s: %s", stage.key, error.message)

    def instances(self, stage: Stage) -> list[str]:
        """Remove instances that were replaced, and serving ones beyond the limit, the oldest first."""
        return [self.remove(instance, stage.stop_timeout) for instance in self._past(stage)]

    def _past(self, stage: Stage) -> list[Instance]:
        """Read in one transaction, so that no deploy goes live between two looks."""
        with self.store.database.change():
            present = self.store.instances.present(stage.project, stage.name)
            under_way = self.store.deploys.under_way()
            in_hand = self.store.instances.in_hand(under_way)
        newest = {i.slot: i.created for i in sorted(present, key=lambda i: i.created) if i.serving}
        slots = sorted(newest, key=lambda slot: newest[slot])
        beyond = slots[: max(0, len(slots) - stage.max_instances)]
        return [i for i in present if (not i.serving or i.slot in beyond) and i.id not in in_hand]

    def remove(self, instance: Instance, stop_timeout: float, actor: str = "forge") -> str:
        """Take away the instance's route and container; a sentence of what was done."""
        if instance.serving:
            self.remove_route(instance)
        engine = self.adapters.engine(instance.engine)
        for state in engine.find({HOME_LABEL: home_of(self.store), INSTANCE_LABEL: instance.id}):
            if instance.serving:
                engine.stop(state.id, stop_timeout)
            engine.remove(state.id)
        with self.store.database.change() as change:
            gone = replace(instance, status=InstanceStatus.REMOVED, serving=False, wanted=False)
            self.store.instances.put(change, gone, actor)
        return f"removed {instance.tag} ({instance.id})"

    def remove_route(self, instance: Instance) -> None:
        """Nobody is sent to the instance any more; other replicas answer on."""
        if instance.domain is None:
            return
        present = self.store.instances.present(instance.project, instance.stage)
        others = [i for i in present if i.serving and i.domain == instance.domain and i.id != instance.id]
        project = self.store.deploys.configuration(instance.deploy).project
        proxy = project.proxy
        if proxy not in self.store.connections.names(ConnectionKind.PROXY):
            return  # nobody can tell a proxy that Forge does not know any more
        if self.store.connections.get(ProxyConnection, proxy).kind == "published":
            return
        if targets := who_answers(others):
            self.adapters.proxy(proxy).point(Route(instance.domain, targets, project.route))
        else:
            self.adapters.proxy(proxy).remove(instance.domain)

    def images(self, image: str) -> list[str]:
        """Remove images that Forge deployed and no stage can be rolled back to any more."""
        projects = self.store.projects.by_image(image)
        known = {digest for project in projects for digest in self.store.deploys.digests(project.name)}
        protected = self._protected()
        said = []
        for engine in {project.engine for project in projects}:
            for digest in self._unneeded(engine, image, known, protected):
                self.adapters.engine(engine).remove_image(parse_image(image).pinned(digest))
                said.append(f"removed image {digest[:19]}")
        return said

    def orphans(self, project: Project, stage: str | None) -> list[DeployedImage]:
        """What is on the project's engine only for it, or for one stage of it."""
        deployed = self.store.deploys.images(project.name, stage)
        known = {one.digest for one in deployed}
        protected = self._protected(lambda its, place: its == project.name and stage in {None, place})
        there = {
            (image, digest)
            for image in {one.image for one in deployed}
            for digest in self._unneeded(project.engine, image, known, protected)
        }
        return [one for one in deployed if (one.image, one.digest) in there]

    def remove_orphans(self, project: Project, stage: str | None) -> None:
        """Once their instances are gone: nobody would look for them any more."""
        for one in self.orphans(project, stage):
            self.adapters.engine(project.engine).remove_image(parse_image(one.image).pinned(one.digest))

    def _unneeded(self, engine: str, image: str, known: set[str], protected: set[str]) -> Iterator[str]:
        """The digests of an image that the engine has, Forge knows and nobody needs."""
        for facts in self.adapters.engine(engine).images(image):
            digests = {name.partition("@")[2] for name in facts.digests}
            if not digests & protected:
                yield from sorted(digests & known)

    def _protected(self, leaves: Callable[[str, str], bool] = lambda _project, _stage: False) -> set[str]:
        """The digests that must stay. What `leaves`, a project and its stage, needs none any more."""
        deploys, stages = self.store.deploys, self.store.projects.all_stages()
        kept: list[Deploy | Instance] = [*deploys.queued(), *deploys.under_way(), *self.store.instances.present()]
        for stage in itertools.chain(*stages.values()):  # whatever its image is now: it may have been another
            kept += deploys.succeeded(stage.project, stage.name, stage.keep + 1)
        return {one.digest for one in kept if not leaves(one.project, one.stage)}

    def _secrets(self, stage: Stage) -> None:
        """Forget the environment's secrets of deploys that cannot be rolled back to any more."""
        kept = self.store.deploys.succeeded(stage.project, stage.name, stage.keep + 1)
        if len(kept) <= stage.keep:
            return
        with self.store.database.change() as change:
            for deploy in self.store.deploys.ended_before(stage.project, stage.name, kept[-1].id):
                self.store.secrets.delete(change, environment_place(deploy))
