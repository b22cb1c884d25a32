"""
What follows when time runs out 时限之后: proposals of escalation, deadlines reckoned anew, waiting, reviews.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from schemas.explain import errors_of_value
from schemas.fields import Id
from schemas.grid import is_code
from schemas.units import name_of
from server.commands.at_the_desk import desk_for, reading, refusing, say, say_or_json
from server.commands.calendar import with_reason
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, show, telling, when
from server.commands.conflicts import Called, as_person
from server.core.clocks.limits import as_words
from server.core.clocks.waiting import STEPS_WORDS
from server.core.desk.escalated import STATES, ListedEscalation, Verdict
from server.storage.unit_of_work import UnitOfWork
from server.usecases.list_escalations import LEVELS, MAX_LIMIT, Sought, list_escalations
from server.usecases.list_waiting import list_reviews, list_waiting
from server.usecases.mistakes import Mistake
from server.usecases.name_units import unit_names
from server.usecases.read_scores import read_scores
from server.usecases.recompute_deadlines import Moved, Why, recompute_deadlines, would_move
from server.usecases.review_escalations import propose_bottom, review_escalations
from server.usecases.settle_escalation import settle_escalation

in_area = click.option("--area", metavar="210902005", help="区划代码。Only here.")
in_whose_name = click.option(
    "--as", "as_person", required=True, metavar="PERSON", help="谁签批：工号、姓名或编号。In this person's name."
)
_why = click.option("--reason", required=True, metavar="理由", help="理由，必填。Why; must be given.")
#: So many signs of an id say which one is meant.
_LEAST = 4
_MOST_SHOWN = 50


@click.group("escalations", invoke_without_command=True)
@click.option("--level", "levels", type=click.IntRange(LEVELS[0], LEVELS[-1]), multiple=True, help="级别。Level.")
@click.option(
    "--state", type=Called({**STATES, "all": "全部"}), default="proposed", show_default=True, help="状态。State."
)
@in_area
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="最多条数。At most.")
@click.option("--after", help="接着上一页。The next page.")
@as_person
@in_district
@as_json
@click.pass_context
@telling
@refusing
def escalations(
    context: click.Context, levels: tuple[int, ...], state: str, area: str | None, limit: int, after: str | None,
    as_person: str | None, district: str | None, as_json: bool,
) -> None:  # fmt: skip
    """升级建议：级别高的在前；只是建议，须由人签批。Proposals, the gravest first; a person has to sign them."""
    if context.invoked_subcommand is not None:
        return
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        sought = Sought(levels, state, _area(area), limit, after)
        page = list_escalations(work, desk_for(work, as_person), sought, now)
    lines = (line for one in page.escalations for line in _lines(one))
    say_or_json(page.escalations, lines, json_wanted=as_json)
    if not as_json:
        click.echo(f"共 {len(page.escalations)} 条 {len(page.escalations)} in all")
    if page.after:
        click.echo(f"还有更多 There are more: --after {page.after}", err=as_json)


@escalations.command("review")
@click.option(
    "--scores", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="各单位每周得分（CSV：周一,单位,得分），用于 L4。Weekly scores of units, for L4.",
)  # fmt: skip
@in_district
@telling
def review(scores: Path | None, district: str | None) -> None:
    """立即巡视一遍；服务器每 15 分钟自动巡视。Look now; the server does so every 15 minutes."""
    store, now = open_store(), now_ms()
    place = pick_district(store, district)
    reviewed = review_escalations(store, place, now)
    by_level = dict(reviewed.proposed)
    if scores is not None:
        weeks = read_scores(scores)
        by_level[LEVELS[-1]] = len(propose_bottom(store, place, weeks.scores, weeks.last_ms, now))
    told = "，".join(f"L{level} {count} 条" for level, count in sorted(by_level.items())) or "0 条"
    click.echo(f"新提出 {told}；失效 {reviewed.fallen} 条")
    click.echo(f"New: {sum(by_level.values())}; fallen away: {reviewed.fallen}")


@escalations.command("sign")
@click.argument("id")
@_why
@in_whose_name
@in_district
@as_json
@telling
@refusing
def sign(id: str, reason: str, as_person: str, district: str | None, as_json: bool) -> None:  # noqa: A002
    """签批一条；不会自动下发督办单或约谈。Sign one; nothing else follows by itself."""
    _settle(id, "sign", reason, as_person, district, json_wanted=as_json)


@escalations.command("dismiss")
@click.argument("id")
@_why
@in_whose_name
@in_district
@as_json
@telling
@refusing
def dismiss(id: str, reason: str, as_person: str, district: str | None, as_json: bool) -> None:  # noqa: A002
    """不采纳一条，写明理由。Dismiss one, and say why."""
    _settle(id, "dismiss", reason, as_person, district, json_wanted=as_json)


@click.command("recompute")
@click.option("--dry-run", is_flag=True, help="只列出会变的，不写入。Show what would change, write nothing.")
@click.option("--yes", is_flag=True, help="不再询问。Do not ask.")
@with_reason
@in_district
@as_json
@telling
def recompute(dry_run: bool, yes: bool, reason: str, by: str, district: str | None, as_json: bool) -> None:
    """日历或时限改动后重新推算未完成案件的时限。Reckon open cases' deadlines anew after calendar or limits changed."""
    store, now = open_store(), now_ms()
    place = pick_district(store, district)
    moved = would_move(store, place)
    _show_moved(store.work(place, writing=False), moved, json_wanted=as_json)
    if dry_run or not moved:
        return
    if not yes:
        click.confirm(f"改动这 {len(moved)} 件的时限？Move these {len(moved)}?", abort=True, err=True)
    done = recompute_deadlines(
        store, place, Why(reason, by), now, lambda count: click.echo(f"\r{count}", nl=False, err=True)
    )
    click.echo("", err=True)
    click.echo(f"已改动 {len(done)} 件 Moved: {len(done)}", err=as_json)


