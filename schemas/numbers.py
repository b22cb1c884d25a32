"""
Numbers that people read out to each other 编号: ``XC-20200718-000123``, ``HZ-2020-河北-00123``, 海创卫督〔2020〕5号.

The office alone gives them, when it takes a record in: without gaps in each series, none twice, and none ever
changes. They stand in the record, so whoever holds it knows its number; until then there is none 待编号.
"""

import re
import unicodedata
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from schemas.grid import Level
from schemas.records import Fields

#: The field in which each type keeps its number.
NUMBER_FIELDS = {
    "street_check": "check_no",
    "shop_check": "check_no",
    "parking_check": "check_no",
    "case": "case_no",
    "order": "order_no",
    "day_report": "report_no",
}
#: What is said in the place of a number that the office has not given yet.
NOT_YET = ("待编号", "no number yet")
#: Numbers as they are typed, with dashes, blanks or nothing between; and how many digits they have at least.
_TYPED = (
    (re.compile(r"([A-Z]{2})[- ]*([0-9]{8})[- ]*([A-Z]*[0-9]{1,9})"), 6),
    (re.compile(r"([A-Z]{1,8})[- ]*([0-9]{4})[- ]*([^-0-9 ]*[^-0-9A-Z ])[- ]*([A-Z]*[0-9]{1,9})"), 5),
    (re.compile(r"([A-Z]{1,8})[- ]+([0-9]{4})[- ]+([^- ]+)[- ]+([A-Z]*[0-9]{1,9})"), 5),
)
_MARK = re.compile(r"[A-Z]*")
#: In a run of outcomes the last so many characters of the numbers count up.
_TAIL = 5

_BEIJING = timezone(timedelta(hours=8))
#: Letters, date form and date of what was taken in before numbers were given 旧编号.
_OLD_FORMS = {
    "street_check": ("XC", "%Y%m%d", "observed_at"),
    "shop_check": ("XC", "%Y%m%d", "observed_at"),
    "parking_check": ("XC", "%Y%m%d", "observed_at"),
    "case": ("WT", "%Y", "found_at"),
}


class Series(NamedTuple):
    """
    A series of numbers: what stands before and behind the digits, and how many digits there are at least.

    ``since`` is its first day, 2020-07-18: before it nobody can have got a number of it.
    """

    before: str
    digits: int
    since: str
    after: str = ""

    @property
    def key(self) -> str:
        """The series' name: its numbers without the digits."""
        return f"{self.before}#{self.after}"

    def number(self, n: int, mark: str = "") -> str:
        """Return number *n*; *mark* tells what was given after a restoration from what may have been lost by it."""
        return f"{self.before}{mark}{str(n).zfill(self.digits)}{self.after}"


def number_of(type_name: str, grid: str, born: int, fields: Fields) -> str | None:
    """
    Return the number of a record, or None where its type has none or the office has not given it yet.

    Args:
        grid: The code it lies at.
        born: The version of its creation; 0 until the server has taken it in.
    """
    name = NUMBER_FIELDS.get(type_name)
    if name is None:
        return None
    given = fields.get(name)
    return str(given) if given else _old_number(type_name, grid, born, fields)


def has_number(type_name: str) -> bool:
    """Say whether records of the type are given numbers."""
    return type_name in NUMBER_FIELDS


def _old_number(type_name: str, grid: str, born: int, fields: Fields) -> str | None:
    """Return what follows from the receipt ``XC-20200718-005-000123``: what has been told so is called so for ever."""
    form = _OLD_FORMS.get(type_name)
    if form is None or not born or not fields.get(form[2]):
        return None
    letters, date_form, field = form
    moment = datetime.fromisoformat(fields[field]).astimezone(_BEIJING)
    street = grid[Level.DISTRICT : Level.STREET] or "000"
    return f"{letters}-{moment.strftime(date_form)}-{street}-{born:06d}"


def as_given(text: str) -> str:
    """
    Return *text* as the office writes numbers: in capitals, no full-width signs, dashes between, all leading zeros.

    So ``hz 2020 河北 123`` and ``HZ2020河北123``, as they come by telephone, are ``HZ-2020-河北-00123``.
    """
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    for form, digits in _TYPED:
        if found := form.fullmatch(plain):
            *before, counted = found.groups()
            mark = _MARK.match(counted)
            letters = mark[0] if mark else ""
            return "-".join([*before, f"{letters}{counted[len(letters) :]:0>{digits}}"])
    return plain


def later(number: str, by: int) -> str:
    """Return the number that lies *by* behind *number* in its series, as runs of outcomes count."""
    return f"{number[:-_TAIL]}{int(number[-_TAIL:]) + by:0{_TAIL}d}" if by else number


def counts_up(number: str) -> bool:
    """Say whether numbers can be counted on from *number*: it ends in five digits."""
    return len(number) >= _TAIL and number[-_TAIL:].isascii() and number[-_TAIL:].isdecimal()


def follows(number: str | None, first: str | None, by: int) -> bool:
    """Say whether *number* lies *by* behind *first*, as ``later`` says; where there is neither, it does."""
    if number is None or first is None:
        return number is first
    return counts_up(first) and number == later(first, by)
