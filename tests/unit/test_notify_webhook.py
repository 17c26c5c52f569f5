"""What a webhook's address and key must be; how it sends is in tests/contract/test_notify.py."""

import pytest

from forge.domain.errors import Invalid
from forge.domain.secret import Secret
from forge.notify.webhook import check_address, check_key, sign


@pytest.mark.parametrize(
    "address", ["https://user:pw@hooks.example.org:8443/x?token=1", "http://hooks.example.org:8443"]
)
def test_an_address_is_shown_by_its_host_only(address):
    assert check_address(Secret(address)) == "hooks.example.org:8443"


@pytest.mark.parametrize(
    "address", ["", "hooks", "ftp://a/canary", "https:///canary", "https://[canary", "https://a/b c"]
)
def test_what_is_no_address_is_told_without_repeating_it(address):
    with pytest.raises(Invalid) as error:
        check_address(Secret(address))
    assert list(error.value.fields) == ["address"]
    assert "canary" not in error.value.message


@pytest.mark.parametrize("key", [None, Secret(""), Secret("fifteen letters")])
def test_a_key_that_is_missing_or_short_is_refused(key):
    with pytest.raises(Invalid, match="16 characters"):
        check_key(key)


def test_a_signature_is_githubs():
    """The example of GitHub's own documentation, “Validating webhook deliveries”."""
    found = sign(b"Hello, World!", Secret("It's a Secret to Everybody"))
    assert found == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
