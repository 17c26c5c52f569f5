"""Images that no project watches yet: ignored, or made a project of, never twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from forge.deploy.quick import QuickDeploy
from forge.domain.errors import NotFound
from forge.domain.image import Image
from forge.domain.preferences import UnknownImage
from forge.store.store import Store
from forge.watch.facts import WEBHOOK
from forge.watch.flights import Flights
from forge.watch.sightings import Outcome, Seen, SightingService
from forge.watch.sweep import Sweeper, sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A look of the webhook's. `made`: the project that was made for an unknown image. `missing`: the registry has
    no such tag.
    """

    seen: Seen
    made: str | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Looks for the webhook; what nobody watches is dealt with as the preference says."""

    store: Store
    service: SightingService
    quick: QuickDeploy
    _flights: Flights = field(default_factory=Flights)

    def look(self, image: Image) -> Found:
        """Look now. Raise what the registry, or making the project, says."""
        if image.tag is None:
            return Found(seen=self._sweep(image))
        seen = self.service.see(image, WEBHOOK)
        if seen.watched or self.store.preferences.get().unknown_image is UnknownImage.IGNORE:
            return _known(seen)
        return self._meet(image)

    def _meet(self, image: Image) -> Found:
        """Make the project under a lock of its image: of many deliveries at once the first makes it."""
        flight = self._flights.of(image.name)  # held by its name: it is forgotten when nobody holds it
        with flight.lock:
            if self.service.facts.watchers(image)[1]:
                return _known(self.service.see(image, WEBHOOK))
            try:
                suggestion = self.quick.inspect(str(image))
            except NotFound as error:
                if error.code != "no_tag":
                    raise
                return Found(seen=Seen(asked=image, image=image, watched=False), missing=True)
            active = self.store.preferences.get().unknown_image is UnknownImage.DEPLOY
            project, _ = self.quick.create(suggestion, active=active, actor=WEBHOOK)
            return Found(seen=self.service.see(image, WEBHOOK), made=project.name)

    def _sweep(self, image: Image) -> Seen:
        """An image without a tag (a digest alone) means: look at all its tags, as the poller would."""
        outcomes: list[Outcome] = []
        known, watched = image, False
        for source, name in sources(self.service, image):
            known, watched = name, True
            outcomes += Sweeper(self.service).sweep(source, name, WEBHOOK).outcomes
        return Seen(asked=image, image=known, watched=watched, digest=image.digest, outcomes=tuple(outcomes))


def _known(seen: Seen) -> Found:
    return Found(seen=seen, missing=seen.watched and seen.digest is None)
