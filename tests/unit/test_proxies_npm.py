"""NpmProxy: what it does with what goes wrong in NPM, in each recorded release of the stand-in."""

from __future__ import annotations

import time

import pytest

from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Route, Target
from forge.http import Session
from tests.npm.checking import WRITABLE
from tests.npm.releases import CRASHING, RECORDED, Release
from tests.npm.server import Npm
from tests.parts.process import free_port
from tests.small_server import SmallServer, Told
from tests.unit.npm_world import DOMAIN, LOGIN, ROUTE, World, code


@pytest.fixture
def http_session():
    session = Session()
    yield session
    session.close()


@pytest.fixture(params=RECORDED, ids=str)
def world(request, http_session):
    world = World(request.param, http_session)
    yield world
    world.npm.close()


# ---- logging in


def test_one_login_serves_many_calls_and_a_proxy_made_anew_logs_in_anew(world):
    for _ in range(3):
        world.proxy.routes()
    assert len(world.npm.rows.tokens) == 1
    world.make().routes()
    assert len(world.npm.rows.tokens) == 2


def test_a_login_is_renewed_before_it_ends_without_the_password(world):
    world.npm.rows.token_life = 1800  # less than an hour is left at once
    world.proxy.routes()
    world.proxy.routes()
    logins = [path for method, path, _ in world.npm.asked if (method, path) == ("POST", "/tokens")]
    renewals = [path for method, path, _ in world.npm.asked if (method, path) == ("GET", "/tokens")]
    assert (len(logins), len(renewals)) == (1, 1)


def test_a_login_that_ended_meanwhile_is_made_anew(world):
    world.proxy.routes()
    world.npm.rows.tokens = {token: (user, 0) for token, (user, _) in world.npm.rows.tokens.items()}
    world.proxy.point(ROUTE)
    assert world.proxy.routes() == (ROUTE,)


def test_a_login_that_another_npm_gave_is_made_anew(world):
    world.proxy.routes()
    world.npm.rows.tokens.clear()  # its keys are new: every release answers 500
    assert world.proxy.routes() == ()


def test_a_wrong_password_is_told_from_a_missing_one(world):
    wrong = world.make(password="nope").test()
    assert not wrong.ok
    assert "does not take the login of bot@example.com" in wrong.text
    assert "correct the user name or the password" in wrong.text
    assert (wrong.fault, wrong.version) == ("login", str(world.npm.release))
    missing = world.make(password="").test()
    assert "needs the password of bot@example.com" in missing.text


def test_a_second_factor_is_refused_with_what_to_do(world):
    world.bot.second_factor = True
    report = world.proxy.test()
    assert not report.ok
    assert "second factor" in report.text
    assert "without two-factor authentication" in report.text
    assert code(world.proxy.routes) == "proxy_two_factor"


# ---- rights, and what is not there


def test_a_user_that_may_only_look_is_told_so_and_not_that_the_host_is_gone(world):
    world.by_hand()
    world.bot.permissions["proxy_hosts"] = "view"
    report = world.proxy.test()
    assert not report.ok
    assert "Proxy Hosts: Manage" in report.text
    assert code(lambda: world.proxy.point(Route("new.example.org", (ROUTE.target,)))) == "proxy_rights"
    assert code(lambda: world.proxy.point(Route(DOMAIN, (ROUTE.target,), {"adopt": "true"}))) == "proxy_rights"


def test_a_user_that_may_not_even_look_is_told_so(world):
    world.bot.permissions["proxy_hosts"] = "hidden"
    assert code(world.proxy.routes) == "proxy_rights"


def test_a_crash_where_it_is_not_allowed_is_waited_for_and_then_told(http_session):
    world = World(CRASHING, http_session)
    world.bot.permissions["proxy_hosts"] = "view"
    assert code(lambda: world.proxy.point(ROUTE)) == "proxy_rights"
    assert world.proxy.routes() == ()  # it is back
    world.npm.close()


def test_a_user_without_a_view_of_certificates_does_without_them(world):
    world.bot.permissions["certificates"] = "hidden"
    world.proxy.point(ROUTE)
    assert world.host()["certificate_id"] == 0
    other = Route("tls.example.org", (ROUTE.target,), {"https": "true"})
    assert code(lambda: world.proxy.point(other)) == "proxy_rights"


def test_a_host_that_somebody_deletes_at_the_same_moment_is_no_error(world, monkeypatch):
    world.proxy.point(ROUTE)
    hosts = world.proxy._hosts

    def too_late():
        found = hosts()
        world.npm.rows.hosts.clear()
        return found

    monkeypatch.setattr(world.proxy, "_hosts", too_late)
    world.proxy.remove(DOMAIN)


def test_a_name_that_a_redirection_or_another_user_has_is_taken(world):
    world.npm.rows.other_names.add(DOMAIN)
    assert code(lambda: world.proxy.point(ROUTE)) == "domain_taken"
    world.npm.rows.other_names.clear()
    world.by_hand()
    world.bot.permissions["visibility"] = "user"  # it is there, and cannot be seen
    assert code(lambda: world.proxy.point(ROUTE)) == "domain_taken"


# ---- making and changing


def test_only_what_can_be_written_is_sent_and_only_what_changes(world):
    world.proxy.point(ROUTE)
    world.proxy.point(Route(DOMAIN, (Target("127.0.0.1", 20002),)))
    (made,), (changed,) = world.sent("POST"), world.sent("PUT")
    assert set(made) <= set(WRITABLE)
    assert changed == {"forward_port": 20002}


