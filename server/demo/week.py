"""
The week until Friday 本周前几天: what every street found and put right, made up with a fixed seed.

The streets differ, so that Friday has something to say: most are prompt, one is not.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from schemas.cases import PROBLEM_CLASSES
from schemas.moments import BEIJING
from server.core.sources.foreign import Classes, Layout
from server.demo.prepare import DIVISIONS
from server.demo.town import DISTRICT, Place, read_town
from server.storage.store import Store
from server.usecases.load_ledger import load_ledger
from server.usecases.read_table import read_table

#: Tuesday, the first day of the hundred; Friday is played.
_FIRST, _DAYS = datetime(2020, 7, 14, 8, tzinfo=BEIJING), 3
_PLACES = ("人民大街", "解放大街", "中华路", "和平路", "矿工大街", "西山路")
_SEED = 20200717
_CLASSES = ("unclean_road", "exposed_garbage", "out_of_store", "piling", "nonmotor_parking", "small_ads")


class _Manner(NamedTuple):
    """How a street works: how many cases it has, how many of ten it closes, and how many of ten in time."""

    cases: int
    closed: int
    in_time: int


#: In the order of the streets' codes; the last street has nothing to do, and is not ranked.
_MANNERS = (_Manner(24, 9, 8), _Manner(18, 10, 10), _Manner(20, 10, 9), _Manner(22, 7, 5), _Manner(30, 10, 10),
            _Manner(12, 8, 8))  # fmt: skip
_HEADS = ("编号", "发现时间", "时限", "完成时间", "类别", "位置", "问题")
_LAYOUT = Layout(
    number="编号", opened="发现时间", due="时限", closed="完成时间", text=["问题"], place="位置",
    classes=Classes("类别", {known.zh: word for word, known in PROBLEM_CLASSES.items()}),
)  # fmt: skip


def bring_week_in(store: Store, folder: Path, now_ms: int) -> int:
    """Write each street's ledger of the week into *folder* and load it; return how many cases there are."""
    dice, loaded = Random(_SEED), 0
    for street, manner in zip(read_town(DIVISIONS).streets, _MANNERS, strict=False):
        file = folder / f"ledger-{street.code}.csv"
        with file.open("w", encoding="utf-8-sig", newline="") as opened:
            table = csv.DictWriter(opened, _HEADS)
            table.writeheader()
            table.writerows(_rows(street, manner, dice))
        report = load_ledger(store, DISTRICT, _LAYOUT, read_table(file), now_ms, source="check", place=street.code)
        loaded += report.counts["new"]
    return loaded


def _rows(street: Place, manner: _Manner, dice: Random) -> Iterator[Mapping[str, str]]:
    for number in range(manner.cases):
        found = _FIRST + timedelta(days=number % _DAYS, minutes=dice.randrange(480))
        due = found + timedelta(hours=4)
        in_time = number % 10 < manner.in_time
        closed = due - timedelta(minutes=dice.randrange(20, 200)) if in_time else due + timedelta(hours=3)
        yield {
            "编号": f"{street.code}-{number + 1:03d}", "发现时间": _said(found), "时限": _said(due),
            "完成时间": _said(closed) if number % 10 < manner.closed else "",
            "类别": PROBLEM_CLASSES[(kind := dice.choice(_CLASSES))].zh,
            "位置": f"{dice.choice(_PLACES)}{dice.randrange(1, 200)}号", "问题": PROBLEM_CLASSES[kind].zh,
        }  # fmt: skip


def _said(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
