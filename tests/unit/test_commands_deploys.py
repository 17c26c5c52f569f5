"""deploy and all that follows from it, as typed."""

from __future__ import annotations

import json

import pytest

from forge.deploy.queue import project_place
from forge.domain.errors import EngineError
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.fake_engine import Behaviour
from tests.world import HOST, stage


@pytest.fixture
def shop(shell):
    shell.world.project("shop", stage("shop", "dev"), stage("shop", "prod", promote_from="dev"))
    return shell


def test_a_deploy_is_followed_to_its_good_end(shop):
    digest = shop.world.push("dev-1")
    said = shop.run("deploy", "shop", "dev", "dev-1").stdout
    assert said.startswith("Deploy #1: dev-1 to shop/dev\n")
    assert "✓ wait until healthy" in said
    assert said.splitlines()[-1] == f"#1 shop/dev dev-1 ({digest[7:19]}) succeeded: http://dev-shop.localhost"


def test_a_deploy_that_does_not_go_live_ends_with_one_and_says_why(shop):
    shop.world.push("dev-1", behaviour=Behaviour(exit_code=3, log=("no database",)))
    said = shop.run("deploy", "shop/dev", "dev-1", code=1).stdout
    assert "✗ wait until healthy" in said
    assert "no database" in said
    assert said.splitlines()[-1].startswith("#1 shop/dev dev-1 failed: ")


def test_a_deploy_that_cannot_be_taken_back_ends_with_four(shop):
    shop.world.push("dev-1", behaviour=Behaviour(exit_code=3))
    for call in ("stop", "remove"):
        shop.world.engine.raises_before[call] = EngineError("The disk is on fire")
    said = shop.run("deploy", "shop", "dev", "dev-1", code=4).stdout
    assert "stuck" in said.splitlines()[-1]


def test_json_lines_tell_a_program_every_event_and_the_end(shop):
    shop.world.push("dev-1")
    events = [json.loads(one) for one in shop.run("deploy", "shop", "dev", "dev-1", "--json").stdout.splitlines()]
    assert {"deploy_status", "deploy_step", "deploy_log"} <= {event["type"] for event in events}
    assert events[-1]["payload"]["status"] == "succeeded"


def test_without_waiting_it_is_only_queued(shop):
    shop.world.push("dev-1")
    assert shop.run("deploy", "shop", "dev", "dev-1", "--no-wait").stdout == (
        "Deploy #1 of dev-1 to shop/dev is queued.\n"
    )
    shop.world.wait(shop.world.forge.store.deploys.get(1))


def test_a_digest_is_deployed_as_it_is(shop):
    digest = shop.world.push("dev-1")
    shop.run("deploy", "shop", "dev", "--digest", digest)
    assert shop.json("deploys")[0]["digest"] == digest


def test_an_image_is_deployed_without_more_ado(shell):
    shell.world.push("latest", repository="web")
    said = shell.run("deploy", f"{HOST}/web", "--port", "8080", "-e", "A=b=c").stdout
    assert "succeeded" in said.splitlines()[-1]
    assert shell.json("project", "show", "web")["environment"] == {"A": "b=c"}


def test_an_image_is_deployed_with_its_secrets_and_its_own_proof(shell):
    shell.world.push("latest", repository="web")
    words = ("deploy", f"{HOST}/web", "--port", "8080", "--health", "/up", "--secret", "KEY", "--secret", "B=VAR")
    assert "hunter" not in shell.run(*words, KEY="hunter1", VAR="hunter2").output
    made = shell.json("project", "show", "web")
    assert (made["health"]["path"], made["secrets"]) == ("/up", ["KEY", "B"])
    kept = shell.world.forge.store.secrets.get_all(project_place("web"))
    assert {name: secret.reveal() for name, secret in kept.items()} == {"B": "hunter2", "KEY": "hunter1"}


def test_what_serves_is_promoted_and_rolled_back(shop):
    shop.world.push("dev-1")
    shop.world.push("dev-2")
    shop.run("deploy", "shop", "dev", "dev-1")
    shop.run("promote", "shop/prod")
    shop.run("deploy", "shop", "dev", "dev-2")
    assert "dev-1" in shop.run("rollback", "shop", "dev").stdout
    assert shop.world.serving("dev") == ["dev-1"]
    assert shop.world.serving("prod") == ["dev-1"]
    shop.run("rollback", "shop", "dev", "--to", "3")
    assert shop.world.serving("dev") == ["dev-2"]
    assert "dev-2" in shop.run("retry", "#3").stdout


