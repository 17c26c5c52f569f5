"""A provider, asked: what it says is held against what it should be."""

import json
import threading
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from forge.domain.errors import Unauthorized
from forge.domain.oidc import Oidc
from forge.domain.secret import Secret
from forge.http import HttpFault, Reply
from forge.people.oidc.flows import Flows
from forge.people.oidc.logouttoken import BadLogout
from forge.people.oidc.provider import Provider
from tests.unit.storing import NOON, Clock

ISSUER = "https://id.example.org/main"
OIDC = Oidc(issuer=ISSUER, client_id="for ge", scopes=("openid", "email"))
SAID = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://id.example.org/auth?tenant=1",
    "token_endpoint": "https://id.example.org/token",
    "jwks_uri": "https://id.example.org/keys",
    "userinfo_endpoint": "https://id.example.org/me",
    "code_challenge_methods_supported": ["plain", "S256"],
}


def reply(value, status=200, url="https://id.example.org/x"):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Reply(status=status, headers={}, body=body, url=url, milliseconds=1)


class Http:
    """Answers by the end of the address, and remembers what it was asked."""

    def __init__(self, **answers):
        self.answers = {"openid-configuration": reply(SAID), **answers}
        self.asked = []

    def request(self, method, url, **more):
        self.asked.append((method, url, more))
        answer = self.answers[url.rpartition("/")[2]]
        if isinstance(answer, Exception):
            raise answer
        return answer


def provider(http, secret="a secret/+", **more):
    made = Provider(OIDC, Secret(secret) if secret else None, clock=lambda: NOON, **more)
    made._http = http
    return made


def said(**more):
    return reply({name: value for name, value in {**SAID, **more}.items() if value is not None})


def test_it_is_asked_where_discovery_is_and_again_after_five_minutes():
    http, clock = Http(), Clock()
    one = provider(http, passed=clock)
    assert one.metadata() == one.metadata()
    assert [url for _, url, _ in http.asked] == [f"{ISSUER}/.well-known/openid-configuration"]
    clock.now += 300
    one.metadata()
    assert len(http.asked) == 2


def test_one_that_hangs_holds_up_few_and_whoever_comes_then_is_told(monkeypatch):
    monkeypatch.setattr("forge.people.oidc.kept._TURN", 0.01)
    hanging, goes_on = threading.Barrier(5, timeout=20), threading.Event()
    http = Http(token=reply({}, 400))
    one = provider(http)
    one.metadata()
    answer = http.request

    def hang(method, url, **more):
        hanging.wait()
        goes_on.wait(20)
        return answer(method, url, **more)

    http.request = hang
    flow = Flows().begin(OIDC, "https://forge.example.org/back", "/")[2]

    def redeem():
        with pytest.raises(Unauthorized):
            one.redeem("code", flow)

    waiting = [threading.Thread(target=redeem) for _ in range(4)]
    for thread in waiting:
        thread.start()
    hanging.wait()
    with pytest.raises(HttpFault, match="keeps others waiting"):
        one.redeem("code", flow)
    goes_on.set()
    for thread in waiting:
        thread.join(20)
    http.request = answer
    redeem()


def test_who_waits_for_what_it_says_of_itself_is_told(monkeypatch):
    monkeypatch.setattr("forge.people.oidc.kept._TURN", 0.01)
    one = provider(Http())
    with one._known._lock, pytest.raises(HttpFault, match="keeps others waiting"):
        one.metadata()
    assert one.metadata()


def test_a_fault_is_not_asked_for_again_at_once():
    http, clock = Http(**{"openid-configuration": HttpFault("connect", "x refuses")}), Clock()
    one = provider(http, passed=clock)
    for _ in range(3):
        with pytest.raises(HttpFault, match="x refuses"):
            one.metadata()
    assert len(http.asked) == 1
    clock.now += 5
    http.answers["openid-configuration"] = said()
    assert one.metadata().methods == ("client_secret_basic",)


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (reply({}, 404), "discovery", "answers 404"),
        (reply([]), "answer", "as a provider does"),
        (reply(b"<html>"), "answer", "JSON"),
        (said(issuer=f"{ISSUER}/"), "issuer", "to the last slash"),
        (said(issuer=None), "issuer", "calls itself"),
        (said(token_endpoint=None), "discovery", "token_endpoint"),
        (said(jwks_uri="http://id.example.org/keys"), "discovery", "jwks_uri"),
        (said(authorization_endpoint="javascript:alert(1)"), "discovery", "authorization_endpoint"),
        (said(userinfo_endpoint="file:///etc/passwd"), "discovery", "userinfo_endpoint"),
        (said(code_challenge_methods_supported=["plain"]), "discovery", "S256"),
    ],
)
def test_what_it_says_of_itself_has_to_be_right(answer, fault, words):
    with pytest.raises(HttpFault, match=words) as wrong:
        provider(Http(**{"openid-configuration": answer})).metadata()
    assert wrong.value.fault == fault


