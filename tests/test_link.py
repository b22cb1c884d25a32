"""
The poor network of the benchmarks: as narrow as it says, and cut when it says.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.link import Link, Pace

RATE = 1_000_000
BROKEN = r"reset|Broken pipe|not connected"


class Listener:
    """Takes whatever comes, on every connection, and answers each with a word once it has enough."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.got = 0
        self._threads: list[threading.Thread] = []

    def listen(self) -> None:
        """Take everybody in until it is closed."""
        try:
            while True:
                talk, _ = self._server.accept()
                thread = threading.Thread(target=self._take, args=(talk,))
                self._threads.append(thread)
                thread.start()
        except OSError:
            return

    def _take(self, talk: socket.socket) -> None:
        with talk:
            try:
                while piece := talk.recv(1 << 16):
                    self.got += len(piece)
                talk.sendall(b"thanks")
            except OSError:
                return

    def close(self) -> None:
        """Take nobody in any more."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join()


@contextmanager
def listening() -> Iterator[Listener]:
    """Somebody at the far end."""
    listener = Listener()
    thread = threading.Thread(target=listener.listen)
    thread.start()
    try:
        yield listener
    finally:
        listener.close()
        thread.join()


def say(port: int, size: int) -> bytes:
    """Send *size* bytes, and return the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as talk:
        talk.sendall(b"x" * size)
        talk.shutdown(socket.SHUT_WR)
        return talk.recv(100)


def knock(port: int) -> tuple[bool, float]:
    """Say whether somebody answers, and when that was known."""
    try:
        heard = say(port, 10) == b"thanks"
    except OSError:
        heard = False
    return heard, time.monotonic()


def test_nothing_is_faster_than_the_link() -> None:
    """Two who talk at once share it: 150 KB take their 0.15 s, less what a quiet link lets through at once."""
    with listening() as listener, Link(RATE) as link:
        door = link.open_door(listener.port)
        start = time.monotonic()
        both = [threading.Thread(target=say, args=(door.port, 75_000)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        took_s = time.monotonic() - start
    assert 0.09 < took_s < 5
    assert listener.got == door.up == 150_000
    assert door.down == 2 * len(b"thanks")


def test_a_cut_resets_whoever_is_talking_and_then_it_goes_on() -> None:
    """What was on its way does not arrive; nobody gets in for a while; afterwards everybody does."""
    with listening() as listener, Link(RATE, out_s=0.2) as link:
        door = link.open_door(listener.port)
        cutter = threading.Timer(0.1, link.cut)
        cutter.start()
        with pytest.raises(OSError, match=BROKEN):
            say(door.port, 2 * RATE)
        cutter.join()
        assert 0 < listener.got <= door.up < 2 * RATE
        [cut] = link.cuts
        assert link.was_out(cut + 0.1, cut + 0.15)
        assert not link.was_out(cut + 0.3, cut + 1)
        knocks = [knock(door.port) for _ in range(3)]
        assert all(at > cut + 0.2 or not heard for heard, at in knocks)
        while time.monotonic() < cut + 0.25:
            time.sleep(0.01)
        assert say(door.port, 10) == b"thanks"


def test_it_is_cut_again_and_again() -> None:
    """By itself, as often as asked for."""
    with Link(RATE, out_s=0.01) as link:
        link.keep_cutting(every_s=0.05)
        deadline = time.monotonic() + 10
        while len(link.cuts) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    first, second, third = link.cuts[:3]
    assert second - first > 0.04
    assert third - second > 0.04


@given(st.lists(st.tuples(st.integers(1, 100_000), st.floats(0, 0.1)), min_size=1, max_size=50))
def test_at_no_time_has_more_passed_than_the_rate_allows(pieces: list[tuple[int, float]]) -> None:
    """However they come: when a piece is through, all before it and itself have had their time, but for one burst."""
    pace, now, passed = Pace(RATE), 1_000.0, 0
    for size, pause in pieces:
        now += pause
        passed += size
        through = now + pace.wait_s(size, now)
        assert passed / RATE <= through - 1_000.0 + 0.05 + 1e-6
