"""What only one stage may have."""

from __future__ import annotations

import pytest

from forge.deploy.claims import check_claims
from forge.domain.errors import Conflict
from forge.domain.preferences import Preferences
from forge.domain.project import Project
from forge.domain.stage import Stage

PREFERENCES = Preferences(domain="apps.example")


def place(project, stage="dev", *, proxy="caddy", **more):
    return (
        Project(name=project, image=f"r.example/{project}", port=80, proxy=proxy),
        Stage(project=project, name=stage, **more),
    )


@pytest.mark.parametrize(
    ("wanted", "others", "claim"),
    [
        (place("shop", domain="x.example"), place("cart", domain="x.example"), "x.example"),
        (place("a-b", "c", domain="{project}-{stage}"), place("a", "b-c", domain="{project}-{stage}"), "a-b-c"),
        (place("shop", publish=80), place("cart", publish=80), "80"),
    ],
)
def test_two_stages_cannot_have_the_same(wanted, others, claim):
    with pytest.raises(Conflict, match=f"{claim} already belongs to {others[1].key}: choose another for") as caught:
        check_claims([wanted], [others], PREFERENCES)
    assert caught.value.code == "domain_taken"
    with pytest.raises(Conflict):
        check_claims([others, wanted], [], PREFERENCES)


def test_what_others_share_already_is_not_held_against_a_third():
    same = [place("shop", domain="x.example"), place("cart", domain="x.example")]
    check_claims([place("new")], same, PREFERENCES)


def test_without_a_proxy_there_is_no_domain_to_claim():
    check_claims(
        [place("shop", proxy="published", domain="x.example")], [place("cart", domain="x.example")], PREFERENCES
    )


def test_the_tags_of_one_stage_do_not_collide_with_the_stage_itself():
    check_claims([place("shop", max_instances=3)], [place("cart")], PREFERENCES)
