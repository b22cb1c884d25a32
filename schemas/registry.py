"""
Every record type there is 记录类型: importing this module fills ``TYPES``.
"""

from schemas import (
    activities,
    campaigns,
    cases,
    directory,
    dispatching,
    notices,
    places,
    ranks,
    registers,
    reports,
    supervision,
    units,
)
from schemas.checks import parking, shop, street
from schemas.records import TYPES

__all__ = [
    "TYPES",
    "activities",
    "campaigns",
    "cases",
    "directory",
    "dispatching",
    "notices",
    "parking",
    "places",
    "ranks",
    "registers",
    "reports",
    "shop",
    "street",
    "supervision",
    "units",
]
