"""
How often a district lets people be bothered 提醒分寸管理: shown, changed, taken back; by whom and why is kept.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from schemas.explain import fault
from schemas.moments import instant
from schemas.problems import Refusal
from server.core.reminding import manners
from server.core.reminding.manners import HOURS, RANGES, SETTING, STANDARD
from server.storage.settings import Word
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.manage_reminders import MOST_REASON, SaidOfIt
from server.usecases.read_reminders import read_manners


class MannersFile(Struct, frozen=True):
    """
    The manners that count, and everything that was said of them, the oldest first.

    Attributes:
        quiet_from, quiet_to: Hours of the day between which only what is critical goes; the same: there are none.
        between_min: Minutes between two messages to one person.
        pushes: Messages a day that leave the tablet for one person.
        horizon_h: What happened so many hours ago is told no more.
        late_min: So many minutes after its hour a daily reminder still goes.
        lines: Of one kind more than so many matters stand in one line.
        changed: Which of them the district has set.
    """

    quiet_from: str
    quiet_to: str
    between_min: int
    pushes: int
    horizon_h: int
    late_min: int
    lines: int
    changed: list[str]
    words: list[SaidOfIt]


def show_manners(work: UnitOfWork) -> MannersFile:
    """Return them with their history."""
    words = work.settings.words(SETTING)
    names = work.people.names({word.by for word in words if word.by})
    said = _standing(work) or {}
    told: dict[str, Any] = read_manners(work)._asdict()
    return MannersFile(
        **_in_hours(told),
        changed=sorted(name for name in said if told.get(name) == said[name]),
        words=[_said_of_it(word, names) for word in words],
    )


def change_manners(
    store: Store, district: str, members: Mapping[str, Any] | None, reason: str, by: str, now_ms: int
) -> MannersFile:
    """
    Change what *members* names; the rest stays as the district last said it.

    Args:
        members: Numbers, and hours as 21:00. None: the district takes its words back, and the standard counts.
        by: Who says so, an id; empty for whoever sits at the server.

    Raises:
        Refusal: ``invalid_request`` with what is wrong. Nothing was kept.
    """
    why = reason.strip()
    if not 1 <= len(why) <= MOST_REASON:
        raise Refusal(
            "invalid_request", fault("required", "请写明理由，至多 300 字", "say why, within 300 signs", "reason")
        )
    given = None if members is None else manners.in_minutes(members)
    if given is not None and (wrong := manners.mistakes_in(given)):
        raise Refusal("invalid_request", {"manners": [{"code": "invalid", "zh": zh, "en": en} for zh, en in wrong]})

    def attempt() -> MannersFile:
        with store.work(district) as work:
            before = _standing(work)
            said = None if given is None else {**(before or {}), **given}
            if said != before:
                work.settings.say(Word(SETTING, said, why, by, now_ms))
            told = show_manners(work)
            work.commit()
        return told

    return retrying(attempt)


def _standing(work: UnitOfWork) -> dict[str, Any] | None:
    """Return what of the district's last word can be meant."""
    said = work.settings.get(SETTING)
    if not isinstance(said, dict):
        return None
    return {name: value for name, value in said.items() if not manners.mistakes_in({name: value})}


def _said_of_it(word: Word, names: Mapping[str, str]) -> SaidOfIt:
    said = word.said if isinstance(word.said, dict) else None
    return SaidOfIt(instant(word.at_ms), names.get(word.by, word.by), word.reason, said and _in_hours(said))


def _in_hours(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: manners.hour_of(value) if name in HOURS and type(value) is int else value for name, value in said.items()
    }


if RANGES.keys() != set(STANDARD._fields) or set(MannersFile.__struct_fields__) - {"changed", "words"} != RANGES.keys():
    raise LookupError("the manners told are not the manners there are")
