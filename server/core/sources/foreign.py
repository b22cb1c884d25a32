"""
Ledgers that were kept elsewhere 外来台账: opened, due, closed, under other headings, in other words.

A layout says which column is which. What comes in this way is history: it was dispatched when it was opened, and a
case that was closed elsewhere is closed here, without the evidence that striking off asks for here; it says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from schemas.cases import PROBLEM_CLASSES
from schemas.fields import say
from schemas.ids import derived_id
from schemas.moments import BEIJING, ms_of
from schemas.parts import CRS
from schemas.records import Fields
from server.core.importing.cells import BadCell, fold, number, plain
from server.core.importing.tables import Column, Named, Wrong
from server.core.importing.text import Unreadable
from server.core.sources.findings import moment

#: The light turns yellow when so much of the time is used.
_YELLOW = 0.75
_MOST_TEXT, _MOST_PLACE = 300, 120
_NEEDED = ("number", "opened")


class Classes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which column says the class, and which of its words mean which of ours."""

    column: str
    words: dict[str, str] = {}
    otherwise: str = "other"


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    Which column of a foreign ledger is which.

    Attributes:
        number, opened, due, closed: Headings of the key and the three moments.
        text: Headings of what is joined to the description.
        place, lat, lon: Headings of the place.
        crs: The system of coordinates of ``lat`` and ``lon``.
        classes: How its words become our classes.
        offset: Of its clocks from UTC, as ``-05:00``; by default Beijing's.
        times: How it writes a moment, as ``%m/%d/%Y %I:%M:%S %p``; by default as offices do.
    """

    number: str
    opened: str
    due: str | None = None
    closed: str | None = None
    text: list[str] = []
    place: str | None = None
    lat: str | None = None
    lon: str | None = None
    crs: str = "wgs84"
    classes: Classes | None = None
    offset: str = "+08:00"
    times: str | None = None


def read_layout(raw: bytes) -> Layout:
    """
    Return the layout that *raw* (JSON) says.

    Raises:
        Unreadable: It is none; the message says what is wrong.
    """
    try:
        layout = msgspec.json.decode(raw, type=Layout)
        datetime.fromisoformat(f"2020-01-01T00:00:00{layout.offset}")
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unreadable(f"布局文件不对：{error}", f"The layout is wrong: {error}") from None
    ours = [layout.classes.otherwise, *layout.classes.words.values()] if layout.classes else []
    strange = [word for word in ours if word not in PROBLEM_CLASSES]
    if strange or layout.crs not in CRS:
        word = strange[0] if strange else layout.crs
        raise Unreadable(f"布局文件里的“{word}”不是这里的取值。", f"The layout's '{word}' is no word of ours.")
    return layout


def columns_of(layout: Layout) -> list[Column]:
    """Return the columns of a ledger laid out so."""
    found = [Column(name, (getattr(layout, name),), plain, name in _NEEDED) for name in _NAMES if getattr(layout, name)]
    found += [Column(f"text{n}", (heading,), plain) for n, heading in enumerate(layout.text)]
    return found + ([Column("class", (layout.classes.column,), plain)] if layout.classes else [])


_NAMES = ("number", "opened", "due", "closed", "place", "lat", "lon")


class Kept(NamedTuple):
    """One case of a foreign ledger: its id here, what it says, and where it stands in the file."""

    id: str
    fields: Fields
    row: int


@dataclass(slots=True)
class Plan:
    """What a foreign ledger amounts to."""

    kept: list[Kept] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    duplicates: int = 0


def plan(district: str, source: str, lead: str, layout: Layout, rows: Iterable[Named]) -> Plan:
    """
    Return the cases that *rows* tell of, each once.

    Args:
        lead: The unit that answers for all of them.
    """
    made, seen = Plan(), set[str]()
    for row in rows:
        fields = {} if row.wrong else _fields(layout, row)
        if row.wrong:
            made.wrong += row.wrong
        elif row.values["number"] in seen:
            made.duplicates += 1
        else:
            seen.add(row.values["number"])
            id_ = derived_id("foreign", district, source, row.values["number"])
            made.kept.append(Kept(id_, {"source": source, "lead": lead, **fields}, row.number))
    return made


def _fields(layout: Layout, row: Named) -> Fields:
    """Return what a row says as fields of a case; what it says wrongly goes into ``row.wrong``."""
    times = {name: _moment(layout, row, name) for name in ("opened", "due", "closed")}
    position = _position(layout, row)
    for name in _NEEDED:
        if not row.texts.get(name):
            row.wrong.append(Wrong(row.number, getattr(layout, name), "", say("required", "必填", "is required")))
    opened, due, closed = times["opened"], times["due"], times["closed"]
    if row.wrong or opened is None:
        return {}
    class_ = _class(layout.classes, row.values.get("class", ""))
    fields = {
        "source_no": row.values["number"][:60], "found_at": opened, "dispatched_at": opened, "due_at": due,
        "yellow_at": _yellow(opened, due), "rectified_at": closed, "closed_at": closed, "position": position,
        "status": "closed" if closed else "dispatched", "problem_class": class_,
        "severity": PROBLEM_CLASSES[class_].severity, "description": _description(layout, row),
        "place_text": row.values.get("place", "")[:_MOST_PLACE] or None,
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def _moment(layout: Layout, row: Named, name: str) -> str | None:
    text = row.values.get(name)
    if text is None:
        return None
    try:
        found = _as_written(layout.times, text) if layout.times else moment(text)
        return datetime.fromisoformat(found[:19] + layout.offset).astimezone(BEIJING).isoformat()
    except BadCell as bad:
        row.wrong.append(Wrong(row.number, str(getattr(layout, name)), text[:60], bad.error))
    except (ValueError, OverflowError):
        error = say("day", "没有这一时刻", "there is no such moment")
        row.wrong.append(Wrong(row.number, str(getattr(layout, name)), text[:60], error))
    return None


def _as_written(times: str, text: str) -> str:
    return datetime.strptime(text, times).isoformat()[:19]  # noqa: DTZ007  # the layout says the offset


def _position(layout: Layout, row: Named) -> Fields | None:
    if not (row.values.get("lat") and row.values.get("lon")):
        return None
    try:
        lat, lon = number(row.values["lat"]), number(row.values["lon"])
    except BadCell as bad:
        row.wrong.append(Wrong(row.number, str(layout.lat), row.texts["lat"][:60], bad.error))
        return None
    # Many ledgers write a zero where nobody knew.
    return {"lat": lat, "lon": lon, "crs": layout.crs} if (lat, lon) != (0, 0) else None


def _yellow(opened: str, due: str | None) -> str | None:
    if due is None:
        return None
    begun, over = datetime.fromisoformat(opened), datetime.fromisoformat(due)
    used = timedelta(milliseconds=max(0, ms_of(due) - ms_of(opened)) * _YELLOW)
    return min(begun + used, over).isoformat()


def _class(classes: Classes | None, text: str) -> str:
    if classes is None:
        return "other"
    words: Mapping[str, str] = {fold(word).lower(): ours for word, ours in classes.words.items()}
    return words.get(fold(text).lower(), classes.otherwise)


def _description(layout: Layout, row: Named) -> str | None:
    said: Sequence[Any] = [row.values[f"text{n}"] for n in range(len(layout.text)) if f"text{n}" in row.values]
    return "；".join(said)[:_MOST_TEXT] or None
