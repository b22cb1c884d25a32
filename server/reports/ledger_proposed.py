"""
Rows of a returned sheet that are about no case yet 新报问题: they become reported cases, like a list of findings. Pure.
"""

from collections.abc import Iterator

from schemas.cases import SOURCES
from schemas.fields import say
from schemas.grid import lies_in
from schemas.ids import derived_id
from server.core.importing.cells import BadCell, fold, word_of
from server.core.importing.tables import Named, Wrong
from server.core.importing.wanted import Wanted
from server.core.sources import findings
from server.reports.csv_text import unguarded
from server.reports.ledger_returned import MOST_SHOWN, SILENT, TEXTS, Difference, Found, Sheet, sentence, title_of
from server.reports.ledger_rows import NO

#: Whose orders name a date of their own.
_DATED = frozenset({"district_inspection", "city", "province", "national", "media", "leader"})
#: A column here → the column of a list of findings.
_FINDING = {
    "found_at": "found_at", "street": "street", "community": "community", "grid": "grid", "place_text": "place_text",
    "problem_class": "problem_class", "description": "description", "severity": "severity",
    "territorial_unit": "territorial", "functional_unit": "functional_unit", "due_at": "ordered_due",
}  # fmt: skip
_HERE = {theirs: ours for ours, theirs in _FINDING.items()} | {"source_no": "number"}
#: What says nothing in a case that has just been reported.
_BEGUN = {"state": "已上报待立案", "closed": NO, "returns": "0", "extensions": "0"}
_BEGINS = ("新问题从“已上报待立案”开始", "a new case begins as reported")
_READERS = {column.name: column.convert for column in findings.COLUMNS}
_SOURCE = word_of(SOURCES)


def propose(row: Named, number: str | None, sheet: Sheet, found: Found) -> None:
    """Let *row* become a new case, one that is known again when the row comes again; it goes into *found*."""
    source = _source(row, sheet.source, found)
    if source is None:
        return
    told = _as_finding(row, number)
    made = findings.plan(sheet.areas.district, source, [told], sheet.areas)
    found.wrong += [_renamed(one) for one in made.wrong]
    found.wanted += [_case(one, row, number, source, sheet.home) for one in made.wanted]
    found.differences += _unbelieved(row, number or "", source) if made.wanted else ()


def ids_of_row(district: str, row: Named, number: str | None, source: str | None) -> list[str]:
    """Return the ids under which the case stands that an earlier import made of *row*, if one did."""
    said = fold(row.values.get("source", ""))
    words = [word for word, zh in SOURCES.items() if said in (word, zh)] or ([source] if source else [])
    return [findings.finding_id(district, word, _key(row, number)) for word in words]


def _case(made: Wanted, row: Named, number: str | None, source: str, home: str) -> Wanted:
    left_out = ({"source_no"} if number is None else set()) | ({"ordered_due"} if source not in _DATED else set())
    fields = {name: value for name, value in made.fields.items() if name not in left_out}
    remark = row.values.get("remark")
    sets = {"remark": [sentence(remark)]} if remark else {}
    # A row that names no place, or a wide one, means the area of whoever wrote it.
    place = home if lies_in(home, made.grid) else made.grid
    return Wanted(made.type, made.id, place, fields, defaults=made.defaults, sets=sets, row=made.row)


def _key(row: Named, number: str | None) -> str:
    """Return what a row is known by when it comes again: its number, or all that it says of the problem."""
    if number is not None:
        return number
    said = "|".join(fold(row.values.get(name, "")) for name in ("found_at", "street", "community", "grid", *TEXTS))
    return f"row-{derived_id('ledger-row', said)}"


def _source(row: Named, otherwise: str | None, found: Found) -> str | None:
    text = row.values.get("source")
    if text is None and otherwise is None:
        error = say("required", "必填，或用 --source 指定", "is required; or give --source")
        found.wrong.append(Wrong(row.number, title_of("source"), "", error))
    if text is None:
        return otherwise
    try:
        return str(_SOURCE(text))
    except BadCell as bad:
        found.wrong.append(Wrong(row.number, title_of("source"), text[:MOST_SHOWN], bad.error))
        return None


def _as_finding(row: Named, number: str | None) -> Named:
    """Return a row of the ledger as a row of a list of findings."""
    told = Named(row.number, {"source_no": _key(row, number)}, list(row.wrong), {"source_no": number or ""})
    for name in _FINDING.keys() & row.values.keys():
        text, theirs = row.values[name], _FINDING[name]
        told.texts[theirs] = text
        try:
            told.values[theirs] = _READERS[theirs](unguarded(text))
        except BadCell as bad:
            told.wrong.append(Wrong(row.number, title_of(name), text[:MOST_SHOWN], bad.error))
    return told


def _renamed(wrong: Wrong) -> Wrong:
    """Return a mistake under the heading that the column has here."""
    name = next((theirs for theirs in _HERE if findings.title_of(theirs) == wrong.column), None)
    return wrong if name is None else wrong._replace(column=title_of(_HERE[name]))


def _unbelieved(row: Named, number: str, source: str) -> Iterator[Difference]:
    """Yield what a new row says of how far its case has come."""
    silent = {*SILENT, *_FINDING, "number", "source", "remark"} - (set() if source in _DATED else {"due_at"})
    for name, text in row.values.items():
        if name not in silent and text != _BEGUN.get(name):
            yield Difference(row.number, number, title_of(name), "", str(text), *_BEGINS)
