"""Image references: read as Docker reads them, and never anything but an image or Invalid."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.errors import Invalid
from forge.domain.image import DOCKER_HUB, Image, is_digest, is_tag, parse_image

DIGEST = "sha256:" + "0123456789abcdef" * 4
words = st.from_regex(r"[a-z0-9]{1,6}((\.|_|__|-{1,3})[a-z0-9]{1,6})?", fullmatch=True)
hosts = st.sampled_from(
    ["ghcr.io", "localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000", "Registry.Example.org"]
)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)
paths = st.lists(words, min_size=1, max_size=4).map("/".join)
images = st.builds(
    Image, registry=hosts, repository=paths, tag=st.none() | tags, digest=st.none() | st.just(DIGEST)
)  # fmt: skip


@given(images)
def test_an_image_is_read_back_from_its_text(image):
    assert parse_image(str(image)) == image


@given(st.text(max_size=60) | st.text(st.sampled_from("aA0.:/@_-[] \n"), max_size=30))
def test_junk_is_an_image_or_refused_and_reading_it_again_changes_nothing(text):
    with contextlib.suppress(Invalid):
        image = parse_image(text)
        assert parse_image(str(image)) == image


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("org/shop", "docker.io/org/shop"),
        ("docker.io/nginx", "docker.io/library/nginx"),
        ("index.docker.io/org/shop", "docker.io/org/shop"),
        ("registry-1.docker.io/nginx", "docker.io/library/nginx"),
        ("localhost/shop", "localhost/shop"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("localhost:5000/shop:v1", "localhost:5000/shop:v1"),
        ("host.example/a/b/c", "host.example/a/b/c"),
        ("host/a/b", "docker.io/host/a/b"),
        ("[::1]:5000/shop", "[::1]:5000/shop"),
        (" nginx\n", "docker.io/library/nginx"),
        (f"nginx:1@{DIGEST}", f"docker.io/library/nginx:1@{DIGEST}"),
    ],
)
def test_a_reference_is_completed_as_docker_does(text, whole):
    assert str(parse_image(text)) == whole


@pytest.mark.parametrize(
    "text",
    ["", " ", "/", "/nginx", "nginx/", "a//b", "Org/shop", "ghcr.io/Org/shop", "a b", "nginx:", "nginx:-x", "nginx@",
     "nginx@sha256:12", f"nginx@{DIGEST}@{DIGEST}", "nginx@sha512:" + "0" * 128, "http://ghcr.io/a", "ghcr.io/",
     ".io/a", "a..b", "a___b", "-a", "ghcr.io:port/a", "ghcr.io/" + "a" * 255, "nginx:" + "t" * 129,
     "a\nb", "ghcr.io/a:v1:v2", "é/a"],
)  # fmt: skip
def test_what_is_no_image_is_refused_with_its_field(text):
    with pytest.raises(Invalid) as caught:
        parse_image(text)
    assert list(caught.value.fields) == ["image"]
    assert len(str(caught.value)) < 250


def test_an_image_is_pinned_by_name_and_digest():
    image = parse_image("ghcr.io/org/shop:v1")
    assert image.name == "ghcr.io/org/shop"
    assert image.pinned(DIGEST) == f"ghcr.io/org/shop@{DIGEST}"
    assert parse_image(image.pinned(DIGEST)).tag is None
    assert DOCKER_HUB == "docker.io"


def test_what_is_a_digest_and_what_is_a_tag():
    assert is_digest(DIGEST)
    assert not any(map(is_digest, [DIGEST.upper(), DIGEST + "0", DIGEST + "\n", DIGEST[7:], ""]))
    assert all(map(is_tag, ["v1", "_", "1.2.3-rc.1", "A" * 128]))
    assert not any(map(is_tag, ["", ".a", "-a", "a b", "a\n", "a+b", "A" * 129, "é"]))
