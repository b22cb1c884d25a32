"""
What a reminder is 提醒规则, and the district's own words laid over the standard ones.

A reminder is data: when what it is about holds (``condition``), whom it tells (``audience``), at what time, in which
words, and whom it tells next where nobody acknowledges it. The words for conditions and audiences are closed lists;
a district changes everything else, pauses a reminder, or adds one of its own under a new code.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

#: On which days a reminder with an hour goes: duty days 值勤日, or every day.
Days = Literal["duty", "all"]
DAYS: Mapping[str, str] = {"duty": "值勤日", "all": "每天"}


class Step(NamedTuple):
    """Whom a reminder goes to next 升级提醒: ``after_min`` minutes after it was sent and not acknowledged."""

    after_min: int
    audience: str


class Reminder(NamedTuple):
    """
    One reminder.

    Attributes:
        code: ``R01`` to ``R16``, or the district's own.
        zh, en: What it is called.
        condition: When it holds; a key of ``CONDITIONS``.
        audience: Whom it tells; a key of ``AUDIENCES``.
        at: Hours of the day, 08:00; where there are several, each is a reminder of its own.
        days: On which days these hours count.
        soon: Whether it also goes, or goes only, as soon as its condition holds.
        text_zh, text_en: What it says; ``{name}`` stands for a place of its condition.
        critical: Whether it passes quiet hours and the half hour in any case; a critical case always does.
        steps: Whom it goes to while nobody acknowledges it, one after the other.
        channels: Whether it may leave the tablet 推送; where not it is a notice alone.
        paused: Whether nothing of it is sent for the time being.
    """

    code: str
    zh: str
    en: str
    condition: str
    audience: str
    text_zh: str
    text_en: str
    at: tuple[str, ...] = ()
    days: Days = "duty"
    soon: bool = False
    critical: bool = False
    steps: tuple[Step, ...] = ()
    channels: bool = True
    paused: bool = False


class Condition(NamedTuple):
    """
    A word for when a reminder holds.

    Attributes:
        zh, en: What it means.
        places: What may stand in its texts as ``{name}``, and what that is.
        timed, soon: Whether it can be asked at an hour of the day, and whether at any moment.
        of_case: Whether it is about one case, whose state says when it is over.
        counted: Whether each person is told once of all that waits for him.
    """

    zh: str
    en: str
    places: Mapping[str, str]
    timed: bool = False
    soon: bool = False
    of_case: bool = False
    counted: bool = False


_CASE = {"number": "问题编号", "place": "点位", "problem": "问题类别", "due": "整改时限"}
CONDITIONS: Mapping[str, Condition] = {
    "patrol_today": Condition(
        "今日有巡查任务", "something is to be patrolled today",
        {"grid": "网格", "segments": "路段数", "shops": "商户数", "parking": "停车区数"}, timed=True,
    ),
    "patrol_unfinished": Condition(
        "今日巡查未完成", "today's patrol is not finished", {"grid": "网格", "left": "未检查数"}, timed=True,
    ),
    "unsent": Condition(
        "有未上传的数据；最早一项满24小时", "something is not uploaded yet; the oldest of it for 24 hours",
        {"records": "记录数", "photos": "照片数"}, timed=True, soon=True,
    ),
    "dispatched": Condition("已派遣", "a case was dispatched", _CASE, soon=True, of_case=True),
    "unsigned": Condition("派遣满1工作时未签收", "not signed for in a work hour", _CASE, soon=True, of_case=True),
    "yellow": Condition("黄灯", "a case turned yellow", {**_CASE, "left": "剩余时间"}, soon=True, of_case=True),
    "red": Condition("红灯", "a case is overdue", {**_CASE, "late": "超期时长"}, soon=True, of_case=True),
    "returned": Condition(
        "退回返工", "a case was returned", {**_CASE, "reason": "退回原因", "times": "第几次"}, soon=True, of_case=True,
    ),
    "unverified": Condition(
        "已整改满4工作时待核查", "put right four work hours ago, and not verified",
        {"cases": "件数", "waited": "最早一件等待时长"}, timed=True, counted=True,
    ),
    "not_struck_off": Condition(
        "核查通过满1工作日待销号", "verified a working day ago, and not struck off", {"cases": "件数"},
        timed=True, counted=True,
    ),
    "escalated": Condition(
        "升至第二、三级", "a case reached level 2 or 3",
        {**_CASE, "unit": "责任单位", "why": "升级原因",
         "times": "退回次数", "proposal": "建议"},
        soon=True, of_case=True,
    ),
    "milestone": Condition(
        "节点前7、3、1天、当天及逾期每天", "a milestone is 7, 3, 1 or 0 days away, or over",
        {"milestone": "节点", "on": "日期", "days": "剩余或逾期天数", "unit": "单位", "tasks": "未完成任务数"},
        timed=True,
    ),
    "cleaning_tomorrow": Condition(
        "明日有清扫日", "there is a cleaning day tomorrow",
        {"theme": "主题", "time": "时间", "place": "地点"}, timed=True,
    ),
    "reporter_waits": Condition(
        "举报件已受理、已整改或不予受理", "a public report was accepted, put right or refused",
        {"number": "问题编号", "summary": "摘要", "outcome": "处理结果"}, soon=True,
    ),
    "told": Condition(
        "同一记录被多人修改", "several people's edits of one record were settled", {"said": "说明"}, soon=True,
    ),
    "announced": Condition("由办公室发布", "the office announced it", {"area": "区域", "until": "时限"}),
}  # fmt: skip

AUDIENCES: Mapping[str, str] = {
    "person": "本人",
    "workers": "网格员；没有时为网格长",
    "lead": "责任人；未指定时为责任单位负责人或承办人员",
    "head": "责任单位负责人",
    "lead_and_head": "责任人和责任单位负责人",
    "verifiers": "核查人（网格长、社区、街道、区创卫办中最近的一级，整改人除外）",
    "street": "所在街道",
    "district_office": "区创卫办",
    "unit": "所指单位负责人；未登记时为单位人员",
    "leaders_and_street": "区域内网格长和街道",
}

_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,11}")
_HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_PLACE = re.compile(r"\{([a-z_]+)\}")
_MOST_STEPS, _MOST_HOURS, _LONGEST = 4, 6, 400
#: A step sooner than this would reach the head before the owner could look.
_LEAST_MIN, _MOST_MIN = 5, 7 * 24 * 60

Words = tuple[str, str]


def laid_over(standard: Iterable[Reminder], words: Iterable[tuple[str, Mapping[str, Any] | None]]) -> list[Reminder]:
    """
    Return the reminders that count, by code: the *standard* ones under what the district said, and its own.

    Args:
        words: A code and what was said of it, in the order in which it was said; the last word of a code counts as
            a whole, and None takes the district's words back. What is no rule any more is passed over.
    """
    known = {one.code: one for one in standard}
    said = dict(words)
    found = {code: one for code, one in known.items() if not said.get(code)}
    for code, word in said.items():
        if word and not mistakes_in(code, word, known.get(code)):
            found[code] = _read(code, word, known.get(code))
        elif code in known:
            found[code] = known[code]
    return [found[code] for code in sorted(found)]


def mistakes_in(code: str, said: Mapping[str, Any], standard: Reminder | None) -> list[Words]:
    """
    Return what is wrong with what somebody *said* of the reminder *code*, in two languages; nothing: it may be kept.

    Args:
        said: Members of ``Reminder`` but the code; of a standard one only those that differ.
        standard: The reminder beneath it, where it is one of the standard ones.
    """
    if not _CODE.fullmatch(code):
        return [("代码应为大写字母开头的 2 至 12 位字母数字", "a code is 2 to 12 capitals and digits, a letter first")]
    unknown = sorted(set(said) - set(Reminder._fields[1:]))
    if unknown:
        return [(f"没有这些项：{'、'.join(unknown)}", f"there is no such member: {', '.join(unknown)}")]
    missing = [] if standard else sorted(_NEEDED - set(said))
    if missing:
        return [(f"缺少：{'、'.join(missing)}", f"missing: {', '.join(missing)}")]
    wrong = [found for name, value in said.items() if (found := _wrong(name, value)) is not None]
    return wrong or _wrong_together(_read(code, said, standard))


def plain(reminder: Reminder) -> dict[str, Any]:
    """Return *reminder* as plain data, for lists and for keeping."""
    return {**reminder._asdict(), "at": list(reminder.at), "steps": [list(step) for step in reminder.steps]}


def places_in(text: str) -> set[str]:
    """Return the names that stand in *text* as ``{name}``."""
    return set(_PLACE.findall(text))


_NEEDED = {"zh", "en", "condition", "audience", "text_zh", "text_en"}
#: A blank as a Chinese keyboard writes it.
_WIDE = "\u3000"
_TEXTS = {"zh": 40, "en": 60, "text_zh": _LONGEST, "text_en": _LONGEST}


def _read(code: str, said: Mapping[str, Any], standard: Reminder | None) -> Reminder:
    under = plain(standard) if standard else {}
    members = {**under, **said, "code": code}
    members["at"] = tuple(members.get("at", ()))
    members["steps"] = tuple(Step(*step) for step in members.get("steps", ()))
    return Reminder(**members)


def _wrong(name: str, value: Any) -> Words | None:
    """Return what is wrong with one member alone."""
    if name in _TEXTS:
        good = (
            isinstance(value, str)
            and value.strip()
            and value.replace(_WIDE, "").isprintable()
            and len(value) <= _TEXTS[name]
        )
        return (
            None
            if good
            else (
                f"{name} 应为一行 1 至 {_TEXTS[name]} 个字",
                f"{name} must be one line of 1 to {_TEXTS[name]} printable signs",
            )
        )
    if name in _LISTED:
        listed = "、".join(_LISTED[name])
        good = isinstance(value, str) and value in _LISTED[name]
        return (
            None if good else (f"{name} 应为其中之一：{listed}", f"{name} must be one of: {', '.join(_LISTED[name])}")
        )
    if name == "at":
        good = isinstance(value, list | tuple) and len(value) <= _MOST_HOURS and all(map(_is_hour, value))
        return None if good else (f"at 应为至多 {_MOST_HOURS} 个时刻，如 08:00", "at must be hours as 08:00")
    if name == "steps":
        good = isinstance(value, list | tuple) and len(value) <= _MOST_STEPS and all(map(_is_step, value))
        return (
            None
            if good
            else (
                f"steps 应为至多 {_MOST_STEPS} 步，每步为 [分钟（{_LEAST_MIN} 至 {_MOST_MIN}）, 对象]",
                f"steps must be at most {_MOST_STEPS} of [minutes ({_LEAST_MIN} to {_MOST_MIN}), audience]",
            )
        )
    return None if isinstance(value, bool) else (f"{name} 应为是或否", f"{name} must be true or false")


_LISTED: Mapping[str, tuple[str, ...]] = {
    "condition": tuple(CONDITIONS), "audience": tuple(AUDIENCES), "days": tuple(DAYS),
}  # fmt: skip


def _is_hour(value: Any) -> bool:
    return isinstance(value, str) and _HOUR.fullmatch(value) is not None


def _is_step(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == len(Step._fields)
        and type(value[0]) is int
        and _LEAST_MIN <= value[0] <= _MOST_MIN
        and isinstance(value[1], str)
        and value[1] in AUDIENCES
    )


def _wrong_together(reminder: Reminder) -> list[Words]:
    """Return what of a reminder does not fit together, each member being good alone."""
    condition = CONDITIONS[reminder.condition]
    found: list[Words] = []
    for text in (reminder.text_zh, reminder.text_en):
        foreign = places_in(text) - condition.places.keys()
        if foreign or _PLACE.sub("", text).count("{") or _PLACE.sub("", text).count("}"):
            listed = "、".join(f"{{{name}}}" for name in condition.places)
            found.append((f"文字里只能用：{listed}", f"a text may hold only: {listed.replace('、', ', ')}"))
            break
    if reminder.at and not condition.timed:
        found.append((f"“{condition.zh}”不能定时", f"'{reminder.condition}' has no hour of the day"))
    if reminder.soon and not condition.soon:
        found.append((f"“{condition.zh}”只能定时", f"'{reminder.condition}' needs an hour of the day"))
    if not reminder.at and not reminder.soon and (condition.timed or condition.soon):
        found.append(("请给出时刻（at）或即时（soon）", "say when: hours (at), or as soon as it holds (soon)"))
    if len(set(reminder.at)) < len(reminder.at):
        found.append(("时刻重复", "an hour stands twice"))
    return found
