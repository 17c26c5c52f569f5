"""What vendors send: who sent a delivery, and which images it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from forge import typed
from forge.domain.errors import Invalid
from forge.domain.image import Image, is_digest, parse_image

MOST_IMAGES = 100
DISTRIBUTION_TYPE = "application/vnd.docker.distribution.events.v1+json"
UNDERSTOOD = (
    '{"image": "registry/org/app:tag"}, notifications of a Distribution registry, and webhooks of Docker Hub, '
    "GitHub (package, registry_package), Gitea (package), Harbor and Quay"
)
_HARBOR_PUSH = frozenset({"PUSH_ARTIFACT", "pushImage", "harbor.artifact.pushed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`images` carry a tag or, only from Forge's own shape, just a digest. `event` is what the vendor calls it;
    `ping` is a vendor's test. No images: there is nothing to look at. `digests`: image, as text → what its tag means
    by the vendor's word, where it says so (Docker Hub, Gitea and Quay do not).
    """

    vendor: str
    images: tuple[Image, ...]
    event: str
    digests: Mapping[str, str] = field(default_factory=dict)


def read(headers: Mapping[str, str], body: Any) -> Delivery:
    """Who sent `body` (JSON, decoded), and which images it names.

    Raise Invalid: code `malformed_delivery` if a vendor is recognised and the rest does not fit,
    `unknown_delivery` if nobody is.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    for vendor, recognises, parse in _VENDORS:
        if recognises(lowered, body):
            return _parse(vendor, parse, lowered, body)
    raise Invalid(f"Forge does not know this kind of delivery. It understands {UNDERSTOOD}.", code="unknown_delivery")


Parser = Callable[[Mapping[str, str], Any], tuple[str, Iterable[Image]]]


def _parse(vendor: str, parse: Parser, headers: Mapping[str, str], body: Any) -> Delivery:
    try:
        event, images = parse(headers, body)
        named = {_bare(image): image.digest for image in images}  # the last word on a tag counts
    except (msgspec.ValidationError, Invalid) as error:
        raise Invalid(
            f"This is a delivery of {_SAID[vendor]}, but it is not as it should be: {error}", code="malformed_delivery"
        ) from error
    if len(named) > MOST_IMAGES:
        raise Invalid(
            f"This delivery names {len(named)} images: send at most {MOST_IMAGES} at once", code="malformed_delivery"
        )
    digests = {str(image): digest for image, digest in named.items() if digest and image.tag}
    return Delivery(vendor=vendor, images=tuple(named), event=event, digests=digests)


def _bare(image: Image) -> Image:
    return replace(image, digest=None) if image.tag else image


# ---- Forge's own


class _Own(msgspec.Struct):
    image: str | None = None
    images: list[str] = []


def _own(_: Mapping[str, str], body: Any) -> tuple[str, Iterable[Image]]:
    own = typed.convert(body, _Own)
    texts = [*([own.image] if own.image is not None else []), *own.images]
    images = [parse_image(text) for text in texts]
    if not images:
        raise Invalid("it names no image")
    for image in images:
        if image.tag is None and image.digest is None:
            raise Invalid(f"{image} has no tag: write it as {image.name}:TAG")
    return "push", images


# ---- Distribution (distribution.github.io/distribution/about/notifications)


class _Target(msgspec.Struct):
    repository: str = ""
    tag: str = ""
    digest: str = ""
    url: str = ""


class _Request(msgspec.Struct):
    host: str = ""


class _Event(msgspec.Struct):
    action: str
    target: _Target
    request: _Request = msgspec.field(default_factory=_Request)


class _Envelope(msgspec.Struct):
    events: list[_Event]


def _distribution(_: Mapping[str, str], body: Any) -> tuple[str, Iterable[Image]]:
    """Blobs and manifests pushed by digest have no tag: nothing to look at."""
    events = typed.convert(body, _Envelope).events
    pushed = [event for event in events if event.action == "push" and event.target.tag]
    actions = sorted({event.action for event in events})
    return ", ".join(actions) or "nothing", [
        _image(event.request.host or _host(target.url), target.repository, target.tag, target.digest)
        for event in pushed
        for target in [event.target]
    ]


# ---- Docker Hub (docs.docker.com/docker-hub/repos/manage/webhooks)


class _PushData(msgspec.Struct):
    tag: str


class _HubRepository(msgspec.Struct):
    repo_name: str


class _Hub(msgspec.Struct):
    push_data: _PushData
    repository: _HubRepository


def _docker_hub(_: Mapping[str, str], body: Any) -> tuple[str, Iterable[Image]]:
    hub = typed.convert(body, _Hub)
    return "push", [_image("docker.io", hub.repository.repo_name, hub.push_data.tag)]


# ---- GitHub (docs.github.com/webhooks/webhook-events-and-payloads#package, #registry_package)


class _Tag(msgspec.Struct):
    name: str = ""
    digest: str = ""


class _ContainerMetadata(msgspec.Struct):
    tag: _Tag | None = None


class _PackageVersion(msgspec.Struct):
    container_metadata: _ContainerMetadata | None = None
    package_url: str = ""


class _Owner(msgspec.Struct):
    login: str = ""
    username: str = ""


class _GithubPackage(msgspec.Struct):
    name: str
    namespace: str = ""
    package_type: str = ""
    owner: _Owner = msgspec.field(default_factory=_Owner)
    package_version: _PackageVersion | None = None


class _Github(msgspec.Struct):
    action: str
    package: _GithubPackage | None = None
    registry_package: _GithubPackage | None = None


def _github(headers: Mapping[str, str], body: Any) -> tuple[str, Iterable[Image]]:
    """The tag's name is empty for manifests pushed without one (the parts of a multi-platform image)."""
    event = headers["x-github-event"]
    if event not in {"package", "registry_package"}:
        return event, []
    github = typed.convert(body, _Github)
    package = github.package or github.registry_package
    if package is None:
        raise Invalid("it has neither “package” nor “registry_package”")
    version = package.package_version
    metadata = version.container_metadata if version else None
    if github.action == "deleted" or metadata is None:
        if package.package_type.lower() == "container" and github.action != "deleted":
            raise Invalid("package_version.container_metadata is missing")
        return f"{event} {github.action}", []
    if metadata.tag is None or not metadata.tag.name:
        return f"{event} {github.action} without a tag", []
    host, path = _github_name(package, version.package_url if version else "")
    return f"{event} {github.action}", [_image(host, path.lower(), metadata.tag.name, metadata.tag.digest)]


