"""What every registry must do: the same stories, told to the fake and to a real registry."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest

from forge.domain.connection import RegistryConnection
from forge.domain.errors import Invalid, RegistryError, RegistryUnavailable
from forge.domain.image import is_digest
from forge.domain.secret import Secret
from forge.ports import Registry
from forge.registries import oci
from forge.registries.oci import OciRegistry
from tests.fake_registry import FakeRegistry
from tests.parts.registry import Registry as RealRegistry
from tests.push import Pusher

LOGIN = ("ada", "s3cret-of-ada")
REPOSITORY = "org/shop"
NOTHING = "sha256:" + "0" * 64


class Place(Protocol):
    """A registry under test, and what the test does to the world around it."""

    def registry(self, login: tuple[str, str] | None) -> Registry: ...
    def push(self, tag: str, created: float = 1_790_000_000) -> str: ...
    def stop(self) -> None: ...
    def start(self) -> None: ...


class FakePlace:
    def __init__(self, login: tuple[str, str] | None) -> None:
        self._fake = FakeRegistry(wanted=login)

    def registry(self, login: tuple[str, str] | None) -> Registry:
        self._fake.given = login
        return self._fake

    def push(self, tag: str, created: float = 1_790_000_000) -> str:
        return self._fake.push(REPOSITORY, tag, created=created)

    def stop(self) -> None:
        self._fake.down = True

    def start(self) -> None:
        self._fake.down = False


class RealPlace:
    def __init__(self, folder: Path, login: tuple[str, str] | None) -> None:
        self.real = RealRegistry(folder, login=login)
        self.real.start()

    def registry(self, login: tuple[str, str] | None) -> OciRegistry:
        username = login[0] if login else None
        connection = RegistryConnection(name="real", url=self.real.url, username=username)
        return OciRegistry(connection, Secret(login[1]) if login else None)

    def push(self, tag: str, created: float = 1_790_000_000) -> str:
        with Pusher(self.real.url, login=self.real.login) as pusher:
            return pusher.push(REPOSITORY, tag, created=created)

    def stop(self) -> None:
        self.real.stop()

    def start(self) -> None:
        self.real.start()


KINDS = [pytest.param("fake"), pytest.param("real", marks=pytest.mark.real)]


@contextlib.contextmanager
def place_of(kind: str, folder: Path, login: tuple[str, str] | None) -> Iterator[Place]:
    place = FakePlace(login) if kind == "fake" else RealPlace(folder, login)
    try:
        yield place
    finally:
        place.stop()


@pytest.fixture(params=KINDS)
def place(request, tmp_path):
    with place_of(request.param, tmp_path, None) as place:
        yield place


@pytest.fixture
def registry(place):
    registry = place.registry(None)
    yield registry
    registry.close()


@pytest.fixture(params=KINDS)
def locked(request, tmp_path):
    """A registry that wants a login."""
    with place_of(request.param, tmp_path, LOGIN) as place:
        place.push("v1")
        yield place


class TestRegistry:
    def test_a_tag_that_was_pushed_has_the_digest_that_was_pushed(self, place, registry):
        digest = place.push("v1")
        assert is_digest(digest)
        assert registry.digest(REPOSITORY, "v1") == digest
        assert registry.digest(REPOSITORY, digest) == digest

    def test_what_is_not_there_has_no_digest(self, place, registry):
        assert registry.digest(REPOSITORY, "v1") is None
        place.push("v1")
        assert registry.digest(REPOSITORY, "v2") is None
        assert registry.digest(REPOSITORY, NOTHING) is None

    def test_a_tag_that_is_pushed_again_has_another_digest(self, place, registry):
        first = place.push("latest", created=1_790_000_000)
        second = place.push("latest", created=1_790_000_001)
        assert first != second
        assert registry.digest(REPOSITORY, "latest") == second

    def test_all_tags_are_listed(self, place, registry):
        for tag in ("v1", "dev-2", "latest"):
            place.push(tag)
        assert sorted(registry.tags(REPOSITORY)) == ["dev-2", "latest", "v1"]

    def test_tags_of_a_repository_that_is_not_there_are_an_error(self, registry):
        with pytest.raises(RegistryError) as caught:
            registry.tags("org/none")
        assert caught.value.code == "no_repository"

    def test_the_time_of_making_is_known(self, place, registry):
        digest = place.push("v1", created=1_750_000_000)
        assert registry.created(REPOSITORY, digest) == 1_750_000_000
        assert registry.created(REPOSITORY, NOTHING) is None

    def test_an_image_says_what_it_is(self, place, registry):
        facts = registry.inspect(REPOSITORY, place.push("v1", created=1_750_000_000))
        assert facts.created == 1_750_000_000
        with pytest.raises(RegistryError) as caught:
            registry.inspect(REPOSITORY, NOTHING)
        assert caught.value.code == "no_image"

    @pytest.mark.parametrize("repository", ["", "Org/Shop", "../shop", "org/shop:v1", "org/shop?x"])
    def test_what_is_no_repository_is_refused(self, registry, repository):
        for ask in (registry.tags, lambda name: registry.digest(name, "v1")):
            with pytest.raises(Invalid):
                ask(repository)
        assert registry.test(repository).fault == "repository"

    def test_what_is_no_tag_is_refused(self, registry):
        with pytest.raises(Invalid):
            registry.digest(REPOSITORY, "../v1")

    def test_a_test_says_that_all_is_well_or_that_the_repository_is_missing(self, place, registry):
        place.push("v1")
        assert registry.test().ok
        assert registry.test(REPOSITORY).ok
        report = registry.test("org/none")
        assert (report.ok, report.fault) == (False, "repository")
        assert "org/none" in report.text

    def test_a_registry_that_is_away_is_unavailable_and_is_used_again_when_it_is_back(self, place, registry):
        digest = place.push("v1")
        assert registry.digest(REPOSITORY, "v1") == digest
        place.stop()
        for ask in (
            registry.tags,
            lambda name: registry.digest(name, "v1"),
            lambda name: registry.created(name, digest),
        ):
            with pytest.raises(RegistryUnavailable) as caught:
                ask(REPOSITORY)
            assert caught.value.code == "connect"
        assert registry.test().fault == "connect"
        place.start()
        assert registry.digest(REPOSITORY, "v1") == digest
        assert registry.test().ok

    def test_many_threads_may_ask_at_once(self, place, registry):
        wanted = {tag: place.push(tag) for tag in (f"v{number}" for number in range(5))}
        with ThreadPoolExecutor(10) as pool:
            found = list(pool.map(lambda tag: (tag, registry.digest(REPOSITORY, tag)), list(wanted) * 10))
        assert dict(found) == wanted
        assert len(found) == 50

    def test_a_registry_that_never_spoke_of_limits_has_no_quota(self, place, registry):
        place.push("v1")
        registry.tags(REPOSITORY)
        assert registry.quota() is None

    def test_closing_twice_is_no_error(self, registry):
        registry.close()
        registry.close()


class TestLogin:
    def test_with_the_login_everything_is_shown(self, locked):
        registry = locked.registry(LOGIN)
        assert registry.tags(REPOSITORY) == ("v1",)
        assert registry.digest(REPOSITORY, "v1") is not None
        assert registry.test(REPOSITORY).ok
        login = registry.login()
        assert (login.username, login.password.reveal()) == LOGIN
        registry.close()

    @pytest.mark.parametrize("login", [None, (LOGIN[0], "wrong"), ("eve", LOGIN[1])])
    def test_without_it_a_login_is_asked_for_and_no_password_is_told(self, locked, login):
        registry = locked.registry(login)
        for ask in (
            registry.tags,
            lambda name: registry.digest(name, "v1"),
            lambda name: registry.created(name, NOTHING),
        ):
            with pytest.raises(RegistryError) as caught:
                ask(REPOSITORY)
            assert caught.value.code == "login"
        report = registry.test(REPOSITORY)
        assert (report.ok, report.fault) == (False, "login")
        assert LOGIN[1] not in repr(report) + str(caught.value)
        registry.close()


@pytest.mark.real
class TestRealRegistry:
    """What only a real one can show."""

    def test_all_tags_are_listed_whether_the_registry_pages_or_not(self, registry_part, monkeypatch):
        monkeypatch.setattr(oci, "_PAGE", 3)  # Distribution 2.8 lists all at once, 3.0 by pages
        tags = [f"page-{number}" for number in range(10)]
        with Pusher(registry_part.url) as pusher:
            pusher.push("contract/pages", tags[0], also=tags[1:])
        registry = OciRegistry(RegistryConnection(name="real", url=registry_part.url))
        assert sorted(registry.tags("contract/pages")) == sorted(tags)
        assert registry.requests["GET", "tags"] in {1, 4}
        registry.close()

    def test_the_digest_of_an_index_is_the_indexs_own_and_its_image_gives_the_time(self, registry_part):
        with Pusher(registry_part.url) as pusher:
            image = pusher.push("contract/index", "amd64", created=1_750_000_000)
            index = pusher.push_index("contract/index", "v1", [(image, "linux", "amd64")])
        registry = OciRegistry(RegistryConnection(name="real", url=registry_part.url))
        assert registry.digest("contract/index", "v1") == index
        assert registry.created("contract/index", index) == 1_750_000_000
        registry.close()

    def test_a_check_of_an_image_costs_one_head_and_no_get(self, registry_part):
        with Pusher(registry_part.url) as pusher:
            for number in range(20):
                pusher.push(f"contract/cost{number % 4}", f"v{number}")
        registry = OciRegistry(RegistryConnection(name="real", url=registry_part.url))
        for number in range(20):
            assert registry.digest(f"contract/cost{number % 4}", f"v{number}")
        assert registry.requests == {("GET", "base"): 1, ("HEAD", "manifest"): 20}
        registry.close()
