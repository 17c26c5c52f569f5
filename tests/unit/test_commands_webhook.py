"""webhook, as typed, with real deliveries."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.world import HOST


def deliver(url, image):
    body = json.dumps({"image": image}).encode()
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def test_a_delivery_leaves_a_receipt_that_can_be_replayed(shell):
    url = shell.run("webhook", "show").stdout.strip()
    number = deliver(url, f"{HOST}/nobody:v1")["receipt"]
    assert str(number) in shell.run("webhook", "receipts").stdout
    assert f"{HOST}/nobody:v1" in shell.run("webhook", "receipt", str(number)).stdout
    assert shell.json("webhook", "replay", str(number))["replay_of"] == number


def test_a_new_address_makes_the_old_one_dead(shell):
    old = shell.run("webhook", "show").stdout
    shell.run("webhook", "regenerate", say="n\n", code=1)
    assert shell.run("webhook", "show").stdout == old
    assert shell.run("webhook", "regenerate", "--yes").stdout != old
    with pytest.raises(urllib.error.HTTPError) as caught:
        deliver(old.strip(), "a")
    caught.value.close()
    assert caught.value.code == 404


def test_the_signing_key_comes_from_the_environment(shell):
    assert "set" in shell.run("webhook", "signing-key", "KEY", KEY="s").stdout
    assert "KEY is not set" in shell.run("webhook", "signing-key", "KEY", code=2, KEY="").stderr
    assert "no longer" in shell.run("webhook", "signing-key", "--none").stdout
