"""All about people, in one hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from forge.people.accounts import Accounts
from forge.people.codes import Codes
from forge.people.entrance import Entrance
from forge.people.oidc.service import OidcService
from forge.people.passwords import Passwords
from forge.people.sessions import SessionService
from forge.people.setup import Setup
from forge.people.standing import Standings
from forge.people.throttle import Throttle
from forge.people.tokens import TokenService
from forge.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """See each for what it does. `standings` has to hear what happens."""

    accounts: Accounts
    codes: Codes
    entrance: Entrance
    sessions: SessionService
    tokens: TokenService
    setup: Setup
    standings: Standings
    oidc: OidcService


def people_of(store: Store, passwords: Passwords | None = None, passed: Callable[[], float] = time.monotonic) -> People:
    """Of a store, whose clock is theirs; `passwords` and `passed`, by which guessing is slowed down, are for tests."""

    def clock() -> float:
        return store.database.clock()

    passwords = passwords or Passwords()
    standings, accounts, codes = Standings(store), Accounts(store, passwords), Codes(store, clock)
    sessions = SessionService(store, standings, clock)
    return People(
        accounts=accounts, codes=codes,
        entrance=Entrance(store, passwords, codes, sessions, Throttle(passed)),
        sessions=sessions, tokens=TokenService(store, standings, clock),
        setup=Setup(store, accounts), standings=standings, oidc=OidcService(store, clock),
    )  # fmt: skip
