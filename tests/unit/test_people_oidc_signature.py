"""What a provider has signed; the tokens themselves: test_people_oidc_idtoken.py, test_people_oidc_logouttoken.py."""

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from forge.people.oidc.signature import TokenFault, signed, signing

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
PUBLIC = KEY.as_dict(private=False)


def token(key=KEY, **header):
    return jwt.encode({"alg": "RS256", "kid": "one", **header}, {"a": 1}, key, algorithms=[header.get("alg", "RS256")])


def test_header_and_claims_of_what_a_key_of_the_provider_signed():
    header, claims = signed(token(), [{"kty": "odd"}, "no key", PUBLIC], ("RS256",))
    assert (header["alg"], claims) == ("RS256", {"a": 1})


@pytest.mark.parametrize(
    ("text", "keys", "claim"),
    [
        ("", [PUBLIC], "signature"),
        ("a.b.c", [PUBLIC], "signature"),
        ("é" * 10, [PUBLIC], "signature"),
        (token()[:-6] + "AAAAAA", [PUBLIC], "signature"),
        (token(), [], "signature"),
        (token(), [{**PUBLIC, "use": "enc"}], "signature"),
        (token(), [{**PUBLIC, "kid": "another"}], "signature"),
        (token(OctKey.import_key("s" * 32), alg="HS256"), [PUBLIC], "alg"),
    ],
)
def test_anything_else_is_refused(text, keys, claim):
    with pytest.raises(TokenFault) as refused:
        signed(text, keys, ("RS256", "ES256"))
    assert refused.value.claim == claim


def test_of_the_algorithms_only_those_that_need_the_providers_own_key():
    assert signing(["none", "HS256", "ES256", "RS256", "RS1"]) == ("ES256", "RS256")
