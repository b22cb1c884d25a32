"""
A case as a row of the ledger 台账一行: the record, and what everybody in it is called, into 29 cells. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from schemas import grid
from schemas.cases import PROBLEM_CLASSES, SEVERITIES, SOURCES
from schemas.grid import Level
from schemas.lights import light_of
from schemas.moments import BEIJING, ms_of
from schemas.numbers import NOT_YET, number_of
from schemas.parts import FUNCTIONAL_UNITS
from schemas.records import Fields
from schemas.workflow import CASE
from server.core.exporting import lies_at
from server.core.photo_names import shown_in
from server.core.photo_pairs import pairs_of
from server.core.sources.masking import masked, without_numbers
from server.reports.ledger_columns import PLACES
from server.values import Record

#: What a cell holds; a moment is Beijing's, to the minute, without an offset, as spreadsheets keep it.
Cell = str | int | datetime | None
YES, NO = "是", "否"
#: So much text goes into one cell; programs that read tables back refuse longer ones.
MOST_TEXT = 8_000
BETWEEN_REMARKS = "；"
_LEFT_OUT = "……"
#: No spreadsheet keeps them; a line end stays.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_NAMED = 12
_PUT_RIGHT = frozenset({"rectified", "verified", "closed"})


@dataclass(frozen=True, slots=True)
class Called:
    """
    What is called how.

    Attributes:
        names: People by id, units by code.
        areas: Places by code.
        phones: Telephone numbers of people, by id.
    """

    names: Mapping[str, str]
    areas: Mapping[str, str]
    phones: Mapping[str, str]


class Shown(NamedTuple):
    """The photos of a case that stand for it, as the record names them: before and after; None where there is none."""

    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def cells_of(case: Record, called: Called, now_ms: int, *, serial: int = 0, whole: bool = True) -> list[Cell]:
    """
    Return the cells of *case*, in the order of ``ledger_columns.COLUMNS``; where photos go stand their names.

    Args:
        serial: Which row it is, from 1.
        whole: Whether telephone numbers are shown whole, in what people wrote too.
    """
    found: dict[str, Cell] = {
        "serial": serial,
        **_what(case, called, whole=whole),
        **_where(case, called),
        **_who(case.fields, called, whole=whole),
        **_how_far(case, now_ms, whole=whole),
        **_pictured(shown_of(case)),
    }
    return [found.get(name) for name in PLACES]


def shown_of(case: Record) -> Shown:
    """Return which photos show *case* before and after: the first pair, or whatever there is of either."""
    photos = shown_in(case)
    pair = next(iter(pairs_of(photos)), None)
    if pair is not None:
        return Shown(pair.before, pair.after)
    by_role = {role: [one for one in photos if one.get("role") == role] for role in ("before", "near", "far")}
    before = next((found[0] for found in by_role.values() if found), None)
    before = before or next((one for one in photos if one.get("role") != "after"), None)
    return Shown(before, next((one for one in photos if one.get("role") == "after"), None))


def file_name(photo: Mapping[str, Any]) -> str:
    """Return what a photo's file is called: made of its hash alone."""
    return f"{str(photo['sha256'])[:_NAMED]}.jpg"


def plain(text: str) -> str:
    """Return *text* as a cell can hold it: without signs that no spreadsheet keeps, and not too long."""
    kept = _UNSEEN.sub("", text.replace("\r\n", "\n"))
    return kept if len(kept) <= MOST_TEXT else kept[: MOST_TEXT - len(_LEFT_OUT)] + _LEFT_OUT


def minute(text: str) -> datetime:
    """Return a moment as records write it, as a spreadsheet keeps it: Beijing's, to the minute."""
    return at_minute(ms_of(text))


