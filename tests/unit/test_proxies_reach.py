"""A proxy that sees this machine elsewhere is told so, and what it says is put the other way about."""

from __future__ import annotations

from forge.domain.route import Route, Target
from forge.proxies.reach import Reached
from tests.fake_proxy import FakeProxy

HERE, THERE = Target("127.0.0.1", 20001), Target("172.17.0.1", 20001)


def test_what_is_on_this_machine_is_told_at_the_address_that_the_proxy_sees():
    inner = FakeProxy()
    proxy = Reached(inner, "172.17.0.1")
    route = Route("a.org", (HERE,))
    proxy.point(route)
    assert inner.routes() == (Route("a.org", (THERE,)),)
    assert proxy.routes() == (route,)
    assert proxy.ask(route).target == HERE
    proxy.point(route, again=True)
    assert len(inner.changes) == 2
    proxy.remove("a.org")
    assert proxy.ask(route).target is None


def test_what_is_elsewhere_stays_as_it_is():
    inner = FakeProxy()
    proxy = Reached(inner, "172.17.0.1")
    away = Route("a.org", (Target("10.0.0.9", 80),))
    proxy.point(away)
    assert inner.routes() == proxy.routes() == (away,)


def test_all_else_is_the_proxys():
    inner = FakeProxy()
    inner.prepares = lambda route: str(route.target)
    proxy = Reached(inner, "172.17.0.1")
    assert proxy.prepare(Route("a.org", (HERE,))) == "172.17.0.1:20001"
    assert proxy.test() == inner.test()
    assert proxy.url(Route("a.org", (HERE,))) == "http://a.org"
    proxy.close()
    assert inner.calls[-1] == ("close",)


def test_each_of_several_targets_is_seen_at_that_address():
    inner = FakeProxy()
    proxy = Reached(inner, "172.17.0.1")
    several = Route("a.org", (HERE, Target("127.0.0.1", 20002)))
    proxy.point(several)
    assert inner.routes() == (Route("a.org", (THERE, Target("172.17.0.1", 20002))),)
    assert proxy.routes() == (several,)
