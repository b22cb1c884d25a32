"""
What the desk says on a terminal 裁定台的说法: the list, a page to read aloud, what became of it, what was wrong.

Chinese with English beside it; ids stand whole, so that they can be copied.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.problems import Refusal
from schemas.wording import english, lasting, title_of
from server.commands.common import when
from server.core.desk.dossier import Dossier, Line, Side, Standing
from server.core.desk.listed import Ending, ListedConflict, Value
from server.usecases.mistakes import Mistake
from server.usecases.settle_conflict import Settlement

_HOUR_MS = 3_600_000
_GIVEN = {"choose": " --candidate N", "hand": " --value 内容"}


def list_lines(listed: Sequence[ListedConflict], state: str) -> Iterable[str]:
    """Yield the list, a block for each dispute."""
    for one in listed:
        yield f"{one.id}  {one.kind_zh} {one.kind}  {when(one.opened_ms)}  网格 {one.record.grid}"
        yield f"  {one.zh or f'{one.record.name} {one.label_zh}'}"
        yield from (f"  {one.en}",) if one.en else ()
        if one.choices:
            yield f"  可选 may be chosen: {'、'.join(f'{c.zh} {c.choice}' for c in one.choices)}"
        yield from () if one.open else (f"  {line}" for line in _end(one))
    if not listed:
        yield "没有待裁定的事项。 Nothing waits." if state == "open" else "没有符合条件的事项。 Nothing found."
        return
    yield f"共 {len(listed)} 条 {len(listed)} in all"
    yield "→ 查看一项的全部情况 everything about one: gridward-server conflicts show 编号"


def page_lines(told: Dossier, person: str | None) -> Iterable[str]:
    """
    Yield everything about one dispute.

    Args:
        person: Who looks at it, as he was named; None for an operator.
    """
    one = told.conflict
    number = f" {one.record.number}" if one.record.number else ""
    yield f"{one.kind_zh} {one.kind} {one.id}"
    yield f"{one.record.title_zh}“{one.record.name}”{number} 网格 grid {one.record.grid}"
    yield from (said for said in (one.zh, one.en) if said)
    yield f"{when(one.opened_ms)} 起 since，{_state(one)}"
    if told.base is not None:
        yield f"原值 Before: {told.base.words_zh}"
    yield from (_side(side, value) for side, value in zip(told.sides, one.candidates, strict=True))
    yield from _pair_and_count(told)
    yield from _standing("记录现状 As it stands", told.record) if told.pair is None else ()
    yield "历史 History:"
    for line in told.history:
        yield _line(line)
        yield from (f"      {said}" for decision in line.decisions for said in (decision.zh, decision.en) if said)
    yield from _next(one, person)


def outcome_lines(settlement: Settlement, choice: str) -> Iterable[str]:
    """Yield what became of a settlement by *choice*."""
    one = settlement.conflict
    yield _became(settlement, choice)
    yield f"{title_of(one.record.type)}“{one.record.name}”，版本 version {settlement.version}"
    if one.settled is not None:
        yield from (said for said in (one.settled.zh, one.settled.en) if said)
    yield from (said for decision in settlement.decisions for said in (decision.get("zh"), decision.get("en")) if said)


def told_refusal(refusal: Refusal) -> Mistake:
    """Return a refusal with what is wrong with each option, or else what to do next."""
    said = refusal.body()
    faults = [(path, one) for path, found in said.get("errors", {}).items() for one in found]
    if faults:
        zh = [f"{_option(path)}：{one['zh']}。" for path, one in faults]
        en = [f"{_option(path)}: {one['en']}." for path, one in faults]
        return Mistake(" ".join(["没有写入。", *zh]), " ".join(["Nothing was written.", *en]))
    return Mistake(*with_next(said))


def with_next(problem: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a problem says and what to do next, as whole sentences of either language."""
    zh, en = problem["message_zh"], problem["message_en"]
    zh = zh if zh.endswith(("。", "？", "！")) else f"{zh}。"
    en = en if en.endswith((".", "?", "!")) else f"{en}."
    return f"{zh}{problem['next_zh']}", f"{en} {problem['next_en']}"


