"""Putting a deploy in the queue, with the configuration it will run with."""

from __future__ import annotations

from dataclasses import dataclass

from forge.deploy.spec import slot_of
from forge.domain.deploy import Deploy, DeployKind
from forge.domain.errors import Conflict
from forge.domain.project import Project
from forge.domain.secret import Secret
from forge.domain.stage import Stage, Strategy, strategy_of
from forge.store.database import Change
from forge.store.deploys import Configuration
from forge.store.store import Store


@dataclass(frozen=True, slots=True)
class Queue:
    """Inside a change of the caller's; wake the deployer after the commit."""

    store: Store

    def add(
        self,
        change: Change,
        stage: Stage,
        project: Project,
        *,
        tag: str,
        digest: str,
        actor: str,
        kind: DeployKind = DeployKind.DEPLOY,
        source: int | None = None,
    ) -> Deploy:
        """Queue a deploy; an older one queued for the same slot is superseded. Raise NotFound if the stage was deleted
        since the caller looked.
        """
        self.store.projects.stage(project.name, stage.name)
        deploy = Deploy(
            id=0, project=project.name, stage=stage.name, image=project.image, tag=tag, digest=digest,
            slot=slot_of(stage, tag), kind=kind, strategy=strategy_of(project, stage)[0], actor=actor, source=source,
        )  # fmt: skip
        kept = self.store.deploys.add(change, deploy, Configuration(project=project, stage=stage))
        self.store.secrets.put_bundle(change, environment_place(kept.id), self.environment(project, stage))
        return kept

    def again(self, change: Change, source: Deploy, *, kind: DeployKind, actor: str) -> Deploy:
        """Queue what `source` was once more: digest, configuration and secrets. Raise NotFound if its stage was
        deleted, Conflict if it is past keeping: without its secrets it would not be what it was.
        """
        today = strategy_of(
            self.store.projects.get(source.project), self.store.projects.stage(source.project, source.stage)
        )[0]
        strategy = today if today is Strategy.IN_PLACE else source.strategy  # a volume may be exclusive since
        configuration = self.store.deploys.configuration(source.id)
        if self.store.secrets.get(environment_place(source.id)) is None:
            raise Conflict(
                f"Deploy #{source.id} is past keeping: its image and secrets are not kept any more, deploy its tag",
                code="past_keeping",
            )
        secrets = self.store.secrets.get_bundle(environment_place(source.id))
        deploy = Deploy(
            id=0, project=source.project, stage=source.stage, image=source.image, tag=source.tag, digest=source.digest,
            slot=source.slot, kind=kind, strategy=strategy, actor=actor, source=source.id,
        )  # fmt: skip
        kept = self.store.deploys.add(change, deploy, configuration)
        self.store.secrets.put_bundle(change, environment_place(kept.id), secrets)
        return kept

    def environment(self, project: Project, stage: Stage) -> dict[str, Secret]:
        """The project's secrets, then the stage's own; a plain variable of the stage wins over a project's secret."""
        secrets = self.store.secrets.get_all(project_place(project.name))
        kept = {name: value for name, value in secrets.items() if name not in stage.environment}
        return {**kept, **self.store.secrets.get_all(stage_place(project.name, stage.name))}


def environment_place(deploy: int) -> str:
    """Where the vault keeps the environment's secrets of a deploy."""
    return f"deploy/{deploy}/environment"


def project_place(project: str) -> str:
    """The folder in the vault of a project's secret variables."""
    return f"project/{project}/environment"


def stage_place(project: str, stage: str) -> str:
    """The folder in the vault of a stage's secret variables."""
    return f"project/{project}/stage/{stage}/environment"
