"""Whatever is configured comes back from its export."""

from __future__ import annotations

from dataclasses import replace

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge.domain.connection import EngineConnection
from forge.domain.project import Health, Limits, Project
from forge.domain.secret import Secret
from forge.domain.stage import Stage, Tolerance, Update, UpdateMode
from forge.domain.tags import PatternKind, TagPattern
from tests.stub_server import make_certificate
from tests.unit.configured import Configured

names = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
variable_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)
said = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
environments = st.dictionaries(variable_names, said, max_size=4)
seconds = st.one_of(st.integers(0, 3600), st.floats(0.001, 3600).map(lambda value: round(value, 3)))
projects = st.builds(
    Project,
    name=names,
    image=st.sampled_from(["r.example/a", "ghcr.io/org/b-c"]),
    port=st.integers(1, 65535),
    health=st.builds(Health, path=st.sampled_from([None, "/up"]), timeout=st.sampled_from([None, 0.5, 90, 3600])),
    environment=environments,
    limits=st.builds(
        Limits, memory=st.one_of(st.none(), st.integers(6 << 20, 1 << 40)), cpus=st.sampled_from([None, 2, 0.25])
    ),
    active=st.booleans(),
)
stages = st.builds(
    Stage,
    project=st.just("p"),
    name=names,
    pattern=st.sampled_from([TagPattern(PatternKind.GLOB, "dev-*"), TagPattern(PatternKind.REGEX, r"v\d+: #x")]),
    environment=environments,
    update=st.builds(Update, mode=st.sampled_from([UpdateMode.AUTO, UpdateMode.ASK]), minimum_age=seconds),
    bake=st.one_of(st.none(), seconds),
    tolerance=st.builds(Tolerance, share=st.sampled_from([0, 5, 12.5, 100]), least=st.integers(1, 40)),
    keep=st.integers(1, 100),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(project=projects, stage=stages, secret=variable_names, value=said.filter(bool))
def test_whatever_is_configured_comes_back_from_its_export(tmp_path_factory, project, stage, secret, value):
    one, other = (Configured(tmp_path_factory.mktemp("folder")) for _ in range(2))
    environment = {name: text for name, text in project.environment.items() if name != secret}
    project = replace(project, environment=environment, secrets=(secret,))
    stage = replace(stage, project=project.name)
    one.service.projects.create(project, {secret: Secret(value)}, [(stage, {})], actor="anna")
    exported = one.service.export()
    reference = yaml.safe_load(exported)["projects"][project.name]["secrets"][secret]["env"]
    other.service.apply(exported, {reference: value}, actor="anna")
    assert other.everything() == one.everything()
    one.store.database.close()
    other.store.database.close()


def test_two_secrets_never_share_a_variable(tmp_path):
    forge = Configured(tmp_path)
    forge.service.projects.create(
        Project(name="a", image="r.example/a", port=80, secrets=("DEV_X", "DEV.X")),
        {"DEV_X": Secret("1"), "DEV.X": Secret("2")},
        [(Stage(project="a", name="dev", secrets=("X",)), {"X": Secret("3")})],
        actor="anna",
    )
    found = yaml.safe_load(forge.service.export())["projects"]["a"]
    assert found["secrets"] == {"DEV_X": {"env": "A_DEV_X"}, "DEV.X": {"env": "A_DEV_X_2"}}
    assert found["stages"]["dev"]["secrets"] == {"X": {"env": "A_DEV_X_3"}}


def test_an_export_of_a_new_folder_holds_what_every_machine_has(tmp_path):
    found = yaml.safe_load(Configured(tmp_path).service.export())
    assert found["proxies"] == {"published": {"kind": "published"}}
    assert found["engines"] == {"local": {}}
    assert found["settings"]["free_disk"] == "1GiB"
    assert "projects" not in found


def test_what_a_stage_bakes_by_its_name_is_not_written_down(tmp_path):
    one = Configured(tmp_path)
    project = Project(name="p", image="r.example/a", port=80)
    made = [Stage(project="p", name="dev"), Stage(project="p", name="rel"), Stage(project="p", name="prod", bake=0)]
    one.service.projects.create(project, {}, [(stage, {}) for stage in made], actor="anna")
    stages_ = yaml.safe_load(one.service.export())["projects"]["p"]["stages"]
    assert [stages_[name].get("bake") for name in ("dev", "rel", "prod")] == [None, None, 0]
    one.store.database.close()


def test_an_engine_elsewhere_is_exported_with_all_but_its_key_and_comes_back(tmp_path):
    certificate, key = (path.read_text() for path in make_certificate(tmp_path))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    forge, other = Configured(tmp_path / "one"), Configured(tmp_path / "two")
    engine = EngineConnection(name="far", url="tcp://h:2376", certificate=certificate, listen="10.0.0.5")
    forge.service.connections.put(engine, Secret(key), actor="anna")
    said = forge.service.export()
    assert "PRIVATE" not in said
    assert yaml.safe_load(said)["engines"]["far"]["key"] == {"env": "FAR_ENGINE_KEY"}
    assert "+ engine far" in other.service.apply(said, {"FAR_ENGINE_KEY": key}, actor="anna")
    assert other.everything() == forge.everything()
    assert other.service.apply(said, {}, actor="anna") == ["= nothing to change"]
