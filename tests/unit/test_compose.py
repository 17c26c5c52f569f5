"""The composition root: a folder is opened, or left as it was; and no secret leaks out of the whole."""

import io
import logging
from dataclasses import replace

import pytest

from forge.compose import compose, factories_for, first_start, housekeeping
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.errors import Conflict, EngineError, ForgeError, Invalid
from forge.domain.events import Event
from forge.domain.project import Health
from forge.domain.secret import Secret
from forge.log import set_up
from forge.settings import Settings
from forge.store import database
from forge.store.database import StoreError
from forge.vault import VaultError, generate_key
from tests.fake_engine import Behaviour
from tests.unit.deploying import Gate, live, make_world


def start(folder, **more):
    return compose(Settings(**{"data": folder, "port": 0, **more}))


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix not in {".db-wal", ".db-shm"}}


def test_a_first_start_makes_what_every_machine_has(tmp_path):
    forge = start(tmp_path)
    connections = forge.store.connections
    assert [c.name for c in connections.all(EngineConnection)] == ["local"]
    assert [(c.name, c.kind) for c in connections.all(ProxyConnection)] == [("published", "published")]
    assert len(forge.home) == 8
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o600
    forge.close()


def test_a_second_start_changes_nothing(tmp_path):
    first = start(tmp_path)
    home, events = first.home, first.store.events.bounds()
    first.close()
    second = start(tmp_path)
    assert (second.home, second.store.events.bounds()) == (home, events)
    assert first_start(second.store) == home
    assert second.token != first.token
    second.close()


def test_a_second_forge_on_the_folder_is_refused_and_the_first_goes_on(tmp_path):
    first = start(tmp_path)
    with pytest.raises(Conflict, match="Another Forge"):
        start(tmp_path)
    assert first.store.projects.all() == []
    first.close()
    start(tmp_path).close()


def test_a_wrong_key_is_a_sentence_and_the_folder_is_as_it_was_and_free(tmp_path):
    key = generate_key()
    start(tmp_path, encryption_key=Secret(key)).close()
    before = files(tmp_path)
    with pytest.raises(VaultError, match="nothing was changed"):
        start(tmp_path, encryption_key=Secret(generate_key()))
    after = files(tmp_path)
    assert {name: after[name] for name in before if name != "lock"} == {n: before[n] for n in before if n != "lock"}
    start(tmp_path, encryption_key=Secret(key)).close()


def test_a_wrong_key_does_not_even_bring_an_older_schema_up_to_date(tmp_path, monkeypatch):
    key = generate_key()
    start(tmp_path, encryption_key=Secret(key)).close()
    newer = [*database.migrations(), (9000, "CREATE TABLE newer (id INTEGER) STRICT;")]
    monkeypatch.setattr(database, "migrations", lambda: newer)
    before = files(tmp_path)["forge.db"]
    with pytest.raises(VaultError, match="nothing was changed"):
        start(tmp_path, encryption_key=Secret(generate_key()))
    assert files(tmp_path)["forge.db"] == before
    forge = start(tmp_path, encryption_key=Secret(key))
    assert forge.store.database.row("PRAGMA user_version")[0] == 9000
    forge.close()


def test_a_lost_key_file_is_not_made_anew(tmp_path):
    start(tmp_path).close()
    (tmp_path / "vault.key").unlink()
    with pytest.raises(VaultError, match="missing"):
        start(tmp_path)
    assert not (tmp_path / "vault.key").exists()


