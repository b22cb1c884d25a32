"""
Every record type there is 记录类型: importing this module fills ``TYPES``.
"""

from schemas import activities, cases, directory, registers
from schemas.checks import parking, shop, street
from schemas.records import TYPES

__all__ = ["TYPES", "activities", "cases", "directory", "parking", "registers", "shop", "street"]
