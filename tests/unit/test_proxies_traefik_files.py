"""Traefik's files: of the form that its documentation gives, and only Forge's own."""

from __future__ import annotations

import json

import pytest

from forge.domain.errors import ProxyError
from forge.domain.route import Route, Target
from forge.proxies import traefik_files as files

ROUTE = Route("shop.example.org", (Target("127.0.0.1", 20001),))
TOKEN = "0123456789abcdef" * 2
# doc.traefik.io/traefik/reference/dynamic-configuration/file: what Forge uses of it
KNOWN = {
    "routers": {"rule", "service", "middlewares", "entryPoints", "tls"},
    "middlewares": {"stripPrefix", "headers", "redirectScheme"},
    "services": {"loadBalancer"},
}


def made(entrypoints="", **options):
    return files.configuration("n", Route(ROUTE.domain, (ROUTE.target,), options), entrypoints, TOKEN)["http"]


@pytest.mark.parametrize("options", [{}, {"https": "true"}, {"certificate_resolver": "le", "hsts": "true"}])
def test_only_documented_keys_are_used_and_every_name_leads_somewhere(options):
    http = made("web,websecure", **options)
    assert set(http) == set(KNOWN)
    for part, known in KNOWN.items():
        for one in http[part].values():
            assert set(one) <= known
    for router in http["routers"].values():
        assert router["service"] in http["services"]
        assert set(router.get("middlewares", ())) <= set(http["middlewares"])
        assert router["entryPoints"] == ["web", "websecure"]


def test_a_plain_route_is_a_host_and_a_server():
    http = made()
    assert http["routers"]["n"] == {"rule": "Host(`shop.example.org`)", "service": "n"}
    assert http["services"] == {"n": {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:20001"}]}}}


def test_forge_alone_is_told_who_answers_and_by_the_longer_rule():
    http = made()
    ask = http["routers"]["n-ask"]
    assert len(ask["rule"]) > len(http["routers"]["n"]["rule"])
    assert TOKEN in ask["rule"]
    assert http["middlewares"]["n-tell"]["headers"]["customResponseHeaders"] == {"X-Forge-Target": "127.0.0.1:20001"}
    assert "n-tell" not in http["routers"]["n"].get("middlewares", ())


def test_https_sends_people_on_and_a_resolver_is_named():
    http = made(https="true", certificate_resolver="le", hsts="true", hsts_subdomains="true")
    assert http["routers"]["n"]["tls"] == http["routers"]["n-ask"]["tls"] == {"certResolver": "le"}
    assert "tls" not in http["routers"]["n-http"]
    assert http["middlewares"]["n-https"] == {"redirectScheme": {"scheme": "https", "permanent": True}}
    assert http["middlewares"]["n-hsts"]["headers"]["stsIncludeSubdomains"] is True
    assert made(https="true")["routers"]["n"]["tls"] == {}


def test_what_was_written_is_read_again(tmp_path):
    folder = files.Folder(str(tmp_path), "h1")
    folder.write(ROUTE.domain, {"http": made()})
    found = folder.read(ROUTE.domain)
    assert files.targets_in(found, "n") == ROUTE.targets
    assert files.asking_in(found, "n") == (TOKEN, False)
    assert list(folder.domains()) == [ROUTE.domain]
    assert [file.name for file in tmp_path.iterdir()] == ["forge-h1-shop.example.org.yml"]  # and nothing half done
    assert folder.delete(ROUTE.domain)
    assert not folder.delete(ROUTE.domain)
    assert folder.read(ROUTE.domain) is None


def test_other_files_are_neither_read_nor_written(tmp_path):
    for name in ("mine.yml", "forge-h2-shop.example.org.yml"):
        (tmp_path / name).write_text("{}")
    folder = files.Folder(str(tmp_path), "h1")
    assert list(folder.domains()) == []
    assert folder.read(ROUTE.domain) is None
    assert not folder.delete(ROUTE.domain)


def test_a_file_that_somebody_broke_counts_as_none(tmp_path):
    folder = files.Folder(str(tmp_path), "h1")
    for text in ("{", "[]", json.dumps({"http": {"services": {"n": {}}}})):
        (tmp_path / "forge-h1-shop.example.org.yml").write_text(text)
        assert files.targets_in(folder.read(ROUTE.domain), "n") == ()
    assert files.asking_in(None, "n") == (None, False)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    folder = files.Folder(str(tmp_path / "none"), "h1")
    assert "There is no folder" in folder.check()
    with pytest.raises(ProxyError, match="There is no folder"):
        folder.write(ROUTE.domain, {})
    assert files.Folder(str(tmp_path), "h1").check() == ""


@pytest.mark.parametrize(
    ("rule", "hosts"),
    [
        ("Host(`A.org`)", {"a.org"}),
        ("Host(`a.org`, `b.org`) && PathPrefix(`/x`)", {"a.org", "b.org"}),
        ('(Host(`a.org`) || Host("b.org")) && Method(`GET`)', {"a.org", "b.org"}),
        ("HostRegexp(`.+`)", set()),
        ("PathPrefix(`/`)", set()),
    ],
)
def test_the_domains_of_a_rule_are_found(rule, hosts):
    assert files.hosts_in(rule) == hosts


def test_each_of_several_targets_has_a_router_that_tells_of_it_alone():
    several = Route(ROUTE.domain, (*ROUTE.targets, Target("127.0.0.1", 20002)), {"https": "true"})
    http = files.configuration("n", several, "", TOKEN)["http"]
    assert files.targets_in({"http": http}, "n") == several.targets
    for number, target in enumerate(several.targets, 1):
        ask = http["routers"][f"n-ask-{number}"]
        assert files.paths(TOKEN, 2)[number - 1] in ask["rule"]
        assert http["services"][ask["service"]] == {"loadBalancer": {"servers": [{"url": f"http://{target}"}]}}
        told = http["middlewares"][f"n-tell-{number}"]["headers"]["customResponseHeaders"]
        assert told == {"X-Forge-Target": str(target)}
    assert files.asking_in({"http": http}, "n") == (TOKEN, True)
    assert http["middlewares"]["n-retry"]["retry"]["attempts"] == 2
    assert http["routers"]["n"]["middlewares"] == ["n-retry"]
    for router in http["routers"].values():
        assert router["service"] in http["services"]
        assert set(router.get("middlewares", ())) <= set(http["middlewares"])
