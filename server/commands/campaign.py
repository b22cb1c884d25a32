"""
The campaign 行动: how it stands, what is late, how ready the district is.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple

import click

from schemas.campaigns import ITEM_STATES, TITLES
from schemas.moments import day_of
from schemas.progress import ANSWERS, STANDINGS, Countdown, LateTask
from schemas.units import name_of
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, show, telling
from server.core.campaign.first_items import Plan, begun
from server.storage.unit_of_work import UnitOfWork
from server.usecases import campaign_progress as reading
from server.usecases.bring_in import bring_in
from server.usecases.mistakes import Mistake
from server.usecases.name_units import unit_names

Row = dict[str, Any]

_DOUBTS = {"no_evidence": "无佐证", "open_cases": "有未销号问题", "unfinished_tasks": "有未完成任务"}


def _is_day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        raise click.BadParameter(f"“{text}”不是日期，应如 2020-07-20。'{text}' is no day; write 2020-07-20.") from None


on_day = click.option(
    "--on", "day", metavar="2020-07-20", callback=_is_day, help="截至哪一天，默认今天。As of which day."
)
named = click.argument("name", required=False, metavar="[行动]")


class Desk(NamedTuple):
    """What a report is made from: the records, the day, and the names of units asked for so far."""

    work: UnitOfWork
    district: str
    day: str
    units: dict[str, str]

    def called(self, unit: str) -> str:
        """Return what a unit is called; one that nobody knows, by its code."""
        if unit not in self.units:
            self.units[unit] = name_of(unit, unit_names(self.work, [unit]))
        return self.units[unit]


@contextmanager
def desk(district: str | None, day: str | None) -> Iterator[Desk]:
    """Open the district's records for reading."""
    store = open_store()
    code = pick_district(store, district)
    with store.work(code, writing=False) as work:
        yield Desk(work, code, day or day_of(now_ms()), {})


@click.group("campaign")
def campaign() -> None:
    """行动：进展、节点、迟办、迎检准备。A campaign: how it stands, what is late, how ready the district is."""


@campaign.command("begin")
@click.argument("name", metavar="创卫百日会战")
@click.option("--start", required=True, metavar="2020-07-14", callback=_is_day, help="开始日期。When it begins.")
@click.option("--end", metavar="2020-10-21", callback=_is_day, help="结束日期。When it ends.")
@click.option(
    "--kind", type=click.Choice(list(TITLES)), default="hygienic_city", show_default=True, help="类别。Title."
)
@click.option("--plan", metavar="工作方案", help="方案名称。The plan's title.")
@click.option("--plan-no", metavar="文号", help="方案文号。The plan's number.")
@click.option("--edition", default="2014", show_default=True, help="标准版本。The standard's edition.")
@in_district
@telling
def begin(
    name: str, start: str, end: str | None, kind: str, plan: str | None, plan_no: str | None, edition: str,
    district: str | None,
) -> None:  # fmt: skip
    """建立行动和首批标准项（六乱）；可重复运行。Begin a campaign with its first standard items; may be repeated."""
    if end is not None and end < start:
        raise Mistake("结束早于开始。", "It would end before it begins.")
    store = open_store()
    code = pick_district(store, district)
    filed = bring_in(store, code, begun(code, Plan(name, kind, start, end, plan, plan_no, edition)), now_ms())
    wrong = [one for one in filed if one.fate == "wrong"]
    if wrong:
        raise Mistake(
            "名称、方案或文号太长或含有不能保存的字符。",
            "The name, the plan or its number is too long or cannot be kept.",
        )
    new = sum(one.fate == "new" for one in filed)
    click.echo(f"新建 {new} 条，已有 {len(filed) - new} 条。{new} new, {len(filed) - new} there already.")
    click.echo(f"行动编号 campaign: {filed[0].id}")


@campaign.command("list")
@in_district
@as_json
@telling
def list_all(district: str | None, as_json: bool) -> None:
    """全部行动。Every campaign."""
    with desk(district, None) as at:
        rows = [
            {"id": one.id, **{key: one.fields.get(key) for key in ("name", "start_on", "end_on", "plan_title")}}
            for one in reading.campaigns(at.work)
        ]
    headings = {"name": "名称", "start_on": "开始", "end_on": "结束", "plan_title": "方案", "id": "编号"}
    show(rows, headings, json_wanted=as_json)


