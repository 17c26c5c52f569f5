"""Which folders of this machine an instance may have."""

from __future__ import annotations

import pytest

from forge.deploy.hostpaths import HostPaths, host_paths_of
from forge.domain.connection import EngineConnection
from forge.domain.errors import Invalid, NotFound
from tests.world import World


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/srv", "/srv"), ("/srv/", "/srv"), ("/srv/shop", "/srv/"), ("/srv/a/b", "/srv/a"), ("/anything", "/")],
)
def test_a_folder_below_an_allowed_one_is_allowed(path, allowed):
    assert HostPaths(allowed=("/other", allowed)).lead(path) == path.rstrip("/")


@pytest.mark.parametrize("path", ["/srv2", "/", "/srvx/shop", "/etc", "/other/srv", "//etc"])
def test_a_neighbour_of_an_allowed_folder_is_not_allowed(path):
    with pytest.raises(Invalid, match="add one to the setting host_paths") as raised:
        HostPaths(allowed=("/srv",)).lead(path)
    assert (raised.value.code, raised.value.fields) == ("host_path", {"volumes": path})


def test_a_link_is_followed_before_it_is_compared(tmp_path):
    srv, other = tmp_path / "srv", tmp_path / "other"
    for folder in (srv / "shop", other / "secret"):
        folder.mkdir(parents=True)
    (srv / "away").symlink_to(other)
    (srv / "within").symlink_to(srv / "shop")
    paths = HostPaths(allowed=(str(srv),))
    assert paths.lead(f"{srv}/within") == f"{srv}/shop", "what was looked at is what is mounted"
    for path in (f"{srv}/away", f"{srv}/away/secret", f"{srv}/away/not-there"):
        with pytest.raises(Invalid, match=f"leads to {other}.*not under an allowed folder") as raised:
            paths.lead(path)
        assert raised.value.fields == {"volumes": path}


def test_an_allowed_folder_may_be_a_link_itself(tmp_path):
    (tmp_path / "disk" / "shop").mkdir(parents=True)
    (tmp_path / "srv").symlink_to(tmp_path / "disk")
    paths = HostPaths(allowed=(f"{tmp_path}/srv",))
    assert paths.lead(f"{tmp_path}/srv/shop") == f"{tmp_path}/disk/shop"
    assert paths.lead(f"{tmp_path}/srv/not-yet") == f"{tmp_path}/disk/not-yet"


@pytest.mark.parametrize("path", ["/var/run/docker.sock", "/var/run", "/var", "/"])
def test_the_engines_socket_is_never_handed_on_nor_a_folder_with_it(path):
    with pytest.raises(Invalid, match=r"the engine's own socket /var/run/docker\.sock"):
        HostPaths(allowed=("/",)).lead(path)
    assert HostPaths(allowed=("/",)).lead("/var/running") == "/var/running"


def test_a_link_to_the_socket_or_a_socket_behind_a_link_is_found(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "engine.sock").touch()
    (tmp_path / "var").symlink_to(tmp_path / "run")
    (tmp_path / "harmless").symlink_to(tmp_path / "run" / "engine.sock")
    paths = HostPaths(allowed=(str(tmp_path),), sockets=(f"{tmp_path}/var/engine.sock",))
    for name in ("harmless", "run", "var", "var/engine.sock"):
        with pytest.raises(Invalid, match="the engine's own socket"):
            paths.lead(f"{tmp_path}/{name}")


def test_the_socket_is_found_by_another_mount_of_it(tmp_path):
    """A hard link is to a file what a bind mount is: another path, and no link to follow."""
    (tmp_path / "run").mkdir()
    (tmp_path / "srv").mkdir()
    (tmp_path / "run" / "engine.sock").touch()
    for name in ("engine.sock", "harmless"):
        (tmp_path / "srv" / name).hardlink_to(tmp_path / "run" / "engine.sock")
    (tmp_path / "other").mkdir()
    paths = HostPaths(allowed=(str(tmp_path),), sockets=(f"{tmp_path}/run/engine.sock",))
    for name in ("srv", "srv/engine.sock", "srv/harmless"):
        with pytest.raises(Invalid, match="the engine's own socket"):
            paths.lead(f"{tmp_path}/{name}")
    assert paths.lead(f"{tmp_path}/other") == f"{tmp_path}/other"


@pytest.mark.parametrize("path", ["/run/containerd", "/run/docker/containerd/containerd.sock", "/run"])
def test_what_docker_itself_asks_is_never_handed_on(path):
    with pytest.raises(Invalid, match="the engine's own socket"):
        HostPaths(allowed=("/",)).lead(path)


def test_the_sockets_are_those_of_all_engines(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    world = World(tmp_path)
    store = world.forge.store
    with store.database.change() as change:
        store.connections.put(change, EngineConnection(name="own", url="unix:///run/own.sock"), "test")
        store.connections.put(change, EngineConnection(name="far", url="tcp://127.0.0.1:2375"), "test")
    for name in ("own", "local", "far"):
        sockets = host_paths_of(store, name).sockets
        assert {"/run/own.sock", "/run/user/1000/docker.sock", "/var/run/docker.sock"} <= set(sockets)
        assert all(socket.startswith("/") for socket in sockets)
    with pytest.raises(NotFound):
        host_paths_of(store, "none")
    world.forge.close()


def test_a_folder_of_another_machine_is_refused_though_its_name_is_allowed():
    with pytest.raises(Invalid, match="another machine"):
        HostPaths(allowed=("/srv",), local=False).lead("/srv/data")
