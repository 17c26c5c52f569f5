"""Migrations run from the new image before the switch, and one that fails stops the deploy."""

from __future__ import annotations

import pytest

from tests.parts import images

pytestmark = pytest.mark.real
VOLUME = {"kind": "named", "source": "data", "path": "/data"}


def test_a_migration_runs_before_the_new_one_and_its_failure_leaves_the_old_one_serving(house):
    forge = house.forge
    project = house.project("ledger", volumes=[VOLUME], pre_deploy=["migrate"], environment={"WHO": "forge"})
    for tag in ("dev-1", "dev-2", "dev-3"):
        images.push(house.registry, "ledger", tag)
    first = forge.deploy("ledger/dev", "dev-1")
    assert first["status"] == "succeeded"
    lines = [line["text"] for line in forge.get(f"/api/deploys/{first['id']}/logs")]
    assert "migrating to dev-1" in lines
    assert forge.deploy("ledger/dev", "dev-2")["status"] == "succeeded"
    assert house.page("dev-ledger", "/data/migrations") == (200, "migrating to dev-1\nmigrating to dev-2\n")

    kept = {key: project[key] for key in ("image", "port", "health", "volumes", "environment", "proxy")}
    forge.do("PUT", "/api/projects/ledger", {**kept, "pre_deploy": ["migrate", "3"]})
    failed = forge.deploy("ledger/dev", "dev-3")
    assert (failed["status"], failed["failed_step"]) == ("failed", "pre-deploy")
    assert failed["failure"] == "The pre-deploy command failed: it ended with 3"
    assert failed["last_words"]["exit_code"] == 3
    assert house.page("dev-ledger") == (200, "dev-2\n")
    client = house.engine.client()
    try:
        assert len(client.containers.list(all=True, filters={"label": "forge.project=ledger"})) == 1
    finally:
        client.close()
