"""The stand-in itself: NPM's API over HTTP, and what goes wrong in it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.npm.carrying import Carrying
from tests.npm.checking import certificate_fault, host_fault
from tests.npm.releases import Release
from tests.npm.rows import Row, Rows, User, stamp
from tests.small_server import Asked, SmallServer, Told

RESTART = 0.4  # seconds that the backend is away after a crash; NPM's takes about one


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, error: dict[str, Any] | None = None, **beside: Any) -> None:
        super().__init__(error)
        self.status, self.body = status, {"error": error, **beside}


class Crashed(Exception):
    """The backend ends."""


@dataclass
class Troubles:
    """What goes wrong next. `create`: a POST leaves its row behind and answers 500. `put`: so does a PUT.
    `certbot`: asking for a certificate fails. `away`: unix seconds until which the backend is not there.
    """

    create: int = 0
    put: int = 0
    certbot: bool = False
    away: float = 0


@dataclass
class Npm:
    """NPM in a thread, at `url`; `carrying` is the nginx under it, if there is one."""

    release: Release
    carrying: Carrying | None = None
    troubles: Troubles = field(default_factory=Troubles)

    def __post_init__(self) -> None:
        self.rows = Rows(self.release)
        self.asked: list[tuple[str, str, Any]] = []
        self._lock = threading.Lock()
        self._server = SmallServer(self._answer)
        self.url = self._server.url

    def close(self) -> None:
        self._server.close()

    # ---- over the wire

    def _answer(self, asked: Asked) -> Told:
        if self.troubles.away > time.time():
            return _nobody_behind()
        with self._lock:
            try:
                status, body = self._route(asked)
            except Refused as refused:
                status, body = refused.status, refused.body
            except Crashed:
                self.troubles.away = time.time() + RESTART
                return _nobody_behind()
        headers = {"Content-Type": "application/json; charset=utf-8", "Connection": "close"}
        return Told(status, json.dumps(body).encode(), headers)

    def _route(self, asked: Asked) -> tuple[int, Any]:
        parts = urlsplit(asked.path)
        path = parts.path.removeprefix("/api").rstrip("/") or "/"
        query = dict(parse_qsl(parts.query))
        body = self._body(asked)
        self.asked.append((asked.method, path, body))
        if path == "/":
            return 200, self._health()
        if path == "/tokens":
            return self._tokens(asked, query, body)
        if path == "/users" and asked.method == "POST" and not self.rows.users:
            return 201, self._add_user(body)
        _, first, *rest = path.split("/")
        area = {"users": self._users, "settings": self._settings}.get(first)
        if first == "nginx" and rest and rest[0] in {"proxy-hosts", "certificates", "access-lists"}:
            area = {
                "proxy-hosts": self._hosts, "certificates": self._certificates, "access-lists": self._access_lists,
            }[rest.pop(0)]  # fmt: skip
        if area is None:
            raise Refused(404, self.release.not_found(path))
        return area(asked.method, path, rest, body, query, self._who(asked))

    def _body(self, asked: Asked) -> Any:
        try:
            return json.loads(asked.body) if asked.body else {}
        except ValueError:
            raise Refused(400, {"code": 400, "message": "Internal Error"}) from None

    def _health(self) -> Row:
        version = {"major": self.release.major, "minor": self.release.minor, "revision": self.release.revision}
        setup = {"setup": bool(self.rows.users)} if self.release.has_wizard else {}
        return {"status": "OK", **setup, "version": version}

    # ---- who asks

    def _who(self, asked: Asked) -> User | None:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            return None
        if token not in self.rows.tokens:
            raise Refused(500, self.release.internal())
        whose, until = self.rows.tokens[token]
        if until <= time.time():
            raise Refused(self.release.auth, self.release.expired())
        return self.rows.user(whose)

    def _tokens(self, asked: Asked, query: Row, body: Row) -> tuple[int, Any]:
        if asked.method == "GET":
            user = self._who(asked)
            if user is None:
                raise (
                    Refused(500, self.release.internal())
                    if self.release.since(2, 13)
                    else Refused(400, {"code": 400, "message": "Internal Error"})
                )
            return 200, self.rows.give_token(user, float(query["expiry"][:-1]) if "expiry" in query else None)
        must = "must" if self.release.since(2, 12) else "should"
        if "secret" not in body:
            raise Refused(400, {"code": 400, "message": f"data {must} have required property 'secret'"})
        if self.release.since(2, 12) and set(body) - {"identity", "secret", "scope"}:
            raise Refused(400, {"code": 400, "message": "data must NOT have additional properties"})
        user = next((one for one in self.rows.users if one.email == body["identity"].lower().strip()), None)
        if user is None or user.password != body["secret"]:
            raise Refused(self.release.auth, self.release.wrong_login(known=user is not None))
        if user.second_factor:
            return 200, {"requires_2fa": True, "challenge_token": "challenge"}
        return 200, self.rows.give_token(user)

    def _check(self, user: User | None, area: str, path: str, *, change: bool, create: bool = False) -> User:
        """Raise Refused unless `user` may; each release says so in its own way."""
        allowed = {"manage"} if change else {"manage", "view"}
        if user and ("admin" in user.roles or user.permissions.get(area) in allowed):
            return user
        if not self.release.since(2, 13):
            raise Refused(403, {"code": 403, "message": "Permission Denied"})
        if create and self.release.crashes:
            raise Crashed
        raise Refused(500, self.release.internal()) if create else Refused(404, self.release.not_found(path))

    # ---- users and settings

    def _add_user(self, body: Row) -> Row:
        user = self.rows.add_user(
            body["email"], body["auth"]["secret"], name=body["name"], nickname=body["nickname"], roles=body["roles"]
        )
        return self.rows.user_row(user, permissions=True)

    def _users(self, method: str, path: str, rest: list[str], body: Row, _: Row, user: User | None) -> tuple[int, Any]:
        if rest == ["me"] and user:
            return 200, self.rows.user_row(user, permissions=True)
        self._check(user, "users", path, change=True)
        if method == "POST":
            return 201, self._add_user(body)
        self.rows.user(int(rest[0])).permissions |= body
        return 200 if self.release.since(2, 12) else 201, True

    def _settings(self, _: str, path: str, __: Any, ___: Row, ____: Row, user: User | None) -> tuple[int, Any]:
        self._check(user, "settings", path, change=True)
        return 200, []

    # ---- proxy hosts

    def _hosts(  # noqa: PLR0917  as every area
        self, method: str, path: str, rest: list[str], body: Row, query: Row, user: User | None
    ) -> tuple[int, Any]:
        asks = self._check(user, "proxy_hosts", path, change=method != "GET", create=method == "POST" and not rest)
        if set(query.get("expand", "owner").split(",")) - {"owner", "certificate", "access_list"}:
            raise Refused(500, self.release.internal())
        if not rest:
            return (201, self._create(asks, body)) if method == "POST" else (200, self._list(asks))
        if not rest[0].isdecimal():
            raise Refused(400, {"code": 400, "message": "Internal Error"})
        row = self.rows.hosts.get(int(rest[0]))
        if row is None:
            return self._missing(method, rest[0])
        if method == "POST":
            return 200, self._switch(row, rest[1])
        if method == "DELETE":
            del self.rows.hosts[row["id"]]
            self._drop(row["id"])
            return 200, True
        if method == "PUT":
            return 200, self._change(row, body)
        return 200, self.rows.host_row(row) | ({"certificate": None, "access_list": None} if "expand" in query else {})

    def _list(self, user: User) -> list[Row]:
        rows = sorted(self.rows.hosts.values(), key=lambda row: json.dumps(row["domain_names"]))
        everything = user.permissions["visibility"] == "all"
        return [self.rows.host_row(row) for row in rows if everything or row["owner_user_id"] == user.id]

    def _missing(self, method: str, id: str) -> tuple[int, Any]:
        if self.release.since(2, 12):
            raise Refused(404, self.release.not_found(id))
        if method == "GET":
            return 200, {}
        status = {"PUT": 400, "DELETE": 500}.get(method, 404)
        raise Refused(status, self.release.internal() if status == 500 else {"code": 400, "message": "Internal Error"})

    def _create(self, user: User, body: Row) -> Row:
        self._check_host(body, new=True)
        row = self.rows.add_host(user.id, body)
        if self.troubles.create:
            self.troubles.create -= 1
            raise Refused(500, self.release.internal())
        shown = self.rows.host_row(row, expanded=True, first=True)
        self._carry(row)
        return shown

    def _change(self, row: Row, body: Row) -> Row:
        self._check_host(body, new=False, but=row["id"])
        self.rows.change_host(row, body)
        if self.troubles.put:
            self.troubles.put -= 1
            raise Refused(500, self.release.internal())
        if row["enabled"]:
            self._carry(row)
        return self.rows.host_row(row, expanded=True)

    def _check_host(self, body: Row, *, new: bool, but: int = 0) -> None:
        fault = host_fault(self.release, body, new=new)
        taken = "" if fault else self.rows.taken(body.get("domain_names", []), but)
        if fault or taken:
            raise Refused(400, {"code": 400, "message": fault or f"{taken} is already in use"})

    def _switch(self, row: Row, to: str) -> bool:
        if bool(row["enabled"]) == (to == "enable"):
            raise Refused(400, {"code": 400, "message": f"Host is already {to}d"})
        row["enabled"] = to == "enable"
        if to == "enable":
            self._carry(row, guarded=False)  # as NPM does: the rules of the access list are forgotten
        else:
            self._drop(row["id"])
        return True

    def _carry(self, row: Row, *, guarded: bool = True) -> None:
        online: Row = {"nginx_online": True, "nginx_err": None}
        if self.carrying is not None and row["enabled"]:
            online = self.carrying.write(row, self.rows.access_lists.get(row["access_list_id"]), guarded=guarded)
        elif "this is not nginx" in row["advanced_config"]:
            said = 'nginx: [emerg] unknown directive "this" in /data/nginx/proxy_host/{}.conf:37\n'
            failed = "nginx: configuration file /etc/nginx/nginx.conf test failed\n"
            online = {"nginx_online": False, "nginx_err": said.format(row["id"]) + failed}
        row["meta"] |= online

    def _drop(self, id: int) -> None:
        if self.carrying is not None:
            self.carrying.drop(id)

    # ---- certificates and access lists

    def _certificates(
        self, method: str, path: str, _: list[str], body: Row, __: Row, user: User | None
    ) -> tuple[int, Any]:
        self._check(user, "certificates", path, change=method != "GET", create=method == "POST")
        if method == "GET":
            return 200, list(self.rows.certificates.values())
        fault = certificate_fault(self.release, body)
        if fault:
            raise Refused(400, {"code": 400, "message": fault}, debug="...")
        if body["provider"] == "letsencrypt":
            meta = body.get("meta", {})
            if self.troubles.certbot or (not self.release.since(2, 13) and "letsencrypt_email" not in meta):
                raise Refused(500, self.release.internal(), debug="...")
            self._forget_guards(body["domain_names"])
        return 201, self.add_certificate(body.get("domain_names", []), body)

    def _forget_guards(self, names: list[str]) -> None:
        """Hosts that share a name are taken out and put back, without their certificate and their access list."""
        for row in self.rows.hosts.values():
            if set(row["domain_names"]) & set(names) and self.carrying is not None:
                self.carrying.write(row | {"certificate_id": 0}, None)

    def add_certificate(self, names: list[str], body: Row | None = None, *, days: float = 90) -> Row:
        """A certificate in NPM; it is there for nginx only if `carrying` has its files."""
        given = body or {"provider": "other", "nice_name": ", ".join(names)}
        now, until = stamp(time.time()), stamp(time.time() + days * 86400)
        secret = {"dns_provider_credentials"}
        row = {
            "id": self.rows.next_id("certificate"), "created_on": now, "modified_on": now, "owner_user_id": 1,
            "provider": given["provider"], "nice_name": given.get("nice_name", ", ".join(names)),
            "domain_names": names, "expires_on": until,
            "meta": {name: value for name, value in given.get("meta", {}).items() if name not in secret},
        }  # fmt: skip
        self.rows.certificates[row["id"]] = row
        return row

    def _access_lists(
        self, method: str, path: str, _: list[str], body: Row, __: Row, user: User | None
    ) -> tuple[int, Any]:
        asks = self._check(user, "access_lists", path, change=method != "GET", create=method == "POST")
        if method == "GET":
            return 200, [_masked(row) for row in self.rows.access_lists.values()]
        items = [{**one, "password": "", "hint": f"{one['password'][:1]}******"} for one in body["items"]]
        row = {
            "id": self.rows.next_id("access_list"), "owner_user_id": asks.id, "name": body["name"], "meta": {},
            "satisfy_any": self.rows.flag(body.get("satisfy_any")),
            "pass_auth": self.rows.flag(body.get("pass_auth", True)), "proxy_host_count": 0, "items": items,
            "clients": body["clients"], "owner": self.rows.user_row(asks), "secret_items": body["items"],
        }  # fmt: skip
        self.rows.access_lists[row["id"]] = row
        return 201, _masked(row) | {"proxy_hosts": []}


def _nobody_behind() -> Told:
    page = b"<html><h1>502 Bad Gateway</h1></html>"
    return Told(502, page, {"Content-Type": "text/html", "Connection": "close"})


def _masked(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "secret_items"}
