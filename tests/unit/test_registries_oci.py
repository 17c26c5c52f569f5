"""The registry port over HTTP: digests, tags, times of making, and the seven faults of “test”."""

from __future__ import annotations

import socket

import pytest

from forge.domain.connection import RegistryConnection
from forge.domain.errors import Invalid, RegistryError
from forge.domain.secret import Secret
from forge.http import Session
from forge.ports import Login, Registry
from forge.registries.manifests import ACCEPT
from forge.registries.oci import OciRegistry
from tests.stub_registry import DIGEST, PASSWORD, StubRegistry
from tests.stub_server import Sent, make_certificate

OTHER = "sha256:" + "b" * 64
CONFIG = "sha256:" + "c" * 64
LIST = "/v2/org/shop/tags/list"


@pytest.fixture
def stub():
    with StubRegistry() as stub:
        yield stub


@pytest.fixture
def client(stub):
    client = stub.client()
    yield client
    client.close()


def pages(*links: str):
    """tags/list answers with one tag a page; `links` lead to the next one."""

    def answer(seen):
        if seen.path != LIST:
            return None
        number = int(seen.query.get("page", 0))
        headers = [("Link", links[number])] if number < len(links) else []
        return Sent(headers=headers, body=b'{"tags": ["v%d"]}' % number)

    return answer


def test_it_is_the_port(client):
    registry: Registry = client
    assert registry.login() is None


def test_the_login_for_the_engine_is_the_connections():
    connection = RegistryConnection(name="r", url="https://r.example", username="ada")
    secret = Secret(PASSWORD)
    assert OciRegistry(connection, secret).login() == Login(username="ada", password=secret)
    assert OciRegistry(connection).login() is None


def test_a_digest_is_asked_by_one_head_with_all_four_types_in_one_line(stub, client):
    assert client.digest("org/shop", "v1") == DIGEST
    head = stub.stub.seen[-1]
    assert (head.method, head.path) == ("HEAD", "/v2/org/shop/manifests/v1")
    assert [value for name, value in head.headers if name.lower() == "accept"] == [ACCEPT]
    assert ACCEPT.count("application/") == 4


def test_a_tag_that_is_not_there_has_no_digest(client):
    assert client.digest("org/shop", "nope") is None
    assert client.digest("org/none", "v1") is None


def test_a_registry_that_does_not_say_the_digest_is_told_and_never_pulled_from(stub, client):
    stub.override = lambda seen: Sent() if seen.method == "HEAD" else None
    with pytest.raises(RegistryError, match="does not say the digest of org/shop:v1") as caught:
        client.digest("org/shop", "v1")
    assert caught.value.code == "answer"
    assert client.requests["GET", "manifest"] == 0


@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_head_that_fails_is_told_and_never_becomes_a_get(stub, client, status):
    stub.override = lambda seen: Sent(status=status) if seen.method == "HEAD" else None
    with pytest.raises(Exception, match=f"answered {status}") as caught:
        client.digest("org/shop", "v1")
    assert caught.value.code == "answer"
    assert client.requests == {("GET", "base"): 1, ("HEAD", "manifest"): 1}


@pytest.mark.parametrize("digest", ["sha256:short", "md5:" + "a" * 64, DIGEST + ", " + DIGEST])
def test_a_digest_that_is_none_is_refused(stub, client, digest):
    stub.digests["org/shop", "v1"] = digest
    with pytest.raises(RegistryError):
        client.digest("org/shop", "v1")


@pytest.mark.parametrize(
    "repository", ["", "../secret", "Org/Shop", "org/shop?x", "org/shop:v1", "org//shop", "org/shop@" + DIGEST]
)
def test_what_is_no_repository_is_never_asked(stub, client, repository):
    for ask in (client.tags, lambda name: client.digest(name, "v1"), lambda name: client.created(name, DIGEST)):
        with pytest.raises(Invalid):
            ask(repository)
    assert stub.stub.seen == []


@pytest.mark.parametrize("tag", ["", "../../x", "a b", "v1?x", "x" * 129])
def test_what_is_no_tag_is_never_asked(stub, client, tag):
    with pytest.raises(Invalid):
        client.digest("org/shop", tag)
    assert stub.stub.seen == []


