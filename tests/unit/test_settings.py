"""What Forge is started with: where each value comes from, and what is said of a bad one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from forge.domain.errors import Invalid
from forge.settings import Settings, docker_folder, load, prepare

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no owner-only mode")
EVERY = [  # name, as flag, as variable, in the file, what is read from each of them
    ("host", "0.0.0.0", "::1", '"localhost"', ("0.0.0.0", "::1", "localhost")),
    ("port", 0, "9000", "9001", (0, 9000, 9001)),
    ("seed", Path("/a.yaml"), "/b.yaml", '"/c.yaml"', (Path("/a.yaml"), Path("/b.yaml"), Path("/c.yaml"))),
    ("log_level", "DEBUG", "warning", '"error"', ("debug", "warning", "error")),
    ("log_format", "json", "JSON", '"JSON"', ("json", "json", "json")),
    ("max_streams", 10, "20", "30", (10, 20, 30)),
    ("allowed_hosts", ("A.example.org",), "b.example.org, c.example.org", '["d.example.org"]',
     (("a.example.org",), ("b.example.org", "c.example.org"), ("d.example.org",))),
    ("trusted_proxies", ("10.0.0.1",), "10.0.0.2 172.18.0.0/16", '["::1"]',
     (("10.0.0.1/32",), ("10.0.0.2/32", "172.18.0.0/16"), ("::1/128",))),
    ("tls_cert", Path("/a.pem"), "/b.pem", '"/c.pem"', (Path("/a.pem"), Path("/b.pem"), Path("/c.pem"))),
    ("tls_key", Path("/a.pem"), "/b.pem", '"/c.pem"', (Path("/a.pem"), Path("/b.pem"), Path("/c.pem"))),
    ("link_local", True, "yes", "true", (True, True, True)),
    ("engine", "unix:///a.sock", "tcp://b:2375", '"ssh://c"', ("unix:///a.sock", "tcp://b:2375", "ssh://c")),
    ("workers", 1, "2", "3", (1, 2, 3)),
]  # fmt: skip


def _load(folder, text="", flags=None, environment=None):
    (folder / "settings.toml").write_text(text, encoding="utf-8")
    return load({"data": folder, **(flags or {})}, environment or {})


def test_the_defaults_are_loopback_and_the_users_data_folder():
    settings = load({}, {})
    assert settings.data.is_absolute()
    assert "forge" in str(settings.data).lower()
    assert settings == Settings(data=settings.data)
    assert (settings.host, settings.port, settings.workers, settings.max_streams) == ("127.0.0.1", 8400, 4, 5000)


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case[0])
def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(tmp_path, case):
    name, flag, variable, line, read = case
    text, environment = f"{name} = {line}", {f"FORGE_{name.upper()}": variable}
    assert getattr(_load(tmp_path, text, {name: flag}, environment), name) == read[0]
    assert getattr(_load(tmp_path, text, {name: None}, environment), name) == read[1]
    assert getattr(_load(tmp_path, text, {}, {f"FORGE_{name.upper()}": " "}), name) == read[2]
    assert getattr(_load(tmp_path), name) == getattr(Settings(data=tmp_path), name)
    assert Settings.__dataclass_fields__[name].default not in read


def test_the_data_folder_is_named_by_flag_or_variable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert load({"data": "a"}, {"FORGE_DATA": "/b"}).data == tmp_path / "a"
    assert load({}, {"FORGE_DATA": "/b"}).data == Path("/b")
    assert load({}, {"FORGE_DATA": "~/b"}).data == Path("/home/somebody/b")


def test_a_seed_named_in_the_file_is_found_from_the_file(tmp_path):
    assert _load(tmp_path, 'seed = "seed.yaml"').seed == tmp_path / "seed.yaml"
    assert _load(tmp_path, environment={"FORGE_SEED": "seed.yaml"}).seed == Path("seed.yaml")


def test_the_encryption_keys_come_from_the_environment_and_are_not_shown(tmp_path):
    settings = _load(tmp_path, environment={"FORGE_ENCRYPTION_KEY": "hunter22", "FORGE_ENCRYPTION_KEY_OLD": "hunter11"})
    assert settings.encryption_key is not None
    assert settings.encryption_key_old is not None
    assert (settings.encryption_key.reveal(), settings.encryption_key_old.reveal()) == ("hunter22", "hunter11")
    assert "hunter" not in repr(settings)


@pytest.mark.parametrize("name", ["encryption_key", "encryption_key_old", "data"])
def test_what_only_the_environment_may_say_is_refused_in_the_file(tmp_path, name):
    with pytest.raises(
        Invalid, match=rf"settings\.toml line 2: “{name}” cannot stand here: set FORGE_{name.upper()}"
    ) as e:
        _load(tmp_path, f'port = 1\n{name} = "hunter22"\n')
    assert "hunter22" not in str(e.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [("prot = 1", 1), ("port = 1\n\n'prot' = 1", 3), ("# prot = 9\nhost='h'\n[prot]\nx = 1", 3), ("prot.x = 1", 1)],
)
def test_a_name_that_is_not_known_is_refused_with_its_line(tmp_path, text, line):
    with pytest.raises(
        Invalid, match=rf"settings\.toml line {line}: there is no setting “prot”: known are host, port"
    ) as e:
        _load(tmp_path, text)
    assert list(e.value.fields) == ["prot"]


def test_a_flag_that_is_not_known_is_refused():
    with pytest.raises(Invalid, match="no setting “prot”"):
        load({"prot": 1}, {})


@pytest.mark.parametrize("text", ["port = \n#", "port = 1\nport = 2\n#", "port\n#"])
def test_a_file_that_is_no_toml_is_refused_with_its_line(tmp_path, text):
    with pytest.raises(Invalid, match=r"settings\.toml is no TOML: .*line"):
        _load(tmp_path, text)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "settings.toml").write_bytes(b"\xff")
    with pytest.raises(Invalid, match=r"settings\.toml cannot be read"):
        load({"data": tmp_path}, {})
    (tmp_path / "folder" / "settings.toml").mkdir(parents=True)
    with pytest.raises(Invalid, match=r"settings\.toml cannot be read"):
        load({"data": tmp_path / "folder"}, {})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("port", "-1", "a number from 0 to 65535"),
        ("port", "65536", "a number from 0 to 65535"),
        ("port", "\uff18400", "a number"),
        ("workers", "0", "a number from 1 to 64"),
        ("max_streams", "many", "a number from 1 to 100000"),
        ("host", "a b", "no domain name"),
        ("allowed_hosts", "good.example.org,bad_one", "“bad_one” is no domain name"),
        ("log_level", "loud", "one of debug, info, warning, error"),
        ("log_format", "xml", "one of text, json"),
        ("engine", "/var/run/docker.sock", "write unix:///var/run/docker.sock"),
        ("data", "a\0b", "the path of a file or folder"),
    ],
)
def test_a_bad_value_says_what_is_wrong_and_where_it_came_from(tmp_path, name, value, said):
    flag = name.replace("_", "-")
    for flags, environment, where in (
        ({name: value}, {}, f"the flag --{flag}: "),
        ({}, {f"FORGE_{name.upper()}": value}, f"the variable FORGE_{name.upper()}: "),
    ):
        with pytest.raises(Invalid) as caught:
            load({"data": tmp_path, **flags} if name != "data" else flags, environment)
        assert str(caught.value).startswith(where)
        assert said in str(caught.value)
        assert list(caught.value.fields) == [name]


@pytest.mark.parametrize(
    "line",
    ["port = true", "port = 1.5", "host = 1", "allowed_hosts = 3", "allowed_hosts = [3]", "engine = 1", "seed = 1",
     "log_level = 1"],
)  # fmt: skip
def test_a_value_of_another_type_in_the_file_is_refused_with_its_line(tmp_path, line):
    with pytest.raises(Invalid, match=r"settings\.toml line 2: "):
        _load(tmp_path, f"\n{line}")


def test_the_files_of_a_data_folder_have_one_place_each(tmp_path):
    s = Settings(data=tmp_path)
    places = [s.database, s.key_file, s.token_file, s.address_file, s.lock_file, s.log_file]
    assert [p.name for p in places] == ["forge.db", "vault.key", "token", "address", "lock", "forge.log"]
    assert {p.parent for p in places} == {tmp_path}


# ---- the data folder


@posix
def test_the_data_folder_is_made_for_its_owner_only(tmp_path):
    data = tmp_path / "a" / "b"
    prepare(Settings(data=data))
    prepare(Settings(data=data))
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert list(data.iterdir()) == []


@posix
@pytest.mark.parametrize("name", [None, "settings.toml", "forge.db"])
def test_an_empty_folder_or_forges_own_is_closed_to_others(tmp_path, name):
    tmp_path.chmod(0o755)
    if name:
        (tmp_path / name).touch()
    prepare(Settings(data=tmp_path))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@posix
def test_a_folder_of_somebody_elses_things_is_left_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "somebody's").touch()
    with pytest.raises(Invalid, match="holds things that are not Forge's: name a folder of its own"):
        prepare(Settings(data=tmp_path))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_data_folder_that_cannot_be_used_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for data in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Invalid, match=r"The data folder .* cannot be used: .*--data or FORGE_DATA"):
            prepare(Settings(data=data))

    def read_only(*_args, **_kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "touch", read_only)
    with pytest.raises(Invalid, match="cannot be used: Read-only file system"):
        prepare(Settings(data=tmp_path / "new"))


def test_reading_the_settings_loads_nothing_heavy():
    program = "import sys, forge.settings, forge.vault, forge.log; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"cryptography", "requests", "docker", "flask", "rich", "urllib3"} & set(loaded)


def test_dockers_folder_is_the_users_unless_told_otherwise():
    assert docker_folder({"DOCKER_CONFIG": "/srv/docker"}) == Path("/srv/docker")
    found = docker_folder({})
    assert found
    assert found.name == ".docker"
