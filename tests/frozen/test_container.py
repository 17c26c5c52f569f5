"""Forge in a container: the Dockerfile's last stage on a base made here, as none can be fetched, on a real engine."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import docker
import pytest
import yaml

from tests.e2e.live import until
from tests.frozen.conftest import DOCKERS
from tests.parts import images
from tests.parts.process import free_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]  # the first test may wait for the build

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["forge"]
BASE = "forge-base"


def last_stage() -> str:
    """What follows the last FROM, with what an earlier stage made taken from the context instead."""
    return DOCKERFILE.rpartition("\nFROM ")[2].partition("\n")[2].replace("--from=build ", "")


def libraries(folder: Path) -> list[Path]:
    """What the programs in a folder want of the system."""
    programs = [path for path in folder.rglob("*") if path.name == "forge" or ".so" in path.name]
    found = {}
    for program in (path for path in programs if path.is_file()):
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
        for path in re.findall(r"(?:=> |^\s)(/\S+) \(0x", said, re.MULTILINE):
            if not path.startswith(str(folder)):
                found[Path(path).name] = Path(path)
    return list(found.values())


def base(folder: Path) -> bytes:
    """An image's only layer: the C library and what goes with it, and a folder for temporary files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for library in libraries(folder):
            place = "lib64" if library.name.startswith("ld-linux") else "lib/x86_64-linux-gnu"
            tar.add(library.resolve(), f"{place}/{library.name}")
        for name in ("tmp", "etc"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(entry)
    return made.getvalue()


@pytest.fixture(scope="module")
def client(engine_part):
    with contextlib.closing(docker.DockerClient(base_url=engine_part.url, timeout=120)) as client:
        yield client
    engine_part.clear()


@pytest.fixture(scope="module")
def image(built, client, tmp_path_factory):
    """The image; its name."""
    context = tmp_path_factory.mktemp("context")
    folder = built.parent / "forge-folder"
    shutil.copytree(folder, context / "src/dist/forge-folder", symlinks=True)
    (context / "empty").mkdir()
    client.api.import_image_from_data(base(folder), repository=BASE, tag="here")
    (context / "Dockerfile").write_text(f"FROM {BASE}:here\n{last_stage()}", "utf-8")
    made, _ = client.images.build(path=str(context), tag="forge:here", rm=True, forcerm=True)
    yield made.id
    client.images.remove(made.id, force=True)


@pytest.fixture(scope="module")
def running(image, client, engine_part):
    """A container as compose.yaml starts it, with its health asked each second; it, and its port."""
    docker_socket = Path(engine_part.url.removeprefix("unix://"))
    os.chown(docker_socket, 0, DOCKERS)
    docker_socket.chmod(0o660)
    port = free_port()
    container = client.containers.run(
        image, detach=True, network_mode=COMPOSE["network_mode"], group_add=[str(DOCKERS)],
        read_only=COMPOSE["read_only"], tmpfs={COMPOSE["tmpfs"]: ""}, cap_drop=COMPOSE["cap_drop"],
        security_opt=COMPOSE["security_opt"], environment={"FORGE_PORT": str(port)},
        volumes={"forge-data": {"bind": "/data"}, str(docker_socket): {"bind": "/var/run/docker.sock"}},
        healthcheck={"interval": 1_000_000_000},
    )  # fmt: skip
    yield container, port
    container.remove(force=True, v=True)


def health(container) -> str:
    container.reload()
    return container.attrs["State"]["Health"]["Status"]


def forge(container, *words: str) -> str:
    """What its command line says, inside."""
    done = container.exec_run(["forge", *words])
    assert done.exit_code == 0, done.output
    return done.output.decode()


def test_it_becomes_healthy_without_being_root(running):
    container, _ = running
    until(lambda: health(container) != "starting", "its health is known", 60)
    assert health(container) == "healthy", container.logs().decode()
    assert container.attrs["Config"]["User"] == "10001:10001"
    process = container.top()["Processes"][0]
    assert process[0] in {"10001", "forge"}


def test_it_answers_at_the_machines_own_address_and_deploys_on_the_engine_beside_it(running, client, registry_part):
    container, port = running
    link = forge(container, "open")
    assert link.startswith(f"http://127.0.0.1:{port}/")
    images.push(registry_part, "boxed", "dev-1")
    forge(container, "deploy", f"{registry_part.address}/boxed:dev-1")
    made = [other for other in client.containers.list() if other.name != container.name]
    assert len(made) == 1
    assert "boxed" in made[0].name


def test_its_data_outlives_it_and_it_ends_well_when_told(running, client, image):
    container, _ = running
    container.stop(timeout=30)
    container.reload()
    assert container.attrs["State"]["ExitCode"] == 0
    container.start()
    until(lambda: health(container) == "healthy", "it is healthy again", 60)
    assert "boxed" in forge(container, "status")


def test_the_compose_file_says_what_the_dockerfile_expects():
    assert COMPOSE["volumes"][0] == "data:/data"
    assert "VOLUME /data" in DOCKERFILE
    assert COMPOSE["network_mode"] == "host", "Forge listens on loopback only"
    assert "HEALTHCHECK" in last_stage()
    assert re.search(r"^USER (?!0)\d+:\d+$", last_stage(), re.MULTILINE)
    assert DOCKERFILE.count("\nFROM ") + DOCKERFILE.startswith("FROM ") == 2
