"""Export, plan and import: idempotent, all or nothing, mistakes with line and column."""

from __future__ import annotations

import pytest

from forge.config.document import variables
from forge.config.service import NOTHING
from forge.domain.connection import RegistryConnection
from forge.domain.errors import Conflict, ForgeError, Invalid
from forge.domain.secret import Secret
from tests.unit.configured import Configured

SHOP = """\
registries:
  ghcr:
    url: https://ghcr.io
    flavour: ghcr
    username: robot
    password: {env: GHCR_TOKEN}
    interval: 5m
settings:
  domain: example.org
  free_disk: 2GiB
projects:
  shop:
    image: ghcr.io/org/shop
    port: 8080
    registry: ghcr
    health: {kind: http, path: /healthz, timeout: 90}
    environment: {LEVEL: 1.10, DEBUG: yes}
    secrets: {DB_PASSWORD: {env: SHOP_DB}}
    volumes:
      - {kind: named, path: /data, source: data, exclusive: true}
      - {kind: tmpfs, path: /cache, size: 64MiB}
    limits: {memory: 512MiB, cpus: 0.5}
    stages:
      dev:
        pattern: glob:dev-*
        secrets: {KEY: {env: SHOP_DEV_KEY}}
      rel: {pattern: 'semver:^1.2', update: {mode: window, window: 'mon-fri 02:00-05:00', minimum_age: 1h}}
      prod: {promote_from: rel, promote_after: 30m, auto_deploy: false, keep: 9, drain: 500ms}
"""
VALUES = {"GHCR_TOKEN": "t0ken", "SHOP_DB": "hunter2", "SHOP_DEV_KEY": "k"}


@pytest.fixture
def forge(tmp_path):
    return Configured(tmp_path)


def test_a_file_makes_what_it_names(forge):
    lines = forge.service.apply(SHOP, VALUES, actor="anna")
    assert lines[0] == "+ registry ghcr"
    assert lines[1].startswith("~ settings: domain localhost → example.org; ")
    assert lines[2:] == ["+ project shop", "+ stage shop/dev", "+ stage shop/rel", "+ stage shop/prod"]
    shop = forge.store.projects.get("shop")
    assert shop.environment == {"LEVEL": "1.10", "DEBUG": "yes"}
    assert (shop.limits.memory, shop.volumes[1].size, shop.health.timeout) == (512 << 20, 64 << 20, 90)
    rel = forge.store.projects.stage("shop", "rel")
    assert (str(rel.pattern), rel.update.minimum_age) == ("semver:^1.2", 3600)
    assert forge.store.secrets.get_all("project/shop/environment") == {"DB_PASSWORD": Secret("hunter2")}
    assert forge.store.secrets.get("registry/ghcr/password") == Secret("t0ken")
    assert {event.actor for event in forge.events} == {"anna"}
    assert forge.woken


def test_a_second_import_changes_nothing_and_tells_nobody(forge):
    forge.service.apply(SHOP, VALUES, actor="anna")
    before = forge.everything()
    forge.events.clear()
    assert forge.service.apply(SHOP, VALUES, actor="anna") == ["= nothing to change"]
    assert forge.service.apply(SHOP, {}, actor="anna") == ["= nothing to change"]
    assert forge.events == []
    assert forge.everything() == before


def test_a_plan_says_what_import_would_do_and_does_nothing(forge):
    before = forge.everything()
    planned = forge.service.plan(SHOP, VALUES)
    assert forge.everything() == before
    assert forge.events == []
    assert forge.service.apply(SHOP, VALUES, actor="anna") == planned
    assert forge.service.plan(SHOP, VALUES) == ["= nothing to change"]


def test_a_plan_names_each_field_that_would_change(forge):
    forge.service.apply(SHOP, VALUES, actor="anna")
    text = SHOP.replace("glob:dev-*", "glob:d-*").replace("port: 8080", "port: 9000").replace("memory: 512MiB, ", "")
    assert forge.service.plan(text, {**VALUES, "SHOP_DB": "new"}) == [
        "~ project shop: port 8080 → 9000; limits.memory 512MiB → nothing; secret DB_PASSWORD has a new value",
        "~ stage shop/dev: pattern glob:dev-* → glob:d-*",
    ]


