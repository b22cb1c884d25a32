"""
Which series a record's number is of 编号系列: the district's day for checks, the street's year for cases.

Pure: the names of streets and the district's letters are handed in. No series begins before its own day, whatever
date a record claims: after a restoration that tells which series may have given out more than is known.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from schemas import grid
from schemas.grid import Level, is_sealed
from schemas.initials import initials
from schemas.moments import BEIJING, day_of
from schemas.numbers import Series
from server.values import Record

#: What is left out of a street's name in its numbers, and of a district's.
_KINDS_OF_STREET = ("街道办事处", "街道", "镇", "乡")
_KINDS_OF_DISTRICT = ("自治县", "区", "县", "市", "旗")
#: Of a name so much goes into a number, which people read out and write down.
_MOST = 12
_NO_STREET = "本级"
_COVERT = "暗访"
_OF_STREETS = frozenset({"case", "day_report"})
_ORDER_WORDS = {"supervision": "督", "assignment": "交"}
_EIGHT_HOURS_AHEAD = "+08:00"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_COUNTED = re.compile(rf"([{_LETTERS}]{{0,8}})([0-9]{{1,9}})")
_MINUTE_MS, _YEAR_2020_MS = 60_000, 1_577_836_800_000


class Letters(NamedTuple):
    """
    What a district's numbers begin with.

    Attributes:
        cases: Of cases, HZ; what people say of the district in two letters.
        orders: Of orders, 海创卫: the office that issues them.
    """

    cases: str
    orders: str


def letters_by_default(district: str) -> Letters:
    """Return what the numbers of the district called *district* begin with where nobody has said otherwise."""
    short = _short(district, _KINDS_OF_DISTRICT)
    first = initials(short).replace("?", "").upper()[:4]
    return Letters(first or "WT", f"{short[:1]}创卫")


class Naming(NamedTuple):
    """
    What the numbers of a district are made of.

    Attributes:
        letters: The district's.
        streets: The names of streets by their codes; one without a name goes by its code's last digits.
    """

    letters: Letters
    streets: Mapping[str, str]


def street_of(record: Record) -> str | None:
    """Return the code of the street whose name is in the number; None where there is none, or it is sealed."""
    named = record.type in _OF_STREETS and len(record.feed) == Level.STREET and not is_sealed(record.feed)
    return record.feed if named else None


def series_of(record: Record, received_day: str, naming: Naming | None) -> Series:
    """
    Return the series of a new record's number; its type is one of ``NUMBER_FIELDS``.

    Args:
        record: The record.
        received_day: When the office took it in, 2020-07-18: nothing is numbered beyond that.
        naming: What names are needed; only types of ``NAMED`` need any.
    """
    named = _NAMED.get(record.type)
    return named(record, received_day, naming) if named and naming else _of_check(record, received_day)


def series_of_list(day: str, letters: Letters) -> Series:
    """Return the series of the red and black lists 红黑榜 that are issued on *day*: 海创卫榜〔2020〕3号."""
    return Series(f"{letters.orders}榜〔{day[:4]}〕", 1, f"{day[:4]}-01-01", "号")


def _of_check(record: Record, received_day: str) -> Series:
    day = _day(record.fields.get("observed_at"), received_day)
    return _of_day(day if day < received_day else received_day, grid.is_sealed(record.grid))


# Asked of every check, and there are few days.
@lru_cache(maxsize=512)
def _of_day(day: str, sealed: bool) -> Series:
    # A gap in the district's own series would tell that somebody had been there.
    letters = "AF" if sealed else "XC"
    return Series(f"{letters}-{day[:4]}{day[5:7]}{day[8:10]}-", 6, day)


def _of_case(record: Record, received_day: str, naming: Naming) -> Series:
    year = min(_day(record.fields.get("found_at"), received_day), received_day)[:4]
    street = street_of(record)
    name = _NO_STREET
    if grid.is_sealed(record.grid):
        name = _COVERT
    elif street is not None:
        name = _short(naming.streets.get(street, ""), _KINDS_OF_STREET) or street[Level.DISTRICT :]
    return Series(f"{naming.letters.cases}-{year}-{name}-", 5, f"{year}-01-01")


def _of_day_report(record: Record, received_day: str, naming: Naming) -> Series:
    year = min(str(record.fields.get("day") or received_day), received_day)[:4]
    street = street_of(record)
    name = _short(naming.streets.get(street or "", ""), _KINDS_OF_STREET) or (street or "")[Level.DISTRICT :]
    return Series(f"RB-{year}-{name or _NO_STREET}-", 5, f"{year}-01-01")


def _of_order(record: Record, received_day: str, naming: Naming) -> Series:
    year = min(str(record.fields.get("issued_on") or received_day), received_day)[:4]
    word = _ORDER_WORDS.get(str(record.fields.get("kind")), "督")
    return Series(f"{naming.letters.orders}{word}〔{year}〕", 1, f"{year}-01-01", "号")


_NAMED: Mapping[str, Callable[[Record, str, Naming], Series]] = {
    "case": _of_case,
    "order": _of_order,
    "day_report": _of_day_report,
}
#: The types whose numbers are made of names; a check's is made of its day alone.
NAMED = frozenset(_NAMED)


def _day(moment: str | None, otherwise: str) -> str:
    """Return the day in Beijing of *moment*, as 2020-07-18."""
    if moment is None:
        return otherwise
    if moment[-6:] == _EIGHT_HOURS_AHEAD:
        return moment[:10]
    return datetime.fromisoformat(moment).astimezone(BEIJING).date().isoformat()


def _short(name: str, kinds: Iterable[str]) -> str:
    """Return *name* without the word for what it is, where something is left."""
    name = "".join(name.split())
    for kind in kinds:
        if name.endswith(kind) and len(name) > len(kind) + 1:
            return name.removesuffix(kind)[:_MOST]
    return name[:_MOST]


# -- restorations -----------------------------------------------------------------------------------


def mark_of(began_ms: int) -> str:
    """
    Return what marks numbers given after the restoration of *began_ms*: its minute, in letters nobody mixes up.

    Not the count of restorations: of two from one backup the second knows nothing of the first.
    """
    minutes = max(0, began_ms - _YEAR_2020_MS) // _MINUTE_MS
    mark = ""
    while minutes or not mark:
        minutes, digit = divmod(minutes, len(_LETTERS))
        mark = _LETTERS[digit] + mark
    return mark


def brought_back(series: Series, number: str, mark: str, former: Mapping[str, int]) -> bool:
    """
    Say whether a record that comes back may have the *number* again that it had in a lost history.

    Args:
        series: The series of its number.
        mark: What marks the series' numbers now: those were all given by this database.
        former: How far the series was known to be by its former marks, when its history was lost.
    """
    if not (number.startswith(series.before) and number.endswith(series.after)):
        return False
    inner = _COUNTED.fullmatch(number[len(series.before) : len(number) - len(series.after)])
    if inner is None:
        return False
    marked, n = inner[1], int(inner[2])
    earlier = (len(marked), marked) < (len(mark), mark)
    return earlier and n > former.get(marked, 0) and series.number(n, marked) == number


def mark_for(series: Series, restored_ms: Iterable[int]) -> str:
    """
    Return the mark of a series of which this database knows nothing; none where nothing of it can have been lost.

    Args:
        series: The series.
        restored_ms: When the district's history began anew, each time.
    """
    after = [ms for ms in restored_ms if day_of(ms) >= series.since]
    return mark_of(max(after)) if after else ""
