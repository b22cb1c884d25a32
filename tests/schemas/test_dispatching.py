"""Who should answer for a problem: the standard rules, the district's over them, and a person's word over both."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cases import PROBLEM_CLASSES, SEVERITIES
from schemas.dispatching import (
    KINDS,
    SIDES,
    STANDARD,
    TARGETS,
    Matter,
    Rule,
    as_fields,
    fitting,
    matter_of,
    mistake_in,
    rules_of,
    suggested_lead,
)
from schemas.grid import sealed_place

STREET, OTHER_STREET = "210902005", "210902006"
GRID_7 = "210902005003007"
TODAY = "2020-07-18"


def case(problem_class: str = "motor_parking", **parts: Any) -> dict[str, Any]:
    """Return a case as a citizen's report makes it: nobody's business yet."""
    return {"problem_class": problem_class, "severity": "minor"} | parts


def lead(fields: dict[str, Any], *about: Any, rules: tuple[Rule, ...] = (), place: str = GRID_7, **said: Any) -> str:
    """Return who is suggested, the helpers behind a plus."""
    found = suggested_lead(fields, matter_of(fields, place, *about), rules, TODAY, **said)
    return "+".join(filter(None, (found.lead, *found.assist)))


@pytest.mark.parametrize(
    ("fields", "about", "expected"),
    [
        (case(), ("parking_area", {"kind": "on_street"}), f"dept_traffic+{STREET}"),
        (case(), ("parking_area", {"kind": "sidewalk"}), f"dept_urban+{STREET}"),
        (case("nonmotor_parking"), ("parking_area", {"kind": "bike_zone"}), f"dept_urban+{STREET}"),
        # Double-parked on the carriageway beside an area of the sidewalk: the finding says more than the area.
        (case(item_codes=["M3"]), ("parking_area", {"kind": "sidewalk"}), f"dept_traffic+{STREET}"),
        # A third party's car before a shop is not the shop's business, nor a department's.
        (case(), ("shop", {"category": "catering"}), STREET),
        (case(item_codes=["O3"], functional_unit="street"), ("shop", {"category": "catering"}), STREET),
        (case("out_of_store", functional_unit="dept_urban"), ("shop", {}), f"dept_urban+{STREET}"),
        # The street organises the three guarantees, the urban office stands behind it.
        (case("unclean_road", functional_unit="dept_urban"), ("shop", {}), f"{STREET}+dept_urban"),
        (case("unclean_road"), ("street_segment", {"kind": "alley"}), f"dept_housing+{STREET}"),
        (case("other"), ("key_place", {"kind": "farm_market"}), f"dept_market+{STREET}"),
        # Of two rules alike the later one: inside a compound the street leads.
        (case("exposed_garbage"), ("compound", {}), f"{STREET}+dept_housing"),
        (case("other"), ("compound", {}), f"{STREET}+dept_housing"),
        (case(), (), STREET),
        (case("dirty_green"), (), STREET),
        (case("lane_blocked", severity="critical"), (), STREET),
    ],
)
def test_what_every_district_begins_with(fields: dict[str, Any], about: tuple[Any, ...], expected: str) -> None:
    """The carriageway is the police's, the sidewalk the urban office's, and what is nobody's is the street's."""
    assert lead(fields, *about) == expected


def test_the_districts_word_lies_over_the_form_and_a_persons_over_the_district() -> None:
    """And the register is asked where neither the case nor a rule says anything."""
    ours = Rule("motor_parking", functional="dept_urban", leads="functional", valid_from="2020-07-14")
    by_form = case(functional_unit="dept_traffic")
    assert lead(by_form) == f"dept_traffic+{STREET}"
    assert lead(by_form, rules=(ours,)) == f"dept_urban+{STREET}"
    assert lead(by_form, rules=(ours,), person_said=True) == f"dept_traffic+{STREET}"
    assert lead(case("dirty_green"), register_says="dept_housing") == f"dept_housing+{STREET}"


def test_a_rule_holds_from_its_first_day_to_its_last() -> None:
    """During the campaign the street leads; afterwards what was before."""
    during = Rule("unclean_road", functional="dept_housing", leads="territorial", valid_from=TODAY, valid_to=TODAY)
    found = [
        suggested_lead(case("unclean_road"), matter_of(case("unclean_road"), GRID_7), (during,), day).lead
        for day in ("2020-07-17", TODAY, "2020-07-19")
    ]
    assert found == ["dept_housing", STREET, "dept_housing"]


def test_the_more_particular_rule_counts_and_a_later_general_one_replaces_it() -> None:
    """Whoever writes a rule for the whole class means all of it."""
    here = Rule("piling", area=STREET, functional="dept_market", leads="functional", valid_from="2020-07-01")
    everywhere = Rule("piling", functional="dept_urban", leads="functional", valid_from="2020-07-02")
    assert lead(case("piling"), rules=(everywhere, here._replace(valid_from="2020-07-03"))).startswith("dept_market")
    assert lead(case("piling"), rules=(here, everywhere)).startswith("dept_urban")
    assert lead(case("piling"), rules=(here,), place=OTHER_STREET + "001001").startswith("dept_urban")


def test_a_rule_taken_back_was_never_there() -> None:
    """What it had replaced counts again."""
    special = Rule("piling", side="sidewalk", functional="dept_market", leads="functional", valid_from="2020-07-01")
    general = Rule("piling", functional="street", leads="territorial", valid_from="2020-07-02")
    matter = Matter("piling", "", "", "sidewalk", "minor", GRID_7)
    back = Rule("piling", valid_from="2020-07-03")
    assert fitting((special, general), matter, TODAY) == general
    assert fitting((special, general, back), matter, TODAY) == special
    assert fitting((special, general, back), matter, "2020-07-02") == general


def test_helpers_of_a_rule_help() -> None:
    """The lead is never among them."""
    rule = Rule("piling", functional="dept_urban", leads="functional", assist=("unit_sweeping_1", "dept_urban"))
    assert lead(case("piling"), rules=(rule,)) == f"dept_urban+{STREET}+unit_sweeping_1"


def test_what_lies_in_no_street_and_is_no_departments_is_left_open() -> None:
    """A sealed case of the district: whoever dispatches has to name the lead."""
    found = suggested_lead(case("dirty_green"), matter_of(case("dirty_green"), "210902"), (), TODAY)
    assert (found.lead, found.assist) == (None, ())
    assert "请指定主办单位" in found.zh
    assert lead(case("piling"), place="210902") == "dept_urban"
    assert lead(case("dirty_green"), place=sealed_place("210902")) == ""


def test_the_reason_is_said_with_names() -> None:
    """Whoever dispatches reads names, not codes."""
    names = {STREET: "五龙街道"}
    found = suggested_lead(case("small_ads"), matter_of(case("small_ads"), GRID_7), (), TODAY, names=names)
    assert found.zh == "建议综合执法局（城管）主办，五龙街道协办：通用派遣规则（非法小广告）"
    assert found.en == "suggested lead dept_urban, assisted by 210902005: the standard rule (small ads)"


@pytest.mark.parametrize(
    "rule",
    [
        Rule("no_such_class", functional="street"),
        Rule(target="tree", functional="street"),
        Rule(kind="sidewalk", functional="street"),
        Rule(target="shop", kind="sidewalk", functional="street"),
        Rule(side="roof", functional="street"),
        Rule(severity="bad", functional="street"),
        Rule(area="21090", functional="street"),
        Rule(functional="dept_space"),
        Rule(functional="street", leads="nobody"),
        Rule(functional="street", assist=("",)),
        Rule(functional="street", assist=tuple(f"unit_{n}0" for n in range(21))),
        Rule(functional="street", valid_from="2020-07-18", valid_to="2020-07-17"),
    ],
)
def test_what_means_nothing_is_no_rule(rule: Rule) -> None:
    """And is refused before it is written."""
    assert mistake_in(rule) is not None


def test_the_standard_rules_are_rules() -> None:
    """Each means something, and no two are about one matter."""
    assert [mistake_in(rule) for rule in STANDARD] == [None] * len(STANDARD)
    assert len({rule.about for rule in STANDARD}) == len(STANDARD)


MATTERS = st.builds(
    lambda problem_class, kind, side, severity, place: Matter(problem_class, kind[0], kind[1], side, severity, place),
    st.sampled_from(sorted(PROBLEM_CLASSES)),
    st.sampled_from([("", ""), *((t, k) for t in TARGETS for k in ("", *KINDS.get(t, {})))]),
    st.sampled_from(["", *SIDES]),
    st.sampled_from(sorted(SEVERITIES)),
    st.sampled_from(["210902", STREET, GRID_7, OTHER_STREET + "001001"]),
)


def _rule(matter: Matter, kept: tuple[bool, ...]) -> Rule:
    problem_class, target, kind, side, severity, area = (
        word if keep else "" for word, keep in zip(matter, kept, strict=True)
    )
    return Rule(problem_class, target, kind if target else "", side, severity, area)


RULES = st.builds(
    lambda matter, kept, functional, begins, ends, assist: _rule(matter, kept)._replace(
        functional=functional, leads="functional" if functional else None, assist=assist, valid_from=begins,
        valid_to=ends,
    ),
    MATTERS,
    st.tuples(*[st.booleans()] * 6),
    st.sampled_from([None, "street", "dept_urban", "dept_traffic"]),
    st.sampled_from(["2020-07-01", "2020-07-18", "2020-08-01"]),
    st.sampled_from([None, "2020-08-31"]),
    st.sampled_from([(), ("unit_sweeping_1",)]),
)  # fmt: skip


@given(matter=MATTERS, rules=st.lists(RULES, max_size=6))
def test_there_is_one_lead_whatever_the_rules_say(matter: Matter, rules: list[Rule]) -> None:
    """单一主办: at most one leads and never helps itself; inside a street somebody always leads."""
    fields = case(matter.problem_class, severity=matter.severity)
    found = suggested_lead(fields, matter, rules, TODAY)
    assert found.lead not in found.assist
    assert (found.lead is not None) or matter.area == "210902"
    assert found == suggested_lead(fields, matter, rules, TODAY)
    assert found.zh
    assert found.en.isascii()


@given(rules=st.lists(RULES, max_size=6))
def test_rules_travel_unchanged(rules: list[Rule]) -> None:
    """A tablet reads the very rules the office wrote, in whatever order their records come."""
    written = [as_fields(rule, n) for n, rule in enumerate(rules, 1)]
    assert rules_of(reversed(written)) == rules
