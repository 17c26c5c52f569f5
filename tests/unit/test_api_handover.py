"""Guards what Forge relies on of waitress's insides: fails loudly on a version that changed them."""

from __future__ import annotations

import inspect
import socket
import threading

import pytest
from waitress import channel as waitress_channel
from waitress import create_server, task, wasyncore

from forge.api.handover import channel_of, take
from forge.api.hub import WAITRESS_SETTINGS
from tests.unit.streaming import eventually


class Served:
    """A waitress whose application hands its connection over after the first piece of the body."""

    def __init__(self) -> None:
        self.channels: list[object] = []
        self.taken: list[socket.socket] = []
        self.server = create_server(self.application, host="127.0.0.1", port=0, **WAITRESS_SETTINGS)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def application(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])

        def body():
            yield b"first"
            channel = channel_of(environ)
            self.channels.append(channel)
            self.taken.append(take(channel))

        return body()

    def stop(self) -> None:
        self.server.trigger.pull_trigger(lambda: wasyncore.close_all(self.server._map))
        self.thread.join(5)
        self.server.task_dispatcher.shutdown()


@pytest.fixture
def served():
    served = Served()
    yield served
    served.stop()


def test_after_the_first_piece_the_connection_is_ours_and_waitress_forgets_it(served):
    with socket.create_connection(("127.0.0.1", served.server.effective_port), 5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert eventually(lambda: served.taken), "the body was not run to its end"
        ours = served.taken[0]
        assert ours is not None, "waitress had not written the headers when the body was asked for more"
        assert eventually(lambda: not served.server.active_channels, within=3), "waitress kept the channel"
        ours.sendall(b"6\r\nsecond\r\n0\r\n\r\n")
        ours.shutdown(socket.SHUT_RDWR)
        ours.close()
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n", "waitress wrote after the connection was taken"


def test_a_connection_that_is_gone_cannot_be_taken(served):
    with socket.create_connection(("127.0.0.1", served.server.effective_port), 5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert eventually(lambda: served.taken)
        served.taken[0].close()
        with pytest.raises(ConnectionError):
            take(served.channels[0])


def test_what_waitress_has_not_sent_yet_is_waited_for(served):
    with socket.create_connection(("127.0.0.1", served.server.effective_port), 5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert eventually(lambda: served.taken)
        served.taken[0].close()

        class Busy:
            connected, total_outbufs_len, outbuf_lock, socket = True, 17, threading.Condition(), None

        assert take(Busy()) is None


def test_any_other_server_has_no_channel():
    assert channel_of({}) is None
    assert channel_of({"waitress.client_disconnected": lambda: False}) is None


def test_waitress_still_does_what_the_handover_relies_on():
    """If this fails, read forge/api/handover.py beside the new waitress before raising its version."""
    channel = waitress_channel.HTTPChannel
    assert "self.connected" in inspect.getsource(channel.check_client_disconnected)
    assert "check_client_disconnected" in inspect.getsource(task.WSGITask.get_environment)
    assert "with self.outbuf_lock" in inspect.getsource(channel.handle_close)
    assert "raise ClientDisconnected" in inspect.getsource(channel.write_soon).split("if data")[0]
    assert "except ClientDisconnected" in inspect.getsource(channel.service)
    assert "shutdown" not in inspect.getsource(wasyncore.dispatcher.close), "closing would end our duplicate as well"
