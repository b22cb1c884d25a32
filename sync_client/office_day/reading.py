"""
Reading the day out of the tablet's file 取数: a few statements over what its indexes lead to, nothing decoded in vain.

Moments are compared as text within the district's zone; a moment written in another zone is at most a day away,
so a day more on either side is read and what does not belong is left out by its milliseconds.
"""

from datetime import date, timedelta
from typing import Any

import msgspec

from schemas.lights import light_in
from schemas.moments import day_of, ms_of
from schemas.numbers import number_of
from sync_client.database import Database
from sync_client.office_day.ledger import OPEN_STATES, OpenCase
from sync_client.office_day.values import FORMS, AreaRow, CheckRow, FoundRow, PersonRow

_FORMS = ", ".join(f"'{form}'" for form in FORMS)
_CHECKS = f"""SELECT id, json_extract(fields, '$.inspector_id'), type, grid, time,
    coalesce(json_array_length(fields, '$.photos'), 0)
    FROM record WHERE type IN ({_FORMS}) AND time >= ? AND time < ? AND void = 0"""  # noqa: S608  # words of ours
_FOUND = """SELECT id, json_extract(fields, '$.check_id'), CASE WHEN version = born THEN by END, grid, time,
    coalesce(json_array_length(fields, '$.photos'), 0)
    FROM record WHERE type = 'case' AND time >= ? AND time < ? AND void = 0"""
_AREAS = """SELECT json_extract(fields, '$.code'), json_extract(fields, '$.name'), json_extract(fields, '$.holders')
    FROM record WHERE type = 'area' AND void = 0"""
_PEOPLE = """SELECT id, json_extract(fields, '$.name'), json_extract(fields, '$.role')
    FROM record WHERE type = 'person' AND void = 0"""
_OPEN = f"""SELECT id, grid, born, status, time, fields FROM record WHERE type = 'case' AND status IN
    ({", ".join(f"'{state}'" for state in OPEN_STATES)}) AND void = 0"""  # noqa: S608  # words of ours
# What was struck off that day was changed that day, or later.
_STRUCK_OFF = """SELECT grid, json_extract(fields, '$.closed_at') FROM record
    WHERE type = 'case' AND status = 'closed' AND at_ms >= ? AND void = 0"""


class _Request(msgspec.Struct):
    kind: str
    answer: str | None = None


class _Case(msgspec.Struct):
    """What is read of a case's fields; of most of them nothing."""

    problem_class: str = ""
    case_no: str | None = None
    place_text: str | None = None
    lead: str | None = None
    owner_person: str | None = None
    yellow_at: str | None = None
    due_at: str | None = None
    merged_into: str | None = None
    requests: list[_Request] = []

    @property
    def asked(self) -> bool:
        """Whether more time was asked for, and nobody has answered."""
        return any(one.kind == "extension" and not one.answer for one in self.requests)


def checks_on(db: Database, day: str) -> list[CheckRow]:
    """Return every check made on *day* that the tablet holds."""
    return [CheckRow(*row) for row in _on(db, _CHECKS, day)]


def cases_found_on(db: Database, day: str) -> list[FoundRow]:
    """Return every case found on *day* that the tablet holds."""
    return [FoundRow(*row) for row in _on(db, _FOUND, day)]


def areas(db: Database) -> list[AreaRow]:
    """Return the areas of the directory, by their codes."""
    rows = db.all(_AREAS)
    found = [AreaRow(code, name or code, tuple(_decode(holders)) if holders else ()) for code, name, holders in rows]
    return sorted(found)


def people(db: Database) -> list[PersonRow]:
    """Return the people of the directory."""
    return [PersonRow(*row) for row in db.all(_PEOPLE)]


def _on(db: Database, sql: str, day: str) -> list[Any]:
    """Return the rows of that day, the fifth column in milliseconds."""
    low, high = (date.fromisoformat(day) + timedelta(days=days) for days in (-1, 2))
    rows = [(*row[:4], ms_of(row[4]), row[5]) for row in db.all(sql, (low.isoformat(), high.isoformat()))]
    return [row for row in rows if day_of(row[4]) == day]


def open_cases(db: Database, now_ms: int) -> list[OpenCase]:
    """Return every open case that the tablet holds, with its light at *now_ms*; merged ones count as the other."""
    found = []
    for record_id, place, born, state, found_at, text in db.all(_OPEN):
        case = _decode_case(text)
        if case.merged_into is None:
            yellow, due = _ms(case.yellow_at), _ms(case.due_at)
            light = light_in(state, yellow, due, now_ms, asked=case.asked)
            number = number_of("case", place, born, {"case_no": case.case_no, "found_at": found_at})
            found.append(OpenCase(record_id, place, state, light, due, number, case.problem_class, case.place_text,
                                  case.lead, case.owner_person))  # fmt: skip
    return found


def struck_off_on(db: Database, day: str) -> list[str]:
    """Return where each case lies that was struck off on *day* 销号."""
    rows = db.all(_STRUCK_OFF, (midnight_of(day),))
    return [place for place, closed_at in rows if closed_at and day_of(ms_of(closed_at)) == day]


def _ms(text: str | None) -> int | None:
    return None if text is None else ms_of(text)


def midnight_of(day: str) -> int:
    """Return the moment at which *day* begins."""
    return ms_of(f"{day}T00:00:00{_ZONE}")


_ZONE = "+08:00"
_decode_case = msgspec.json.Decoder(_Case).decode
_decode = msgspec.json.Decoder(list[str]).decode
