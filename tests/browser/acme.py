"""A company that has used Forge for a while: six projects, what went well and what did not, and what runs now."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, cast

from forge.domain.deploy import Deploy
from forge.domain.metrics import MACHINE, Sample
from forge.domain.notification import Answer, Notification, NotificationKind
from forge.domain.person import Person, Role, Token
from forge.domain.project import Health, HealthKind
from forge.domain.secret import Secret
from forge.domain.stage import Stage
from forge.domain.tags import parse_pattern
from tests.fake_machine import Behaviour
from tests.world import World, until

DAY, HOUR, MINUTE = 86400.0, 3600.0, 60.0
PACE = 0.06  # seconds
HTTP = Health(kind=HealthKind.HTTP, path="/healthz", timeout=600)
PASSWORD = "four words of acme"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"
PEOPLE: tuple[tuple[str, Role, tuple[str, ...] | None], ...] = (
    ("anna", Role.ADMIN, None),
    ("ben", Role.DEPLOYER, ("checkout", "shop")),
    ("vera", Role.VIEWER, None),
)
TOKENS = (
    ("GitHub of shop", "shop", "dev", 80 * DAY),
    ("Release robot", "checkout", None, 5 * DAY),
    ("Wallboard", None, None, None),
)
RED, GREEN, YELLOW, CYAN, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[0m"

LIVELY = Behaviour(
    log=(
        f"{GREEN}INFO{PLAIN}  shop starting, node 22.11.0",
        f"{GREEN}INFO{PLAIN}  connected to postgres at db.acme.dev:5432",
        f"{GREEN}INFO{PLAIN}  migrations: 214 applied, none to come",
        f"{YELLOW}WARN{PLAIN}  cache is cold, warming 1,204 products",
        f"{GREEN}INFO{PLAIN}  listening on :8080",
        *(f"{GREEN}INFO{PLAIN}  {CYAN}GET{PLAIN} /orders/{4711 + n} 200 in {3 + n % 7} ms" for n in range(40)),
        f"{RED}ERROR{PLAIN} GET /orders/4999 502 in 2004 ms: payments did not answer",
        f"{GREEN}INFO{PLAIN}  {CYAN}GET{PLAIN} /orders/4752 200 in 4 ms",
    ),
    layers=(48_000_000, 12_400_000, 3_100_000),
)
BROKEN = Behaviour(
    log=("checkout 3.2.0 starting", "reading configuration from /etc/checkout"),
    errors=(
        f"{RED}error:{PLAIN} PAYMENTS_KEY is not set",
        "    at readKeys (/app/src/keys.ts:31:11)",
        "    at main (/app/src/main.ts:12:3)",
    ),
    exit_code=78,
    layers=(48_000_000, 9_800_000),
)
NEVER_READY = Behaviour(healthy_after=None, log=("search 1.9.0 starting", "replaying the index: 61 %"))


class _Receiver:
    """Somebody who is told, and answers the same each time."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def send(self, *_: object, local: bool) -> Answer:
        del local
        return self._answer


class Walk:
    """A figure that wanders about a usual one."""

    def __init__(self, chance: Random, usual: float) -> None:
        self._chance, self._usual, self._now = chance, usual, usual

    def step(self) -> float:
        self._now += (self._usual - self._now) * 0.2 + self._chance.gauss(0, self._usual * 0.12)
        return max(0.0, self._now)


