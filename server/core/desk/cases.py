"""
Cases as the office reads them 问题台账: a line of the list, one case with all that was done, what it waits for.

Pure. Moments are written with +08:00 and in milliseconds; people and units come with their names.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from schemas import wording
from schemas.case_guards import DEFERRAL, EXTENSION, open_request
from schemas.cases import PROBLEM_CLASSES, SEVERITIES, SOURCES, CaseSchema
from schemas.lights import LIGHTS, Light, light_of
from schemas.machines import Fields, Step
from schemas.moments import ms_of
from schemas.numbers import number_of
from schemas.roles import Role
from schemas.workflow import CASE
from server.core.desk import reading
from server.core.desk.dossier import Word
from server.core.desk.reading import Names
from server.values import Record


class Moment(Struct, frozen=True):
    """A moment, written and in milliseconds since 1970-01-01 UTC."""

    at: str
    ms: int


class Called(Struct, frozen=True):
    """A person or unit by id or code; ``name`` is null where nobody knows one."""

    id: str
    name: str | None


class ListedCase(Struct, frozen=True):
    """
    One case of the list 台账一行.

    Attributes:
        number: The number people use 问题编号; null until the office has given one.
        version: What to send back as ``version`` with an act: how far the caller has seen.
        light: By the time of day at which it was asked for.
        place, text: Where it is, and what is wrong.
        waits_zh, waits_en: What it waits for; nothing where it is over.
        photos: How many it names.
    """

    id: str
    number: str | None
    grid: str
    version: int
    void: bool
    state: str
    state_zh: str
    light: Light
    light_zh: str
    light_en: str
    problem_class: str
    class_zh: str
    severity: str
    severity_zh: str
    source: str
    source_zh: str
    place: str | None
    text: str | None
    lead: Called | None
    assist: list[Called]
    owner: Called | None
    found: Moment
    dispatched: Moment | None
    due: Moment | None
    rectified: Moment | None
    closed: Moment | None
    returns: int
    extensions: int
    photos: int
    waits_zh: str
    waits_en: str


class TimelineLine(Struct, frozen=True):
    """
    One act on a case, in words 流转记录.

    ``done`` is false for an act that came too late or was overruled 迟到的操作; then ``why_zh`` says so.
    """

    act: str
    act_zh: str
    by: Called
    role_zh: str
    at: Moment
    done: bool
    from_zh: str
    to_zh: str
    photos: int
    zh: str
    en: str
    why_zh: str = ""
    why_en: str = ""


class CaseFile(Struct, frozen=True):
    """
    One case with everything about it 案卷.

    Attributes:
        yellow: When its light turns yellow.
        handlers: Everybody who handled it: none of them may verify it 不得自查自核.
        timeline: Every act, the first one first; late ones stand where they were signed.
        words: Everything the record says, field by field.
        merged_into: Into which case it went 并案.
    """

    case: ListedCase
    yellow: Moment | None
    handlers: list[Called]
    timeline: list[TimelineLine]
    words: list[Word]
    merged_into: Called | None


def listed(record: Record, names: Names, now_ms: int) -> ListedCase:
    """
    Return a case as a line of the list.

    Args:
        names: What people are called by id, and units by code.
    """
    fields = record.fields
    known, light = PROBLEM_CLASSES.get(fields["problem_class"]), light_of(fields, now_ms)
    waits_zh, waits_en = waits_for(fields, names) if not record.void else ("", "")
    requests = fields.get("requests", ())
    return ListedCase(
        id=record.id, number=number_of(record.type, record.grid, record.born, fields), grid=record.grid,
        version=record.version, void=record.void,
        state=fields["status"], state_zh="已作废" if record.void else CASE.states[fields["status"]], light=light,
        light_zh=LIGHTS[light][0], light_en=LIGHTS[light][1], problem_class=fields["problem_class"],
        class_zh=known.zh if known else fields["problem_class"], severity=fields["severity"],
        severity_zh=SEVERITIES[fields["severity"]], source=fields["source"], source_zh=SOURCES[fields["source"]],
        place=fields.get("place_text") or names.get(fields.get("target_id") or ""),
        text=fields.get("description"), lead=_called(fields.get("lead"), names),
        assist=[Called(unit, names.get(unit)) for unit in fields.get("assist", ())],
        owner=_called(fields.get("owner_person"), names), found=_moment(fields["found_at"]),
        dispatched=_at(fields, "dispatched_at"), due=_at(fields, "due_at"), rectified=_at(fields, "rectified_at"),
        closed=_at(fields, "closed_at"), returns=fields.get("return_count") or 0,
        extensions=sum(r["kind"] == EXTENSION and r.get("answer") == "granted" for r in requests),
        photos=len(fields.get("photos", ())), waits_zh=waits_zh, waits_en=waits_en,
    )  # fmt: skip


def case_file(record: Record, names: Names, now_ms: int) -> CaseFile:
    """Return a case with everything about it."""
    fields = record.fields
    said = (name for name in CaseSchema().fields if name in fields and name not in ("timeline", "late_acts", "term"))
    return CaseFile(
        listed(record, names, now_ms),
        _at(fields, "yellow_at"),
        [Called(person, names.get(person)) for person in fields.get("handlers", ())],
        timeline(fields, names),
        [
            Word(name, reading.label_of(record.type, name), reading.words_of(record.type, name, fields[name], names))
            for name in said
        ],
        _called(fields.get("merged_into"), names),
    )


def waits_for(fields: Fields, names: Names) -> tuple[str, str]:
    """Return what a case waits for, in Chinese and English; nothing where it is over."""
    lead = fields.get("lead")
    who = names.get(lead, lead) if lead else "—"
    state = fields["status"]
    if state == "handling" and open_request(fields, DEFERRAL):
        return "挂账待批：区创卫办", "the district office's word on a deferral"
    if state in ("dispatched", "handling") and open_request(fields, EXTENSION):
        return "延期待批：街道或区创卫办", "a word on more time"
    if state == "verified" and fields.get("first_signature"):
        return "待督查员第二签字", "an inspector's second signature"
    if state == "deferred":
        day = fields.get("review_on") or "—"
        return f"挂账至 {day} 复核", f"review on {day}"
    zh, en = _WAITING.get(state, ("", ""))
    return zh.format(who=who), en.format(who=who)


_WAITING = {
    "reported": ("待立案", "somebody to accept it"),
    "accepted": ("待派遣", "somebody to dispatch it"),
    "dispatched": ("待{who}签收", "{who} to sign for it"),
    "handling": ("待{who}整改", "{who} to put it right"),
    "rectified": ("待核查", "somebody else to verify it"),
    "verified": ("待销号", "somebody to strike it off"),
}


def timeline(fields: Fields, names: Names) -> list[TimelineLine]:
    """Return everything that was done with a case, and what came too late, by the moment of signing."""
    lines = [_line(one, names) for one in fields.get("timeline", ())]
    lines += [_line(one, names) for one in fields.get("late_acts", ())]
    return sorted(lines, key=lambda line: (line.at.ms, not line.done))


def named_in(fields: Fields) -> tuple[set[str], set[str]]:
    """Return the people and cases that a case names by id, and the units it names by code."""
    told = [*fields.get("timeline", ()), *fields.get("late_acts", ())]
    details = [one.get("details") or {} for one in told]
    people = {fields.get("owner_person"), fields.get("merged_into"), *fields.get("handlers", ())}
    people |= {one["by"] for one in told} | {one.get("owner") for one in details}
    units = {fields.get("lead"), fields.get("territorial_unit"), fields.get("functional_unit")}
    units |= {unit for one in (fields, *details) for unit in one.get("assist") or ()}
    units |= {one.get(name) for one in details for name in ("lead", "suggested")}
    by_field = {fields.get(name) for name in ("rectified_by", "verified_by", "closed_by", "target_id")}
    return {one for one in people | by_field if one}, {one for one in units if one}


def _line(one: Mapping[str, Any], names: Names) -> TimelineLine:
    known, done = CASE.acts.get(one["act"]), "zh" not in one
    name = names.get(one["by"])
    role = one.get("role")
    act_zh, act_en = (known.zh, known.en) if known else (one["act"], one["act"])
    zh = [f"{name or '—'}{f'（{reading.role_zh(role)}）' if role else ''}{act_zh}", *_details(known, one, names, "zh")]
    en = [f"{name or '—'}{f' ({_role_en(role)})' if role else ''}: {act_en}", *_details(known, one, names, "en")]
    if one.get("reason"):
        zh.append(f"理由：{one['reason']}")
        en.append(f"reason: {one['reason']}")
    return TimelineLine(
        one["act"], act_zh, Called(one["by"], name), reading.role_zh(role), _at_ms(one["at"][0]), done,
        CASE.states.get(one.get("from") or one.get("state", ""), ""), CASE.states.get(one.get("to", ""), ""),
        len(one.get("evidence", ())), "；".join(zh), "; ".join(en), one.get("zh", ""), one.get("en", ""),
    )  # fmt: skip


def _details(known: Step | None, one: Mapping[str, Any], names: Names, lang: str) -> Iterator[str]:
    """Yield what came along with an act, each by its label."""
    for name, value in (one.get("details") or {}).items():
        shape = known.takes.get(name) if known else None
        words = _worded(shape, value, names, lang)
        label = wording.english(name) if lang == "en" else wording.label_of(shape, name)
        yield f"{label}：{words}" if lang == "zh" else f"{label} {words}"


def _worded(shape: Any, value: Any, names: Names, lang: str) -> str:
    if isinstance(value, str) and value in names:
        return names[value]
    if isinstance(value, list):
        return "、".join(names.get(one, str(one)) for one in value)
    return wording.words_of(shape, value, lang)


def _role_en(role: str) -> str:
    return wording.english(Role(role).value)


def _called(id_: str | None, names: Names) -> Called | None:
    return Called(id_, names.get(id_)) if id_ else None


def _at(fields: Fields, name: str) -> Moment | None:
    return _moment(fields[name]) if fields.get(name) else None


def _moment(text: str) -> Moment:
    return _at_ms(ms_of(text))


def _at_ms(ms: int) -> Moment:
    return Moment(reading.moment(ms), ms)
