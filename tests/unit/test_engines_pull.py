"""A pull's progress, and every way in which it can fail."""

from __future__ import annotations

import base64
import json
import threading
import time

import pytest

from forge.domain.errors import EngineError, EngineUnavailable
from forge.domain.secret import Secret
from forge.engines.link import Link
from forge.engines.pull import pull
from forge.ports import LayerProgress, Login
from tests.reaching import at
from tests.stub_server import Seen, Sent, Stub

IMAGE = "127.0.0.1:5000/shop@sha256:" + "a" * 64
ABOUT = b'{"Version": "1", "ApiVersion": "1.41", "Os": "linux", "Arch": "amd64"}'


def says(*lines: dict, **how):
    body = "\r\n".join(json.dumps(line) for line in lines).encode()
    return lambda seen: Sent(body=ABOUT) if seen.path.endswith("/version") else Sent(body=body, **how)


def never() -> bool:
    return False


def run(answer, login: Login | None = None, cancelled=never) -> tuple[list[LayerProgress], list[Seen]]:
    layers: list[LayerProgress] = []
    with Stub(answer) as stub:
        link = Link("local", at(f"tcp://{stub.host}"))
        try:
            pull(link, IMAGE, login, layers.append, cancelled)
        finally:
            link.close()
        return layers, stub.seen


def test_layers_are_reported_with_their_sizes_to_the_end():
    layers, seen = run(
        says(
            {"status": "Pulling from shop", "id": "sha256:1"},
            {"status": "Pulling fs layer", "id": "a"},
            {"status": "Downloading", "id": "a", "progressDetail": {"current": 3, "total": 9}},
            {"status": "Download complete", "id": "a"},
            {"status": "Extracting", "id": "a", "progressDetail": {"current": 4, "total": 9}},
            {"status": "Pull complete", "id": "a"},
            {"status": "Status: Downloaded newer image"},
        )
    )
    assert [(layer.status, layer.current, layer.total) for layer in layers] == [
        ("waiting", 0, 0),
        ("pulling", 3, 9),
        ("pulling", 9, 9),
        ("extracting", 4, 9),
        ("done", 9, 9),
    ]
    assert seen[-1].query == {"fromImage": "127.0.0.1:5000/shop", "tag": "sha256:" + "a" * 64}


def auth(seen: Seen) -> dict:
    return json.loads(base64.urlsafe_b64decode(seen.header("X-Registry-Auth") or ""))


def test_a_login_goes_along_with_this_one_request():
    _, seen = run(says(), Login(username="ada", password=Secret("pa?ss>word~ü")))
    assert auth(seen[-1]) == {"username": "ada", "password": "pa?ss>word~ü"}
    assert seen[0].header("X-Registry-Auth") is None


def test_without_one_the_pull_is_anonymous_whatever_docker_login_left(monkeypatch, tmp_path):
    theirs = base64.b64encode(b"eve:theirs").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"127.0.0.1:5000": {"auth": theirs}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert auth(run(says())[1][-1]) == {}


@pytest.mark.parametrize(
    "line",
    [
        {"error": "unknown blob of planted-pw", "errorDetail": {"message": "unknown blob of planted-pw"}},
        {"errorDetail": {"message": "unknown blob of planted-pw"}},
        {"error": "unknown blob of planted-pw"},
    ],
)
def test_any_error_line_fails_and_shows_no_login(line):
    with pytest.raises(EngineError) as error:
        run(says({"status": "x"}, line, {"status": "Status: Image is up to date"}), login())
    assert error.value.code == "no_image"
    assert "planted-pw" not in error.value.message


def test_an_error_line_without_words_fails_too():
    with pytest.raises(EngineError):
        run(says({"errorDetail": {}}))


def test_an_answer_other_than_200_is_read_as_the_registrys():
    refusal = says({"message": "unauthorized: authentication required"}, status=500)
    with pytest.raises(EngineError) as error:
        run(refusal, login())
    assert error.value.code == "registry_login"


def test_an_engine_that_dies_during_a_pull_is_unavailable():
    with pytest.raises(EngineUnavailable):
        run(says({"status": "x"}, length=1000))


def test_a_pull_is_cancelled_while_the_engine_says_nothing_at_all():
    go_on = threading.Event()

    def answer(seen: Seen) -> Sent:
        if not seen.path.endswith("/version"):
            go_on.wait(10)
        return Sent(body=ABOUT)

    layers: list[LayerProgress] = []
    with Stub(answer) as stub:
        link = Link("local", at(f"tcp://{stub.host}"))
        begin = time.monotonic()
        with pytest.raises(EngineError) as error:
            pull(link, IMAGE, None, layers.append, lambda: time.monotonic() - begin > 0.3)
        assert error.value.code == "cancelled"
        assert time.monotonic() - begin < 2
        go_on.set()
        ends()
        link.close()


def test_a_long_answer_does_not_block_a_pull_that_fails():
    lines = [{"error": "unknown blob"}, *({"status": "x"} for _ in range(5000))]
    with pytest.raises(EngineError):
        run(says(*lines))
    ends()


def ends() -> None:
    """The reading thread does."""
    deadline = time.monotonic() + 3
    while any(thread.name == "forge-pull" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the reading thread goes on"
        time.sleep(0.01)


def login() -> Login:
    return Login(username="ada-planted", password=Secret("planted-pw"))
