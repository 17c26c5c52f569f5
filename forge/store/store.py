"""All that is remembered, in one hand."""

from __future__ import annotations

from dataclasses import dataclass

from forge.store.adopted import AdoptedStore
from forge.store.connections import Connections, PreferenceStore
from forge.store.database import Database
from forge.store.deploys import Deploys
from forge.store.events import Events
from forge.store.instances import Instances
from forge.store.metrics import Metrics
from forge.store.notifications import Deliveries, Notifications
from forge.store.oidc import OidcStore
from forge.store.people import People, Sessions, Tokens
from forge.store.projects import Projects
from forge.store.secrets import Secrets
from forge.store.sightings import Receipts, Sightings
from forge.vault import Vault


@dataclass(frozen=True, slots=True)
class Store:
    """The database and its aggregates; see each for what it gives."""

    database: Database
    projects: Projects
    deploys: Deploys
    instances: Instances
    events: Events
    sightings: Sightings
    receipts: Receipts
    connections: Connections
    preferences: PreferenceStore
    secrets: Secrets
    metrics: Metrics
    adopted: AdoptedStore
    notifications: Notifications
    deliveries: Deliveries
    people: People
    sessions: Sessions
    tokens: Tokens
    oidc: OidcStore


def make_store(database: Database, vault: Vault) -> Store:
    preferences = PreferenceStore(database)
    return Store(
        database=database,
        projects=Projects(database),
        deploys=Deploys(database),
        instances=Instances(database),
        events=Events(database),
        sightings=Sightings(database),
        receipts=Receipts(database),
        connections=Connections(database),
        preferences=preferences,
        secrets=Secrets(database, vault),
        metrics=Metrics(database),
        adopted=AdoptedStore(database, preferences),
        notifications=Notifications(database),
        deliveries=Deliveries(database),
        people=People(database),
        sessions=Sessions(database),
        tokens=Tokens(database),
        oidc=OidcStore(database),
    )
