"""
What the ledger says on a terminal 台账的说法: lists, one case to read aloud, figures; 80 columns wide.

Chinese with English beside it. A Chinese character takes two columns, so everything is cut and padded by columns.
"""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from schemas.lights import LIGHTS
from schemas.wording import lasting
from server.commands.common import plain, when
from server.core.desk.cases import CaseFile, ListedCase, TimelineLine
from server.core.desk.next_acts import NextAct
from server.core.ledger_figures import Rates
from server.usecases.act_on_case import DispatchOutcome
from server.usecases.ledger_figures import CaseFigures

WIDTH = 80
_MARKS = {"green": "●绿", "yellow": "▲黄", "red": "■红", "none": "－"}


def cut(text: str, width: int) -> str:
    """Return *text* in at most *width* columns, on one line; what was cut off is told by an ellipsis."""
    flat = plain(" ".join(text.split()))
    if cell_len(flat) <= width:
        return flat
    kept = ""
    for sign in flat:
        if cell_len(kept + sign) > width - 2:
            break
        kept += sign
    return kept + "…"


def padded(text: str, width: int) -> str:
    """Return *text* in exactly *width* columns."""
    short = cut(text, width)
    return short + " " * (width - cell_len(short))


def list_lines(cases: Sequence[ListedCase], now_ms: int) -> Iterable[str]:
    """Yield a list of cases: two lines for each."""
    for one in cases:
        head = f"{padded(_MARKS[one.light], 4)} {padded(one.number or one.id, 36)} {padded(one.state_zh, 16)}"
        yield f"{head} {cut(one.class_zh, WIDTH - 60)}".rstrip()
        yield f"     {cut('，'.join(_about(one, now_ms)), WIDTH - 5)}"
    if not cases:
        yield "没有符合条件的问题。 Nothing found."


def case_lines(told: CaseFile, now_ms: int) -> Iterable[str]:
    """Yield everything about one case, to be read aloud."""
    one = told.case
    zh, en = LIGHTS[one.light]
    yield f"{one.number or '（未编号 no number yet）'} {one.id}"
    yield f"{one.class_zh}，{one.severity_zh}，{one.source_zh}；{one.state_zh} {one.state}；{zh} {en}"
    yield from (f"点位 place：{text}" for text in [one.place] if text)
    yield from (f"问题 problem：{text}" for text in [one.text] if text)
    yield from (f"待办 waits for：{one.waits_zh}；{one.waits_en}" for _ in [0] if one.waits_zh)
    lead = "—" if one.lead is None else one.lead.name or one.lead.id
    helpers = "、".join(unit.name or unit.id for unit in one.assist)
    owner = "—" if one.owner is None else one.owner.name or one.owner.id
    yield f"主办 lead：{lead}{f'，协办 assist：{helpers}' if helpers else ''}，责任人 owner：{owner}"
    yield f"发现 found：{when(one.found.ms)}，网格 grid {one.grid}，照片 photos {one.photos}"
    if one.due is not None:
        zh, en = _left(one.due.ms, now_ms) if one.light != "none" else ("", "")
        yield f"时限 due：{when(one.due.ms)}{f'（{zh} {en}）' if zh else ''}"
    if one.returns or one.extensions:
        yield f"退回 returned {one.returns} 次，延期 extended {one.extensions} 次"
    if told.merged_into is not None:
        yield f"已并入 merged into：{told.merged_into.name or told.merged_into.id}"
    handlers = "、".join(person.name or person.id for person in told.handlers)
    yield from (f"整改人 handled by：{handlers}" for _ in [0] if handlers)
    yield "流转 timeline："
    for line in told.timeline:
        yield from _timeline(line)
    if not told.timeline:
        yield "  还没有办理 nothing was done yet"