def _became(settlement: Settlement, choice: str) -> str:
    one = settlement.conflict
    if choice == "reopen":
        if settlement.outcome == "noop":
            return "这一项本来就待裁定，没有改动。 It was open already; nothing was written."
        return "已重新打开，等待裁定。 Open again; somebody has to settle it."
    if one.open:
        return "没有了结，仍待裁定：写入的内容没有采用。 Not settled, it still waits: what was written does not stand."
    return _state(one)


def _option(path: str) -> str:
    if path.startswith("details."):
        return f"--set {path.removeprefix('details.')}=…"
    return path if path == "choice" else f"--{path.replace('_', '-')}"


def _next(one: ListedConflict, person: str | None) -> Iterable[str]:
    """Yield what may be typed next."""
    if one.choices:
        yield "可选 May be chosen:"
    for choosable in one.choices:
        word = choosable.choice
        verb = "reopen" if word == "reopen" else "settle"
        given = "" if word == "reopen" else f" {word}{_GIVEN.get(word, '')}"
        yield f"  {choosable.zh} {word}: gridward-server conflicts {verb} {one.id}{given} --as {person}"
    if person is None:
        yield "→ 加 --as 人员，看此人可以怎样裁定 add --as PERSON to see what that person may choose"
    elif not one.choices:
        yield "此人现在不能裁定这一项。 There is nothing this person may choose here now."


def _side(side: Side, value: Value) -> str:
    shown = "（现显示 shown）" if value.shown else ""
    also = f"；同时 also: {'；'.join(side.also_zh)}" if side.also_zh else ""
    signed = " ".join(part for part in (side.name or side.by, side.role_zh, when(value.at_ms)) if part)
    return f"  [{side.index}] {side.words_zh}{shown} — {signed}{also}"


def _line(line: Line) -> str:
    signed = " ".join(part for part in (line.name or line.by, line.role_zh, line.op_zh, line.op) if part)
    changes = "；".join(line.changes_zh)
    return f"  {line.version} {when(line.received_ms)} {signed}：{changes}（{line.outcome_zh} {line.outcome}）"


def _pair_and_count(told: Dossier) -> Iterable[str]:
    if told.pair is not None:
        apart = "不详 unknown" if told.pair.apart_m is None else f"{told.pair.apart_m:g} 米 m"
        yield f"两条记录，相距 Two records, apart: {apart}"
        for record in told.pair.records:
            stays = "（可保留 would stay）" if record.about.id == told.pair.stays else ""
            yield from _standing(f"{record.about.name}{stays} {record.about.id}", record)
    if told.counts is not None:
        yield f"{told.counts.day or ''} 计入 Counts: {told.counts.figure} {told.counts.name or told.counts.by}"


def _standing(heading: str, record: Standing) -> Iterable[str]:
    yield f"{heading}："
    if record.fields is None:
        yield "  （不在可见范围 out of sight）"
    yield from (f"  {word.label_zh} {english(word.field)}：{word.words_zh}" for word in record.words)


def _state(one: ListedConflict) -> str:
    if not one.open:
        return _ended(one.settled) if one.settled else "已按规则处理 settled by its rule"
    if one.age_h < 1:
        return "等待不到 1 小时 waiting less than an hour"
    zh, en = lasting(round(one.age_h * _HOUR_MS))
    return f"已等待 {zh} waiting for {en}"


def _end(one: ListedConflict) -> Iterable[str]:
    yield f"→ {_state(one)}"
    if one.settled is not None:
        yield from (f"  {said}" for said in (one.settled.zh, one.settled.en) if said)


def _ended(settled: Ending) -> str:
    reason = f"，理由 reason：{settled.reason}" if settled.reason else ""
    who = settled.name or settled.by
    return f"已了结 ended：{who} {when(settled.at_ms)} {settled.choice_zh} {settled.choice}{reason}"
