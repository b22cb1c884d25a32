"""
One transaction of the tablet, with the device's own row in hand 本机状态行.

The number of the last mutation and the clock are read when a transaction begins and written when it
ends, in the same commit as whatever used them: no number and no stamp is ever given twice, also when
two programs work on one file.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from schemas.clock import Clock, Stamp
from sync_client.database import Database
from sync_client.errors import LocalStoreDamaged, NobodyWorks, NotEnrolled

_COLUMNS = "install, device, token, district, epoch, person, role, last_n, clock_ms, clock_counter, offset_ms"
_SAVE = """UPDATE device SET (install, device, token, district, epoch, person, role, last_n, clock_ms, clock_counter,
    offset_ms) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(slots=True)
class Head:
    """
    The device's own row.

    ``install`` changes only where the office holds other work under its numbers (``sync_client.renewing``);
    ``last_n`` is the number of the last mutation in the journal, whichever install it belongs to; ``clock``
    stamps edits. Changes are written when the transaction ends.
    """

    install: str
    device: str | None
    token: str | None
    district: str | None
    epoch: str | None
    person: str | None
    role: str | None
    last_n: int
    clock: Clock = field(compare=False)

    def row(self) -> tuple[object, ...]:
        """Return what is to be written."""
        latest = self.clock.latest
        texts = (self.install, self.device, self.token, self.district, self.epoch, self.person, self.role)
        return (*texts, self.last_n, latest.ms, latest.counter, self.clock.offset_ms)

    @property
    def author(self) -> tuple[str, str]:
        """
        Return the device and the person whose work is recorded now.

        Raises:
            NotEnrolled: The tablet was never enrolled, or (``NobodyWorks``) whoever worked on it has logged out.
        """
        if self.device is None or self.person is None:
            raise NobodyWorks if self.token else NotEnrolled
        return self.device, self.person


class Desk:
    """Transactions over the file, and the device's wall clock (milliseconds since 1970-01-01 UTC)."""

    def __init__(self, database: Database, wall_ms: Callable[[], int]) -> None:
        self.db = database
        self.wall_ms = wall_ms
        self._head: Head | None = None

    def head(self) -> Head:
        """Return the device's row as it stands; outside a transaction, to look at only."""
        with self.db.lock:
            return self._head or self._load()

    def now_ms(self) -> int:
        """Return the time as this device believes it is, corrected."""
        return self.head().clock.now_ms(self.wall_ms())

    @contextmanager
    def writing(self) -> Iterator[Head]:
        """Hold one transaction and the device's row; see ``Database.writing``."""
        with self.db.writing() as outermost:
            if not outermost and self._head is not None:
                yield self._head
                return
            self._head = head = self._load()
            before = head.row()
            try:
                yield head
                if head.row() != before:
                    self.db.run(_SAVE, head.row())
            finally:
                self._head = None

    @contextmanager
    def undoable(self) -> Iterator[Head]:
        """Hold a transaction, or a part of one that a failure undoes by itself."""
        with self.writing() as head:
            before = head.last_n
            self.db.run("SAVEPOINT part")
            try:
                yield head
            except BaseException:
                head.last_n = before
                if self.db.in_transaction:
                    self.db.run("ROLLBACK TO part")
                raise
            self.db.run("RELEASE part")

    def _load(self) -> Head:
        row = self.db.one(f"SELECT {_COLUMNS} FROM device")  # noqa: S608  # names of ours
        if row is None:
            # Without it numbers would begin anew, and name other work than before.
            raise LocalStoreDamaged("device")
        install, device, token, district, epoch, person, role, last_n, ms, counter, offset = row
        clock = Clock(device or "", Stamp(ms, counter, device or ""), offset)
        return Head(install, device, token, district, epoch, person, role, last_n, clock)
