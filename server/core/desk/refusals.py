"""
A refusal as a clerk reads it 隔离区条目: who, what, where, when, why, how it ended, and what can be done now.

Pure. The list shows no telephone number and no number plate; one refusal by itself shows everything it holds.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import Struct

from schemas.lenient import read_leniently
from schemas.mutations import OPS, Mutation
from schemas.roles import Role
from schemas.wording import english, title_of
from server.core import readmission
from server.core.desk import reading
from server.core.desk.listed import Named
from server.values import Person, Record

Choice = Literal["readmit", "dismiss"]
CHOICES: Mapping[Choice, tuple[str, str]] = {"readmit": ("恢复入库", "let it in"), "dismiss": ("搁置", "put it aside")}
STATES = {
    "open": "待处理",
    "readmitted": "已恢复入库",
    "arrived": "已另行送达",
    "dismissed": "已搁置",
    "refused": "仍未接受",
}
OVER = frozenset({"readmitted", "arrived"})

_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
_PLATE = re.compile(r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z])[·• -]?[A-Z0-9]{5,6}")
#: What has to come first, by the reason of the refusal.
_FIRST: Mapping[str, tuple[str, str]] = {
    "person_stopped": (
        "恢复即确认：停用前写的有效；停用后写的不能入库",
        "letting it in confirms it: what was written before the stop counts, what came later never does",
    ),
    "not_admitted_person": (
        "先为此人在该平板登记（enrol-code）",
        "first admit the person to that tablet (enrol-code)",
    ),
    "outside_area": (
        "先补授权，须含签名那一刻（people grant --from），或确认当时由他负责（place_was_his）",
        "first grant him the area from before he signed (people grant --from), or vouch that the place was his",
    ),
    "depends_on_refused": ("先恢复它所依据的记录", "first let in what it depends on"),
    "office_fault": ("先更新平台程序", "first bring the server up to date"),
    "number_reused": ("恢复时另编新号", "it is let in under a new number"),
    "device_revoked": (
        "平板重新登记后会自行送达；也可在此恢复",
        "the tablet brings it again when it is let in; or let it in here",
    ),
}
_OTHERWISE = (
    "纠正原因（授权、登记、程序更新）后再恢复",
    "let it in once the cause is put right (a grant, a register, a new version)",
)
_UNREADABLE = ("内容无法读取，只能导出或搁置", "it cannot be read; it can only be exported or put aside")


class Step(Struct, frozen=True):
    """
    One thing that was done about a refusal: how, by whom, when.

    ``feed`` and ``version`` say where it stands in the history; ``zh``, ``en`` why it was refused again.
    """

    how: str
    how_zh: str
    by: str | None
    name: str | None
    at: str
    at_ms: int
    reason: str | None = None
    feed: str | None = None
    version: int | None = None
    code: str | None = None
    zh: str | None = None
    en: str | None = None


class Doable(Struct, frozen=True):
    """One thing that can be done now: by people of the device that asks, and by which roles at that place."""

    choice: Choice
    zh: str
    people: list[str]
    roles: list[str]


class ListedRefusal(Struct, frozen=True):
    """
    One refusal of the list.

    Attributes:
        state: open, readmitted, arrived (it came again and was judged then) or dismissed.
        code, zh, en: Why it was refused.
        by, signed_at: Whose it is and when it was signed, as far as it could be read.
        n: Its number on the device.
        settled: How it ended; null while it waits.
        again: The last time it was refused again, if it was.
        choices: What can be done now.
    """

    id: str
    state: str
    state_zh: str
    code: str
    zh: str
    en: str
    received_at: str
    received_ms: int
    signed_at: str | None
    signed_ms: int | None
    type: str | None
    title_zh: str
    op: str | None
    op_zh: str
    record: str | None
    grid: str | None
    by: Named | None
    device: str
    device_name: str | None
    n: int
    settled: Step | None
    again: Step | None
    choices: list[Doable]


class Fault(Struct, frozen=True):
    """What is wrong with one field."""

    path: str
    zh: str
    en: str


class RefusalFile(Struct, frozen=True):
    """
    Everything about one refusal.

    Attributes:
        told_zh, told_en: Who did what, where and when, why it was refused, what can be done and by whom.
        changes_zh: What it would change.
        faults: What is wrong field by field.
        together: What was refused with it as one group, itself included; let in whole or not at all.
        trail: What was tried with it before.
        payload: Its text, byte for byte; null where it is none, then ``payload_base64`` holds it.
    """

    refusal: ListedRefusal
    told_zh: list[str]
    told_en: list[str]
    changes_zh: list[str]
    faults: list[Fault]
    together: list[str]
    trail: list[Step]
    payload: str | None
    payload_base64: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What is needed to tell refusals in words.

    Attributes:
        people: Who sits at the desk.
        names: Of people, by id.
        devices: What each device is called.
        records: Records they are about, as far as there are any.
        stopped: When accounts were stopped, by person.
    """

    people: Mapping[str, Person]
    now_ms: int
    district: str
    names: Mapping[str, str]
    devices: Mapping[str, str | None]
    records: Mapping[str, Record] = field(default_factory=dict)
    stopped: Mapping[str, int] = field(default_factory=dict)


