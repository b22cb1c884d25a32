"""
What to do today 今日任务: ``today`` — the patrol plan in walking order, and the cases in hand.
"""

from typing import Any

import click
import msgspec
from rich.padding import Padding
from rich.text import Text

from schemas import grid
from schemas.lights import RUNNING, Light, light_of
from schemas.patrol import KINDS, GridPlan, completion
from sync_client.client import FieldClient
from sync_client.commands.case_words import GRAVITY, due_text, light_text, state_text
from sync_client.commands.cases import is_mine, now_of
from sync_client.commands.day_office import day_option, office_sight
from sync_client.commands.day_words import day_called, heading
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import GOOD, QUIET, STRONG, WAIT, Voice
from sync_client.finding import OneOf
from sync_client.labels import NotUnderstood
from sync_client.names import Names, short
from sync_client.office_day.the_day import Sight, area_names
from sync_client.office_day.walking import Stop, Walk, streets, walk_of
from sync_client.values import Record

_MOST_CASES = 10_000
#: So many stops are listed; a longer walk is told grid by grid.
_MOST_STOPS = 60


@click.command("today")
@day_option
@click.option(
    "--grid", "place", metavar="CODE", help="只看这个网格或社区，写名称或代码 this grid alone, by name or code"
)
@click.option("--all", "whole", is_flag=True, help="含已查的，全部列出 everything, those done too")
@pass_session
def today_command(session: Session, day: str | None, place: str | None, *, whole: bool) -> None:
    """今天查什么、办什么：按路段排好，离线可看。 What to check today, street by street, and which cases are in hand."""
    voice = session.voice
    with session.tablet() as client:
        now, sight = now_of(session, client), office_sight(client)
        here = _place_called(area_names(client), place, sight) if place else None
        walk = walk_of(client.database, lambda code: _sees(sight, code, here), day_called(day, now))
        cases = _in_hand(client, sight, now)
        voice.answer(_plain(walk, cases), lambda: _tell(voice, client, walk, cases, sight, now, whole=whole))


def _place_called(names: dict[str, str], typed: str, sight: Sight) -> str:
    """
    Return the code of the area that *typed*, a code or a name, means.

    Raises:
        NotUnderstood: It means none of those that whoever works now answers for, or several.
    """
    if sight.sees(typed):
        return typed
    seen = {code: name for code, name in names.items() if sight.sees(code)}
    found = [code for code, name in seen.items() if name == typed] or _widest(
        [code for code, name in seen.items() if name.startswith(typed)]
    )
    if len(found) != 1:
        raise NotUnderstood(
            f"“{typed}”不在您的责任区；写名称，如 青年社区第一网格，或代码。",
            f"'{typed}' is none of your areas; write its name or its code.",
        )
    return found[0]


def _widest(codes: list[str]) -> list[str]:
    """Return the one of *codes* in which all the others lie, or all of them."""
    widest = min(codes, key=len, default="")
    return [widest] if widest and all(grid.lies_in(code, widest) for code in codes) else codes


def _sees(sight: Sight, code: str, place: str | None) -> bool:
    return sight.sees(code) and (place is None or grid.lies_in(code, place))


def _in_hand(client: FieldClient, sight: Sight, now_ms: int) -> list[tuple[Light, Record]]:
    """Return the cases that whoever works now, or his unit, has to put right, red lights first."""
    found = client.find("case", where={"status": OneOf(RUNNING)}, limit=_MOST_CASES, include_merged=False)
    rows = [(light_of(one.fields, now_ms), one) for one in found if sight.sees(one.grid) and is_mine(client, one)]
    return sorted(rows, key=lambda row: (GRAVITY.index(row[0]), str(row[1].get("due_at") or "~")))


def _plain(walk: Walk, cases: list[tuple[Light, Record]]) -> dict[str, Any]:
    plans = {
        code: {
            kind: {"due": len(part.due), "done": part.done, "open": len(part.open)} for kind, part in plan.parts.items()
        }
        for code, plan in walk.plans.items()
    }
    stops = [msgspec.to_builtins(stop._asdict()) for stop in walk.stops]
    told = [
        {"light": light, "id": one.id, "state": one.get("status"), "due_at": one.get("due_at")} for light, one in cases
    ]
    return {"day": walk.day, "plans": plans, "stops": stops, "cases": told}