def _github_name(package: _GithubPackage, url: str) -> tuple[str, str]:
    """package_url is `ghcr.io/Org/app:tag` (an Enterprise Server has a host of its own), where it is there."""
    host, slash, rest = url.partition("/")
    if slash and "." in host:
        return host, rest.partition(":")[0].partition("@")[0]
    return "ghcr.io", f"{package.namespace or package.owner.login}/{package.name}"


# ---- Gitea and Forgejo (modules/structs: PackagePayload, Package)


class _Linked(msgspec.Struct):
    html_url: str = ""


class _GiteaPackage(msgspec.Struct):
    type: str
    name: str
    version: str
    owner: _Owner
    html_url: str = ""


class _Gitea(msgspec.Struct):
    action: str
    package: _GiteaPackage
    repository: _Linked | None = None


def _gitea(headers: Mapping[str, str], body: Any) -> tuple[str, Iterable[Image]]:
    """A version that is a digest is a manifest without a tag."""
    event = headers.get("x-gitea-event") or headers.get("x-forgejo-event", "")
    if event != "package":
        return event, []
    gitea = typed.convert(body, _Gitea)
    package = gitea.package
    if gitea.action != "created" or package.type != "container":
        return f"package {package.type} {gitea.action}", []
    if package.version.startswith("sha256:"):
        return "package created without a tag", []
    linked = gitea.repository.html_url if gitea.repository else ""
    owner = package.owner.username or package.owner.login
    return "package created", [
        _image(_host(package.html_url or linked), f"{owner}/{package.name}".lower(), package.version)
    ]


