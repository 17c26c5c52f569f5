"""An ID token is only good if everything about it is."""

import base64
import hmac
import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from forge.domain.errors import Unauthorized
from forge.people.oidc.idtoken import Wanted, read_id_token
from forge.people.oidc.signature import signing
from tests.unit.storing import NOON

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
CURVE = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"})
KEYS = [KEY.as_dict(private=False), CURVE.as_dict(private=False)]
WANTED = Wanted(
    issuer="https://id.example.org", client_id="forge", nonce="n", access_token="a", algorithms=("RS256", "ES256")
)
CLAIMS = {
    "iss": "https://id.example.org", "sub": "1001", "aud": "forge", "exp": NOON + 60, "iat": NOON, "nonce": "n",
}  # fmt: skip


def token(key=KEY, alg="RS256", kid="one", **more):
    claims = {name: value for name, value in {**CLAIMS, **more}.items() if value is not None}
    header = {"alg": alg} if kid is None else {"alg": alg, "kid": kid}
    return jwt.encode(header, claims, key, algorithms=[alg])


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def code_of(text, keys=KEYS, wanted=WANTED, now=NOON):
    with pytest.raises(Unauthorized) as refused:
        read_id_token(text, keys, wanted, now)
    assert "Nobody was signed in" in refused.value.message
    return refused.value.code


@pytest.mark.parametrize(
    "text",
    [
        token(),
        token(kid=None),
        token(CURVE, "ES256", "curve"),
        token(aud=["forge"]),
        token(aud=["forge", "other"], azp="forge"),
        token(exp=NOON - 59),
        token(iat=NOON + 59),
    ],
)
def test_a_good_one_says_whom_it_is_about(text):
    assert read_id_token(text, KEYS, WANTED, NOON)["sub"] == "1001"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"iss": "https://id.example.org/"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": ["other"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": ["forge", "other"]}, "azp"),
        ({"aud": ["forge", "other"], "azp": "other"}, "azp"),
        ({"azp": "other"}, "azp"),
        ({"exp": NOON - 61}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": NOON + 61}, "iat"),
        ({"nbf": NOON + 61}, "nbf"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"at_hash": "AAAA"}, "at_hash"),
        ({"exp": "soon"}, "exp"),
        ({"iat": "now"}, "iat"),
        ({"aud": 7}, "aud"),
        ({"aud": [{"forge": 1}]}, "aud"),
        ({"nonce": ["n"]}, "nonce"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 256}, "sub"),
    ],
)
def test_one_that_is_wrong_in_one_thing_is_refused(more, code):
    assert code_of(token(**more)) == f"oidc_token_{code}"


def test_one_that_nobody_signed_is_refused():
    for alg in ("none", "None", "NONE"):
        assert code_of(f"{part({'alg': alg})}.{part(CLAIMS)}.") == "oidc_token_alg"
    head, body, _ = token().split(".")
    assert code_of(f"{head}.{body}.") == "oidc_token_signature"


def test_one_that_is_signed_with_what_anybody_can_read_is_refused():
    signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(CLAIMS)}"
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    assert code_of(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}") == "oidc_token_alg"
    assert signing(("none", "HS256", "RS256")) == ("RS256",)


def test_one_by_another_key_is_refused_even_under_its_name():
    assert code_of(token(OTHER)) == "oidc_token_signature"
    assert code_of(token(OTHER, kid=None)) == "oidc_token_signature"
    assert code_of(token(kid="unknown")) == "oidc_token_signature"


def test_one_whose_key_is_in_its_own_header_is_refused():
    header = {"alg": "RS256", "jwk": OTHER.as_dict(private=False)}
    assert code_of(jwt.encode(header, CLAIMS, OTHER, algorithms=["RS256"])) == "oidc_token_signature"


def test_keys_that_are_not_for_signing_or_are_none_do_not_count():
    encrypting = {**KEY.as_dict(private=False), "use": "enc"}
    odd = [encrypting, {"kty": "RSA", "kid": "one"}, {"kty": "oct", "k": "eA", "kid": "one"}, "x", None]
    assert code_of(token(), odd) == "oidc_token_signature"
    assert read_id_token(token(), [*odd, *KEYS], WANTED, NOON)["sub"] == "1001"


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "....", "é.é.é", f"{part([])}.{part({})}.x", "x" * 100_000])
def test_what_is_no_token_is_refused(text):
    assert code_of(text) in {"oidc_token_signature", "oidc_token_alg"}


def test_an_algorithm_that_the_provider_does_not_use_is_refused():
    assert code_of(token(KEY, "RS512")) == "oidc_token_alg"
