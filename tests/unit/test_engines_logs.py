"""Lines of a log, read off Docker's frames."""

from __future__ import annotations

import pytest

from forge.engines import logs
from forge.ports import LogLine

AT = b"2026-11-23T19:20:18.500000000Z "
LATER = b"2026-11-23T19:20:19.500000000Z "
SECONDS = 1795461618.5


def test_each_frame_is_a_line_with_its_time_and_stream():
    pieces = [("out", AT + b"hello\n"), ("err", LATER + b"oh\r\n"), ("out", LATER + b"\n")]
    assert list(logs.from_frames(iter(pieces))) == [
        LogLine(at=SECONDS, stream="out", text="hello"),
        LogLine(at=SECONDS + 1, stream="err", text="oh"),
        LogLine(at=SECONDS + 1, stream="out", text=""),
    ]


def test_a_line_in_pieces_is_one_line_though_the_other_stream_comes_between():
    pieces = [("out", AT + b"one "), ("err", AT + b"x\n"), ("out", LATER + b"two\n"), ("out", LATER + b"no end")]
    lines = list(logs.from_frames(iter(pieces)))
    assert [(line.stream, line.text) for line in lines] == [("err", "x"), ("out", "one two"), ("out", "no end")]
    assert lines[1].at == SECONDS


def test_a_very_long_line_is_cut_at_16_kib():
    pieces = [("out", AT + b"x" * 16384)] * 50 + [("out", AT + b"y\n"), ("out", AT + b"next\n")]
    first, second = logs.from_frames(iter(pieces))
    assert first.text == "x" * 16384 + "…"
    assert second.text == "next"


def test_what_is_no_utf_8_is_still_shown():
    (line,) = logs.from_frames(iter([("out", AT + b"caf\xe9 \xf0\x9f\n")]))
    assert line.text == "caf� �"


def test_a_line_without_a_time_is_kept():
    (line,) = logs.from_frames(iter([("out", b"no stamp here\n")]))
    assert (line.at, line.text) == (0, "no stamp here")


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_terminals_lines_come_in_any_pieces(size):
    whole = AT + b"one\r\n" + LATER + b"two\r\n" + AT + b"x" * 20000 + b"\r\n" + LATER + b"no end"
    lines = list(logs.from_terminal(whole[i : i + size] for i in range(0, len(whole), size)))
    assert [line.text for line in lines] == ["one", "two", "x" * 16384 + "…", "no end"]
    assert [line.at for line in lines] == [SECONDS, SECONDS + 1, SECONDS, SECONDS + 1]
    assert {line.stream for line in lines} == {"out"}


def test_what_is_asked_for():
    everything = {"stdout": "1", "stderr": "1", "timestamps": "1", "follow": "0", "tail": "all"}
    assert logs.params(tail=None, since=None, follow=False) == everything
    some = logs.params(tail=0, since=1.5, follow=True)
    assert some == {**everything, "follow": "1", "tail": "0", "since": "1.500000000"}
