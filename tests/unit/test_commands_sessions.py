"""Sessions on the command line."""

from __future__ import annotations

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name


def test_they_are_listed_and_ended(shell):
    assert "Nobody is signed in" in shell.run("sessions", "list").stdout
    sessions = shell.world.forge.people.sessions
    first, second = sessions.begin(None, address="10.0.0.1", agent="Firefox"), sessions.begin(None)
    listed = sessions.id_of(first)
    assert "10.0.0.1" in shell.run("sessions", "list").stdout
    assert {one["id"] for one in shell.json("sessions", "list")} == {listed, sessions.id_of(second)}
    assert "is over" in shell.run("sessions", "end", listed).stdout
    assert sessions.find(first) is None
    assert "no session" in shell.run("sessions", "end", listed, code=6).stderr
    assert "are over" in shell.run("sessions", "end", "--own").stdout
    assert sessions.find(second) is None


def test_it_is_said_which(shell):
    for words in ((), ("x", "--own")):
        assert "Say a session" in shell.run("sessions", "end", *words, code=2).stderr
