"""The configuration as a file, the command line, and a database that somebody else holds."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import closing

import pytest

from tests.canaries.kinds import canary
from tests.e2e.conftest import stage
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real
PLANTED = canary()
SEED = """\
settings:
  free_disk: 0
registries:
  seeded:
    url: {registry}
    interval: 0
    username: ada
    password: {{env: SEED_PASSWORD}}
proxies:
  edge:
    kind: caddy
    url: {admin}
    address: {address}
projects:
  sown:
    image: {host}/sown
    port: 8080
    proxy: edge
    health: {{kind: http, path: /healthz}}
    stages:
      dev:
        pattern: glob:dev-*
        drain: 0
"""


def test_a_seed_is_imported_at_the_first_start_and_what_it_names_can_be_deployed(start_forge, house, tmp_path):
    seed = tmp_path / "seed.yaml"
    where = {"registry": house.registry.url, "host": house.registry.address}
    seed.write_text(SEED.format(**where, admin=house.caddy.admin, address=house.caddy.url), "utf-8")
    forge = start_forge("seeded", FORGE_SEED=str(seed), SEED_PASSWORD=PLANTED)
    images.push(house.registry, "sown", "dev-1")
    assert forge.deploy("sown/dev", "dev-1")["status"] == "succeeded"
    exported = forge.ask("GET", "/api/config").body.decode()
    assert PLANTED not in exported
    name = re.search(r"env: (\S*SEED\S*PASSWORD|\S+)", exported)
    assert name is not None
    body = {"yaml": exported, "environment": {name[1].rstrip("}"): PLANTED}}
    assert forge.do("POST", "/api/config?dry_run=true", body)["differences"] == ["= nothing to change"]
    changed = exported.replace("glob:dev-*", "glob:main-*")
    told = forge.do("POST", "/api/config?dry_run=true", {**body, "yaml": changed})
    assert not told["applied"]
    assert ["glob:main-*" in line for line in told["differences"]] == [True]
    assert forge.get("/api/projects/sown/stages/dev")["pattern"] == "glob:dev-*"
    assert forge.do("POST", "/api/config", {**body, "yaml": changed})["applied"]
    assert forge.get("/api/projects/sown/stages/dev")["pattern"] == "glob:main-*"
    status, sentence = forge.refused("POST", "/api/config", {**body, "yaml": "projcts: {}\n"})
    assert status == 422
    assert "Line 1" in sentence
    forge.do("DELETE", "/api/projects/sown")


def command(forge, *words: str) -> tuple[int, str, str]:
    """What a person types, and what is said: (exit code, output, errors)."""
    run = forge.type(*words, NO_COLOR="1")
    return run.returncode, run.stdout, run.stderr


def test_the_command_line_deploys_promotes_and_rolls_back(house):
    forge = house.forge
    house.project("typed", stage("dev"), {**stage("rel", promote_from="dev"), "pattern": "glob:dev-*"})
    for number in (1, 2):
        images.push(house.registry, "typed", f"dev-{number}")
        code, output, errors = command(forge, "deploy", "typed/dev", f"dev-{number}")
        assert code == 0, (output, errors)
        assert "wait until healthy" in output + errors
        assert command(forge, "promote", "typed/rel")[0] == 0
    assert command(forge, "rollback", "typed/rel")[0] == 0
    code, output, _ = command(forge, "status", "typed", "--json")
    assert code == 0
    assert "dev-1" in output
    assert json.loads(output)
    assert (house.page("dev-typed")[1], house.page("rel-typed")[1]) == ("dev-2\n", "dev-1\n")


def test_the_command_line_ends_with_a_code_that_means_something(house):
    forge = house.forge
    house.project("coded", health={"kind": "http", "path": "/healthz", "timeout": 3})
    images.push(house.registry, "coded", "dev-1", kind="crashing")
    code, output, errors = command(forge, "deploy", "coded/dev", "dev-1")
    assert code == 1
    assert "DATABASE_URL is not set" in output + errors
    assert command(forge, "deploy", "nobody/dev", "dev-1")[0] == 6
    assert command(forge, "promote", "coded/dev")[0] == 7
    assert command(forge, "--url", "http://127.0.0.1:9", "status")[0] in {3, 5}


def test_doctor_looks_at_every_part(house):
    code, output, errors = command(house.forge, "doctor")
    assert code == 0, output + errors
    for word in ("engine", "caddy", "parts"):
        assert word in output.lower()


def test_a_tag_that_must_be_older_goes_live_when_its_time_has_come(house):
    forge = house.forge
    house.project("aged", stage("dev", update={"minimum_age": 3}))
    images.push(house.registry, "aged", "dev-1")
    forge.do("POST", house.hook(), {"image": f"{house.registry.address}/aged:dev-1"})
    until(lambda: [s["decision"] for s in forge.get("/api/sightings?project=aged")] == ["held"], "it is held")
    assert forge.deploys("aged/dev") == []
    assert forge.next_deploy("aged/dev", "dev-1")["status"] == "succeeded"


def test_a_database_that_somebody_holds_is_waited_for(house):
    forge = house.forge
    house.project("locked")
    images.push(house.registry, "locked", "dev-1")
    with closing(sqlite3.connect(forge.data / "forge.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        assert forge.get("/api/projects/locked")["name"] == "locked"  # reading goes on
        assert time.monotonic() - began < 1
        answer = forge.ask("POST", "/api/projects/locked/stages/dev/deploys", {"tag": "dev-1"})
        assert answer.status == 503
        assert answer.json["detail"].startswith("The database is locked: another program holds it")
        assert int(answer.headers["retry-after"]) > 0
        other.execute("ROLLBACK")
    assert forge.deploy("locked/dev", "dev-1")["status"] == "succeeded"
