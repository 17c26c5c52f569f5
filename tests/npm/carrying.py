"""The nginx under the stand-in: a file per host, of the form that NPM's template gives it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.npm.rows import Row
from tests.parts.nginx import Nginx

_PROXY = """\
add_header       X-Served-By $host;
proxy_set_header Host $host;
proxy_set_header X-Forwarded-Scheme $x_forwarded_scheme;
proxy_set_header X-Forwarded-Proto  $x_forwarded_proto;
proxy_set_header X-Forwarded-For    $proxy_add_x_forwarded_for;
proxy_set_header X-Real-IP          $remote_addr;
proxy_pass       $forward_scheme://$server:$port$request_uri;
"""
_UPGRADE = """\
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_http_version 1.1;
"""


class Carrying:
    """`nginx` with the hosts of an NPM; `certificates` are the files (certificate, key) by id."""

    def __init__(self, nginx: Nginx) -> None:
        self.nginx = nginx
        self.certificates: dict[int, tuple[Path, Path]] = {}
        folder = nginx.folder / "conf.d"
        (folder / "include" / "proxy.conf").write_text(_PROXY)

    def write(self, row: Row, access: Row | None, *, guarded: bool = True) -> dict[str, Any]:
        """Have nginx carry a host, as NPM does; what goes into its meta. `guarded` False: without the list's rules."""
        file = self._file(row["id"])
        file.write_text(self._server(row, access if guarded else None))
        fault = self.nginx.test()
        if fault:
            file.unlink()
            return {"nginx_online": False, "nginx_err": _moved(fault)}
        self.nginx.reload()
        return {"nginx_online": True, "nginx_err": None}

    def drop(self, id: int) -> None:
        self._file(id).unlink(missing_ok=True)
        self.nginx.reload()

    def clear(self) -> None:
        for file in (self.nginx.folder / "hosts").glob("*.conf"):
            file.unlink()
        self.nginx.reload()

    def _file(self, id: int) -> Path:
        return self.nginx.folder / "hosts" / f"{id}.conf"

    def _server(self, row: Row, access: Row | None) -> str:
        own = re.search(r"(^|[;\s])location\s+/\s*\{", row["advanced_config"])
        places = row["locations"] or []
        default = not own and not any(place["path"] == "/" for place in places)
        return "\n".join([
            "server {",
            f"  set $forward_scheme {row['forward_scheme']};",
            f'  set $server "{row["forward_host"]}";',
            f"  set $port {row['forward_port']};",
            *self._listening(row),
            _UPGRADE if row["allow_websocket_upgrade"] else "",
            row["advanced_config"],
            *(_place(place) for place in places),
            f"  location / {{\n{_rules(access)}{_UPGRADE if row['allow_websocket_upgrade'] else ''}"
            "    include conf.d/include/proxy.conf;\n  }" if default else "",
            "}",
        ])  # fmt: skip

    def _listening(self, row: Row) -> list[str]:
        lines = [f"  listen 127.0.0.1:{self.nginx.port};", f"  server_name {' '.join(row['domain_names'])};"]
        files = self.certificates.get(row["certificate_id"])
        if files is None:
            return lines
        http2 = " http2" if row["http2_support"] else ""
        lines[:0] = [f"  listen 127.0.0.1:{self.nginx.tls_port} ssl{http2};"]
        lines += [f"  ssl_certificate {files[0]};", f"  ssl_certificate_key {files[1]};"]
        if row["ssl_forced"]:
            lines.append('  if ($scheme = "http") { return 301 https://$host$request_uri; }')
        if row["hsts_enabled"]:
            lines.append('  add_header Strict-Transport-Security "max-age=63072000" always;')
        return lines


def _rules(access: Row | None) -> str:
    if access is None:
        return ""
    lines = [f"    {one['directive']} {one['address']};\n" for one in access["clients"]]
    return "".join([*lines, "    deny all;\n"])


def _place(place: Row) -> str:
    target = f"{place['forward_scheme']}://{place['forward_host']}:{place['forward_port']}"
    return f"  location {place['path']} {{ proxy_set_header Host $host; proxy_pass {target}; }}"


def _moved(fault: str) -> str:
    """As it would be in NPM's container."""
    lines = [line for line in fault.splitlines() if line.startswith("nginx: ")]
    return "".join(re.sub(r"/\S*/hosts/", "/data/nginx/proxy_host/", line) + "\n" for line in lines)
