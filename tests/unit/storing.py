"""What the tests of forge.store share: a store in a folder, with a clock that is turned by hand."""

from __future__ import annotations

from forge.domain.deploy import Deploy
from forge.domain.instance import Instance
from forge.domain.project import Project
from forge.domain.stage import Stage
from forge.store.database import Database
from forge.store.deploys import Configuration
from forge.store.store import make_store
from forge.vault import Vault

NOON = 1_767_265_200.0
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


class Clock:
    """Unix seconds that a test turns on."""

    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now


def open_store(folder, heard=None, clock=None, key=b"k" * 32):
    """A store on `folder`; `heard` collects what is published."""
    database = Database(folder / "forge.db", (heard if heard is not None else []).extend, clock or Clock())
    database.open()
    return make_store(database, Vault([key]))


def shop(**more):
    return Project(**{"name": "shop", "image": "r.example/acme/shop", "port": 80, **more})


def dev(**more):
    return Stage(**{"project": "shop", "name": "dev", **more})


def add_deploy(store, **more):
    """Queue a deploy of shop/dev."""
    wanted = Deploy(**{"id": 0, "project": "shop", "stage": "dev", "image": "r.example/acme/shop", "tag": "v1", **more})
    with store.database.change() as change:
        return store.deploys.add(change, wanted, Configuration(project=shop(), stage=dev()))


def instance(id="a1b2c3", **more):
    given = {"project": "shop", "stage": "dev", "deploy": 1, "tag": "v1", "digest": DIGEST, "engine": "local"}
    return Instance(**{"id": id, "name": f"forge-{id}", **given, **more})
