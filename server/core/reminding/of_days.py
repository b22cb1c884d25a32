"""
What there is to remind of at an hour of the day 定时提醒, and what people are told of decisions. Pure.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from schemas.patrol import GridPlan, Kind
from schemas.progress import Countdown
from schemas.records import Fields
from schemas.wording import lasting
from server.core.clocks.calendar import HOUR_MS
from server.core.reminding.facts import Matter, Unsent, moment_period
from server.core.reminding.roster import Roster

#: What nobody has uploaded for so long is told at once.
OLD_MS = 24 * HOUR_MS
#: A moment to the second without its zone; so much of a hash as tells two decisions of one second apart.
_SECONDS, _MARK = len("2020-07-18T16:00:00"), 16


#: What a plan's figures are called in a text.
_PLANNED: Mapping[str, Kind] = {"segments": "street_segment", "shops": "shop", "parking": "parking_area"}


class Waiting(NamedTuple):
    """A case that waits for an office: where, who must not be the one to look at it, since when, and until when."""

    place: str
    person: str | None
    since_ms: int
    ripe_ms: int


def patrols(plans: Mapping[str, GridPlan], names: Mapping[str, str], period: str, *, unfinished: bool) -> list[Matter]:
    """Return what is to be told of each grid's plan: all of it, or (*unfinished*) what is left of it."""
    found = []
    for code, plan in sorted(plans.items()):
        if (plan.open if unfinished else plan.due) == 0:
            continue
        words = {name: str(len(plan.part(kind).due)) for name, kind in _PLANNED.items()}
        words |= {"grid": names.get(code, code), "left": str(plan.open)}
        found.append(Matter(period, code, code, words))
    return found


def unsent(people: Iterable[Unsent], period: str | None, now_ms: int) -> list[Matter]:
    """
    Return who is to be told that something is not uploaded.

    Args:
        period: Of an hour of the day: everybody; None: those of whom something has waited for a day.
    """
    return [
        Matter(
            period or moment_period(one.oldest_ms), one.person, one.place,
            {"records": str(one.records), "photos": str(one.photos)}, person=one.person,
        )
        for one in people
        if (one.records or one.photos) and (period is not None or now_ms - one.oldest_ms >= OLD_MS)
    ]  # fmt: skip


def grouped(
    roster: Roster, audience: str, waiting: Iterable[Waiting], period: str, since_ms: int | None, now_ms: int
) -> list[Matter]:
    """
    Return what each person is told of all that waits for him: how many, and how long the oldest has waited.

    Args:
        since_ms: Whoever has nothing that became ripe since then is not told again; None: everybody is told.
    """
    by_person: dict[str, list[Waiting]] = {}
    known: dict[tuple[str, str | None], tuple[str, ...]] = {}
    for one in waiting:
        asked = (one.place, one.person)
        if asked not in known:
            known[asked] = roster.told(audience, Matter(period, "", one.place, person=one.person))
        for person in known[asked]:
            by_person.setdefault(person, []).append(one)
    found = []
    for person, mine in sorted(by_person.items()):
        if since_ms is None or any(one.ripe_ms > since_ms for one in mine):
            zh, en = lasting(now_ms - min(one.since_ms for one in mine))
            cases = str(len(mine))
            place = roster.home(person) or ""
            words, words_en = {"cases": cases, "waited": zh}, {"cases": cases, "waited": en}
            found.append(Matter(period, place, place, words, words_en, person=person))
    return found


def milestones(counted: Iterable[tuple[str, Countdown]], names: Mapping[str, str], period: str) -> list[Matter]:
    """Return what each unit is told of each milestone; *counted* are places and countdowns."""
    found = []
    for place, one in counted:
        for unit, tasks in sorted(one.unfinished.items()) if one.reminds else ():
            zh, en = _until(one.days)
            words = {
                "milestone": one.name, "on": one.due_on, "days": zh, "unit": names.get(unit, unit), "tasks": str(tasks),
            }  # fmt: skip
            found.append(Matter(period, one.id, place, words, words | {"days": en}, unit=unit))
    return found


def cleaning_days(days: Iterable[tuple[str, str, Fields, Iterable[str]]], period: str) -> list[Matter]:
    """Return what each unit is told of tomorrow's cleaning days; each is an id, a place, its fields, and its units."""
    found = []
    for record, place, fields, units in days:
        hour = str(fields["start_at"])[11:16] if fields.get("start_at") else "上午"
        words = {"theme": str(fields["theme"]), "time": hour, "place": str(fields.get("place_text") or "本网格")}
        words_en = {"theme": words["theme"], "time": hour if ":" in hour else "in the morning", "place": words["place"]}
        asked = sorted({*units, *(fields.get("grid_ids") or ()), fields.get("organiser_unit") or place})
        found += [Matter(period, record, place, words, words_en, unit=unit) for unit in asked]
    return found


def telling_period(at_ms: int, feed: str, version: int, part: int) -> str:
    """Return the period of what is told of one decision: when, and a mark that no other decision has."""
    mark = hashlib.sha256(f"{feed}.{version}.{part}".encode()).hexdigest()[:_MARK]
    return f"{moment_period(at_ms)[:_SECONDS]}.{mark}"


def tellings(rows: Iterable[tuple[str, str, str, Mapping[str, Any]]]) -> list[Matter]:
    """Return what people are told of decisions; each is a person, a place, a period, and the body as it travels."""
    return [
        Matter(
            period, str(body["record"]), place, {"said": str(body["zh"])}, {"said": str(body["en"])}, person=person,
        )
        for person, place, period, body in rows
        if body.get("zh") and body.get("en") and body.get("record")
    ]  # fmt: skip


def _until(days: int) -> tuple[str, str]:
    if days > 0:
        return f"还有{days}天", f"in {days} day{'s' * (days > 1)}"
    if days == 0:
        return "就在今天", "today"
    return f"已过{-days}天", f"{-days} day{'s' * (days < -1)} ago"
