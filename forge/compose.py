"""The composition root: the only module that knows every other."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from typing import NamedTuple

from forge import outgoing
from forge.bus import Bus
from forge.clock import steady
from forge.config.service import ConfigService
from forge.deploy import restored
from forge.deploy.adapters import Adapters, Factories
from forge.deploy.adopt import AdoptService
from forge.deploy.backups import BackupService
from forge.deploy.connections import ConnectionService
from forge.deploy.contexts import ContextOffers
from forge.deploy.daily import Daily
from forge.deploy.deployer import Deployer
from forge.deploy.discovery import Discovery
from forge.deploy.follow import Follower
from forge.deploy.instances import InstanceService
from forge.deploy.livelogs import LiveLogs, publish_lines
from forge.deploy.notifications import NotificationService
from forge.deploy.parts import Health
from forge.deploy.preferences import PreferenceService
from forge.deploy.projects import ProjectService
from forge.deploy.prune import Pruner
from forge.deploy.queue import Queue, environment_place
from forge.deploy.quick import QuickDeploy
from forge.deploy.reconcile import Reconciler
from forge.deploy.requests import Requests
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.deploy import Deploy
from forge.domain.errors import Invalid
from forge.domain.notification import NotificationKind
from forge.domain.secret import Secret
from forge.engines.access import Access, access_of, contexts_of, usual_url
from forge.engines.docker import DockerEngine
from forge.engines.streams import Followers
from forge.http import Session
from forge.log import hide
from forge.metrics.machine import Machine
from forge.metrics.readings import Readings
from forge.metrics.sampler import Sampler
from forge.notify import services as apprise_services
from forge.notify import webhook as signed_webhook
from forge.notify.courier import Courier
from forge.notify.reach import proxies_of
from forge.notify.services import AppriseSender
from forge.notify.webhook import WebhookSender
from forge.people.service import People, people_of
from forge.ports import Engine, Proxy, Registry
from forge.proxies.caddy import CaddyProxy
from forge.proxies.npm import NpmProxy
from forge.proxies.published import Published
from forge.proxies.reach import Reached
from forge.proxies.traefik import TraefikProxy
from forge.registries.docker_logins import DockerLogins
from forge.registries.oci import OciRegistry
from forge.runtime import Runtime
from forge.settings import Settings, docker_folder, prepare
from forge.store import backup, shelf, upgrade
from forge.store.database import Database, StoreError
from forge.store.lock import FolderLock
from forge.store.store import Store, make_store
from forge.vault import open_vault
from forge.watch.poller import Poller
from forge.watch.sightings import SightingService
from forge.watch.webhook import WebhookService

_REMOVED_KEPT = 30 * 86400.0  # seconds the rows of removed instances stay
_KEPT = 1000  # of a stage's deploys, sightings and removed instances: more than anybody rolls back to, or reads

ADDRESSES = {
    NotificationKind.APPRISE: apprise_services.check_address,
    NotificationKind.WEBHOOK: signed_webhook.check_address,
}
PROXIES: dict[str, Callable[[ProxyConnection, Secret | None, Session, str], Proxy]] = {
    "caddy": lambda connection, _, http, home: CaddyProxy(connection, home=home, http=http),
    "npm": lambda connection, password, _, home: NpmProxy(
        connection, password, home=home, http=Session(), environment=os.environ
    ),
    "traefik": lambda connection, _, http, home: TraefikProxy(connection, home=home, http=http),
    "published": lambda connection, _, http, __: Published(connection, http=http),
}


def factories_for(settings: Settings, home: str) -> Factories:
    """The real adapters."""
    http = Session()

    usual = Access(url=settings.engine, certs=settings.engine_certs) if settings.engine else None

    def engine(connection: EngineConnection, key: Secret | None) -> Engine:
        return DockerEngine(connection.name, lambda: access_of(connection, key, usual))

    def registry(connection: RegistryConnection, password: Secret | None) -> Registry:
        return OciRegistry(connection, password)

    def proxy(connection: ProxyConnection, password: Secret | None) -> Proxy:
        made = PROXIES[connection.kind](connection, password, http, home)
        return Reached(made, connection.reach) if connection.reach else made

    return Factories(engine=engine, registry=registry, proxy=proxy)


def compose(
    settings: Settings,
    *,
    factories: Factories | None = None,
    checkpoint: Callable[[str], None] = lambda _: None,
) -> Runtime:
    """Open the data folder and put the parts together; nothing runs yet.

    Raise Invalid, Conflict, StoreError or VaultError with a sentence; the folder is then as it was.
    `factories` and `checkpoint` are for tests: other adapters, and breaking things on purpose.
    """
    outgoing.allow(link_local=settings.link_local)
    folder = open_folder(settings)
    try:
        runtime = _wire(settings, folder, factories or factories_for(settings, folder.home), checkpoint)
        seed(settings, folder.store, runtime.configs)
    except BaseException:
        folder.store.database.close()
        folder.lock.release()
        raise
    return runtime


def _wire(settings: Settings, folder: Folder, factories: Factories, checkpoint: Callable[[str], None]) -> Runtime:
    bus, store = folder.bus, folder.store
    hide(token := Secret(secrets.token_urlsafe(32)))
    adapters = Adapters(store, factories)
    health, queue, pruner = Health(store), Queue(store), Pruner(store, adapters)
    reconciler = Reconciler(store, adapters, health)
    deployer = Deployer(
        store=store, adapters=adapters, pruner=pruner, again=_again(queue), look=reconciler.serve_again,
        workers=settings.workers, checkpoint=checkpoint,
    )  # fmt: skip

    requests = Requests(store, adapters, queue, deployer.wake)
    projects = ProjectService(store, adapters, pruner, deployer.wake)
    preferences = PreferenceService(store)
    quick = QuickDeploy(store, adapters, projects, requests)
    sightings = SightingService(store, adapters, queue, deployer.wake)
    instances = InstanceService(store, adapters, pruner, reconciler)
    connections = ConnectionService(store, adapters, health, deployer.wake)
    courier, backups = courier_for(store, bus), BackupService(store, settings.data)
    notifications = NotificationService(
        store=store, checks=ADDRESSES, check_key=signed_webhook.check_key, changed=courier.wake
    )
    return Runtime(
        settings=settings, lock=folder.lock, store=store, bus=bus, home=folder.home, token=token,
        adapters=adapters, deployer=deployer,
        follower=Follower(store, adapters, reconciler, _back(pruner, deployer), lambda: housekeeping(store)),
        requests=requests, projects=projects, preferences=preferences, instances=instances,
        connections=connections, quick=quick,
        adopting=AdoptService(store, adapters, projects, queue, deployer.wake),
        discovery=_discovery(settings, store, adapters, connections),
        sightings=sightings,
        webhook=WebhookService(store, sightings, quick),
        poller=Poller(sightings, health),
        configs=ConfigService(store, projects, connections, preferences, notifications),
        notifications=notifications, courier=courier, backups=backups, daily=Daily(backups),
        logs=LiveLogs(instances, Followers(publish_lines(bus))),
        sampler=Sampler(store, bus, Readings(store, adapters, health, Machine(folder=settings.data))),
        parts=health, people=_people(store, bus),
    )  # fmt: skip


def _people(store: Store, bus: Bus) -> People:
    """Who may; hears of changes before anybody who asks who stands."""
    people = people_of(store)
    bus.subscribe(people.standings.hear)
    return people


def _discovery(settings: Settings, store: Store, adapters: Adapters, connections: ConnectionService) -> Discovery:
    offers = ContextOffers(contexts_of(os.environ), connections, usual=lambda: settings.engine or usual_url(os.environ))
    return Discovery(store, adapters, connections, DockerLogins(docker_folder(os.environ)), offers)


def courier_for(store: Store, bus: Bus) -> Courier:
    """Who carries messages; woken by what happens."""

    def through() -> frozenset[tuple[str, int]]:
        return proxies_of(os.environ)

    courier = Courier(store=store, apprise=AppriseSender(through), webhook=WebhookSender(through), steady=steady)
    bus.subscribe(courier.hear)
    return courier


def _again(queue: Queue) -> Callable[[Deploy], None]:
    """Queues once more what a stop of Forge had cut off."""

    def again(deploy: Deploy) -> None:
        with queue.store.database.change() as change:
            queue.again(change, deploy, kind=deploy.kind, actor="forge")

    return again


def _back(pruner: Pruner, deployer: Deployer) -> Callable[[], None]:
    """What to do when an engine answers (again)."""

    def back() -> None:
        pruner.sweep()
        deployer.wake()

    return back


class Folder(NamedTuple):
    """An open data folder; `home` is its mark on everything that is made elsewhere."""

    lock: FolderLock
    bus: Bus
    store: Store
    home: str


def open_folder(settings: Settings) -> Folder:
    """Lock the data folder, open its database and vault, and make what a first start needs."""
    prepare(settings)
    lock = FolderLock(settings.lock_file)
    lock.take()
    try:
        upgrade.refuse_newer(settings.database)
        backup.tidy(settings.data)
        first = not settings.database.exists()
        vault = open_vault(
            settings.key_file, key=settings.encryption_key, old=settings.encryption_key_old, first_start=first
        )
        settings.database.touch(mode=0o600)  # before SQLite makes it readable by all
        bus = Bus()
        database = Database(settings.database, bus.publish)
        store = make_store(database, vault)
        _open(database, store, settings)
        store.secrets.check()
        restored.settle(store)
        home = first_start(store, seeded=settings.seed is not None and settings.seed.exists())
    except BaseException:
        lock.release()
        raise
    return Folder(lock, bus, store, home)


def _open(database: Database, store: Store, settings: Settings) -> None:
    """Bring it up to date; who meets a damaged one is told the way back."""
    try:
        database.open(lambda: _before_migrating(store))
    except StoreError as error:
        if error.code != "damaged_database":
            raise
        good = shelf.last_good(settings.data)
        which = f"`forge restore --data {settings.data} {good.name if good else 'FILE'}`"
        raise StoreError(
            f"{error.message} {which} puts {'the last backup' if good else 'a backup'} back, and keeps what is there.",
            code=error.code,
        ) from error


def _before_migrating(store: Store) -> None:
    """A wrong key touches nothing, not even an old schema; with the right one, what was is kept."""
    store.secrets.check()
    upgrade.keep_copy(store.database)


def first_start(store: Store, *, seeded: bool = False) -> str:
    """The data folder's mark; at first start it is made, with the engine and the proxy that every machine has.

    `seeded`: a file with the configuration is there, and will be imported.
    """
    home = store.preferences.own("_home")
    if isinstance(home, str):
        return home
    home = secrets.token_hex(4)
    with store.database.change() as change:
        store.preferences.keep(change, "_home", home)
        if seeded:
            store.preferences.keep(change, "_seed", "wanted")
        store.connections.put(change, EngineConnection(name="local"), "forge")
        store.connections.put(change, ProxyConnection(name="published", kind="published"), "forge")
    return home


def seed(settings: Settings, store: Store, configs: ConfigService) -> None:
    """At first start: import the file that FORGE_SEED names, if it is there; raise Invalid with line and column.

    One with a mistake in it is tried again at the next start: until then it is still the first.
    """
    if settings.seed is None or store.preferences.own("_seed") != "wanted" or not settings.seed.exists():
        return
    try:
        text = settings.seed.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"The seed {settings.seed} cannot be read: {error}", code="seed") from error
    configs.apply(text, os.environ, actor="seed")
    with store.database.change() as change:
        store.preferences.keep(change, "_seed", "imported")


def housekeeping(store: Store, kept: int = _KEPT) -> None:
    """Drop what is past keeping; of each stage `kept` deploys, sightings and removed instances stay."""
    with store.database.change() as change:
        store.events.thin(change, store.preferences.get().events)
        store.instances.thin(change, kept, change.now - _REMOVED_KEPT)
        store.sightings.thin(change, kept)
        for deploy in store.deploys.thin(change, kept):
            store.secrets.delete(change, environment_place(deploy))
