"""
Play a morning 演一个上午: the tablets' part runs as a process of its own; the server's books are held to it.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from schemas import wire
from server.demo.books import read_open
from server.demo.folder import Folder
from server.demo.people import CAST, staff_number
from server.demo.stage import BAD, Stage, follow
from server.demo.town import DISTRICT, STORY_GRID
from server.storage.store import Store
from server.usecases.enrol_device import offer_code
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake

#: Whoever watches is somebody too, with a tablet of his own.
VISITOR = "visitor"


class Watched(Struct):
    """A record the story was about: what kind of thing it is, what it shows now, and its id."""

    zh: str
    en: str
    shows: str
    id: str


class View(Struct):
    """What one tablet shows in the end; see ``sync_client.demo.views``."""

    name: str
    device: str
    written: int
    digests: dict[str, str]


class Outcome(Struct):
    """Where the morning has led, as the tablets tell it; ``disputed`` is what they left for a person to decide."""

    disputed: str
    watched: list[Watched]
    views: list[View]


def play(stage: Stage, store: Store, folder: Folder, url: str) -> Outcome | None:
    """
    Let the tablets play the next morning, and return where it has led; None where it broke.

    Raises:
        Mistake: The tablets' part ended without a word.
    """
    outcome = perform(stage, _orders(store, folder, url))
    return None if outcome is None else msgspec.convert(outcome, Outcome)


def perform(stage: Stage, orders: bytes) -> dict[str, Any] | None:
    """
    Let the tablets play as *orders* say, and return where it has led; None where it broke.

    Raises:
        Mistake: The tablets' part ended without a word.
    """
    outcome = None
    for line in _told(orders):
        if line["do"] == "outcome":
            outcome = line["outcome"]
        elif line["do"] == "broken":
            stage.say(line["zh"], line["en"], BAD)
            return None
        else:
            follow(stage, line)
    if outcome is None:
        raise Mistake("平板部分中途退出。", "The tablets' part ended early.")
    found: dict[str, Any] = outcome
    return found


def fresh_code(store: Store, key: str, now_ms: int | None = None) -> str:
    """Return a one-time code for somebody of the cast; *now_ms* where another clock than this machine's counts."""
    with store.work(DISTRICT, writing=False) as work:
        account = find_person(work, staff_number(key))
    return offer_code(store, DISTRICT, account, time.time_ns() // 1_000_000 if now_ms is None else now_ms)


def actors(store: Store, now_ms: int | None = None) -> list[dict[str, str]]:
    """Return everybody of the cast but the visitor, each with a fresh code."""
    return [
        {
            "key": key,
            "name": duty.name,
            "english": duty.english,
            "title": duty.title,
            "unit": duty.unit,
            "code": fresh_code(store, key, now_ms),
        }
        for key, duty in CAST.items()
        if key != VISITOR
    ]


def _orders(store: Store, folder: Folder, url: str) -> bytes:
    disputes = [
        {"record": one.record, "field": one.field, "kept": one.shown, "others": one.others}
        for one in read_open(store)
        if one.kind == "person" and one.field == "name"
    ]
    return wire.encode(
        {
            "url": url,
            "folder": str(folder.tablets.absolute()),
            "pictures": str(folder.pictures.absolute()),
            "morning": folder.next_morning(),
            "grid": STORY_GRID,
            "actors": actors(store),
            "disputes": disputes,
        }
    )


def _told(orders: bytes) -> Iterator[dict[str, Any]]:
    # The codes go by the pipe: on a command line everybody on the machine could read them. The session is
    # its own, so that Ctrl-C reaches this process alone.
    command = [sys.executable, "-m", "sync_client.demo"]
    tablets = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    with tablets:
        if tablets.stdin is None or tablets.stdout is None:
            raise Mistake("无法启动平板部分。", "The tablets' part cannot be started.")
        try:
            tablets.stdin.write(orders)
            tablets.stdin.close()
            for line in tablets.stdout:
                yield wire.decode_json(line)
        finally:
            if sys.exc_info()[0] is not None:
                tablets.terminate()
