"""
List the instructions that wait for a reply 待回复批示清单, with the days that are left.
"""

from msgspec import Struct
from msgspec.structs import replace

from schemas.moments import day_of
from server.core.desk.reach import reads
from server.core.sources.instructions import INSTRUCTION, Unanswered, unanswered
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.list_cases import reach


class Instructions(Struct, frozen=True):
    """Everything that waits for a reply, the most urgent first."""

    instructions: list[Unanswered]


def list_instructions(work: UnitOfWork, desk: Desk, now_ms: int) -> Instructions:
    """
    Return the instructions without a reply that *desk* may read, the most urgent first.

    No index names them: this walks the district's records, as a report does.
    """
    may = reach(desk, now_ms)
    records = [*work.records.of_types({INSTRUCTION}), *work.records.get(work.ledger.instructed()).values()]
    seen = [one for one in records if reads(may, one.grid, one.fields)]
    found = unanswered(seen, day_of(now_ms))
    names = work.people.names({one.by for one in found})
    return Instructions([replace(one, by=names.get(one.by, one.by)) for one in found])
