"""
What the numbers of a district begin with, how far each series is, and which record goes by a number 编号管理.
"""

import re
from typing import NamedTuple

from schemas.numbers import as_given
from server.core.numbering import Letters
from server.storage.numbers import Spoken
from server.storage.store import Store
from server.storage.unit_of_work import retrying
from server.usecases.give_numbers import letters_of
from server.usecases.manage_calendar import Said, by_of, reason_of
from server.usecases.mistakes import Mistake

_CASES = re.compile(r"[A-Z]{1,8}")
_ORDERS = re.compile(r"[㐀-鿿]{1,8}")


class Standing(NamedTuple):
    """How far a series is: its name with # in the place of the digits, its last number, and its mark."""

    series: str
    last: int
    mark: str


class Called(NamedTuple):
    """A record that goes by a number."""

    id: str
    type: str
    grid: str
    void: bool


def series_of(store: Store, district: str) -> tuple[Letters, list[Standing]]:
    """Return what the numbers of *district* begin with, and every series."""
    with store.work(district, writing=False) as work:
        series = [Standing(name, last, mark) for name, (last, mark) in work.numbers.all().items()]
        return letters_of(work), series


def set_letters(store: Store, district: str, said: Said, cases: str | None, orders: str | None) -> Letters:
    """
    Let the numbers of *district* begin otherwise from now on; None: as before. What has a number keeps it.

    Raises:
        Mistake: they cannot begin so, or no reason is given.
    """
    if cases is None and orders is None:
        raise Mistake("请写 --cases 或 --orders。", "Say --cases or --orders.")
    if cases is not None and not _CASES.fullmatch(cases):
        raise Mistake(f"“{cases}”不是 1 至 8 个大写字母。", f"'{cases}' is not 1 to 8 capital letters.")
    if orders is not None and not _ORDERS.fullmatch(orders):
        raise Mistake(f"“{orders}”不是 1 至 8 个汉字。", f"'{orders}' is not 1 to 8 Chinese characters.")

    def attempt() -> Letters:
        with store.work(district) as work:
            before = letters_of(work)
            letters = Letters(cases or before.cases, orders or before.orders)
            work.numbers.say(Spoken(*letters, reason_of(said), by_of(work, said), said.now_ms))
            work.commit()
            return letters

    return retrying(attempt)


def find_numbered(store: Store, district: str, number: str) -> list[Called]:
    """
    Return the record that goes by *number*, as it was given; every record is looked through.

    Raises:
        Mistake: there is none.
    """
    with store.work(district, writing=False) as work:
        found = [Called(*row) for row in work.numbers.holders(as_given(number))]
    if not found:
        raise Mistake(f"没有编号为“{number}”的记录。", f"No record goes by '{number}'.")
    return found