def listed(row: Any, seen: Seen, codes: Iterable[str] | None = None) -> ListedRefusal:
    """
    Return the refusal *row* (``storage.quarantine.Refused``) as the list shows it.

    Args:
        codes: Why everything of its group was refused; None: only its own reason is known.
    """
    mutation, problem = readmission.mutation_of(row.payload), parsed(row.problem)
    ended = _step(parsed(row.settled), seen) if row.settled else None
    refused = [step for step in trail_of(row, seen) if step.how == "refused"]
    state = ended.how if ended else "open"
    return ListedRefusal(
        id=row.id, state=state, state_zh=STATES.get(state, state), code=row.code,
        zh=masked(problem.get("message_zh", "")), en=masked(problem.get("message_en", "")),
        received_at=reading.moment(row.received_ms), received_ms=row.received_ms,
        signed_at=None if row.at_ms is None else reading.moment(row.at_ms), signed_ms=row.at_ms,
        type=masked(mutation.type) if mutation else None, title_zh=masked(title_of(mutation.type)) if mutation else "",
        op=mutation.op if mutation else None, op_zh=OPS[mutation.op] if mutation else "",
        record=row.record, grid=row.grid, by=Named(row.by, seen.names.get(row.by)) if row.by else None,
        device=row.device, device_name=masked(seen.devices.get(row.device) or "") or None, n=row.n,
        settled=ended, again=refused[-1] if refused and state == "open" else None,
        choices=_choices(row, mutation, seen, codes or [row.code]),
    )  # fmt: skip


def told_of(row: Any, together: Sequence[Any], seen: Seen) -> RefusalFile:
    """Return everything about *row*; *together* is its group, or itself alone."""
    one = listed(row, seen, [mate.code for mate in together])
    mutation, problem = readmission.mutation_of(row.payload), parsed(row.problem)
    names = dict(seen.names) | {i: reading.called(record) for i, record in seen.records.items()}
    text = _text(row.payload)
    told_zh, told_en = zip(*_told(row, one, mutation, len(together), seen), strict=True)
    return RefusalFile(
        refusal=one, told_zh=list(told_zh), told_en=list(told_en),
        changes_zh=reading.changes(mutation, names) if mutation else [], faults=list(_faults(problem)),
        together=[mate.id for mate in together], trail=trail_of(row, seen), payload=text,
        payload_base64=None if text is not None else b64encode(row.payload).decode(),
    )  # fmt: skip


def trail_of(row: Any, seen: Seen) -> list[Step]:
    """Return what was tried with *row* before, the first thing first."""
    return [_step(one, seen) for one in parsed(row.trail)] if row.trail else []


def masked(text: str) -> str:
    """Return *text* with telephone numbers and number plates made unreadable."""
    return _PLATE.sub(r"\1****", _PHONE.sub(r"\1****\2", text))


def parsed(text: str) -> Any:
    """Return what a column that holds JSON says."""
    return read_leniently(text.encode())


# -- in words ---------------------------------------------------------------------------------------


def _told(
    row: Any, one: ListedRefusal, mutation: Mutation | None, together: int, seen: Seen
) -> Iterator[tuple[str, str]]:
    """Yield what there is to say, a sentence in both languages each."""
    yield _who(row, one, mutation, seen)
    problem, when = parsed(row.problem), reading.clock_time(row.received_ms)
    yield f"{when} 收到，没有接受：{problem['message_zh']}", f"Received {when} and refused: {problem['message_en']}"
    if together > 1:
        yield f"同组共 {together} 条，一并处理。", f"{together} belong together and are judged as one."
    for step in (*trail_of(row, seen), *([one.settled] if one.settled else [])):
        yield _done(step)
    if one.choices:
        yield _now(row, one, mutation, seen)


