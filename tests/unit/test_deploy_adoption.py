"""What would be taken over from a container: read off it, guessed with a reason, or said to be left behind."""

import pytest

from forge.deploy.adoption import can_be_named, looks_secret, make_plan, pinned
from forge.domain.project import HealthKind, Limits
from forge.domain.secret import Secret
from forge.domain.stranger import Beyond, Publication, Stranger, StrangerFacts
from forge.ports import HealthCheck, ImageFacts
from tests.unit.adopting import DATA

DIGEST = "sha256:" + "d" * 64
NGINX = ImageFacts(id="sha256:1", digests=(f"docker.io/library/nginx@{DIGEST}",), ports=(80,))
ASKED = {"image": "nginx:1.25.0", "name": "web", "ports": (Publication(port=80, publish=8080),), "networks": ("store",)}


def stranger(**more):
    return Stranger(**{"id": "c0ffee", "status": "running", "created": 1, **ASKED, **more})


def plan(image=NGINX, others=(), *, of=None, **facts):
    return make_plan(StrangerFacts(stranger=of or stranger(), image_id="sha256:1", **facts), image, others, "web")


def test_the_same_digest_port_and_health_are_wanted():
    found = plan()
    assert (found.image, found.tag, found.digest) == ("docker.io/library/nginx", "1.25.0", DIGEST)
    assert (found.port, found.publish, found.health.kind, found.stage) == (80, 8080, HealthKind.AUTO, "prod")
    assert (len(found.why), found.obstacle, found.beyond) == (3, None, ())


def test_what_it_has_is_taken_over():
    limits = Limits(memory=64 << 20)
    found = plan(volumes=(DATA,), limits=limits, aliases=("db",), restart="always")
    assert (found.volumes, found.limits, found.aliases, found.restart) == ((DATA,), limits, ("db",), "always")


def test_variables_are_told_by_name_and_never_by_value():
    found = plan(environment={"B": Secret("p1anted"), "A_TOKEN": Secret("p1anted"), "odd name": Secret("x")})
    assert [(one.name, one.secret) for one in found.variables] == [("A_TOKEN", True), ("B", False)]
    assert "p1anted" not in repr(found)
    assert [one.what for one in found.beyond] == ["variables"]


def test_further_ports_are_left_behind():
    ports = (
        Publication(port=53, publish=53, kind="udp"),
        Publication(port=80, publish=80),
        Publication(port=443, publish=443),
    )
    found = plan(of=stranger(ports=ports))
    assert (found.port, found.publish) == (80, 80)
    assert found.beyond == (
        Beyond(what="ports", text="More published ports (53 to 53/udp, 443 to 443/tcp): Forge leads people to one."),
    )


def test_without_a_published_port_the_image_is_asked():
    found = plan(of=stranger(ports=()))
    assert (found.port, found.publish) == (80, None)


def test_an_images_own_health_check_is_used():
    image = ImageFacts(id="1", digests=NGINX.digests, health_check=HealthCheck(command=("true",)))
    assert plan(image).health.kind is HealthKind.IMAGE


def test_who_is_on_its_networks_is_told_but_not_who_is_on_dockers_own():
    others = [stranger(), stranger(id="1", name="db"), stranger(id="2", name="far", networks=("bridge",))]
    found = plan(others=others, of=stranger(networks=("store", "bridge")))
    assert (found.neighbours, found.networks) == (("db",), ("store",))


@pytest.mark.parametrize("image", [None, ImageFacts(id="sha256:1", digests=())])
def test_an_image_that_is_in_no_registry_cannot_be_adopted(image):
    found = plan(image)
    assert "in no registry" in found.obstacle
    assert found.digest == ""


@pytest.mark.parametrize(
    ("reference", "tag"),
    [
        ("nginx", "latest"),
        ("nginx:1.25.0", "1.25.0"),
        (f"nginx@{DIGEST}", "d" * 12),
        (f"nginx:1.25.0@{DIGEST}", "1.25.0"),
        (DIGEST, "d" * 12),
        ("0123456789ab", None),
        ("other:1", None),
    ],
)
def test_the_tag_it_was_started_by_is_kept(reference, tag):
    found = pinned(reference, NGINX)
    assert (found.tag if found else None) == tag
    assert found is None or found.pinned(DIGEST) == NGINX.digests[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "x"),
        ("api_key", "x"),
        ("SENTRY_DSN", "x"),
        ("DATABASE_URL", "postgres://ann:pw@db/shop"),
        ("URL", "https://hooks.example/services?x=1"),
        ("X", "a8f5f167f44f4964e6c998dee827110c"),
        ("X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
        ("X", "-----BEGIN PRIVATE KEY-----\nabc"),
        ("X", "word " * 20),
    ],
)
def test_what_may_be_a_secret_is_one(name, value):
    assert looks_secret(name, Secret(value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "info"),
        ("WORKERS", "4"),
        ("DEBUG", ""),
        ("DATABASE_HOST", "db.internal:5432"),
        ("BASE_URL", "https://shop.example.org/api"),
        ("DATA", "/srv/data"),
        ("TZ", "Europe/Berlin"),
    ],
)
def test_what_is_plainly_harmless_is_none(name, value):
    assert not looks_secret(name, Secret(value))


def test_a_name_that_no_variable_can_have_is_told():
    assert can_be_named("A_1")
    assert not can_be_named("1 A")
