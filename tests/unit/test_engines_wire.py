"""Docker's streams on the wire: chunks, frames, and being closed from another thread."""

from __future__ import annotations

import struct
import threading
import time

import pytest

from forge.engines.wire import Stream, frames


class Answer:
    """As much of a response as a Stream needs; `chunks` may end with an error to be raised."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = list(chunks)
        self.raw = self
        self.done: list[str] = []

    def read1(self, _amount: int) -> bytes:
        chunk = self.chunks.pop(0) if self.chunks else b""
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def shutdown(self) -> None:
        self.done.append("shutdown")

    def close(self) -> None:
        self.done.append("close")


class Broken(Exception):
    pass


def frame(kind: int, data: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(data)) + data


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
def test_frames_come_whole_in_whatever_pieces_they_arrive(size):
    whole = frame(1, b"one") + frame(2, b"") + frame(2, b"two" * 100) + frame(0, b"three") + frame(1, b"cut off")[:-1]
    pieces = (whole[i : i + size] for i in range(0, len(whole), size))
    assert list(frames(pieces)) == [("out", b"one"), ("err", b""), ("err", b"two" * 100), ("out", b"three")]


def test_lines_across_chunks_and_a_last_one_without_an_end():
    stream = Stream(Answer(b"a\nb", b"c\n\nd", b"e"))
    assert list(stream.lines(Broken)) == [b"a", b"bc", b"", b"de"]


@pytest.mark.parametrize("error", [OSError(), ValueError("closed file"), AttributeError()])
def test_a_stream_that_breaks_says_so_unless_we_closed_it(error):
    with pytest.raises(Broken):
        list(Stream(Answer(b"a\n", error)).lines(Broken))
    stream = Stream(Answer(b"a\n", error))
    lines = stream.lines(Broken)
    assert next(lines) == b"a"
    stream.close()
    assert list(lines) == []


def test_a_stream_that_nobody_reads_is_closed_at_once_and_once():
    answer = Answer(b"a")
    stream = Stream(answer)
    assert next(stream.chunks(Broken)) == b"a"
    stream.close()
    stream.close()
    assert answer.done == ["close"]
    assert list(stream.chunks(Broken)) == []


class Silent(Answer):
    """Says nothing until it is shut down; notes who closed it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.shut = threading.Event(), threading.Event()

    def read1(self, _amount: int) -> bytes:
        self.asked.set()
        assert self.shut.wait(5)
        time.sleep(0.05)  # http.client closes its parts now: nobody else may
        assert self.done == ["shutdown"]
        return b""

    def shutdown(self) -> None:
        super().shutdown()
        self.shut.set()

    def close(self) -> None:
        self.done.append(f"close by {threading.current_thread().name}")


def test_closing_wakes_the_reader_who_closes_the_answer():
    answer, heard = Silent(), []
    stream = Stream(answer)
    reader = threading.Thread(target=lambda: heard.extend(stream.chunks(Broken)), name="reader")
    reader.start()
    assert answer.asked.wait(5)
    stream.close()
    stream.close()
    reader.join(5)
    assert answer.done == ["shutdown", "close by reader"]
    assert heard == []
