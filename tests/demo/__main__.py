"""`python -m tests.demo [--exit]`: start everything, play the story, stay until Ctrl-C; leave nothing behind."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading

from rich.console import Console

from tests.demo.forge import Forge
from tests.demo.story import Story
from tests.parts.engine import Engine, ExistingEngine
from tests.parts.parts import Parts
from tests.parts.process import PartMissing

console = Console(highlight=False, soft_wrap=True)


def main(*, stay: bool) -> int:
    """0 if all of the story held."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with Parts(use_existing_engine=True) as parts:
        console.print(f"Docker   {parts.engine.url}")
        console.print(f"Registry {parts.registry.address}")
        console.print(f"Caddy    {parts.caddy.url}")
        forge = Forge(parts.folder / "forge", parts.engine.url)
        console.print(f"Forge    {forge.url}")
        try:
            story = Story(parts, forge, console.print)
            story.play()
            console.print("\nAll of the story held." if story.held else "\n[red]Not all of the story held.[/red]")
            if stay:
                console.print(
                    f"\nLook around: {forge.link()}\nAn instance: http://dev-shop.localhost:{parts.caddy.port}"
                )
                console.print("Ctrl-C ends everything and leaves nothing behind.")
                threading.Event().wait()
        finally:
            forge.stop()
            tidy(parts.engine, parts.registry.address)
    return 0 if story.held else 1


def tidy(engine: Engine | ExistingEngine, registry: str) -> None:
    """Remove what came from our registry or belongs to a Forge that ran it, and nothing else."""
    with contextlib.closing(engine.client()) as client:
        ours = [c for c in client.containers.list(all=True) if c.attrs["Config"]["Image"].startswith(f"{registry}/")]
        homes = {container.labels["forge.home"] for container in ours if "forge.home" in container.labels}
        for container in ours:
            container.remove(force=True, v=True)
        for home in homes:
            for network in client.networks.list(filters={"label": f"forge.home={home}"}):
                network.remove()
        for image in client.images.list():
            for name in image.attrs.get("RepoDigests") or []:
                if name.startswith(f"{registry}/"):
                    client.images.remove(name, force=True)


if __name__ == "__main__":
    to_stay = "--exit" not in sys.argv[1:]
    try:
        sys.exit(main(stay=to_stay))
    except PartMissing as missing:
        console.print(f"[red]{missing}[/red]")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(0 if to_stay else 130)
