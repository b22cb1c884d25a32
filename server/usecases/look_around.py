"""
See what one push means for records it does not name 牵连: read them, and let the core carry it out.

Two statements for an ordinary push of checks; more only where a register was merged, closed or regraded.
"""

from collections.abc import Iterable

from server.core.between import redirects
from server.core.between.effects import Effects
from server.core.between.traits import merged_into, traits_of
from server.core.between.wanted import Wants, likely, wanted
from server.core.intake import Intake
from server.storage.unit_of_work import UnitOfWork
from server.values import Record


def look_around(work: UnitOfWork, intake: Intake) -> Effects:
    """
    Carry out what *intake*, already merged, means for other records.

    Amendments are added to *intake*; the disputes that arose or ended are in what is returned.
    """
    wants = wanted([*intake.taken, *intake.brought])
    if not wants:
        return Effects(intake, {})
    dependents = _dependents(work, wants, intake)
    wants.paired.update(record.id for record in dependents if traits_of(record.type).pairs)
    known = _known_pairs(work, wants)
    wants.ids.update(i for pair in known for i in pair)
    wants.ids.update(_first_with_a_number(work, wants))
    # Where one of them belongs is asked anew from what it was made about.
    wants.ids.update(named for record in dependents if (named := redirects.named_by(record)))
    around = _read(work, wants, intake) | {record.id: record for record in dependents}
    effects = Effects(intake, around, frozenset(wants.paired), known)
    effects.carry_out(dependents)
    return effects


def look_for_pairs(work: UnitOfWork, intake: Intake) -> Effects:
    """Hold the cases that *intake* took, unchanged, against all others; nothing is amended."""
    wants = likely(row.record for row in intake.taken)
    known = _known_pairs(work, wants)
    wants.ids.update(i for pair in known for i in pair)
    effects = Effects(intake, _read(work, wants, intake), frozenset(wants.paired), known)
    effects.carry_out(())
    return effects


def _known_pairs(work: UnitOfWork, wants: Wants) -> frozenset[tuple[str, str]]:
    if not wants.paired:
        return frozenset()
    return frozenset((pair.record, pair.field) for pair in work.conflicts.open_pairs(wants.paired) if pair.open)


def _first_with_a_number(work: UnitOfWork, wants: Wants) -> set[str]:
    """Return the records that were first to carry a number which this push writes."""
    return {
        record
        for type_name, numbers in wants.numbers.items()
        for record in work.records.ids_by_code(type_name, numbers).values()
    }


def _read(work: UnitOfWork, wants: Wants, intake: Intake) -> dict[str, Record]:
    cells = {name: (wants.cells_since_ms[name], found) for name, found in wants.cells.items()}
    own = next(iter(wants.writers)) if len(wants.writers) == 1 else None
    around = work.records.around(wants.ids, wants.subjects, wants.since_ms, cells, own)
    at_hand = {row.record.id: row.record for row in (*intake.taken, *intake.brought)}
    if own is not None and any(traits_of(record.type).dated for record in around.values()):
        # The day's notice may stand with a check of his own.
        around |= work.records.around((), wants.subjects, wants.since_ms, {})
    asked: set[str] = set()
    while goals := _goals({**around, **at_hand}.values()) - asked:
        # What was made about an entry counts with the one that is left.
        around |= work.records.around(goals, goals if wants.subjects else (), wants.since_ms, {})
        asked |= goals
    return around


def _led_to(work: UnitOfWork, turned: set[str]) -> set[str]:
    """Return *turned* and whatever they had been merged into, one after the other: there their checks stand."""
    known, next_ones = set(turned), set(turned)
    while next_ones:
        next_ones = _goals(work.records.get(next_ones).values()) - known
        known |= next_ones
    return known


def _goals(records: Iterable[Record]) -> set[str]:
    """Return what *records* were merged into."""
    goals = map(merged_into, records)
    return {goal for goal in goals if goal}


def _dependents(work: UnitOfWork, wants: Wants, intake: Intake) -> list[Record]:
    if not wants.turned:
        return []
    found = work.records.about(_led_to(work, wants.turned), 0, lock=True)
    at_hand = {row.record.id for row in (*intake.taken, *intake.brought)}
    for record in found.values():
        if record.id not in at_hand:
            intake.records.put(record)
    return list(found.values())
