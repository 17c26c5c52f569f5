"""Sign-in at a provider of OpenID Connect: where it is, and what the groups it knows may here."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from forge.domain.connection import check_authorities
from forge.domain.errors import Invalid
from forge.domain.person import Role, check_person, role_of

_TEXT = 200  # characters
_GROUPS = 200  # that can be mapped
_SHORTEST, _LONGEST = 300.0, 30 * 86400.0  # seconds
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,80}")
_CLAIM = re.compile(r"[A-Za-z0-9_.:/-]{1,120}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What the people of a group may: `role` is its word, `projects` those they see, None: all."""

    group: str
    role: str
    projects: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.group.strip() or len(self.group) > _TEXT or not self.group.isprintable():
            raise Invalid("A group is named as the provider names it", fields={"groups": "a group needs its name"})
        if role_of(self.role) is Role.ADMIN and self.projects is not None:
            raise Invalid("An admin sees all projects: leave them out", fields={"groups": "no projects for an admin"})


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may, by their groups."""

    role: Role
    projects: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """A provider. `name_claim` says what people are called here, `groups_claim` (a.b: b within a) which groups they
    are in. `others` is the role of who is in no group that is mapped; "": they are refused. The client's secret is in
    the vault. Who signed in there has to do so again after `session_lasts` seconds. `ca`: certificates of authorities
    (PEM text) that are trusted beside the usual ones.
    """

    issuer: str
    client_id: str
    label: str = "Sign in with OpenID Connect"
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    groups: tuple[Group, ...] = ()
    others: str = ""
    session_lasts: float = 86400.0
    ca: str | None = None

    def __post_init__(self) -> None:
        """Raise Invalid with the field at fault."""
        check_issuer(self.issuer)
        for field, value in (("client_id", self.client_id), ("label", self.label)):
            if not value.strip() or len(value) > _TEXT or not value.isprintable():
                raise Invalid(f"{field} has 1 to {_TEXT} characters", fields={field: f"1 to {_TEXT} characters"})
        if "openid" not in self.scopes or not all(_SCOPE.fullmatch(scope) for scope in self.scopes):
            raise Invalid("The scopes are words, and openid is one of them", fields={"scopes": "openid must be there"})
        for field, claim in (("name_claim", self.name_claim), ("groups_claim", self.groups_claim)):
            if not _CLAIM.fullmatch(claim):
                raise Invalid(f"“{claim[:60]}” is no name of a claim", fields={field: "such as preferred_username"})
        if not _SHORTEST <= self.session_lasts <= _LONGEST:
            raise Invalid(
                "A session lasts 5 minutes to 30 days", fields={"session_lasts": "5 minutes to 30 days (86400: a day)"}
            )
        self._check_groups()
        if self.ca is not None:
            check_authorities(self.ca)

    def rights(self, groups: Collection[str]) -> Rights | None:
        """What who is in `groups` may: the highest role counts, with the projects that groups of this role see; None:
        they are refused.
        """
        found = [group for group in self.groups if group.group in groups]
        if not found:
            return Rights(role_of(self.others), None) if self.others else None
        role = max(role_of(group.role) for group in found)
        seen = [group.projects for group in found if role_of(group.role) is role]
        if any(projects is None for projects in seen):
            return Rights(role, None)
        return Rights(role, frozenset(name for projects in seen for name in projects or ()))

    def check_projects(self, known: Collection[str]) -> None:
        """Raise Invalid if a group sees a project that is not among the known ones."""
        named = {name for group in self.groups for name in group.projects or ()}
        if missing := sorted(named - set(known)):
            sentence = f"There is no project {missing[0][:60]}"
            raise Invalid(sentence, fields={"groups": sentence})

    def _check_groups(self) -> None:
        names = [group.group for group in self.groups]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise Invalid(f"The group {twice[0]} stands there twice", fields={"groups": "each group once"})
        if len(names) > _GROUPS:
            raise Invalid(f"At most {_GROUPS} groups can be mapped", fields={"groups": f"at most {_GROUPS}"})
        if self.others:
            role_of(self.others)
        if self.others == "admin":
            raise Invalid(
                "Whoever is in no group cannot be an admin: map a group to that role",
                fields={"others": "viewer or deployer"},
            )


def check_issuer(issuer: str) -> None:
    """Raise Invalid unless `issuer` is an https address without a login, query or fragment; http on this machine."""
    wrong = Invalid(
        f"“{issuer[:120]}” is no issuer: write it as the provider does, such as https://id.example.org/realms/main",
        fields={"issuer": "https://host/path, as the provider says"},
    )
    try:
        parts = urlsplit(issuer)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        raise wrong from None
    clean = not (parts.query or parts.fragment or "@" in parts.netloc or "?" in issuer or "#" in issuer)
    if not (
        clean and port_is_one and parts.hostname and issuer.isascii() and not re.search(r"[\s\x00-\x1f\\]", issuer)
    ):
        raise wrong
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
        raise Invalid(
            "A provider is asked by https:// only, unless it is on this machine", fields={"issuer": "https://"}
        )


def name_of(claim: object) -> str:
    """What somebody is called here, made of what their provider calls them. Raise Invalid if that is nothing."""
    said = unicodedata.normalize("NFKD", claim if isinstance(claim, str) else "").encode("ascii", "ignore").decode()
    return check_person(re.sub(r"[^a-z0-9._@+-]+", "-", said.strip().lower())[:64].strip("._@+-"))


def groups_in(claims: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """The groups that the claim `name` lists, None if there is no such claim."""
    found = claim_in(claims, name)
    if found is None:
        return None
    if isinstance(found, str):
        return (found,)
    if isinstance(found, Mapping):  # some list them as keys, with what is known of each
        return tuple(found)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def claim_in(claims: Mapping[str, Any], name: str) -> object:
    """The claim `name`, else what `a.b` finds within `a`; None if there is none."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
