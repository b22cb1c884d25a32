"""
The tablets of the story 演示平板: one for each of its people, enrolled the first time they are used.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sync_client.client import FieldClient
from sync_client.commands.session import Address, Session
from sync_client.commands.voice import Voice
from sync_client.demo.line import Line
from sync_client.demo.script import Actor, Orders, promise
from sync_client.errors import NoSuchRecord, Unreachable
from sync_client.retry import Patience
from sync_client.times import wall_ms
from sync_client.transport import HTTPTransport
from sync_client.values import Person, SyncReport

_READY_S = 30.0
_PAUSE_S = 0.05
#: A lost answer is shown to whoever watches, and not asked for again behind his back.
_ONCE = Patience(attempts=1)


@dataclass(slots=True)
class Tablet:
    """
    One tablet, whom it belongs to, and its line.

    Attributes:
        told_before: The last of its mutations about which the server had said something before this morning.
        written: The number of its last mutation.
    """

    actor: Actor
    client: FieldClient
    line: Line
    told_before: int = 0
    written: int = 0

    @property
    def name(self) -> str:
        """Whose it is."""
        return self.actor.name

    @property
    def token(self) -> str:
        """What the server knows it by; a program of the office's asks with it."""
        return self.client._desk.head().token or ""

    @property
    def person(self) -> Person:
        """Who works on it."""
        return next(person for person in self.client.people() if person.current)

    def note_written(self) -> int:
        """Note the number of the last mutation while some wait, and return how many wait."""
        waiting = self.client.outbox().waiting
        if waiting:
            self.written = waiting[-1].n
        return len(waiting)

    def sync(self) -> tuple[SyncReport, float]:
        """Sync, and return the report with the seconds it took."""
        self.note_written()
        begun = time.monotonic()
        report = self.client.sync()
        promise(not report.rejected, f"{self.name} 有修改被拒收", f"something of {self.name}'s was refused")
        return report, time.monotonic() - begun

    def called(self, person_id: str) -> str:
        """Return what a person is called."""
        try:
            return str(self.client.read(person_id)["name"])
        except NoSuchRecord:
            return person_id[-8:]


def open_tablet(orders: Orders, actor: Actor, clock: Callable[[], int] = wall_ms) -> Tablet:
    """
    Return the tablet of *actor*, which needs its line only if it is not enrolled yet.

    Args:
        clock: Returns milliseconds since 1970-01-01 UTC.
    """
    folder = Path(orders.folder) / actor.key
    # As the tablet's own command keeps it, so that ``gridward --data`` can look into it afterwards.
    session = Session(folder, Voice())
    with session.new_tablet(Address(orders.url)):
        session.keep_address(Address(orders.url))
    line = Line(HTTPTransport(orders.url))
    client = FieldClient(session.file, line, clock=clock, patience=_ONCE, app="gridward-demo")
    return Tablet(actor, client, line)


def wait_for_server(tablet: Tablet) -> None:
    """Wait until the server answers, which takes a moment after it was started."""
    until = time.monotonic() + _READY_S
    while True:
        try:
            promise(tablet.client.ping(), "回答的不是服务器", "somebody else answers in the server's place")
            return
        except Unreachable:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)
