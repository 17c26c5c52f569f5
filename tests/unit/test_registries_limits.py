"""Rate limits as registries say them, and the time in which nothing is asked."""

from __future__ import annotations

import pytest

from forge.domain.errors import RegistryUnavailable
from forge.ports import Quota
from forge.registries.limits import Limits, at, read_quota, wait_of

NOW = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "Mon, 21 Sep 2026 14:15:20 GMT"}, 120),
        ({"Retry-After": "Monday, 21-Sep-26 14:15:20 GMT"}, 120),
        ({"Retry-After": "Mon, 21 Sep 2026 10:00:00 GMT"}, 0),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "99999999"}, 86400),
        ({"Retry-After": "Mon, 21 Sep 2099 10:00:00 GMT"}, 86400),
        ({"X-Retry-After": "1790000030"}, 30),
        ({"X-RateLimit-Reset": "1790000030"}, 30),
        ({"RateLimit-Reset": "45"}, 45),
        ({"Retry-After": "5", "X-RateLimit-Reset": "1790000030"}, 5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read_in_all_its_forms(headers, expected):
    assert wait_of(headers, NOW) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "98;w=21600"},
            Quota(limit=100, remaining=98, window=21600),
        ),
        ({"X-RateLimit-Limit": "180", "X-RateLimit-Remaining": "0"}, Quota(limit=180, remaining=0)),
        ({"RateLimit-Limit": "10, 10;w=1;burst=5", "X-RateLimit-Limit": "7"}, Quota(limit=10, window=1)),
        ({"RateLimit-Remaining": "3"}, Quota(remaining=3)),
        ({"RateLimit-Limit": "plenty"}, None),
        ({"RateLimit-Limit": "1" * 30}, None),
        ({}, None),
    ],
)
def test_quota_headers_are_read(headers, expected):
    assert read_quota(headers, None) == expected


def test_an_answer_that_says_nothing_changes_nothing():
    before = Quota(limit=100, remaining=98, window=21600)
    assert read_quota({}, before) is before
    assert read_quota({"RateLimit-Remaining": "97"}, before) == Quota(limit=100, remaining=97, window=21600)


def test_a_time_of_day_is_rounded_up_so_that_it_is_not_too_early():
    assert at(NOW) == "14:14 (UTC)"
    assert at(NOW - 20) == "14:13 (UTC)"


def test_a_429_closes_the_registry_until_it_may_be_asked_again():
    limits = Limits("ghcr.io")
    limits.check(NOW)
    limits.note(429, {"Retry-After": "120", "RateLimit-Limit": "100;w=60"}, NOW)
    with pytest.raises(RegistryUnavailable, match=r"ghcr\.io asks not to be asked again until 14:16 \(UTC\)") as caught:
        limits.check(NOW + 20)
    assert (caught.value.code, caught.value.retry_after) == ("limit", 100)
    assert limits.quota(NOW + 20) == Quota(limit=100, window=60, until=NOW + 120)
    limits.check(NOW + 120)
    assert limits.quota(NOW + 120) == Quota(limit=100, window=60)


def test_a_429_that_does_not_say_how_long_means_a_minute():
    limits = Limits("ghcr.io")
    limits.note(429, {}, NOW)
    assert limits.quota(NOW) == Quota(until=NOW + 60)


def test_a_503_closes_the_registry_only_if_it_says_how_long():
    limits = Limits("ghcr.io")
    limits.note(503, {}, NOW)
    assert limits.quota(NOW) is None
    limits.note(503, {"Retry-After": "9"}, NOW)
    assert limits.quota(NOW).until == NOW + 9


def test_retry_after_on_any_other_answer_closes_nothing():
    limits = Limits("ghcr.io")
    limits.note(200, {"Retry-After": "9"}, NOW)
    limits.check(NOW)


def test_a_shorter_wait_does_not_cut_a_longer_one():
    limits = Limits("ghcr.io")
    limits.note(429, {"Retry-After": "500"}, NOW)
    limits.note(429, {"Retry-After": "5"}, NOW)
    assert limits.quota(NOW).until == NOW + 500