def test_a_browser_is_sent_with_all_that_protects_the_way_back():
    state, _, flow = Flows().begin(OIDC, "https://forge.example.org/back", "/")
    address = urlsplit(provider(Http()).address(flow, state))
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert asked.pop("code_challenge") not in {"", flow.verifier}
    assert asked == {
        "tenant": "1", "response_type": "code", "client_id": "for ge", "scope": "openid email", "state": state,
        "redirect_uri": "https://forge.example.org/back", "nonce": flow.nonce, "code_challenge_method": "S256",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("methods", "secret", "auth", "in_form"),
    [
        (None, "a secret/+", "for+ge:a+secret%2F%2B", None),
        (["client_secret_post"], "a secret/+", None, "a secret/+"),
        (["client_secret_post", "client_secret_basic"], "s", "for+ge:s", None),
        (None, None, None, None),
    ],
)
def test_forge_shows_who_it_is_as_the_provider_wants_it(methods, secret, auth, in_form):
    http = Http(**{"openid-configuration": said(token_endpoint_auth_methods_supported=methods), "token": reply({})})
    one = provider(http, secret)
    one.exchange(one.metadata(), "c", "https://forge.example.org/back", "v")
    _, _, more = http.asked[-1]
    shown = more["auth"]
    assert (shown and f"{shown.username}:{shown.password.reveal()}") == auth
    assert more["form"].get("client_secret") == in_form
    assert (more["form"]["code"], more["form"]["code_verifier"]) == ("c", "v")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({"error": "invalid_client", "error_description": "secret"}, 401), "oidc_client"),
        (reply(b"no", 403), "oidc_client"),
        (reply({"error": "invalid_grant"}, 400), "oidc_code"),
        (reply([], 400), "oidc_code"),
        (reply({"access_token": "a"}), "oidc_no_id_token"),
    ],
)
def test_a_refusal_is_a_sentence_that_repeats_nothing(answer, code):
    _, _, flow = Flows().begin(OIDC, "https://forge.example.org/back", "/")
    with pytest.raises(Unauthorized) as refused:
        provider(Http(token=answer)).redeem("c", flow)
    assert refused.value.code == code
    assert "secret" not in refused.value.message.replace("client id and secret", "")


def test_a_provider_in_trouble_is_a_fault_of_it():
    _, _, flow = Flows().begin(OIDC, "https://forge.example.org/back", "/")
    with pytest.raises(HttpFault, match="answers 503"):
        provider(Http(token=reply(b"", 503))).redeem("c", flow)


def test_userinfo_is_asked_only_where_something_is_missing_and_has_to_be_of_the_same_person():
    http = Http(me=reply({"sub": "1001", "groups": ["ops"], "preferred_username": "other"}))
    one = provider(http)
    metadata = one.metadata()
    whole = {"sub": "1001", "groups": [], "preferred_username": "ada"}
    assert one._completed(whole, metadata, "access") is whole
    part = {"sub": "1001", "preferred_username": "ada"}
    assert one._completed(part, metadata, "access") == {**part, "groups": ["ops"]}
    assert one._completed(part, metadata, "") is part
    assert one._completed(part, replace(metadata, userinfo=None), "access") is part
    with pytest.raises(Unauthorized, match="somebody else"):
        one._completed({**part, "sub": "1002"}, metadata, "access")


def test_keys_for_logout_tokens_are_asked_for_every_few_seconds_at_most():
    """Anybody can send tokens."""
    http, clock = Http(keys=reply({"keys": []})), Clock()
    one = provider(http, passed=clock)
    for _ in range(3):
        with pytest.raises(BadLogout, match="signed"):
            one.logout("x")
    assert [url for _, url, _ in http.asked][1:] == ["https://id.example.org/keys"]
    clock.now += 5
    http.answers["keys"] = HttpFault("connect", "x refuses")
    for _ in range(3):
        with pytest.raises(HttpFault):
            one.logout("x")
    assert len(http.asked) == 3
