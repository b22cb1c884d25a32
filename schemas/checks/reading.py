"""
Reading a check by its form 检查判读: what was found, what opens a case, what spoils the whole.

Pure and in whole numbers: areas in hundredths of a square metre. This runs for every check on both
sides, so what a form implies is worked out once, when it is added.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from schemas.cases import PROBLEM_CLASSES, SEVERITIES
from schemas.checks.forms import Applies, Form, Item, Note, Opens, Sample, Veto, When
from schemas.records import Fields

_BEIJING = timezone(timedelta(hours=8))
_WINTER = frozenset({"11", "12", "01", "02", "03"})
_ALWAYS_NEEDED = frozenset({"items", "observed_at"})
_SAMPLE_NEEDED = frozenset({"sample_length_m", "sample_width_m", "road_grade"})
_LADDER = tuple(SEVERITIES)
_NO_SAMPLE = Sample(0, 0)
_NO_NOTE: Note = {}


class Finding(NamedTuple):
    """A case to open: which one, how grave, for which items (empty for a veto's own)."""

    group: str
    opens: Opens
    severity: str
    items: tuple[str, ...]


def is_winter(observed_at: str) -> bool:
    """Say whether the moment *observed_at* (ISO 8601) lies between 1 November and 31 March, local time."""
    if observed_at.endswith("+08:00"):
        return observed_at[5:7] in _WINTER
    return datetime.fromisoformat(observed_at).astimezone(_BEIJING).strftime("%m") in _WINTER


def snow_start_limit(stopped_at: str) -> datetime:
    """Return by when clearing must have begun: 2 h after snow stops by day, 09:00 next after night snow."""
    stopped = datetime.fromisoformat(stopped_at).astimezone(_BEIJING)
    if 7 <= stopped.hour < 18:
        return stopped + timedelta(hours=2)
    morning = stopped.replace(hour=9, minute=0, second=0, microsecond=0)
    return morning if stopped.hour < 7 else morning + timedelta(days=1)


def is_past_snow_limit(fields: Fields, note: Note) -> bool:
    """
    Say whether the time to clear snow was over when the check was made.

    All must be done 24 h after the snow stopped; where nobody has begun, the time to begin counts.
    Without a time (old ice, a hard winter) it is over.
    """
    stopped_at = fields.get("snow_stopped_at")
    if stopped_at is None:
        return True
    observed = datetime.fromisoformat(fields["observed_at"])
    if note.get("not_started") and observed >= snow_start_limit(stopped_at):
        return True
    return observed >= datetime.fromisoformat(stopped_at) + timedelta(hours=24)


# -- what a form implies ----------------------------------------------------------------------------

_CONDITIONS: Mapping[Applies, Callable[[Fields], bool]] = {
    "green": lambda fields: fields.get("has_green") is not False,
    "winter": lambda fields: fields.get("snow_stopped_at") is not None or is_winter(fields["observed_at"]),
    "dry": lambda fields: fields.get("weather") != "snow",
}


class Plan:
    """A form with everything that can be worked out before a check is seen."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.lines = tuple((item.code, item) for item in form.items)
        #: What must be there to read a check at all; a tablet may hold a correction without its check.
        self.needs = _ALWAYS_NEEDED | (_SAMPLE_NEEDED if form.sampled else frozenset())
        self.caps = {item.full_cap: item.most for item in form.items}
        names: list[Applies] = sorted({item.applies for item in form.items} - {"always"})
        self.conditions = [_CONDITIONS[name] for name in names]
        self.left_out = {
            given: self._left_out(dict(zip(names, given, strict=True)))
            for given in product((False, True), repeat=len(names))
        }
        #: Few combinations of items are ever left out, and each costs some work to add up.
        self.points_without = lru_cache(maxsize=4096)(self._points_without)

    def _left_out(self, given: Mapping[Applies, bool]) -> frozenset[str]:
        return frozenset(item.code for item in self.form.items if not given.get(item.applies, True))

    def out_for(self, fields: Fields) -> frozenset[str]:
        """Return the items that do not apply where, or when, the check was made."""
        return self.left_out[tuple([holds(fields) for holds in self.conditions])]

    def total(self, items: Mapping[str, Any], out: frozenset[str]) -> int:
        """Return the tenths that can be had with *items*, of which null ones and those in *out* do not apply."""
        if None in items.values():
            out = out.union([code for code, value in items.items() if value is None])
        return self.points_without(out)

    def _points_without(self, out: frozenset[str]) -> int:
        """Return the tenths that can be had when the items *out* are left out; a shared cap needs one of its items."""
        counting = {item.full_cap for item in self.form.items if item.code not in out}
        return sum(self.caps[cap] for cap in counting)


# -- reading a check --------------------------------------------------------------------------------

Cases = dict[str, Finding]


class Reading:
    """What was found in one check: the items that apply and have something, in the order of the form."""

    __slots__ = ("fields", "found", "out", "plan", "sample", "vetoes")

    def __init__(self, plan: Plan, fields: Fields) -> None:
        self.plan, self.fields = plan, fields
        self.out = out = plan.out_for(fields)
        self.sample = _sample_of(fields) if plan.form.sampled else _NO_SAMPLE
        items, notes = fields["items"], fields.get("notes") or _NO_NOTE
        self.found: list[tuple[Item, Any, float, Note]] = []
        # In the order of the form: the order in which the items were sent must not show in the result.
        for code, item in plan.lines:
            value = items[code]
            if value and code not in out and (size := item.size_of(value)):
                self.found.append((item, value, size, notes.get(code) or _NO_NOTE))
        #: What spoils the check.
        self.vetoes = [veto for veto in plan.form.vetoes if self._applies(veto)]

    def holds(self, when: When, item: Item, value: Any, size: float, note: Note) -> bool:
        """Say whether *when* is true of one finding."""
        if when.times_limit:
            if not item.deduct.exceeds(value, self.sample, when.times_limit):  # type: ignore[attr-defined]
                return False
        elif size < when.least:
            return False
        if when.flags and not any(note.get(flag) for flag in when.flags):
            return False
        if when.unless_fixed and note.get("fixed_at_once"):
            return False
        if when.after_notice and (self.fields.get("notice_given") or "none") == "none":
            return False
        return not when.past_snow_limit or is_past_snow_limit(self.fields, note)

    def opening(self, item: Item, value: Any, size: float, note: Note) -> Opens | None:
        """Return what one finding opens, if anything."""
        for opens in item.opens:
            if self.holds(opens.when, item, value, size, note):
                return opens
        return None

    def _applies(self, veto: Veto) -> bool:
        if veto.field:
            return bool(self.fields.get(veto.field) == veto.value)
        return any(item.code == veto.item and size >= veto.least for item, _, size, _ in self.found)

    def cases(self) -> Cases:
        """Return the cases to open, by group."""
        cases: Cases = {}
        for item, value, size, note in self.found:
            if (opens := self.opening(item, value, size, note)) is not None:
                severity = _severity(opens, item.area_of(value), note)
                _open(cases, opens.group or item.code, opens, severity, item.code)
        for veto in self.vetoes:
            if veto.opens is not None:
                _open(cases, veto.code, veto.opens, _severity(veto.opens, 0, _NO_NOTE))
        return cases


def read(plan: Plan, fields: Fields) -> Reading | None:
    """Return what *plan* finds in a check with these *fields*; None where it cannot be read."""
    if not plan.needs <= fields.keys() or not plan.form.codes <= fields["items"].keys():
        return None
    return Reading(plan, fields)


def _open(cases: Cases, group: str, opens: Opens, severity: str, *items: str) -> None:
    """Note a case to open; findings of one group make one case, as grave as the gravest."""
    known = cases.get(group)
    if known is not None:
        severity = max(severity, known.severity, key=_LADDER.index)
        items, opens = known.items + items, known.opens
    cases[group] = Finding(group, opens, severity, items)


def _severity(opens: Opens, area: float, note: Note) -> str:
    severity = opens.severity or PROBLEM_CLASSES[opens.problem_class].severity
    large = opens.major_m2 is not None and area >= opens.major_m2
    marked = opens.major_flag is not None and note.get(opens.major_flag)
    return max(severity, "major", key=_LADDER.index) if large or marked else severity


def _sample_of(fields: Fields) -> Sample:
    return Sample(sample_area(fields), fields["road_grade"])


def sample_area(fields: Fields) -> int:
    """Return the area of the stretch looked at, in hundredths of a square metre; its sides are in tenths."""
    length: float = fields["sample_length_m"]
    width: float = fields["sample_width_m"]
    return round(length * 10) * round(width * 10)
