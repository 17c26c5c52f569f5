"""What a configuration file may say of each thing: every key with how it is read and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from forge.config import units
from forge.config.tree import Item
from forge.domain.errors import Invalid
from forge.domain.notification import NotificationKind, Occasion
from forge.domain.oidc import Group
from forge.domain.preferences import UnknownImage
from forge.domain.project import Health, HealthKind, Limits, Volume, VolumeKind
from forge.domain.stage import Tolerance, Update, UpdateMode
from forge.domain.tags import parse_pattern

T = TypeVar("T")


class Form(NamedTuple):
    """`read` makes a value of an item (raises Invalid), `write` makes YAML's plain data of the value; `shape` is that
    of a value that has keys of its own.
    """

    read: Callable[[Item], Any]
    write: Callable[[Any], Any]
    shape: Mapping[str, Form] | None = None


Shape = Mapping[str, Form]


def take(item: Item, shape: Shape, beside: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of a mapping by their keys; `null` counts as not given. Keys in `beside` are read by the caller."""
    expect(item, "mapping", "a mapping of keys to values")
    known = [*shape, *beside]
    for key in item.keys:
        if key not in known:
            raise item.unknown(key, known)
    given = {key: value for key, value in item.keys.items() if value.kind != "nothing"}
    return {key: shape[key].read(value) for key, value in given.items() if key in shape}


def make(item: Item, type_: Callable[..., T], values: Mapping[str, Any]) -> T:
    """A domain value; what it refuses is told with the line and column of the field at fault."""
    needed = [f.name for f in fields(type_) if f.default is MISSING and f.default_factory is MISSING]  # type: ignore[arg-type]
    missing = [name for name in needed if name not in values]
    if missing:
        raise item.wrong(f"{item.path or 'this'} needs “{missing[0]}”.")
    with item.located():
        return type_(**values)


def written(value: Any, shape: Shape, *, all_: bool = False) -> dict[str, Any]:
    """The plain data of a domain value: only what differs from the defaults, unless `all_`."""
    defaults = {
        f.name: f.default if f.default_factory is MISSING else f.default_factory()
        for f in fields(value)
    }  # fmt: skip
    said = {key: getattr(value, key) for key in shape}
    return {
        key: written(one, inner, all_=all_) if (inner := shape[key].shape) else shape[key].write(one)
        for key, one in said.items()
        if one is not None and (all_ or one != defaults.get(key, MISSING))
    }


def expect(item: Item, kind: str, wanted: str) -> None:
    """Raise Invalid unless `item` is of that kind; `null` passes for an empty mapping."""
    if item.kind != kind and not (kind == "mapping" and item.kind == "nothing"):
        raise item.wrong(f"{item.path or 'the file'} must be {wanted}.")


def text(item: Item) -> str:
    """Any scalar as it is written: `1.10` stays “1.10”."""
    if item.kind in {"list", "mapping", "nothing"}:
        raise item.wrong(f"{item.path} must be text.")
    return item.text


def texts(item: Item) -> tuple[str, ...]:
    if item.line == 0 and item.kind not in {"list", "mapping"}:  # said on a command line: a,b
        return tuple(part.strip() for part in item.text.split(",") if part.strip())
    expect(item, "list", "a list, such as [one, two]")
    return tuple(text(one) for one in item.items)


def pairs(item: Item) -> dict[str, str]:
    expect(item, "mapping", "a mapping of names to text")
    return {name: text(value) for name, value in item.keys.items()}


def boolean(item: Item) -> bool:
    expect(item, "boolean", "true or false")
    return item.text.lower() in {"true", "yes", "on"}


def whole(item: Item) -> int:
    if item.kind != "number" or not item.text.isascii() or not item.text.isdecimal():
        raise item.wrong(f"{item.path} must be a whole number.")
    return item.read(lambda said: int(said[:18]))


def number(item: Item) -> float:
    expect(item, "number", "a number")
    return item.read(units.parse_number)


def duration(item: Item) -> float:
    return item.read(lambda _: units.parse_duration(text(item)))


def size(item: Item) -> int:
    return item.read(lambda _: units.parse_size(text(item)))


def one_of(choices: type[StrEnum]) -> Form:
    def read(item: Item) -> StrEnum:
        said = text(item)
        if said not in list(choices):
            raise item.wrong(f"{item.path} must be one of {', '.join(choices)}.")
        return choices(said)

    return Form(read, lambda value: value.value)


def some_of(choices: type[StrEnum]) -> Form:
    one = one_of(choices)

    def read(item: Item) -> tuple[StrEnum, ...]:
        said = texts(item)  # refuses what is no list
        parts = item.items or tuple(replace(item, kind="text", text=part) for part in said)
        return tuple(dict.fromkeys(one.read(part) for part in parts))

    return Form(read, lambda values: [value.value for value in values])