def test_a_create_that_breaks_is_finished_and_not_repeated(world):
    world.npm.troubles.create = 1
    world.proxy.point(ROUTE)
    assert world.proxy.routes() == (ROUTE,)
    assert (len(world.sent("POST")), len(world.sent("PUT"))) == (1, 1)
    assert len(world.npm.rows.hosts) == 1


def test_a_create_that_breaks_for_good_says_where_to_look(world):
    world.npm.troubles.create = world.npm.troubles.put = 1
    with pytest.raises(ProxyError, match="look at its log") as error:
        world.proxy.point(ROUTE)
    assert error.value.code == "npm_broke"
    world.proxy.remove(DOMAIN)  # as the deploy does when it is taken back
    assert world.npm.rows.hosts == {}


def test_a_backend_that_is_away_is_told_from_one_that_refuses(world):
    world.npm.troubles.away = time.time() + 3600
    with pytest.raises(ProxyUnavailable, match="what is behind its pages is not"):
        world.proxy.routes()
    assert not world.proxy.test().ok


def test_a_change_that_is_cut_off_is_said_again_when_npm_is_back(world, monkeypatch):
    world.proxy.point(ROUTE)
    call, cut = world.proxy._api.call, []

    def broken(method, path, body=None, **more):
        if method == "PUT" and not cut:
            cut.append(path)
            world.npm.troubles.away = time.time() + 3600
        return call(method, path, body, **more)

    monkeypatch.setattr(world.proxy._api, "call", broken)
    world.proxy.point(Route(DOMAIN, (Target("127.0.0.1", 20002),)))
    assert cut
    assert world.proxy.routes() == (Route(DOMAIN, (Target("127.0.0.1", 20002),)),)


def test_what_nginx_does_not_take_is_told_in_its_words_and_leaves_nothing(world, monkeypatch):
    def refuse(row, *, guarded=True):
        row["meta"] |= {"nginx_online": False, "nginx_err": 'nginx: [emerg] host not found in "x"'}

    monkeypatch.setattr(world.npm, "_carry", refuse)
    with pytest.raises(ProxyError, match=r"\[emerg\] host not found") as error:
        world.proxy.point(ROUTE)
    assert error.value.code == "nginx_refused"
    assert world.npm.rows.hosts == {}


def test_what_nginx_does_not_take_of_a_change_is_put_back(world, monkeypatch):
    world.proxy.point(ROUTE)
    carry = world.npm._carry

    def refuse(row, *, guarded=True):
        carry(row)
        if row["forward_port"] == 20002:
            row["meta"] |= {"nginx_online": False, "nginx_err": "nginx: [emerg] no"}

    monkeypatch.setattr(world.npm, "_carry", refuse)
    assert code(lambda: world.proxy.point(Route(DOMAIN, (Target("127.0.0.1", 20002),)))) == "nginx_refused"
    assert world.proxy.routes() == (ROUTE,)


def test_a_host_that_nginx_lost_is_written_again(world):
    world.proxy.point(ROUTE)
    world.host()["meta"]["nginx_online"] = False
    assert world.proxy.routes() == ()
    world.proxy.point(ROUTE)
    assert world.proxy.routes() == (ROUTE,)


def test_a_host_that_was_switched_off_comes_back_by_a_whole_write(world):
    """`enable` would write it without the rules of its access list."""
    world.proxy.point(ROUTE)
    world.npm._switch(world.host(), "disable")
    assert world.proxy.routes() == ()
    world.proxy.point(ROUTE)
    assert world.sent("PUT") == [{"enabled": True}]
    assert not any(path.endswith("/enable") for _, path, _ in world.npm.asked)
    assert world.proxy.routes() == (ROUTE,)


# ---- testing


def test_it_says_when_it_is_no_npm_too_old_without_a_user_or_has_no_address(http_session, world):
    with SmallServer(lambda _: Told(200, b'{"status":"OK"}')) as other:
        assert "not as Nginx Proxy Manager does" in world.make(url=other.url).test().text
    old = World(Release(2, 8, 1), http_session)
    assert "2.9 or newer" in old.proxy.test().text
    old.npm.close()
    empty = Npm(Release(2, 15, 1))
    assert "no user yet" in world.make(url=empty.url).test().text
    empty.close()
    assert "has no address" in world.proxy.test().text
    nobody = world.make(address=f"http://127.0.0.1:{free_port()}").test()
    assert "Correct the proxy's address" in nobody.text


def test_a_test_that_is_well_tells_the_version(world):
    with SmallServer(lambda _: Told(404)) as people:
        report = world.make(address=people.url).test()
    assert report.ok
    assert report.version == str(world.npm.release)
    assert people.url in report.text


def test_no_answer_of_npm_is_ever_logged(world, caplog):
    caplog.set_level("DEBUG")
    world.npm.rows.access_lists[7] = {"id": 7, "clients": [], "secret_items": [{"username": "u", "password": "pa55"}]}
    world.by_hand(access_list_id=7)
    world.proxy.point(Route(DOMAIN, (ROUTE.target,), {"adopt": "true"}))
    world.proxy.remove(DOMAIN)
    assert "pa55" not in caplog.text
    assert LOGIN[1] not in caplog.text