def test_rolling_back_twice_goes_back_twice_and_says_where_to(shop):
    for tag in ("dev-1", "dev-2", "dev-3"):
        shop.world.push(tag)
        shop.run("deploy", "shop", "dev", tag)
    assert "Deploy #4: dev-2 to shop/dev as in deploy #2" in shop.run("rollback", "shop", "dev").stdout
    said = shop.run("rollback", "shop", "dev", "--no-wait").stdout
    assert said == "Deploy #5 of dev-1 to shop/dev as in deploy #1 is queued.\n"


def test_deploys_are_listed_newest_first(shop):
    shop.world.push("dev-1")
    shop.run("deploy", "shop", "dev", "dev-1")
    shop.run("retry", "1")
    lines = shop.run("deploys", "shop", "--stage", "dev", "--status", "succeeded", "--status", "failed").stdout
    assert [line.split()[0] for line in lines.splitlines()] == ["DEPLOY", "#2", "#1"]


def test_that_none_fits_is_not_that_there_is_none(shop):
    assert shop.run("deploys").stdout == "There is no deploy yet.\n"
    shop.world.push("dev-1")
    shop.run("deploy", "shop", "dev", "dev-1")
    assert shop.run("deploys", "--status", "failed").stdout == "There is no such deploy.\n"


def test_one_deploy_is_shown_with_its_steps_and_the_last_words_of_what_failed(shop):
    shop.world.push("dev-1", behaviour=Behaviour(exit_code=3, log=("no \x1b[2Jdatabase",)))
    shop.run("deploy", "shop", "dev", "dev-1", code=1)
    said = shop.run("deploys", "1").stdout
    assert said == shop.run("deploys", "#1").stdout
    assert "status: failed\n" in said
    assert "  exit_code: 3\n" in said
    assert "  ↩ create" in said
    assert said.splitlines()[-1].startswith("    no ")
    assert "\x1b" not in said
    assert shop.json("deploys", "1")["last_words"]["exit_code"] == 3
    shop.run("deploys", "7", code=6)


def test_what_the_switch_cost_is_shown(shop):
    shop.world.push("dev-1")
    shop.run("deploy", "shop", "dev", "dev-1")
    measured = shop.json("deploys", "1")["measured"]
    assert (measured["sent"], measured["failed"]) == (1, 0)
    assert measured["answered_by"] == shop.json("deploys", "1")["instance"]
    said = shop.run("deploys", "1").stdout
    assert "switch: 0 of 1 requests failed, the slowest took " in said
    assert f"answered by {measured['answered_by']}\n" in said


def test_an_ended_deploy_cannot_be_cancelled(shop):
    shop.world.push("dev-1")
    shop.run("deploy", "shop", "dev", "dev-1")
    assert "#1" in shop.run("cancel", "1", code=7).stderr


def test_a_running_deploy_is_cancelled(shop):
    shop.world.push("dev-1", behaviour=Behaviour(healthy_after=None))
    shop.run("deploy", "shop", "dev", "dev-1", "--no-wait")
    assert "Deploy #1" in shop.run("cancel", "1").stdout
    assert shop.world.wait(shop.world.forge.store.deploys.get(1)).status == "cancelled"


def test_a_tag_is_explained(shop):
    shop.world.push("other-1")
    said = shop.run("explain", "shop", "dev", "other-1").stdout
    assert said.startswith(("Yes", "No"))
    assert "✓ pattern: " in said
    said = shop.run("explain", "shop", "dev", "gone-1").stdout
    assert "✗ registry: " in said
    assert "· first_look: Not asked: registry has decided" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("deploy", "shop", "dev", "nope"), 6, "nope"),
        (("deploy", "nope", "dev", "dev-1"), 6, "There is no project nope"),
        (("deploy", "shop"), 2, "PROJECT STAGE TAG"),
        (("deploy", "shop/dev"), 2, "PROJECT STAGE TAG"),
        (("deploy", "a", "b", "c", "d"), 2, "PROJECT STAGE TAG"),
        (("deploy", "shop", "dev", "dev-1", "--port", "80"), 2, "--port goes with an image only"),
        (("deploy", "shop", "dev", "dev-1", "--secret", "A"), 2, "--secret goes with an image only"),
        (("promote", "shop", "dev"), 7, "promote_from"),
        (("promote", "shop"), 2, "PROJECT STAGE"),
        (("cancel", "x"), 2, "no deploy"),
        (("retry", "7"), 6, "#7"),
    ],
)
def test_what_cannot_be_is_said_with_its_code(shop, words, code, said):
    assert said in shop.run(*words, code=code).stderr
