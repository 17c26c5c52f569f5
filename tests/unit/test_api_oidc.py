"""Sign-in by OpenID Connect over HTTP. With a real provider: tests/oidc."""

from types import SimpleNamespace

import pytest

from forge.domain.person import Principal, Role
from forge.people.oidc.service import Begun
from tests.api_world import world_fixture  # noqa: F401  asked for by its name

GIVEN = {
    "issuer": "https://id.example.org", "client_id": "forge", "secret": "canary-secret",
    "groups": [{"group": "ops", "role": "admin"}],
}  # fmt: skip
LOGOUT = "http://localhost/api/oidc/logout"
BACK = "http://localhost/sign-in/oidc/callback"


def test_there_is_none_until_one_is_set_up_and_none_after_it_is_removed(world):
    assert world.ask("GET", "/api/oidc").json == {"oidc": None, "redirect_uri": BACK, "logout_uri": LOGOUT}
    assert world.nobody.get("/api/sign-in").json["oidc"] is None
    made = world.ask("PUT", "/api/oidc", GIVEN)
    assert made.status_code == 200
    assert made.json == world.ask("GET", "/api/oidc").json
    view = made.json["oidc"]
    assert (view["has_secret"], view["scopes"], view["others"]) == (True, ["openid", "profile", "email"], "")
    assert view["groups"] == [{"group": "ops", "role": "admin", "projects": None}]
    assert "canary-secret" not in made.text
    assert world.nobody.get("/api/sign-in").json["oidc"] == "Sign in with OpenID Connect"
    assert world.ask("DELETE", "/api/oidc").status_code == 204
    assert world.ask("DELETE", "/api/oidc").status_code == 404


