"""Small images for the tests, put straight into a registry: an engine has to pull them before it can run them.

An image is two layers: busybox with one start script (shared by all, so pulled once), and a page that tells the tag.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.parts.process import PartMissing
from tests.parts.registry import Registry

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

KINDS = (
    "good",  # serves its tag at / and `ok` at /healthz on port 8080
    "healthcheck",  # the same, with a HEALTHCHECK that passes
    "failing_healthcheck",  # the same, with a HEALTHCHECK that fails
    "unhealthy",  # prints lines to both outputs, listens nowhere
    "crashing",  # prints lines and exits with 3
    "slow",  # listens after START_AFTER seconds (3)
    "failing_later",  # answers 200 at /cgi-bin/page, and 500 from FAIL_AFTER seconds (5) on
    "stubborn",  # ignores SIGTERM
    "echo_env",  # serves its environment at /env
    "slow_requests",  # answers /cgi-bin/slow?SECONDS after that time; finishes requests on SIGTERM
    "writes_volume",  # adds its tag to /data/tags and serves that at /data/tags
)

APPLETS = ("sh", "cat", "echo", "env", "httpd", "kill", "ls", "mkdir", "pidof", "ps", "sleep", "tee", "wget")

# Process 1 has no default handlers: without the trap it would ignore SIGTERM and be killed 10 s later.
START = """#!/bin/sh
serve() { httpd -f -p "${PORT:-8080}" -h /www & server=$!; }
trap 'exit 0' TERM INT
echo "starting $VERSION ($1)"
case $1 in
  unhealthy)
    echo "waiting for a database that is not there"
    echo "error: no database at db:5432" >&2
    sleep 1000000 & wait; exit ;;
  crashing)
    echo "reading the configuration"
    echo "error: DATABASE_URL is not set" >&2
    exit 3 ;;
  slow) sleep "${START_AFTER:-3}" & wait $! ;;
  failing_later) (sleep "${FAIL_AFTER:-5}"; echo > /www/failing) & ;;
  stubborn) trap '' TERM INT ;;
  echo_env) env > /www/env ;;
  slow_requests) trap 'kill $server; while pidof slow >/dev/null; do sleep 0.1; done; exit 0' TERM INT ;;
  migrate) echo "migrating to $VERSION" | tee -a /data/migrations; exit "${2:-0}" ;;
  writes_volume) echo "$VERSION" >> /data/tags ;;
esac
serve
echo "listening on ${PORT:-8080}"
wait $server
"""

PAGE = """#!/bin/sh
[ -e /www/failing ] && status="500 Internal Server Error" || status="200 OK"
printf 'HTTP/1.0 %s\\r\\nContent-Type: text/plain\\r\\n\\r\\n%s\\n' "$status" "$VERSION"
"""

SLOW = """#!/bin/sh
sleep "${QUERY_STRING:-2}"
printf 'Content-Type: text/plain\\r\\n\\r\\n%s was slow\\n' "$VERSION"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blob:
    data: bytes
    media_type: str
    diff_id: str = ""

    @property
    def digest(self) -> str:
        return _digest(self.data)

    def described(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "size": len(self.data), "digest": self.digest}


def push(
    registry: Registry,
    repository: str,
    tag: str,
    *,
    kind: str = "good",
    env: Mapping[str, str] | None = None,
    created: float | None = None,
    health_interval: float = 0.3,
    filler: int = 0,
) -> str:
    """Put an image into the registry and return its digest (sha256:…); about 10 ms.

    `env` is the image's own environment, `created` its time (seconds since 1970; now), `health_interval` seconds
    between HEALTHCHECK probes, `filler` bytes that cannot be compressed make a pull take longer.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no kind {kind!r} of test image; choose one of {', '.join(KINDS)}.")
    layers = [_base(), _page(tag, filler)]
    variables = {"PATH": "/bin", "VERSION": tag, **(env or {})}
    config = _config(kind, variables, time.time() if created is None else created, health_interval, layers)
    for blob in (*layers, config):
        _upload(registry, repository, blob)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.described(),
        "layers": [layer.described() for layer in layers],
    }
    return _put(registry, repository, tag, json.dumps(manifest).encode(), MANIFEST)


def push_index(registry: Registry, repository: str, tag: str, *, kind: str = "good") -> str:
    """The same as a list of platforms, as buildx makes it; returns the list's digest."""
    child = push(registry, repository, f"{tag}-amd64", kind=kind)
    size = len(registry.request("GET", f"/v2/{repository}/manifests/{child}", headers={"Accept": MANIFEST})[2])
    platform = {"architecture": "amd64", "os": "linux"}
    entry = {"mediaType": MANIFEST, "size": size, "digest": child, "platform": platform}
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
    return _put(registry, repository, tag, body, INDEX)


