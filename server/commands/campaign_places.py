"""
The campaign's places 行动场所: compounds, illegal structures, key places, model roads, cleaning days, sweeps.
"""

from collections.abc import Iterable
from typing import Any

import click

from schemas.activities import HARVEST, HELPERS
from schemas.places import STRUCTURE_STATES
from schemas.wording import brief, fields_of, label_of, points
from server.commands.campaign import Desk, desk, on_day
from server.commands.common import as_json, in_district, show, telling
from server.core.campaign import places
from server.core.campaign.cleaning import CleaningTotals
from server.usecases import campaign_progress as reading
from server.values import Record

Row = dict[str, Any]
in_area = click.option("--area", default="", metavar="210902005", help="只看这一区域。Only what lies here.")


@click.command("compounds")
@in_area
@on_day
@in_district
@as_json
@telling
def compounds(area: str, day: str | None, district: str | None, as_json: bool) -> None:
    """各街道小区进展：物业、封闭。Compounds by street: managed, enclosed, overdue."""
    with desk(district, day) as at:
        told = places.compound_progress(at.work.records.of_types(("compound",), area), at.day)
        rows = [one._asdict() | {"name": at.called(one.street), "rate": one.rate} for one in told]
    if not as_json:
        rows = [row | {"rate": f"{row['rate']:.1%}"} for row in rows]
    headings = {
        "name": "街道", "compounds": "小区", "managed": "有物业", "enclosed": "已封闭", "ready": "达到要求",
        "rate": "进展", "overdue": "逾期",
    }  # fmt: skip
    show(rows, headings, json_wanted=as_json)


@click.command("structures")
@in_area
@on_day
@in_district
@as_json
@telling
def structures(area: str, day: str | None, district: str | None, as_json: bool) -> None:
    """违法建设：各状态数量、面积，逾期和缺照片的。Illegal structures by state; what is overdue or lacks its photo."""
    with desk(district, day) as at:
        found = at.work.records.of_types(("illegal_structure",), area)
        told = places.structures_by_status(found, at.day)
        late = [one for one, _ in places.overdue_structures(found, at.day)]
        unproven = places.unproven_demolitions(places.in_use(found, at.day))
    rows = [
        one._asdict()
        | {"status_zh": STRUCTURE_STATES[one.status]}
        | {"overdue": _named(late, one.status), "unproven": _named(unproven, one.status)}
        for one in told
    ]
    headings = {
        "status_zh": "状态", "number": "处", "area_m2": "面积（平方米）", "overdue": "逾期", "unproven": "缺拆除后照片",
    }  # fmt: skip
    show(rows, headings, json_wanted=as_json)


def _named(structures: Iterable[Record], status: str) -> list[str]:
    return [one.fields["name"] for one in structures if one.fields["status"] == status]


@click.command("patrols")
@in_area
@on_day
@in_district
@as_json
@telling
def patrols(area: str, day: str | None, district: str | None, as_json: bool) -> None:
    """重点部位巡查：应查、已查；有缺时返回 1。Patrols of key places: due and done; 1 where one is missing."""
    with desk(district, day) as at:
        rows = [
            {"id": one.place.id, "name": one.place.fields["name"], "due": one.due, "done": one.done,
             "missing": one.missing}
            for one in reading.key_place_patrols(at.work, area, at.day)
        ]  # fmt: skip
    show(rows, {"name": "重点部位", "due": "应查", "done": "已查", "missing": "缺"}, json_wanted=as_json)
    if any(row["missing"] for row in rows):
        raise SystemExit(1)


@click.command("stations")
@in_area
@on_day
@in_district
@as_json
@telling
def stations(area: str, day: str | None, district: str | None, as_json: bool) -> None:
    """垃圾回收站存在的问题。Recycling stations with something wrong."""
    with desk(district, day) as at:
        found = places.in_use(at.work.records.of_types(("recycling_station",), area), at.day)
        told = [(one, places.station_faults(one.fields, at.day)) for one in found]
    rows = [
        {"id": one.id, "name": one.fields["name"], "faults": faults, "faults_zh": [_FAULTS[fault] for fault in faults]}
        for one, faults in told
        if faults
    ]
    show(rows, {"name": "回收站", "faults_zh": "问题"}, json_wanted=as_json)


