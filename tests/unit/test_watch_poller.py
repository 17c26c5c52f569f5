"""The poller, by a clock that is turned by hand."""

import threading
from dataclasses import replace
from itertools import pairwise

import pytest

from forge.clock import steady
from forge.deploy.parts import Health
from forge.domain.connection import ConnectionKind, RegistryConnection
from forge.domain.errors import NotFound, RegistryError, RegistryUnavailable
from forge.domain.stage import Update
from forge.store.database import StoreUnavailable
from forge.store.restore import RESTORED
from forge.watch import poller as module
from forge.watch.poller import Poller
from tests.unit.watching import HOST, World, held


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.poller.close()
    made.store.database.close()


def tick(world, later=0.0):
    world.clock.now += later
    return world.poller.tick(world.clock.now)


def told(world):
    return [event.payload for event in world.events if event.type == "connection_changed" and "text" in event.payload]


def test_each_registry_is_asked_in_its_turn(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    tick(world)
    assert world.registry.count("tags") == 1
    tick(world, 299)
    assert world.registry.count("tags") == 1
    world.registry.push("acme/shop", "dev-2")
    tick(world, 1)
    assert world.registry.count("tags") == 2
    assert [deploy.tag for deploy in world.deploys()] == ["dev-2"]


def test_by_itself_it_goes_by_a_clock_that_does_not_jump(world):
    assert Poller(world.poller.service).clock is steady


def test_until_what_runs_is_taken_up_after_a_restore_nothing_is_asked(world):
    world.shop()
    with world.store.database.change() as change:
        world.store.preferences.keep(change, RESTORED, {"at": 0, "settled": True, "engines": ["local"]})
    tick(world)
    assert world.registry.count("tags") == 0
    with world.store.database.change() as change:
        world.store.preferences.keep(change, RESTORED, {"at": 0, "settled": True, "engines": []})
    tick(world)
    assert world.registry.count("tags") == 1


def test_the_projects_of_one_image_share_all_questions(world):
    for name in ("shop", "shop-two", "shop-three"):
        world.project(name)
        world.stage(project=name)
        world.stage("test", "*", project=name)
    world.registry.push("acme/shop", "dev-1")
    tick(world)
    assert sorted(call[0] for call in world.registry.calls) == ["digest", "tags"]


def test_a_registry_that_nobody_told_of_is_polled_every_five_minutes(world):
    world.project("blog", "elsewhere.example.org/acme/blog")
    world.stage(project="blog")
    tick(world)
    other = world.others["elsewhere.example.org"]
    tick(world, 299)
    assert other.count("tags") == 1
    tick(world, 1)
    assert other.count("tags") == 2
    assert [status.registry for status in world.poller.status()] == ["elsewhere.example.org"]


def test_never_is_never_but_a_person_may_ask(world):
    with world.store.database.change() as change:
        world.store.connections.put(change, RegistryConnection(name="main", url=f"https://{HOST}", interval=0), "ann")
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    tick(world)
    tick(world, 1e6)
    assert world.registry.calls == []
    report = world.poller.poll_now("main")
    assert (report.repositories, report.tags, report.heads, report.fresh, report.troubles) == (1, 1, 1, 1, {})
    with pytest.raises(NotFound):
        world.poller.poll_now("unknown")


def test_a_limit_is_kept_and_told_once(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    tick(world)
    world.registry.limited_until = world.clock.now + 1000
    tick(world, 300)
    calls = len(world.registry.calls)
    for _ in range(60):
        tick(world, 11)
    assert len(world.registry.calls) == calls
    (status,) = world.poller.status()
    assert (status.healthy, "asks not to be asked" in status.text) == (False, True)
    assert [payload["change"] for payload in told(world)] == ["down"]
    tick(world, 800)
    assert [payload["change"] for payload in told(world)] == ["down", "back"]
    assert world.poller.status()[0].healthy


def test_a_registry_that_is_away_is_asked_less_and_less_and_then_as_before(world):
    world.shop()
    world.registry.down = True
    started = world.clock.now
    asked = []
    for _ in range(4000):
        before = len(world.registry.calls)
        tick(world)
        if len(world.registry.calls) > before:
            asked.append(world.clock.now - started)
        world.clock.now += 5
    assert asked[:6] == [0, 30, 90, 210, 450, 930]
    assert max(b - a for a, b in pairwise(asked)) <= 3605
    world.registry.down = False
    tick(world, 3600)
    calls = world.registry.count("tags")
    tick(world, 300)
    assert world.registry.count("tags") == calls + 1
    assert [payload["change"] for payload in told(world)] == ["down", "back"]


def test_a_locked_database_is_no_fault_of_the_registrys_nor_a_reason_to_ask_it_all_the_time(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    world.store.database.rows("PRAGMA busy_timeout = 10")
    with held(world.store.database.path):
        for _ in range(15):
            tick(world, 2)
        assert world.registry.count("tags") == 1
        with pytest.raises(StoreUnavailable):
            world.poller.poll_now("main")
        assert world.poller._health.parts() == ()
        (status,) = world.poller.status()
        assert (status.healthy, status.failures, status.text) == (True, 0, "")
    tick(world, 30)
    assert world.store.projects.noted("shop", "dev")
    assert told(world) == []


def test_the_poller_goes_on_after_a_locked_database_and_after_a_mistake(world, monkeypatch):
    wrong, went_on = [StoreUnavailable("locked"), RuntimeError("a mistake")], threading.Event()

    def plan(_):
        if wrong:
            raise wrong.pop(0)
        went_on.set()

    monkeypatch.setattr(Poller, "_plan", lambda _, now: plan(now))
    monkeypatch.setattr(module, "TICK", 0.01)
    poller = Poller(world.service)
    poller.start()
    assert went_on.wait(5)
    poller.close()


def test_one_repository_in_trouble_does_not_hold_up_the_others(world, monkeypatch):
    world.project("hidden", f"{HOST}/acme/hidden")
    world.stage(project="hidden")
    world.shop()
    before = world.registry.tags

    def tags(repository):
        if repository == "acme/hidden":
            raise RegistryError("The registry does not show acme/hidden", code="login")
        return before(repository)

    monkeypatch.setattr(world.registry, "tags", tags)
    world.registry.push("acme/shop", "dev-1")
    report = world.poller.poll_now("main")
    assert report.troubles == {f"{HOST}/acme/hidden": "The registry does not show acme/hidden"}
    assert report.tags == 1
    assert world.poller.status()[0].healthy


def test_a_registry_that_goes_away_in_between_ends_the_round(world):
    for name in ("a-blog", "b-blog", "c-blog"):
        world.project(name, f"{HOST}/acme/{name}")
        world.stage(project=name)

    def away(call):
        world.registry.down = call == ("tags", "acme/b-blog")

    world.registry.before_answer = away
    with pytest.raises(RegistryUnavailable):
        world.poller.poll_now("main")
    assert [call[1] for call in world.registry.calls] == ["acme/a-blog", "acme/b-blog"]
    assert [payload["change"] for payload in told(world)] == ["down"]


def test_if_every_repository_is_in_trouble_the_registry_is(world):
    world.shop()
    world.registry.wanted = ("ann", "right")
    with pytest.raises(RegistryError):
        world.poller.poll_now("main")
    assert [payload["change"] for payload in told(world)] == ["down"]


def test_a_mended_connection_is_tried_at_the_next_tick(world):
    world.shop()
    world.registry.wanted = ("ann", "right")
    tick(world)
    tick(world, 1)
    assert world.registry.count("tags") == 1
    with world.store.database.change() as change:
        mended = RegistryConnection(name="main", url=f"https://{HOST}", username="ann")
        world.store.connections.put(change, mended, "ann")
    world.adapters.forget(ConnectionKind.REGISTRY, "main")
    world.registry.given = ("ann", "right")
    tick(world, 1)
    assert world.registry.count("tags") == 2
    assert world.poller.status()[0].healthy


def test_a_new_project_is_looked_at_at_the_next_tick(world):
    world.shop()
    tick(world)
    world.project("blog", f"{HOST}/acme/blog")
    world.stage(project="blog")
    world.registry.push("acme/blog", "dev-1")
    tick(world, 1)
    assert world.store.projects.noted("blog", "dev")


def test_inactive_projects_are_not_polled(world):
    world.project(active=False)
    world.stage()
    tick(world)
    assert world.registry.calls == []


def test_held_sightings_are_decided_when_due(world):
    world.noted(world.shop(update=Update(minimum_age=600)))
    world.registry.push("acme/shop", "dev-1")
    tick(world)
    assert world.deploys() == []
    tick(world, 599)
    tick(world, 1)
    assert [deploy.tag for deploy in world.deploys()] == ["dev-1"]


def test_health_is_told_to_whoever_keeps_it(world):
    health = Health(world.store)
    poller = Poller(world.service, health, clock=world.clock, submit=lambda work: work())
    world.shop()
    world.registry.down = True
    poller.tick(world.clock.now)
    assert [(part.kind, part.name) for part in health.parts() if part.fault] == [("registry", "main")]
    with pytest.raises(RegistryUnavailable):
        poller.poll_now("main")


@pytest.mark.parametrize("host", [HOST, "dead.example.org"])
def test_a_fault_of_a_registry_goes_when_nobody_uses_it_any_more(world, host):
    health = Health(world.store)
    poller = Poller(world.service, health, clock=world.clock, submit=lambda work: work())
    world.project(image=f"{host}/acme/shop")
    world.stage()
    world.registry_at(host).down = True
    poller.tick(world.clock.now)
    poller.tick(world.clock.now)
    (part,) = health.parts()
    assert part.fault
    with world.store.database.change() as change:
        world.store.projects.delete(change, "shop", "test")
    poller.tick(world.clock.now)
    assert health.parts() == ()
    assert told(world)[-1]["change"] == "unused"


def test_a_round_that_ends_after_its_project_leaves_no_fault_behind(world):
    health = Health(world.store)
    poller = Poller(world.service, health, clock=world.clock, submit=lambda work: work())
    poller.tick(world.clock.now)
    health.tell("registry", "dead.example.org", "It refuses the connection")
    health.tell("registry", "main", "A person asked: it refuses the connection")
    poller.tick(world.clock.now)
    assert [part.name for part in health.parts()] == ["main"]


def test_at_most_so_many_requests_at_a_time_as_the_connection_allows(world):
    with world.store.database.change() as change:
        before = world.store.connections.get(RegistryConnection, "main")
        world.store.connections.put(change, replace(before, parallel=3), "ann")
    world.shop()
    for number in range(12):
        world.registry.push("acme/shop", f"dev-{number}")
    guard, now, most = threading.Lock(), 0, 0
    together = threading.Barrier(3, timeout=5)

    def answer(call):
        nonlocal now, most
        if call[0] == "digest":
            with guard:
                now += 1
                most = max(most, now)
            together.wait()
            with guard:
                now -= 1

    world.registry.before_answer = answer
    tick(world)
    assert (most, world.registry.count("digest")) == (3, 12)


def test_with_threads_of_its_own_it_starts_and_ends(world):
    polled = threading.Event()
    world.shop()
    world.registry.before_answer = lambda _: polled.set()
    poller = Poller(world.service)
    poller.start()
    assert polled.wait(5)
    poller.close()
    assert not poller._thread.is_alive()


def test_a_round_under_way_ends_with_its_answer_and_touches_the_store_no_more(world):
    asking, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    world.noted(world.shop())
    world.registry.push("acme/shop", "dev-1")

    def slow(call):
        if call[0] == "digest":
            asking.set()
            assert go_on.wait(5)

    world.registry.before_answer = slow
    world.poller.submit = lambda work: threading.Thread(target=lambda: (work(), ended.set())).start()
    tick(world)
    assert asking.wait(5)
    world.poller.close()
    written = len(world.events)
    go_on.set()
    assert ended.wait(5)
    assert len(world.events) == written
    assert world.deploys() == []