class Acme:
    """`world` is theirs; `play` lets their past happen, and says where things are."""

    def __init__(self, folder: Path) -> None:
        self._ago, self._pace, self._spent = 9 * DAY, PACE, 0.0
        self.world = World(folder, images_at="ghcr.io", clock=self._clock)

    def _clock(self) -> float:
        """In the past time passes whenever somebody looks at the clock, so that deploys take as long as real ones."""
        self._spent += self._pace
        return time.time() - self._ago + self._spent

    def _now_it_is(self, ago: float, *, pace: float = PACE) -> None:
        self._ago, self._pace, self._spent = ago, pace, 0.0

    def play(self) -> dict[str, Any]:
        world = self.world
        with world.forge.store.database.change() as change:
            preferences = replace(world.forge.store.preferences.get(), domain="acme.dev", unknown_image="ignore")
            world.forge.store.preferences.put(change, preferences, "test")
        for name in ("shop", "checkout", "search", "mailer", "ledger", "docs"):
            self._project(name)
        self._people()
        self._told()
        world.forge.start()
        self._quiet_past()
        places = self._shop() | self._checkout()
        self._now_it_is(3 * MINUTE)
        world.engine.stop(self._serving("mailer", "rel").container, 0)
        self._deliveries()
        self._now_it_is(0, pace=0)
        self._used()
        return places | self._under_way()

    def _people(self) -> None:
        """Who may, where they are signed in, and the tokens of their programs."""
        service = self.world.forge.people
        self._now_it_is(8 * DAY)
        for name, role, projects in PEOPLE:
            made = Person(name=name, role=role, projects=None if projects is None else frozenset(projects))
            service.accounts.add(made, PASSWORD, "anna")
        self._now_it_is(50 * MINUTE)
        service.sessions.begin("anna", address="10.4.0.7", agent=FIREFOX)
        service.sessions.begin("ben", address="10.4.0.21", agent=FIREFOX)
        anna, now = self.world.forge.store.people.get("anna").principal, time.time()
        for name, project, stage, lasts in TOKENS:
            wanted = Token(
                id=0, name=name, person=None, role=Role.DEPLOYER, project=project, stage=stage,
                expires=None if lasts is None else now + lasts,
            )  # fmt: skip
            service.tokens.make(wanted, anna)

    def _told(self) -> None:
        """Who is told elsewhere: one is reached, one is away, one keeps quiet."""
        forge = self.world.forge
        forge.courier.apprise = cast("Any", _Receiver(Answer(ok=True, text="It was taken", milliseconds=212)))
        away = Answer(ok=False, text="503: hooks.acme.dev is being updated", code=503, milliseconds=41)
        forge.courier.webhook = cast("Any", _Receiver(away))
        told = (
            (
                Notification(name="team-chat", kind=NotificationKind.APPRISE),
                "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            ),
            (
                Notification(name="on-call", kind=NotificationKind.WEBHOOK, project="checkout"),
                "https://hooks.acme.dev/forge",
            ),
            (Notification(name="quiet-dev", kind=NotificationKind.NOBODY, project="docs", stage="dev"), None),
        )
        for one, address in told:
            key = Secret("picture-" * 3) if one.kind is NotificationKind.WEBHOOK else None
            forge.notifications.put(one, address=Secret(address) if address else None, key=key, actor="anna")

    # ---- chapters

    def _quiet_past(self) -> None:
        for name, ago in (("mailer", 6 * DAY), ("ledger", 5 * DAY), ("docs", 4 * DAY), ("search", 3 * DAY)):
            self._now_it_is(ago)
            self._live(name, "dev", "main-4f1c09a")
            self._live(name, "rel", "1.7.2")
            self._promote(name)
            self._live(name, "rel", "1.8.0")

    def _shop(self) -> dict[str, Any]:
        for ago, place, tag in (
            (2 * DAY, "rel", "2.13.4"),
            (30 * HOUR, "dev", "main-90be7d2"),
            (26 * HOUR, "rel", "2.14.0"),
            (5 * HOUR, "dev", "main-c41f7aa"),
            (2 * HOUR, "rel", "2.14.1"),
            (35 * MINUTE, "dev", "main-8f31c2e"),
        ):
            self._now_it_is(ago)
            newest = self._live("shop", place, tag)
            if tag == "2.13.4":
                self._promote("shop")
        return {"project": "shop", "deploy": newest.id, "instance": self._serving("shop", "dev").id}

    def _checkout(self) -> dict[str, Any]:
        self._now_it_is(3 * DAY)
        self._live("checkout", "dev", "main-77aa013")
        self._live("checkout", "rel", "3.1.4")
        self._promote("checkout")
        self._now_it_is(12 * MINUTE)
        self.world.push("3.2.0", "acme/checkout", BROKEN)
        asked = self.world.forge.requests.deploy("checkout", "rel", tag="3.2.0", actor="webhook")
        failed = self.world.wait(asked)
        assert failed.status.value == "failed", failed
        return {"failed": failed.id}

    def _under_way(self) -> dict[str, Any]:
        """A deploy that waits until it is healthy, for as long as anybody looks, and one behind it."""
        world = self.world
        world.push("1.9.0", "acme/search", NEVER_READY)
        deploy = world.forge.requests.deploy("search", "rel", tag="1.9.0", actor="webhook")

        def waits() -> bool:
            return any(step.name == "wait until healthy" for step in world.forge.store.deploys.steps(deploy.id))

        until(waits, "it waits")
        return {"running": deploy.id}

    def _deliveries(self) -> None:
        """What came by webhook: known, of nobody's, and not understood."""
        for image in ("ghcr.io/acme/shop:main-8f31c2e", "ghcr.io/acme/website:latest"):
            body = json.dumps({"image": image}).encode()
            self.world.forge.webhook.deliver({"Content-Type": "application/json"}, body)
        until(lambda: all(r.decision != "looking" for r in self.world.forge.store.receipts.page(limit=10)), "settled")

    def _used(self) -> None:
        """Half an hour of what the machine and every instance used, one reading in ten seconds."""
        store, chance = self.world.forge.store, Random(7)
        subjects = {MACHINE: (0.3, 7 << 30)} | {
            one.id: (chance.uniform(0.02, 0.4), chance.randrange(60, 400) << 20) for one in store.instances.present()
        }
        with store.database.change() as change:
            for subject, (cpu, memory) in subjects.items():
                busy = Walk(chance, cpu)
                store.metrics.add(change, (
                    Sample(
                        subject=subject, at=change.now - ago, seconds=10, cpu=busy.step(),
                        memory=memory * chance.uniform(0.97, 1.03), received=chance.uniform(2e3, 9e3),
                        sent=chance.uniform(4e3, 3e4),
                    )
                    for ago in range(30 * 60, 10, -10)
                ))  # fmt: skip
        for _ in range(2):  # what is used now is what came between two looks
            self.world.forge.sampler.look()
            time.sleep(PACE)

    # ---- how

    def _project(self, name: str) -> None:
        def made(place: str, pattern: str, **more: Any) -> Stage:
            return Stage(project=name, name=place, pattern=parse_pattern(pattern), drain=0, bake=0, **more)

        self.world.project(
            name,
            made("dev", "glob:main-*"),
            made("rel", "semver:>=1.0.0"),
            made("prod", "semver:>=1.0.0", auto_deploy=False, promote_from="rel"),
            image=f"ghcr.io/acme/{name}",
            health=HTTP,
        )

    def _live(self, project: str, place: str, tag: str) -> Deploy:
        known = self.world.registry.digest(f"acme/{project}", tag)
        if known is None:
            self.world.push(tag, f"acme/{project}", LIVELY)
        actor = "webhook" if place == "dev" else "ann"
        deploy = self.world.wait(self.world.forge.requests.deploy(project, place, tag=tag, actor=actor))
        assert deploy.ended_well, deploy.failure
        return deploy

    def _promote(self, project: str) -> None:
        deploy = self.world.wait(self.world.forge.requests.promote(project, "prod", actor="ann"))
        assert deploy.ended_well, deploy.failure

    def _serving(self, project: str, place: str) -> Any:
        return self.world.forge.store.instances.serving(project, place)[0]
