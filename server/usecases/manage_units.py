"""
Units are entered, renamed, given a head, and end 责任单位管理; the tablets read them with the directory.

A unit is written like any other record of the office's own: what was said before stands in the history.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas import grid
from schemas.explain import errors_of_fields
from schemas.fields import say
from schemas.records import Fields
from schemas.units import UNIT_KINDS, UnitSchema, departments, is_unit_code, unit_id
from server.core.importing import cells
from server.core.importing.tables import Column, Named, Wrong, find_heading, read_rows
from server.core.importing.wanted import Filed, Wanted
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.bring_in import bring_in_within
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.usecases.read_table import Table

COLUMNS = (
    Column("code", ("单位代码", "代码"), cells.code, True),
    Column("name", ("名称", "单位名称", "单位"), cells.plain, True),
    Column("kind", ("单位类型", "类型"), cells.word_of(UNIT_KINDS)),
    Column("head", ("负责人", "负责人工号"), cells.code),
    Column("parent", ("上级单位", "上级单位代码"), cells.code),
    Column("valid_from", ("启用日期", "起"), cells.day),
    Column("valid_to", ("停用日期", "止"), cells.day),
)
_KIND_BY_LEVEL = {grid.Level.STREET: "street", grid.Level.COMMUNITY: "community", grid.Level.GRID: "grid"}


@dataclass(slots=True)
class Entered:
    """What became of the units of a file: by fate, and every mistake."""

    filed: list[Filed] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)


def set_unit(store: Store, district: str, said: Fields, now_ms: int) -> Filed:
    """
    Enter the unit that *said* (the fields of ``UnitSchema``; ``head`` by name, number or id), or change it.

    What is not said of a unit that is there stays as it was.

    Raises:
        Mistake: a field is not as it should be, nobody goes by the head's name, the parent is unknown.
    """

    def attempt() -> Filed:
        with store.work(district) as work:
            [filed] = bring_in_within(work, [_wanted(work, said)], now_ms)
            _refuse(filed)
            work.commit()
        return filed

    return retrying(attempt)


def bring_units(store: Store, district: str, table: Table, now_ms: int, *, dry_run: bool = False) -> Entered:
    """
    Enter the units that *table* names: all of them, or, where one row is wrong, none.

    Raises:
        Unreadable: the table has no headings that mean anything.
    """
    rows = list(read_rows(table.rows, find_heading(table.rows, COLUMNS)))

    def attempt() -> Entered:
        with store.work(district) as work:
            wanted, wrong = _sorted_out(work, rows)
            entered = Entered(bring_in_within(work, wanted, now_ms), wrong)
            entered.wrong += [_refused(one) for one in entered.filed if one.errors]
            if not entered.wrong and not dry_run:
                work.commit()
        return entered

    return retrying(attempt)


def list_units(work: UnitOfWork) -> list[Fields]:
    """Return every unit of the district by code: those entered, and the departments nobody had to enter."""
    entered = {r.fields["code"]: r.fields for r in work.records.numbered("unit") if not r.void}
    given = {word: {"code": word, "name": zh, "kind": "department"} for word, zh in departments().items()}
    units: dict[str, Fields] = given | entered
    return [units[code] for code in sorted(units)]


def _sorted_out(work: UnitOfWork, rows: Sequence[Named]) -> tuple[list[Wanted], list[Wrong]]:
    wanted: dict[str, Wanted] = {}
    wrong: list[Wrong] = []
    among = [str(row.values["code"]) for row in rows if "code" in row.values]
    for row in rows:
        if row.wrong:
            wrong += row.wrong
            continue
        try:
            one = _wanted(work, row.values, row.number, among)
        except Mistake as mistake:
            wrong.append(Wrong(row.number, "单位代码", row.texts.get("code", "")[:60], _told(mistake)))
            continue
        if one.id in wanted and wanted[one.id].fields != one.fields:
            zh, en = f"与第 {wanted[one.id].row} 行代码相同，内容不同", "has the code of another row, told differently"
            wrong.append(Wrong(row.number, "单位代码", row.texts.get("code", "")[:60], say("twice", zh, en)))
        wanted.setdefault(one.id, one)
    return list(wanted.values()), wrong


def _wanted(work: UnitOfWork, said: Fields, row: int = 0, among: Sequence[str] = ()) -> Wanted:
    code = str(said.get("code", ""))
    _check_code(work, code)
    fields = {name: value for name, value in said.items() if value is not None}
    if "head" in fields:
        fields["head"] = find_person(work, str(fields["head"])).id
    parent = fields.get("parent")
    if parent is not None and parent not in among:
        _check_parent(work, str(parent))
    _check_fields(fields)
    return Wanted("unit", unit_id(work.district, code), work.district, fields, row=row, defaults=_defaults(code))


def _defaults(code: str) -> Fields:
    if code in departments():
        return {"kind": "department", "name": departments()[code]}
    return {"kind": _KIND_BY_LEVEL.get(grid.level_of(code), "other") if grid.is_code(code) else "other"}


def _check_code(work: UnitOfWork, code: str) -> None:
    if not is_unit_code(code) or (grid.is_code(code) and not grid.lies_in(code, work.district)):
        raise Mistake(
            f"“{code}”不是单位代码，应如 dept_urban、unit_sweeping_1，或 {work.district} 内的区划代码。",
            f"'{code}' is no unit's code: write dept_urban, unit_sweeping_1, or a code inside {work.district}.",
        )


def _check_parent(work: UnitOfWork, parent: str) -> None:
    known = parent in departments() or unit_id(work.district, parent) in work.records.get(
        [unit_id(work.district, parent)]
    )
    if not known and not (grid.is_code(parent) and grid.lies_in(parent, work.district)):
        raise Mistake(f"没有上级单位“{parent}”，请先登记。", f"There is no unit '{parent}'; enter it first.")


def _check_fields(fields: Fields) -> None:
    for name, found in errors_of_fields(UnitSchema(), fields, partial=True).items():
        label = next((column.title for column in COLUMNS if column.name == name), name)
        raise Mistake(f"{label}：{found[0]['zh']}。", f"{name} {found[0]['en']}.")
    begins, ends = fields.get("valid_from"), fields.get("valid_to")
    if begins and ends and ends < begins:
        raise Mistake("停用早于启用。", "It ends before it begins.")


def _refuse(filed: Filed) -> None:
    for errors in (filed.errors or {}).values():
        raise Mistake(f"{errors[0]['zh']}。", f"{errors[0]['en']}.")


def _refused(filed: Filed) -> Wrong:
    [errors, *_] = (filed.errors or {}).values()
    return Wrong(filed.wanted.row, "单位代码", str(filed.wanted.fields.get("code", "")), dict(errors[0]))


def _told(mistake: Mistake) -> dict[str, str]:
    return say("invalid", mistake.zh.removesuffix("。"), mistake.en.removesuffix("."))
