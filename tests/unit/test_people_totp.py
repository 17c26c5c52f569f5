"""One-time codes as RFC 6238 has them, and recovery codes."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from forge.people import totp

RFC = base64.b32encode(b"12345678901234567890").decode()  # RFC 6238, appendix B


@pytest.mark.parametrize(
    ("now", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_standard(now, code):
    assert totp.counter_of(RFC, code, now) == now // 30


def test_a_clock_may_be_one_step_off_and_no_more():
    assert [totp.counter_of(RFC, "287082", 59 + 30 * off) for off in (-2, -1, 0, 1, 2)] == [None, 1, 1, 1, None]


def test_a_code_may_be_typed_with_a_gap():
    assert totp.counter_of(RFC, " 287 082 ", 59) == 1


@pytest.mark.parametrize("code", ["", "28708", "2870821", "abcdef", "²87082", "-28708", "000000"])
def test_anything_else_is_none(code):
    assert totp.counter_of(RFC, code, 59) is None


def test_a_secret_has_160_bits_and_is_another_each_time():
    made = {totp.new_secret() for _ in range(20)}
    assert len(made) == 20
    assert all(len(base64.b32decode(one)) == 20 for one in made)


def test_an_authenticator_reads_name_and_secret():
    found = urlsplit(totp.address(RFC, "ada@example.org"))
    assert (found.scheme, found.netloc, found.path) == ("otpauth", "totp", "/Forge%3Aada%40example.org")
    assert parse_qs(found.query) == {"secret": [RFC], "issuer": ["Forge"]}


def test_ten_recovery_codes_are_known_however_they_are_typed():
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == 10
    for code in codes:
        assert totp.recovery_hash(code) == totp.recovery_hash(f" {code.upper().replace('-', ' ')} ")
    assert len({totp.recovery_hash(code) for code in codes}) == 10


@pytest.mark.parametrize("code", ["", "287082", "abcd-efgh", "1111-1111-1111-1111", "abcd-efgh-ijkl-mnop-qrst"])
def test_other_text_is_no_recovery_code(code):
    assert totp.recovery_hash(code) is None