def act_lines(acts: Iterable[NextAct], *, everything: bool) -> Iterable[str]:
    """Yield what may be done now; with *everything* also what may not, and why."""
    yield "可办 may be done now："
    possible = [one for one in acts if one.possible]
    for one in possible:
        yield f"  {padded(f'{one.zh} {one.act}', 34)} 以 as {one.role_zh}{_needs(one)}"
    if not possible:
        yield "  没有 nothing"
    if everything:
        yield "不能办 not possible："
        yield from (f"  {padded(f'{one.zh} {one.act}', 34)} {one.why_zh}" for one in acts if not one.possible)


def dispatched_lines(outcomes: Iterable[DispatchOutcome]) -> Iterable[str]:
    """Yield what became of each of many cases."""
    for one in outcomes:
        name = one.case.number if one.case and one.case.number else one.id
        mark = "✓" if one.dispatched else "✗"
        yield f"{mark} {padded(name, 36)} {cut(one.message_zh, WIDTH - 40)}"
        yield from (f"  {cut(one.message_en, WIDTH - 2)}" for _ in [0] if not one.dispatched)


def figures_lines(told: CaseFigures) -> Iterable[str]:
    """Yield the figures of a period."""
    counts = told.counts
    yield f"台账 {told.first} 至 {told.last}；the ledger from {told.first} to {told.last}"
    yield f"现有 now：{counts.cases} 件，在办 open {counts.open} 件"
    yield "  " + "，".join(f"{LIGHTS[name][0]} {name} {counts.lights[name]}" for name in LIGHTS)
    for state in counts.states:
        yield from (f"  {padded(f'{state.zh} {state.state}', 36)}{state.cases:>8}" for _ in [0] if state.cases)
    yield from _rates("全部 all", told.rates)
    for group in told.groups:
        yield from _rates(f"{group.name or group.code or '未派遣 nobody'}", group.rates)


def percent(rate: float | None) -> str:
    """Return a rate as it is written; a dash where there was nothing to divide by."""
    return "—" if rate is None else f"{rate * 100:.1f}%"


def _rates(name: str, rates: Rates) -> Iterable[str]:
    yield f"{name}"
    counted = (("应销号 due", rates.due), ("挂账 deferred", rates.deferred), ("销号 closed", rates.closed),
               ("按期 on time", rates.on_time))  # fmt: skip
    yield "  " + "，".join(f"{name} {cases}" for name, cases in counted)
    yield (
        f"  按期整改率 on time {percent(rates.on_time_rate)}，整改率 closed {percent(rates.closing_rate)}，"
        f"返工率 rework {percent(rates.rework_rate)}"
    )


def _about(one: ListedCase, now_ms: int) -> Iterable[str]:
    # The time left comes first: what stands last is cut where the line is full.
    if one.due is not None and one.light != "none":
        yield f"{when(one.due.ms)[5:]} {_left(one.due.ms, now_ms)[0]}"
    yield from [one.waits_zh] if one.waits_zh else []
    if one.closed and not one.waits_zh:
        yield f"销号 {when(one.closed.ms)[5:]}"
    yield from (said for said in (one.place or one.text or one.grid, one.text if one.place else "") if said)


def _left(due_ms: int, now_ms: int) -> tuple[str, str]:
    zh, en = lasting(due_ms - now_ms)
    return (f"剩 {zh}", f"{en} left") if due_ms >= now_ms else (f"超期 {zh}", f"overdue by {en}")


def _timeline(line: TimelineLine) -> Iterable[str]:
    mark = " " if line.done else "✗"
    yield f"{mark} {when(line.at.ms)} {plain(line.zh)}{f'（照片 {line.photos} 张）' if line.photos else ''}"
    yield f"{' ' * 19}{plain(line.en)}"
    if not line.done:
        yield f"{' ' * 19}未采用：{plain(line.why_zh)}；not taken: {plain(line.why_en)}"


def _needs(one: NextAct) -> str:
    needs = [f"{detail.label_zh} {detail.name}" for detail in one.details if detail.required]
    needs += (
        ["理由 --reason"] * one.needs_reason + ["照片 --photo"] * one.needs_photo + ["主案 --into"] * one.needs_into
    )
    return f"，须有 needs：{'、'.join(needs)}" if needs else ""