def test_tags_are_asked_by_the_thousand_and_foreign_ones_left_out(stub, client):
    stub.files[LIST] = {"name": "org/shop", "tags": ["v1", "v2", "../x", None, "v1"]}
    assert client.tags("org/shop") == ("v1", "v2")
    assert stub.stub.seen[-1].query == {"n": "1000"}


def test_all_pages_are_read_by_relative_and_absolute_links(stub, client):
    stub.override = pages(
        f'<{LIST}?page=1&n=1000>; rel="next"',
        f"<{stub.stub.url}{LIST}?page=2>; rel=next",
        '<list?page=3>; title="x"; rel="next"',
        f'<{LIST}?page=0>; rel="first"',
    )
    assert client.tags("org/shop") == ("v0", "v1", "v2", "v3")
    assert client.requests["GET", "tags"] == 4


@pytest.mark.parametrize(
    "target", ["http://evil.example/v2/x", "//evil.example/v2/x", "https://{host}/v2/x", "/elsewhere", "file:///v2/x"]
)
def test_a_link_to_another_address_is_never_followed(stub, client, target):
    stub.override = pages(f'<{target.format(host=stub.stub.host)}>; rel="next"')
    with pytest.raises(RegistryError, match="sends us to another address"):
        client.tags("org/shop")
    assert client.requests["GET", "tags"] == 1


def test_pages_without_end_are_not_read_for_ever(stub, client):
    stub.override = pages(f'<{LIST}?page=0>; rel="next"')
    with pytest.raises(RegistryError, match="more than 100000 tags"):
        client.tags("org/shop")
    assert client.requests["GET", "tags"] == 100


def test_a_missing_repository_is_told(client):
    with pytest.raises(RegistryError, match="has no repository org/none: check the spelling") as caught:
        client.tags("org/none")
    assert caught.value.code == "no_repository"


def test_an_answer_that_is_no_list_of_tags_is_told(stub, client):
    stub.files[LIST] = b"<html>"
    with pytest.raises(RegistryError) as caught:
        client.tags("org/shop")
    assert caught.value.code == "answer"


def files_of(stub, manifest, config=None):
    stub.files[f"/v2/org/shop/manifests/{DIGEST}"] = manifest
    stub.files[f"/v2/org/shop/manifests/{OTHER}"] = {"config": {"digest": CONFIG}}
    stub.files[f"/v2/org/shop/blobs/{CONFIG}"] = config or {"created": "2026-09-21T14:13:20Z"}


def test_the_time_of_making_is_in_the_configuration(stub, client):
    files_of(stub, {"config": {"digest": CONFIG}})
    assert client.created("org/shop", DIGEST) == 1_790_000_000
    assert client.requests["GET", "manifest"] == 1


def test_the_time_of_making_is_found_through_an_index(stub, client):
    attestation = {"digest": "sha256:" + "e" * 64, "platform": {"os": "unknown", "architecture": "unknown"}}
    image = {"digest": OTHER, "platform": {"os": "linux", "architecture": "amd64"}}
    files_of(stub, {"manifests": [attestation, image]})
    assert client.created("org/shop", DIGEST) == 1_790_000_000
    assert client.requests["GET", "manifest"] == 2


@pytest.mark.parametrize("manifest", [{}, [], {"manifests": []}, {"config": {"digest": OTHER}}])
def test_an_image_that_does_not_say_has_no_time_of_making(stub, client, manifest):
    files_of(stub, manifest)
    assert client.created("org/shop", DIGEST) is None


def test_an_image_that_is_gone_has_no_time_of_making(client):
    assert client.created("org/shop", DIGEST) is None


def test_a_shared_session_is_left_open(stub):
    closed = []

    class Watched(Session):
        def close(self):
            closed.append(True)
            super().close()

    session = Watched()
    client = stub.client(session=session)
    client.close()
    assert closed == []
    session.close()


# ---- “test”: each fault


def report(client, repository=None):
    found = client.test(repository)
    client.close()
    assert found.ok is (found.fault == "")
    return found


def registry_at(url):
    return OciRegistry(RegistryConnection(name="r", url=url))


