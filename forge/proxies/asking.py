"""Asking a proxy as people do: at its own address by the domain's name, whether or not that name resolves here."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from forge import outgoing
from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Target
from forge.http import USER_AGENT, fault_of

ASK_HEADER = "X-Forge-Ask"
TARGET_HEADER = "X-Forge-Target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The head of an answer; header names are found in any case."""

    status: int
    headers: http.client.HTTPMessage
    milliseconds: float


def ask(
    address: str | None, domain: str, path: str, *, timeout: float, headers: Mapping[str, str] | None = None
) -> Heard:
    """GET `path` of `domain` from the proxy at `address` (http(s)://host:port) on a new connection.

    A certificate need not be trusted here: what proves who answered is in the answer. Raise ProxyUnavailable.
    """
    if address is None:
        raise ProxyError("The proxy has no address: give the one on which people reach it", code="no_address")
    begun = time.monotonic()
    connection = _connection(address, domain, timeout)
    outgoing.judge(connection)
    sent = {"Host": domain, "User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close", **(headers or {})}
    try:
        connection.request("GET", path, headers=sent)
        answer = connection.getresponse()
        spent = (time.monotonic() - begun) * 1000
        return Heard(status=answer.status, headers=answer.headers, milliseconds=spent)
    except (OSError, http.client.HTTPException) as error:
        why = fault_of(error, urlsplit(address).netloc).message
        raise ProxyUnavailable(f"The proxy does not answer for {domain}: {why}") from None
    finally:
        connection.close()


def parse_target(text: str) -> Target | None:
    """Read host:port; None if it is none."""
    host, _, port = text.rpartition(":")
    return Target(host.strip("[]"), int(port)) if host and port.isdecimal() else None


def entrance(connection: ProxyConnection, *, secure: bool) -> str | None:
    """Where people reach the proxy; `secure`: by TLS, at the same host unless the option `tls_address` says where."""
    address = connection.address
    if not secure or address is None:
        return address
    host = urlsplit(address).hostname or ""
    return connection.options.get("tls_address") or f"https://{f'[{host}]' if ':' in host else host}"


def address_of(url: str, domain: str) -> str:
    """Where people reach `domain` through a proxy that listens at `url`: with its port if that is not the usual one."""
    parts = urlsplit(url)
    port = "" if parts.port in {None, 80 if parts.scheme == "http" else 443} else f":{parts.port}"
    return f"{parts.scheme}://{domain}{port}"


def _connection(address: str, domain: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    return _Named(parts.hostname or "", parts.port, timeout=timeout, domain=domain)


class _Named(http.client.HTTPSConnection):
    """TLS to an address by another name."""

    def __init__(self, host: str, port: int | None, *, timeout: float, domain: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().__init__(host, port, timeout=timeout, context=context)
        self._domain, self._trusting = domain, context

    def connect(self) -> None:
        """The domain's name in the greeting, so that the proxy picks its certificate and its server."""
        plain = outgoing.connect((self.host, self.port), self.timeout)
        self.sock = self._trusting.wrap_socket(plain, server_hostname=self._domain)
