"""What NPM refuses in a body, in the words of the two validators that it has had."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.npm.releases import Release

NEW_NAME = "^[^&| @!#%^();:/\\\\}{=+?<>,~`'\"]+$"
OLD_NAME = "^(?:\\*\\.)?(?:[^.*]+\\.?)+[^.]$"
REQUIRED = ("domain_names", "forward_scheme", "forward_host", "forward_port")
BOOLEANS = ("ssl_forced", "caching_enabled", "block_exploits", "allow_websocket_upgrade", "http2_support", "enabled",
            "hsts_enabled", "hsts_subdomains")  # fmt: skip
WRITABLE = (*REQUIRED, *BOOLEANS, "access_list_id", "certificate_id", "advanced_config", "meta", "locations")
CERTIFICATE_META = ("dns_challenge", "dns_provider", "dns_provider_credentials", "propagation_seconds")
OLD_META = ("letsencrypt_email", "letsencrypt_agree")


def host_fault(release: Release, body: dict[str, Any], *, new: bool) -> str:
    """What is wrong with a proxy host's body; "" if nothing."""
    return _said(release, list(_host_faults(release, body, new=new)))


def certificate_fault(release: Release, body: dict[str, Any]) -> str:
    """The same for a certificate's."""
    known = {"key_type", *CERTIFICATE_META, *(() if release.since(2, 13) else OLD_META)}
    more = "NOT have additional properties"
    faults = [("", more) for name in body if name not in {"provider", "nice_name", "domain_names", "meta"}]
    return _said(release, faults + [("/meta", more) for name in body.get("meta", {}) if name not in known])


def _host_faults(release: Release, body: dict[str, Any], *, new: bool) -> Iterator[tuple[str, str]]:
    known = {*WRITABLE, *(("trust_forwarded_proto",) if release.since(2, 14) else ())}
    yield from [("", f"have required property '{name}'") for name in REQUIRED if new and name not in body]
    yield from [("", "NOT have additional properties") for name in body if name not in known]
    if not body and release.since(2, 12):
        yield "", "NOT have fewer than 1 properties"
    yield from _name_faults(release, body.get("domain_names", ["x.test"]))
    if body.get("forward_scheme", "http") not in {"http", "https"}:
        yield "/forward_scheme", "be equal to one of the allowed values"
    if int(body.get("forward_port", 1)) > 65535:
        yield "/forward_port", "be <= 65535"
    if not isinstance(body.get("locations", []), list):
        yield "/locations", "be array"
    for name in BOOLEANS:
        if body.get(name, False) not in {True, False}:
            yield f"/{name}", "be boolean"


def _name_faults(release: Release, names: list[str]) -> Iterator[tuple[str, str]]:
    pattern = NEW_NAME if release.since(2, 12) else OLD_NAME
    if not names and release.since(2, 12):
        yield "/domain_names", "NOT have fewer than 1 items"
    for number, name in enumerate(names):
        if not re.search(pattern, name):
            yield f"/domain_names/{number}", f'match pattern "{pattern}"'


def _said(release: Release, faults: list[tuple[str, str]]) -> str:
    if not release.since(2, 12):
        return "".join(f"data{_dotted(where)} should {what}" for where, what in faults[:1])
    return ", ".join(f"data{where} must {what}" for where, what in faults)


def _dotted(where: str) -> str:
    return re.sub(r"/(\d+)", r"[\1]", where).replace("/", ".")
