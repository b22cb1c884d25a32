"""
Which units this district lets lead which problems 派遣规则管理: written, brought in from a table, handed out, tried.

Rules begin today or later and none is overwritten. What is written travels to the tablets in the same
transaction, so that a clerk without signal is offered the same lead.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from schemas import grid, ids
from schemas.cases import PROBLEM_CLASSES, SEVERITIES
from schemas.dispatching import (
    KINDS,
    LEADS,
    SIDES,
    STANDARD,
    TARGETS,
    Rule,
    Suggestion,
    as_fields,
    in_force,
    mistake_in,
)
from schemas.explain import errors_of_value
from schemas.fields import Day, Id, say
from schemas.parts import FUNCTIONAL_UNITS
from schemas.units import named_department
from server.core.importing import cells
from server.core.importing.tables import Column, Named, Wrong, find_heading, read_rows
from server.core.importing.wanted import Wanted
from server.storage.dispatching import Written
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.bring_in import bring_in_within
from server.usecases.manage_calendar import Said, by_of, reason_of
from server.usecases.manage_people import check_unit
from server.usecases.mistakes import Mistake
from server.usecases.read_table import Table
from server.usecases.suggest_lead import suggest_lead


def _several(text: str) -> tuple[str, ...]:
    return tuple(part for part in cells.fold(text).replace("、", ",").replace("；", ",").split(",") if part)


COLUMNS = (
    Column("problem_class", ("问题类别", "类别"),
           cells.word_of({word: known.zh for word, known in PROBLEM_CLASSES.items()})),
    Column("target", ("对象",), cells.word_of(TARGETS)),
    # One Chinese word may mean a kind of two targets: which one, the target says.
    Column("kind", ("对象类型",), cells.plain),
    Column("side", ("位置", "道路位置"), cells.word_of(SIDES)),
    Column("severity", ("严重程度",), cells.word_of(SEVERITIES)),
    Column("area", ("区域", "区域代码"), cells.code),
    Column("functional", ("属事部门", "责任部门"), cells.word_of(FUNCTIONAL_UNITS), True),
    Column("leads", ("主办方",), cells.word_of(LEADS)),
    Column("assist", ("协办单位",), _several),
    Column("valid_from", ("生效日期", "起"), cells.day),
    Column("valid_to", ("截止日期", "止"), cells.day),
)  # fmt: skip


@dataclass(slots=True)
class Brought:
    """What a file of rules came to: those that are new, those that count anyway, and mistakes."""

    new: list[Rule] = field(default_factory=list)
    unchanged: int = 0
    wrong: list[Wrong] = field(default_factory=list)


def set_rule(store: Store, district: str, rule: Rule, said: Said) -> Written:
    """
    Let *rule* count from its first day on; without a department, take back what was said of the matter.

    Raises:
        Mistake: it means nothing, begins before today, names units nobody knows, or takes back nothing.
    """

    def attempt() -> Written:
        with store.work(district) as work:
            _check(work, rule, said)
            [written] = _keep(work, [rule], said)
            work.commit()
        return written

    return retrying(attempt)


def bring_rules(store: Store, district: str, table: Table, said: Said, *, dry_run: bool = False) -> Brought:
    """
    Take in the rules that *table* names: all of them, or, where one is wrong, none.

    A row without a first day counts from today on. What counts already on that day is not written again.

    Raises:
        Unreadable: the table has no headings that mean anything.
    """
    rows = list(read_rows(table.rows, find_heading(table.rows, COLUMNS)))

    def attempt() -> Brought:
        with store.work(district) as work:
            brought = _sorted_out(work, rows, said)
            if brought.new and not brought.wrong and not dry_run:
                _keep(work, brought.new, said)
                work.commit()
        return brought

    return retrying(attempt)


def rules_on(work: UnitOfWork, day: str) -> tuple[list[Rule], list[Rule]]:
    """Return the rules that count on *day*: the district's, and the standard ones that lie beneath them."""
    return in_force([written.rule for written in work.dispatching.all()], day), in_force(STANDARD, day)


def try_case(store: Store, district: str, case: str, now_ms: int) -> Suggestion:
    """
    Return whom the rules of today would let lead the case with the id *case*; nothing is written.

    Raises:
        Mistake: there is no such case.
    """
    with store.work(district, writing=False) as work:
        found = None if errors_of_value(Id(), case) else work.records.get([case]).get(case)
        if found is None or found.type != "case":
            raise Mistake(f"没有编号为“{case}”的问题。", f"There is no case '{case}'.")
        return suggest_lead(work, found, now_ms)


