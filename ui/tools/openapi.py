"""Print what Forge's HTTP API says of itself: a Forge is put together on an empty folder, and asked."""

# ruff: noqa: INP001 a tool of the UI, no package
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from forge.api.app import make_app
from forge.api.openapi import describe
from forge.compose import compose
from forge.settings import Settings

with tempfile.TemporaryDirectory() as folder:
    runtime = compose(Settings(data=Path(folder)))
    try:
        document = describe(make_app(runtime))
    finally:
        runtime.close()
document["info"]["version"] = "0"  # a new version of Forge alone is no change of the contract
json.dump(document, sys.stdout, indent=1, ensure_ascii=False, sort_keys=True)
sys.stdout.write("\n")
