"""Passwords: argon2id at rest, and the same work whoever is asked for."""

from __future__ import annotations

import subprocess
import sys

from argon2 import PasswordHasher, Type

from forge.people.passwords import Passwords
from tests.cheap import Counted


def test_a_password_is_known_again_and_another_is_not():
    passwords = Passwords(Counted())
    kept = passwords.hash("correct horse")
    assert kept.startswith("$argon2id$")
    assert "correct" not in kept
    assert passwords.check(kept, "correct horse")
    assert not passwords.check(kept, "correct house")
    assert passwords.hash("correct horse") != kept


def test_nobody_costs_the_same_work_as_somebody():
    hasher = Counted()
    passwords = Passwords(hasher)
    kept = passwords.hash("correct horse")
    for asked in (kept, None, kept, None):
        before = hasher.checked
        assert not passwords.check(asked, "wrong")
        assert hasher.checked == before + 1


def test_what_stands_for_nobody_is_never_right():
    passwords = Passwords(Counted())
    passwords.check(None, "x")
    assert not passwords.check(None, passwords._nobodys)


def test_what_is_no_hash_is_never_right():
    assert not Passwords(Counted()).check("no hash", "no hash")


def test_a_hash_of_other_parameters_is_to_be_made_anew():
    old = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash("x")
    passwords = Passwords(Counted())
    assert passwords.is_dated(old)
    assert not passwords.is_dated(passwords.hash("x"))


def test_the_real_one_is_argon2id_with_64_mebibytes():
    passwords = Passwords()
    passwords.check(None, "x")
    hasher = passwords.hasher
    assert isinstance(hasher, PasswordHasher)
    assert (hasher.type, hasher.memory_cost, hasher.time_cost) == (Type.ID, 65536, 3)


def test_starting_forge_does_not_wait_for_it():
    code = "import sys, forge.compose, forge.api.app; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "argon2" not in loaded
    assert "cryptography.hazmat.primitives.twofactor.hotp" not in loaded