@campaign.command("show")
@named
@on_day
@in_district
@as_json
@telling
def show_one(name: str | None, day: str | None, district: str | None, as_json: bool) -> None:
    """一个行动的进展：节点、任务、承诺、督办和批示。How a campaign stands."""
    with desk(district, day) as at:
        told = reading.overview(at.work, reading.campaign_called(at.work, name), at.day)
        milestones = [_milestone(at, one) for one in told.milestones]
        late = [_late(at, one) for one in told.late]
    if as_json:
        pledges = told.pledges._asdict() | {"rate": told.pledges.rate}
        body = {"campaign": told.campaign.id, "name": told.campaign.fields["name"], "day": at.day}
        body |= {"milestones": milestones, "tasks": told.standings, "late": late, "pledges": pledges}
        click.echo(json.dumps(body | {"answers": told.answers}, ensure_ascii=False, indent=2))
        return
    click.echo(plain(f"{told.campaign.fields['name']}（截至 as of {at.day}）"))
    click.echo(f"任务 tasks：{_counted(told.standings, STANDINGS)}")
    rate = "—" if told.pledges.rate is None else f"{told.pledges.rate:.0%}"
    kept, broken, waiting = told.pledges
    click.echo(f"承诺 pledges：兑现 kept {kept}，未兑现 not kept {broken}，未认定 open {waiting}，兑现率 rate {rate}")
    click.echo(f"督办和批示 orders and instructions：{_counted(told.answers, ANSWERS)}")
    show(milestones, _MILESTONE_HEADINGS, json_wanted=False)
    if late:
        show(late, _LATE_HEADINGS, json_wanted=False)


def _counted(counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    return "，".join(f"{words[name]} {count}" for name, count in counts.items())


_MILESTONE_HEADINGS = {
    "due_on": "日期", "name": "节点", "days": "剩余天数", "done": "已完成", "open": "未完成", "red": "红灯",
    "units": "未完成单位",
}  # fmt: skip


def _milestone(at: Desk, one: Countdown) -> Row:
    units = [f"{at.called(unit)} {count}" for unit, count in sorted(one.unfinished.items())]
    return {
        "id": one.id, "name": one.name, "due_on": one.due_on, "days": one.days, "done": sum(one.finished.values()),
        "open": sum(one.unfinished.values()), "red": one.red, "units": units,
    }  # fmt: skip


_LATE_HEADINGS = {
    "unit_name": "责任单位", "what": "任务", "lead_person": "责任人", "due_on": "时限", "days": "逾期天数",
    "step": "下一步",
}  # fmt: skip


def _late(at: Desk, one: LateTask) -> Row:
    return one._asdict() | {"unit_name": at.called(one.unit)}


@campaign.command("late")
@named
@on_day
@in_district
@as_json
@telling
def late_list(name: str | None, day: str | None, district: str | None, as_json: bool) -> None:
    """逾期任务清单；有逾期时返回 1。The late tasks; 1 where there is one."""
    with desk(district, day) as at:
        rows = [
            _late(at, one) for one in reading.overview(at.work, reading.campaign_called(at.work, name), at.day).late
        ]
    show(rows, _LATE_HEADINGS, json_wanted=as_json)
    if rows:
        raise SystemExit(1)


@campaign.command("countdown")
@named
@on_day
@in_district
@as_json
@telling
def countdown(name: str | None, day: str | None, district: str | None, as_json: bool) -> None:
    """各节点倒计时和未完成任务。The days left until each milestone, and what is not finished."""
    with desk(district, day) as at:
        told = reading.overview(at.work, reading.campaign_called(at.work, name), at.day)
        rows = [_milestone(at, one) for one in told.milestones]
    show(rows, _MILESTONE_HEADINGS, json_wanted=as_json)


@campaign.command("readiness")
@named
@in_district
@as_json
@telling
def ready(name: str | None, district: str | None, as_json: bool) -> None:
    """逐条逐项的迎检准备。How ready each standard item is."""
    with desk(district, None) as at:
        rows = [
            {
                "id": one.item.id, "theme": one.item.fields.get("theme"), "wording": one.item.fields["wording"],
                "status": one.status, "status_zh": ITEM_STATES[one.status], "evidence": one.evidence,
                "open_cases": one.open_cases, "unfinished": one.unfinished, "ready": one.ready,
                "doubts": list(one.doubts), "doubts_zh": [_DOUBTS[doubt] for doubt in one.doubts],
            }
            for one in reading.item_readiness(at.work, reading.campaign_called(at.work, name))
        ]  # fmt: skip
    headings = {
        "theme": "类目", "wording": "要求", "status_zh": "自评", "evidence": "佐证", "open_cases": "未销号问题",
        "unfinished": "未完成任务", "doubts_zh": "存疑",
    }  # fmt: skip
    show(rows, headings, json_wanted=as_json)
    if not as_json:
        click.echo(f"就绪 ready: {sum(row['ready'] for row in rows)} / {len(rows)}")
