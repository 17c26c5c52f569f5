"""What NPM keeps: users, tokens, proxy hosts, certificates and access lists, as it shows them."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from tests.npm.checking import BOOLEANS
from tests.npm.releases import Release

DAY = 86400.0
AREAS = ("proxy_hosts", "redirection_hosts", "dead_hosts", "streams", "access_lists", "certificates")
Row = dict[str, Any]


def stamp(at: float) -> str:
    """A time as SQLite has it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


@dataclass
class User:
    """`permissions` by area; `token_life` in seconds."""

    id: int
    email: str
    password: str
    name: str
    nickname: str
    roles: list[str]
    permissions: dict[str, str]
    second_factor: bool = False


@dataclass
class Rows:
    """`token_life` in seconds."""

    release: Release
    token_life: float = DAY
    users: list[User] = field(default_factory=list)
    tokens: dict[str, tuple[int, float]] = field(default_factory=dict)
    hosts: dict[int, Row] = field(default_factory=dict)
    certificates: dict[int, Row] = field(default_factory=dict)
    access_lists: dict[int, Row] = field(default_factory=dict)
    other_names: set[str] = field(default_factory=set)  # of redirection and 404 hosts
    _ids: dict[str, itertools.count[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.release.has_wizard:
            self.add_user("admin@example.com", "changeme", name="Administrator", nickname="Admin", roles=["admin"])

    def next_id(self, what: str) -> int:
        return next(self._ids.setdefault(what, itertools.count(1)))

    # ---- users

    def add_user(self, email: str, password: str, *, name: str, nickname: str, roles: list[str]) -> User:
        first = "admin" in roles
        permissions = {"visibility": "all" if first else "user"} | dict.fromkeys(AREAS, "manage")
        user = User(self.next_id("user"), email, password, name, nickname, roles, permissions)
        self.users.append(user)
        return user

    def user_row(self, user: User, *, permissions: bool = False) -> Row:
        now = stamp(0)
        row = {
            "id": user.id, "created_on": now, "modified_on": now, "is_disabled": self.flag(False), "email": user.email,
            "name": user.name, "nickname": user.nickname, "avatar": "", "roles": user.roles,
        }  # fmt: skip
        return row | ({"permissions": user.permissions} if permissions else {})

    def give_token(self, user: User, life: float | None = None) -> Row:
        token = secrets.token_urlsafe(40)
        until = time.time() + (self.token_life if life is None else life)
        self.tokens[token] = user.id, until
        return {"token": token, "expires": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(until))}

    def user(self, id: int) -> User:
        return next(user for user in self.users if user.id == id)

    # ---- hosts

    def add_host(self, owner: int, body: Row) -> Row:
        now = stamp(time.time())
        row = {
            "id": self.next_id("host"), "created_on": now, "modified_on": now, "owner_user_id": owner,
            "domain_names": [], "forward_host": "", "forward_port": 0, "access_list_id": 0, "certificate_id": 0,
            "ssl_forced": False, "caching_enabled": False, "block_exploits": False, "advanced_config": "", "meta": {},
            "allow_websocket_upgrade": False, "http2_support": False, "forward_scheme": "http", "enabled": True,
            "locations": None, "hsts_enabled": False, "hsts_subdomains": False,
        }  # fmt: skip
        if self.release.since(2, 14):
            row["trust_forwarded_proto"] = False
        self.hosts[row["id"]] = row
        self.change_host(row, body)
        return row

    def change_host(self, row: Row, body: Row) -> None:
        """What a PUT does to the row, with the clean-up that it skips where it reads the 0 as a text."""
        server = {name: value for name, value in row["meta"].items() if name.startswith("nginx_")}
        row |= body | {"modified_on": stamp(time.time())}
        row["domain_names"] = sorted(row["domain_names"])
        row["forward_port"] = int(row["forward_port"])
        if "meta" in body:
            row["meta"] = {**body["meta"], **server}
        skipped = self.release.booleans and body.get("certificate_id") == 0
        if not row["certificate_id"] and not skipped:
            row |= {"ssl_forced": False, "http2_support": False}
        if not row["ssl_forced"]:
            row["hsts_enabled"] = False
        if not row["hsts_enabled"]:
            row["hsts_subdomains"] = False

    def taken(self, names: list[str], but: int = 0) -> str:
        """The first of `names` that is in use."""
        used = {n.lower() for row in self.hosts.values() if row["id"] != but for n in row["domain_names"]}
        return next((name for name in names if name.lower() in used | self.other_names), "")

    def host_row(self, row: Row, *, expanded: bool = False, first: bool = False) -> Row:
        """As it is shown; `first` as POST does, which does not know yet what nginx says."""
        shown = {name: self.flag(value) if name in BOOLEANS else value for name, value in row.items()}
        if first:
            shown["meta"] = {name: value for name, value in row["meta"].items() if not name.startswith("nginx_")}
        if not expanded:
            return shown
        if not self.release.booleans and row["locations"] is None:
            del shown["locations"]
        access = self.access_lists.get(row["access_list_id"])
        secret = {**access, "items": access["secret_items"]} if access else None  # in clear, as NPM does
        shown |= {"certificate": self.certificates.get(row["certificate_id"]), "access_list": secret}
        return shown | {"owner": self.user_row(self.user(row["owner_user_id"]))}

    def flag(self, value: Any) -> Any:
        return bool(value) if self.release.booleans else int(bool(value))
