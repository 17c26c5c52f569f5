"""What only one stage may have."""

from __future__ import annotations

import pytest

from forge.deploy.claims import check_claims, check_domains
from forge.domain.errors import Conflict
from forge.domain.preferences import Preferences
from forge.domain.project import Project, Volume, VolumeKind
from forge.domain.stage import Stage

PREFERENCES = Preferences(domain="apps.example")


def place(project, stage="dev", *, proxy="caddy", aliases=(), engine="local", volume=None, **more):
    volumes = (Volume(kind=VolumeKind.NAMED, path="/data", source=volume),) if volume else ()
    its = Project(
        name=project, image=f"r.example/{project}", port=80, proxy=proxy, aliases=aliases, engine=engine,
        volumes=volumes,
    )  # fmt: skip
    return its, Stage(project=project, name=stage, **more)


@pytest.mark.parametrize(
    ("wanted", "others", "claim", "field"),
    [
        (place("shop", domain="x.example"), place("cart", domain="x.example"), "x.example", "domain"),
        (
            place("a-b", "c", domain="{project}-{stage}"),
            place("a", "b-c", domain="{project}-{stage}"),
            "a-b-c",
            "domain",
        ),
        (place("shop", publish=80), place("cart", publish=80), "80", "publish"),
        (place("shop", aliases=("db",)), place("cart", aliases=("x", "DB")), "the name db", "aliases"),
        (place("shop", aliases=("cart",)), place("cart"), "the name cart", "aliases"),
        (place("shop"), place("cart", aliases=("shop",)), "the name shop", "name"),
    ],
)
def test_two_stages_cannot_have_the_same(wanted, others, claim, field):
    with pytest.raises(Conflict, match=f"{claim} already belongs to {others[1].key}: choose another for") as caught:
        check_claims([wanted], [others], PREFERENCES)
    assert caught.value.code == ("alias_taken" if "name" in claim else "domain_taken")
    assert caught.value.fields == {field: f"belongs to {others[1].key}"}
    with pytest.raises(Conflict):
        check_claims([others, wanted], [], PREFERENCES)


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        (place("shop", "x-dev", volume="data"), place("shop-x", volume="data")),
        (place("shop", volume="x-data"), place("shop", "dev-x", volume="data")),
    ],
)
def test_two_stages_whose_names_run_together_cannot_have_one_volume(wanted, other):
    with pytest.raises(Conflict, match=f"by its whole name already belongs to {other[1].key}") as caught:
        check_claims([wanted], [other], PREFERENCES)
    assert (caught.value.code, list(caught.value.fields)) == ("volume_taken", ["volumes"])


def test_stages_have_volumes_of_one_name_where_they_are_two():
    check_claims(
        [place("shop", volume="data"), place("shop", "rel", volume="data")], [place("b", volume="data")], PREFERENCES
    )
    check_claims([place("shop", "x-dev", volume="data")], [place("shop-x", volume="data", engine="far")], PREFERENCES)


def test_a_name_is_only_taken_where_both_could_be_found_by_it():
    others = [place("cart", aliases=("db",))]
    check_claims([place("shop", "rel", aliases=("db",))], others, PREFERENCES)
    check_claims([place("shop", engine="other", aliases=("db",))], others, PREFERENCES)
    check_claims([place("shop", aliases=("shop",)), place("shop", "rel", aliases=("shop",))], others, PREFERENCES)


def test_settings_are_held_against_domains_only():
    same = [place("shop", aliases=("db",)), place("cart", aliases=("db",))]
    check_domains(same, PREFERENCES)
    with pytest.raises(Conflict):
        check_domains(same, Preferences(domain_pattern="{stage}.{domain}"))


def test_what_others_share_already_is_not_held_against_a_third():
    same = [place("shop", domain="x.example"), place("cart", domain="x.example")]
    check_claims([place("new")], same, PREFERENCES)


def test_without_a_proxy_there_is_no_domain_to_claim():
    check_claims(
        [place("shop", proxy="published", domain="x.example")], [place("cart", domain="x.example")], PREFERENCES
    )


def test_the_tags_of_one_stage_do_not_collide_with_the_stage_itself():
    check_claims([place("shop", max_instances=3)], [place("cart")], PREFERENCES)
