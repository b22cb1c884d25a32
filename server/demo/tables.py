"""
The tables that the demo district is made from 演示数据: as an office would keep them, ready to be imported.

Made up from a seed, so every run anywhere makes the same. The grid of the story gets what the story needs:
two stretches of street with their shops, and three parking areas.
"""

import csv
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from random import Random
from typing import NamedTuple

from schemas.registers import PARKING_KINDS, SEGMENT_KINDS, SHOP_CATEGORIES
from server.demo import people
from server.demo.town import STORY_COMMUNITY, STORY_GRID, Place, Town, read_town
from server.demo.words import ALLEYS, CONTRACTORS, GIVEN, LUCKY, ROADS, SURNAMES, TRADE_WEIGHTS, TRADES

SEGMENTS, SHOPS, PARKINGS = 46, 800, 60
_SEED = "海州区 210902"
_STORY_SEGMENTS, _STORY_SHOPS, _STORY_PARKINGS = 2, 32, 3
#: Road grades 1 to 4 by kind, and the width of the carriageway in metres.
_ROAD_KINDS = {"arterial": (1, 24), "secondary": (2, 16), "branch": (3, 12), "alley": (4, 6)}
_PARKING_WORDS = {
    "on_street": "路边泊位", "sidewalk": "便道", "bike_zone": "单车区", "off_street": "停车场", "shop_front": "门前",
}  # fmt: skip
_PARKING_UNITS = {"on_street": "交警大队", "sidewalk": "综合执法局（城管）", "bike_zone": "综合执法局（城管）"}

Row = Mapping[str, object]


class Segment(NamedTuple):
    """A stretch of street: its number, its road, the community it runs through."""

    code: str
    road: str
    community: Place


def write_tables(divisions: Path, folder: Path) -> None:
    """Write every table into *folder* as CSV; the divisions are copied, with the grids below them."""
    dice, town = Random(_SEED), read_town(divisions)
    segments = list(_segments(town, dice))
    _write(folder / "grids.csv", [{"代码": grid.code, "名称": grid.name} for grid in town.grids])
    _write(folder / "people.csv", people.rows(town, dice))
    _write(folder / "segments.csv", [row for _, row in segments])
    _write(folder / "shops.csv", _shops([segment for segment, _ in segments], town, dice))
    _write(folder / "parking.csv", _parkings([segment for segment, _ in segments], town, dice))


def _write(file: Path, rows: Iterable[Row]) -> None:
    listed = list(rows)
    # As a spreadsheet saves it: with a byte order mark, so that it opens in Chinese.
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.DictWriter(opened, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)


def _segments(town: Town, dice: Random) -> Iterable[tuple[Segment, Row]]:
    kinds = ["arterial"] * 8 + ["secondary"] * 14 + ["branch"] * 14 + ["alley"] * 10
    story = town.community(STORY_COMMUNITY)
    others = [community for community in town.urban if community != story]
    communities = [story] * _STORY_SEGMENTS + dice.sample(others, SEGMENTS - _STORY_SEGMENTS)
    for number, (community, kind) in enumerate(zip(communities, kinds, strict=True), 1):
        grade, width = _ROAD_KINDS[kind]
        road = ROADS[number % len(ROADS)] if kind != "alley" else community.short + ALLEYS[number % len(ALLEYS)]
        start, end = dice.sample([name for name in ROADS if name != road], 2)
        segment = Segment(f"LD{number:03d}", road, community)
        yield segment, {
            "路段编号": segment.code, "路名": road, "起点": start, "止点": end, "道路类型": SEGMENT_KINDS[kind],
            "保洁等级": grade, "长度（米）": dice.randrange(260, 1400, 20), "宽度（米）": width,
            "示范路": "是" if number in (1, 9) else "否", "保洁单位": dice.choice(CONTRACTORS),
            "路段长": _name(dice), "属地责任单位": community.code[:9], "属事责任部门": "住建局", "状态": "在用",
            "网格": _grid_of(number <= _STORY_SEGMENTS, community, town, dice),
        }  # fmt: skip


def _shops(segments: list[Segment], town: Town, dice: Random) -> Iterable[Row]:
    signs = {trade: [luck + word for luck, word in product(LUCKY, trade.words)] for trade in TRADES}
    for left in signs.values():
        dice.shuffle(left)
    for number in range(1, SHOPS + 1):
        in_story = number <= _STORY_SHOPS
        place = number % _STORY_SEGMENTS if in_story else dice.randrange(_STORY_SEGMENTS, len(segments))
        segment = segments[place]
        [trade] = dice.choices(TRADES, TRADE_WEIGHTS)
        green, letter = dice.random() < 0.3, dice.random() < 0.85
        yield {
            "商户编号": f"SH{number:05d}", "店名（牌匾）": signs[trade].pop(), "类别": SHOP_CATEGORIES[trade.category],
            "地址": f"阜新市海州区{segment.road}{number}号", "门牌号": f"{number}号",
            "所在路段编号": segment.code, "临街长度（米）": dice.randint(*trade.front),
            "门前有绿化": "是" if green else "否", "经营者": _name(dice), "联系电话": phone(dice),
            "责任书签订日期": f"2020-{dice.randint(4, 7):02d}-{dice.randint(1, 28):02d}" if letter else "",
            "责任牌上墙": "是" if letter else "否", "状态": "营业",
            "网格": _grid_of(in_story, segment.community, town, dice),
        }  # fmt: skip


def _parkings(segments: list[Segment], town: Town, dice: Random) -> Iterable[Row]:
    sides = ("东侧", "西侧", "南侧", "北侧")
    kinds = tuple(_PARKING_WORDS)
    for number in range(1, PARKINGS + 1):
        in_story = number <= _STORY_PARKINGS
        others = len(segments) - _STORY_SEGMENTS
        segment = segments[number % _STORY_SEGMENTS if in_story else _STORY_SEGMENTS + number % others]
        kind, side = kinds[number % len(kinds)], sides[number % len(sides)]
        yield {
            "停车区编号": f"TC{number:03d}", "停车区名称": f"{segment.road}{side}{_PARKING_WORDS[kind]}",
            "类型": PARKING_KINDS[kind], "所在路段编号": segment.code,
            "机动车泊位数": 0 if kind == "bike_zone" else dice.randrange(8, 64, 2),
            "非机动车容量": dice.randrange(20, 120, 10) if kind in ("bike_zone", "sidewalk") else 0,
            "已划线": "是" if dice.random() < 0.8 else "否", "管理单位": _PARKING_UNITS.get(kind, "街道办事处"),
            "状态": "在用", "网格": _grid_of(in_story, segment.community, town, dice),
        }  # fmt: skip


def _grid_of(in_story: bool, community: Place, town: Town, dice: Random) -> str:
    return STORY_GRID if in_story else dice.choice(town.grids_of(community)).code


def _name(dice: Random) -> str:
    return dice.choice(SURNAMES) + dice.choice(GIVEN)


def phone(dice: Random) -> str:
    """Return a mobile number of a block (154) that no network hands out, so that nobody is called."""
    return f"154{dice.randrange(10**8):08d}"
