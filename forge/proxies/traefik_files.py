"""Traefik's dynamic configuration as Forge writes it: one file per domain, pure but for the folder itself."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from forge.domain.errors import ProxyError
from forge.domain.route import Route, Target
from forge.proxies.asking import TARGET_HEADER

HSTS = 31_536_000  # seconds: a year

_HOST = re.compile(r"Host\(([^)]*)\)")
_QUOTED = re.compile(r"[`\"]([^`\"]+)[`\"]")
_ASK = re.compile(r"PathPrefix\(`/\.forge-([0-9a-f]{32})(?:-1)?`\)")


class Folder:
    """The folder that Traefik watches, of which only the files of `home` are read or written."""

    def __init__(self, path: str, home: str) -> None:
        self._path = Path(path)
        self._prefix = f"forge-{home}-"

    def check(self) -> str:
        """What keeps Forge from writing there; "" if nothing."""
        if not self._path.is_dir():
            return f"There is no folder {self._path}: make it, and let Traefik's file provider watch it"
        if not os.access(self._path, os.W_OK | os.X_OK):
            return f"Forge may not write into {self._path}: give its user the right to"
        return ""

    def name(self, domain: str) -> str:
        """What the router and the service of `domain` are called."""
        return f"{self._prefix}{domain}"

    def read(self, domain: str) -> Mapping[str, Any] | None:
        """The configuration for `domain`; None if there is none, or none that can be read."""
        try:
            found = json.loads(self._file(domain).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def domains(self) -> Iterator[str]:
        """Every domain with a file of Forge's."""
        for file in sorted(self._path.glob(f"{self._prefix}*.yml")):
            yield file.name.removeprefix(self._prefix).removesuffix(".yml")

    def write(self, domain: str, configuration: Mapping[str, Any]) -> None:
        """In one move: Traefik never sees half a file. JSON is YAML too."""
        new = self._path / f".{self._prefix}{domain}.{secrets.token_hex(4)}.new"  # no name that Traefik reads
        try:
            new.write_text(json.dumps(configuration, indent=2), "utf-8")
            new.replace(self._file(domain))
        except OSError as error:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise self._fault(error) from None

    def delete(self, domain: str) -> bool:
        """Whether there was a file."""
        try:
            self._file(domain).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._fault(error) from None
        return True

    def _file(self, domain: str) -> Path:
        return self._path / f"{self._prefix}{domain}.yml"

    def _fault(self, error: OSError) -> ProxyError:
        why = self.check() or f"{self._path} cannot be written ({(error.strerror or 'unknown').lower()})"
        return ProxyError(why, code="traefik_folder")


def configuration(name: str, route: Route, entrypoints: str, token: str) -> dict[str, Any]:
    """What stands in the file. A second router answers below /.forge-TOKEN, and says there who the target is: its
    rule is the longer one, so it comes first, and is written alike for Traefik 2 and 3. Traefik cannot say which of
    several servers answered, so each then has such a router and a service of its own; a request that one does not
    take is given to the next.
    """
    host, several = f"Host(`{route.domain}`)", len(route.targets) > 1
    before = ["retry"] * several + ["hsts"] * _is(route, "hsts")
    main: dict[str, Any] = {"rule": host, **({"middlewares": [f"{name}-{one}" for one in before]} if before else {})}
    routers, services, made = {"": main}, {name: _service(*route.targets)}, _middlewares(route)
    for number, (target, path) in enumerate(zip(route.targets, paths(token, len(route.targets)), strict=True), 1):
        end = f"-{number}" if several else ""
        services[f"{name}{end}"] = _service(target)
        made[f"strip{end}"] = {"stripPrefix": {"prefixes": [path]}}
        made[f"tell{end}"] = {"headers": {"customResponseHeaders": {TARGET_HEADER: str(target)}}}
        own = {"service": f"{name}{end}", "middlewares": [f"{name}-strip{end}", f"{name}-tell{end}"]}
        routers[f"-ask{end}"] = {"rule": f"{host} && PathPrefix(`{path}`)", **own}
    if is_secure(route):
        resolver = route.options.get("certificate_resolver")
        tls: dict[str, Any] = {"tls": {"certResolver": resolver} if resolver else {}}
        routers = {end: router | tls for end, router in routers.items()}
        routers["-http"] = {"rule": host, "middlewares": [f"{name}-https"]}
    common = {"service": name} | ({"entryPoints": entrypoints.split(",")} if entrypoints else {})
    return {
        "http": {
            "routers": {f"{name}{end}": common | router for end, router in routers.items()},
            "middlewares": {f"{name}-{end}": middleware for end, middleware in made.items()},
            "services": services,
        }
    }


def _middlewares(route: Route) -> dict[str, Any]:
    """Those that do not differ from target to target."""
    made: dict[str, Any] = {}
    if len(route.targets) > 1:
        made["retry"] = {"retry": {"attempts": len(route.targets), "initialInterval": "10ms"}}
    if _is(route, "hsts"):
        subdomains = {"stsIncludeSubdomains": True} if _is(route, "hsts_subdomains") else {}
        made["hsts"] = {"headers": {"stsSeconds": HSTS, **subdomains}}
    if is_secure(route):
        made["https"] = {"redirectScheme": {"scheme": "https", "permanent": True}}
    return made


def _service(*targets: Target) -> dict[str, Any]:
    return {"loadBalancer": {"servers": [{"url": f"http://{target}"} for target in targets]}}


def paths(token: str, count: int) -> tuple[str, ...]:
    """Below which path each of `count` targets answers Forge."""
    return tuple(f"/.forge-{token}-{number}" for number in range(1, count + 1)) if count > 1 else (f"/.forge-{token}",)


def is_secure(route: Route) -> bool:
    """Whether people are sent on to https."""
    return _is(route, "https") or "certificate_resolver" in route.options


def targets_in(configured: Mapping[str, Any] | None, name: str) -> tuple[Target, ...]:
    """The targets of the service `name`; empty if there is none."""
    try:
        servers = configured["http"]["services"][name]["loadBalancer"]["servers"]  # type: ignore[index]
        urls = [urlsplit(server["url"]) for server in servers]
        return tuple(Target(url.hostname or "", url.port or 80) for url in urls)
    except (KeyError, IndexError, TypeError, ValueError):
        return ()


def asking_in(configured: Mapping[str, Any] | None, name: str) -> tuple[str | None, bool]:
    """The word by which its other routers tell who answers, and whether they want TLS."""
    routers = (configured or {}).get("http", {}).get("routers", {})
    ask = routers.get(f"{name}-ask") or routers.get(f"{name}-ask-1") or {}
    found = _ASK.search(str(ask.get("rule", "")))
    return (found[1] if found else None), "tls" in ask


def hosts_in(rule: str) -> set[str]:
    """The domains that a router's rule names."""
    return {host.lower() for listed in _HOST.findall(rule) for host in _QUOTED.findall(listed)}


def _is(route: Route, flag: str) -> bool:
    return route.options.get(flag) == "true"
