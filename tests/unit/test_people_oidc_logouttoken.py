"""A logout token ends sessions only if everything about it is right (Back-Channel Logout 1.0, 2.6)."""

import threading

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from forge.people.oidc.logouttoken import EVENT, BadLogout, Logout, Used, read_logout_token
from tests.unit.storing import NOON, Clock

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
CLAIMS = {
    "iss": "https://id.example.org", "sub": "1001", "aud": "forge", "iat": NOON, "exp": NOON + 120, "jti": "j1",
    "events": {EVENT: {}},
}  # fmt: skip


def token(key=KEY, **more):
    claims = {name: value for name, value in {**CLAIMS, **more}.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "one", "typ": "logout+jwt"}, claims, key)


def read(text, now=NOON):
    keys = [KEY.as_dict(private=False)]
    return read_logout_token(
        text, keys, issuer="https://id.example.org", client_id="forge", algorithms=("RS256",), now=now
    )


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"aud": ["other", "forge"]},
        {"exp": None},
        {"iat": NOON + 59},
        {"iat": NOON - 359, "exp": NOON - 59},
        {"sid": "s"},
        {"events": {EVENT: {}, "https://example.org/more": {}}},
    ],
)
def test_a_good_one_says_who_was_signed_out(more):
    assert read(token(**more)) == Logout("1001", "j1")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"iss": "https://id.example.org/"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"aud": "other"}, "another client"),
        ({"aud": ["other"]}, "another client"),
        ({"aud": None}, "another client"),
        ({"aud": {"forge": 1}}, "another client"),
        ({"iat": None}, "when it was made"),
        ({"iat": "now"}, "when it was made"),
        ({"iat": True}, "when it was made"),
        ({"iat": NOON + 61}, "last minutes"),
        ({"iat": NOON - 361}, "last minutes"),
        ({"exp": NOON - 60}, "over already"),
        ({"exp": "later"}, "over already"),
        ({"events": None}, "no logout"),
        ({"events": {}}, "no logout"),
        ({"events": [EVENT]}, "no logout"),
        ({"events": {EVENT: True}}, "no logout"),
        ({"events": {"https://example.org/other": {}}}, "no logout"),
        ({"nonce": "n"}, "nonce"),
        ({"sub": None, "sid": "s"}, "have the provider send sub"),
        ({"sub": ""}, "send sub"),
        ({"sub": 7}, "send sub"),
        ({"sub": "x" * 256}, "send sub"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": "x" * 256}, "jti"),
    ],
)
def test_anything_wrong_about_it_is_refused_with_what_it_is(more, why):
    with pytest.raises(BadLogout, match=why) as refused:
        read(token(**more))
    assert refused.value.message.endswith("Nobody was signed out")
    assert (refused.value.code, list(refused.value.fields)) == ("oidc_logout", ["logout_token"])


@pytest.mark.parametrize("text", ["", "x", token(OTHER), token()[:-8], "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMDAxIn0."])
def test_what_the_provider_did_not_sign_is_refused(text):
    with pytest.raises(BadLogout, match="signed"):
        read(text)


def test_one_is_used_once_as_long_as_it_could_be_used_again_and_then_forgotten():
    clock = Clock()
    used = Used(clock)
    used.take("j1")
    clock.now += 419
    with pytest.raises(BadLogout, match="used already"):
        used.take("j1")
    used.take("j2")
    clock.now += 2
    used.take("j1")
    assert set(used._until) == {"j1", "j2"}


def test_what_did_not_come_to_its_end_may_be_sent_again():
    used = Used(Clock())
    used.take("j1")
    used.give_back("j1")
    used.take("j1")


def test_of_many_at_the_same_moment_one_counts():
    used, taken = Used(), []

    def take():
        try:
            used.take("j1")
        except BadLogout:
            return
        taken.append(1)

    threads = [threading.Thread(target=take) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [1]
