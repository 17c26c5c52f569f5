"""What Forge is started with: flag, else FORGE_* variable, else settings.toml in the data folder, else default."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_data_dir

from forge.domain.endpoint import parse_endpoint
from forge.domain.errors import Invalid
from forge.domain.names import check_host
from forge.domain.secret import Secret

DEFAULT_PORT = 8400
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
_FILES = frozenset({"seed", "tls_cert", "tls_key"})
_OURS = frozenset({"forge.db", "vault.key", "settings.toml", "token", "lost+found"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`port` 0 means any free one. `seed` is imported at first start. `max_streams`: open live streams before
    503. `allowed_hosts`: names, beside this machine's own, that a request may ask for. `trusted_proxies`: addresses or
    networks whose X-Forwarded-… are believed. `tls_cert`, `tls_key`: PEM files; with them Forge speaks TLS.
    `link_local`: link-local addresses may be asked. `engine`: as DOCKER_HOST, None as the environment says;
    `engine_certs`: the folder of its certificates. `workers`: deploys at once. The encryption keys come from the
    environment only.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    seed: Path | None = None
    log_level: str = "info"
    log_format: str = "text"
    max_streams: int = 5000
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    link_local: bool = False
    engine: str | None = None
    engine_certs: Path | None = None
    workers: int = 4
    encryption_key: Secret | None = None
    encryption_key_old: Secret | None = None

    @property
    def database(self) -> Path:
        return self.data / "forge.db"

    @property
    def key_file(self) -> Path:
        return self.data / "vault.key"

    @property
    def token_file(self) -> Path:
        """The launch token, by which the command line finds its way in."""
        return self.data / "token"

    @property
    def address_file(self) -> Path:
        """The URL of the Forge that runs on this folder."""
        return self.data / "address"

    @property
    def lock_file(self) -> Path:
        """Held by the one Forge that runs on this folder."""
        return self.data / "lock"

    @property
    def log_file(self) -> Path:
        """Where the desktop window's server writes its log."""
        return self.data / "forge.log"


def load(flags: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """Settings from `flags` (None: not given), FORGE_* variables (empty: not given) and settings.toml.

    Raise Invalid, with where it came from, for a value that cannot be used or a name that is not known.
    """
    unknown = sorted(set(flags) - {"data", *_READERS})
    if unknown:
        raise Invalid(f"There is no setting “{unknown[0]}”", fields={unknown[0]: "unknown"})
    given = {
        name: ("the flag --" + name.replace("_", "-"), value) for name, value in flags.items() if value is not None
    }
    for name in ("data", *_READERS, *_KEYS):
        variable = f"FORGE_{name.upper()}"
        if name not in given and environment.get(variable, "").strip():
            given[name] = (f"the variable {variable}", environment[variable].strip())
    where, folder = given.pop("data", ("", user_data_dir("forge", appauthor=False)))
    data = _read("data", where, folder, _path).absolute()
    values = {name: (where, value) for name, where, value in _file(data / "settings.toml")} | given
    read = {name: _read(name, where, value, {**_READERS, **_KEYS}[name]) for name, (where, value) in values.items()}
    return Settings(data=data, **read)


def docker_folder(environment: Mapping[str, str]) -> Path | None:
    """Where Docker's command line keeps its configuration; None for a user without a home."""
    given = environment.get("DOCKER_CONFIG")
    if given:
        return Path(given)
    try:
        return Path.home() / ".docker"
    except RuntimeError:
        return None


def prepare(settings: Settings) -> None:
    """Make the data folder, for its owner only. Raise Invalid, with what to do, where it cannot be used."""
    data = settings.data
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = {path.name for path in data.iterdir()}
        if os.name == "posix" and data.stat().st_mode & 0o077:
            if names and not names & _OURS:
                raise Invalid(
                    f"The data folder {data} is open to others and holds things that are not Forge's: "
                    f"name a folder of its own by --data or FORGE_DATA.",
                    code="data_folder",
                    fields={"data": "not a folder of its own"},
                )
            data.chmod(0o700)
        probe = data / f".probe-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise Invalid(
            f"The data folder {data} cannot be used: {error.strerror}. Give it to the user that runs Forge, "
            f"or name another one by --data or FORGE_DATA.",
            code="data_folder",
            fields={"data": str(error.strerror)},
        ) from error


