"""One window per data folder."""

from __future__ import annotations

import socket
import stat

import pytest

from forge.desktop.doorbell import Doorbell, ring
from forge.domain.errors import Conflict


def test_the_second_is_not_the_first_and_is_heard(tmp_path):
    first, rung = Doorbell(tmp_path), []
    assert first.take()
    first.answer(lambda: rung.append(1))
    assert not Doorbell(tmp_path).take()
    assert not Doorbell(tmp_path).take_or_ring()
    assert rung == [1]
    first.close()
    assert not (tmp_path / "doorbell").exists()
    third = Doorbell(tmp_path)
    assert third.take()
    third.close()


def test_only_who_can_read_the_folder_may_ring(tmp_path):
    first, rung = Doorbell(tmp_path), []
    first.take()
    first.answer(lambda: rung.append(1))
    assert stat.S_IMODE((tmp_path / "doorbell").stat().st_mode) == 0o600
    port = int((tmp_path / "doorbell").read_text().split()[0])
    with socket.create_connection(("127.0.0.1", port), 5) as stranger:
        stranger.sendall(b"guess\n")
        assert stranger.recv(10) == b""
    assert rung == []
    first.close()


def test_one_that_was_killed_hears_nothing(tmp_path):
    (tmp_path / "doorbell").write_text("1 secret")
    assert not ring(tmp_path / "doorbell")
    (tmp_path / "doorbell").write_text("broken")
    assert not ring(tmp_path / "doorbell")


def test_one_that_is_about_to_end_is_waited_for(tmp_path):
    first, second = Doorbell(tmp_path), Doorbell(tmp_path)
    first.take()
    assert second.take_or_ring(sleep=lambda _: first.close())
    second.close()


def test_one_that_never_answers_is_said(tmp_path):
    first = Doorbell(tmp_path)
    first.take()
    with pytest.raises(Conflict, match="does not answer"):
        Doorbell(tmp_path).take_or_ring(tries=2, sleep=lambda _: None)
    first.close()
