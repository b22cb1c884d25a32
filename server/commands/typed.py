"""
What operators type 口语输入: days, times and codes as people say them, and areas by their names.
"""

import re
from datetime import date, datetime

import click

from schemas import grid
from schemas.moments import BEIJING, day_of
from schemas.said_times import day_said, minute_said, time_said
from server.commands.common import now_ms
from server.storage.unit_of_work import UnitOfWork
from server.usecases.mistakes import Mistake

#: A day, if there is one, and a time.
_MOMENT = re.compile(r"(?:(.*(?: |[天日号]))\s*)?(.*)", re.DOTALL)
#: So many areas of nearly one name are listed.
_LISTED = 6


def day_named(text: str) -> date:
    """Return the day that *text* means, 2020-10-10, 昨天 or 7月17日; the type of an argument."""
    today = day_of(now_ms())
    said = day_said(text, today)
    if said is None:
        raise click.BadParameter(
            f"“{text}”不是日期，应如 {today}、昨天、7月17日。'{text}' is no day; write {today}, or yesterday."
        )
    return date.fromisoformat(said)


def moment_named(text: str) -> int:
    """Return a moment here in milliseconds: 2020-07-18T18:30, '明天 12:00', 20:00 of today; the type of an option."""
    try:
        moment = datetime.fromisoformat(_spoken(text))
    except ValueError:
        raise click.BadParameter(
            f"“{text}”不是时刻，应如 2020-07-18T18:30 或 '明天 12:00'。"
            f"'{text}' is no moment; write 2020-07-18T18:30, or 20:00 of today."
        ) from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)).timestamp() * 1000)


def _spoken(text: str) -> str:
    """Return 明天 8点 as 2020-07-19T08:00, and a time alone as one of today; what is neither as it is."""
    on, clock = _MOMENT.fullmatch(text.strip()).groups()  # type: ignore[union-attr]  # anything matches
    today = day_of(now_ms())
    day, time = day_said(on, today) if on else today, time_said(clock)
    return f"{day}T{time}" if day and minute_said(time) is not None else text


def code_named(text: str) -> str:
    """Return a reminder's code as it is written, R07 for r07; the type of an argument."""
    return text.strip().upper()


def clocks_named(text: str) -> str:
    """Return a time of day as 08:00; what is none goes on to be refused in the words of the command."""
    return time_said(text)


def area_named(work: UnitOfWork, text: str | None) -> str | None:
    """
    Return the code of the area that *text* means: a code, a whole name, or how one begins; None for None.

    Raises:
        Mistake: No area is called so, or several are; it names them.
    """
    if text is None or grid.is_code(text):
        return text
    called = {
        str(one.fields["code"]): str(one.fields["name"])
        for one in work.patrol.entries(("area",), work.district)
        if one.fields.get("name") and not grid.is_sealed(str(one.fields.get("code")))
    }
    whole = sorted(code for code, name in called.items() if name == text)
    found = whole or sorted(code for code, name in called.items() if name.startswith(text.strip() or " "))
    if len(found) == 1:
        return found[0]
    if not found:
        raise Mistake(
            f"没有叫“{text}”的区划；写名称，如 河北街道，或代码，如 210902005。",
            f"No area is called '{text}'; write its name or its code, 210902005.",
        )
    widest = sorted(found, key=len)[:_LISTED]
    listed = "、".join(f"{called[code]} {code}" for code in widest) + ("等" if len(found) > _LISTED else "")
    raise Mistake(f"“{text}”可能是：{listed}；请写全。", f"'{text}' may be one of {len(found)}: {', '.join(widest)}.")
