"""
Forcing the order of commits on PostgreSQL 提交次序: transactions are held at a drawn moment and let go one after
the other, and errors of the database's own kind are made to happen at a drawn statement.

Held are only the threads that ``speaking_for`` named. Whoever cannot come to where he would be held, because he
waits for a lock of another who is held already, is waited for no longer than ``GATHERING_S``.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Connection, Engine, ExceptionContext, event

from server.storage.engine import WRITING

BEFORE_NUMBERS, AFTER_NUMBERS, BEFORE_COMMIT = "before its numbers", "with its numbers", "before COMMIT"
#: How long those who have come wait for the rest, and each for its turn.
GATHERING_S, TURN_S = 0.12, 0.25
#: PostgreSQL's names for what befalls a transaction: serialisation failure, deadlock, connection cut.
SERIALISATION, DEADLOCK, CUT = "40001", "40P01", "57P01"
_TAKES, _LINKS = "UPDATE feed SET seq = seq + ", "UPDATE feed SET chain = "
_OPEN = "gridward_play"
_RAISE = "BEGIN RAISE EXCEPTION 'drawn' USING ERRCODE = {}; END"
#: A row in this table makes the COMMIT itself fail, with the state it names.
_FAILING_COMMIT = (
    "CREATE TABLE drawn (state text)",
    f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ {_RAISE.format('NEW.state')} $$",
    "CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON drawn DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION fail()",
)


class Fault(NamedTuple):
    """What befalls a tablet's transactions: at which statement (0: at the commit), and how many of them."""

    state: str
    at: int
    times: int


class Part(NamedTuple):
    """One tablet's part in a round: where it is held, when it is let go, and what goes wrong."""

    moment: str
    rank: int
    fault: Fault | None = None


