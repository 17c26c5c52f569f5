"""A real nginx as the part of a proxy that carries the traffic: somebody else writes its hosts."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from tests.parts.process import Process, find_program, free_port

_MAIN = """\
{user}worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type text/html;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server_names_hash_bucket_size 128;
  map $http_x_forwarded_proto $x_forwarded_proto {{ default $scheme; }}
  map $http_x_forwarded_scheme $x_forwarded_scheme {{ default $scheme; }}
  include {folder}/conf.d/*.conf;
  include {folder}/hosts/*.conf;
}}
"""

_DEFAULT = """\
server {{
  listen 127.0.0.1:{port} default_server;
  listen 127.0.0.1:{tls_port} default_server ssl;
  ssl_reject_handshake on;
  server_name _;
  location / {{ return 200 "Congratulations!"; }}
}}
"""


class Nginx:
    """Listens on `port` (HTTP) and `tls_port`; reads `hosts/*.conf` and `conf.d` of `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port()
        self.url, self.tls_url = f"http://127.0.0.1:{self.port}", f"https://127.0.0.1:{self.tls_port}"
        self._main = folder / "nginx.conf"
        self._program = find_program("nginx", "nginx")
        self._process: Process | None = None
        for part in ("hosts", "conf.d/include"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        default = _DEFAULT.format(port=self.port, tls_port=self.tls_port)
        (folder / "conf.d" / "default.conf").write_text(default)
        user = "user root;\n" if Path("/root").exists() and _is_root() else ""
        self._main.write_text(_MAIN.format(folder=folder, user=user))

    def start(self) -> None:
        """Start it; raises PartMissing."""
        argv = [*self._argv(), "-g", "daemon off;"]
        self._process = Process(argv, log=self.folder / "nginx.log")
        self._process.start(self._answers, within=15)

    def test(self) -> str:
        """What nginx says is wrong with its configuration; "" if nothing."""
        done = subprocess.run([*self._argv(), "-t"], capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stderr

    def reload(self) -> None:
        """Let it read its configuration anew; it does so a moment later."""
        subprocess.run([*self._argv(), "-s", "reload"], capture_output=True, check=False)

    def stop(self) -> None:
        """End it."""
        if self._process:
            self._process.stop(within=5)
            self._process = None

    @property
    def running(self) -> bool:
        return self._process is not None

    def _argv(self) -> list[str]:
        return [self._program, "-c", str(self._main), "-p", str(self.folder), "-e", str(self.folder / "error.log")]

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
            return False
        return True


def _is_root() -> bool:
    import os  # noqa: PLC0415  no such thing on Windows

    return os.geteuid() == 0
