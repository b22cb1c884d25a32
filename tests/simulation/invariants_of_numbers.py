"""
What must hold of the numbers people use 编号不变式: no gap, none twice, none ever another.
"""

from schemas.numbers import NUMBER_FIELDS
from tests.simulation import files
from tests.simulation.files import HistoryRow
from tests.simulation.looking import Wrong, of_server
from tests.simulation.world import World


@of_server
def called_once_and_for_ever(world: World, rows: list[HistoryRow]) -> Wrong:
    """Whatever can have a number has one, keeps it, and shares it with nobody: not even with what was lost."""
    if not rows:
        return
    oracle = world.oracle
    for record, number in _numbers(world).items():
        if number is None:
            yield f"{record} has no number"
            continue
        before = oracle.called.setdefault(record, number)
        if before != number:
            yield f"{record} was called {before}, it is called {number} now"
        owner = oracle.named.setdefault(number, record)
        if owner != record:
            yield f"{record} and {owner} are both called {number}"


@of_server
def series_without_gaps(world: World, rows: list[HistoryRow]) -> Wrong:
    """What was given of a series since its history last began anew is 1 to its last number."""
    if not rows:
        return
    numbers = [number for number in _numbers(world).values() if number is not None]
    for series, mark, last in world.oracle.office.series:
        before, _, after = series.partition("#")
        start = before + mark
        found = [n[len(start) : len(n) - len(after)] for n in numbers if n.startswith(start) and n.endswith(after)]
        given = sorted(int(digits) for digits in found if digits.isdecimal())
        if given != list(range(1, last + 1)):
            yield f"{series} {mark} is at {last}, and there are {given}"


def _numbers(world: World) -> dict[str, str | None]:
    """Return what everything that can have a number is called, by id."""
    records = world.oracle.office.records.values()
    return {
        one.id: files.decode(one.fields).get(NUMBER_FIELDS[one.type]) for one in records if one.type in NUMBER_FIELDS
    }
