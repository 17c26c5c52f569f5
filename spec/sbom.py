"""What the executable holds, as CycloneDX: read from the built file itself, not from what was asked for."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

Component = dict[str, Any]
_SPACE = uuid.UUID("8f2f2f0e-6f0b-4c7e-9a51-0d7b3f0f6c11")  # serial numbers are drawn from it and the file's digest


def write(executable: Path, facts: dict[str, str], stamp: int) -> Path:
    """Beside the executable, as NAME.cdx.json; the same executable gives the same bytes."""
    file = executable.with_name(f"{executable.stem}.cdx.json")
    bill = describe(executable, facts, stamp)
    file.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", "utf-8", newline="\n")
    return file


def describe(executable: Path, facts: dict[str, str], stamp: int) -> dict[str, Any]:
    """The bill of materials. `stamp`: unix seconds."""
    packed = _Packed(executable)
    digest = hashlib.sha256(executable.read_bytes()).hexdigest()
    whole = {
        "type": "application", "bom-ref": "forge", "name": "forge", "version": facts["version"],
        "licenses": [{"license": {"id": "MIT"}}], "hashes": [{"alg": "SHA-256", "content": digest}],
        "properties": [{"name": f"forge:{name}", "value": facts[name]} for name in ("commit", "built")],
    }  # fmt: skip
    components = sorted(packed.components(), key=lambda component: component["bom-ref"])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, digest)}",
        "version": 1,
        "metadata": {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stamp)), "component": whole},
        "components": components,
        "dependencies": [{"ref": "forge", "dependsOn": [component["bom-ref"] for component in components]}],
    }


class _Packed:
    """PyInstaller's archive in an executable, and who on this machine owns what is in it."""

    def __init__(self, executable: Path) -> None:
        from PyInstaller.archive.readers import CArchiveReader  # noqa: PLC0415  only a build has it

        self._archive = CArchiveReader(str(executable))
        names = {name.replace("\\", "/"): name for name in self._archive.toc}
        modules = next(name for name in names if name.endswith(".pyz"))
        self._names = names
        self._modules = list(self._archive.open_embedded_archive(modules).toc)
        self._owners = {
            str(file): distribution
            for distribution in metadata.distributions()
            for file in distribution.files or ()
            if ".." not in file.parts
        }

    def components(self) -> Iterator[Component]:
        """Python and its packages, the libraries beside them, the packages of the board, PyInstaller's loader."""
        yield _python()
        yield from (_distribution(one) for one in self._distributions())
        for name in sorted(self._names):
            if "/" not in name and re.search(r"(^lib.*\.so|\.dll$|\.dylib$)", name, re.IGNORECASE):
                yield _library(name, self._archive.extract(self._names[name]))
        inside = self._names.get("forge/static/packages.json")
        if inside is None:
            raise SystemExit("The board does not say what it is made of: build it anew with `make ui`.")
        yield from (_npm(package) for package in json.loads(self._archive.extract(inside)))

    def _distributions(self) -> list[metadata.Distribution]:
        names = {"pyinstaller": metadata.distribution("pyinstaller")}  # its loader and start-up scripts
        for path in [*self._names, *self._files_of_modules()]:
            owner = self._owners.get(path)
            if owner is not None:
                names[owner.metadata["Name"].lower()] = owner
        return [names[name] for name in sorted(names)]

    def _files_of_modules(self) -> Iterable[str]:
        for module in self._modules:
            path = module.replace(".", "/")
            yield from (f"{path}.py", f"{path}/__init__.py")


def _python() -> Component:
    version = platform.python_version()
    return {
        "type": "framework", "bom-ref": f"pkg:generic/python@{version}", "name": "CPython", "version": version,
        "purl": f"pkg:generic/python@{version}", "licenses": [{"license": {"id": "PSF-2.0"}}],
    }  # fmt: skip


def _distribution(one: metadata.Distribution) -> Component:
    name, version = re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower(), one.version
    purl = f"pkg:pypi/{name}@{version}"
    classes = [text for text in one.metadata.get_all("Classifier") or () if text.startswith("License :: OSI")]
    said = one.metadata.get("License-Expression") or one.metadata.get("License") or "".join(classes[:1])
    found: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    found.update(_licence(said, expression="License-Expression" in one.metadata))
    inner = list(_inside_wheel(one))
    return {**found, "components": inner} if inner else found


def _inside_wheel(one: metadata.Distribution) -> Iterator[Component]:
    """What the wheel itself says it was built of: crates, OpenSSL."""
    parent = one.metadata["Name"].lower()
    seen = set()
    for file in sorted(str(file) for file in one.files or () if "/sboms/" in str(file)):
        text = one.read_text(Path(file).relative_to(Path(file).parts[0]).as_posix()) or "{}"
        for part in json.loads(text).get("components", ()):
            purl = part.get("purl", "").partition("?")[0]
            if purl and purl not in seen:
                seen.add(purl)
                found = {"type": "library", "bom-ref": f"{parent}/{purl}", "name": part["name"], "purl": purl}
                yield {**found, **{name: part[name] for name in ("version", "licenses") if name in part}}


def _library(name: str, content: bytes) -> Component:
    digest = hashlib.sha256(content).hexdigest()
    found = {"type": "library", "bom-ref": f"file:{name}", "name": name}
    return {**found, **_version_of(name), "hashes": [{"alg": "SHA-256", "content": digest}]}


def _version_of(name: str) -> dict[str, str]:
    """Of those that tell this Python, which they are packed from."""
    import sqlite3  # noqa: PLC0415
    import ssl  # noqa: PLC0415

    told = {"sqlite": sqlite3.sqlite_version, "python": platform.python_version()}
    if match := re.search(r"OpenSSL (\S+)", ssl.OPENSSL_VERSION):
        told |= {"ssl": match[1], "crypto": match[1]}
    kind = re.sub(r"^lib|[-.\d].*$", "", name.lower())
    return {"version": told[kind]} if kind in told else {}


def _npm(package: dict[str, str]) -> Component:
    name, version = package["name"], package["version"]
    purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
    found = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return {**found, **_licence(package.get("license", ""), expression=True)}


def _licence(said: str, *, expression: bool) -> Component:
    """An SPDX expression where one was given; else the first line of what was said instead."""
    if not said:
        return {}
    if expression:
        return {"licenses": [{"expression": said}]}
    return {"licenses": [{"license": {"name": said.rpartition(" :: ")[2].strip().splitlines()[0][:100]}}]}


if __name__ == "__main__":
    print(json.dumps(describe(Path(sys.argv[1]), {"version": "0", "commit": "0", "built": "0"}, 0), indent=1))
