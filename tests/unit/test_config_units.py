"""Durations and sizes, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.config.units import parse_duration, parse_number, parse_size, write_duration, write_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("0", 0), ("1.5", 1.5), ("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("2d", 172800)],
)
def test_a_duration_is_read_as_people_write_it(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1048576", 1 << 20), ("512MiB", 512 << 20), ("1.5GiB", 3 << 29), ("2GB", 2 * 10**9), ("7 kib", 7168)],
)
def test_a_size_is_read_as_people_write_it(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "5 minutes", "-5m", "m5", "5m!", ".inf", "nan", "1e999999", "5m" * 3 + "x"])
def test_what_is_no_duration_is_told_how_to_be_one(text):
    with pytest.raises(ValueError, match="5m"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "512M", "-1", "MiB", "1.5", "1e3"])
def test_what_is_no_size_is_told_how_to_be_one(text):
    with pytest.raises(ValueError, match="512MiB"):
        parse_size(text)


@pytest.mark.parametrize("text", ["inf", ".nan", "1:30", "0x10", "1_000", ""])
def test_yaml_s_stranger_numbers_are_no_numbers(text):
    with pytest.raises(ValueError, match="no number"):
        parse_number(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, 0), (30, "30s"), (90, "90s"), (300, "5m"), (7200, "2h"), (86400, "1d"), (0.25, 0.25)]
)
def test_a_duration_is_written_with_the_largest_unit_that_fits(seconds, text):
    assert write_duration(seconds) == text


@pytest.mark.parametrize(("size", "text"), [(0, 0), (1, 1), (1 << 30, "1GiB"), (3 << 29, "1536MiB"), (1025, 1025)])
def test_a_size_is_written_with_the_largest_unit_that_fits(size, text):
    assert write_size(size) == text


@given(st.one_of(st.integers(0, 10**7), st.floats(0, 10**6).filter(lambda value: value == 0 or value > 1e-4)))
def test_a_written_duration_reads_back_as_the_same(seconds):
    assert parse_duration(str(write_duration(round(seconds, 6)))) == pytest.approx(round(seconds, 6), rel=1e-12)


@given(st.integers(0, 10**15))
def test_a_written_size_reads_back_as_the_same(size):
    assert parse_size(str(write_size(size))) == size
