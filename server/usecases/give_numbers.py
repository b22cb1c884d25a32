"""
Give numbers to what a push made 编号: last of all, one range for each series, whoever else takes of it waiting.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from schemas.moments import day_of
from schemas.numbers import NUMBER_FIELDS, Series
from server.core import numbering
from server.core.numbering import Letters, Naming
from server.core.taken import Taken
from server.storage.unit_of_work import UnitOfWork


def give_numbers(work: UnitOfWork, rows: Iterable[Taken], received_ms: int, had: Mapping[str, str]) -> None:
    """
    Number the records that *rows* made, in their order; every feed's numbers are taken, the caller commits at once.

    Args:
        received_ms: When it all came in; no number is of a later day.
        had: The numbers that records went by in a history that was lost, by their ids: people have written them down.
    """
    made = [row for row in rows if row.record.type in NUMBER_FIELDS and _makes(row)]
    if not made:
        return
    of_series = _sorted_out(work, made, day_of(received_ms))
    for key in sorted(of_series, key=lambda series: series.key):
        _number(work, key, of_series[key], had)


def one_number(work: UnitOfWork, series: Series) -> str:
    """
    Take the next number of *series*; the caller commits soon.

    Of a series that is taken of outside a push, under a lock that all its takers hold: it comes before the feeds.
    """
    taken = work.numbers.take(series.key, 1, lambda: _mark_anew(work, series))
    return series.number(taken.first, taken.mark)


def letters_of(work: UnitOfWork) -> Letters:
    """Return what the numbers of the district begin with."""
    said = work.numbers.said()
    if said:
        return Letters(said[-1].cases, said[-1].orders)
    return numbering.letters_by_default(work.numbers.district_name())


def _makes(row: Taken) -> bool:
    """Say whether *row* is where its record begins; what stood before numbers were given never gets one."""
    if row.record.stored_before or not row.changes or row.amendment is not None:
        return False
    return row.arrived is None or row.arrived.mutation is None or row.arrived.mutation.op == "create"


def _sorted_out(work: UnitOfWork, made: list[Taken], today: str) -> dict[Series, list[Taken]]:
    naming = _naming(work, made)
    found: dict[Series, list[Taken]] = defaultdict(list)
    for row in made:
        found[numbering.series_of(row.record, today, naming)].append(row)
    return found


def _naming(work: UnitOfWork, made: list[Taken]) -> Naming | None:
    """Return what numbers made of names need; nothing is read for checks alone."""
    if numbering.NAMED.isdisjoint(row.record.type for row in made):
        return None
    streets = {code for row in made if (code := numbering.street_of(row.record)) is not None}
    return Naming(letters_of(work), work.numbers.area_names(streets))


def _number(work: UnitOfWork, series: Series, rows: list[Taken], had: Mapping[str, str]) -> None:
    again = _brought_back(work, series, rows, had) if had else {}
    for row in rows:
        if row.record.id in again:
            _call(row, again[row.record.id])
    rows = [row for row in rows if row.record.id not in again] if again else rows
    if rows:
        taken = work.numbers.take(series.key, len(rows), lambda: _mark_anew(work, series))
        for n, row in enumerate(rows, taken.first):
            _call(row, series.number(n, taken.mark))


def _call(row: Taken, number: str) -> None:
    """Write the *number* into the record that *row* makes."""
    row.record.fields[NUMBER_FIELDS[row.record.type]] = number
    # What the office brought about has it in what it wrote down.
    row.number_given = number if row.arrived is not None else None


def _brought_back(work: UnitOfWork, series: Series, rows: list[Taken], had: Mapping[str, str]) -> dict[str, str]:
    """Return the numbers that records have again, by their ids; what cannot have been lost is nobody's again."""
    asked = {row.record.id: had[row.record.id] for row in rows if row.record.id in had}
    if not asked:
        return {}
    # Locks the series; whoever else wants one of these numbers waits.
    mark = work.numbers.take(series.key, 0, lambda: _mark_anew(work, series)).mark
    former = work.numbers.former(series.key) if mark else {}
    good = {number: i for i, number in asked.items() if numbering.brought_back(series, number, mark, former)}
    returned = work.numbers.take_back(good)
    return {good[number]: number for number in returned}


def _mark_anew(work: UnitOfWork, series: Series) -> str:
    return numbering.mark_for(series, [epoch.began_ms for epoch in work.epochs.all()])
