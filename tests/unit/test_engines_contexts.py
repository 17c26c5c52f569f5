"""The contexts of Docker's command line."""

from __future__ import annotations

import hashlib
import json

import pytest

from forge.engines.contexts import DockerContexts


def write(folder, name, host="ssh://ann@far.example", *, tls=(), **docker):
    """A context as `docker context create` leaves it."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / digest
    meta.mkdir(parents=True)
    about = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False, **docker}}}
    (meta / "meta.json").write_text(json.dumps(about))
    for file in tls:
        place = folder / "contexts" / "tls" / digest / "docker"
        place.mkdir(parents=True, exist_ok=True)
        (place / file).write_text(f"what is in {file}")


def test_each_is_found_with_its_address_and_certificates(tmp_path):
    write(tmp_path, "prod", "tcp://10.0.0.5:2376", tls=("ca.pem", "cert.pem", "key.pem"))
    write(tmp_path, "desktop", "unix:///home/ann/.docker/desktop/docker.sock")
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "desktop"}))
    contexts = DockerContexts(tmp_path)
    desktop, prod = contexts.all()
    assert (desktop.name, desktop.on_this_machine, desktop.tls, desktop.fault) == ("desktop", True, None, "")
    assert (prod.url, prod.on_this_machine, prod.fault) == ("tcp://10.0.0.5:2376", False, "")
    assert [prod.pem(file) for file in ("key.pem", "other.pem")] == ["what is in key.pem", None]
    assert desktop.pem("ca.pem") is None
    assert contexts.current == "desktop"
    assert contexts.get("none") is None


@pytest.mark.parametrize(
    ("context", "why"),
    [
        ({"host": "tcp://10.0.0.5:2375"}, "as root"),
        ({"host": "tcp://10.0.0.5:2376", "tls": ("ca.pem",), "SkipTLSVerify": True}, "does not check who answers"),
        ({"host": "ssh://ann:pw@far.example"}, "no password"),
        ({"host": 7}, "no engine's address"),
    ],
)
def test_one_that_forge_cannot_use_says_why(tmp_path, context, why):
    write(tmp_path, "bad", **context)
    (found,) = DockerContexts(tmp_path).all()
    assert why in found.fault
    assert not found.on_this_machine


def test_what_cannot_be_read_is_not_there(tmp_path):
    for number, text in enumerate(("", "[]", "{", '{"Name": "x"}', '{"Name": 1, "Endpoints": {"docker": {}}}')):
        place = tmp_path / "contexts" / "meta" / str(number)
        place.mkdir(parents=True)
        (place / "meta.json").write_text(text)
    (tmp_path / "config.json").write_text('{"currentContext": 7}')
    assert (DockerContexts(tmp_path).all(), DockerContexts(tmp_path).current) == ((), None)
    assert (DockerContexts(None).all(), DockerContexts(None).current) == ((), None)
