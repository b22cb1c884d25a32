"""
The people of the demo district 演示人员: every role there is, and those the story is about.
"""

from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import NamedTuple

from schemas.roles import Role
from server.demo.town import DISTRICT, STORY_COMMUNITY, STORY_GRID, STORY_STREET, Place, Town
from server.demo.words import GIVEN, SURNAMES

#: When the hundred days began; everybody has held the post since.
_SINCE = "2020-07-14"


class Duty(NamedTuple):
    """A post: who holds it, as what, where; for people of the story also in English."""

    name: str
    title: str
    unit: str
    role: Role
    area: str
    english: str = ""


#: Whom the story is about, by the word it calls them; the visitor's is the tablet of whoever watches.
CAST: Mapping[str, Duty] = {
    "li": Duty("李明", "网格员", "青年社区", Role.GRID_WORKER, STORY_GRID, "Li Ming, grid worker"),
    "wang": Duty("王芳", "网格员", "青年社区", Role.GRID_WORKER, STORY_GRID, "Wang Fang, grid worker"),
    "zhao": Duty("赵敏", "社区书记", "青年社区", Role.COMMUNITY, STORY_COMMUNITY, "Zhao Min, community"),
    "office": Duty("钱伟", "城管科长", "河北街道办事处", Role.STREET, STORY_STREET, "Qian Wei, street office"),
    "visitor": Duty("孙丽", "网格员", "青年社区", Role.GRID_WORKER, STORY_GRID, "Sun Li, grid worker"),
}
_DISTRICT_POSTS = (
    ("创卫办主任", "区创卫办", Role.DISTRICT_OFFICE), ("创卫办科员", "区创卫办", Role.DISTRICT_OFFICE),
    ("联络员", "区卫健局", Role.DEPARTMENT), ("联络员", "区住建局", Role.DEPARTMENT),
    ("联络员", "区市场监管局", Role.DEPARTMENT), ("联络员", "区综合执法局", Role.DEPARTMENT),
    ("联络员", "交警大队", Role.DEPARTMENT), ("督查专员", "区委督查室", Role.INSPECTOR),
    ("督查专员", "区政府督查室", Role.INSPECTOR), ("组长", "创卫领导小组", Role.LEADING_GROUP),
    ("副组长", "创卫领导小组", Role.LEADING_GROUP), ("系统管理员", "区信息中心", Role.OPS),
)  # fmt: skip


def staff_number(key: str) -> str:
    """Return the staff number of somebody of the ``CAST``."""
    return f"HZ{list(CAST).index(key) + 1:04d}"


def rows(town: Town, dice: Random) -> Iterable[Mapping[str, object]]:
    """Yield everybody, one row a person, the cast first."""
    names = _names(dice)
    for number, duty in enumerate([*CAST.values(), *_posts(town, names)], 1):
        yield {
            "工号": f"HZ{number:04d}", "姓名": duty.name, "职务": duty.title, "单位": duty.unit,
            "身份": duty.role.zh, "责任区域": duty.area, "开始日期": _SINCE,
        }  # fmt: skip


def _posts(town: Town, names: Iterator[str]) -> Iterator[Duty]:
    for title, unit, role in _DISTRICT_POSTS:
        yield Duty(next(names), title, unit, role, DISTRICT)
    for street in town.streets:
        yield Duty(next(names), "办事处主任", f"{street.name}办事处", Role.STREET, street.code)
    for community in town.communities:
        yield from _of_community(community, town, names)


def _of_community(community: Place, town: Town, names: Iterator[str]) -> Iterator[Duty]:
    yield Duty(next(names), "网格长", community.short, Role.GRID_LEADER, community.code)
    if community.code != STORY_COMMUNITY:
        yield Duty(next(names), "书记", community.short, Role.COMMUNITY, community.code)
    for grid in town.grids_of(community):
        if grid.code != STORY_GRID:
            yield Duty(next(names), "网格员", community.short, Role.GRID_WORKER, grid.code)


def _names(dice: Random) -> Iterator[str]:
    """Yield names nobody of the cast has; like everywhere, a few occur twice."""
    taken = {duty.name for duty in CAST.values()}
    while True:
        name = dice.choice(SURNAMES) + dice.choice(GIVEN)
        if name not in taken:
            yield name
