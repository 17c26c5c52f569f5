"""The deployer: takes deploys from the queue, one at a time per stage, and sees them to their end."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from forge.deploy.adapters import Adapters, home_of
from forge.deploy.pipeline import execute, revert
from forge.deploy.prune import Pruner
from forge.deploy.queue import environment_place
from forge.deploy.restored import is_pending
from forge.deploy.run import Interrupted, Run
from forge.domain.connection import ProxyConnection
from forge.domain.deploy import UNDER_WAY, Deploy, DeployStatus
from forge.domain.errors import Conflict, ForgeError, NotFound, Unavailable
from forge.domain.image import parse_image
from forge.domain.project import Project
from forge.ports import Registry
from forge.store.database import StoreUnavailable
from forge.store.store import Store

_log = logging.getLogger(__name__)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no look-alikes
_STORE_LOOK = 5.0  # seconds between looks at a database that cannot be written
_ENGINE_LOOK = 2.0  # seconds between looks at an engine that is away


def new_instance_id() -> str:
    """Six characters that a person can say."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(6))


@dataclass(slots=True, kw_only=True)
class Deployer:
    """`workers`: how many stages may deploy at once. `look` sees to an instance that a deploy had in hand, after it.
    `checkpoint` is for tests that break things on purpose.
    """

    store: Store
    adapters: Adapters
    pruner: Pruner
    again: Callable[[Deploy], None]
    look: Callable[[str], None] = lambda _: None
    workers: int = 4
    checkpoint: Callable[[str], None] = lambda _: None
    new_id: Callable[[], str] = new_instance_id
    monotonic: Callable[[], float] = time.monotonic
    _closing: threading.Event = field(default_factory=threading.Event)
    _woken: threading.Event = field(default_factory=threading.Event)
    _threads: dict[int, threading.Thread] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _dispatcher: threading.Thread | None = None

    def start(self) -> None:
        """Go on with what a former Forge left under way, then with the queue."""
        left = [] if is_pending(self.store) else self.store.deploys.under_way()
        self._dispatcher = threading.Thread(target=self._dispatch, args=(left,), name="deployer", daemon=True)
        self._dispatcher.start()

    def wake(self) -> None:
        """Something was queued, ended, or an engine is back."""
        self._woken.set()

    def close(self, timeout: float = 20) -> None:
        """Let running deploys reach a safe step; what is left under way is taken back at the next start."""
        self._closing.set()
        self._woken.set()
        end = self.monotonic() + timeout
        if self._dispatcher is not None:  # first: it begins no more then
            self._dispatcher.join(max(0.0, end - self.monotonic()))
        for thread in self._at_work():
            thread.join(max(0.0, end - self.monotonic()))

    def _at_work(self) -> list[threading.Thread]:
        with self._guard:
            return list(self._threads.values())

    def busy(self) -> bool:
        """Whether a deploy is under way or could begin."""
        # In the order that a deploy goes through them, or one could slip by between two looks.
        return bool(self.store.deploys.queued()) or bool(self.store.deploys.under_way()) or bool(self._at_work())

    # ---- the dispatcher's thread

    def _dispatch(self, left: list[Deploy]) -> None:
        for deploy in left:
            self._go(deploy, self._take_back)
        pause: float | None = None
        while not self._closing.is_set():
            self._woken.wait(pause)
            self._woken.clear()
            if not self._closing.is_set():
                pause = _ENGINE_LOOK if self._look_at_queue() else None

    def _look_at_queue(self) -> bool:
        """Begin what can; whether to look again soon."""
        try:
            return self._begin_what_can()
        except StoreUnavailable as error:
            _log.error("the queue stands still: %s", error.message)
        except Exception:  # noqa: BLE001 told in the log
            _log.exception("the queue could not be looked at")  # this thread must not end: nobody else begins deploys
        return True

    def _begin_what_can(self) -> bool:
        """Begin queued deploys; whether any waits for an engine."""
        if is_pending(self.store):
            return True
        waiting, blocked = False, set[tuple[str, str]]()  # stages whose next one cannot begin: nobody overtakes it
        for deploy in self.store.deploys.queued():
            place = deploy.project, deploy.stage
            if self._closing.is_set() or len(self._at_work()) >= self.workers:
                break
            if place in blocked:
                continue
            if not self._engine_answers(deploy):
                waiting = True
                blocked.add(place)
                continue
            with self.store.database.change() as change:
                begun = self.store.deploys.begin(change, deploy)
            blocked.add(place)
            if begun is not None:
                self._go(begun, self._execute)
        return waiting

    def _engine_answers(self, deploy: Deploy) -> bool:
        try:
            self.adapters.engine(self.store.deploys.configuration(deploy.id).project.engine).ping()
        except Unavailable:
            return False
        except ForgeError as error:
            _log.warning("deploy #%d begins though its engine says: %s", deploy.id, error)
        return True

    def _go(self, deploy: Deploy, work: Callable[[Deploy], None]) -> None:
        thread = threading.Thread(target=self._work, args=(deploy, work), name=f"deploy-{deploy.id}", daemon=True)
        with self._guard:
            self._threads[deploy.id] = thread
        thread.start()

    # ---- a deploy's thread

    def _work(self, deploy: Deploy, work: Callable[[Deploy], None]) -> None:
        try:
            work(deploy)
            self._look_after(deploy)
        except Interrupted:
            _log.info("deploy #%d is left for the next start", deploy.id)
        except StoreUnavailable as error:
            self._later(deploy, error)
        except Exception:
            _log.exception("deploy #%d could not be seen to its end", deploy.id)
            raise
        finally:
            with self._guard:
                self._threads.pop(deploy.id, None)
            self.wake()

    def _look_after(self, deploy: Deploy) -> None:
        """What happened meanwhile to the instances in hand was left to the deploy."""
        for instance in self.store.instances.present(deploy.project, deploy.stage):
            if instance.slot == deploy.slot:
                self.look(instance.id)

    def _later(self, deploy: Deploy, error: StoreUnavailable) -> None:
        """The journal could not be written: wait until it can, then take back what it names."""
        while not self._closing.is_set():
            _log.error("deploy #%d stands still: %s", deploy.id, error.message)
            self._closing.wait(_STORE_LOOK)
            try:
                left = self.store.deploys.get(deploy.id)
                if left.status in UNDER_WAY:
                    self._take_back(left)
            except StoreUnavailable as again:
                error = again
            except Interrupted:
                return
            else:
                return

    def _execute(self, deploy: Deploy) -> None:
        run = self._run(deploy)
        if run is None:
            return
        execute(run)
        ended = self.store.deploys.get(deploy.id)
        if ended.ended_well:
            self.pruner.after(run)
        elif run.engine_left:
            self._once_more(deploy, ended)

    def _take_back(self, deploy: Deploy) -> None:
        """Go on taking back what a Forge that was stopped had begun; then try once more, if nobody cancelled."""
        run = self._run(deploy)
        if run is None:
            return
        revert(run, Interrupted("Forge was stopped, or could not write, while this was under way"))
        self._once_more(deploy, self.store.deploys.get(deploy.id))

    def _once_more(self, deploy: Deploy, ended: Deploy) -> None:
        """What was cut off through no fault of the image is tried again; `deploy` is as it was before."""
        fresh = deploy.status is DeployStatus.RUNNING and deploy.actor != "forge"
        if fresh and ended.status is DeployStatus.FAILED and not self._overtaken(ended):
            try:
                self.again(ended)
            except (NotFound, Conflict) as error:
                _log.warning("deploy #%d is not tried once more: %s", deploy.id, error.message)

    def _overtaken(self, deploy: Deploy) -> bool:
        """Whether something newer was asked for: the older one must not supersede it."""
        newer = self.store.deploys.page(project=deploy.project, stage=deploy.stage, limit=50)
        return any(other.id > deploy.id and other.slot == deploy.slot for other in newer)

    def _run(self, deploy: Deploy) -> Run | None:
        """All that the deploy needs; it ends at once if that cannot be had, stuck if it had begun already."""
        try:
            return self._make_run(deploy)
        except StoreUnavailable:
            raise
        except ForgeError as error:
            reverting = deploy if deploy.status is DeployStatus.REVERTING else deploy.to(DeployStatus.REVERTING)
            status = DeployStatus.STUCK if self.store.deploys.steps(deploy.id) else DeployStatus.FAILED
            with self.store.database.change() as change:
                ended = reverting.to(status, failure=error.message, ended=change.now)
                self.store.deploys.save(change, ended)
                self.store.deploys.log(change, ended, error.message, "error")
            return None

    def _make_run(self, deploy: Deploy) -> Run:
        configuration = self.store.deploys.configuration(deploy.id)
        project = configuration.project
        kind = self.store.connections.get(ProxyConnection, project.proxy).kind
        return Run(
            deploy=deploy,
            project=project,
            stage=configuration.stage,
            secrets=self.store.secrets.get_bundle(environment_place(deploy.id)),
            home=home_of(self.store),
            store=self.store,
            engine=self.adapters.engine(project.engine),
            engines=self.adapters.engine,
            registry=self._registry(project),
            proxy=None if kind == "published" else self.adapters.proxy(project.proxy),
            closing=self._closing,
            monotonic=self.monotonic,
            new_id=self.new_id,
            checkpoint=self.checkpoint,
        )

    def _registry(self, project: Project) -> Registry:
        """What is rolled back to may name a registry that is gone by now; its image is on the engine."""
        try:
            return self.adapters.registry_of(project)[1]
        except NotFound:
            return self.adapters.registry_for(parse_image(project.image))[1]