def test_a_name_that_does_not_resolve_is_the_fault():
    found = report(registry_at("https://ghcr.invalid"))
    assert (found.fault, found.text) == ("name", "ghcr.invalid does not resolve: check the spelling")


def test_a_refused_connection_is_the_fault():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = report(registry_at(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert found.fault == "connect"
    assert "check the port" in found.text


def test_a_registry_that_does_not_answer_in_time_counts_as_out_of_reach():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        session = Session(read_timeout=0.1)
        connection = RegistryConnection(name="r", url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert report(OciRegistry(connection, session=session)).fault == "connect"
        session.close()


def test_a_certificate_that_is_not_trusted_is_the_fault(tmp_path):
    with StubRegistry(certificate=make_certificate(tmp_path)) as stub:
        found = report(stub.client())
    assert found.fault == "certificate"
    assert "self-signed certificate" in found.text


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_a_wrong_login_is_the_fault(auth):
    with StubRegistry(auth) as stub:
        found = report(stub.client("ada", "wrong", flavour="gitea"), "org/shop")
    assert found.fault == "login"
    assert "refuses the login of ada: use a token with read:package" in found.text


def test_a_missing_login_is_the_fault():
    with StubRegistry("basic") as stub:
        found = report(stub.client())
    assert found.fault == "login"
    assert "asks for a login: add a name" in found.text


def test_a_missing_repository_is_the_fault():
    with StubRegistry() as stub:
        found = report(stub.client(), "org/none")
    assert found.fault == "repository"
    assert "has no repository org/none" in found.text


def test_a_repository_that_a_good_login_may_not_see_is_the_fault_and_not_the_login():
    with StubRegistry("bearer") as stub:
        stub.override = lambda seen: Sent(status=403) if seen.path == LIST else None
        found = report(stub.client("ada", PASSWORD), "org/shop")
    assert found.fault == "repository"
    assert "does not show org/shop to ada" in found.text


def test_a_repository_name_that_is_none_is_the_fault():
    with StubRegistry() as stub:
        assert report(stub.client(), "Org/Shop").fault == "repository"


def test_a_limit_is_the_fault_and_the_report_says_until_when():
    with StubRegistry() as stub:
        stub.override = lambda _: Sent(status=429, headers=[("Retry-After", "120")])
        found = report(stub.client(clock=lambda: 1_790_000_000.0))
    assert found.fault == "limit"
    assert "until 14:16 (UTC)" in found.text
    assert found.quota.until == 1_790_000_120


@pytest.mark.parametrize(
    "answer",
    [Sent(status=404), Sent(headers=[("Content-Type", "text/html")], body=b"<html>"), Sent(status=500)],
)
def test_something_that_is_no_registry_is_the_fault(answer):
    with StubRegistry() as stub:
        stub.override = lambda _: answer
        assert report(stub.client()).fault == "answer"


def test_all_is_well_and_the_report_says_what_was_seen():
    with StubRegistry() as stub:
        stub.headers = [("RateLimit-Limit", "100;w=60")]
        stub.files[LIST] = {"tags": ["v1"]}
        found = report(stub.client(), "org/shop")
    assert (found.ok, found.text) == (True, f"{stub.stub.host} answers and shows org/shop")
    assert found.quota.limit == 100


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_a_good_login_is_proven_and_not_just_believed(auth):
    with StubRegistry(auth) as stub:
        client = stub.client("ada", PASSWORD)
        assert client.test().text == f"{stub.stub.host} answers and takes the login"
        stub.login = ("ada", "changed since")
        assert client.test().fault == "login"
        client.close()


def test_a_registry_that_gives_strangers_tokens_is_fine_without_a_login():
    with StubRegistry("bearer") as stub:
        stub.files[LIST] = {"tags": []}
        client = stub.client()
        assert "only public images" in client.test().text
        assert client.test("org/shop").text.endswith("shows org/shop, which has no tags")
        stub.public = False
        assert report(client, "org/shop").fault == "login"


def test_no_secret_is_in_any_report():
    texts = []
    for auth in ("basic", "bearer"):
        with StubRegistry(auth) as stub:
            texts += [repr(report(stub.client("ada", password), "org/none")) for password in (PASSWORD, PASSWORD + "x")]
    assert not [text for text in texts if PASSWORD in text]
