"""NPM's proxy hosts: from what is there to what must be written."""

from __future__ import annotations

import re

from forge.domain.route import Route, Target
from forge.proxies import npm_hosts
from tests.npm.checking import WRITABLE

ROUTE = Route("dev-shop.example.org", (Target("127.0.0.1", 20001),))


def row(**fields):
    """What NPM keeps of a host that Forge made."""
    made = npm_hosts.new_host("h1", ROUTE, 0)
    return {**made, "id": 5, "meta": {**made["meta"], "nginx_online": True, "nginx_err": None}, **fields}


def test_a_new_host_has_only_what_can_be_written_and_nothing_that_is_null():
    made = npm_hosts.new_host("h1", ROUTE, 0)
    assert set(made) <= set(WRITABLE)
    assert None not in made.values()
    assert made["locations"] == []
    assert (made["forward_scheme"], made["forward_host"], made["forward_port"]) == ("http", "127.0.0.1", 20001)
    assert made["meta"] == {"forge": {"home": "h1", "domain": ROUTE.domain}}


def test_a_host_that_holds_needs_nothing_also_where_flags_are_numbers():
    assert npm_hosts.changes(row(), "h1", ROUTE, 0) == {}
    numbers = {name: int(value) for name, value in row().items() if isinstance(value, bool)}
    assert npm_hosts.changes(row(**numbers), "h1", ROUTE, 0) == {}


def test_a_switch_changes_the_target_alone():
    changed = npm_hosts.changes(row(), "h1", Route(ROUTE.domain, (Target("127.0.0.1", 20002),)), 0)
    assert changed == {"forward_port": 20002}


def test_the_word_by_which_it_tells_who_answers_stays_and_every_host_has_its_own():
    one, two = row(), row()
    assert npm_hosts.token_of(one) != npm_hosts.token_of(two)
    changed = npm_hosts.changes(row(advanced_config=f"gzip on;\n{one['advanced_config']}"), "h1", ROUTE, 0)
    assert npm_hosts.token_of(changed or one) == npm_hosts.token_of(one)
    assert npm_hosts.token_of({"advanced_config": None}) is None


def test_a_persons_own_lines_stay_and_forges_come_behind_them_once():
    config = npm_hosts.changes(row(advanced_config="gzip on;"), "h1", ROUTE, 0)["advanced_config"]
    assert config.startswith("gzip on;\n\n# forge: begin")
    again = npm_hosts.changes(row(advanced_config=config), "h1", ROUTE, 0)
    assert again == {}
    assert config.count("# forge: begin") == 1


def test_forges_lines_do_not_switch_off_npms_own_location():
    """NPM looks for a `location / {` of one's own."""
    assert not re.search(r"location\s+/\s*\{", row()["advanced_config"])


def test_without_a_certificate_what_needs_one_is_switched_off_in_words():
    changed = npm_hosts.changes(row(ssl_forced=True, certificate_id=3), "h1", ROUTE, 0)
    assert (changed["ssl_forced"], changed["certificate_id"]) == (False, 0)


def test_an_address_of_ipv6_is_written_as_nginx_wants_it():
    made = npm_hosts.new_host("h1", Route("a.org", (Target("::1", 80),)), 0)
    assert made["forward_host"] == "[::1]"
    assert npm_hosts.target_of(made) == Target("::1", 80)


def test_a_name_is_found_whatever_its_case_and_only_whole():
    hosts = [row(domain_names=["Dev-Shop.Example.org"]), row(domain_names=["x.dev-shop.example.org"])]
    assert npm_hosts.find(hosts, ROUTE.domain) is hosts[0]
    assert npm_hosts.find(hosts[1:], ROUTE.domain) is None


def test_only_what_nginx_has_counts_as_a_route():
    lost = {**row()["meta"], "nginx_online": False, "nginx_err": "nginx: [emerg] no"}
    never = {"forge": row()["meta"]["forge"]}
    hosts = [row(meta=lost), row(meta=never), row(enabled=0), row(meta={}), row(meta=None)]
    assert npm_hosts.own_routes(hosts, "h1") == ()
    assert npm_hosts.own_routes([row()], "h1") == (ROUTE,)
    assert npm_hosts.own_routes([row()], "h2") == ()
    assert npm_hosts.fault_of(hosts[0]) == "nginx: [emerg] no"
    assert npm_hosts.fault_of(hosts[1]) == ""


def test_what_was_adopted_is_noted_and_can_be_given_back():
    host = {"id": 7, "domain_names": [ROUTE.domain], "forward_scheme": "https", "forward_host": "nas", "enabled": 1,
            "forward_port": 443, "certificate_id": 2, "advanced_config": "gzip on;", "meta": {"a": 1}}  # fmt: skip
    changed = npm_hosts.changes(host, "h1", ROUTE, 2)
    assert changed["meta"]["a"] == 1
    back = npm_hosts.hand_back({**host, **changed})
    assert back["meta"] == {"a": 1}
    assert (back["forward_scheme"], back["forward_host"], back["forward_port"]) == ("https", "nas", 443)
    assert (back["advanced_config"], back["certificate_id"], back["enabled"]) == ("gzip on;", 2, True)
    assert npm_hosts.hand_back(row()) is None


def test_what_stands_in_a_mark_writes_only_what_forge_itself_changes():
    mark = {"home": "h1", "domain": ROUTE.domain, "before": {"forward_port": 1, "owner_user_id": 9, "locations": []}}
    back = npm_hosts.hand_back(row(meta={"forge": mark}))
    assert set(back) == {"forward_port", "advanced_config", "meta"}
