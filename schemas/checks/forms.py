"""
What a form is made of: items, deductions, photo rules, vetoes, and what opens a case 检查表.

Everything here is a frozen value. Points are whole tenths of a point, areas whole hundredths of a
square metre, so that a score is exact and the same on every machine.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

Note = dict[str, Any]
Kind = Literal["count", "m2", "level", "yes", "piles"]
#: When an item leaves both sides of the score: no greenery, not winter, dust and damp under snow.
Applies = Literal["always", "green", "winter", "dry"]

LEVELS = {"none": "无", "light": "轻", "heavy": "重"}
_LEVEL_SIZE = {"none": 0, "light": 1, "heavy": 2}

#: The marks an inspector may set beside an item 勾选, each with the words on its button.
FLAGS = {
    "fixed_at_once": ("当场整改", "put right during the visit"),
    "driver_absent": ("驾驶人不在场", "the driver is absent"),
    "still_there": ("15分钟后仍在", "still there after 15 minutes"),
    "overflow": ("满溢", "overflowing"),
    "broken": ("损坏或缺失", "broken or missing"),
    "burning": ("焚烧", "burning waste"),
    "bay_held": ("地锁、石墩占位", "a lock or a stone holds a bay"),
    "blocks_passage": ("影响通行", "blocks passage"),
    "not_started": ("尚未开始清雪", "clearing has not begun"),
}


class Sample(NamedTuple):
    """The stretch of street looked at: its area in hundredths of a square metre, and its grade 1 to 4."""

    area: int
    grade: int


class Deduction(Protocol):
    """How many tenths of a point a finding costs, before the cap."""

    def of(self, value: Any, sample: Sample) -> int:
        """Return the tenths that *value*, which is something, costs."""


@dataclass(frozen=True, slots=True)
class Each:
    """So many tenths for each, or for each started *per*."""

    points: int
    per: int = 1

    def of(self, value: int, sample: Sample) -> int:
        """Return the cost of *value* pieces."""
        return -(-value // self.per) * self.points


@dataclass(frozen=True, slots=True)
class Once:
    """So many tenths if there is anything at all."""

    points: int

    def of(self, value: Any, sample: Sample) -> int:
        """Return the cost."""
        return self.points


@dataclass(frozen=True, slots=True)
class ByLevel:
    """A cost for light, another for heavy."""

    light: int
    heavy: int

    def of(self, value: str, sample: Sample) -> int:
        """Return the cost of the level *value*."""
        return self.heavy if value == "heavy" else self.light


@dataclass(frozen=True, slots=True)
class ByPile:
    """A cost for each pile; from one square metre on, another, whatever the number."""

    each: int
    large: int

    def of(self, value: dict[str, Any], sample: Sample) -> int:
        """Return the cost of piles ``{"piles": how many, "m2": together}``."""
        return self.large if value["m2"] >= 1 else self.each * max(value["piles"], 1)


@dataclass(frozen=True, slots=True)
class AboveLimit:
    """
    A cost for each started step above the limit of the street's grade, per 1000 m².

    Attributes:
        points: Tenths of a point for each step.
        limits: The limits of grades 1 to 4 in tenths of the unit; a value up to the limit passes.
        step: The step in tenths of the unit.
    """

    points: int
    limits: tuple[int, int, int, int]
    step: int = 10

    def of(self, value: float, sample: Sample) -> int:
        """Return the cost of *value* found on *sample*."""
        short = self.limits[sample.grade - 1] * sample.area - round(value * 10) * 100_000
        return 0 if short >= 0 else -(short // (self.step * sample.area)) * self.points

    def exceeds(self, value: float, sample: Sample, times: int) -> bool:
        """Say whether *value* on *sample* is more than *times* the limit."""
        return round(value * 10) * 100_000 > times * self.limits[sample.grade - 1] * sample.area


@dataclass(frozen=True, slots=True)
class When:
    """
    A condition on one finding; all that is named must hold.

    Attributes:
        least: The smallest size, in the item's own unit.
        times_limit: More than so many times the limit of the grade, instead of a size.
        flags: At least one of these marks is set.
        unless_fixed: Not where it was put right during the visit.
        after_notice: Only where the operator was told.
        past_snow_limit: Only once the time to clear snow is over.
    """

    least: float = 0.1
    times_limit: int = 0
    flags: tuple[str, ...] = ()
    unless_fixed: bool = False
    after_notice: bool = False
    past_snow_limit: bool = False


ANY = When()


@dataclass(frozen=True, slots=True)
class Opens:
    """
    The case a finding opens.

    Attributes:
        problem_class: A key of ``schemas.cases.PROBLEM_CLASSES``.
        when: The condition.
        unit: The functional unit; empty where it goes by the kind of parking area.
        group: Items with one group open one case together; empty means that the item stands alone.
        severity: Empty for the default of the class.
        major_m2: From so many square metres on it is major.
        major_flag: With this mark it is major.
        nature: ``event`` or ``component``.
        cause: ``conduct``, ``facility`` or ``management``.
    """

    problem_class: str
    when: When
    unit: str
    group: str = ""
    severity: str = ""
    major_m2: float | None = None
    major_flag: str | None = None
    nature: str = "event"
    cause: str = "conduct"


@dataclass(frozen=True, slots=True)
class Photos:
    """Which photos a finding asks for; without a condition, whenever points are deducted."""

    roles: tuple[str, ...] = ("near",)
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """
    One line of a form 检查项.

    Attributes:
        code: Unique within the form.
        zh, en: Its name.
        kind: What a value is: a count, square metres in tenths, a level, yes or no, or piles.
        unit: The measure word of a count; empty for the rest.
        deduct: What a finding costs.
        most: The cap in tenths of a point.
        cap: Items with one cap share it; empty means that the item has its own.
        photos: What has to be photographed.
        opens: The cases it may open; the first whose condition holds.
        applies: When it counts at all.
    """

    code: str
    zh: str
    en: str
    kind: Kind
    unit: str
    deduct: Deduction
    most: int
    opens: tuple[Opens, ...] = ()
    photos: Photos = Photos()
    cap: str = ""
    applies: Applies = "always"

    @property
    def full_cap(self) -> str:
        """The name under which its cap is kept."""
        return self.cap or self.code

    def size_of(self, value: Any) -> float:
        """Return how much *value* is, in the item's unit: 0 for nothing found."""
        if self.kind == "level":
            return _LEVEL_SIZE[value]
        if self.kind == "piles":
            return int(value["piles"]) or (1 if value["m2"] else 0)
        size: float = value  # True is one
        return size

    def area_of(self, value: Any) -> float:
        """Return the square metres in *value*, or 0 where it is no area."""
        if self.kind == "piles":
            return float(value["m2"])
        return float(value) if self.kind == "m2" else 0.0


@dataclass(frozen=True, slots=True)
class Veto:
    """
    What spoils a whole check 一票否决.

    It looks at a field of the check (``field`` equals ``value``) or at an item of at least ``least``.
    ``cap`` limits the score; without it the check fails, and its score stays as counted.
    """

    code: str
    zh: str
    en: str
    field: str = ""
    value: Any = True
    item: str = ""
    least: float = 0.1
    cap: int | None = None
    opens: Opens | None = None


@dataclass(frozen=True)
class Form:
    """
    One version of one form 检查表版本; never changed once a check was made with it.

    Attributes:
        type: The record type of the checks made with it.
        version: Its name, stored in every check.
        zh, en: The form's title.
        items: In the order of the page.
        vetoes: What spoils the whole.
        case_photos: The photos each item needs that opens a case.
        photo_after_fix: Whether an item put right at once needs a photo of it.
        sampled: Whether findings are counted in a measured stretch.
    """

    type: str
    version: str
    zh: str
    en: str
    items: tuple[Item, ...]
    vetoes: tuple[Veto, ...] = ()
    case_photos: tuple[str, ...] = ()
    photo_after_fix: bool = False
    sampled: bool = False

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes of all items."""
        return frozenset(item.code for item in self.items)
