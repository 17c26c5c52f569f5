"""One window per data folder."""

from __future__ import annotations

import socket
import stat

from forge.desktop.doorbell import Doorbell, ring


def test_the_second_is_not_the_first_and_is_heard(tmp_path):
    first, rung = Doorbell(tmp_path), []
    assert first.take()
    first.answer(lambda: rung.append(1))
    assert not Doorbell(tmp_path).take()
    assert ring(tmp_path)
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
    waited = []
    (tmp_path / "doorbell").write_text("1 secret")
    assert not ring(tmp_path, 0.2, sleep=waited.append)
    (tmp_path / "doorbell").write_text("broken")
    assert not ring(tmp_path, 0, sleep=waited.append)
    assert waited
