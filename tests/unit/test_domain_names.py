"""Names a person can say, and the DNS names made from them."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.errors import Invalid
from forge.domain.names import check_domain_pattern, check_host, check_name, dns_label, domain_name

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1035 §2.3.1, and RFC 1123 §2.1: a digit may come first
slugs = st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)
domains = st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True), min_size=1, max_size=8).map(
    ".".join
)
patterns = st.lists(
    st.sampled_from(["{stage}", "{project}", "{tag}", "{domain}", "-", ".", "x", "Y", "0" * 40]), min_size=1, max_size=8
).map("".join)


def _is_dns_name(name):
    return len(name) <= 253 and all(LABEL.fullmatch(label) for label in name.split("."))


@given(patterns, slugs, slugs, domains, st.none() | tags)
def test_a_domain_name_is_valid_or_refused_and_always_the_same(pattern, stage, project, domain, tag):
    values = {"stage": stage, "project": project, "domain": domain}
    with contextlib.suppress(Invalid):
        check_domain_pattern(pattern)
        name = domain_name(pattern, values, tag=tag)
        assert _is_dns_name(name)
        assert domain_name(pattern, values, tag=tag) == name


@given(slugs, slugs, domains, st.none() | tags)
def test_the_default_pattern_always_gives_a_name_of_the_base_domain(stage, project, domain, tag):
    name = domain_name("{stage}-{project}.{domain}", {"stage": stage, "project": project, "domain": domain}, tag=tag)
    assert _is_dns_name(name)
    assert name.partition(".")[2] == domain
    assert name.startswith(f"{stage}-{project}"[:63].rstrip("-"))


@pytest.mark.parametrize(
    ("pattern", "tag", "name"),
    [
        ("{stage}-{project}.{domain}", None, "dev-shop.example.org"),
        ("{stage}-{project}.{domain}", "v1.2_RC", "dev-shop-v1-2-rc.example.org"),
        ("{tag}.{stage}.{domain}", "v1", "v1.dev.example.org"),
        ("{stage}-{tag}.{domain}", None, "dev.example.org"),
        ("{domain}", None, "example.org"),
        ("{domain}", "v1", "v1.example.org"),
        ("shop", "v1", "shop-v1"),
        ("Shop.Example.ORG.", None, "shop.example.org"),
        ("{stage}-{project}.{domain}", "x" * 128, "dev-shop-" + "x" * 54 + ".example.org"),
    ],
)
def test_a_pattern_is_filled(pattern, tag, name):
    assert domain_name(pattern, {"stage": "dev", "project": "shop", "domain": "example.org"}, tag=tag) == name


@pytest.mark.parametrize(
    "pattern", ["{what}.{domain}", "{}.x", "{stage", "stage}.x", "a b", "a..b", "-a.b", "", "{stage}.-"]
)
def test_a_pattern_that_cannot_become_a_name_is_refused_with_its_field(pattern):
    with pytest.raises(Invalid) as caught:
        check_domain_pattern(pattern)
    assert list(caught.value.fields) == ["domain"]
    with pytest.raises(Invalid) as caught:
        check_domain_pattern(pattern, "domain_pattern")
    assert list(caught.value.fields) == ["domain_pattern"]


def test_a_name_that_gets_too_long_is_refused():
    with pytest.raises(Invalid, match="is no domain name"):
        domain_name("{domain}.{domain}", {"stage": "s", "project": "p", "domain": ".".join(["a" * 60] * 3)})


@given(st.text())
def test_any_text_gives_a_label(text):
    assert LABEL.fullmatch(dns_label(text))


@given(st.text())
def test_a_host_is_a_dns_name_or_refused(text):
    with contextlib.suppress(Invalid):
        assert _is_dns_name(check_host(text))


@pytest.mark.parametrize(
    "name", ["", ".", "a..", "a_b", "-a", "a-", "a" * 64, ".".join(["a" * 60] * 5), "a b", "a\n", "*.a"]
)
def test_what_is_no_host_is_refused_with_the_field_that_was_asked_for(name):
    with pytest.raises(Invalid) as caught:
        check_host(name, "aliases")
    assert list(caught.value.fields) == ["aliases"]


def test_a_host_is_lowered_and_loses_its_last_dot():
    assert check_host("Example.ORG.") == "example.org"


@given(slugs)
def test_a_name_is_given_back_and_is_a_dns_label(name):
    assert check_name(name, "project") == name
    assert dns_label(name) == name or "--" in name


@pytest.mark.parametrize("name", ["", "1a", "-a", "a-", "A", "a_b", "a.b", "a" * 41, "a\n", "a/b", "é"])
def test_what_nobody_can_say_is_refused_with_its_field(name):
    with pytest.raises(Invalid, match="cannot name a stage: use up to 40") as caught:
        check_name(name, "stage")
    assert list(caught.value.fields) == ["name"]
    with pytest.raises(Invalid) as caught:
        check_name(name, "stage", "promote_from")
    assert list(caught.value.fields) == ["promote_from"]
