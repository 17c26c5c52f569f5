"""`python -m tests.npm [RELEASE]`: the stand-in over a real nginx, until Ctrl-C; for trying things out by hand."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from pathlib import Path

from tests.npm.carrying import Carrying
from tests.npm.releases import RECORDED
from tests.npm.server import Npm
from tests.parts.nginx import Nginx


def main(wanted: str) -> None:
    """Run the recorded release `wanted`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    release = next(one for one in RECORDED if str(one) == wanted)
    with tempfile.TemporaryDirectory() as folder:
        nginx = Nginx(Path(folder))
        nginx.start()
        npm = Npm(release, Carrying(nginx))
        if release.has_wizard:
            npm.rows.add_user("admin@example.com", "changeme", name="Admin", nickname="Admin", roles=["admin"])
        print(f"NPM {release} at {npm.url} (admin@example.com, changeme), for people at {nginx.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            npm.close()
            nginx.stop()


main(sys.argv[1] if len(sys.argv) > 1 else str(RECORDED[-1]))