def test_a_broken_database_is_a_sentence_and_is_left_as_it_is(tmp_path):
    start(tmp_path).close()
    (tmp_path / "forge.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="backup"):
        start(tmp_path)
    assert (tmp_path / "forge.db").read_bytes() == b"no database" * 100


def test_a_seed_is_imported_at_the_first_start_only(tmp_path):
    seed = tmp_path / "seed.yaml"
    seed.write_text("projects:\n  shop:\n    image: r.example/acme/shop\n    port: 80\n", "utf-8")
    data = tmp_path / "data"
    forge = start(data, seed=seed)
    assert [project.name for project in forge.store.projects.all()] == ["shop"]
    with forge.store.database.change() as change:
        forge.store.projects.delete(change, "shop", "ann")
    forge.close()
    again = start(data, seed=seed)
    assert again.store.projects.all() == []
    again.close()


def test_a_seed_that_is_named_later_does_not_overwrite_what_is_there(tmp_path):
    start(tmp_path / "data").close()
    (tmp_path / "seed.yaml").write_text("settings:\n  domain: seeded.example\n", "utf-8")
    forge = start(tmp_path / "data", seed=tmp_path / "seed.yaml")
    assert forge.store.preferences.get().domain == "localhost"
    forge.close()


def test_a_seed_with_a_mistake_is_said_with_its_line_and_the_folder_is_free_again(tmp_path):
    seed = tmp_path / "seed.yaml"
    seed.write_text("projects:\n  shop:\n    colour: red\n", "utf-8")
    with pytest.raises(Invalid, match="3"):
        start(tmp_path / "data", seed=seed)
    seed.write_text("settings:\n  domain: example.org\n", "utf-8")
    forge = start(tmp_path / "data", seed=seed)
    assert forge.store.preferences.get().domain == "example.org"
    forge.close()


def test_a_folder_that_could_not_be_put_together_is_free_again(tmp_path):
    (tmp_path / "seed.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises((Invalid, UnicodeDecodeError)):
        start(tmp_path, seed=tmp_path / "seed.yaml")
    start(tmp_path).close()


def test_the_real_adapters_are_made_without_touching_anything(tmp_path):
    factories = factories_for(Settings(data=tmp_path, engine="unix:///nowhere.sock"), "h0me")
    made = [
        factories.engine(EngineConnection(name="local"), None),
        factories.registry(RegistryConnection(name="r", url="https://r.invalid"), Secret("x" * 9)),
        factories.proxy(ProxyConnection(name="caddy", kind="caddy", url="http://127.0.0.1:1"), None),
        factories.proxy(ProxyConnection(name="published", kind="published"), None),
    ]
    for adapter in made:
        adapter.close()


def test_housekeeping_thins_the_record_to_the_setting(tmp_path):
    forge = start(tmp_path)
    with forge.store.database.change() as change:
        forge.store.preferences.put(change, replace(forge.store.preferences.get(), events=1000), "ann")
        for _ in range(1500):
            change.emit(Event(type="sighting", payload={}, at=1.0))
    housekeeping(forge.store)
    oldest, newest = forge.store.events.bounds()
    assert newest - oldest + 1 == 1000
    forge.close()


# ---- a planted secret


PLANTED = {
    "environment": "planted-environment-1f",
    "registry": "planted-registry-2e",
    "proxy": "planted-proxy-3d",
    "stage": "planted-stage-4c",
}


def leaks(text):
    """Which planted secrets are in `text`."""
    return {name for name, value in PLANTED.items() if value in text}


def test_a_planted_secret_is_in_no_event_log_line_record_error_or_file(tmp_path, monkeypatch):
    """Pitfall 29."""
    log = io.StringIO()
    kept = logging.getLogger().handlers[:], logging.getLogger().level
    set_up("debug", stream=log)
    gate = Gate()
    world = make_world(tmp_path / "data", monkeypatch, checkpoint=gate)
    said = tell_a_story(world, gate)
    token = world.forge.token.reveal()
    store = world.forge.store
    said += [str(dict(row)) for table in tables(store) for row in store.database.rows(f"SELECT * FROM {table}")]
    said += [repr(world.forge.store), repr(world.forge.requests), str(world.forge.faults()), log.getvalue()]
    assert leaks(" ".join(said)) == set()
    assert token not in " ".join(said)
    assert "ValueError: unexpected: " in log.getvalue()
    assert len(said) > 100
    world.forge.close()
    logging.getLogger().handlers[:], logging.getLogger().level = kept
    raw = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert leaks(raw.decode("latin-1")) == set()
    assert token.encode() not in raw


def tables(store):
    return [row["name"] for row in store.database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]


def tell_a_story(world, gate):
    """Secrets everywhere, and everything goes wrong; what people were told."""
    forge, said = world.forge, []
    forge.bus.subscribe(lambda events: said.extend(repr(event) for event in events))
    forge.connections.put(
        RegistryConnection(name="example", url="https://registry.example", username="bob", interval=0),
        Secret(PLANTED["registry"]), actor="ann",
    )  # fmt: skip
    caddy = ProxyConnection(name="caddy", kind="caddy", url="http://127.0.0.1:2019")
    forge.connections.put(caddy, actor="ann")
    made = world.project("shop", health=Health(timeout=0.05))
    forge.projects.change(replace(made, secrets=("KEY",)), {"KEY": Secret(PLANTED["environment"])}, actor="ann")
    stage = replace(forge.store.projects.stage("shop", "dev"), secrets=("STAGE_KEY",))
    forge.projects.change_stage(stage, {"STAGE_KEY": Secret(PLANTED["stage"])}, actor="ann")
    live(world, "dev-1")
    world.push("dev-2", behaviour=Behaviour(exit_code=3))
    said.append(repr(world.deploy("dev-2")))
    world.push("dev-3")
    gate.breaks("start", ValueError(f"unexpected: {PLANTED['environment']}"))
    said.append(repr(world.deploy("dev-3")))
    world.push("dev-4")
    world.engine.raises_before["remove"] = EngineError("The disk says no")
    gate.breaks("bake", EngineError("Broken on purpose"))
    said.append(repr(world.deploy("dev-4")))
    for call in (
        lambda: forge.projects.change(replace(made, secrets=("OTHER",)), {}, actor="ann"),
        lambda: forge.connections.delete(RegistryConnection, "nowhere", actor="ann"),
        lambda: forge.connections.put(caddy, Secret(PLANTED["proxy"]), actor="ann"),
        lambda: forge.requests.promote("shop", "dev", actor="ann"),
    ):
        with pytest.raises(ForgeError) as raised:
            call()
        said.append(f"{raised.value!r} {raised.value.fields}")
    said.append(forge.configs.export())
    return said