class Open:
    """A writing transaction of a tablet that is under way."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.statements = 0
        self.committing = False


class Conductor:
    """
    Holds and lets go the writing transactions of one engine.

    Args:
        engine: Where the server writes.
        url: The same database, as libpq writes it; connections are cut through another one.

    Attributes:
        told: What happened, in order, a line each.
        counts: How often each kind of thing was really done.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self.told: list[str] = []
        self.counts: dict[str, int] = {}
        self.numbered: dict[tuple[str, str], threading.Event] = {}
        self._url = url
        self._thread = threading.local()
        self._changed = threading.Condition()
        self._begun = time.monotonic()
        self.begin({})
        with psycopg.connect(url) as connection:
            for statement in _FAILING_COMMIT:
                connection.execute(statement.encode())
        event.listen(engine, "begin", self._on_begin)
        event.listen(engine, "before_cursor_execute", self._on_statement)
        event.listen(engine, "commit", self._on_commit)
        event.listen(engine, "checkin", self._on_end)
        event.listen(engine, "invalidate", self._on_end)
        event.listen(engine, "handle_error", self._on_error)

    def begin(self, parts: Mapping[str, Part]) -> None:
        """Begin a round, with what becomes of whom."""
        with self._changed:
            self._parts = dict(parts)
            self._faults = {who: part.fault.times for who, part in parts.items() if part.fault}
            self._arrived: dict[str, float] = {}
            self._free = set[str]()
            self._left = set[str]()
            self._over: list[str] = []
            self._read = 0
            self.numbered.clear()

    @contextmanager
    def speaking_for(self, who: str) -> Iterator[None]:
        """Let what this thread writes meanwhile be *who*'s."""
        self._thread.who = who
        try:
            yield
        finally:
            self._thread.who = None

    def leave(self, who: str) -> None:
        """Wait for *who* no longer in this round."""
        with self._changed:
            self._left.add(who)
            self._changed.notify_all()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read: nobody is let go before what the one before him committed could be read."""
        with self._changed:
            over = len(self._over)
        yield
        with self._changed:
            self._read = max(self._read, over)
            self._changed.notify_all()

    def tell(self, what: str) -> None:
        """Write down one line."""
        self.told.append(f"{(time.monotonic() - self._begun) * 1000:7.0f} ms  {what}")

    def count(self, kind: str) -> None:
        """Count one thing of *kind* that was done."""
        self.counts[kind] = self.counts.get(kind, 0) + 1

    # -- what the engine tells ---------------------------------------------------------------------

    def _on_begin(self, connection: Connection) -> None:
        who = getattr(self._thread, "who", None)
        if who is not None and connection.get_execution_options().get(WRITING, False):
            connection.info[_OPEN] = Open(who)

    def _on_statement(self, connection: Connection, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        found: Open | None = connection.info.get(_OPEN)
        if found is None or found.committing or sql.startswith("DO "):
            return
        found.statements += 1
        if sql.startswith(_TAKES):
            self._hold(found.who, BEFORE_NUMBERS)
            self.tell(f"{found.who} asks for {values[0]} numbers of {values[-1]}")
        elif sql.startswith(_LINKS):
            self._signal(found.who, values[-1])
            self._hold(found.who, AFTER_NUMBERS)
        self._befall(connection, found, found.statements)

    def _on_commit(self, connection: Connection) -> None:
        found: Open | None = connection.info.get(_OPEN)
        if found is not None:
            self._hold(found.who, BEFORE_COMMIT)
            found.committing = True
            self._befall(connection, found, 0)

    def _on_end(self, _connection: Any, record: Any, _error: Any = None) -> None:
        found: Open | None = record.info.pop(_OPEN, None)
        if found is None:
            return
        with self._changed:
            self.tell(f"{found.who} {'committed' if found.committing else 'was undone'}")
            self.count("committed" if found.committing else "undone")
            if found.who in self._arrived:
                self._over.append(found.who)
            self._changed.notify_all()

    def _on_error(self, met: ExceptionContext) -> None:
        state = getattr(met.original_exception, "sqlstate", None)
        if met.connection is not None and not met.connection.invalidated and _OPEN in met.connection.info:
            met.connection.info[_OPEN].committing = False
        if state is not None and "drawn" not in str(met.original_exception):
            with self._changed:
                self.tell(f"{getattr(self._thread, 'who', None)} is told {state} by the database")
                self.count(f"{state} in earnest")

    # -- holding -----------------------------------------------------------------------------------

    def _signal(self, who: str, feed: str) -> None:
        waiting = self.numbered.get((who, feed))
        if waiting is not None:
            waiting.set()

    def _hold(self, who: str, moment: str) -> None:
        with self._changed:
            part = self._parts.get(who)
            if part is None or part.moment != moment or who in self._arrived:
                return
            self._arrived[who] = time.monotonic()
            self.tell(f"{who} is held {moment}")
            self.count(f"held {moment}")
            self._changed.notify_all()
            left = min(self._arrived.values()) + GATHERING_S - time.monotonic()
            self._changed.wait_for(self._all_here, max(left, 0))
            self._changed.wait_for(lambda: self._turn_of(part), TURN_S)
            self._free.add(who)
            self.tell(f"{who} is let go as number {part.rank}")
            if any(self._arrived[other] < self._arrived[who] for other in self._arrived.keys() - self._free):
                self.count("let go before somebody who came first")

    def _all_here(self) -> bool:
        return self._parts.keys() <= self._arrived.keys() | self._left

    def _turn_of(self, part: Part) -> bool:
        before = {who for who, other in self._parts.items() if other.rank < part.rank and who in self._arrived}
        return before <= {*self._over} and self._read >= len(self._over)

    # -- what goes wrong ---------------------------------------------------------------------------

    def _befall(self, connection: Connection, found: Open, statement: int) -> None:
        with self._changed:
            part = self._parts.get(found.who)
            fault = part.fault if part else None
            if fault is None or fault.at != statement or not self._faults[found.who]:
                return
            self._faults[found.who] -= 1
            self.tell(f"{found.who} meets {fault.state} at statement {fault.at or 'COMMIT'}")
            self.count(fault.state)
        if fault.state == CUT:
            self._cut(connection)
        elif statement:
            # The server's own error, which undoes the transaction there as well.
            connection.exec_driver_sql(f"DO $$ {_RAISE.format(repr(fault.state))} $$")
        else:
            connection.exec_driver_sql("INSERT INTO drawn (state) VALUES (%s)", (fault.state,))

    def _cut(self, connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        with psycopg.connect(self._url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (driver.info.backend_pid,))

    @contextmanager
    def rival(self, who: str, first: str, second: str) -> Iterator[None]:
        """Let somebody lock feed *second*, and then *first* once *who* has numbers there: a deadlock, in earnest."""
        signal = self.numbered.setdefault((who, first), threading.Event())
        locked = threading.Event()
        thread = threading.Thread(target=self._oppose, args=(signal, locked, first, second))
        thread.start()
        locked.wait(5)
        try:
            yield
        finally:
            signal.set()
            thread.join()

    def _oppose(self, signal: threading.Event, locked: threading.Event, first: str, second: str) -> None:
        lock = "UPDATE feed SET seq = seq WHERE code = %s"
        with psycopg.connect(self._url) as connection:
            # Longer than the server's own, so that it is the server whose transaction is given up.
            connection.execute("SET deadlock_timeout = '5s'")
            connection.execute("SET lock_timeout = '700ms'")
            connection.execute(lock, (second,))
            locked.set()
            if signal.wait(0.6):
                try:
                    connection.execute(lock, (first,))
                except psycopg.errors.LockNotAvailable:
                    self.tell("the rival gave up")
            connection.rollback()
