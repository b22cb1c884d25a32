"""What holds for every form, whatever is in it."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import wire
from schemas.cases import PROBLEM_CLASSES
from schemas.checks import scoring
from schemas.checks.common import items_part, whole_check
from schemas.checks.forms import FLAGS, Each, Form, Item, Opens, When
from schemas.checks.page import FORMS
from schemas.checks.scoring import add_form, assess, assess_check
from schemas.checks.shop import SHOP_1
from schemas.checks.street import STREET_1
from schemas.parts import FUNCTIONAL_UNITS, PHOTO_ROLES
from schemas.records import Fields
from schemas.registry import TYPES
from tests.schemas.checks_made import cases, clean, completed, shop, street
from tests.schemas.forms_page import PAGE, current

FORM = st.sampled_from(FORMS)


def value_of(item: Item) -> st.SearchStrategy[Any]:
    """Draw what an inspector may answer to *item*."""
    m2 = st.integers(0, 300).map(lambda tenths: tenths / 10)
    return {
        "count": st.integers(0, 60),
        "m2": m2,
        "level": st.sampled_from(["none", "light", "heavy"]),
        "yes": st.booleans(),
        "piles": st.fixed_dictionaries({"piles": st.integers(0, 5), "m2": m2}),
    }[item.kind]


def dirtier(item: Item, value: Any) -> Any:
    """Return a value of *item* that tells of more dirt than *value*."""
    if item.kind == "level":
        return "light" if value == "none" else "heavy"
    if item.kind == "piles":
        return {"piles": value["piles"] + 1, "m2": round(value["m2"] + 0.1, 1)}
    if item.kind == "yes":
        return True
    return value + 1 if item.kind == "count" else round(value + 0.1, 1)


@st.composite
def a_check(draw: st.DrawFn, form: Form) -> Fields:
    """Draw a check as somebody might make it."""
    items = {item.code: draw(st.none() | value_of(item)) for item in form.items}
    note = st.dictionaries(st.sampled_from(sorted(FLAGS)), st.booleans(), max_size=3)
    fields: Fields = {
        "notes": draw(st.dictionaries(st.sampled_from(sorted(items)), note, max_size=4)),
        "weather": draw(st.sampled_from([None, "clear", "snow"])),
        "observed_at": draw(st.sampled_from(["2020-07-18T08:15:30+08:00", "2021-01-12T10:00:00+08:00"])),
    }
    if form is SHOP_1:
        fields["has_green"] = draw(st.booleans())
        fields["notice_given"] = draw(st.sampled_from([None, "none", "verbal", "written"]))
        fields["operator_reaction"] = draw(st.sampled_from([None, "refused"]))
        fields["fire_lane_blocked"] = draw(st.booleans())
    if form is STREET_1:
        fields["road_grade"] = draw(st.integers(1, 4))
        fields["sample_length_m"] = draw(st.integers(100, 5000)) / 10
        fields["whole_segment_unswept"] = draw(st.booleans())
    return clean(form, items, **fields)


A_CHECK = FORM.flatmap(lambda form: st.tuples(st.just(form), a_check(form)))


@given(A_CHECK)
def test_a_score_lies_between_nothing_and_a_hundred(made: tuple[Form, Fields]) -> None:
    """And what was taken off adds up to what is missing, unless a veto has its say."""
    form, fields = made
    done = assess(form, fields)
    assert done.score is None or 0 <= done.score <= 1000
    assert done.result is not None or (done.score is None and not done.vetoes)
    assert all(0 < lost <= next(i.most for i in form.items if i.code == code) for code, lost in done.deductions.items())


@given(A_CHECK, st.data())
def test_more_dirt_never_raises_a_score(made: tuple[Form, Fields], data: st.DataObject) -> None:
    """Nor does it make a case less grave, or disappear."""
    form, fields = made
    item = data.draw(st.sampled_from(form.items))
    if fields["items"][item.code] is None:
        return
    before = assess(form, fields)
    worse = fields | {"items": fields["items"] | {item.code: dirtier(item, fields["items"][item.code])}}
    after = assess(form, worse)
    assert before.score is not None
    assert after.score is not None
    assert after.score <= before.score
    assert {case.group for case in before.cases} <= {case.group for case in after.cases}


@given(A_CHECK)
def test_completing_twice_is_completing_once(made: tuple[Form, Fields]) -> None:
    """Byte for byte, and whatever was not known stays as it was."""
    form, fields = made
    fields["items"]["Z9"], fields["sun_glare"] = 7, {"strong": True}
    once = completed(form.type, copy.deepcopy(fields))
    written = wire.canonical(once)
    assert wire.canonical(completed(form.type, once)) == written
    assert once["items"]["Z9"] == 7
    assert once["sun_glare"] == {"strong": True}


@given(A_CHECK, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_show(made: tuple[Form, Fields], chance: Any) -> None:
    """A tablet in another language may send the items in any order."""
    form, fields = made
    shuffled = list(fields["items"].items())
    chance.shuffle(shuffled)
    other = fields | {"items": dict(shuffled)}
    assert cases(form.type, fields) == cases(form.type, other)
    assert wire.canonical(completed(form.type, dict(fields))) == wire.canonical(completed(form.type, other))


@given(A_CHECK)
def test_cases_have_names_that_follow_from_the_check(made: tuple[Form, Fields]) -> None:
    """The same check names the same cases on tablet and server; another check names others."""
    form, fields = made
    first, again, other = cases(form.type, fields), cases(form.type, fields), cases(form.type, fields, "another")
    assert first == again
    assert len({case.id for case in first + other}) == 2 * len(first)
    case_type = TYPES["case"].schema()
    for case in first:
        assert case_type.validate(case.fields) == {}
        assert completed("case", dict(case.fields)) == case.fields


def test_a_corrected_check_names_the_same_case() -> None:
    """First only butts, then dust as well: one case all along, as it is the same dirty road."""
    [first] = cases("street_check", street({"A3": 40}))
    [second] = cases("street_check", street({"A3": 40, "B1": "heavy"}))
    assert first.id == second.id
    assert second.fields["item_codes"] == ["A3", "B1"]


@contextmanager
def known(form: Form) -> Iterator[Form]:
    """Make *form* known for as long as the story lasts."""
    yield add_form(form)
    del scoring.FORMS[form.type, form.version]
    del scoring._PLANS[form.type, form.version]


LITTER, *REST = SHOP_1.items


@pytest.fixture
def stricter() -> Iterator[Form]:
    """A second version of the shop form, in which litter costs twice as much."""
    with known(replace(SHOP_1, version="shop-2", items=(replace(LITTER, deduct=Each(40)), *REST))) as form:
        yield form


def test_an_old_check_keeps_its_score_when_the_form_changes(stricter: Form) -> None:
    """Each is read by the version it names."""
    old, new = shop({"H1": 2}), shop({"H1": 2}, form_version=stricter.version)
    assert (old["score"], new["score"]) == (957, 913)  # 88 and 84 of 92
    assert completed("shop_check", old)["score"] == 957


def test_a_version_is_given_once() -> None:
    """Changing a form under its name would change what old checks say."""
    assert add_form(SHOP_1) is SHOP_1
    with pytest.raises(ValueError, match="already has a form shop-1"):
        add_form(replace(SHOP_1, photo_after_fix=False))


def test_a_new_form_may_ask_for_more() -> None:
    """Who checks by it must answer it all; who still checks by the old one need not."""
    dust = replace(LITTER, code="H6", zh="扬尘", cap="H1", opens=())
    with known(replace(SHOP_1, version="shop-2", items=(*SHOP_1.items, dust))) as form:
        *_, answers_all = whole_check("shop_check")
        assert answers_all.holds(clean(SHOP_1))
        assert answers_all.holds(clean(form))
        assert not answers_all.holds(clean(SHOP_1, form_version=form.version))
        members = items_part(SHOP_1, form)().fields
        assert (members["H1"].required, members["H6"].required) == (True, False)


def test_a_case_of_a_group_is_as_grave_as_its_gravest_item() -> None:
    """Whichever of them stands first on the form."""
    minor = Opens("piling", When(), "street", "heap")
    major = replace(minor, severity="major")
    for opens in ((minor, major), (major, minor)):
        pair = tuple(replace(LITTER, code=code, opens=(one,)) for code, one in zip("XY", opens, strict=True))
        with known(Form("shop_check", "pair", "两项", "two items", pair)) as form:
            [case] = assess(form, clean(form, {"X": 1, "Y": 1})).cases
            assert (case.severity, case.items) == ("major", ("X", "Y"))


def test_what_cannot_be_read_is_left_alone() -> None:
    """An unknown form changes nothing; an item left untouched gives no score."""
    check = clean(SHOP_1, form_version="shop-9")
    assert completed("shop_check", dict(check)) == check
    assert cases("shop_check", check) == []
    untouched = clean(SHOP_1)
    del untouched["items"]["O6"]
    assert assess_check("shop_check", untouched).score is None
    assert completed("shop_check", untouched)["result"] is None


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.version)
def test_a_correction_without_its_check_is_no_check(form: Form) -> None:
    """A tablet that lost the record may still hold a correction of it: any part of a check can be completed."""
    whole = clean(form)
    for name in whole:
        part = {kept: value for kept, value in whole.items() if kept != name}
        assert completed(form.type, part | {"mode": "self"})["mode"] == "self"
        assert completed(form.type, {name: whole[name]})[name] == whole[name]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.version)
def test_a_form_is_well_made(form: Form) -> None:
    """A hundred points, no code twice, and nothing named that does not exist."""
    codes = [item.code for item in form.items]
    assert len(set(codes)) == len(codes)
    caps = {item.full_cap: item.most for item in form.items}
    assert sum(caps.values()) == 1000
    openings = [opens for item in form.items for opens in item.opens]
    openings += [veto.opens for veto in form.vetoes if veto.opens]
    assert {opens.problem_class for opens in openings} <= PROBLEM_CLASSES.keys()
    assert {opens.unit for opens in openings} <= FUNCTIONAL_UNITS.keys() | (
        {""} if form.type == "parking_check" else set()
    )
    assert {role for item in form.items for role in item.photos.roles} <= PHOTO_ROLES.keys()
    assert {flag for opens in openings for flag in opens.when.flags} <= FLAGS.keys()
    assert {veto.item for veto in form.vetoes if veto.item} <= set(codes)


def test_the_page_says_what_the_forms_say() -> None:
    """If this fails, run ``python -m tests.schemas.forms_page``."""
    assert PAGE.read_text(encoding="utf-8") == current()
