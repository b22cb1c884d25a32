"""
How much of one process photos may take 照片的闸门: a decoded picture takes up to 700 MB of memory, and a part on its
way over a weak line a thread.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app

from schemas.problems import Refusal
from server.api import body

#: For so long one waits for a turn: a page full of thumbnails asks for many at once.
WAIT_S = 5.0
RETRY_AFTER_S = 5
#: Whoever waits holds a thread; of those beside the syncs' some have to stay free for whoever asks for less.
MOST_WAITING = 6
#: So many parts arrive at a time; more would share the same line, and hold the threads that pings and desks need.
PARTS_AT_ONCE = 8
#: A tablet sends one at a time; its lines that were cut may still count for as long as the server waits for them.
PARTS_OF_ONE = 4
#: The public sends pictures too: so many arrive at a time, and one is looked at. Tablets do not wait for them.
REPORTS_AT_ONCE = 4

#: A document of the ledger takes a thread and a processor for seconds.
DOCUMENTS_AT_ONCE = 2


class _Turns:
    """The turns of one process, and how many wait for one."""

    def __init__(self, at_once: int) -> None:
        self._free = threading.Condition()
        self._left, self._waiting = at_once, 0

    def take(self, wait_s: float) -> bool:
        """Take a turn, after waiting for one at the most *wait_s* seconds; say whether there was one."""
        with self._free:
            if self._left == 0 and self._waiting >= MOST_WAITING:
                return False
            self._waiting += 1
            try:
                taken = self._free.wait_for(lambda: self._left > 0, wait_s)
            finally:
                self._waiting -= 1
            self._left -= taken
            return taken

    def give_back(self) -> None:
        """Let the next one in."""
        with self._free:
            self._left += 1
            self._free.notify()


@contextmanager
def gate(wait_s: float | None = None) -> Iterator[None]:
    """
    Decode or draw a picture inside, ``pictures_at_once`` at most in this process.

    Args:
        wait_s: For how long to wait for a turn (``WAIT_S``); nobody does while ``MOST_WAITING`` others wait.

    Raises:
        Refusal: ``busy``, with the moment to come again.
    """
    with _turn("gridward.pictures", body.settings().pictures_at_once, WAIT_S if wait_s is None else wait_s):
        yield


@contextmanager
def part_gate(device: str) -> Iterator[None]:
    """
    Take in a part of *device* inside, ``PARTS_AT_ONCE`` at most in this process, ``PARTS_OF_ONE`` of them of one
    device; nobody waits.

    Raises:
        Refusal: ``busy``, with the moment to come again.
    """
    with _turn(f"gridward.parts.{device}", PARTS_OF_ONE, 0), _turn("gridward.parts", PARTS_AT_ONCE, 0):
        yield


@contextmanager
def report_gate() -> Iterator[None]:
    """
    Take in a report of the public inside, ``REPORTS_AT_ONCE`` at most in this process; nobody waits.

    Raises:
        Refusal: ``busy``, with the moment to come again.
    """
    with _turn("gridward.reports", REPORTS_AT_ONCE, 0):
        yield


@contextmanager
def public_picture_gate() -> Iterator[None]:
    """
    Look at a picture of the public inside: one at a time, and as one of the ``pictures_at_once``.

    Raises:
        Refusal: ``busy``, with the moment to come again.
    """
    with _turn("gridward.public_pictures", 1, WAIT_S), gate():
        yield


@contextmanager
def document_gate() -> Iterator[None]:
    """
    Make a document of the ledger inside, ``DOCUMENTS_AT_ONCE`` at most in this process; one waits for a turn.

    Raises:
        Refusal: ``busy``, with the moment to come again.
    """
    with _turn("gridward.documents", DOCUMENTS_AT_ONCE, WAIT_S):
        yield


@contextmanager
def _turn(of: str, at_once: int, wait_s: float) -> Iterator[None]:
    turns: _Turns = current_app.extensions.setdefault(of, _Turns(at_once))
    if not turns.take(wait_s):
        raise Refusal("busy", retry_after_s=RETRY_AFTER_S)
    try:
        yield
    finally:
        turns.give_back()
