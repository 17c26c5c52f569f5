"""The Forge that the window shows."""

from __future__ import annotations

import logging
import socket

import pytest

from forge.desktop.hosted import hosted
from forge.domain.errors import Conflict
from forge.settings import DEFAULT_PORT, Settings
from tests.world import until


@pytest.fixture(autouse=True)
def _logging():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def settings(folder, **more):
    return Settings(data=folder, engine=f"unix://{folder}/docker.sock", **{"port": 0, **more})


@pytest.fixture
def ours(tmp_path):
    (tmp_path / "window").mkdir()
    return tmp_path / "window"


def test_where_none_runs_one_is_started_and_ends_with_the_block(tmp_path, ours):
    with hosted(settings(tmp_path), ours) as started:
        assert started
        assert (tmp_path / "address").read_text().startswith("http://127.0.0.1:")
        with hosted(settings(tmp_path), ours) as second:
            assert not second, "one runs already"
    assert not (tmp_path / "address").exists()


def test_its_log_is_a_file_for_the_owner_that_does_not_grow_without_end(tmp_path, ours, monkeypatch):
    monkeypatch.setattr("forge.desktop.hosted._LOG_LIMIT", 10)
    (tmp_path / "forge.log").write_text("what was said before\n")
    with hosted(settings(tmp_path), ours):
        logging.getLogger("forge").warning("Something happened")
    assert "Something happened" in (tmp_path / "forge.log").read_text()
    assert (tmp_path / "forge.log").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "forge.log.1").read_text() == "what was said before\n"


def free(port):
    """Whether nobody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_if_the_usual_port_is_taken_the_one_of_last_time_is_used(tmp_path, ours, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("forge.desktop.hosted.DEFAULT_PORT", port)
        with hosted(settings(tmp_path, port=port), ours):
            first = (tmp_path / "address").read_text()
        until(lambda: free(int(first.rpartition(":")[2])), "its port is let go of")
        with hosted(settings(tmp_path, port=port), ours):
            assert (tmp_path / "address").read_text() == first


def test_a_port_that_somebody_chose_is_not_replaced(tmp_path, ours):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert port != DEFAULT_PORT
        with pytest.raises(Conflict, match=f"Port {port}"), hosted(settings(tmp_path, port=port), ours):
            pass
    with hosted(settings(tmp_path, port=port), ours) as started:
        assert started, "the folder was let go of"