def as_csv(rules: Iterable[Rule]) -> str:
    """Return *rules* as a table that ``bring_rules`` reads again, and a spreadsheet opens."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(column.title for column in COLUMNS)
    for rule in rules:
        writer.writerow(in_words(rule).values())
    return "\ufeff" + out.getvalue()


def in_words(rule: Rule) -> dict[str, str]:
    """Return *rule* in Chinese, by column."""
    return {
        "problem_class": PROBLEM_CLASSES[rule.problem_class].zh if rule.problem_class else "",
        "target": TARGETS.get(rule.target, ""),
        "kind": KINDS.get(rule.target, {}).get(rule.kind, ""),
        "side": SIDES.get(rule.side, ""),
        "severity": SEVERITIES.get(rule.severity, ""),
        "area": rule.area,
        "functional": FUNCTIONAL_UNITS.get(rule.functional or "", ""),
        "leads": LEADS.get(rule.leads or "", ""),
        "assist": "、".join(rule.assist),
        "valid_from": rule.valid_from or "",
        "valid_to": rule.valid_to or "",
    }


def _sorted_out(work: UnitOfWork, rows: Sequence[Named], said: Said) -> Brought:
    brought = Brought()
    own, standard = rules_on(work, said.today)
    for named in rows:
        if named.wrong:
            brought.wrong += named.wrong
            continue
        rule = _rule_of(named)
        if _counts_already(rule, own, standard):
            brought.unchanged += 1
            continue
        rule = rule._replace(valid_from=rule.valid_from or said.today)
        try:
            _check(work, rule, said)
            brought.new.append(rule)
        except Mistake as mistake:
            error = say("invalid", mistake.zh.removesuffix("。"), mistake.en.removesuffix("."))
            brought.wrong.append(Wrong(named.number, "问题类别", named.texts.get("problem_class", ""), error))
    return brought


def _rule_of(named: Named) -> Rule:
    said = dict(named.values)
    kinds = KINDS.get(said.get("target", ""), {})
    by_name = {zh: word for word, zh in kinds.items()}
    if "kind" in said:
        said["kind"] = by_name.get(said["kind"], said["kind"])
    if "assist" in said:
        said["assist"] = tuple(named_department(unit) or unit for unit in said["assist"])
    return Rule()._replace(**said)


def _counts_already(rule: Rule, own: Sequence[Rule], standard: Sequence[Rule]) -> bool:
    """Say whether *rule* is one that counts today; the file may leave out since when."""
    known = [*own, *standard]
    return rule in known or any(
        rule == one._replace(valid_from=rule.valid_from) for one in known if not rule.valid_from
    )


def _check(work: UnitOfWork, rule: Rule, said: Said) -> None:
    found = _mistake(work, rule, said)
    if found is not None:
        raise Mistake(f"{found[0]}。", f"{found[1].capitalize()}.")
    for unit in rule.assist:
        if not (grid.is_code(unit) and grid.lies_in(unit, work.district)):
            check_unit(work, unit)


def _mistake(work: UnitOfWork, rule: Rule, said: Said) -> tuple[str, str] | None:
    found = mistake_in(rule)
    if found is not None:
        return found
    for day in filter(None, (rule.valid_from, rule.valid_to)):
        if errors_of_value(Day(), day, "day"):
            return f"“{day}”不是日期，应如 2020-07-18", f"'{day}' is no day; write 2020-07-18"
    if (rule.valid_from or "") < said.today:
        return "规则只能从今天或以后起生效", "a rule begins today or later"
    if rule.area and not grid.lies_in(rule.area, work.district):
        return f"“{rule.area}”不在 {work.district} 内", f"'{rule.area}' is no place inside {work.district}"
    if rule.functional is None and not any(one.rule.about == rule.about for one in work.dispatching.all()):
        return "本区没有这样的规则可以撤回", "the district has no such rule to take back"
    return None


def _keep(work: UnitOfWork, rules: Sequence[Rule], said: Said) -> list[Written]:
    written = work.dispatching.write(rules, reason_of(said), by_of(work, said), said.now_ms)
    wanted = [
        Wanted("dispatch_rule", ids.derived_id("dispatch rule", work.district, str(one.n)), work.district,
               as_fields(one.rule, one.n))
        for one in written
    ]  # fmt: skip
    for filed in bring_in_within(work, wanted, said.now_ms):
        for errors in (filed.errors or {}).values():
            raise Mistake(f"{errors[0]['zh']}。", f"{errors[0]['en']}.")
    return written
