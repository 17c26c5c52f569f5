"""Telling Forge whom to notify: what each kind needs, and that secrets stay or go."""

import pytest

from forge.deploy.notifications import NotificationService
from forge.domain.errors import Conflict, Invalid, NotFound
from forge.domain.notification import Notification, NotificationKind, Occasion
from forge.domain.secret import Secret
from forge.notify.webhook import check_key
from forge.store.notifications import address_place, key_place
from tests.unit.notifying import KEY, House

APPRISE, WEBHOOK = NotificationKind.APPRISE, NotificationKind.WEBHOOK
ADDRESS = Secret("slack://token")


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    made.changes = 0
    yield made
    made.close()


def service(house):
    def changed():
        house.changes += 1

    def scheme(address):
        return address.reveal().partition("://")[0]

    return NotificationService(
        store=house.store, checks={APPRISE: scheme, WEBHOOK: scheme}, check_key=check_key, changed=changed
    )


def put(house, kind=APPRISE, name="ops", **more):
    given = {key: more.pop(key) for key in ("address", "key", "create") if key in more}
    return service(house).put(Notification(name=name, kind=kind, **more), actor="ann", **given)


def test_a_new_one_is_kept_with_its_service_and_its_secrets(house):
    kept = put(house, WEBHOOK, address=Secret("https://h.example/x"), key=Secret(KEY), create=True)
    assert kept.service == "https"
    assert service(house).all() == [kept]
    assert service(house).has_key("ops")
    assert house.changes == 1
    with pytest.raises(Conflict):
        put(house, WEBHOOK, address=ADDRESS, key=Secret(KEY), create=True)


@pytest.mark.parametrize(
    ("kind", "secrets", "field"),
    [
        (APPRISE, {}, "address"),
        (WEBHOOK, {"address": ADDRESS}, "key"),
        (WEBHOOK, {"address": ADDRESS, "key": Secret("short")}, "key"),
        (APPRISE, {"address": ADDRESS, "key": Secret(KEY)}, "key"),
        (NotificationKind.NOBODY, {"address": ADDRESS}, "address"),
    ],
)
def test_what_a_kind_needs_or_has_not_is_told(house, kind, secrets, field):
    with pytest.raises(Invalid) as error:
        put(house, kind, **secrets)
    assert list(error.value.fields) == [field]
    assert service(house).all() == []


def test_what_is_not_given_stays(house):
    put(house, address=ADDRESS)
    assert put(house, active=False).service == "slack"
    assert house.store.secrets.get(address_place("ops")) == ADDRESS


def test_another_kind_needs_an_address_of_its_own_and_drops_what_it_has_no_use_for(house):
    put(house, WEBHOOK, address=ADDRESS, key=Secret(KEY))
    with pytest.raises(Invalid, match="address is missing"):
        put(house, APPRISE)
    put(house, APPRISE, address=ADDRESS)
    assert house.store.secrets.get(key_place("ops")) is None
    put(house, NotificationKind.NOBODY)
    assert house.store.secrets.get(address_place("ops")) is None


def test_who_is_told_at_a_place_is_said_for_each_occasion(house):
    wide = put(house, address=ADDRESS, name="wide", occasions=(Occasion.WAITING, Occasion.DEPLOY_FAILED))
    narrow = put(house, NotificationKind.NOBODY, name="narrow", project="shop", occasions=(Occasion.WAITING,))
    found = service(house).applying("shop", "dev")
    assert (found[Occasion.WAITING], found[Occasion.DEPLOY_FAILED], found[Occasion.PART]) == ([narrow], [wide], [])


def test_one_that_is_forgotten_is_gone(house):
    put(house, address=ADDRESS)
    service(house).delete("ops", actor="ann")
    with pytest.raises(NotFound):
        service(house).get("ops")
