"""Signatures of deliveries."""

import hashlib
import hmac

import pytest

from forge.domain.secret import Secret
from forge.watch.signature import check

KEY, BODY = Secret("a key"), b'{"image": "registry.example.org/acme/shop:dev-1"}'
RIGHT = hmac.new(b"a key", BODY, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Hub-Signature-256": f"sha256={RIGHT}"},
        {"X-Gitea-Signature": RIGHT},
        {"x-forgejo-signature": RIGHT.upper()},
        {"X-Hub-Signature-256": f"sha256={RIGHT}", "X-Gitea-Signature": RIGHT},
    ],
)
def test_the_right_signature_is_valid_under_each_name(headers):
    assert check(headers, BODY, KEY) == "valid"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Gitea-Signature": "é\udcff"},
        {"X-Hub-Signature-256": f"sha256={RIGHT}", "X-Gitea-Signature": "0" * 64},
    ],
)
def test_a_wrong_signature_is_invalid_even_beside_a_right_one(headers):
    assert check(headers, BODY, KEY) == "invalid"


def test_another_body_makes_a_signature_invalid():
    assert check({"X-Gitea-Signature": RIGHT}, BODY + b" ", KEY) == "invalid"


def test_without_signature_or_key_nothing_is_said():
    assert check({}, BODY, KEY) == "none"
    assert check({"X-Gitea-Signature": " "}, BODY, KEY) == "none"
    assert check({"X-Gitea-Signature": RIGHT}, BODY, None) == "none"