def test_an_export_imports_into_an_empty_folder_as_the_same(forge, tmp_path):
    forge.service.apply(SHOP, VALUES, actor="anna")
    exported = forge.service.export()
    values = {"GHCR_REGISTRY_PASSWORD": "t0ken", "SHOP_DB_PASSWORD": "hunter2", "SHOP_DEV_KEY": "k"}
    (tmp_path / "other").mkdir()
    other = Configured(tmp_path / "other")
    other.service.apply(exported, values, actor="anna")
    assert other.everything() == forge.everything()
    assert other.service.export() == exported
    assert forge.service.plan(exported, {}) == ["= nothing to change"]


def test_an_export_holds_no_secret(forge):
    forge.service.apply(SHOP, VALUES, actor="anna")
    exported = forge.service.export()
    assert "SHOP_DB_PASSWORD" in exported
    assert not [value for value in VALUES.values() if len(value) > 1 and value in exported]


def test_a_file_deletes_nothing_that_it_leaves_out(forge):
    forge.service.apply(SHOP, VALUES, actor="anna")
    text = "projects: {shop: {image: ghcr.io/org/shop, port: 8080, stages: {dev: {pattern: 'dev-*'}}}}"
    forge.service.apply(text, {}, actor="anna")
    assert [stage.name for stage in forge.store.projects.stages("shop")] == ["dev", "rel", "prod"]
    assert forge.store.projects.get("shop").secrets == ("DB_PASSWORD",)
    assert forge.store.connections.get(RegistryConnection, "ghcr")
    assert forge.store.preferences.get().domain == "example.org"


def test_null_takes_a_secret_away(forge):
    forge.service.apply(SHOP, VALUES, actor="anna")
    lines = forge.service.apply(SHOP.replace("{env: SHOP_DB}", "null"), VALUES, actor="anna")
    assert lines == ["~ project shop: secret DB_PASSWORD removed"]
    assert forge.store.secrets.get_all("project/shop/environment") == {}
    assert forge.store.projects.get("shop").secrets == ()


def test_a_missing_variable_is_named_and_nothing_is_kept(forge):
    before = forge.everything()
    with pytest.raises(Invalid, match=r"Line 26, column 24: The environment variable SHOP_DEV_KEY is not set"):
        forge.service.apply(SHOP, {**VALUES, "SHOP_DEV_KEY": ""}, actor="anna")
    assert forge.everything() == before
    assert forge.events == []


def test_a_new_password_alone_is_a_change(forge):
    forge.service.apply(SHOP, VALUES, actor="anna")
    lines = forge.service.apply(SHOP, {**VALUES, "GHCR_TOKEN": "other"}, actor="anna")
    assert lines == ["~ registry ghcr: a new password"]
    assert forge.store.secrets.get("registry/ghcr/password") == Secret("other")


def test_a_new_project_without_proxy_gets_the_settings_and_keeps_it(forge):
    text = (
        "proxies: {edge: {kind: caddy, url: 'http://127.0.0.1:2019'}}\nsettings: {default_proxy: edge}\n"
        "projects: {a: {image: r.example/a, port: 80}}"
    )
    forge.service.apply(text, {}, actor="anna")
    assert forge.store.projects.get("a").proxy == "edge"
    again = text.replace("default_proxy: edge", "default_proxy: published")
    assert len(forge.service.apply(again, {}, actor="anna")) == 1
    assert forge.store.projects.get("a").proxy == "edge"


