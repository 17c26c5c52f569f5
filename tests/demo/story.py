"""The story that the demo plays; each scene says what it shows, and whether it held."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.markup import escape

from tests.demo.forge import Forge
from tests.demo.visitors import Visitors
from tests.parts import images
from tests.parts.parts import Parts

ENDED = ("succeeded", "failed", "stuck", "cancelled", "superseded")
PATIENCE = 60.0  # seconds for a deploy to begin
CONFIG = """\
proxies:
  caddy: {{kind: caddy, url: {admin}, address: {people}}}
registries:
  demo: {{url: "http://{registry}", interval: 60}}
settings:
  default_proxy: caddy
  free_disk: 0
projects:
  shop:
    image: {registry}/shop
    port: 8080
    proxy: caddy
    health: {{kind: http, path: /healthz, timeout: 6}}
    stages:
      dev: {{pattern: "glob:dev-*", drain: 1}}
      rel: {{pattern: "glob:rel-*", promote_from: dev, drain: 1, bake: 3s}}
"""


class Story:
    """Plays the scenes one after the other; `held` is False once anything did not come as it should."""

    def __init__(self, parts: Parts, forge: Forge, say: Callable[[str], None]) -> None:
        self.held = True
        self._parts, self._forge, self._say = parts, forge, say

    def play(self) -> None:
        self._configure()
        for title, scene in (
            ("shop:dev-1 is pushed; the registry tells Forge", self._first),
            ("dev-1 is promoted to rel", self._promote_first),
            ("dev-2 replaces it while people use it", self._replace),
            ("dev-3 never gets healthy, and is taken back", self._broken),
            ("dev-2 is promoted to rel by its digest, without a second pull", self._promote),
            ("rel is rolled back", self._roll_back),
        ):
            self._say(f"\n[bold]{title}[/bold]")
            scene()

    # ---- scenes

    def _configure(self) -> None:
        caddy, registry = self._parts.caddy, self._parts.registry
        text = CONFIG.format(admin=caddy.admin, people=caddy.url, registry=registry.address)
        for line in self._forge.ask("POST", "/api/config", {"yaml": text, "environment": {}})["differences"]:
            self._say(f"  {line}")
        webhook = self._forge.ask("GET", "/api/settings/webhook")
        registry.restart(notify=webhook["url"])

    def _first(self) -> None:
        deploy = self._push("dev-1", "good")
        self._expect(deploy["status"] == "succeeded" and deploy["actor"] == "webhook", "live, by the registry's word")
        self._expect(self._people_see("dev") == "dev-1", "people see dev-1")

    def _replace(self) -> None:
        visitors = Visitors(self._parts.caddy, "dev-shop.localhost")
        deploy = self._push("dev-2", "good")
        time.sleep(0.5)
        visitors.leave()
        self._expect(deploy["status"] == "succeeded", "dev-2 is live")
        answers = ", ".join(f"{count} by {tag}" for tag, count in sorted(visitors.answers.items()))
        slowest = f"slowest {visitors.slowest * 1000:.0f} ms"
        faults = f"{len(visitors.faults)} of {visitors.asked} requests failed ({answers}; {slowest})"
        self._expect(not visitors.faults and len(visitors.answers) == 2, faults)

    def _broken(self) -> None:
        deploy = self._push("dev-3", "unhealthy")
        self._expect(deploy["status"] == "failed", f"failed: {deploy['failure']}")
        lines = [line["text"] for line in (deploy["last_words"] or {}).get("lines", [])]
        self._expect(bool(lines), "its last words were kept:")
        for line in lines[-4:]:
            self._say(f"      [dim]{escape(line)}[/dim]")
        self._expect(self._people_see("dev") == "dev-2", "people still see dev-2")

    def _promote_first(self) -> None:
        deploy = self._ask_and_watch("/api/projects/shop/stages/rel/promote", {})
        self._expect(deploy["status"] == "succeeded" and self._people_see("rel") == "dev-1", "rel serves dev-1")

    def _promote(self) -> None:
        deploy = self._ask_and_watch("/api/projects/shop/stages/rel/promote", {})
        notes = {step["name"]: step["note"] for step in deploy["steps"]}
        self._expect(notes.get("pull") == "already there", "nothing was pulled")
        self._expect(self._people_see("rel") == "dev-2", "rel serves dev-2")

    def _roll_back(self) -> None:
        deploy = self._ask_and_watch("/api/projects/shop/stages/rel/rollback", {})
        self._expect(deploy["kind"] == "rollback" and self._people_see("rel") == "dev-1", "rel serves dev-1 again")

    # ---- how they are played

    def _push(self, tag: str, kind: str) -> dict[str, Any]:
        """Push a tag and watch what Forge makes of it."""
        events = self._forge.events()
        next(events)  # hello: what happens from now on is seen
        images.push(self._parts.registry, "shop", tag, kind=kind)
        return self._watch(events, lambda deploy: deploy["tag"] == tag)

    def _ask_and_watch(self, path: str, body: object) -> dict[str, Any]:
        events = self._forge.events()
        next(events)
        number = self._forge.ask("POST", path, body)["id"]
        return self._watch(events, lambda deploy: deploy["id"] == number)

    def _watch(self, events: Iterator[dict[str, Any]], ours: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Show each step as it is streamed, until the deploy has ended; the deploy as the API then tells it."""
        number, end = None, time.monotonic() + PATIENCE
        for event in events:
            payload = event["payload"]
            if number is None and time.monotonic() > end:
                raise SystemExit("Forge did not begin a deploy")
            if event["type"] == "deploy_status" and ours(payload):
                number = payload["id"]
                if payload["status"] in ENDED:
                    break
            if event["type"] == "deploy_step" and payload["deploy"] == number and payload["status"] != "running":
                self._step(payload)
        time.sleep(0.1)  # what is written right after its end
        found: dict[str, Any] = self._forge.ask("GET", f"/api/deploys/{number}")
        self._say(f"    deploy #{number} {found['status']} after {found['ended'] - found['started']:.2f} s")
        return found

    def _step(self, step: dict[str, Any]) -> None:
        if step["status"] == "undone":
            self._say(f"    ↩ {step['name']:<26} taken back")
            return
        took = f"{(step['ended'] or step['started']) - step['started']:6.2f} s"
        mark = "[green]✓[/green]" if step["status"] == "done" else "[red]✗[/red]"
        self._say(f"    {mark} {step['name']:<26} {took}  [dim]{escape(step['note'])}[/dim]")

    def _people_see(self, stage: str) -> str:
        """What a fresh request through Caddy is answered with."""
        status, body = self._parts.caddy.get(f"{stage}-shop.localhost")
        return body.strip() if status == 200 else f"{status}"

    def _expect(self, holds: bool, sentence: str) -> None:
        self.held = self.held and holds
        self._say(f"  {'[green]✓[/green]' if holds else '[red]✗ not so:[/red]'} {escape(sentence)}")