def _file(path: Path) -> Iterator[tuple[str, str, object]]:
    """Name, place and value of each setting in the file, if there is one."""
    try:
        text = path.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise Invalid(
            f"{path} cannot be read: {error.strerror}. Give the data folder to the user that runs Forge, "
            f"or name another one by --data or FORGE_DATA.",
            code="data_folder",
        ) from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{path} is no TOML: {error}.") from error
    for name, value in found.items():
        where = f"{path}{_line(text, name)}"
        if name == "data" or name in _KEYS:
            raise Invalid(
                f"{where}: “{name}” cannot stand here: set FORGE_{name.upper()} instead.", fields={name: "not here"}
            )
        if name not in _READERS:
            raise Invalid(
                f"{where}: there is no setting “{name[:60]}”: known are {', '.join(_READERS)}.",
                fields={name: "unknown"},
            )
        # where Forge is started from is chance: what the file names is found from the file
        yield name, where, path.parent / _read(name, where, value, _path) if name in _FILES else value


def _line(text: str, name: str) -> str:
    found = re.search(rf"""^[ \t\[]*["']?{re.escape(name)}["']?\s*[=.\]]""", text, re.MULTILINE)
    return f" line {text.count(chr(10), 0, found.start()) + 1}" if found else ""


def _read(name: str, where: str, value: object, reader: Callable[[object], Any]) -> Any:
    try:
        return reader(value)
    except (ValueError, Invalid) as error:
        said = str(error).rstrip(".")
        raise Invalid(f"{where}: {said}.", fields={name: said}) from error


def _path(value: object) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise ValueError("this must be the path of a file or folder")
    with contextlib.suppress(RuntimeError):  # no home folder: the path is taken as it stands
        return Path(value).expanduser()
    return Path(value)


def _number(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise ValueError(f"this must be a number from {low} to {high}")
        return number

    return read


def _one_of(choices: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value.lower() not in choices:
            raise ValueError(f"this must be one of {', '.join(choices)}")
        return value.lower()

    return read


def _host(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("this must be an address or a name such as 127.0.0.1")  # noqa: TRY004  one error for bad values
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(value.strip("[]")))
    return check_host(value)


def _hosts(value: object) -> tuple[str, ...]:
    """Names as a list, or as text with commas or blanks between them."""
    names = re.split(r"[,\s]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        raise ValueError("this must be a list of names")  # noqa: TRY004
    return tuple(dict.fromkeys(_host(name) for name in names if name != ""))


def _networks(value: object) -> tuple[str, ...]:
    """Addresses and networks as a list, or as text with commas or blanks between them."""
    texts = re.split(r"[,\s]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ValueError("this must be a list of addresses or networks")
    return tuple(dict.fromkeys(str(ipaddress.ip_network(text)) for text in texts if text))


def _yes_or_no(value: object) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    found = words.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError("this must be true or false")  # noqa: TRY004
    return found


def _engine(value: object) -> str:
    url = value if isinstance(value, str) else ""
    parse_endpoint(url)
    return url


_READERS: Mapping[str, Callable[[object], Any]] = {
    "host": _host,
    "port": _number(0, 65535),
    "seed": _path,
    "log_level": _one_of(LOG_LEVELS),
    "log_format": _one_of(LOG_FORMATS),
    "max_streams": _number(1, 100_000),
    "allowed_hosts": _hosts,
    "trusted_proxies": _networks,
    "tls_cert": _path,
    "tls_key": _path,
    "link_local": _yes_or_no,
    "engine": _engine,
    "engine_certs": _path,
    "workers": _number(1, 64),
}
_KEYS: Mapping[str, Callable[[object], Any]] = {
    "encryption_key": lambda value: Secret(str(value)),
    "encryption_key_old": lambda value: Secret(str(value)),
}
