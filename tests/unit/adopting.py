"""What the tests of adopting share: a container that somebody else runs, and what a person decides."""

from __future__ import annotations

from forge.deploy.adopt import Wish
from forge.domain.project import Health, HealthKind, Volume, VolumeKind
from forge.domain.secret import Secret
from forge.domain.stranger import Publication, Stranger, StrangerFacts
from forge.domain.tags import PatternKind, TagPattern
from tests.fake_engine import Behaviour
from tests.world import HOST

ILL = Behaviour(healthy_after=None)  # it runs, and is never healthy
IMPATIENT = Health(kind=HealthKind.TCP, timeout=0.2)
DATA = Volume(kind=VolumeKind.EXTERNAL, path="/data", source="shop-data", exclusive=True)
ENVIRONMENT = {"LOG_LEVEL": Secret("info"), "DB_PASSWORD": Secret("p1anted-s3cret")}


def move_in(engine, name="old-shop", tag="1.2.0", digest="sha256:" + "5" * 64, behaviour=None, **more):
    """A stranger that runs image shop:TAG of the registry; its id. `more` are StrangerFacts'."""
    image = f"{HOST}/acme/shop@{digest}"
    engine.known[image] = behaviour or Behaviour()
    engine.present.add(image)
    engine.strange_network("shop_default")
    ports = more.pop("ports", (Publication(port=8080, publish=8099),))
    id_ = engine.stranger(name, image=image, publish=ports[0].publish if ports else 0)
    stranger = Stranger(
        id=id_, name=name, image=f"{HOST}/acme/shop:{tag}", status="running", created=1, ports=ports,
        networks=("shop_default",),
    )  # fmt: skip
    engine.facts[id_] = StrangerFacts(stranger=stranger, image_id="", **{"environment": ENVIRONMENT, **more})
    return id_


def wish(**more):
    given = {
        "name": "shop",
        "stage": "prod",
        "port": 8080,
        "health": Health(),
        "pattern": TagPattern(PatternKind.SEMVER, "*"),
    }
    return Wish(**{**given, **more})
