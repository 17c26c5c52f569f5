"""Where people go after they signed in, and what is set up. The flow itself: tests/oidc, with a real provider."""

import pytest

from forge.domain.errors import Invalid, NotFound
from forge.domain.oidc import Group, Oidc
from forge.domain.secret import Secret
from forge.people.oidc.logouttoken import BadLogout, Logout
from forge.people.oidc.service import OidcService, own_path
from forge.store.database import StoreUnavailable
from tests.unit.storing import open_store

OIDC = Oidc(issuer="https://id.example.org", client_id="forge")


@pytest.fixture
def service(tmp_path):
    store = open_store(tmp_path)
    yield OidcService(store)
    store.database.close()


@pytest.mark.parametrize("target", ["/", "/deploys", "/projects/shop?stage=dev#log", "/a//b"])
def test_a_path_of_forges_own_is_gone_on_to(target):
    assert own_path(target) == target


@pytest.mark.parametrize(
    "target",
    ["", "deploys", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "https://evil.example",
     "javascript:alert(1)", "/\tx", "/\n/evil.example", "/x\r\nSet-Cookie: a=b", "/é", "/api/session", "/sign-in/oidc",
     "/" + "x" * 500, "//[::1"],
)  # fmt: skip
def test_anything_else_leads_to_the_board(target):
    assert own_path(target) == "/"


def test_a_secret_stays_until_another_comes_or_there_shall_be_none(service):
    service.put(OIDC, Secret("one"), actor="ada")
    service.put(OIDC, None, actor="ada")
    assert service.has_secret()
    service.put(OIDC, None, actor="ada", no_secret=True)
    assert not service.has_secret()


def test_a_project_that_is_not_there_is_refused_and_nothing_is_changed(service):
    groups = (Group(group="web", role="viewer", projects=("none",)),)
    with pytest.raises(Invalid, match="no project none"):
        service.put(Oidc(issuer=OIDC.issuer, client_id="x", groups=groups), Secret("one"), actor="ada")
    assert service.get() is None
    assert not service.has_secret()


def test_without_a_provider_nobody_is_sent_anywhere(service):
    for ask in (lambda: service.begin("https://f/x", "/"), lambda: service.test("https://f/x")):
        with pytest.raises(NotFound):
            ask()


def test_what_is_removed_is_gone_with_its_secret(service):
    service.put(OIDC, Secret("one"), actor="ada")
    service.delete(actor="ada")
    assert service.get() is None
    assert not service.has_secret()


class Provider:
    """Every token is good, is its own name, and signs out 1001."""

    def logout(self, token):
        return Logout("1001", token)


def test_a_token_signs_out_once_and_again_if_it_came_to_nothing(service, monkeypatch):
    service.put(OIDC, None, actor="ada")
    monkeypatch.setattr(service, "_asked", lambda _oidc: Provider())
    signed_out = []
    monkeypatch.setattr(service._members, "sign_out", lambda _oidc, subject: signed_out.append(subject))
    service.sign_out("j1")
    with pytest.raises(BadLogout, match="used already"):
        service.sign_out("j1")
    assert signed_out == ["1001"]

    def fail(_oidc, _subject):
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(service._members, "sign_out", fail)
        with pytest.raises(StoreUnavailable):
            service.sign_out("j2")
    service.sign_out("j2")
    assert signed_out == ["1001", "1001"]


def test_without_a_provider_nobody_is_signed_out(service):
    with pytest.raises(NotFound):
        service.sign_out("x")