def test_domains_may_be_swapped_in_one_import(forge):
    text = (
        "projects:\n"
        "  a: {image: r.example/a, port: 80, stages: {dev: {publish: 9001}}}\n"
        "  b: {image: r.example/b, port: 80, stages: {dev: {publish: 9002}}}\n"
    )
    forge.service.apply(text, {}, actor="anna")
    swapped = text.replace("9001", "x").replace("9002", "9001").replace("x}", "9002}")
    assert forge.service.apply(swapped, {}, actor="anna") == [
        "~ stage a/dev: publish 9001 → 9002",
        "~ stage b/dev: publish 9002 → 9001",
    ]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("projcts: {}", Invalid, "Line 1, column 1: There is no “projcts”: did you mean “projects”?"),
        ("projects: [a]", Invalid, "Line 1, column 11: projects must be a mapping"),
        ("[a]", Invalid, "Line 1, column 1: the file must be"),
        (
            "projects:\n  a:\n    imgae: x\n",
            Invalid,
            "Line 3, column 5: There is no “imgae” in projects.a: did you mean",
        ),
        ("projects:\n  a: {port: 80}\n", Invalid, "Line 2, column 3: projects.a needs “image”."),
        ("projects:\n  A!: {image: r.example/a, port: 80}\n", Invalid, "Line 2, column 3: “A!” cannot name"),
        ("projects:\n  a: {image: r.example/a, port: 0}\n", Invalid, "Line 2, column 33: The port is between"),
        ("projects:\n  a: {image: r.example/a, port: '80'}\n", Invalid, "Line 2, column 33: projects.a.port must be a"),
        ("projects:\n  a: {image: r.example/a:v1, port: 80}\n", Invalid, "Line 2, column 14: A project's image has no"),
        (
            "projects:\n  a: {image: r.example/a, port: 80, secrets: {X: hush}}\n",
            Invalid,
            "does not stand in this file",
        ),
        (
            "projects:\n  a: {image: r.example/a, port: 80, secrets: {X: {env: A B}}}\n",
            Invalid,
            "no environment variable",
        ),
        ("projects:\n  a: {image: r.example/a, port: 80, engine: moon}\n", Invalid, "There is no engine moon"),
        ("projects:\n  a: {image: r.example/a, port: 80, health: {kind: tpc}}\n", Invalid, "auto, image, http, tcp"),
        (
            "projects:\n  a: {image: r.example/a, port: 80, stages: {x: {pattern: 'regex:('}}}\n",
            Invalid,
            "Line 2, column 59",
        ),
        (
            "projects:\n  a: {image: r.example/a, port: 80, stages: {x: {promote_from: y}}}\n",
            Invalid,
            "promoted from y",
        ),
        ("projects:\n  a: {image: r.example/a, port: 80, stages: {x: {bake: soon}}}\n", Invalid, "no duration"),
        ("projects:\n  a: {image: r.example/a, port: 80, active: maybe}\n", Invalid, "must be true or false"),
        ("projects:\n  a: {image: r.example/a, port: 80, aliases: b}\n", Invalid, "must be a list"),
        ("settings: {default_proxy: moon}", Invalid, "There is no proxy moon"),
        ("settings: {receipts: 0}", Invalid, "Line 1, column 22: receipts is 1 or more"),
        ("engines: {local: {password: {env: X}}}", Invalid, "There is no “password” in engines.local"),
        (
            "registries: {a: {url: 'https://r.example'}, b: {url: 'https://r.example'}}",
            Conflict,
            "Line 1, column 45: a is the connection to r.example already",
        ),
        (
            "projects:\n  a: {image: r.example/a, port: 80, stages: {x: {publish: 9000}, y: {publish: 9000}}}\n",
            Conflict,
            "Line 2, column 3: 9000 already belongs to a/x",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_keeps_nothing(forge, text, error, said):
    before = forge.everything()
    with pytest.raises(ForgeError) as caught:
        forge.service.apply(text, {}, actor="anna")
    assert isinstance(caught.value, error)
    assert said in caught.value.message
    assert forge.everything() == before
    assert forge.events == []


def test_a_domain_pattern_that_gives_two_stages_one_domain_is_told_where_it_stands(forge):
    text = (
        "proxies: {edge: {kind: caddy, url: 'http://127.0.0.1:2019'}}\n"
        "projects:\n"
        "  a: {image: r.example/a, port: 80, proxy: edge, stages: {dev: {}}}\n"
        "  b: {image: r.example/b, port: 80, proxy: edge, stages: {dev: {}}}\n"
    )
    forge.service.apply(text, {}, actor="anna")
    with pytest.raises(Conflict, match=r"Line 2, column 19: dev\.localhost already belongs to a/dev"):
        forge.service.apply('settings:\n  domain_pattern: "{stage}.{domain}"\n', {}, actor="anna")
    assert forge.store.preferences.get().domain_pattern == "{stage}-{project}.{domain}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("projects:\n  a: {image: r.example/a, port: 80, VARIABLES}\n", "Line 2, column 3"),
        ("projects:\n  a: {image: r.example/a, port: 80, stages: {dev: {VARIABLES}}}\n", "Line 2, column 46"),
    ],
)
def test_a_plain_variable_that_is_a_secret_already_is_told_where_it_stands(forge, text, place):
    forge.service.apply(text.replace("VARIABLES", "secrets: {X: {env: Y}}"), {"Y": "1"}, actor="anna")
    with pytest.raises(Invalid, match=f"{place}: “X” is both a plain and a secret variable"):
        forge.service.apply(text.replace("VARIABLES", "environment: {X: '1'}"), {}, actor="anna")


