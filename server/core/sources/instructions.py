"""
What leaders want to hear and have not heard yet 待回复批示: on cases, and on tasks, milestones and pledges.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct

from schemas.moments import day_of, ms_of
from schemas.workflow import CASE
from server.values import Record

INSTRUCTION = "instruction"


class Unanswered(Struct, frozen=True):
    """
    One instruction without a reply; null where nothing is said.

    Attributes:
        record: The case, or the instruction where it is a record of its own.
        by: Who gave it: a person's id on a case, a name otherwise.
        unit: Who has to answer, where that is said.
        reply_by: The day by which, 2020-07-18.
        days_left: Days until then, negative once it is over.
    """

    record: str
    type: str
    grid: str
    by: str
    text: str
    given_on: str
    unit: str | None
    reply_by: str | None
    days_left: int | None


def unanswered(records: Iterable[Record], today: str) -> list[Unanswered]:
    """Return the instructions on *records* that nobody has answered, the most urgent first; *today* is 2020-07-18."""
    now = date.fromisoformat(today)
    found = [one for record in records if not record.void for one in _of(record, now)]
    return sorted(found, key=lambda one: (one.reply_by or "9", one.given_on, one.record))


def _of(record: Record, now: date) -> Iterator[Unanswered]:
    fields = record.fields
    if record.type == INSTRUCTION and not fields.get("replies"):
        due = str(fields["reply_due"])
        yield Unanswered(
            record.id, record.type, record.grid, str(fields["leader"]), str(fields["directive"]),
            str(fields["given_on"]), str(fields["to_unit"]), due, _days(due, now),
        )  # fmt: skip
    # A case that is over is answered by how it ended.
    if record.type == CASE.name and fields.get("status") not in CASE.final:
        for one in fields.get("instructions", ()):
            if one.get("reply") is None:
                due = one.get("reply_by")
                yield Unanswered(
                    record.id, record.type, record.grid, one["by"], one["text"], day_of(ms_of(one["at"])),
                    fields.get("lead"), due, _days(due, now) if due else None,
                )  # fmt: skip


def _days(due: str, now: date) -> int:
    return (date.fromisoformat(due) - now).days