_FAULTS = {"no_licence": "未公示证照", "not_enclosed": "未围挡", "not_cleared": "未按期清运"}


@click.command("roads")
@in_area
@on_day
@in_district
@as_json
@telling
def roads(area: str, day: str | None, district: str | None, as_json: bool) -> None:
    """示范路：商户达标情况。Model roads: how their shops pass."""
    with desk(district, day) as at:
        rows: list[Row] = [
            {
                "id": one.road.id, "name": one.road.fields["name"], "line": one.line, "shops": one.shops,
                "passed": one.passed, "failed": one.failed, "score": one.score, "stands": one.stands,
            }
            for one in reading.model_roads(at.work, area, at.day)
        ]  # fmt: skip
    if not as_json:
        rows = [row | {"line": points(row["line"]), "score": points(row["score"])} for row in rows]
    headings = {
        "name": "示范路", "line": "合格线", "shops": "商户", "passed": "达标", "failed": "未达标", "score": "平均分",
        "stands": "整路达标",
    }  # fmt: skip
    show(rows, headings, json_wanted=as_json)


@click.command("cleaning")
@click.argument("record", metavar="清扫日编号")
@in_district
@as_json
@telling
def cleaning(record: str, district: str | None, as_json: bool) -> None:
    """一次清扫日的人数和成果，按单位。What a cleaning day came to, unit by unit."""
    with desk(district, None) as at:
        _, totals = reading.cleaning_day(at.work, record)
        rows = [_unit(at, unit) for unit in totals.units] + [_all(totals)]
    labels = {name: brief(label_of(fields_of("cleaning_day")[name], name)) for name in HARVEST}
    headings = {"name": "单位", "heads": "人数", **HELPERS, "vehicles": "车辆", **labels}
    if not as_json:
        rows = [row | {"heads": _heads(row)} for row in rows]
    show(rows, headings, json_wanted=as_json)


def _heads(row: Row) -> str:
    return f"{row['heads']}（含未签到）" if row["beyond_signed"] else str(row["heads"])


def _unit(at: Desk, unit: Any) -> Row:
    about = {"unit": unit.unit, "name": at.called(unit.unit), "heads": unit.heads.printed, "signed": unit.heads.signed}
    about |= {"beyond_signed": unit.heads.beyond_signed, "vehicles": unit.vehicles}
    return about | dict(unit.heads.typed) | dict(unit.harvest)


def _all(totals: CleaningTotals) -> Row:
    about: Row = {"unit": None, "name": "合计", "heads": totals.printed, "signed": totals.heads.signed}
    about |= {"beyond_signed": totals.beyond_signed, "vehicles": sum(totals.vehicles.values())}
    return about | dict(totals.heads.typed) | dict(totals.harvest)


@click.command("sweep")
@click.argument("record", metavar="排查编号")
@on_day
@in_district
@as_json
@telling
def sweep(record: str, day: str | None, district: str | None, as_json: bool) -> None:
    """举一反三：各单位反馈；逾期有缺时返回 1。A sweep: what units found; 1 where an answer is overdue."""
    with desk(district, day) as at:
        _, state = reading.sweep_called(at.work, record, at.day)
        rows: list[Row] = [
            {"unit": unit, "name": at.called(unit), "found": found} for unit, found in sorted(state.found.items())
        ]
        rows += [{"unit": unit, "name": at.called(unit), "found": None} for unit in state.missing]
    told = rows if as_json else [row | {"found": _said(row["found"])} for row in rows]
    show(told, {"name": "单位", "found": "反馈"}, json_wanted=as_json)
    if state.overdue:
        raise SystemExit(1)


def _said(found: int | None) -> str:
    if found is None:
        return "未反馈 no answer"
    return f"发现 found {found}" if found else "未发现 none found"


COMMANDS = (compounds, structures, patrols, stations, roads, cleaning, sweep)
