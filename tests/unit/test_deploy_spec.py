"""What is wanted of a container: from plain values to plain values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.deploy.hostpaths import HostPaths
from forge.deploy.spec import (
    aliases_of,
    domain_of,
    labels_of,
    names_of,
    network_of,
    slot_of,
    spec_of,
    volume_name,
)
from forge.domain.errors import Invalid
from forge.domain.instance import Instance
from forge.domain.preferences import Preferences
from forge.domain.project import Limits, Project, Volume, VolumeKind
from forge.domain.route import Reach
from forge.domain.secret import Secret
from forge.domain.stage import Stage

DIGEST = "sha256:" + "a" * 64
INSTANCE = Instance(
    id="a1b2c3", project="shop", stage="dev", deploy=7, tag="dev-1", digest=DIGEST, engine="local", name="forge-shop"
)


HERE = Reach()


def project(**more):
    return Project(**{"name": "shop", "image": "r.example/acme/shop", "port": 8080, **more})


def stage(**more):
    return Stage(project="shop", name="dev", **more)


def spec(project, stage, secrets=None, host_paths=(), reach=HERE):
    return spec_of(
        project, stage, INSTANCE, home="h0me", secrets=secrets or {}, publish=20001, links={"db": "db-1"},
        reach=reach, host_paths=HostPaths(allowed=tuple(host_paths)),
    )  # fmt: skip


def test_an_instance_is_made_by_digest_never_by_tag():
    assert spec(project(), stage()).image == f"r.example/acme/shop@{DIGEST}"


def test_every_setting_of_the_project_and_stage_has_its_effect():
    """Pitfalls 10 and 31: what is wanted is ours, and all of it arrives."""
    limits = Limits(memory=64 << 20, cpus=0.5, pids=50)
    made = spec(project(limits=limits, labels={"team": "a"}), stage(stop_timeout=33))
    assert (made.limits, made.stop_timeout, made.port, made.publish) == (limits, 33, 8080, 20001)
    assert made.links == {"db": "db-1"}
    assert made.network == network_of("h0me", "dev") == "forge-h0me-dev"
    assert made.labels == {"team": "a", **labels_of("h0me", INSTANCE)}


def test_an_instance_is_found_by_its_projects_name_and_aliases_on_a_network_of_names():
    assert aliases_of(project(aliases=("store",))) == ("shop", "store")
    assert names_of("h0me", "dev") == "forge-h0me-dev.names"


def test_the_labels_say_whose_it_is():
    assert labels_of("h0me", INSTANCE) == {
        "forge.home": "h0me",
        "forge.project": "shop",
        "forge.stage": "dev",
        "forge.instance": "a1b2c3",
        "forge.deploy": "7",
    }


def test_the_stages_variables_win_over_the_projects_and_secrets_over_plain_ones():
    made = spec(
        project(environment={"A": "project", "B": "project", "C": "project"}),
        stage(environment={"B": "stage"}),
        {"C": Secret("hidden")},
    )
    assert made.environment == {"A": "project", "B": "stage", "C": Secret("hidden")}


def test_a_port_is_on_loopback_unless_people_asked_for_it():
    assert spec(project(), stage()).publish_host == "127.0.0.1"
    assert spec(project(), stage(publish=8080)).publish_host == "0.0.0.0"
    far = Reach(local=False, host="far.example", listen="10.0.0.5", chosen="10.0.0.5")
    assert spec(project(), stage(), reach=far).publish_host == "10.0.0.5"
    assert spec(project(), stage(publish=8080), reach=far).publish_host == "10.0.0.5", "never everywhere unasked"


def test_named_volumes_are_a_stages_own():
    volume = Volume(kind=VolumeKind.NAMED, path="/data", source="data")
    assert [v.source for v in spec(project(volumes=(volume,)), stage()).volumes] == ["forge-h0me-shop-dev-data"]
    assert volume_name("h0me", "shop", "rel", "data") != volume_name("h0me", "shop", "dev", "data")


def test_a_host_path_is_checked_at_deploy_time_too():
    folder = project(volumes=(Volume(kind=VolumeKind.HOST, path="/data", source="/srv/shop"),))
    assert spec(folder, stage(), host_paths=["/srv"]).volumes[0].source == "/srv/shop"
    with pytest.raises(Invalid) as raised:
        spec(folder, stage())
    assert raised.value.code == "host_path"


def test_one_instance_has_one_place_several_have_one_for_each_tag():
    assert slot_of(stage(), "dev-1") == ""
    assert slot_of(stage(max_instances=2), "dev-1") == "dev-1"


@pytest.mark.parametrize(
    ("more", "place", "slot", "domain"),
    [
        ({}, {}, "", "dev-shop.example.org"),
        ({"domain": "shops.net"}, {}, "", "dev-shop.shops.net"),
        ({}, {"domain": "{project}.net"}, "", "shop.net"),
        ({}, {}, "v1.2_RC", "dev-shop-v1-2-rc.example.org"),
        ({}, {"domain": "{tag}.{domain}"}, "v1", "v1.example.org"),
    ],
)
def test_people_reach_it_where_the_pattern_says(more, place, slot, domain):
    assert domain_of(project(**more), stage(**place), slot, Preferences(domain="example.org")) == domain


def test_the_settings_pattern_is_for_stages_without_their_own():
    preferences = Preferences(domain="example.org", domain_pattern="{project}.{stage}.{domain}")
    assert domain_of(project(), stage(), "", preferences) == "shop.dev.example.org"
    assert domain_of(project(), stage(domain="{project}.net"), "", preferences) == "shop.net"


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True))
def test_whatever_the_tag_the_domain_is_one(tag):
    labels = domain_of(project(), stage(), tag, Preferences(domain="example.org")).split(".")
    assert labels[1:] == ["example", "org"]
    assert 1 <= len(labels[0]) <= 63
