"""
What waits for one person becomes one notice 合并发送: quiet hours, the half hour between two, few lines. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas import wire
from schemas.ids import derived_id
from schemas.moments import instant
from schemas.mutations import MAX_MUTATION_BYTES
from schemas.notices import MOST_ITEMS
from schemas.records import Fields
from server.core.reminding.facts import Due
from server.core.reminding.manners import Manners
from server.core.reminding.rules import Reminder

_MINUTE_MS = 60_000
#: As long as the fields of a notice let a line be.
_LONGEST_ZH, _LONGEST_EN, _LONGEST_TITLE = 600, 800, 120
#: A notice travels as one mutation, whose other members take some room.
_MOST_BYTES = MAX_MUTATION_BYTES - 4_096
#: How many matters of one kind stand one by one at most, and how long a line may be: the first that fits counts, and
#: the last one always does.
_TIGHTER = ((20, _LONGEST_ZH, _LONGEST_EN), (2, _LONGEST_ZH, _LONGEST_EN), (1, 300, 300), (1, 150, 150))
#: Of matters that are told together so many numbers are named.
_NAMED = 3


class Notice(NamedTuple):
    """A notice to be made: its id, where it lies, its fields, and what goes out in it: what is not in it waits on."""

    id: str
    grid: str
    fields: Fields
    items: tuple[Due, ...]


def ready(waiting: Sequence[Due], last_ms: int | None, manners: Manners, now_ms: int) -> list[Due]:
    """
    Return what of *waiting* goes out to its person now, in one message; nothing: it waits on.

    What is critical goes at once. In the quiet hours it goes alone; else it takes along what waits.

    Args:
        last_ms: When the person was sent the message before.
    """
    critical = [one for one in waiting if one.critical]
    if manners.quiet(now_ms):
        return critical
    # A message from far in the future was sent by a wrong clock: nobody is kept silent until then.
    free = last_ms is None or abs(now_ms - last_ms) >= manners.between_min * _MINUTE_MS
    return list(waiting) if free or critical else []


def notice_of(
    district: str,
    items: Sequence[Due],
    rules: Mapping[str, Reminder],
    numbers: Mapping[str, str],
    manners: Manners,
    now_ms: int,
) -> Notice:
    """
    Return the one notice in which *items*, all of one person, go out; of more kinds than it has lines the rest waits.

    Whatever the items hold, it is a notice that can be kept: not too long, nothing empty.

    Args:
        rules: The reminders, by code.
        numbers: By what cases are known, by id.
    """
    ordered = _sayable(sorted(items, key=lambda one: (not one.critical, one.code, one.period, one.target)))
    keys = ["/".join((one.code, one.period, one.target)) for one in ordered]
    fields: Fields = {
        "person": ordered[0].person,
        "title": _title(ordered, rules)[:_LONGEST_TITLE],
        "items": _fitting(ordered, rules, numbers, manners),
        "sent_at": instant(now_ms),
        "critical": any(one.critical for one in ordered),
    }
    # Follows from what goes out: made twice it is the same notice.
    return Notice(derived_id("notice", district, *sorted(keys)), ordered[0].grid, fields, tuple(ordered))


def may_push(pushed_today: int, manners: Manners) -> bool:
    """Say whether one more message may leave the tablet today for a person who has had *pushed_today* of them."""
    return pushed_today < manners.pushes


def _sayable(ordered: Sequence[Due]) -> Sequence[Due]:
    """Return those of *ordered* whose kinds find a line."""
    kinds = set(list(dict.fromkeys((one.critical, one.code) for one in ordered))[:MOST_ITEMS])
    return [one for one in ordered if (one.critical, one.code) in kinds]


def _fitting(
    items: Sequence[Due], rules: Mapping[str, Reminder], numbers: Mapping[str, str], manners: Manners
) -> list[Fields]:
    """Return the lines for *items*, as long as a record may be; cut, or told together, where they are too long."""
    lines: list[Fields] = []
    for apart, zh, en in _TIGHTER:
        lines = _lines(items, rules, numbers, min(apart, manners.lines))
        lines = [one | {"zh": _cut(one["zh"], zh), "en": _cut(one["en"], en)} for one in lines]
        if len(wire.canonical(lines)) <= _MOST_BYTES:
            break
    return lines


def _title(items: Sequence[Due], rules: Mapping[str, Reminder]) -> str:
    codes = list(dict.fromkeys(one.code for one in items))
    named = [rules[code] for code in codes if code in rules]
    zh = "、".join(dict.fromkeys(one.zh for one in named)) or "提醒"
    en = ", ".join(dict.fromkeys(one.en for one in named)) or "Reminder"
    return _plain(f"{zh}（{len(items)}项） {en} ({len(items)})")


def _lines(items: Sequence[Due], rules: Mapping[str, Reminder], numbers: Mapping[str, str], apart: int) -> list[Fields]:
    by_kind: dict[tuple[bool, str], list[Due]] = {}
    for one in items:
        by_kind.setdefault((one.critical, one.code), []).append(one)
    lines: list[Fields] = []
    for left, (_, same) in enumerate(sorted(by_kind.items(), key=_critical_first)):
        # Every kind behind this one still needs a line.
        room = MOST_ITEMS - len(lines) - (len(by_kind) - left - 1)
        if len(same) <= min(apart, room):
            lines += [_line(one, one.zh, one.en, one.subject) for one in same]
        else:
            lines.append(_together(same, rules, numbers))
    return lines


def _critical_first(entry: tuple[tuple[bool, str], list[Due]]) -> tuple[bool, str]:
    (critical, code), _ = entry
    return not critical, code


def _together(same: Sequence[Due], rules: Mapping[str, Reminder], numbers: Mapping[str, str]) -> Fields:
    """Return one line for many matters of one kind: how many, and the first numbers."""
    rule = rules.get(same[0].code)
    zh, en = (rule.zh, rule.en) if rule else (same[0].code, same[0].code)
    known = [number for one in same if (number := numbers.get(one.subject or ""))][:_NAMED]
    named_zh, named_en = "、".join(known), ", ".join(known)
    return _line(
        same[0],
        f"【{zh}】{named_zh}等{len(same)}件，请打开清单逐件处理。"
        if known
        else f"【{zh}】共{len(same)}项，请逐项查看。",
        f"{en}: {len(same)}{f', among them {named_en}' if known else ''}; please see to each of them.",
        None,
    )


def _line(one: Due, zh: str, en: str, about: str | None) -> Fields:
    # A text that was nothing but a place without anything known of it.
    words = {"zh": _plain(zh) or _plain(en) or one.code, "en": _plain(en) or _plain(zh) or one.code}
    line: Fields = {"code": one.code, **words, "critical": one.critical}
    return line | ({"about": about} if about else {})


def _plain(text: str) -> str:
    """Return *text* without signs that nobody reads: they take six times their room, or cannot be kept."""
    if text.isprintable():
        return text.strip()
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text).strip()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
