"""A real registry (Debian's docker-registry) on 127.0.0.1, with logins and notifications where asked for."""

from __future__ import annotations

import ctypes
import ctypes.util
import http.client
import json
import secrets
import ssl
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.parts.process import PartMissing, Process, find_program, free_port


class Registry:
    """`address` is 127.0.0.1:PORT; `login` is (name, password) or None.

    `notify` is the URL that hears of every push. `certificate` is (certificate, key), PEM files: it then speaks
    TLS. Images are kept under `folder`, also over restart().
    """

    def __init__(
        self,
        folder: Path,
        *,
        login: tuple[str, str] | None = None,
        notify: str | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.folder = folder
        self.login = login
        self.notify = notify
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.certificate = certificate
        self.url = f"{'https' if certificate else 'http'}://{self.address}"
        self._secret = secrets.token_hex(16)
        self._process: Process | None = None

    def start(self) -> None:
        """Start it, or start it again on the same images and port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "registry.yml"
        config.write_text(json.dumps(self._config()))
        argv = [find_program("docker-registry", "docker-registry"), "serve", str(config)]
        self._process = Process(argv, log=self.folder / "registry.log", env={"OTEL_TRACES_EXPORTER": "none"})
        self._process.start(self._answers, within=10)

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "images")}, "delete": {"enabled": True}},
            "http": {"addr": self.address, "secret": self._secret},
        }
        if self.certificate:
            config["http"]["tls"] = {"certificate": str(self.certificate[0]), "key": str(self.certificate[1])}
        if self.login:
            passwords = self.folder / "htpasswd"
            passwords.write_text(f"{self.login[0]}:{bcrypt(self.login[1])}\n")
            config["auth"] = {"htpasswd": {"realm": "tests", "path": str(passwords)}}
        if self.notify:
            hook = {"name": "forge", "url": self.notify, "timeout": "2s", "threshold": 3, "backoff": "200ms"}
            config["notifications"] = {"endpoints": [hook]}
        return config

    def _answers(self) -> bool:
        try:
            return self.request("GET", "/v2/")[0] == 200
        except OSError:
            return False

    def stop(self) -> None:
        """End it; its images stay for start()."""
        if self._process:
            self._process.stop(within=5)

    def kill(self) -> None:
        """It crashes; its images stay for start()."""
        if self._process:
            self._process.kill()

    def restart(self, *, notify: str | None = None) -> None:
        """Stop and start again on the same port and images; `notify` is a new URL that hears of pushes."""
        self.stop()
        self.notify = notify or self.notify
        self.start()

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask the registry with its login: (status, headers with lower-case names, body)."""
        sent = dict(headers or {})
        if self.login:
            sent["Authorization"] = "Basic " + b64encode(":".join(self.login).encode()).decode()
        connection = self._connection()
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.certificate is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        trusting = ssl.create_default_context(cafile=self.certificate[0])
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=trusting)


def bcrypt(password: str) -> str:
    """The password as the registry's password file has it; made by the system's libcrypt."""
    name = ctypes.util.find_library("crypt") or "libcrypt.so.1"
    crypt = ctypes.CDLL(name).crypt
    crypt.restype = ctypes.c_char_p
    made = crypt(password.encode(), b"$2b$04$" + secrets.token_hex(11).encode())
    if not made or not made.startswith(b"$2b$"):
        raise PartMissing("The system's libcrypt cannot make bcrypt passwords: install the Debian package libcrypt1.")
    hashed: bytes = made
    return hashed.decode()
