"""The parts of a running Forge, already put together: start() and close()."""

from __future__ import annotations

from dataclasses import dataclass

from forge.bus import Bus
from forge.config.service import ConfigService
from forge.deploy.adapters import Adapters
from forge.deploy.adopt import AdoptService
from forge.deploy.backups import BackupService
from forge.deploy.connections import ConnectionService
from forge.deploy.daily import Daily
from forge.deploy.deployer import Deployer
from forge.deploy.discovery import Discovery
from forge.deploy.follow import Follower
from forge.deploy.instances import InstanceService
from forge.deploy.livelogs import LiveLogs
from forge.deploy.notifications import NotificationService
from forge.deploy.parts import Health, Part
from forge.deploy.preferences import PreferenceService
from forge.deploy.projects import ProjectService
from forge.deploy.quick import QuickDeploy
from forge.deploy.requests import Requests
from forge.domain.secret import Secret
from forge.metrics.sampler import Sampler
from forge.notify.courier import Courier
from forge.people.service import People
from forge.settings import Settings
from forge.store.lock import FolderLock
from forge.store.store import Store
from forge.watch.poller import Poller
from forge.watch.sightings import SightingService
from forge.watch.webhook import WebhookService


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything by its name. `token` is the launch token; `home` marks what this data folder made elsewhere."""

    settings: Settings
    lock: FolderLock
    store: Store
    bus: Bus
    adapters: Adapters
    deployer: Deployer
    follower: Follower
    requests: Requests
    projects: ProjectService
    preferences: PreferenceService
    instances: InstanceService
    connections: ConnectionService
    quick: QuickDeploy
    adopting: AdoptService
    discovery: Discovery
    sightings: SightingService
    webhook: WebhookService
    poller: Poller
    configs: ConfigService
    notifications: NotificationService
    courier: Courier
    backups: BackupService
    daily: Daily
    logs: LiveLogs
    sampler: Sampler
    parts: Health
    people: People
    home: str
    token: Secret

    def start(self) -> None:
        """Go on with what was left under way, and begin to watch. Nothing here waits for Docker or a registry."""
        self.deployer.start()
        self.follower.start()
        self.webhook.start()
        self.poller.start()
        self.sampler.start()
        self.courier.start()
        self.daily.start()

    def close(self) -> None:
        """Let running deploys reach a safe step, end every thread, close the store."""
        self.follower.stop()
        self.sampler.stop()
        self.poller.close()
        self.webhook.close()
        self.deployer.close()
        self.courier.close()
        self.daily.close()
        self.logs.followers.close()
        self.adapters.close()
        self.follower.join()
        self.sampler.join()
        self.store.database.close()
        self.lock.release()

    def faults(self) -> tuple[Part, ...]:
        """The parts that do not answer now."""
        return tuple(part for part in self.parts.parts() if part.fault is not None)
