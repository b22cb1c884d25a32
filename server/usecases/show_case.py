"""
Show one case with everything about it 案卷, and what somebody may do with it now.
"""

from msgspec import Struct

from server.core.desk.cases import CaseFile, case_file
from server.core.desk.next_acts import NextAct, next_acts
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk, signer_of
from server.usecases.keep_time import OfficeClock
from server.usecases.list_cases import found_case, names_for


class NextActs(Struct, frozen=True):
    """What *person* may do with a case now, seen at *version*: every act of the workflow, possible or not."""

    case: str
    version: int
    person: str
    acts: list[NextAct]


def show_case(work: UnitOfWork, desk: Desk, case: str, now_ms: int) -> CaseFile:
    """
    Return the case with the id *case*, all that was done with it, and what it waits for.

    Args:
        work: For reading; needs no transaction.

    Raises:
        Refusal: ``case_unknown`` where there is none, or none that *desk* may read.
    """
    record = found_case(work, desk, case, now_ms)
    return case_file(record, names_for(work, [record]), now_ms)


def show_next_acts(work: UnitOfWork, desk: Desk, case: str, person: str | None, now_ms: int) -> NextActs:
    """
    Return every act of the workflow, as it stands for *person* now.

    Args:
        person: One of the people of *desk*; None where it speaks for one only.

    Raises:
        Refusal: ``case_unknown``, ``invalid_request``, ``not_admitted_person`` or ``person_stopped``.
    """
    record = found_case(work, desk, case, now_ms)
    who = signer_of(desk, person)
    return NextActs(
        record.id, record.version, who.id, next_acts(record, who, now_ms, OfficeClock(work, now_ms).hinders)
    )
