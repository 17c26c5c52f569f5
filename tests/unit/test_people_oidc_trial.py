"""Exactly what is wrong with a provider."""

import pytest

from forge.domain.errors import Unauthorized
from forge.domain.oidc import Oidc
from forge.http import HttpFault
from forge.people.oidc.provider import Metadata
from forge.people.oidc.trial import tried
from tests.unit.storing import NOON

BACK = "https://forge.example.org/sign-in/oidc/callback"
GOOD = {
    "authorization": "https://id.example.org/auth", "token": "https://id.example.org/token",
    "keys": "https://id.example.org/keys", "userinfo": None, "algorithms": ("RS256",),
    "methods": ("client_secret_basic",), "scopes": None, "date": "Thu, 01 Jan 2026 11:00:00 GMT",
}  # fmt: skip


class Known:
    """A provider that says what a test wants."""

    oidc = Oidc(issuer="https://id.example.org", client_id="forge")

    def __init__(self, *, keys=({"kty": "RSA"},), answer="oidc_code", **more):
        self._keys, self._answer, self._metadata = keys, answer, Metadata(**{**GOOD, **more})

    def metadata(self):
        return self._metadata

    def keys(self, _metadata):
        if isinstance(self._keys, Exception):
            raise self._keys
        return list(self._keys)

    def exchange(self, *_given):
        raise self._answer if isinstance(self._answer, Exception) else Unauthorized("no", code=self._answer)


def test_all_is_well_and_where_people_come_back_to_is_said():
    found = tried(Known(), BACK, lambda: NOON)
    assert (found.ok, found.fault) == (True, "")
    assert BACK in found.text


@pytest.mark.parametrize(
    ("known", "fault"),
    [
        (Known(keys=HttpFault("certificate", "not trusted")), "certificate"),
        (Known(keys=()), "keys"),
        (Known(keys=({"kty": "oct"},)), "keys"),
        (Known(algorithms=()), "keys"),
        (Known(date="Thu, 01 Jan 2026 09:00:00 GMT"), "clock"),
        (Known(date="Thu, 01 Jan 2026 13:00:00 GMT"), "clock"),
        (Known(scopes=("openid", "email")), "scopes"),
        (Known(answer="oidc_client"), "client"),
        (Known(answer=HttpFault("timeout", "too slow")), "timeout"),
    ],
)
def test_what_is_wrong_is_said(known, fault):
    found = tried(known, BACK, lambda: NOON)
    assert (found.ok, found.fault) == (False, fault)
    assert found.text


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_provider_that_does_not_say_its_time_is_not_blamed(date):
    assert tried(Known(date=date), BACK, lambda: NOON).ok
