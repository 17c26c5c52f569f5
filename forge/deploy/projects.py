"""Making, changing and deleting projects and stages; and saying beforehand what deleting would take away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from forge.deploy.adapters import Adapters, home_of
from forge.deploy.claims import check_claims
from forge.deploy.hostpaths import host_paths_of
from forge.deploy.prune import Pruner
from forge.deploy.queue import environment_place, project_place, stage_place
from forge.deploy.spec import names_of, network_of
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.deploy import Deploy, DeployStatus
from forge.domain.errors import Conflict, Invalid
from forge.domain.project import Project, VolumeKind
from forge.domain.proxykinds import check_route_options
from forge.domain.replicas import check_replicas
from forge.domain.secret import Secret
from forge.domain.stage import Stage
from forge.ports import HOME_LABEL, PROJECT_LABEL, STAGE_LABEL, Engine
from forge.store.database import Change
from forge.store.store import Store

SecretChanges = Mapping[str, Secret | None]
_LAST = 1 << 62  # above every deploy's number


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What deleting stops and removes, as said to a person. `images` are those that nothing else needs, `deploys`
    are cancelled. `volumes` go only when asked for: once it is done, those that stay are `kept_volumes` instead.
    """

    stages: tuple[str, ...]
    instances: tuple[str, ...]
    routes: tuple[str, ...]
    volumes: tuple[str, ...]
    images: tuple[str, ...]
    deploys: tuple[str, ...]
    kept_volumes: tuple[str, ...] = ()

    def done(self, *, volumes: bool) -> Deletion:
        """What was removed, and what was kept."""
        return self if volumes else replace(self, volumes=(), kept_volumes=self.volumes)


