"""The way to a Docker engine: found, lost and found again."""

from __future__ import annotations

import json
import threading

import pytest

from forge.domain.errors import EngineError, EngineUnavailable
from forge.engines.docker import DockerEngine
from forge.engines.link import Link
from tests.reaching import at
from tests.stub_server import Seen, Sent, Stub


def docker_of(api: str, least: str = "1.12"):
    """A Docker that answers GET /version, and anything else with {} if it is asked in a version it speaks."""

    def answer(seen: Seen) -> Sent:
        asked = seen.path.split("/")[1].removeprefix("v")
        if seen.path == "/version" or asked == api:
            about = {"Version": "1", "ApiVersion": api, "MinAPIVersion": least, "Os": "linux", "Arch": "amd64"}
            return Sent(body=json.dumps(about).encode())
        said = f"client version {asked} is too old. Minimum supported API version is {least}"
        return Sent(status=400, body=json.dumps({"message": said}).encode())

    return answer


def tcp(stub: Stub) -> str:
    return f"tcp://{stub.host}"


def test_making_an_engine_touches_nothing():
    with Stub(docker_of("1.41")) as stub:
        DockerEngine("local", at(tcp(stub))).close()
        assert stub.seen == []


@pytest.mark.parametrize(("api", "least"), [("1.24", "1.12"), ("1.41", "1.12"), ("1.52", "1.44")])
def test_the_version_is_negotiated_from_the_oldest_to_the_newest_docker(api, least):
    with Stub(docker_of(api, least)) as stub:
        engine = DockerEngine("local", at(tcp(stub)))
        version = engine.version()
        assert (version.api, version.api_min, version.api_max, version.system) == (api, least, api, "linux/amd64")
        engine.close()


def test_a_docker_that_is_too_old_is_told():
    with Stub(docker_of("1.20")) as stub, pytest.raises(EngineError, match="too old") as error:
        DockerEngine("local", at(tcp(stub))).version()
    assert error.value.code == "engine_too_old"


def test_a_docker_that_was_replaced_by_a_newer_one_is_negotiated_with_again():
    with Stub(docker_of("1.41")) as stub:
        engine = DockerEngine("local", at(tcp(stub)))
        engine.version()
        stub.answer = docker_of("1.52", "1.44")
        with pytest.raises(EngineUnavailable):
            engine.version()
        assert engine.version().api == "1.52"
        engine.close()


def test_what_the_engine_answers_becomes_a_sentence_with_a_code():
    def answer(seen: Seen) -> Sent:
        if seen.path.endswith("/version"):
            return docker_of("1.41")(seen)
        return Sent(status=409, body=b'{"message": "it is busy with hunter2"}')

    with Stub(answer) as stub:
        link = Link("local", at(tcp(stub)))
        with pytest.raises(EngineError) as error, link.ask("do it", secrets=["hunter2"]) as api:
            api.info()
        assert error.value.code == "conflict"
        assert error.value.message == "The engine could not do it: it is busy with •••"
        assert error.value.__suppress_context__
        with link.ask("do it", fine=frozenset({409})) as api:
            api.info()
            pytest.fail("the block goes on")
        link.close()


def test_an_answer_that_is_no_dockers_is_an_engine_that_does_not_answer():
    with Stub(lambda _seen: Sent(body=b"<html>")) as stub, pytest.raises(EngineUnavailable):
        DockerEngine("local", at(tcp(stub))).version()


def test_no_docker_is_told_with_its_address(tmp_path):
    with pytest.raises(EngineUnavailable, match="no such socket") as error:
        DockerEngine("local", at(f"unix://{tmp_path}/docker.sock")).version()
    assert str(tmp_path) in error.value.message


def test_without_a_url_the_environment_decides(monkeypatch):
    with Stub(docker_of("1.41")) as stub:
        monkeypatch.setenv("DOCKER_HOST", tcp(stub))
        engine = DockerEngine("local")
        assert engine.version().api == "1.41"
        engine.close()


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("unix:///run/docker.sock", True),
        ("tcp://localhost:2375", True),
        ("npipe:////./pipe/docker_engine", True),
        ("tcp://far.example:2376", False),
        ("ssh://me@far.example", False),
        ("nonsense", False),
    ],
)
def test_whether_the_engine_is_on_this_machine(url, local):
    assert Link("x", at(url)).local is local


def test_an_address_that_cannot_be_read_is_the_engines_fault():
    link = Link("local", at("nonsense"))
    with pytest.raises(EngineError, match="no engine's address"), link.ask("do it"):
        pytest.fail("it was asked")


def test_nothing_is_sent_without_tls_to_another_machine():
    link = Link("far", at("tcp://far.example:2375"))
    with pytest.raises(EngineError, match="as root") as error, link.ask("do it"):
        pytest.fail("it was asked")
    assert error.value.code == "insecure"


def test_a_stream_that_breaks_off_is_an_engine_that_went_away():
    def answer(seen: Seen) -> Sent:
        if seen.path.endswith("/version"):
            return docker_of("1.41")(seen)
        return Sent(body=b'{"a": 1}\n\n{"b": 2}\n{"c"', length=500)

    with Stub(answer) as stub:
        link = Link("local", at(tcp(stub)))
        with link.stream("listen", "GET", "/events", {}) as stream:
            lines = link.lines(stream)
            assert [next(lines), next(lines)] == [{"a": 1}, {"b": 2}]
            with pytest.raises(EngineUnavailable):
                next(lines)
        link.close()


def test_what_is_no_json_is_an_error():
    def answer(seen: Seen) -> Sent:
        return docker_of("1.41")(seen) if seen.path.endswith("/version") else Sent(body=b"<html>\n")

    with Stub(answer) as stub:
        link = Link("local", at(tcp(stub)))
        with link.stream("listen", "GET", "/events", {}) as stream, pytest.raises(EngineError, match="<html>"):
            list(link.lines(stream))
        link.close()


def test_many_threads_share_one_client():
    with Stub(docker_of("1.41")) as stub:
        engine = DockerEngine("local", at(tcp(stub)))
        threads = [threading.Thread(target=engine.version) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        negotiations = [seen for seen in stub.seen if seen.path == "/version"]
        assert len(negotiations) == 1
        engine.close()
