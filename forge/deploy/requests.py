"""What people may ask for: deploy, roll back, promote, retry, cancel; checked here, queued there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forge.deploy.adapters import Adapters
from forge.deploy.promotion import Promotion
from forge.deploy.queue import Queue, environment_place
from forge.domain.deploy import ENDED, Deploy, DeployKind, DeployStatus
from forge.domain.errors import Conflict, Invalid, NotFound
from forge.domain.image import is_digest, is_tag, parse_image
from forge.domain.instance import Instance
from forge.domain.project import Project
from forge.domain.stage import Stage
from forge.store.database import Change
from forge.store.store import Store


@dataclass(frozen=True, slots=True)
class Requests:
    """Each call queues a deploy and returns it, or raises NotFound, Conflict, Invalid or Unavailable."""

    store: Store
    adapters: Adapters
    queue: Queue
    wake: Callable[[], None]

    def deploy(
        self, project: str, stage: str, *, tag: str | None = None, digest: str | None = None, actor: str
    ) -> Deploy:
        """Deploy a tag as it stands now, or a digest. A person may try a quarantined digest again."""
        found, place = self._ready(project, stage)
        if (tag is None) == (digest is None):
            raise Invalid("Say a tag or a digest", fields={"tag": "a tag or a digest"})
        if tag is not None:
            digest = self._resolve(found, tag)
        elif not is_digest(digest or ""):
            raise Invalid("A digest is sha256: and 64 hexadecimal digits", fields={"digest": "not a digest"})
        self._check_promoted(place, digest or "")
        return self._queue(found, place, tag=tag or self._tag_of(place, digest or ""), digest=digest or "", actor=actor)

    def rollback(self, project: str, stage: str, *, deploy: int | None = None, actor: str) -> Deploy:
        """Deploy an earlier deploy's digest again, as it was configured; without a number: the one before what serves.

        What serves by a rollback counts as the deploy that was rolled back to, so that twice goes back twice.
        """
        _, place = self._ready(project, stage)
        source = self._earlier(place) if deploy is None else self.store.deploys.get(deploy)
        if (source.project, source.stage) != (project, stage):
            raise NotFound(f"There is no deploy #{source.id}", code="no_deploy")  # as if it were not there at all
        if source.status is not DeployStatus.SUCCEEDED:
            raise Conflict(
                f"Deploy #{source.id} is {source.status.value}: only one that went live can be rolled back to"
            )
        return self._again(source, DeployKind.ROLLBACK, actor)

    def promote(self, project: str, stage: str, *, actor: str, tag: str | None = None) -> Deploy:
        """Deploy to `stage` the digest that serves the stage it is promoted from; `tag` where several serve there."""
        found, place = self._ready(project, stage)
        if place.promote_from is None:
            raise Conflict(f"{place.key} is not promoted from a stage: set promote_from", code="no_promotion")
        serving = self.store.instances.serving(project, place.promote_from)
        chosen = [instance for instance in serving if tag in {None, instance.tag}]
        if not chosen:
            what = f"{tag} does not serve" if tag else "nothing serves"
            raise Conflict(f"{what} {project}/{place.promote_from}: there is nothing to promote", code="nothing_serves")
        newest = chosen[-1]
        self._check_promoted(place, newest.digest)
        return self._queue(
            found,
            place,
            tag=newest.tag,
            digest=newest.digest,
            actor=actor,
            kind=DeployKind.PROMOTE,
            source=newest.deploy,
        )

    def retry(self, deploy: int, *, actor: str) -> Deploy:
        """The same tag and digest once more, quarantined or not, with today's configuration."""
        old = self.store.deploys.get(deploy)
        if old.status not in ENDED:
            raise Conflict(f"Deploy #{deploy} is {old.status.value}: it has not ended yet")
        if old.kind is DeployKind.ROLLBACK and old.source is not None:
            return self._again(self.store.deploys.get(old.source), DeployKind.ROLLBACK, actor)
        found, place = self._ready(old.project, old.stage)
        digest = old.digest or self._resolve(found, old.tag)
        self._check_promoted(place, digest)
        return self._queue(found, place, tag=old.tag, digest=digest, actor=actor, kind=old.kind, source=old.source)

    def cancel(self, deploy: int, *, actor: str) -> Deploy:
        """A queued deploy ends at once, a running one is taken back; raise Conflict once it has ended."""
        with self.store.database.change() as change:
            found = self.store.deploys.get(deploy)
            if found.status is DeployStatus.QUEUED:
                ended = found.to(DeployStatus.CANCELLED, ended=change.now, failure=f"Cancelled by {actor}")
                self.store.deploys.save(change, ended)
            elif found.status is DeployStatus.RUNNING:
                self.store.deploys.ask_cancel(change, deploy)
                self.store.deploys.log(change, found, f"{actor} asked to cancel", "warning")
            else:
                raise Conflict(f"Deploy #{deploy} is {found.status.value}: there is nothing to cancel", code="ended")
        self.wake()
        return self.store.deploys.get(deploy)

    def add_in(
        self, change: Change, project: Project, stage: Stage, *, tag: str | None, digest: str, actor: str
    ) -> Deploy:
        """Queue a digest inside a change of the caller's, who has asked `check_ready`, and wakes."""
        self._check_promoted(stage, digest)
        return self.queue.add(
            change, stage, project, tag=tag or self._tag_of(stage, digest), digest=digest, actor=actor
        )

    # ---- checks

    def check_ready(self, project: Project) -> None:
        """Raise Conflict if a project may not deploy yet, Unavailable without its engine."""
        if not project.active:
            raise Conflict(f"Project {project.name} waits for a person: approve it first", code="inactive")
        self.adapters.engine(project.engine).ping()  # a sentence now is better than a queue that stands still

    def _ready(self, project: str, stage: str) -> tuple[Project, Stage]:
        found, place = self.store.projects.get(project), self.store.projects.stage(project, stage)
        self.check_ready(found)
        return found, place

    def _resolve(self, project: Project, tag: str) -> str:
        if not is_tag(tag):
            raise Invalid(f"“{tag[:60]}” is no tag", fields={"tag": "not a tag"})
        digest = self.adapters.registry_of(project)[1].digest(parse_image(project.image).repository, tag)
        if digest is None:
            raise NotFound(f"{project.image} has no tag {tag}", code="no_tag")
        return digest

    def _check_promoted(self, stage: Stage, digest: str) -> None:
        if refusal := Promotion(self.store).refusal(stage, digest):
            raise Conflict(refusal, code="not_promotable")

    def _earlier(self, stage: Stage) -> Deploy:
        serving: list[Instance] = self.store.instances.serving(stage.project, stage.name)
        if not serving:
            raise Conflict(f"Nothing serves {stage.key}: there is nothing to roll back", code="nothing_serves")
        now = serving[-1]
        before = self._origin(now.deploy).id
        kept = [
            deploy
            for deploy in self.store.deploys.succeeded(stage.project, stage.name, stage.keep + 1)
            if deploy.id < before and deploy.digest != now.digest and self._is_whole(deploy)
        ]
        earlier = next((deploy for deploy in kept if deploy.slot == now.slot), None)
        if earlier is not None:
            return earlier
        if kept:
            raise Conflict(
                f"{now.tag} serves {stage.key} beside or after other tags, so none is the one before it: "
                "name the deploy to roll back to (--to on the command line)",
                code="which_deploy",
                fields={"deploy": "name one"},
            )
        raise Conflict(f"{stage.key} has no earlier deploy to roll back to", code="no_earlier")

    def _origin(self, deploy: int) -> Deploy:
        """The deploy that a chain of rollbacks led back to: rolling back once more goes on from there."""
        found = self.store.deploys.get(deploy)
        while found.kind is DeployKind.ROLLBACK and found.source is not None:
            found = self.store.deploys.get(found.source)
        return found

    def _is_whole(self, deploy: Deploy) -> bool:
        """Whether its secrets are still kept: without them it would not be what it was."""
        return self.store.secrets.get(environment_place(deploy.id)) is not None

    def _tag_of(self, stage: Stage, digest: str) -> str:
        """The tag by which this digest serves the stage or was deployed before, else a short form of the digest."""
        for instance in self.store.instances.serving(stage.project, stage.name):
            if instance.digest == digest:
                return instance.tag
        for deploy in self.store.deploys.page(project=stage.project, limit=200):
            if deploy.digest == digest:
                return deploy.tag
        return digest[7:19]

    def _again(self, source: Deploy, kind: DeployKind, actor: str) -> Deploy:
        with self.store.database.change() as change:
            queued = self.queue.again(change, source, kind=kind, actor=actor)
        self.wake()
        return queued

    def _queue(
        self,
        project: Project,
        stage: Stage,
        *,
        tag: str,
        digest: str,
        actor: str,
        kind: DeployKind = DeployKind.DEPLOY,
        source: int | None = None,
    ) -> Deploy:
        with self.store.database.change() as change:
            queued = self.queue.add(
                change, stage, project, tag=tag, digest=digest, actor=actor, kind=kind, source=source
            )
        self.wake()
        return queued
