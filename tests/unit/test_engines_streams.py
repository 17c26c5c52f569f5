"""Live logs are followed while somebody looks, and not a second longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from forge.engines.streams import Followers
from forge.ports import InstanceSpec, LogLine
from tests.fake_engine import Behaviour, FakeEngine

IMAGE = "registry/shop@sha256:1"


class Heard:
    """What was published, by instance, and in which batches."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[str]]] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, instance: str, lines: list[LogLine]) -> None:
        self.go_on.wait(5)
        self.batches.append((instance, [line.text for line in lines]))

    @property
    def lines(self) -> list[str]:
        return [text for _, batch in self.batches for text in batch]


def eventually(ask: Callable[[], bool], within: float = 3) -> bool:
    deadline = time.monotonic() + within
    while not ask():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("forge-log")]


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine({IMAGE: Behaviour(log=("from the past",))})
    engine.present.add(IMAGE)
    return engine


@pytest.fixture
def container(engine: FakeEngine) -> str:
    id_ = engine.create(InstanceSpec(name="shop-dev-a1", image=IMAGE, port=80, publish=20000, labels={}))
    engine.start(id_)
    return id_


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def followers(heard: Heard) -> Iterator[Followers]:
    followers = Followers(heard)
    yield followers
    heard.go_on.set()
    followers.close()


def test_what_is_written_from_now_on_is_published(engine, container, heard, followers):
    followers.follow("a1", container, engine)
    engine.write(container, "hello")
    assert eventually(lambda: heard.batches == [("a1", ["hello"])])


def test_lines_are_collected_for_a_moment(engine, container, heard, followers):
    followers.follow("a1", container, engine)
    for number in range(50):
        engine.write(container, str(number))
    assert eventually(lambda: len(heard.lines) == 50)
    assert len(heard.batches) <= 2


def test_never_more_than_200_lines_at_a_time_in_order_and_complete(engine, container, heard, followers):
    heard.go_on.clear()
    followers.follow("a1", container, engine)
    for number in range(1000):
        engine.write(container, str(number))
    heard.go_on.set()
    assert eventually(lambda: len(heard.lines) == 1000)
    assert heard.lines == [str(number) for number in range(1000)]
    assert max(len(batch) for _, batch in heard.batches) <= 200


def test_a_slow_listener_holds_the_reader_back_instead_of_filling_memory(engine, container, heard, followers):
    heard.go_on.clear()
    followers.follow("a1", container, engine)
    for number in range(1000):
        engine.write(container, str(number))
    time.sleep(0.3)
    follower = next(iter(followers._followers.values()))
    assert len(follower._batch) <= 200


def test_many_viewers_share_one_stream_that_the_last_one_closes(engine, container, heard, followers):
    releases = [followers.follow("a1", container, engine) for _ in range(3)]
    assert engine.open_streams == 1
    for release in releases[:2]:
        release()
        release()
    assert engine.open_streams == 1
    begin = time.monotonic()
    releases[2]()
    assert eventually(lambda: engine.open_streams == 0)
    assert time.monotonic() - begin < 1
    assert eventually(lambda: not threads())
    engine.write(container, "nobody hears this")
    time.sleep(0.15)
    assert heard.lines == []


def test_who_comes_back_opens_it_again(engine, container, heard, followers):
    followers.follow("a1", container, engine)()
    followers.follow("a1", container, engine)
    engine.write(container, "again")
    assert eventually(lambda: heard.lines == ["again"])


def test_an_instance_that_is_restarted_is_heard_again_and_no_line_twice(engine, container, heard, followers):
    followers.follow("a1", container, engine)
    engine.write(container, "before")
    assert eventually(lambda: heard.lines == ["before"])
    engine.restart(container, 1)
    assert eventually(lambda: heard.lines == ["before", "from the past"])


def test_an_engine_that_comes_back_is_heard_again(engine, container, heard, followers):
    followers.follow("a1", container, engine)
    engine.down = True
    assert eventually(lambda: engine.open_streams == 0)
    engine.down = False
    engine.write(container, "back")
    assert eventually(lambda: heard.lines == ["back"])


def test_an_engine_that_is_away_can_be_followed(engine, container, heard, followers):
    engine.down = True
    followers.follow("a1", container, engine)
    engine.down = False
    engine.write(container, "here")
    assert eventually(lambda: heard.lines == ["here"])


def test_a_container_that_is_gone_ends_the_threads(engine, container, heard, followers):
    engine.remove(container)
    release = followers.follow("a1", container, engine)
    assert eventually(lambda: not threads())
    release()


def test_closing_ends_everything(engine, container, heard, followers):
    release = followers.follow("a1", container, engine)
    followers.close()
    assert eventually(lambda: engine.open_streams == 0)
    release()
