"""What the tests of notifications share: a store with shop/dev, somebody to tell, and things that happen."""

from __future__ import annotations

from dataclasses import replace

from forge.domain.deploy import DeployStatus
from forge.domain.events import Event
from forge.domain.instance import InstanceStatus
from forge.domain.notification import Answer, Notice, NoticeLevel, Notification, NotificationKind, Occasion
from forge.domain.secret import Secret
from forge.store.notifications import address_place, key_place
from tests.unit.storing import NOON, Clock, add_deploy, dev, instance, open_store, shop

TOKEN = "canary-token-8d1f0c"
KEY = "canary-key-0123456789abcdef"


class House:
    """A store on `folder` with shop and its stage dev; `clock` is turned by hand, `heard` is what was published."""

    def __init__(self, folder):
        self.folder, self.clock, self.heard = folder, Clock(), []
        self.store = open_store(folder, self.heard, self.clock)
        if not self.store.projects.all():
            with self.store.database.change() as change:
                self.store.projects.add(change, shop(), "ann")
                self.store.projects.add_stage(change, dev(), "ann")

    def tell(self, name="ops", *, address=f"json://127.0.0.1/{TOKEN}", **more):
        """Keep a notification; of everything unless it is said."""
        given = {"kind": NotificationKind.WEBHOOK, "occasions": tuple(Occasion), **more}
        if given.get("project"):
            given["occasions"] = more.get("occasions", (Occasion.DEPLOY_FAILED, Occasion.INSTANCE))
        kept = Notification(name=name, **given)
        with self.store.database.change() as change:
            self.store.notifications.put(change, kept, "ann")
            self.store.secrets.put(change, address_place(name), Secret(address))
            self.store.secrets.put(change, key_place(name), Secret(KEY))
        return kept

    def deploy(self, status=DeployStatus.FAILED, **more):
        """A deploy of shop/dev that ended so."""
        made = add_deploy(self.store, **more)
        with self.store.database.change() as change:
            begun = self.store.deploys.begin(change, made)
            if status is not DeployStatus.SUCCEEDED:
                begun = begun.to(DeployStatus.REVERTING, failure="It did not become healthy within 10 s")
            ended = begun.to(status, ended=change.now)
            self.store.deploys.save(change, ended)
        return ended

    def instance(self, status=InstanceStatus.UNHEALTHY, id="a1b2c3", **more):
        """The instance that serves shop/dev is in some status."""
        given = {"serving": True, **more}
        with self.store.database.change() as change:
            return self.store.instances.put(change, replace(instance(id), status=status, **given))

    def part(self, change_, name="ghcr"):
        """A registry is down or back."""
        payload = {"kind": "registry", "name": name, "change": change_, "text": "ghcr.io does not answer in time"}
        with self.store.database.change() as change:
            change.emit(Event(type="connection_changed", payload=payload, at=change.now))

    def sent(self, name="ops"):
        """Titles in the outbox, the oldest first."""
        return [one.notice.title for one in self.store.deliveries.page(name)][::-1]

    def close(self):
        self.store.database.close()


def notice(**more):
    given = {
        "occasion": Occasion.DEPLOY_FAILED, "level": NoticeLevel.BAD, "subject": "deploy/1",
        "title": "shop/dev: v1 failed", "text": "It did not start.", "at": NOON, "path": "/deploys/1",
        "project": "shop", "stage": "dev",
    }  # fmt: skip
    return Notice(**{**given, **more})


class Sender:
    """Stands for both senders: answers as told, and remembers what it was given."""

    def __init__(self, *answers):
        self.answers, self.messages = list(answers), []

    def send(self, address, *more, local):
        del address, local
        self.messages.append(more[-1])
        return self.answers.pop(0) if self.answers else GOOD


GOOD = Answer(ok=True, text="200", code=200, milliseconds=3)
BAD = Answer(ok=False, text="503: later", code=503, milliseconds=3)
