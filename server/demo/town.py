"""
The town 城区: its streets and communities as they are, and the grids made up below them.
"""

import csv
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from schemas import grid
from schemas.grid import Level

DISTRICT, DISTRICT_NAME = "210902", "海州区"
STORY_STREET, STORY_COMMUNITY, STORY_GRID = "210902005", "210902005003", "210902005003001"
#: A community has so many grids, by the last digit of its code: 2 to 4, three on average.
_GRIDS = (3, 2, 4, 3, 2, 4, 3, 3, 4, 2)
_NUMERALS = ("一", "二", "三", "四")


class Place(NamedTuple):
    """A place with its code and name."""

    code: str
    name: str

    @property
    def short(self) -> str:
        """The name without the word for the committee that runs it: 青年社区."""
        return self.name.replace("社区居委会", "社区").replace("村委会", "村")


class Town:
    """The district from its street offices down to the grids."""

    def __init__(self, places: list[Place]) -> None:
        below = [place for place in places if grid.lies_in(place.code, DISTRICT)]
        self.streets = [place for place in below if grid.level_of(place.code) is Level.STREET]
        self.communities = [place for place in below if grid.level_of(place.code) is Level.COMMUNITY]
        self.grids = [made for community in self.communities for made in _grids(community)]

    @cached_property
    def urban(self) -> list[Place]:
        """The communities of the town, without the villages."""
        return [community for community in self.communities if community.short.endswith("社区")]

    def community(self, code: str) -> Place:
        """Return the community *code*."""
        return next(community for community in self.communities if community.code == code)

    def grids_of(self, community: Place) -> list[Place]:
        """Return the grids of *community*."""
        return [made for made in self.grids if grid.lies_in(made.code, community.code)]


def read_town(divisions: Path) -> Town:
    """Return the district as the table *divisions* (code, name, level, parent_code) has it."""
    with divisions.open(encoding="utf-8-sig", newline="") as opened:
        rows = [Place(row["code"], row["name"]) for row in csv.DictReader(opened)]
    return Town([place for place in rows if grid.is_code(place.code)])


def _grids(community: Place) -> list[Place]:
    count = _GRIDS[int(community.code[-1])]
    return [Place(f"{community.code}{i + 1:03d}", f"{community.short}第{_NUMERALS[i]}网格") for i in range(count)]
