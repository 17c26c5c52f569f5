"""One-time codes: begun, confirmed, taken once; recovery codes too."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from forge.domain.errors import Conflict, Invalid
from tests.people_world import Town, town_fixture  # noqa: F401


def code_of(secret: str, now: float) -> str:
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(now)).decode()


@pytest.fixture
def ada(town: Town):
    """(secret, recovery codes) of ada, who has confirmed."""
    town.add("ada")
    secret, _ = town.people.codes.begin("ada")
    return secret, town.people.codes.confirm("ada", code_of(secret, town.clock()), "ada")


def test_nothing_is_in_force_until_it_is_confirmed(town: Town):
    town.add("ada")
    secret, address = town.people.codes.begin("ada")
    assert secret in address
    assert not town.store.people.get("ada").totp
    with pytest.raises(Invalid) as caught:
        town.people.codes.confirm("ada", "000000", "ada")
    assert caught.value.code == "wrong_code"
    assert len(town.people.codes.confirm("ada", code_of(secret, town.clock()), "ada")) == 10
    assert town.store.people.get("ada").totp
    assert town.told[-1].payload == {"name": "ada", "change": "totp_on"}


def test_it_cannot_be_confirmed_unbegun_or_begun_twice(town: Town, ada):
    for attempt in (lambda: town.people.codes.begin("ada"), lambda: town.people.codes.confirm("ada", "1", "ada")):
        with pytest.raises(Conflict):
            attempt()
    town.add("bob")
    with pytest.raises(Conflict, match="Begin anew"):
        town.people.codes.confirm("bob", "000000", "bob")


def test_a_code_is_taken_once_and_none_before_it(town: Town, ada):
    secret, _ = ada
    confirmed = code_of(secret, town.clock())
    assert not town.people.codes.use("ada", confirmed)
    town.clock.now += 60
    code = code_of(secret, town.clock())
    assert town.people.codes.use("ada", code)
    assert not town.people.codes.use("ada", code)
    assert not town.people.codes.use("ada", code_of(secret, town.clock() - 30))
    town.clock.now += 30
    assert town.people.codes.use("ada", code_of(secret, town.clock()))


def test_a_recovery_code_is_taken_once_and_told(town: Town, ada):
    _, codes = ada
    assert town.store.people.recovery_codes("ada") == 10
    assert town.people.codes.use("ada", codes[3])
    assert town.told[-1].payload["change"] == "recovery_code_used"
    assert not town.people.codes.use("ada", codes[3])
    assert town.store.people.recovery_codes("ada") == 9


def test_somebody_elses_code_is_wrong(town: Town, ada):
    secret, codes = ada
    town.add("bob")
    theirs, _ = town.people.codes.begin("bob")
    town.people.codes.confirm("bob", code_of(theirs, town.clock()), "bob")
    town.clock.now += 60
    assert not town.people.codes.use("bob", codes[0])
    assert not town.people.codes.use("bob", code_of(secret, town.clock()))


def test_taken_off_nothing_of_it_is_left(town: Town, ada):
    _, codes = ada
    town.people.codes.remove("ada", "ada")
    assert not town.store.people.get("ada").totp
    assert town.store.people.recovery_codes("ada") == 0
    assert town.store.secrets.get("person/ada/totp") is None
    assert not town.people.codes.use("ada", codes[0])
    before = len(town.told)
    town.people.codes.remove("ada", "ada")
    assert len(town.told) == before


def test_the_secret_is_sealed_and_codes_are_hashed(town: Town, ada, tmp_path):
    secret, codes = ada
    town.store.database.close()
    kept = (tmp_path / "forge.db").read_bytes()
    assert secret.encode() not in kept
    assert not any(code.encode() in kept or code.replace("-", "").encode() in kept for code in codes)
