"""Deliveries of every vendor, as they really look."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.errors import Invalid
from forge.watch.vendors import Delivery, read

FOLDER = Path(__file__).parents[1] / "fixtures" / "webhooks"
FIXTURES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
GITHUB, GITEA = {"X-GitHub-Event": "package"}, {"X-Gitea-Event": "package"}


@pytest.mark.parametrize("name", FIXTURES)
def test_a_delivery_is_recognised_and_names_its_images(name):
    given_ = FIXTURES[name]
    found = read(given_["headers"], given_["body"])
    assert (found.vendor, found.event, [str(image) for image in found.images]) == (
        given_["vendor"],
        given_["event"],
        given_["images"],
    )


DIGESTS = {
    "distribution_push": {"127.0.0.1:5000/acme/shop:dev-1": "b", "127.0.0.1:5000/acme/blog:1.1": "d"},
    "github_package": {"ghcr.io/acmeorg/shop:dev-1": "3d"},
    "github_registry_package": {"ghcr.io/acmeorg/shop:dev-1": "3d"},
    "github_package_without_url": {"ghcr.io/acmeorg/shop:dev-1": "3d"},
    "harbor": {"harbor.example.org/acme/shop:dev-1": "ab"},
    "harbor_cloudevents": {"harbor.example.org/acme/shop:dev-1": "ab"},
}


@pytest.mark.parametrize("name", FIXTURES)
def test_what_a_tag_means_is_kept_where_the_vendor_says_so(name):
    wanted = {image: "sha256:" + part * (64 // len(part)) for image, part in DIGESTS.get(name, {}).items()}
    assert read(FIXTURES[name]["headers"], FIXTURES[name]["body"]).digests == wanted


def test_forges_own_shape_may_say_what_a_tag_means_and_nonsense_is_no_digest():
    image, digest = "registry.example.org/acme/shop:dev-1", "sha256:" + "a" * 64
    found = read({}, {"images": [f"{image}@{digest}", image.replace(":dev-1", f"@{digest}")]})
    assert [str(each) for each in found.images] == [image, image.replace(":dev-1", f"@{digest}")]
    assert found.digests == {image: digest}
    target = {"repository": "acme/shop", "tag": "dev-1", "digest": "sha512:beef"}
    told = read({}, {"events": [{"action": "push", "target": target, "request": {"host": "registry.example.org"}}]})
    assert ([str(each) for each in told.images], told.digests) == ([image], {})


def test_the_names_of_headers_may_be_written_in_any_case():
    assert read({"x-GITHUB-event": "ping"}, {}).event == "ping"


MALFORMED = [
    ({}, {"image": 7}),
    ({}, {"image": "registry.example.org/acme/shop"}),
    ({}, {"image": "Registry/UPPER:x"}),
    ({}, {"images": []}),
    ({}, {"images": [f"registry.example.org/acme/a{n}:1" for n in range(101)]}),
    ({"Content-Type": "application/vnd.docker.distribution.events.v1+json; charset=utf-8"}, {"event": []}),
    ({}, {"events": [{"action": "push", "target": {"repository": "acme/shop", "tag": 5}}]}),
    ({}, {"events": [{"action": "push", "target": {"repository": "acme/shop", "tag": "dev-1"}}]}),
    ({}, {"push_data": {"tag": "latest"}}),
    ({}, {"push_data": {"tag": "la test"}, "repository": {"repo_name": "acme/shop"}}),
    (GITHUB, {"action": "published"}),
    (GITHUB, {"action": "published", "package": {"name": "shop", "package_type": "CONTAINER", "package_version": {}}}),
    (GITEA, {"action": "created", "package": {"type": "container", "name": "shop"}}),
    (GITEA, {"action": "created", "package": {"type": "container", "name": "a", "version": "1", "owner": {}}}),
    ({}, {"type": "PUSH_ARTIFACT"}),
    ({}, {"type": "PUSH_ARTIFACT", "event_data": {"resources": [{}]}}),
    ({}, {"docker_url": "quay.io/acme/shop"}),
    ({}, {"updated_tags": ["latest"]}),
]


@pytest.mark.parametrize(("headers", "body"), MALFORMED)
def test_a_recognised_but_malformed_delivery_fails_loudly(headers, body):
    with pytest.raises(Invalid) as caught:
        read(headers, body)
    assert caught.value.code == "malformed_delivery"
    assert "not as it should be" in caught.value.message or "at most 100" in caught.value.message


@pytest.mark.parametrize("body", [None, 1, "image", [], {}, {"imagine": "x"}, {"type": "something"}])
def test_an_unknown_delivery_is_told_what_is_understood(body):
    with pytest.raises(Invalid) as caught:
        read({"Content-Type": "application/json"}, body)
    assert caught.value.code == "unknown_delivery"
    assert "Harbor" in caught.value.message


def test_a_bare_host_name_never_turns_into_docker_hub():
    body = {
        "events": [{"action": "push", "target": {"repository": "shop", "tag": "1"}, "request": {"host": "registry"}}]
    }
    assert [image.registry for image in read({}, body).images] == ["registry:443"]


FIELDS = [
    *("image", "images", "events", "action", "target", "repository", "tag", "request", "host", "push_data"),
    *("repo_name", "package", "name", "package_version", "container_metadata", "registry_package", "type", "version"),
    *("owner", "html_url", "event_data", "data", "resources", "resource_url", "docker_url", "updated_tags", "build_id"),
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
HEADERS = st.dictionaries(
    st.sampled_from(["X-GitHub-Event", "X-Gitea-Event", "X-Forgejo-Event", "Content-Type"]),
    st.sampled_from(["package", "registry_package", "ping", "", "application/vnd.docker.distribution.events.v1+json"]),
    max_size=3,
)


def outcome(headers, body):
    try:
        return "delivery" if isinstance(read(headers, body), Delivery) else "nothing"
    except Invalid as error:
        return error.code


@given(headers=HEADERS, body=JUNK)
def test_junk_is_refused_and_nothing_else(headers, body):
    assert outcome(headers, body) in {"delivery", "unknown_delivery", "malformed_delivery"}


@given(data=st.data())
def test_a_real_delivery_with_one_value_spoilt_never_crashes(data):
    name = data.draw(st.sampled_from(sorted(FIXTURES)))
    body = json.loads(json.dumps(FIXTURES[name]["body"]))
    place = body
    while True:
        key = data.draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else 0
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(JUNK)
            break
        place = place[key]
    assert outcome(FIXTURES[name]["headers"], body) in {"delivery", "unknown_delivery", "malformed_delivery"}
