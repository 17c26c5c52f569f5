"""Where a stage may have several instances of one digest."""

from __future__ import annotations

import pytest

from forge.domain.errors import Invalid
from forge.domain.project import Project, Volume, VolumeKind
from forge.domain.proxykinds import PROXY_KINDS
from forge.domain.replicas import check_replicas
from forge.domain.stage import REPLICAS, Stage

SHOP = Project(name="shop", image="registry.example/shop", port=80)


def dev(**more):
    return Stage(project="shop", name="dev", **more)


@pytest.mark.parametrize("kind", PROXY_KINDS)
def test_one_may_be_anywhere(kind):
    check_replicas(SHOP, dev(publish=8000), kind)


@pytest.mark.parametrize("kind", ["caddy", "traefik"])
def test_several_where_the_proxy_balances(kind):
    check_replicas(SHOP, dev(replicas=3), kind)


@pytest.mark.parametrize("kind", ["npm", "published"])
def test_elsewhere_the_sentence_says_who_can(kind):
    with pytest.raises(Invalid, match="shop/dev cannot have 3 replicas") as refused:
        check_replicas(SHOP, dev(replicas=3), kind)
    assert "(Caddy or Traefik), or keep replicas at 1" in refused.value.message
    assert refused.value.fields == {"replicas": f"1 with {kind}"}


def test_not_where_two_cannot_run_at_once():
    exclusive = Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True)
    project = Project(name="shop", image="registry.example/shop", port=80, volumes=(exclusive,))
    with pytest.raises(Invalid, match="the volume at /data is exclusive"):
        check_replicas(project, dev(replicas=2), "caddy")
    with pytest.raises(Invalid, match="cannot both publish port 8000"):
        check_replicas(SHOP, dev(replicas=2, publish=8000), "caddy")


@pytest.mark.parametrize("number", [0, REPLICAS + 1])
def test_the_number_has_bounds(number):
    with pytest.raises(Invalid, match="replicas is between 1 and 20"):
        dev(replicas=number)
