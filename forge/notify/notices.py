"""What of all that happens is worth a message, and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from forge.domain.events import Event
from forge.domain.notification import Notice, NoticeLevel, Occasion

SETTLE = 15.0  # seconds a trouble that may pass by itself is waited out

_DEPLOY_FACTS = ("id", "tag", "digest", "kind", "status", "actor", "failed_step", "failure")
_INSTANCE_FACTS = ("id", "tag", "digest", "status", "exit_code", "out_of_memory", "restarts")
_PAGES = {"registry": "/registries", "proxy": "/proxies", "engine": "/engines"}
_TROUBLED = {"unhealthy": "is unhealthy", "stopped": "has stopped", "missing": "is gone"}


def notice_of(event: Event) -> Notice | None:
    """What to tell of an event; None for most of them."""
    tell = _TELLERS.get(event.type)
    return tell(event) if tell else None


def _deploy(event: Event) -> Notice | None:
    deploy, place = event.payload, f"{event.project}/{event.stage}"
    said = _DEPLOYED.get(deploy["status"])
    if said is None:
        return None
    occasion, level, title = said
    if occasion is Occasion.DEPLOY_SUCCEEDED and deploy["kind"] == "rollback":
        occasion, title = Occasion.ROLLED_BACK, "rolled back to {tag}"
    left = "What served before still serves." if deploy["replaces"] else "Nothing serves there: it was the first."
    lines = [
        _sentence(deploy["failure"]),
        left if occasion is Occasion.DEPLOY_FAILED else "",
        "Taking back failed too: somebody must look." if occasion is Occasion.DEPLOY_STUCK else "",
        f"Deploy #{deploy['id']}, {_image(deploy)}, asked for by {deploy['actor']}.",
    ]
    return Notice(
        occasion=occasion, level=level, subject=f"deploy/{deploy['id']}", at=event.at, project=event.project,
        stage=event.stage, title=f"{place}: {title.format(tag=deploy['tag'])}", text=_text(lines),
        path=f"/deploys/{deploy['id']}", facts={"deploy": _some(deploy, _DEPLOY_FACTS)},
    )  # fmt: skip


_DEPLOYED = {
    "succeeded": (Occasion.DEPLOY_SUCCEEDED, NoticeLevel.GOOD, "{tag} is live"),
    "failed": (Occasion.DEPLOY_FAILED, NoticeLevel.BAD, "{tag} failed and was taken back"),
    "stuck": (Occasion.DEPLOY_STUCK, NoticeLevel.BAD, "{tag} is stuck"),
}


def _instance(event: Event) -> Notice | None:
    """Only of one that serves and should run: what a deploy or a person does to others is no trouble."""
    instance, place = event.payload, f"{event.project}/{event.stage}"
    if not instance["serving"] or not instance["wanted"]:
        return None
    trouble = _TROUBLED.get(instance["status"])
    if trouble is None and instance["status"] != "running":
        return None
    lines = [_why_ended(instance), f"Instance {instance['id']}, {_image(instance)}."]
    return Notice(
        occasion=Occasion.INSTANCE, level=NoticeLevel.BAD if trouble else NoticeLevel.GOOD, at=event.at,
        project=event.project, stage=event.stage, subject=f"instance/{place}/{instance['slot']}{_of_several(instance)}",
        recovery=trouble is None, settle=SETTLE,
        title=f"{place}: {instance['tag']} {trouble or 'runs well again'}", text=_text(lines),
        path=f"/projects/{event.project}", facts={"instance": _some(instance, _INSTANCE_FACTS)},
    )  # fmt: skip


def _of_several(instance: Mapping[str, Any]) -> str:
    """Each replica has a trouble of its own; events of before there were several do not say."""
    number = instance.get("replica", 1)
    return f"/{number}" if number > 1 else ""


def _why_ended(instance: Mapping[str, Any]) -> str:
    if instance["out_of_memory"]:
        return "It was killed for want of memory."
    if instance["status"] == "stopped" and instance["exit_code"] is not None:
        return f"It ended with exit code {instance['exit_code']}."
    return ""


def _part(event: Event) -> Notice | None:
    part = event.payload
    if part["change"] not in {"down", "back"}:
        return None
    back = part["change"] == "back"
    return Notice(
        occasion=Occasion.PART, level=NoticeLevel.GOOD if back else NoticeLevel.WARNING, at=event.at, settle=SETTLE,
        recovery=back, subject=f"part/{part['kind']}/{part['name']}", path=_PAGES.get(part["kind"], "/"),
        title=f"The {part['kind']} {part['name']} {'answers again' if back else 'does not answer'}",
        text=_sentence(part.get("text")), facts={"part": _some(part, ("kind", "name", "change"))},
    )  # fmt: skip


def _sighting(event: Event) -> Notice | None:
    sighting, place = event.payload, f"{event.project}/{event.stage}"
    if sighting["decision"] != "waiting":
        return None
    return Notice(
        occasion=Occasion.WAITING, level=NoticeLevel.INFO, at=event.at, project=event.project, stage=event.stage,
        subject=f"waiting/{place}", title=f"{place}: {sighting['tag']} waits for a person",
        text=_text([_sentence(sighting["reason"]), f"Seen by the {sighting['source']}, {_image(sighting)}."]),
        path=f"/sightings?project={event.project}&stage={event.stage}",
        facts={"sighting": _some(sighting, ("id", "tag", "digest", "reason"))},
    )  # fmt: skip


def _backup(event: Event) -> Notice | None:
    """Only of the daily ones: who takes one by hand sees how it goes."""
    backup = event.payload
    if backup["kind"] != "daily" or backup["change"] not in {"made", "failed"}:
        return None
    made = backup["change"] == "made"
    return Notice(
        occasion=Occasion.BACKUP, level=NoticeLevel.GOOD if made else NoticeLevel.BAD, at=event.at, recovery=made,
        subject="backup", title="The daily backup is made again" if made else "The daily backup could not be made",
        text=_sentence(backup["text"]), path="/settings/backup",
        facts={"backup": _some(backup, ("name", "change"))},
    )  # fmt: skip


def _receipt(event: Event) -> Notice | None:
    receipt = event.payload
    if receipt["decision"] not in {"refused", "invalid"}:
        return None
    return Notice(
        occasion=Occasion.DELIVERY_REFUSED, level=NoticeLevel.WARNING, at=event.at, subject="delivery",
        title="A webhook delivery was refused", text=_sentence(receipt["reason"]),
        path=f"/sightings?view=deliveries&open={receipt['id']}",
        facts={"receipt": _some(receipt, ("id", "vendor", "decision", "signature", "reason"))},
    )  # fmt: skip


_TELLERS: Mapping[str, Callable[[Event], Notice | None]] = {
    "deploy_status": _deploy,
    "instance_status": _instance,
    "connection_changed": _part,
    "sighting": _sighting,
    "receipt": _receipt,
    "backup": _backup,
}
TYPES = tuple(_TELLERS)


def _some(payload: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: payload.get(name) for name in names}


def _image(payload: Mapping[str, Any]) -> str:
    """The tag, and as much of the digest as people compare."""
    digest = payload["digest"].removeprefix("sha256:")[:12]
    return f"{payload['tag']} ({digest})" if digest else f"{payload['tag']}"


def _sentence(text: str | None) -> str:
    said = (text or "").strip()
    return said if not said or said[-1] in ".!?" else f"{said}."


def _text(lines: list[str]) -> str:
    return "\n".join(line for line in lines if line)
