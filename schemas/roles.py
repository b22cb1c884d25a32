"""
Who works in the district, and whose word about a register weighs more 角色与位阶.

The order of ranks is the office's own: 督查 > 区 > 街道 > 社区 > 网格长 > 网格员. What nobody signed (a
register loaded from a file) weighs nothing, so whoever stands in front of the door may correct it.
"""

from enum import StrEnum

#: Rank of what no person signed: imports and other work of the machine.
UNSIGNED = 0


class Role(StrEnum):
    """A role a person may hold in an area for a time."""

    GRID_WORKER = "grid_worker"
    GRID_LEADER = "grid_leader"
    COMMUNITY = "community"
    STREET = "street"
    DISTRICT_OFFICE = "district_office"
    DEPARTMENT = "department"
    INSPECTOR = "inspector"
    LEADING_GROUP = "leading_group"
    OPS = "ops"
    PUBLIC = "public"

    @property
    def zh(self) -> str:
        """The role's name as offices write it."""
        return _ZH[self]

    @property
    def en(self) -> str:
        """The role's name in plain English."""
        return _EN.get(self, self.value.replace("_", " "))

    @property
    def rank(self) -> int:
        """The weight of this role's word about a register field; greater wins."""
        return _RANKS[self]


_ZH = {
    Role.GRID_WORKER: "网格员",
    Role.GRID_LEADER: "网格长",
    Role.COMMUNITY: "社区",
    Role.STREET: "街道",
    Role.DISTRICT_OFFICE: "区创卫办",
    Role.DEPARTMENT: "职能部门",
    Role.INSPECTOR: "督查员",
    Role.LEADING_GROUP: "领导小组",
    Role.OPS: "运维",
    Role.PUBLIC: "公众",
}

#: Where the code's word alone would say little.
_EN = {
    Role.COMMUNITY: "community office",
    Role.STREET: "street office",
    Role.OPS: "operations",
}

_RANKS = {
    Role.PUBLIC: 0,
    Role.OPS: 0,
    Role.LEADING_GROUP: 0,
    Role.GRID_WORKER: 1,
    # A department proposes to the register as a grid worker does (permission table: "propose").
    Role.DEPARTMENT: 1,
    Role.GRID_LEADER: 2,
    Role.COMMUNITY: 3,
    Role.STREET: 4,
    Role.DISTRICT_OFFICE: 5,
    Role.INSPECTOR: 6,
}
