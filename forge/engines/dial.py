"""A client of Docker's SDK for each way to an engine: a socket of this machine, TCP, TLS, SSH."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

from forge import outgoing
from forge.domain.endpoint import Endpoint
from forge.engines import tls
from forge.engines.access import PLAIN_PORT, TLS_PORT, Access
from forge.engines.ssh import Tunnel

if TYPE_CHECKING:
    from docker import APIClient
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection

_CONNECTIONS = 32
_TUNNELS = 8  # kept at most: each is a process, and a login there
# A machine that went away without a word is noticed within 45 seconds.
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 45_000}


def dial(access: Access, *, hello: float, timeout: float) -> APIClient:
    """Connect within `hello` seconds and negotiate the version; answers may then take `timeout`.

    Raise EngineError for material that does not fit, and what the SDK, requests and the system raise.
    """
    from docker import APIClient  # noqa: PLC0415 - 100 ms to import

    endpoint = access.checked()
    given: Any = {"version": "auto", "timeout": hello, "max_pool_size": _CONNECTIONS}  # the stubs say int
    client = APIClient(base_url=access.url, **given) if endpoint.is_socket else _client(access, endpoint, given)
    client.timeout = timeout  # type: ignore[assignment]
    return client


def _client(access: Access, endpoint: Endpoint, given: Any) -> APIClient:
    adapter = _adapter(access, endpoint)
    try:
        return _over(adapter)(base_url=_base(access, endpoint), **given)
    except BaseException:
        adapter.close()
        raise


def _base(access: Access, endpoint: Endpoint) -> str:
    if endpoint.is_ssh:
        return "http://docker:80"  # goes nowhere but through the tunnel
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    usual = TLS_PORT if access.tls else PLAIN_PORT
    return f"{'https' if access.tls else 'http'}://{host}:{endpoint.port or usual}"


def _over(adapter: HTTPAdapter) -> type[APIClient]:
    """The SDK mounts its own way while it is made, and asks for the version at once."""
    from docker import APIClient  # noqa: PLC0415

    class Client(APIClient):
        def get_adapter(self, url: Any) -> HTTPAdapter:
            del url
            return adapter

        def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
            """Nothing between Forge and an engine: no proxy, no other authorities of the environment."""
            del url, proxies, verify, cert
            return {"proxies": {}, "stream": stream, "verify": True, "cert": None}

        def close(self) -> None:
            super().close()
            adapter.close()

    return Client


def _adapter(access: Access, endpoint: Endpoint) -> HTTPAdapter:
    if endpoint.is_ssh:
        return _ssh_adapter(endpoint)
    return _tcp_adapter(tls.context_of(access) if access.tls else None)


def _tcp_adapter(context: ssl.SSLContext | None) -> HTTPAdapter:
    from requests import adapters  # noqa: PLC0415

    class Adapter(adapters.HTTPAdapter):
        def init_poolmanager(self, *sizes: Any, **more: Any) -> None:
            super().init_poolmanager(*sizes, ssl_context=context, socket_options=_socket_options(), **more)
            outgoing.guard(self.poolmanager)

        def cert_verify(self, *_: Any) -> None:
            """Requests would add the usual authorities to the context, which says all by itself."""

    return Adapter(pool_maxsize=_CONNECTIONS)


def _socket_options() -> list[tuple[int, int, int]]:
    always = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    known = [(getattr(socket, name, None), value) for name, value in _KEEPALIVE.items()]
    return always + [(socket.IPPROTO_TCP, option, value) for option, value in known if option is not None]


def _ssh_adapter(endpoint: Endpoint) -> HTTPAdapter:
    from requests import adapters  # noqa: PLC0415
    from urllib3 import HTTPConnectionPool  # noqa: PLC0415

    class Pool(HTTPConnectionPool):
        ConnectionCls = _through(endpoint)

    class Adapter(adapters.HTTPAdapter):
        def init_poolmanager(self, *sizes: Any, **more: Any) -> None:
            super().init_poolmanager(*sizes, **more)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool}

    return Adapter(pool_maxsize=_TUNNELS)


def _through(endpoint: Endpoint) -> type[HTTPConnection]:
    """Connections that each have a tunnel, and say what `ssh` said when it breaks."""
    from urllib3 import connection  # noqa: PLC0415

    class Connection(connection.HTTPConnection):
        _way_in: Tunnel | None = None

        def connect(self) -> None:
            outgoing.check_name(endpoint.host)
            self._way_in = Tunnel(endpoint)
            self.sock = self._way_in.socket
            self.sock.settimeout(self.timeout if isinstance(self.timeout, int | float) else None)

        def request(self, *words: Any, **more: Any) -> None:
            try:
                super().request(*words, **more)
            except OSError as error:
                raise self._fault(error) from error

        def getresponse(self) -> Any:
            try:
                return super().getresponse()
            except OSError as error:
                raise self._fault(error) from error

        def _fault(self, error: OSError) -> OSError:
            return error if self._way_in is None or isinstance(error, TimeoutError) else self._way_in.fault()

        def close(self) -> None:
            super().close()
            if self._way_in is not None:
                self._way_in.close()  # and kept: http.client closes before it says that something broke

    return Connection
