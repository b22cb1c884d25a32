"""
The ledger's figures 台账指标: how many cases in which state and light, and the rates of a period.
"""

from msgspec import Struct

from schemas.moments import ms_of
from server.core.ledger_figures import Rates, Tally, rates
from server.storage.ledger_lists import Group, LedgerLists, Wanted
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.list_cases import CaseCounts, Sought, counts_of, wanted
from server.usecases.name_units import unit_names

_DAY_MS = 24 * 3_600_000


class GroupRates(Struct, frozen=True):
    """The rates of one unit or street; ``name`` is null where nobody has entered one."""

    code: str
    name: str | None
    rates: Rates


class CaseFigures(Struct, frozen=True):
    """
    The figures of a period, both days counted.

    Attributes:
        counts: How many cases there are now, whenever they are due.
        rates: Of all that had to be struck off in the period.
        groups: The same unit by unit, or street by street, by code.
    """

    first: str
    last: str
    counts: CaseCounts
    rates: Rates
    groups: list[GroupRates]


def ledger_figures(
    work: UnitOfWork, desk: Desk, sought: Sought, period: tuple[str, str], by: Group | None, now_ms: int
) -> CaseFigures:
    """
    Return the figures of the cases that *desk* may read, as far as they are *sought*.

    Args:
        work: For reading; needs no transaction.
        period: The first and the last day, 2020-07-18.

    Raises:
        Refusal: As ``list_cases``.
    """
    asked, lists = wanted(desk, sought, now_ms), work.ledger_lists
    since, until = ms_of(f"{period[0]}T00:00:00+08:00"), ms_of(f"{period[1]}T00:00:00+08:00") + _DAY_MS
    whole = _tallied(lists, asked, since, until, None).get("", Tally())
    groups = _tallied(lists, asked, since, until, by) if by else {}
    names = unit_names(work, groups) if groups else {}
    return CaseFigures(
        period[0], period[1], counts_of(lists.count(asked)), rates(whole),
        [GroupRates(code, names.get(code), rates(groups[code])) for code in sorted(groups)],
    )  # fmt: skip


def _tallied(lists: LedgerLists, asked: Wanted, since: int, until: int, by: Group | None) -> dict[str, Tally]:
    return {code: Tally(*counted) for code, counted in lists.tally(asked, since, until, by).items()}
