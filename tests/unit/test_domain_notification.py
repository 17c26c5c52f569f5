"""Who is told of what: the narrowest wins, for each occasion."""

import pytest

from forge.domain.errors import Invalid
from forge.domain.notification import Notification, NotificationKind, Occasion, applying

FAILED, LIVE = Occasion.DEPLOY_FAILED, Occasion.DEPLOY_SUCCEEDED


def one(name, *occasions, **more):
    return Notification(name=name, kind=NotificationKind.WEBHOOK, occasions=occasions or (FAILED,), **more)


EVERYWHERE = one("everywhere", FAILED, LIVE)
SHOP = one("shop", project="shop")
PROD = one("prod", project="shop", stage="prod")


@pytest.mark.parametrize(
    ("occasion", "project", "stage", "names"),
    [
        (FAILED, "shop", "prod", ["prod"]),
        (FAILED, "shop", "dev", ["shop"]),
        (FAILED, "blog", "dev", ["everywhere"]),
        (LIVE, "shop", "prod", ["everywhere"]),  # the narrower ones do not name it
        (Occasion.PART, None, None, []),
    ],
)
def test_the_narrowest_that_names_an_occasion_is_told(occasion, project, stage, names):
    found = applying([EVERYWHERE, SHOP, PROD], occasion, project, stage)
    assert [each.name for each in found] == names


def test_two_of_one_width_are_both_told():
    other = one("other", project="shop")
    assert applying([SHOP, other, EVERYWHERE], FAILED, "shop", "dev") == [SHOP, other]


def test_what_is_switched_off_neither_hears_nor_hides_a_wider_one():
    off = one("off", project="shop", active=False)
    assert applying([EVERYWHERE, off], FAILED, "shop", "dev") == [EVERYWHERE]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "Ops!"}, "name"),
        ({"stage": "dev"}, "project"),
        ({"occasions": ()}, "occasions"),
        ({"project": "shop", "occasions": (Occasion.PART,)}, "occasions"),
        ({"quiet": -1}, "quiet"),
        ({"quiet": 86401}, "quiet"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_field(more, field):
    with pytest.raises(Invalid) as error:
        Notification(**{"name": "ops", "kind": NotificationKind.WEBHOOK, **more})
    assert list(error.value.fields) == [field]