def at_minute(ms: int) -> datetime:
    """Return the moment *ms* as a spreadsheet keeps it."""
    return datetime.fromtimestamp(ms // 1000, BEIJING).replace(second=0, microsecond=0, tzinfo=None)


def remarks_of(fields: Fields, *, whole: bool = True) -> str:
    """Return the remarks of a case as one text; where they are too many, the last ones."""
    said = [_said(str(entry.get("text", "")), whole=whole) for entry in fields.get("remark", ())]
    joined = plain(BETWEEN_REMARKS.join(said[-1:]))
    for text in reversed(said[:-1]):
        if len(text) + len(joined) > MOST_TEXT // 2:
            return f"{_LEFT_OUT}{joined}"
        joined = f"{text}{BETWEEN_REMARKS}{joined}"
    return joined


def _what(case: Record, called: Called, *, whole: bool) -> dict[str, Cell]:
    fields, known = case.fields, PROBLEM_CLASSES.get(case.fields["problem_class"])
    # What a check found is in front of a door that has a name.
    place = fields.get("place_text") or called.names.get(fields.get("target_id") or "")
    return {
        "number": number_of(case.type, case.grid, case.born, fields) or NOT_YET[0],
        "source": SOURCES.get(fields["source"], fields["source"]),
        "found_at": minute(fields["found_at"]),
        "place_text": _said(place, whole=whole),
        "problem_class": known.zh if known else fields["problem_class"],
        "description": _said(fields.get("description"), whole=whole),
        "severity": SEVERITIES.get(fields["severity"], fields["severity"]),
    }


def _where(case: Record, called: Called) -> dict[str, Cell]:
    place, fields = lies_at(case.grid, case.fields), case.fields
    levels = (("street", Level.STREET), ("community", Level.COMMUNITY), ("grid", Level.GRID))
    found: dict[str, Cell] = {
        name: _name(place[:level], called) if len(place) >= level and not grid.is_sealed(place) else ""
        for name, level in levels
    }
    lead = fields.get("lead") or ""
    territory = fields.get("territorial_unit") or (lead if grid.is_code(lead) else "") or place[: Level.STREET]
    found["territorial_unit"] = "" if grid.is_sealed(territory) else _name(territory, called)
    department = fields.get("functional_unit") or (lead if lead and not grid.is_code(lead) else "")
    found["functional_unit"] = _name(department, called) if department else ""
    return found


def _who(fields: Fields, called: Called, *, whole: bool) -> dict[str, Cell]:
    owner = fields.get("owner_person")
    phone = called.phones.get(owner, "") if owner else ""
    return {
        "owner": called.names.get(owner, "") if owner else "",
        "phone": plain(phone) if whole else masked(phone),
        "verified_by": called.names.get(fields.get("verified_by") or "", ""),
    }


def _how_far(case: Record, now_ms: int, *, whole: bool) -> dict[str, Cell]:
    fields = case.fields
    requests = fields.get("requests", ())
    moments = {name: minute(fields[name]) if fields.get(name) else None
               for name in ("due_at", "rectified_at", "verified_at", "closed_at")}  # fmt: skip
    return {
        "measure": _said(fields.get("measure"), whole=whole),
        "state": "已作废" if case.void else CASE.states.get(fields["status"], fields["status"]),
        "closed": YES if fields["status"] == "closed" else NO,
        "returns": fields.get("return_count") or 0,
        "extensions": sum(one["kind"] == "extension" and one.get("answer") == "granted" for one in requests),
        "overdue": YES if _is_overdue(fields, now_ms) else NO,
        "remark": remarks_of(fields, whole=whole),
        **moments,
    }


def _is_overdue(fields: Fields, now_ms: int) -> bool:
    """Say whether a case is red, or was put right too late."""
    if light_of(fields, now_ms) == "red":
        return True
    done, due = fields.get("rectified_at"), fields.get("due_at")
    return bool(fields["status"] in _PUT_RIGHT and done and due and ms_of(done) > ms_of(due))


def _pictured(shown: Shown) -> dict[str, Cell]:
    return {name: file_name(photo) if photo else "" for name, photo in zip(Shown._fields, shown, strict=True)}


def _said(text: str | None, *, whole: bool) -> str:
    return plain(text if whole else without_numbers(text)) if text else ""


def _name(code: str, called: Called) -> str:
    return plain(called.names.get(code) or called.areas.get(code) or FUNCTIONAL_UNITS.get(code) or code)


def texts_of(cells: Sequence[Cell]) -> list[str]:
    """Return *cells* as a person would write them."""
    return [one.strftime("%Y-%m-%d %H:%M") if isinstance(one, datetime) else "" if one is None else str(one)
            for one in cells]  # fmt: skip
