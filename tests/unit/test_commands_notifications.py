"""notification: who is told, from the command line."""

import pytest

from tests.commanding import (
    shell_fixture,  # noqa: F401  asked for by its name
)
from tests.small_server import SmallServer, Told
from tests.unit.notifying import KEY, TOKEN


@pytest.fixture
def receiver():
    with SmallServer(lambda _: Told(200, b"thanks")) as server:
        yield server


def add(shell, receiver, *more):
    return shell.run(
        "notification", "add", "hook", "kind=webhook", "local=true", "occasions=deploy_failed,part", *more,
        "--address", "HOOK_URL", "--key", "HOOK_KEY", HOOK_URL=f"{receiver.url}/{TOKEN}", HOOK_KEY=KEY,
    )  # fmt: skip


def test_one_is_added_tried_changed_and_removed(shell, receiver):
    assert "There is none yet" in shell.run("notification", "list").stdout
    assert "is added" in add(shell, receiver).stdout
    assert shell.run("notification", "test", "hook").stdout.startswith("✓ 200: thanks (")
    shell.run("notification", "set", "hook", "quiet=1m", "local=false")
    found = shell.json("notification", "show", "hook")
    assert (found["quiet"], found["local"], found["occasions"]) == (60, False, ["deploy_failed", "part"])
    assert "✗" in shell.run("notification", "test", "hook", code=8).stdout
    said = shell.run("notification", "list").stdout + shell.run("notification", "show", "hook").stdout
    assert "everywhere" in said
    assert not [secret for secret in (TOKEN, KEY) if secret in said]
    shell.run("notification", "remove", "hook", say="y\n")
    assert shell.json("notification", "list") == []


def test_what_is_told_at_a_place_is_listed(shell, receiver):
    shell.world.project()
    add(shell, receiver)
    said = shell.run("notification", "list", "--for", "shop/dev").stdout
    assert [line.split() for line in said.splitlines() if "deploy_" in line] == [
        ["deploy_succeeded", "nobody"],
        ["deploy_failed", "hook"],
        ["deploy_stuck", "nobody"],
    ]
    assert shell.json("notification", "list", "--for", "shop")[1]["names"] == ["hook"]


def test_deliveries_are_listed_and_tried_again(shell, receiver):
    assert shell.run("notification", "deliveries", "moon", code=6)
    add(shell, receiver)
    assert "Nothing was sent yet" in shell.run("notification", "deliveries", "hook").stdout
    shell.run("notification", "retry", "hook", "7", code=6)
    assert shell.json("notification", "deliveries", "hook") == []


def test_a_mistake_is_told(shell):
    assert "NO is not set" in shell.run("notification", "add", "x", "kind=webhook", "--address", "NO", code=2).stderr
    said = shell.run("notification", "add", "x", "kind=telegraph", code=2).stderr
    assert "apprise, webhook, nobody" in said
    assert "address is missing" in shell.run("notification", "add", "x", "kind=apprise", code=2).stderr