def _who(row: Any, one: ListedRefusal, mutation: Mutation | None, seen: Seen) -> tuple[str, str]:
    name = one.by.name or one.by.id if one.by else None
    place = row.grid or "—"
    at = "" if row.at_ms is None else reading.clock_time(row.at_ms)
    device = seen.devices.get(row.device) or row.device
    record = seen.records.get(row.record) if row.record else None
    called = (reading.called(record) if record else mutation.set.get("name")) if mutation else None
    thing_zh = f"{title_of(mutation.type)}{f'“{called}”' if called else ''}" if mutation else "内容"
    thing_en = (
        f"{english(mutation.type)}{f' {chr(34)}{called}{chr(34)}' if called else ''}" if mutation else "something"
    )
    did_zh, did_en = (one.op_zh, mutation.op) if mutation else ("送来", "brought")
    number_zh, number_en = f"平板“{device}”第 {row.n} 号", f"number {row.n} of the tablet “{device}”"
    return (
        f"{name or '不明人员'} {at} 在网格 {place} {did_zh}{thing_zh}（{number_zh}）。",
        f"{name or 'Somebody unknown'}, {at or 'time unknown'}, grid {place}: {did_en} {thing_en} ({number_en}).",
    )


def _done(step: Step) -> tuple[str, str]:
    when, who = reading.clock_time(step.at_ms), step.name or step.by or "—"
    why_zh = f"：{step.zh}" if step.zh else f"，理由：{step.reason}" if step.reason else ""
    why_en = f": {step.en}" if step.en else f", because: {step.reason}" if step.reason else ""
    at_zh = f"（{step.feed} 第 {step.version} 号）" if step.version else ""
    at_en = f" (number {step.version} of {step.feed})" if step.version else ""
    return f"{when} {who} {step.how_zh}{at_zh}{why_zh}", f"{when}, {who}: {step.how}{at_en}{why_en}"


def _now(row: Any, one: ListedRefusal, mutation: Mutation | None, seen: Seen) -> tuple[str, str]:
    [*_, last] = one.choices
    zh, en = "、".join(last.roles), ", ".join(_english_roles(one))
    if mutation is None:
        first = _UNREADABLE
    elif row.by in seen.stopped and row.at_ms is not None and row.at_ms >= seen.stopped[row.by]:
        first = (
            "写于账号停用之后，不能入库，可以导出",
            "written after the account was stopped: never let in, to be exported",
        )
    else:
        first = _FIRST.get(row.code, _OTHERWISE)
    return f"现在可以办理，由{zh}：{first[0]}。", f"What can be done, by {en}: {first[1]}."


def _english_roles(one: ListedRefusal) -> list[str]:
    shown = {role for choice in one.choices for role in choice.roles}
    return [english(role.value) for role in readmission.roles_from(Role.GRID_LEADER) if role.zh in shown]


def _faults(problem: Mapping[str, Any]) -> Iterator[Fault]:
    for path, found in (problem.get("errors") or {}).items():
        yield from (Fault(path, one.get("zh", ""), one.get("en", "")) for one in found)


def _choices(row: Any, mutation: Mutation | None, seen: Seen, codes: Iterable[str]) -> list[Doable]:
    ended = parsed(row.settled)["how"] if row.settled else None
    if ended in OVER:
        return []
    least = readmission.least_role(codes)
    place = row.grid or seen.district
    people = [p.id for p in seen.people.values() if readmission.may_judge(p, least, place, seen.now_ms)]
    roles = [role.zh for role in readmission.roles_from(least)]
    possible: list[Choice] = [] if mutation is None else ["readmit"]
    possible += [] if ended else ["dismiss"]
    return [Doable(choice, CHOICES[choice][0], people, roles) for choice in possible]


def _step(told: Mapping[str, Any], seen: Seen) -> Step:
    problem = told.get("problem") or {}
    by, how = told.get("by"), told["how"]
    return Step(
        how, STATES.get(how, how), by, seen.names.get(by) if by else None, reading.moment(told["at_ms"]),
        told["at_ms"], told.get("reason"), told.get("feed"), told.get("version"), problem.get("code"),
        problem.get("message_zh"), problem.get("message_en"),
    )  # fmt: skip


def _text(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None
