"""
The daily digest in words 创卫日报, from the figures of a day; the same on office computers and on the server.

With names it is for those who lead a street. Without any it may go anywhere: it names units and counts people.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from schemas.day_figures import Ahead, Counts, DayFigures, Late, OverdueCase, Street

#: So many of a list are named.
NAMED = 20
#: So many grids are named; more are counted by community, or by street.
NAMED_GRIDS = 6
#: So many corrections of earlier days are told.
CORRECTED = 10
_WEEKDAYS = "一二三四五六日"
_ORDINALS = "一二三四五六七"
_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Names = Mapping[str, str]


def digest_zh(told: DayFigures, names: Names | None = None) -> str:
    """
    Return the digest in Chinese.

    Args:
        names: What people are called, by id; None: nobody is named, nor what was typed for a place.
    """
    parts = [
        f"今日巡查：{_looked_zh(told.counts)}。",
        f"问题情况：{_cases_zh(told.counts)}。",
        f"超期问题：{_overdue_zh(told, names)}",
        f"未巡查网格：{_unwalked_zh(told)}；未同步人员：{_unsynced_zh(told, names)}。",
        f"明日重点：{_tomorrow_zh(told)}。",
    ]
    if told.streets:
        parts.append("各街道：\n" + "\n".join(map(_street_zh, told.streets)))
    if told.late:
        parts.append(f"补报更正：{_late_zh(told)}")
    lines = [f"{ordinal}、{part}" for ordinal, part in zip(_ORDINALS, parts, strict=False)]
    return "\n".join([f"【创卫日报】{told.name} {day_zh(told.day)}", *lines, f"数据截至{moment_zh(told.as_of)}"])


def day_zh(day: str) -> str:
    """Return 2020-07-18 as 2020年7月18日（星期六）."""
    on = date.fromisoformat(day)
    return f"{on.year}年{on.month}月{on.day}日（星期{_WEEKDAYS[on.weekday()]}）"


def moment_zh(moment: str) -> str:
    """Return a moment as 2020年7月18日18:30."""
    on = date.fromisoformat(moment[:10])
    return f"{on.year}年{on.month}月{on.day}日{moment[11:16]}"


def percent(done: int, due: int) -> str:
    """Return a share as 86.7%, half up; — where nothing was due, and 100% only where all of it is done."""
    if not due:
        return "—"
    tenths = (2_000 * done + due) // (2 * due)
    if done < due:
        tenths = min(tenths, 999)
    return f"{tenths / 10:g}%"


def _looked_zh(counts: Counts) -> str:
    looked = f"路段{counts.segments}个、商户{counts.shops}户、停车区{counts.parking}处"
    return f"{looked}，完成率{percent(counts.done, counts.due)}"


def _cases_zh(counts: Counts) -> str:
    day = f"新增{counts.found}件，销号{counts.closed}件，返工{counts.returned}件"
    lights = f"其中黄灯{counts.yellow}件、红灯{counts.red}件，挂账{counts.deferred}件"
    return f"{day}；在办{counts.open}件，{lights}"


def _overdue_zh(told: DayFigures, names: Names | None) -> str:
    if not told.overdue:
        return "无。"
    lines = [f"{n}.{_one_zh(one, names)}。" for n, one in enumerate(told.overdue, 1)]
    more = f"等{told.counts.red}件。" if told.counts.red > len(told.overdue) else ""
    return "".join(lines) + more


def _one_zh(one: OverdueCase, names: Names | None) -> str:
    owner = (names or {}).get(one.owner or "")
    whose = f"责任人{owner}" if owner else f"责任单位{one.unit}"
    return f"{one.number}{_place(one, names)}{one.problem_zh}，{whose}，{one.zh}"


def _place(one: OverdueCase, names: Names | None) -> str:
    """Return where it is, for who may read names: what somebody typed for a place may hold one."""
    return "" if names is None else one.place


def _unsynced_zh(told: DayFigures, names: Names | None) -> str:
    if names is None and told.counts.unsynced:
        return f"{told.counts.unsynced}人"
    known = [one for one in map((names or {}).get, told.unsynced) if one]
    return _listed(known, told.counts.unsynced, "人")


def _unwalked_zh(told: DayFigures) -> str:
    if not _is_counted(told):
        return _listed(told.unwalked, told.counts.unwalked, "个")
    parts = _listed([f"{one.name}{one.grids}个" for one in told.unwalked_in], len(told.unwalked_in), "处")
    return parts if len(told.unwalked_in) == 1 else f"{parts}，共{told.counts.unwalked}个"


def _is_counted(told: DayFigures) -> bool:
    """Say whether grids are counted by community rather than named: nobody reads a screen full of names."""
    return bool(told.unwalked_in) and told.counts.unwalked > NAMED_GRIDS


def _listed(named: Sequence[str], count: int, word: str) -> str:
    if not count:
        return "无"
    shown = "、".join(named[:NAMED])
    return shown + (f"等{count}{word}" if shown else f"{count}{word}") * (count > min(len(named), NAMED))


def _tomorrow_zh(told: DayFigures) -> str:
    due = f"{told.counts.due_next}件到期" if told.counts.due_next else ""
    ahead = "，".join(map(_ahead_zh, told.ahead))
    if not (due or ahead):
        return "无"
    return f"{due or '无到期问题'}；{ahead or '无临近节点'}"


def _ahead_zh(one: Ahead) -> str:
    return f"{one.name}倒计时{one.days}天" if one.days else f"{one.name}就在今日"


def _street_zh(one: Street) -> str:
    counts = one.counts
    silent = f"未巡查网格{counts.unwalked}个，未同步{counts.unsynced}人"
    return f"{one.name}：{_looked_zh(counts)}；{_cases_zh(counts)}；{silent}。"


def _late_zh(told: DayFigures) -> str:
    lines = [_one_late_zh(one, told.area) for one in told.late[:CORRECTED]]
    more = f"等{len(told.late)}项。" if len(told.late) > CORRECTED else ""
    return "".join(f"{line}。" for line in lines) + more


def _one_late_zh(one: Late, area: str) -> str:
    on = date.fromisoformat(one.day)
    where = "" if one.street == area else one.name
    number = f"（{one.report_no}）" if one.report_no else ""
    head = f"{where}{on.month}月{on.day}日{number}补报检查{one.checks}次、问题{one.cases}件（{one.workers}人）"
    if one.was is None or one.now is None or one.was == one.now:
        return head
    (was_due, was_done), (due, done) = one.was, one.now
    return f"{head}，完成率由{percent(was_done, was_due)}更正为{percent(done, due)}"


# -- in English ---------------------------------------------------------------------------------------


def digest_en(told: DayFigures, names: Names | None = None) -> str:
    """Return the digest in English; *names* as in ``digest_zh``."""
    weekday = _ENGLISH_DAYS[date.fromisoformat(told.day).weekday()]
    parts = [
        f"Checked today: {_looked_en(told.counts)}.",
        f"Problems: {_cases_en(told.counts)}.",
        f"Overdue: {_overdue_en(told, names)}",
        f"Grids not walked: {_unwalked_en(told)}; people who have not synced: {_unsynced_en(told, names)}.",
        f"Tomorrow: {_tomorrow_en(told)}.",
    ]
    if told.streets:
        parts.append("Streets:\n" + "\n".join(map(_street_en, told.streets)))
    if told.late:
        parts.append(f"Received late: {_late_en(told)}")
    lines = [f"{n}. {part}" for n, part in enumerate(parts, 1)]
    moment = told.as_of[:16].replace("T", " ")
    return "\n".join([f"[Daily digest] {told.name} {told.day} ({weekday})", *lines, f"As of {moment}"])


def _looked_en(counts: Counts) -> str:
    looked = f"{counts.segments} segments, {counts.shops} shops, {counts.parking} parking areas"
    return f"{looked}; {percent(counts.done, counts.due)} of the plan"


def _cases_en(counts: Counts) -> str:
    day = f"{counts.found} new, {counts.closed} struck off, {counts.returned} returned"
    return (
        f"{day}; {counts.open} in hand, of these {counts.yellow} yellow, {counts.red} red; {counts.deferred} deferred"
    )


def _overdue_en(told: DayFigures, names: Names | None) -> str:
    if not told.overdue:
        return "none."
    lines = [f"({n}) {_one_en(one, names)}" for n, one in enumerate(told.overdue, 1)]
    more = f"; {told.counts.red} in all" if told.counts.red > len(told.overdue) else ""
    return "; ".join(lines) + more + "."


def _one_en(one: OverdueCase, names: Names | None) -> str:
    owner = (names or {}).get(one.owner or "")
    words = (one.number, _place(one, names), one.problem_en)
    return f"{' '.join(filter(None, words))}, {owner or one.unit}, {one.en}"


def _unsynced_en(told: DayFigures, names: Names | None) -> str:
    if names is None and told.counts.unsynced:
        return str(told.counts.unsynced)
    return _listed_en([one for one in map((names or {}).get, told.unsynced) if one], told.counts.unsynced)


def _unwalked_en(told: DayFigures) -> str:
    if not _is_counted(told):
        return _listed_en(told.unwalked, told.counts.unwalked)
    parts = _listed_en([f"{one.name} {one.grids}" for one in told.unwalked_in], len(told.unwalked_in))
    return parts if len(told.unwalked_in) == 1 else f"{parts}; {told.counts.unwalked} grids in all"


def _listed_en(named: Sequence[str], count: int) -> str:
    if not count:
        return "none"
    shown = ", ".join(named[:NAMED])
    cut = count > min(len(named), NAMED)
    return f"{shown} and others, {count} in all" if shown and cut else shown or str(count)


def _tomorrow_en(told: DayFigures) -> str:
    ahead = ", ".join(f"{one.days} days to {one.name}" if one.days else f"{one.name} is today" for one in told.ahead)
    if not (told.counts.due_next or ahead):
        return "nothing"
    return f"{told.counts.due_next or 'none'} due; {ahead or 'no milestone near'}"


def _street_en(one: Street) -> str:
    counts = one.counts
    silent = f"{counts.unwalked} grids not walked, {counts.unsynced} people not synced"
    return f"{one.name}: {_looked_en(counts)}; {_cases_en(counts)}; {silent}."


def _late_en(told: DayFigures) -> str:
    lines = [_one_late_en(one, told.area) for one in told.late[:CORRECTED]]
    more = f"; {len(told.late)} in all" if len(told.late) > CORRECTED else ""
    return "; ".join(lines) + more + "."


def _one_late_en(one: Late, area: str) -> str:
    where = "" if one.street == area else f"{one.name} "
    number = f" ({one.report_no})" if one.report_no else ""
    head = f"{where}{one.day}{number}: {one.checks} checks, {one.cases} problems from {one.workers} people"
    if one.was is None or one.now is None or one.was == one.now:
        return head
    (was_due, was_done), (due, done) = one.was, one.now
    return f"{head}, plan corrected from {percent(was_done, was_due)} to {percent(done, due)}"


def names_in(told: DayFigures) -> set[str]:
    """Return the ids of everybody who stands in the figures."""
    return {one.owner for one in told.overdue if one.owner} | set(told.unsynced)
