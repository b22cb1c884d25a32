"""
Numbers that people read out to each other 单号: ``XC-20200718-005-000123``, ``WT-2020-005-000124``.

A number follows from where and when a record was made and from its first number in its feed. That is
given under the feed's lock, once and without gaps, so no two records share it, nobody has to keep a
counter, and a tablet knows it from the receipt alone. Until then there is none.
"""

from datetime import datetime, timedelta, timezone

from schemas.grid import Level
from schemas.records import Fields

_BEIJING = timezone(timedelta(hours=8))
#: Letters and date form of the types that have a number: 巡查 by the day, 问题 by the year.
_FORMS = {
    "street_check": ("XC", "%Y%m%d", "observed_at"),
    "shop_check": ("XC", "%Y%m%d", "observed_at"),
    "parking_check": ("XC", "%Y%m%d", "observed_at"),
    "case": ("WT", "%Y", "found_at"),
}


def number_of(type_name: str, grid: str, born: int, fields: Fields) -> str | None:
    """
    Return the number of a record, or None where its type has none or it is not acknowledged yet.

    Args:
        grid: The code it lies at; the street's three digits, or 000 for what belongs to no street.
        born: The version of its creation; 0 until the server has named it.
    """
    form = _FORMS.get(type_name)
    if form is None or not born:
        return None
    letters, date_form, field = form
    moment = datetime.fromisoformat(fields[field]).astimezone(_BEIJING)
    street = grid[Level.DISTRICT : Level.STREET] or "000"
    return f"{letters}-{moment.strftime(date_form)}-{street}-{born:06d}"