def record(type_: type[Any], shape: Shape) -> Form:
    return Form(lambda item: make(item, type_, take(item, shape)), lambda value: written(value, shape), shape)


def records(type_: type[Any], shape: Shape) -> Form:
    one = record(type_, shape)

    def read(item: Item) -> tuple[Any, ...]:
        expect(item, "list", "a list")
        return tuple(one.read(child) for child in item.items)

    return Form(read, lambda values: [one.write(value) for value in values])


def _pattern(item: Item) -> Any:
    try:
        return parse_pattern(text(item))
    except Invalid as error:
        raise item.wrong(error.message) from error


def _same(value: Any) -> Any:
    return value


def _tidy(value: float) -> float:
    """1.0 is written as 1."""
    return int(value) if value == int(value) else value


TEXT = Form(text, _same)
TEXTS = Form(texts, list)
PAIRS = Form(pairs, dict)
BOOLEAN = Form(boolean, _same)
WHOLE = Form(whole, _same)
NUMBER = Form(number, _tidy)
DURATION = Form(duration, units.write_duration)
SIZE = Form(size, units.write_size)

REGISTRY: Shape = {
    "url": TEXT,
    "flavour": TEXT,
    "username": TEXT,
    "interval": DURATION,
    "parallel": WHOLE,
    "ca": TEXT,
}
PROXY: Shape = {"kind": TEXT, "url": TEXT, "address": TEXT, "username": TEXT, "options": PAIRS}
ENGINE: Shape = {
    "url": TEXT,
    "ca": TEXT,
    "certificate": TEXT,
    "certs": TEXT,
    "insecure": BOOLEAN,
    "listen": TEXT,
    "address": TEXT,
}
NOTIFICATION: Shape = {
    "kind": one_of(NotificationKind),
    "occasions": some_of(Occasion),
    "project": TEXT,
    "stage": TEXT,
    "quiet": DURATION,
    "local": BOOLEAN,
    "active": BOOLEAN,
}
PREFERENCES: Shape = {
    "domain": TEXT,
    "domain_pattern": TEXT,
    "unknown_image": one_of(UnknownImage),
    "default_proxy": TEXT,
    "host_paths": TEXTS,
    "free_disk": SIZE,
    "public_url": TEXT,
    "webhook_signature": BOOLEAN,
    "receipts": WHOLE,
    "events": WHOLE,
    "close_to_tray": BOOLEAN,
    "backup_daily": BOOLEAN,
    "backup_hour": WHOLE,
    "backup_days": WHOLE,
    "backup_weeks": WHOLE,
}
OIDC: Shape = {
    "issuer": TEXT,
    "client_id": TEXT,
    "label": TEXT,
    "scopes": TEXTS,
    "name_claim": TEXT,
    "groups_claim": TEXT,
    "groups": records(Group, {"group": TEXT, "role": TEXT, "projects": TEXTS}),
    "others": TEXT,
    "session_lasts": DURATION,
    "ca": TEXT,
}
HEALTH: Shape = {"kind": one_of(HealthKind), "path": TEXT, "timeout": DURATION}
VOLUME: Shape = {
    "kind": one_of(VolumeKind),
    "path": TEXT,
    "source": TEXT,
    "read_only": BOOLEAN,
    "exclusive": BOOLEAN,
    "size": SIZE,
}
LIMITS: Shape = {"memory": SIZE, "cpus": NUMBER, "pids": WHOLE}
PROJECT: Shape = {
    "image": TEXT,
    "port": WHOLE,
    "registry": TEXT,
    "engine": TEXT,
    "proxy": TEXT,
    "route": PAIRS,
    "domain": TEXT,
    "health": record(Health, HEALTH),
    "environment": PAIRS,
    "volumes": records(Volume, VOLUME),
    "limits": record(Limits, LIMITS),
    "capabilities": TEXTS,
    "aliases": TEXTS,
    "networks": TEXTS,
    "labels": PAIRS,
    "pre_deploy": TEXTS,
    "pre_deploy_timeout": DURATION,
    "active": BOOLEAN,
}
TOLERANCE: Shape = {"share": NUMBER, "least": WHOLE}
UPDATE: Shape = {"mode": one_of(UpdateMode), "window": TEXT, "minimum_age": DURATION}
STAGE: Shape = {
    "pattern": Form(_pattern, str),
    "auto_deploy": BOOLEAN,
    "max_instances": WHOLE,
    "replicas": WHOLE,
    "promote_from": TEXT,
    "promote_after": DURATION,
    "environment": PAIRS,
    "domain": TEXT,
    "update": record(Update, UPDATE),
    "publish": WHOLE,
    "keep": WHOLE,
    "bake": DURATION,
    "tolerance": record(Tolerance, TOLERANCE),
    "drain": DURATION,
    "stop_timeout": DURATION,
}