@click.command("waiting")
@in_area
@as_person
@in_district
@as_json
@telling
@refusing
def waiting(area: str | None, as_person: str | None, district: str | None, as_json: bool) -> None:
    """超过内部时限的：待立案、派遣、签收、核查、销号。What waits longer than the steps inside the office may take."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        found = list_waiting(work, desk_for(work, as_person), _area(area), now)
    rows = [
        one._asdict()
        | {"step_zh": STEPS_WORDS[one.step][0], "since": when(one.since_ms), "due": when(one.due_ms)}
        | {"number": one.number or one.id, "place": one.place or one.grid}
        for one in found
    ]
    headings = {
        "number": "编号",
        "step_zh": "等待",
        "since": "自",
        "due": "应于",
        "zh": "超期",
        "unit": "单位",
        "place": "点位",
    }
    show(rows, headings, json_wanted=as_json)


@click.command("reviews")
@in_area
@as_person
@in_district
@as_json
@telling
@refusing
def reviews(area: str | None, as_person: str | None, district: str | None, as_json: bool) -> None:
    """复核日期已到的挂账。Deferred cases whose review date has come."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        found = list_reviews(work, desk_for(work, as_person), _area(area), now)
    rows = [
        one._asdict() | {"number": one.number or one.id, "place": one.place or one.grid, "late": one.days or ""}
        for one in found
    ]
    headings = {
        "number": "编号",
        "review_on": "复核日期",
        "late": "已过（天）",
        "project": "工程或时节",
        "place": "点位",
    }
    show(rows, headings, json_wanted=as_json)


#: What hangs in the group ``ledger``.
COMMANDS = (escalations, recompute, waiting, reviews)


def _settle(
    typed: str, verdict: Verdict, reason: str, as_person: str, district: str | None, *, json_wanted: bool
) -> None:
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk = desk_for(work, as_person)
        id_ = _known(work, typed)
    told = settle_escalation(store, desk, id_, None, verdict, reason, now)
    say_or_json(told, _lines(told), json_wanted=json_wanted)


def _lines(one: ListedEscalation) -> Iterator[str]:
    about = one.number or one.case or (one.unit.name or one.unit.id if one.unit else "—")
    to = f" → {one.to.name or one.to.id}" if one.to else ""
    yield f"{one.id[:8]}  L{one.level} {one.proposes_zh}{to}  {about} {one.class_zh or ''} {one.place or ''}".rstrip()
    late = f"，现{one.overdue_zh}" if one.overdue_zh and one.overdue_zh != one.why_zh else ""
    yield f"    {one.why_zh}（自 {when(one.since.ms)}）{late}  {one.state_zh}"
    if one.at is not None:
        yield f"    {when(one.at.ms)} {one.by.name or one.by.id if one.by else '系统'}：{one.reason}"
    if one.order is not None:
        yield f"    督办单草稿 draft：{one.order.text}（回复时限 {one.order.reply_due}）"


def _show_moved(work: UnitOfWork, moved: list[Moved], *, json_wanted: bool) -> None:
    rows: list[dict[str, Any]] = [one._asdict() for one in moved]
    if not json_wanted:
        with work:
            names = unit_names(work, {one.lead for one in moved if one.lead})
        rows = [
            row | {"number": one.number or one.id, "was": when(one.was_ms), "due": when(one.due_ms)}
            | {"limit": as_words(one.limit), "lead": name_of(one.lead, names) if one.lead else ""}
            for row, one in zip(rows[:_MOST_SHOWN], moved, strict=False)
        ]  # fmt: skip
    headings = {
        "number": "编号",
        "was": "原时限",
        "due": "新时限",
        "limit": "时限",
        "lead": "主办单位",
        "place": "点位",
    }
    show(rows, headings, json_wanted=json_wanted)
    if not json_wanted and len(moved) > _MOST_SHOWN:
        say([f"另有 {len(moved) - _MOST_SHOWN} 件，见 --json。{len(moved) - _MOST_SHOWN} more; see --json."])


def _known(work: UnitOfWork, typed: str) -> str:
    """
    Return the id meant by *typed*: an id, or the beginning of an open one.

    Raises:
        Mistake: it is the beginning of several, or of none.
    """
    if not errors_of_value(Id(), typed):
        return typed
    plain = typed.lower()
    signs = len(plain) >= _LEAST and set(plain) <= set("0123456789abcdef-")
    begun = work.escalations.beginning(plain) if signs else []
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise Mistake(f"“{typed}”是几条的开头，请写得更完整。", f"'{typed}' begins several; write more of it.")
    raise Mistake(
        f"没有这条待处理的升级建议：“{typed}”；请写编号开头 {_LEAST} 位以上，见 ledger escalations。",
        f"There is no such open proposal: '{typed}'; {_LEAST} signs of its id will do, see ledger escalations.",
    )


def _area(area: str | None) -> str | None:
    if area is not None and not is_code(area):
        raise Mistake(f"“{area}”不是区划代码。", f"'{area}' is no area's code.")
    return area
