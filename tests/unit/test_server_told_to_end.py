"""A signal that ends Forge, whichever thread gets it."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from forge.server import serve
from tests.world import World


@pytest.mark.skipif(os.name != "posix", reason="a signal for one thread")
@pytest.mark.timeout(20)
def test_a_signal_that_the_kernel_gives_to_another_thread_ends_it_too(tmp_path):
    """As it does where a process was stopped and goes on (SIGSTOP, SIGCONT)."""

    def get_one():
        time.sleep(0.3)  # until the first thread waits
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    world = World(tmp_path)
    serve(world.forge, lambda _: threading.Thread(target=get_one).start())
    assert not world.forge.settings.address_file.exists()
