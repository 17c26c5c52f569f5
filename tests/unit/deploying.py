"""What the tests of forge.deploy share: a Forge on fakes that waits no longer than it must, and can be held up."""

from __future__ import annotations

import threading
from dataclasses import replace

from forge.deploy import confirm, deployer, follow, health, undo
from forge.domain.project import Volume, VolumeKind
from forge.domain.stage import Stage
from forge.ports import INSTANCE_LABEL
from tests.world import PATIENCE, World, until

EXCLUSIVE = Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True)


def quicken(monkeypatch):
    """Pauses between tries are for the real world."""
    monkeypatch.setattr(deployer, "_ENGINE_LOOK", 0.02)
    monkeypatch.setattr(deployer, "_STORE_LOOK", 0.02)
    monkeypatch.setattr(follow, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(follow, "_LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(health, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(health, "BAKE_PAUSE", 0.01)
    monkeypatch.setattr(confirm, "_FOR", 0.1)
    monkeypatch.setattr(confirm, "_SOON", 0.01)
    monkeypatch.setattr(undo, "_PAUSE", 0.02)


class Gate:
    """A checkpoint that holds a deploy up, or breaks it, at a moment; `moments` are all that passed."""

    def __init__(self):
        self.moments = []
        self._errors = {}
        self._held = {}

    def __call__(self, moment):
        self.moments.append(moment)
        if moment in self._held:
            reached, opened = self._held[moment]
            reached.set()
            assert opened.wait(PATIENCE)
        if moment in self._errors:
            raise self._errors.pop(moment)

    def breaks(self, moment, error):
        """Raise `error` once, after the effect."""
        self._errors[moment] = error

    def hold(self, moment):
        """Whoever comes to `moment` waits there for `open`."""
        self._held[moment] = threading.Event(), threading.Event()

    def reached(self, moment):
        assert self._held[moment][0].wait(PATIENCE), f"nobody came to {moment}"

    def open(self, moment):
        self._held.pop(moment)[1].set()

    def undone(self):
        """The names of the steps that were undone, in that order."""
        return [moment.removeprefix("undo ") for moment in self.moments if moment.startswith("undo ")]


def make_world(folder, monkeypatch, *, checkpoint=None, start=True):
    """A Forge that was started."""
    quicken(monkeypatch)
    world = World(folder, checkpoint=checkpoint or (lambda _: None))
    if start:
        world.forge.start()
    return world


def ask(world, tag, stage="dev", project="shop"):
    """Ask for a deploy; not waiting for it."""
    return world.forge.requests.deploy(project, stage, tag=tag, actor="ann")


def live(world, *tags, stage="dev", project="shop"):
    """Push tags and deploy them, one after the other; the deploys, which all went live."""
    deploys = []
    for tag in tags:
        world.push(tag, project)
        deploys.append(world.deploy(tag, stage, project))
        assert deploys[-1].ended_well, deploys[-1].failure
    return deploys


def journal(world, deploy):
    """(name, status) of every step."""
    return [(step.name, step.status.value) for step in world.forge.store.deploys.steps(deploy.id)]


def log(world, deploy):
    """The text of the deploy's log."""
    events = world.forge.store.events.after(f"deploy:{deploy.id}", 0, 10_000)
    return [event.payload["text"] for event in events if event.type == "deploy_log"]


def status(world, deploy):
    return world.forge.store.deploys.get(deploy.id).status.value


def reach(world, deploy, wanted):
    """Wait until the deploy has the status `wanted`."""
    until(lambda: status(world, deploy) == wanted, f"deploy #{deploy.id} is {wanted}")


def begun(world, deploy, step):
    """Wait until `step` is written down."""
    until(lambda: step in {name for name, _ in journal(world, deploy)}, f"{step} began")


def candidate(world, deploy):
    """The container of the instance that a deploy makes."""
    (state,) = world.engine.find({INSTANCE_LABEL: world.forge.store.deploys.get(deploy.id).instance})
    return state.id


def containers(world, **labels):
    """(status, tag) of every container, sorted."""
    tags = {i.container: i.tag for i in world.forge.store.instances.present()}
    return sorted((s.status, tags.get(s.id, "unknown")) for s in world.engine.find(labels))


def many(project, name="dev", limit=2, **more):
    """A stage where several tags run at once."""
    return Stage(project=project, name=name, **{"max_instances": limit, "drain": 0, "bake": 0, **more})


def prefer(world, **changes):
    """Change the settings."""
    store = world.forge.store
    with store.database.change() as change:
        store.preferences.put(change, replace(store.preferences.get(), **changes), "test")
