"""
The first standard items of a campaign 首批标准项: the six disorders, in our own words.
"""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.ids import derived_id
from server.core.importing.wanted import Wanted


class FirstItem(NamedTuple):
    """One of the first items: what it is called, asks for, and which classes of problems speak against it."""

    theme: str
    wording: str
    problem_classes: tuple[str, ...]


FIRST_ITEMS = (
    FirstItem("乱搭乱建", "没有违法搭建，已发现的按期拆除", ("illegal_structure",)),
    FirstItem("乱堆乱摆", "物料堆放整齐，商户不在门外经营", ("piling", "out_of_store")),
    FirstItem("乱停乱放", "机动车、非机动车停放有序", ("motor_parking", "nonmotor_parking")),
    FirstItem("乱贴乱画", "墙面、杆箱没有小广告和涂画", ("small_ads",)),
    FirstItem("乱扔乱倒", "路面干净，没有暴露垃圾", ("unclean_road", "exposed_garbage")),
    FirstItem("卫生死角", "背街、院落、楼道没有无人清扫的死角", ("exposed_garbage", "unclean_road")),
)


class Plan(NamedTuple):
    """What a person says of a new campaign; days as 2020-07-14."""

    name: str
    kind: str
    start_on: str
    end_on: str | None
    plan_title: str | None
    plan_no: str | None
    edition: str


def begun(district: str, plan: Plan) -> Iterator[Wanted]:
    """Yield a new campaign and its first standard items; the same plan typed again is the same campaign."""
    campaign = derived_id("campaign", district, plan.name, plan.start_on)
    told = plan._asdict()
    edition = told.pop("edition")
    fields = {name: value for name, value in told.items() if value is not None}
    yield Wanted("campaign", campaign, district, fields, sets={"titles": [plan.kind]})
    for item in FIRST_ITEMS:
        said = {"campaign_id": campaign, "title": plan.kind, "edition": edition}
        said |= {"theme": item.theme, "wording": item.wording}
        id_ = derived_id("standard_item", campaign, item.theme)
        yield Wanted("standard_item", id_, district, said, sets={"problem_classes": item.problem_classes})
