"""
Word of notices for channels 通知推送: a person's own, and the groups of a street.

A person's channel is told what stands in his notice, a few times a day at most; a group how many matters there are,
and the numbers of cases, each matter once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from schemas import grid
from schemas.ids import derived_id
from server.core.clocks.calendar import DAY_MS, index_of, midnight
from server.core.reminding.manners import Manners
from server.core.reminding.merging import Notice, may_push
from server.core.reminding.rules import Reminder
from server.storage.reminders import Item
from server.storage.unit_of_work import UnitOfWork
from server.usecases.push_text import channels_of, push_matters, push_to_person


def push_notices(
    work: UnitOfWork,
    notices: Sequence[Notice],
    items: Sequence[Item],
    rules: Mapping[str, Reminder],
    numbers: Mapping[str, str],
    manners: Manners,
    now_ms: int,
) -> None:
    """
    Queue word of *notices*, which are being sent in the same transaction; before they are marked as sent.

    Args:
        items: What goes out in them.
        numbers: By what cases are known, by id.
    """
    channels = channels_of(work)
    if any(one.person is not None for one in channels):
        _to_people(work, notices, {one.person for one in channels}, rules, manners, now_ms)
    if any(one.person is None for one in channels):
        _to_groups(work, work.reminders.first_of(items), rules, numbers, now_ms)


def _to_people(
    work: UnitOfWork,
    notices: Sequence[Notice],
    reached: set[str | None],
    rules: Mapping[str, Reminder],
    manners: Manners,
    now_ms: int,
) -> None:
    today_ms = midnight(index_of(now_ms))
    pushed = work.deliveries.pushes(today_ms, today_ms + DAY_MS)
    for notice in notices:
        person = notice.items[0].person
        codes = sorted({one.code for one in notice.items if rules[one.code].channels})
        if person in reached and codes and may_push(pushed.get(person, 0), manners):
            told = [line["zh"] for line in notice.fields["items"] if line["code"] in codes]
            title, critical = str(notice.fields["title"]), bool(notice.fields["critical"])
            push_to_person(
                work, person, notice.grid, codes, title, "\n".join(told), notice.id, now_ms, critical=critical
            )


def _to_groups(
    work: UnitOfWork, first: Sequence[Item], rules: Mapping[str, Reminder], numbers: Mapping[str, str], now_ms: int
) -> None:
    """Tell groups of matters under one reminder in one street together."""
    found: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in first:
        if rules[item.code].channels:
            found[item.code, item.grid[: grid.Level.STREET]].append(item)
    for (code, area), items in sorted(found.items()):
        keys = sorted(f"{one.period}/{one.subject}" for one in items)
        named = [number for one in items if (number := numbers.get(one.subject or ""))]
        titles = rules[code].zh, rules[code].en
        about = derived_id("push", work.district, code, area, *keys)
        push_matters(work, area, code, titles, named, len(items), about, now_ms)