def test_a_secret_that_is_left_out_stays_and_null_takes_it_away(world):
    world.ask("PUT", "/api/oidc", GIVEN)
    without = {name: value for name, value in GIVEN.items() if name != "secret"}
    assert world.ask("PUT", "/api/oidc", without).json["oidc"]["has_secret"] is True
    assert world.ask("PUT", "/api/oidc", {**without, "secret": None}).json["oidc"]["has_secret"] is False


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"issuer": "http://id.example.org"}, "issuer"),
        ({"scopes": []}, "scopes"),
        ({"groups": [{"group": "a", "role": "viewer", "projects": ["none"]}]}, "groups"),
        ({"others": "admin"}, "others"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(world, more, field):
    answer = world.ask("PUT", "/api/oidc", {**GIVEN, **more})
    assert answer.status_code == 422
    assert field in answer.json["fields"]


def test_only_an_admin_may(world):
    viewer = world.browser(Principal(name="vic", role=Role.VIEWER, person="vic"))
    assert viewer.get("/api/oidc").status_code == 403


@pytest.mark.promise("throttle")
def test_one_address_cannot_push_out_what_others_began(world, monkeypatch):
    world.ask("PUT", "/api/oidc", GIVEN)
    monkeypatch.setattr(world.runtime.people.oidc, "begin", lambda *_: Begun("https://id.example.org/auth", "browser"))
    got = [world.nobody.get("/sign-in/oidc").status_code for _ in range(121)]
    assert (got[:120], got[120:]) == ([303] * 120, [429])
    refused = world.nobody.get("/sign-in/oidc/callback?state=x&code=y")
    assert (refused.status_code, "at once" in refused.text) == (429, True)
    assert world.nobody.get("/sign-in/oidc", environ_base={"REMOTE_ADDR": "192.168.1.7"}).status_code == 303


def test_the_page_shows_the_button_where_there_is_a_provider(world):
    assert "/sign-in/oidc" not in world.nobody.get("/sign-in").text
    world.ask("PUT", "/api/oidc", {**GIVEN, "label": "By <Example>"})
    assert '<a class="button" href="/sign-in/oidc">By &lt;Example&gt;</a>' in world.nobody.get("/sign-in").text


def test_without_a_provider_the_way_there_says_so_and_so_does_the_way_back(world):
    answer = world.nobody.get("/sign-in/oidc")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert "is not set up" in answer.text
    assert world.nobody.get("/sign-in/oidc/callback?code=x&state=y").status_code == 401


def test_who_only_looks_ahead_begins_and_ends_nothing(world):
    world.ask("PUT", "/api/oidc", GIVEN)
    for path in ("/sign-in/oidc", "/sign-in/oidc/callback?code=x&state=y"):
        assert world.nobody.head(path).status_code == 204
    assert world.runtime.people.oidc._flows._flows == {}


def test_where_people_come_back_to_is_https_if_the_boards_address_says_so(world):
    settings = world.ask("GET", "/api/settings").json
    world.ask("PUT", "/api/settings", {**settings, "public_url": "https://localhost"})
    assert world.ask("GET", "/api/oidc").json["redirect_uri"] == "https://localhost/sign-in/oidc/callback"
    world.ask("PUT", "/api/settings", {**settings, "public_url": "https://forge.example.org"})
    assert world.ask("GET", "/api/oidc").json["redirect_uri"] == BACK


def test_the_file_has_it_without_the_secret_and_brings_it_again(world):
    world.ask("PUT", "/api/oidc", GIVEN)
    text = world.ask("GET", "/api/config").text
    assert "canary-secret" not in text
    assert "secret:\n    env: OIDC_SECRET" in text
    assert world.ask("POST", "/api/config?dry_run=true", {"yaml": text}).json["differences"] == ["= nothing to change"]
    changed = text.replace("client_id: forge", "client_id: other")
    body = {"yaml": changed, "environment": {"OIDC_SECRET": "another-secret"}}
    assert world.ask("POST", "/api/config", body).json["differences"] == [
        "~ oidc: client_id forge → other; a new secret"
    ]
    world.ask("DELETE", "/api/oidc")
    assert world.ask("POST", "/api/config", body).json["differences"] == ["+ oidc https://id.example.org"]
    assert world.ask("GET", "/api/oidc").json["oidc"]["client_id"] == "other"


def test_a_token_cannot_say_who_may_sign_in(world):
    made = world.ask("POST", "/api/tokens", {"name": "ci", "role": "admin"}).json["secret"]
    headers = {"Authorization": f"Bearer {made}"}
    yaml = "oidc:\n  issuer: https://id.example.org\n  client_id: forge\n"
    answer = world.nobody.post("/api/config", json={"yaml": yaml}, headers=headers)
    assert answer.status_code == 403
    assert world.nobody.post("/api/config", json={"yaml": "settings: {}"}, headers=headers).status_code == 200
    assert world.nobody.put("/api/oidc", json=GIVEN, headers=headers).status_code == 403


def log_out(world, **form):
    return world.nobody.post("/api/oidc/logout", data=form, content_type="application/x-www-form-urlencoded")


def test_a_logout_token_is_a_form_and_what_is_wrong_with_it_is_400(world):
    assert log_out(world, logout_token="x").json["code"] == "no_oidc"
    world.ask("PUT", "/api/oidc", GIVEN)
    service = world.runtime.people.oidc
    provider = service._asked(service.get())
    provider._known = SimpleNamespace(get=lambda: SimpleNamespace(algorithms=("RS256",)))
    provider._known_keys = SimpleNamespace(get=list)
    for form in ({}, {"logout_token": ""}, {"logout_token": "a.b.c"}):
        answer = log_out(world, **form)
        assert (answer.status_code, answer.json["code"]) == (400, "oidc_logout")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Nobody was signed out" in answer.json["detail"]
    assert world.nobody.post("/api/oidc/logout", json={"logout_token": "x"}).status_code == 415
    assert world.nobody.get("/api/oidc/logout").status_code in {404, 405}


def test_a_good_one_is_200_without_anything_to_keep_or_to_read(world, monkeypatch):
    came = []
    monkeypatch.setattr(world.runtime.people.oidc, "sign_out", came.append)
    answer = log_out(world, logout_token="a.b.c")
    assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (200, b"", "no-store")
    assert came == ["a.b.c"]


def test_a_page_of_another_site_sends_none_and_a_flood_is_stopped(world, monkeypatch):
    came = []
    monkeypatch.setattr(world.runtime.people.oidc, "sign_out", came.append)
    world.context.logouts.burst = 3
    form = {"logout_token": "x"}
    crossed = world.nobody.post("/api/oidc/logout", data=form, headers={"Origin": "https://evil.example"})
    assert crossed.status_code == 403
    assert [log_out(world, **form).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert len(came) == 3


def test_how_long_a_session_lasts_is_set_between_five_minutes_and_a_month(world):
    assert world.ask("PUT", "/api/oidc", GIVEN).json["oidc"]["session_lasts"] == 86400
    assert world.ask("PUT", "/api/oidc", {**GIVEN, "session_lasts": 3600}).json["oidc"]["session_lasts"] == 3600
    assert "session_lasts: 1h" in world.ask("GET", "/api/config").text
    for wrong in (0, 299, 30 * 86400 + 1):
        answer = world.ask("PUT", "/api/oidc", {**GIVEN, "session_lasts": wrong})
        assert (answer.status_code, list(answer.json["fields"])) == (422, ["session_lasts"])
