"""Connections: the registries, proxies and engines that a person told Forge about."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from forge.domain.endpoint import Endpoint, is_address, is_everywhere, is_name, parse_endpoint
from forge.domain.errors import Invalid
from forge.domain.names import check_name
from forge.domain.proxykinds import PROXY_KINDS

_ADDRESS = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?")


_LONGEST_PEM = 64 << 10  # characters


class ConnectionKind(StrEnum):
    REGISTRY = "registry"
    PROXY = "proxy"
    ENGINE = "engine"

    @property
    def secret(self) -> str:
        """What its secret is called: it is in the vault and nowhere else."""
        return "key" if self is ConnectionKind.ENGINE else "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryConnection:
    """A registry at `url` (https://ghcr.io). `flavour`: oci, docker_hub, ghcr, gitea. The password or
    token is in the vault. `interval` in seconds between polls (0: never), `parallel` requests at a time. `ca`:
    certificates of authorities (PEM text) that are trusted here beside the usual ones.
    """

    name: str
    url: str
    flavour: str = "oci"
    username: str | None = None
    interval: float = 300
    parallel: int = 4
    ca: str | None = None

    def __post_init__(self) -> None:
        """Raise Invalid with the field at fault."""
        check_name(self.name, "registry")
        check_url(self.url)
        if self.flavour not in {"oci", "docker_hub", "ghcr", "gitea"}:
            raise Invalid("A registry is oci, docker_hub, ghcr or gitea", fields={"flavour": "unknown"})
        if self.interval != 0 and not 1 <= self.interval <= 7 * 86400:
            raise Invalid("The interval is 1 second to 7 days, or 0 for never", fields={"interval": "out of range"})
        if not 1 <= self.parallel <= 32:
            raise Invalid("Parallel requests are 1 to 32", fields={"parallel": "1 to 32"})
        if self.ca is not None:
            check_authorities(self.ca)

    @property
    def host(self) -> str:
        """host[:port] as it stands in image names."""
        return self.url.partition("://")[2].strip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyConnection:
    """A proxy of a kind in PROXY_KINDS. `url` is its admin address, `address` (http://host:port) where it
    listens for people, as Forge reaches it. `options` are the kind's own, plain text.
    """

    name: str
    kind: str
    url: str | None = None
    address: str | None = None
    username: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise Invalid with the field at fault."""
        check_name(self.name, "proxy")
        kind = PROXY_KINDS.get(self.kind)
        if kind is None:
            raise Invalid(f"A proxy is {' or '.join(PROXY_KINDS)}", fields={"kind": "unknown"})
        for field_name in ("url", "address", "username"):
            if getattr(self, field_name) is not None and field_name not in kind.takes:
                sentence = f"A {self.kind} proxy has no {field_name}: leave it out"
                raise Invalid(sentence, fields={field_name: "leave it out"})
        unknown = sorted(set(self.options) - kind.options)
        if unknown:
            known = ", ".join(sorted(kind.options)) or "none"
            raise Invalid(
                f"A {self.kind} proxy has no option “{unknown[0][:40]}”: known are {known}",
                fields={"options": "unknown"},
            )
        for field_name, url in (("url", self.url), ("address", self.address)):
            if url is not None:
                check_url(url, field_name)
        if "tls_address" in self.options:
            check_url(self.options["tls_address"], "options")
        for name, sentence in kind.needs.items():
            if not (self.options.get(name) if name in kind.options else getattr(self, name)):
                raise Invalid(sentence, fields={"options" if name in kind.options else name: "missing"})

    @property
    def reach(self) -> str | None:
        """This machine's address as the proxy sees it, if that is not 127.0.0.1: what runs listens there as well."""
        return self.options.get("reach")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConnection:
    """A Docker engine at `url` (forge.domain.endpoint); None: as the environment says.

    TLS: `ca` and `certificate` as PEM text with the key in the vault, or `certs`, a folder of this machine with
    ca.pem, cert.pem and key.pem. `insecure`: tcp:// to another machine without TLS is meant. `listen`: the address
    of the engine's machine on which instances listen; `address`: where Forge and the proxy reach them. None: the
    address at which the engine is reached.
    """

    name: str
    url: str | None = None
    ca: str | None = None
    certificate: str | None = None
    certs: str | None = None
    insecure: bool = False
    listen: str | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        """Raise Invalid with the field at fault."""
        check_name(self.name, "engine")
        endpoint = parse_endpoint(self.url) if self.url is not None else None
        if not (endpoint and endpoint.is_tcp):
            self._check_no_tls()
        if self.certs is not None and self.takes_pem:
            raise Invalid("Give certificates or a folder of them, not both", fields={"certs": "one of the two"})
        if self.certs is not None and not (Path(self.certs).is_absolute() and self.certs.isprintable()):
            raise Invalid("The folder of certificates is a whole path", fields={"certs": "a whole path"})
        for field_name in ("ca", "certificate"):
            if (pem := getattr(self, field_name)) is not None:
                check_authorities(pem, field_name)
        if endpoint is not None:
            check_secure(endpoint, tls=self.tls, insecure=self.insecure)
        self._check_reach()

    @property
    def takes_pem(self) -> bool:
        return self.ca is not None or self.certificate is not None

    @property
    def tls(self) -> bool:
        """Whether certificates decide who speaks with whom."""
        return self.takes_pem or self.certs is not None or (self.url or "").startswith("https://")

    def _check_no_tls(self) -> None:
        for field_name in ("ca", "certificate", "certs", "insecure"):
            if getattr(self, field_name):
                sentence = f"Only an engine at tcp:// takes {field_name}: leave it out"
                raise Invalid(sentence, fields={field_name: "only with tcp://"})

    def _check_reach(self) -> None:
        if self.listen is not None and not is_address(self.listen):
            raise Invalid(
                "Instances listen on an address of the engine's machine, such as 10.0.0.5", fields={"listen": "an IP"}
            )
        if self.address is not None and (not is_name(self.address) or is_everywhere(self.address)):
            raise Invalid(
                "Instances are reached at a name or an address, such as 10.0.0.5", fields={"address": "a name or IP"}
            )


def check_secure(endpoint: Endpoint, *, tls: bool, insecure: bool) -> None:
    """Raise Invalid for a way that gives the engine's machine to whoever finds its port."""
    if endpoint.scheme in {"tcp", "http"} and not (tls or insecure or endpoint.is_loopback):
        raise Invalid(
            f"Without TLS, whoever reaches {endpoint.host} has that machine, as root: give certificates, use "
            "ssh://, or set insecure if only you reach it",
            code="insecure",
            fields={"url": "without TLS, whoever reaches it has that machine", "insecure": "not set"},
        )


def check_authorities(pem: str, field_name: str = "ca") -> None:
    """Raise Invalid unless `pem` holds certificates and nothing that must stay secret."""
    what = "The authorities are" if field_name == "ca" else "The certificate and what leads to its authority are"
    wrong = Invalid(
        f"{what} certificates in PEM form: -----BEGIN CERTIFICATE----- and so on, without any key",
        fields={field_name: "not certificates in PEM form"},
    )
    if "PRIVATE KEY" in pem or len(pem) > _LONGEST_PEM:
        raise wrong
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise wrong from None


Connection = RegistryConnection | ProxyConnection | EngineConnection


def check_url(url: str, field_name: str = "url") -> str:
    """Return `url` if it is http(s)://host[:port] without login, query or path; raise Invalid otherwise."""
    scheme, separator, rest = url.partition("://")
    rest = rest.rstrip("/")
    if scheme not in {"http", "https"} or not separator or not _ADDRESS.fullmatch(rest):
        raise Invalid(
            f"“{url[:80]}” is no address: write it as https://host:port", fields={field_name: "https://host:port"}
        )
    return url
