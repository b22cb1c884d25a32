"""
The one engine that reads any form: score, result, missing photos, and the cases to open 评分与立案.

Pure and in whole numbers: points in tenths. A check is always read by the form version it was made with.
"""

from typing import Any, NamedTuple

from schemas.checks.forms import Form, Item, Note
from schemas.checks.reading import Finding, Plan, Reading, read
from schemas.records import Fields

RESULTS = {"excellent": "优秀", "good": "良好", "pass": "合格", "fail": "不合格"}
_PASS_LINES = ((900, "excellent"), (850, "good"), (700, "pass"))


class Assessment(NamedTuple):
    """
    What a form makes of a check.

    Attributes:
        score: Tenths of a point, 0 to 1000; None where nothing applied or an item was left untouched.
        result: A key of ``RESULTS``; None without a score, unless a veto fails the check.
        deductions: Tenths lost by item, after the caps; only items that lost any.
        vetoes: Codes of what spoiled the check.
        missing_photos: ``{"item": code or None, "role": role}`` for each photo not there yet.
        cases: What is to be opened.
    """

    score: int | None
    result: str | None
    deductions: dict[str, int]
    vetoes: list[str]
    missing_photos: list[dict[str, str | None]]
    cases: tuple[Finding, ...] = ()


#: Every form by record type and version.


FORMS: dict[tuple[str, str], Form] = {}
_PLANS: dict[tuple[str, str], Plan] = {}


def add_form(form: Form) -> Form:
    """
    Make *form* known; checks that name its version are read by it from now on.

    Raises:
        ValueError: Another form of this type has the version: an old check would change its score.
    """
    key = (form.type, form.version)
    if FORMS.setdefault(key, form) != form:
        raise ValueError(f"{form.type} already has a form {form.version}")
    _PLANS[key] = Plan(form)
    return form


def assess(form: Form, fields: Fields) -> Assessment:
    """
    Return what *form*, which was added, makes of a check with these *fields*.

    A check that cannot be read (an item was left untouched, it is only a part) has no score and opens
    nothing.
    """
    reading = read(_PLANS[form.type, form.version], fields)
    if reading is None:
        return _unread()
    return _score(reading)._replace(cases=tuple(reading.cases().values()))


def assess_check(type_name: str, fields: Fields) -> Assessment:
    """Return what a check's own form version makes of it, as ``assess``; nothing where it is not known here."""
    form = FORMS.get((type_name, fields.get("form_version", "")))
    return _unread() if form is None else assess(form, fields)


def cases_in(type_name: str, fields: Fields, reading: Reading | None = None) -> tuple[Finding, ...]:
    """Return the cases that a check opens, without scoring it; *reading* is what ``fill_in`` has just returned."""
    if reading is None:
        plan = _PLANS.get((type_name, fields.get("form_version", "")))
        reading = None if plan is None else read(plan, fields)
    return () if reading is None else tuple(reading.cases().values())


def fill_in(type_name: str, fields: Fields) -> Reading | None:
    """
    Write score, result, vetoes and missing photos into *fields*; an unknown form leaves them alone.

    Returns:
        What was read, for ``cases_in``; None where the check cannot be read.
    """
    plan = _PLANS.get((type_name, fields.get("form_version", "")))
    if plan is None:
        return None
    reading = read(plan, fields)
    done = _unread() if reading is None else _score(reading)
    fields["score"] = done.score
    fields["result"] = done.result
    fields["vetoes"] = done.vetoes
    fields["missing_photos"] = done.missing_photos
    return reading


def _unread() -> Assessment:
    # Fresh lists every time: records are edited in place.
    return Assessment(None, None, {}, [], [])


def _score(reading: Reading) -> Assessment:
    plan, lost, deductions = reading.plan, 0, {}
    spent: dict[str, int] = {}
    wanted: list[tuple[str | None, str]] = [(None, "overview")]
    for item, value, size, note in reading.found:
        points = item.deduct.of(value, reading.sample)
        if points:
            taken = _within_cap(item, points, spent)
            lost += taken
            deductions[item.code] = taken
        wanted += _photos_of(reading, item, value, size, note, points)
    total = plan.total(reading.fields["items"], reading.out)
    vetoes = reading.vetoes
    score = min([_rounded(total - lost, total), *(v.cap for v in vetoes if v.cap is not None)]) if total else None
    failed = any(veto.cap is None for veto in vetoes)
    return Assessment(
        score,
        "fail" if failed else None if score is None else result_of(score),
        {code: points for code, points in deductions.items() if points},
        [veto.code for veto in vetoes],
        _missing(wanted, reading.fields.get("photos") or ()),
    )


def _within_cap(item: Item, points: int, spent: dict[str, int]) -> int:
    """Return how many of *points* count: items with one cap share it, in the order of the form."""
    if not item.cap:
        return min(points, item.most)
    before = spent.get(item.cap, 0)
    taken = min(points, item.most - before)
    spent[item.cap] = before + taken
    return taken


def _photos_of(
    reading: Reading, item: Item, value: Any, size: float, note: Note, points: int
) -> list[tuple[str | None, str]]:
    """Return the photos that one finding asks for."""
    rule, form, code = item.photos, reading.plan.form, item.code
    wanted: list[tuple[str | None, str]] = []
    if points if rule.when is None else reading.holds(rule.when, item, value, size, note):
        wanted += [(code, role) for role in rule.roles]
    if form.photo_after_fix and note.get("fixed_at_once"):
        wanted.append((code, "after"))
    if form.case_photos and reading.opening(item, value, size, note) is not None:
        wanted += [(code, role) for role in form.case_photos]
    return wanted


def _rounded(got: int, total: int) -> int:
    """Return *got* of *total* in thousandths, a half rounded up."""
    return (2000 * got + total) // (2 * total)


def result_of(score: int) -> str:
    """Return the result that goes with a score in tenths of a point, a key of ``RESULTS``."""
    for line, result in _PASS_LINES:
        if score >= line:
            return result
    return "fail"


def _missing(wanted: list[tuple[str | None, str]], photos: Any) -> list[dict[str, str | None]]:
    # The whole view is asked for by no item, and serves whichever it was filed under.
    taken = {(None if photo["role"] == "overview" else photo.get("item"), photo["role"]) for photo in photos}
    return [{"item": item, "role": role} for item, role in dict.fromkeys(wanted) if (item, role) not in taken]