def _tell(
    voice: Voice, client: FieldClient, walk: Walk, cases: list[tuple[Light, Record]], sight: Sight, now_ms: int, *,
    whole: bool,
) -> None:  # fmt: skip
    voice.show(heading(client, voice, sight.areas, "今日巡查", "to check today", walk.day))
    _tell_plan(voice, client, walk, whole=whole)
    voice.say("按值勤日和标准周期推算，以平台通知为准", "by standard intervals, as on a duty day", QUIET)
    _tell_cases(voice, Names(client, voice.lang), cases, now_ms)


def _tell_plan(voice: Voice, client: FieldClient, walk: Walk, *, whole: bool) -> None:
    done = completion(walk.plans.values())
    if not done.due:
        voice.say("今天没有要查的，或本机还没有登记资料", "nothing is due, or there are no registers here yet", GOOD)
        return
    voice.pairs((zh, en, _counted(voice, kind, walk)) for kind, (zh, _, en) in KINDS.items())
    listed = [stop for stop in walk.stops if whole or not stop.done]
    if len(walk.plans) > 1 and len(listed) > _MOST_STOPS and not whole:
        _tell_grids(voice, area_names(client), walk.plans)
    else:
        _tell_stops(voice, client, listed)
    if done.done == done.due:
        voice.say("今天要查的都查了", "all that was due is done", GOOD)
    else:
        left = done.due - done.done
        voice.say(f"还有 {left} 处没查", f"{left} still to check", WAIT)


def _counted(voice: Voice, kind: Any, walk: Walk) -> str:
    due = sum(len(plan.part(kind).due) for plan in walk.plans.values())
    done = sum(plan.part(kind).done for plan in walk.plans.values())
    unit = KINDS[kind][1]
    return voice.pick(
        f"应查 {due} {unit}，已查 {done}，还有 {due - done}", f"{due} due, {done} done, {due - done} left"
    )


def _tell_grids(voice: Voice, names: dict[str, str], plans: dict[str, GridPlan]) -> None:
    heads = [
        (voice.pick(zh, en), "") for zh, en in (("网格", "grid"), ("应查", "due"), ("已查", "done"), ("还有", "left"))
    ]
    heads = heads if voice.lang == "zh" else [("", word) for word, _ in heads]
    rows = [[names.get(code, code), str(plan.due), str(plan.done), str(plan.open)] for code, plan in plans.items()]
    voice.table(heads, rows)
    voice.hint("看一个网格：gridward today --grid 网格名称", "one grid: gridward today --grid NAME")


def _tell_stops(voice: Voice, client: FieldClient, stops: list[Stop]) -> None:
    names, places = Names(client, voice.lang), area_names(client)
    several = len({stop.grid for stop in stops}) > 1
    for street, group in streets(stops):
        called = names.of_id(street) if street else voice.pick("不在登记路段上", "at no registered street")
        # A street runs through several grids, and more than one street is called 和平路.
        where = f"  {places.get(group[0].grid, group[0].grid)}" if several else ""
        voice.show(Text.assemble((called, STRONG), (where, QUIET)))
        for stop in group:
            voice.show(Padding(_stop_text(voice, stop), (0, 0, 0, 2)))


def _stop_text(voice: Voice, stop: Stop) -> Text:
    zh, _, _ = KINDS[stop.kind]
    sign, style = ("✓", GOOD) if stop.done else ("○", "")
    kind = voice.pick(zh, stop.kind.replace("_", " "))
    said = Text.assemble((f"{sign} ", style), f"{kind}  {stop.name}", f"  {stop.door_no}" if stop.door_no else "")
    before = (
        voice.pick(f"  上次 {stop.last}", f"  last {stop.last}")
        if stop.last
        else voice.pick("  一个月内未查", "  not within a month")
    )
    return said + Text(before, QUIET)


def _tell_cases(voice: Voice, names: Names, cases: list[tuple[Light, Record]], now_ms: int) -> None:
    if not cases:
        voice.say("手上没有问题", "no cases in hand", GOOD)
        return
    voice.say(f"手上的问题 {len(cases)} 件", f"{len(cases)} cases in hand", STRONG)
    for light, one in cases:
        number = str(one.get("case_no") or short(one.id))
        line = Text.assemble(
            light_text(voice, light), f"  {number}  {state_text(voice, one)}  {due_text(voice, one, now_ms)}  "
        )
        line.append(names.of(one))
        line.truncate(voice.console.width - 2, overflow="ellipsis")
        voice.show(Padding(line, (0, 0, 0, 2)))
    voice.hint("办理：gridward case show 编号", "work on one: gridward case show NUMBER")
