"""Puts tiny images into a registry over the Distribution API, without an engine: hundreds of them in seconds."""

from __future__ import annotations

import gzip
import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Self
from urllib.parse import urlsplit

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

_EMPTY_TAR = b"\0" * 1024
_EMPTY_LAYER = gzip.compress(_EMPTY_TAR, mtime=0)


def push_manifest(
    registry_url: str,
    repository: str,
    tag: str,
    *,
    created: float = 1_790_000_000,
    labels: Mapping[str, str] | None = None,
    login: tuple[str, str] | None = None,
    also: Iterable[str] = (),
) -> str:
    """Push an image that holds no files, as `tag` (and the tags `also`); return its digest.

    The digest depends on `repository`, `tag`, `created` (unix seconds) and `labels`. It cannot run.
    """
    with Pusher(registry_url, login=login) as pusher:
        return pusher.push(repository, tag, created=created, labels=labels, also=also)


class Pusher:
    """One kept-alive connection for many pushes; see push_manifest."""

    def __init__(self, registry_url: str, *, login: tuple[str, str] | None = None) -> None:
        parts = urlsplit(registry_url)
        self._connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=10)
        self._login = login

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def push(
        self,
        repository: str,
        tag: str,
        *,
        created: float = 1_790_000_000,
        labels: Mapping[str, str] | None = None,
        also: Iterable[str] = (),
    ) -> str:
        when = datetime.fromtimestamp(created, UTC).isoformat().replace("+00:00", "Z")
        config = {
            "architecture": "amd64",
            "os": "linux",
            "created": when,
            "config": {"Labels": dict(labels or {}), "Env": [f"IMAGE={repository}:{tag}"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(_EMPTY_TAR)]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._blob(repository, json.dumps(config).encode()) | {"mediaType": CONFIG},
            "layers": [self._blob(repository, _EMPTY_LAYER) | {"mediaType": LAYER}],
        }
        return self._manifest(repository, (tag, *also), manifest)

    def push_index(self, repository: str, tag: str, images: Iterable[tuple[str, str, str]]) -> str:
        """Push a list of images that are there already: (digest, os, architecture); return its digest."""
        entries = [
            {"mediaType": MANIFEST, "digest": digest, "size": 500, "platform": {"os": os, "architecture": machine}}
            for digest, os, machine in images
        ]
        return self._manifest(repository, (tag,), {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})

    def _manifest(self, repository: str, tags: Iterable[str], manifest: dict[str, object]) -> str:
        body = json.dumps(manifest).encode()
        for tag in tags:
            kind = {"Content-Type": str(manifest["mediaType"])}
            self._ask("PUT", f"/v2/{repository}/manifests/{tag}", body, kind, expect=201)
        return _digest(body)

    def _blob(self, repository: str, content: bytes) -> dict[str, object]:
        location = self._ask("POST", f"/v2/{repository}/blobs/uploads/", b"", {}, expect=202)
        mark = "&" if "?" in location else "?"
        path = location.partition("://")[2].partition("/")[2] if "://" in location else location.lstrip("/")
        put = f"/{path}{mark}digest={_digest(content)}"
        self._ask("PUT", put, content, {"Content-Type": "application/octet-stream"}, expect=201)
        return {"digest": _digest(content), "size": len(content)}

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str], *, expect: int) -> str:
        if self._login:
            headers = headers | {"Authorization": "Basic " + b64encode(":".join(self._login).encode()).decode()}
        self._connection.request(method, path, body=body, headers=headers)
        answer = self._connection.getresponse()
        said = answer.read()
        assert answer.status == expect, f"{method} {path}: {answer.status} {said[:300]!r}"
        return answer.headers.get("Location", "")


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