@dataclass(frozen=True, slots=True)
class ProjectService:
    """Secrets go to the vault, never into the project. Each call is one transaction."""

    store: Store
    adapters: Adapters
    pruner: Pruner
    wake: Callable[[], None]

    # ---- making and changing

    def create(
        self,
        project: Project,
        secrets: SecretChanges,
        stages: Sequence[tuple[Stage, SecretChanges]] = (),
        *,
        actor: str,
    ) -> None:
        """Keep a new project with its stages; raise Invalid, NotFound or Conflict and keep nothing."""
        self.check(project, [stage for stage, _ in stages])
        with self.store.database.change() as change:
            self.create_in(change, project, secrets, stages, actor=actor)

    def create_in(
        self,
        change: Change,
        project: Project,
        secrets: SecretChanges,
        stages: Sequence[tuple[Stage, SecretChanges]] = (),
        *,
        actor: str,
    ) -> None:
        """The same inside a change of the caller's, who has checked."""
        self.store.projects.add(change, project, actor)
        self._put_secrets(change, project_place(project.name), project.secrets, secrets)
        for stage, its in stages:
            self.store.projects.add_stage(change, stage, actor)
            self._put_secrets(change, stage_place(project.name, stage.name), stage.secrets, its)

    def change(self, project: Project, secrets: SecretChanges, *, actor: str) -> None:
        """Replace a project's configuration; what runs is not touched until the next deploy."""
        self.check(project, self.store.projects.stages(project.name))
        with self.store.database.change() as change:
            self.change_in(change, project, secrets, actor=actor)
        self.wake()

    def change_in(self, change: Change, project: Project, secrets: SecretChanges, *, actor: str) -> None:
        """The same inside a change of the caller's, who checks."""
        if self.store.projects.get(project.name).active != project.active:
            for stage in self.store.projects.stages(project.name):
                self.store.sightings.reconsider(change, project.name, stage.name)
        self.store.projects.put(change, project, actor)
        self._put_secrets(change, project_place(project.name), project.secrets, secrets)

    def create_stage(self, stage: Stage, secrets: SecretChanges, *, actor: str) -> None:
        """Add a stage to a project."""
        self.check_stage(stage)
        with self.store.database.change() as change:
            self.create_stage_in(change, stage, secrets, actor=actor)

    def create_stage_in(self, change: Change, stage: Stage, secrets: SecretChanges, *, actor: str) -> None:
        """The same inside a change of the caller's, who checks."""
        self.store.projects.add_stage(change, stage, actor)
        self._put_secrets(change, stage_place(stage.project, stage.name), stage.secrets, secrets)

    def change_stage(self, stage: Stage, secrets: SecretChanges, *, actor: str) -> None:
        """Replace a stage's configuration; what waits or is held there is decided anew by it."""
        self.check_stage(stage)
        with self.store.database.change() as change:
            self.change_stage_in(change, stage, secrets, actor=actor)

    def change_stage_in(self, change: Change, stage: Stage, secrets: SecretChanges, *, actor: str) -> None:
        """The same inside a change of the caller's, who checks."""
        self.store.projects.put_stage(change, stage, actor)
        self.store.sightings.reconsider(change, stage.project, stage.name)
        self._put_secrets(change, stage_place(stage.project, stage.name), stage.secrets, secrets)

    def _put_secrets(self, change: Change, folder: str, names: Sequence[str], given: SecretChanges) -> None:
        """Keep the given ones, forget those that are no longer named; raise Invalid for a name without a value."""
        known = set(self.store.secrets.get_all(folder))
        for name in known - set(names):
            self.store.secrets.delete(change, f"{folder}/{name}")
        for name in names:
            value = given.get(name)
            if value is not None:
                self.store.secrets.put(change, f"{folder}/{name}", value)
            elif name not in known:
                raise Invalid(f"The secret {name} has no value yet: give one", fields={f"secrets.{name}": "no value"})

    # ---- checks across things

    def check_stage(self, stage: Stage) -> None:
        """The same as `check`, for one stage that is to be made or changed."""
        project = self.store.projects.get(stage.project)
        others = [other for other in self.store.projects.stages(stage.project) if other.name != stage.name]
        self.check(project, [*others, stage])

    def check(self, project: Project, stages: Sequence[Stage]) -> None:
        """Raise Invalid, NotFound or Conflict for what a project and its stages cannot be together with the rest."""
        self._check_connections(project)
        self._check_host_paths(project)
        names = [stage.name for stage in stages]
        exclusive = any(volume.exclusive for volume in project.volumes)
        for stage in stages:
            if exclusive and stage.max_instances > 1:
                fields = {"max_instances": "1 with an exclusive volume"}
                raise Invalid(f"{stage.key}: an exclusive volume allows one instance", fields=fields)
        kind = self.store.connections.get(ProxyConnection, project.proxy).kind
        for stage in stages:
            check_replicas(project, stage, kind)
            if stage.promote_from is not None and stage.promote_from not in names:
                raise Invalid(
                    f"{stage.key} is promoted from {stage.promote_from}, which {project.name} does not have",
                    fields={"promote_from": "no such stage"},
                )
        _check_no_circle({stage.name: stage.promote_from for stage in stages})
        self._check_claims(project, stages)

    def _check_host_paths(self, project: Project) -> None:
        wanted = [volume.source or "" for volume in project.volumes if volume.kind is VolumeKind.HOST]
        if wanted:
            local = self.adapters.engine(project.engine).reach().local
            allowed = host_paths_of(self.store, project.engine, local=local)
            for path in wanted:
                allowed.lead(path)

    def _check_connections(self, project: Project) -> None:
        self.store.connections.get(EngineConnection, project.engine)
        check_route_options(self.store.connections.get(ProxyConnection, project.proxy).kind, project.route)
        if project.registry is not None:
            self.store.connections.get(RegistryConnection, project.registry)

    def _check_claims(self, project: Project, stages: Sequence[Stage]) -> None:
        """Two stages may not have one domain, nor two one published port."""
        its = self.store.projects.all_stages()
        others = [
            (other, stage)
            for other in self.store.projects.all()
            if other.name != project.name
            for stage in its.get(other.name, ())
        ]
        check_claims([(project, stage) for stage in stages], others, self.store.preferences.get())

    # ---- deleting

    def would_delete(self, project: str) -> Deletion:
        """What `delete` would stop and remove."""
        self.store.projects.get(project)
        return self._deletion(project, None)

    def would_delete_stage(self, project: str, stage: str) -> Deletion:
        """What `delete_stage` would stop and remove; raise Conflict if another stage is promoted from it."""
        self.store.projects.stage(project, stage)
        after = [other.key for other in self.store.projects.stages(project) if other.promote_from == stage]
        if after:
            raise Conflict(f"{after[0]} is promoted from {project}/{stage}: change that first", code="promoted_from")
        return self._deletion(project, stage)

    def delete(self, project: str, *, actor: str, volumes: bool = False) -> Deletion:
        """Stop and remove all of it; raise Conflict while a deploy is under way, Unavailable without its engine."""
        deletion = self.would_delete(project)
        self._close(project, None, actor)
        for stage in self.store.projects.stages(project):
            self._clear(project, stage, volumes=volumes)
        self.pruner.remove_orphans(self.store.projects.get(project), None)
        with self.store.database.change() as change:
            self._check_empty(change, project, None, actor)
            self.store.secrets.delete(change, f"project/{project}")
            self._forget_deploys(change, project, deletion.stages)
            self.store.projects.delete(change, project, actor)
        return deletion.done(volumes=volumes)

    def delete_stage(self, project: str, stage: str, *, actor: str, volumes: bool = False) -> Deletion:
        """The same for one stage; raise Conflict if another stage is promoted from it."""
        deletion = self.would_delete_stage(project, stage)
        self._close(project, stage, actor)
        self._clear(project, self.store.projects.stage(project, stage), volumes=volumes)
        self.pruner.remove_orphans(self.store.projects.get(project), stage)
        with self.store.database.change() as change:
            self._check_empty(change, project, stage, actor)
            self.store.secrets.delete(change, f"project/{project}/stage/{stage}")
            self._forget_deploys(change, project, deletion.stages)
            self.store.projects.delete_stage(change, project, stage, actor)
        return deletion.done(volumes=volumes)

    def _deletion(self, project: str, stage: str | None) -> Deletion:
        stages = [stage] if stage else [one.name for one in self.store.projects.stages(project)]
        present = [i for name in stages for i in self.store.instances.present(project, name)]
        images = self.pruner.orphans(self.store.projects.get(project), stage)
        queued = [deploy for deploy in self.store.deploys.queued() if _is_of(deploy, project, stage)]
        return Deletion(
            stages=tuple(f"{project}/{name}" for name in stages),
            instances=tuple(f"{i.project}/{i.stage} {i.tag} ({i.id})" for i in present),
            routes=tuple(sorted({i.domain for i in present if i.serving and i.domain})),
            volumes=tuple(name for stage_name in stages for name in self._volumes(project, stage_name)),
            images=tuple(f"{one.image}:{one.tag} ({one.digest[:19]})" for one in images),
            deploys=tuple(f"#{deploy.id} {deploy.tag} to {deploy.project}/{deploy.stage}" for deploy in queued),
        )

    def _volumes(self, project: str, stage: str) -> tuple[str, ...]:
        engine = self._engine(project)
        return engine.volumes({HOME_LABEL: home_of(self.store), PROJECT_LABEL: project, STAGE_LABEL: stage})

    def _engine(self, project: str) -> Engine:
        return self.adapters.engine(self.store.projects.get(project).engine)

    def _close(self, project: str, stage: str | None, actor: str) -> None:
        """No deploy may begin any more: raise Conflict if one is under way, cancel what is queued."""
        with self.store.database.change() as change:
            self._end_deploys(change, project, stage, actor)
            if stage is None:
                self.store.projects.put(change, replace(self.store.projects.get(project), active=False), actor)

    def _end_deploys(self, change: Change, project: str, stage: str | None, actor: str) -> None:
        concerned = [
            deploy
            for deploy in (*self.store.deploys.under_way(), *self.store.deploys.queued())
            if _is_of(deploy, project, stage)
        ]
        busy = [deploy for deploy in concerned if deploy.status is not DeployStatus.QUEUED]
        if busy:
            raise Conflict(f"Deploy #{busy[0].id} is under way: cancel it or wait for its end", code="under_way")
        for deploy in concerned:
            gone = deploy.to(DeployStatus.CANCELLED, ended=change.now, failure=f"Deleted by {actor}")
            self.store.deploys.save(change, gone)

    def _check_empty(self, change: Change, project: str, stage: str | None, actor: str) -> None:
        """Raise Conflict if something was deployed while all was taken away: nobody would own it any more."""
        self._end_deploys(change, project, stage, actor)
        left = self.store.instances.present(project, stage)
        if left:
            raise Conflict(f"{left[0].tag} ({left[0].id}) went live meanwhile: delete once more", code="under_way")

    def _forget_deploys(self, change: Change, project: str, stages: Sequence[str]) -> None:
        """The history stays, but not the secrets that its deploys ran with."""
        for key in stages:
            for deploy in self.store.deploys.ended_before(project, key.partition("/")[2], _LAST):
                self.store.secrets.delete(change, environment_place(deploy))

    def _clear(self, project: str, stage: Stage, *, volumes: bool) -> None:
        for instance in self.store.instances.present(project, stage.name):
            self.pruner.remove(instance, stage.stop_timeout)
        engine = self._engine(project)
        if volumes:
            for name in self._volumes(project, stage.name):
                engine.remove_volume(name)
        if all(other.stage != stage.name for other in self.store.instances.present()):
            # Docker would also remove it under stopped instances of other projects, which then start no more.
            home = home_of(self.store)
            engine.remove_network(names_of(home, stage.name))
            engine.remove_network(network_of(home, stage.name))


def _is_of(deploy: Deploy, project: str, stage: str | None) -> bool:
    """Whether it is a deploy of the project, and of the stage if one is said."""
    return deploy.project == project and stage in {None, deploy.stage}


def _check_no_circle(promotions: Mapping[str, str | None]) -> None:
    for name in promotions:
        seen, at = {name}, promotions[name]
        while at is not None:
            if at in seen:
                raise Invalid(f"{name} would be promoted from itself", fields={"promote_from": "a circle"})
            seen.add(at)
            at = promotions.get(at)
