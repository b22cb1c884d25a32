"""
What becomes of a mutation that was taken 已接收: one row for the history, and what it waits for otherwise.
"""

from typing import Protocol

from msgspec import Struct

from schemas.clock import Received
from server.core.amending import Amendment
from server.core.arrived import Arrived
from server.core.decisions import Decision
from server.core.merge import Dispute
from server.values import Author, Record


class Taken(Struct):
    """
    One row for the history; ``number`` is filled in when numbers are taken.

    ``arrived`` is None for what the server itself brought about: a record that followed from another, or,
    with ``amendment``, what it wrote into one that was there.
    """

    record: Record
    author: Author
    received: Received
    outcome: str
    decisions: list[Decision]
    closed: tuple[Dispute, ...] = ()
    arrived: Arrived | None = None
    changes: bool = True
    number: int = 0
    amendment: Amendment | None = None
    #: The number people know the record by, where this row makes it; see ``numbering``.
    number_given: str | None = None
    #: What the record had been merged into before.
    left: str | None = None

    def note(self, decision: Decision) -> None:
        """Add a decision made after the mutation was merged; the record then goes down to its author too."""
        self.decisions.append(decision)
        self.record.clean = False
        if self.outcome == "applied":
            self.outcome = "merged"


class Waiting(Struct, frozen=True):
    """A mutation that waits for a record nobody has sent yet."""

    arrived: Arrived
    record: str


class Records(Protocol):
    """The records at hand: locked in the store, or made in this push."""

    def get(self, record_id: str) -> Record | None:
        """Return the record, or None where there is none."""

    def put(self, record: Record) -> None:
        """Keep a new record, or one put back after a group failed."""


class Waits(Exception):
    """The mutation waits for the record ``record``."""

    def __init__(self, record: str) -> None:
        self.record = record
        super().__init__(record)
