"""
Who should answer for a case 派遣建议: offered to whoever dispatches, who may name another.
"""

from collections.abc import Iterable

from schemas.dispatching import Matter, Rule, Suggestion, matter_of, suggested_lead
from schemas.moments import day_of
from server.storage.unit_of_work import UnitOfWork
from server.usecases.name_units import unit_names
from server.values import Record


def suggest_lead(work: UnitOfWork, case: Record, now_ms: int) -> Suggestion:
    """Return who should answer for *case*, by the rules of the day of *now_ms*."""
    return suggest_leads(work, [case], now_ms)[case.id]


def suggest_leads(work: UnitOfWork, cases: Iterable[Record], now_ms: int) -> dict[str, Suggestion]:
    """Return who should answer for each of *cases*, by id; three statements, however many there are."""
    asked = list(cases)
    rules, on = [written.rule for written in work.dispatching.all()], day_of(now_ms)
    targets = work.records.get({str(case.fields["target_id"]) for case in asked if case.fields.get("target_id")})
    matters = {case.id: _matter(case, targets) for case in asked}
    plain = [_suggest(case, matters[case.id], targets, rules, on, {}) for case in asked]
    names = unit_names(work, {code for said in plain for code in (said.lead, *said.assist) if code})
    return {case.id: _suggest(case, matters[case.id], targets, rules, on, names) for case in asked}


def _matter(case: Record, targets: dict[str, Record]) -> Matter:
    target = targets.get(str(case.fields.get("target_id")))
    return matter_of(case.fields, case.grid, target.type if target else "", target.fields if target else None)


def _suggest(
    case: Record, matter: Matter, targets: dict[str, Record], rules: list[Rule], on: str, names: dict[str, str]
) -> Suggestion:
    target = targets.get(str(case.fields.get("target_id")))
    return suggested_lead(
        case.fields,
        matter,
        rules,
        on,
        register_says=target.fields.get("functional_unit") if target else None,
        person_said="functional_unit" in case.marks.values,
        names=names,
    )
