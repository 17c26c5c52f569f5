"""WWW-Authenticate as registries really send it, and tokens kept as long as they live."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from forge.domain.errors import RegistryError
from forge.domain.secret import Secret
from forge.registries.challenge import Challenge, Token, TokenCache, choose, parse_challenges, read_token

KEY = ("https://auth.example/token", "registry", "repository:org/shop:pull")
HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/x:pull,push"'
# two header lines, as an HTTP library joins them
GITEA = (
    'Bearer realm="https://git.example/v2/token",service="container_registry",scope="*", '
    'Basic realm="https://git.example/v2",service="container_registry",scope="*"'
)


def test_a_bearer_challenge_with_commas_in_quotes_is_read():
    (found,) = parse_challenges(HUB)
    assert (found.scheme, found.realm, found.service) == (
        "bearer",
        "https://auth.docker.io/token",
        "registry.docker.io",
    )
    assert found.parameters["scope"] == "repository:library/x:pull,push"


def test_two_challenges_in_one_line_are_two():
    bearer, basic = parse_challenges(GITEA)
    assert (bearer.scheme, bearer.realm) == ("bearer", "https://git.example/v2/token")
    assert (basic.scheme, basic.realm) == ("basic", "https://git.example/v2")


@pytest.mark.parametrize("header", [GITEA, ", ".join(reversed(GITEA.split(", "))), "Negotiate, NTLM, " + GITEA])
def test_bearer_is_chosen_before_basic_in_any_order(header):
    assert choose(header).realm == "https://git.example/v2/token"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Basic", {}),
        ("Basic realm=plain", {"realm": "plain"}),
        ('BASIC REALM="a \\"b\\" \\\\ c"', {"realm": 'a "b" \\ c'}),
        ('Basic realm = "spaced" , charset="UTF-8"', {"realm": "spaced", "charset": "UTF-8"}),
        ('Basic realm="first",realm="second"', {"realm": "first"}),
    ],
)
def test_basic_is_read_in_all_its_spellings(header, expected):
    assert parse_challenges(header) == (Challenge(scheme="basic", parameters=expected),)


@pytest.mark.parametrize("header", ["", "   ", ",,,", "=", '"', "Negotiate", "Bearer", 'Bearer service="no-realm"'])
def test_a_header_that_offers_nothing_we_can_answer_is_nothing(header):
    assert choose(header) is None


def test_an_unclosed_quote_ends_the_reading():
    assert choose('Bearer realm="https://auth.example/to') is None


def test_a_long_hostile_header_is_read_quickly():
    header = "a " * 20_000 + "=" * 20_000
    assert choose(header) is None


@pytest.mark.parametrize("name", ["token", "access_token"])
def test_a_token_is_found_under_both_names(name):
    assert read_token({name: "abc", "expires_in": 300}) == Token(value=Secret("abc"), life=300)


@pytest.mark.parametrize("life", [None, 0, -5, "300", True, 10**9])
def test_a_token_without_a_sensible_expiry_lives_sixty_seconds(life):
    assert read_token({"token": "abc", "expires_in": life}).life == 60


@pytest.mark.parametrize("answer", [None, [], {}, {"token": ""}, {"token": 5}, {"token": "a\nb"}, {"token": "ü"}])
def test_an_answer_without_a_token_is_an_error(answer):
    with pytest.raises(RegistryError, match="gave no token"):
        read_token(answer)


class Mint:
    def __init__(self, life: float = 100) -> None:
        self.made = 0
        self.life = life

    def __call__(self) -> Token:
        self.made += 1
        return Token(value=Secret(f"t{self.made}"), life=self.life)


def test_a_token_is_kept_until_shortly_before_it_expires():
    now, mint = [1000.0], Mint()
    cache = TokenCache(lambda: now[0])
    assert cache.get(KEY, mint) == Secret("t1")
    now[0] = 1089.9
    assert cache.get(KEY, mint) == Secret("t1")
    now[0] = 1090.0
    assert cache.get(KEY, mint) == Secret("t2")


def test_each_scope_has_its_own_token():
    cache, mint = TokenCache(), Mint()
    assert cache.get(KEY, mint) != cache.get((*KEY[:2], "repository:org/other:pull"), mint)
    assert cache.get(KEY, mint) == Secret("t1")


def test_a_rejected_token_is_fetched_anew_once():
    cache, mint = TokenCache(), Mint()
    first = cache.get(KEY, mint)
    assert cache.get(KEY, mint, rejected=first) == Secret("t2")
    assert cache.get(KEY, mint, rejected=first) == Secret("t2")
    assert mint.made == 2


def test_many_threads_share_one_fetch():
    cache, mint, ready = TokenCache(), Mint(), threading.Barrier(8)

    def get(_: int) -> Secret:
        ready.wait()
        return cache.get(KEY, mint)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, range(8))) == {Secret("t1")}
    assert mint.made == 1


def test_a_fetch_that_fails_leaves_nothing_behind():
    cache, mint = TokenCache(), Mint()

    def fail() -> Token:
        raise RegistryError("no")

    with pytest.raises(RegistryError):
        cache.get(KEY, fail)
    assert cache.get(KEY, mint) == Secret("t1")


def test_expired_tokens_do_not_pile_up():
    now = [0.0]
    cache = TokenCache(lambda: now[0])
    for number in range(1500):
        now[0] = number
        cache.get((*KEY[:2], str(number)), Mint(life=10))
    assert len(cache._tokens) <= 1001
    assert len(cache._fetching) <= 1002