# ---- Harbor (goharbor.io: Configure Webhook Notifications; both payload formats)


class _Resource(msgspec.Struct):
    resource_url: str
    tag: str = ""
    digest: str = ""


class _EventData(msgspec.Struct):
    resources: list[_Resource]


class _Harbor(msgspec.Struct):
    type: str
    event_data: _EventData | None = None
    data: _EventData | None = None


def _harbor(_: Mapping[str, str], body: Any) -> tuple[str, Iterable[Image]]:
    if body["type"] not in _HARBOR_PUSH:
        return str(body["type"]), []
    harbor = typed.convert(body, _Harbor)
    data = harbor.event_data or harbor.data
    if data is None:
        raise Invalid("event_data is missing")
    return harbor.type, [
        _with_digest(parse_image(resource.resource_url), resource.digest)
        for resource in data.resources
        if not is_digest(resource.tag) and "@" not in resource.resource_url
    ]


# ---- Quay (docs.quay.io/guides/notifications); long ago updated_tags was an object of tag: image


class _Quay(msgspec.Struct):
    docker_url: str
    updated_tags: list[str] | dict[str, str]


def _quay(_: Mapping[str, str], body: Any) -> tuple[str, Iterable[Image]]:
    if "updated_tags" not in body and ("build_id" in body or "vulnerability" in body):
        return "build" if "build_id" in body else "vulnerability", []
    quay = typed.convert(body, _Quay)
    host, _slash, path = quay.docker_url.partition("/")
    return "repo_push", [_image(host, path, tag) for tag in quay.updated_tags]


# ---- who is who


def _has(*names: str) -> Callable[[Mapping[str, str], Any], bool]:
    return lambda _, body: isinstance(body, dict) and any(name in body for name in names)


def _is_harbor(_: Mapping[str, str], body: Any) -> bool:
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        return False
    return "event_data" in body or body["type"] in _HARBOR_PUSH or body["type"].startswith("harbor.")


def _is_distribution(headers: Mapping[str, str], body: Any) -> bool:
    return headers.get("content-type", "").startswith(DISTRIBUTION_TYPE) or _has("events")({}, body)


# Gitea and Forgejo send GitHub's headers too: they come first.
_VENDORS: tuple[tuple[str, Callable[[Mapping[str, str], Any], bool], Parser], ...] = (
    ("gitea", lambda headers, _: "x-gitea-event" in headers or "x-forgejo-event" in headers, _gitea),
    ("github", lambda headers, _: "x-github-event" in headers, _github),
    ("distribution", _is_distribution, _distribution),
    ("docker_hub", _has("push_data"), _docker_hub),
    ("harbor", _is_harbor, _harbor),
    ("quay", _has("docker_url", "updated_tags"), _quay),
    ("forge", _has("image", "images"), _own),
)
_SAID = {
    "forge": "Forge's own shape",
    "distribution": "a Distribution registry",
    "docker_hub": "Docker Hub",
    "github": "GitHub",
    "gitea": "Gitea",
    "harbor": "Harbor",
    "quay": "Quay",
}


def _image(host: str, path: str, tag: str, digest: str = "") -> Image:
    """An image at `host`; a bare host name gets a port, without which it could not stand in an image's name."""
    if not host:
        raise Invalid("it does not say which registry it is about")
    named = host if set(".:") & set(host) or host == "localhost" else f"{host}:443"
    return _with_digest(parse_image(f"{named}/{path}:{tag}"), digest)


def _with_digest(image: Image, digest: str) -> Image:
    """`image` with what a vendor says that it means, if that is a digest."""
    return replace(image, digest=digest) if is_digest(digest) else image


def _host(url: str) -> str:
    """host[:port] of a URL; a port of the scheme is added to a bare name."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{host}:80" if parts.scheme == "http" and host and not set(".:") & set(host) else host
