"""Which deploys are under way, and what is told of one that ends."""

from __future__ import annotations

import pytest

from forge.desktop.deploys import Deploys, Notice
from forge.desktop.words import ENGLISH


def deploy(status, id=42, **more):
    return {"id": id, "project": "shop", "stage": "dev", "tag": "1.2", "status": status, "failure": None, **more}


def test_what_is_under_way_is_named_the_oldest_first():
    deploys = Deploys(ENGLISH)
    deploys.load([deploy("running", 43), deploy("reverting", 41), deploy("queued", 44)])
    assert deploys.named() == ["shop/dev 1.2 (#41)", "shop/dev 1.2 (#43)"]
    deploys.hear(deploy("running", 44))
    deploys.hear(deploy("succeeded", 41))
    assert deploys.named() == ["shop/dev 1.2 (#43)", "shop/dev 1.2 (#44)"]


@pytest.mark.parametrize(
    ("end", "title"),
    [
        ("succeeded", "shop 1.2 is live"),
        ("failed", "shop 1.2 did not go live"),
        ("stuck", "shop 1.2 is stuck: please look"),
    ],
)
def test_an_end_is_told_in_words(end, title):
    deploys = Deploys(ENGLISH)
    deploys.hear(deploy("running"))
    assert deploys.hear(deploy(end)) == Notice(title, "dev · deploy #42")
    assert deploys.named() == []


def test_a_failure_says_why():
    deploys = Deploys(ENGLISH)
    deploys.hear(deploy("reverting"))
    told = deploys.hear(deploy("failed", failure="It did not answer on /healthz."))
    assert told is not None
    assert told.text == "dev · deploy #42\nIt did not answer on /healthz."


def test_what_ended_before_is_not_told_and_neither_is_what_somebody_cancelled():
    deploys = Deploys(ENGLISH)
    assert deploys.hear(deploy("succeeded")) is None
    deploys.hear(deploy("running"))
    assert deploys.hear(deploy("cancelled")) is None


def test_a_digest_without_a_tag_is_named_all_the_same():
    deploys = Deploys(ENGLISH)
    deploys.hear(deploy("running", tag=""))
    assert deploys.named() == ["shop/dev (#42)"]
