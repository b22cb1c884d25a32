"""
The reminders a district goes by 读取提醒规则, its manners, and the people who may be reminded.
"""

from schemas.moments import day_of
from schemas.units import in_use
from server.core.reminding import manners, rules
from server.core.reminding.manners import Manners
from server.core.reminding.roster import Roster
from server.core.reminding.rules import Reminder
from server.core.reminding.standard import STANDARD
from server.storage.unit_of_work import UnitOfWork
from server.usecases.coverage_gaps import everybody


def read_reminders(work: UnitOfWork) -> list[Reminder]:
    """Return the reminders that count in the district, by code; paused ones too."""
    return rules.laid_over(STANDARD, ((word.code, word.said) for word in work.reminders.words()))


def read_manners(work: UnitOfWork) -> Manners:
    """Return how often people are bothered in the district."""
    return manners.read_manners(work.settings.get(manners.SETTING))


def read_roster(work: UnitOfWork, now_ms: int) -> Roster:
    """Return who may be told what at *now_ms*."""
    units = in_use((one.fields for one in work.records.of_types(("unit",)) if not one.void), day_of(now_ms))
    heads = {str(unit["code"]): str(unit["head"]) for unit in units if unit.get("head")}
    return Roster(everybody(work), heads, work.district, now_ms)