def retag(registry: Registry, repository: str, old: str, new: str) -> str:
    """Let `new` point to what `old` (a tag or digest) points to; returns the digest."""
    path = f"/v2/{repository}/manifests/{old}"
    status, headers, body = registry.request("GET", path, headers={"Accept": f"{MANIFEST}, {INDEX}"})
    if status != 200:
        raise AssertionError(f"{repository}:{old} is not in the registry ({status}).")
    return _put(registry, repository, new, body, headers["content-type"])


def delete(registry: Registry, repository: str, digest: str) -> None:
    """Remove an image and all its tags from the registry."""
    status, _, body = registry.request("DELETE", f"/v2/{repository}/manifests/{digest}")
    if status != 202:
        raise AssertionError(f"The registry did not delete {digest} ({status}): {body!r}")


def _config(kind: str, variables: Mapping[str, str], created: float, interval: float, layers: list[_Blob]) -> _Blob:
    run: dict[str, Any] = {
        "Entrypoint": ["/start"],
        "Cmd": [kind],
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "ExposedPorts": {f"{variables.get('PORT', '8080')}/tcp": {}},
        "Labels": {"org.opencontainers.image.version": variables["VERSION"]},
    }
    if kind in ("healthcheck", "failing_healthcheck"):
        page = "healthz" if kind == "healthcheck" else "not-there"
        test = ["CMD", "wget", "-q", "-O", "-", f"http://127.0.0.1:{variables.get('PORT', '8080')}/{page}"]
        run["Healthcheck"] = {"Test": test, "Interval": int(interval * 1e9), "Timeout": 2_000_000_000, "Retries": 3}
    whole = {
        "architecture": "amd64",
        "os": "linux",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(created)),
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
    }
    return _Blob(data=json.dumps(whole).encode(), media_type=CONFIG)


@cache
def _base() -> _Blob:
    busybox = Path("/bin/busybox")
    if not busybox.exists():
        raise PartMissing(
            "`/bin/busybox` is not here: install the Debian package busybox-static (`make parts` does it)."
        )
    files = {"bin/busybox": busybox.read_bytes(), "start": START.encode(), "www/healthz": b"ok\n"}
    files["www/cgi-bin/slow"] = SLOW.encode()
    files["www/cgi-bin/page"] = PAGE.encode()
    links = {f"bin/{name}": "busybox" for name in APPLETS} | {"www/data": "/data"}
    return _layer(files, links, ("bin", "data", "tmp", "www", "www/cgi-bin"))


def _page(tag: str, filler: int) -> _Blob:
    files = {"www/index.html": f"{tag}\n".encode()}
    if filler:
        files["filler"] = hashlib.shake_128(tag.encode()).digest(filler)
    return _layer(files, {}, ())


def _layer(files: Mapping[str, bytes], links: Mapping[str, str], folders: tuple[str, ...]) -> _Blob:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name in folders:
            tar.addfile(_entry(name, tarfile.DIRTYPE))
        for name, data in files.items():
            entry = _entry(name, tarfile.REGTYPE)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        for name, target in links.items():
            entry = _entry(name, tarfile.SYMTYPE)
            entry.linkname = target
            tar.addfile(entry)
    data = gzip.compress(plain.getvalue(), compresslevel=6, mtime=0)
    return _Blob(data=data, media_type=LAYER, diff_id=_digest(plain.getvalue()))


def _entry(name: str, type: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = type
    entry.mode = 0o755
    return entry


def _upload(registry: Registry, repository: str, blob: _Blob) -> None:
    if registry.request("HEAD", f"/v2/{repository}/blobs/{blob.digest}")[0] == 200:
        return
    status, headers, body = registry.request("POST", f"/v2/{repository}/blobs/uploads/")
    if status != 202:
        raise AssertionError(f"The registry did not take a blob ({status}): {body!r}")
    place = headers["location"].removeprefix(registry.url)
    place += ("&" if "?" in place else "?") + f"digest={blob.digest}"
    status, _, body = registry.request("PUT", place, body=blob.data)
    if status != 201:
        raise AssertionError(f"The registry did not keep a blob ({status}): {body!r}")


def _put(registry: Registry, repository: str, tag: str, body: bytes, media_type: str) -> str:
    path = f"/v2/{repository}/manifests/{tag}"
    status, headers, answer = registry.request("PUT", path, body=body, headers={"Content-Type": media_type})
    if status != 201:
        raise AssertionError(f"The registry did not take {repository}:{tag} ({status}): {answer!r}")
    return headers["docker-content-digest"]


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