NOTIFIED = """
projects: {shop: {image: r.example/shop, port: 80, stages: {dev: {pattern: '*'}}}}
notifications:
  ops: {kind: apprise, address: {env: OPS}, occasions: [deploy_failed, part], quiet: 10m}
  hook: {kind: webhook, address: {env: HOOK}, key: {env: KEY}, project: shop, stage: dev, occasions: [waiting]}
  hush: {kind: nobody, project: shop, occasions: [deploy_failed]}
"""
NOTIFIED_BY = {"OPS": "slack://hush-hush", "HOOK": "https://h.example/hush-hush", "KEY": "hush-hush-hush-hush"}


def test_notifications_come_back_from_their_export_without_their_secrets(tmp_path, tmp_path_factory):
    one, other = Configured(tmp_path), Configured(tmp_path_factory.mktemp("other"))
    lines = one.service.apply(NOTIFIED, NOTIFIED_BY, actor="anna")
    assert lines[-3:] == ["+ notification ops", "+ notification hook", "+ notification hush"]
    assert one.service.apply(NOTIFIED, {}, actor="anna") == [NOTHING]
    exported = one.service.export()
    assert "hush-hush" not in exported
    named = {"OPS_NOTIFICATION_ADDRESS": "OPS", "HOOK_NOTIFICATION_ADDRESS": "HOOK", "HOOK_NOTIFICATION_KEY": "KEY"}
    assert set(variables(exported)) == set(named)
    other.service.apply(exported, {name: NOTIFIED_BY[key] for name, key in named.items()}, actor="anna")
    assert other.everything() == one.everything()


def test_what_is_new_of_a_notification_is_named(tmp_path):
    forge = Configured(tmp_path)
    forge.service.apply(NOTIFIED, NOTIFIED_BY, actor="anna")
    changed = NOTIFIED.replace("quiet: 10m", "quiet: 0s")
    assert forge.service.plan(changed, {"OPS": "ntfy://other"}) == ["~ notification ops: quiet 10m → 0; a new address"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("occasions: [waiting]", "occasions: [wating]", "must be one of"),
        ("stage: dev", "stage: prod", "There is no shop/prod to tell of"),
        ("occasions: [deploy_failed]}", "occasions: [part]}", "belongs to no project"),
        ("{env: OPS}", "slack://token", "A secret does not stand in this file"),
    ],
)
def test_a_mistake_in_a_notification_is_told_with_its_line(tmp_path, before, after, said):
    forge = Configured(tmp_path)
    with pytest.raises((Invalid, Conflict), match=rf"Line \d+, column \d+: .*{said}"):
        forge.service.apply(NOTIFIED.replace(before, after), NOTIFIED_BY, actor="anna")
    assert forge.store.notifications.all() == []
