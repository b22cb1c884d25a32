"""
The ledger as an office looks at it 台账一览: open cases by state and light, by community, and what is overdue.

Pure: cases in, figures out. Lights are reckoned by the moment handed in and kept nowhere.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from schemas.grid import Level
from schemas.lights import Light
from schemas.workflow import CASE, STATES

OPEN_STATES = tuple(state for state in STATES if state not in CASE.final)


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An open case 在办问题, as far as it is listed; ``due_ms`` is None while nobody has fixed it."""

    id: str
    grid: str
    state: str
    light: Light
    due_ms: int | None
    number: str | None
    problem_class: str
    place_text: str | None
    lead: str | None
    owner_person: str | None


@dataclass(frozen=True, slots=True)
class Lights:
    """How many cases have each light; ``open`` counts all of them."""

    open: int
    red: int
    yellow: int
    green: int
    none: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """
    Open cases counted 台账.

    Attributes:
        states, communities: By state and by the code of the community; what lies above one under its own code.
        overdue: Those with a red light, the longest overdue first.
        struck_off: How many were struck off on the day of ``now_ms``.
    """

    now_ms: int
    total: Lights
    states: dict[str, Lights]
    communities: dict[str, Lights]
    overdue: tuple[OpenCase, ...]
    struck_off: int


def ledger_of(cases: Iterable[OpenCase], now_ms: int, struck_off: int) -> Ledger:
    """Return the figures of *cases*, which are open, at the moment *now_ms*."""
    listed = list(cases)
    states = _by(listed, lambda one: one.state)
    overdue = [one for one in listed if one.light == "red"]
    return Ledger(
        now_ms=now_ms,
        total=lights(listed),
        states={state: states[state] for state in OPEN_STATES if state in states},
        communities=_by(listed, lambda one: one.grid[: Level.COMMUNITY]),
        overdue=tuple(sorted(overdue, key=lambda one: (one.due_ms or 0, one.id))),
        struck_off=struck_off,
    )


def lights(cases: Iterable[OpenCase]) -> Lights:
    """Return how many of *cases* have each light."""
    counted = Counter(one.light for one in cases)
    return Lights(counted.total(), counted["red"], counted["yellow"], counted["green"], counted["none"])


def _by(cases: list[OpenCase], key: Callable[[OpenCase], str]) -> dict[str, Lights]:
    groups: dict[str, list[OpenCase]] = {}
    for one in cases:
        groups.setdefault(key(one), []).append(one)
    return {code: lights(groups[code]) for code in sorted(groups)}
