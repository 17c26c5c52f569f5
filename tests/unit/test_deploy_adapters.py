"""Adapters by the name of their connection."""

import pytest

from forge.deploy.adapters import Adapters, Factories, anonymous_connection, home_of, serves
from forge.domain.connection import ConnectionKind, ProxyConnection, RegistryConnection
from forge.domain.errors import NotFound
from forge.domain.image import parse_image
from forge.domain.project import Project
from forge.domain.secret import Secret
from tests.unit.watching import HOST, World


class Thing:
    """An adapter that remembers what it was made of."""

    def __init__(self, *made_of):
        self.made_of, self.closed = made_of, False

    def close(self):
        self.closed = True


@pytest.fixture
def store(tmp_path):
    world = World(tmp_path)
    with world.store.database.change() as change:
        hub = RegistryConnection(name="hub", url="https://registry-1.docker.io", flavour="docker_hub")
        world.store.connections.put(change, hub, "test")
        caddy = ProxyConnection(name="caddy", kind="caddy", url="http://127.0.0.1:2019")
        world.store.connections.put(change, caddy, "test")
        world.store.secrets.put(change, "registry/main/password", Secret("hunter2"))
    yield world.store
    world.store.database.close()


@pytest.fixture
def adapters(store):
    return Adapters(store, Factories(engine=Thing, registry=Thing, proxy=Thing))


def test_an_adapter_is_made_once_with_its_connection_and_its_password(adapters):
    main = adapters.registry("main")
    assert adapters.registry("main") is main
    assert (main.made_of[0].name, main.made_of[1]) == ("main", Secret("hunter2"))
    assert adapters.proxy("caddy").made_of[1] is None
    assert adapters.engine("local").made_of[0].name == "local"


@pytest.mark.parametrize("kind", ["engine", "registry", "proxy"])
def test_what_nobody_told_forge_about_is_not_found(adapters, kind):
    with pytest.raises(NotFound, match=f"no {kind} nowhere"):
        getattr(adapters, kind)("nowhere")


def test_a_changed_connection_gets_a_new_adapter_and_the_old_one_is_closed(adapters):
    before = adapters.registry("main")
    adapters.forget(ConnectionKind.REGISTRY, "main")
    adapters.forget(ConnectionKind.REGISTRY, "never-made")
    assert before.closed
    assert adapters.registry("main") is not before


@pytest.mark.parametrize(
    ("image", "name", "url"),
    [
        (f"{HOST}/acme/shop", "main", f"https://{HOST}"),
        ("nginx", "hub", "https://registry-1.docker.io"),
        ("ghcr.io/acme/shop", "anonymous", "https://ghcr.io"),
        ("127.0.0.1:5000/shop", "anonymous", "http://127.0.0.1:5000"),
        ("localhost:5000/shop", "anonymous", "http://localhost:5000"),
        ("localhost.evil.com/shop", "anonymous", "https://localhost.evil.com"),
        ("127.0.0.1.evil.com/shop", "anonymous", "https://127.0.0.1.evil.com"),
    ],
)
def test_an_image_finds_its_registry_by_its_host(adapters, image, name, url):
    connection, made = adapters.registry_for(parse_image(image))
    assert (connection.name, connection.url) == (name, url)
    assert made.made_of[0] == connection
    assert adapters.registry_for(parse_image(image))[1] is made


def test_a_project_may_name_its_registry(adapters):
    project = Project(name="shop", image=f"{HOST}/acme/shop", port=1, registry="hub")
    assert adapters.registry_of(project)[0].name == "hub"
    with pytest.raises(NotFound):
        adapters.registry_of(Project(name="shop", image="x.example/a", port=1, registry="gone"))


def test_docker_hub_without_a_connection_is_asked_anonymously():
    assert anonymous_connection("docker.io").flavour == "docker_hub"
    assert serves(anonymous_connection("docker.io"), "docker.io")


def test_closing_closes_all(adapters):
    made = [adapters.engine("local"), adapters.registry("main")]
    adapters.close()
    adapters.close()
    assert [thing.closed for thing in made] == [True, True]


def test_a_folder_that_was_never_started_has_no_home(store):
    with pytest.raises(NotFound, match="never started"):
        home_of(store)
    with store.database.change() as change:
        store.preferences.keep(change, "_home", "h0me")
    assert home_of(store) == "h0me"
