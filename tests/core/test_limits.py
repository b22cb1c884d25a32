"""How much time a problem is allowed: by class, road, severity, source and day."""

from datetime import date

import pytest

from schemas.cases import PROBLEM_CLASSES, SEVERITIES, SOURCES, Limit
from server.core.clocks.limits import ABOVE, STANDARD, Row, half, held_on, limit_of, mistake_in, shortest

DAY = date(2020, 7, 18)
OWN = [
    Row("unclean_road", 0, "", Limit(3, "work_hour"), date(2020, 7, 1)),
    # For the campaign only; afterwards the row above counts again.
    Row("unclean_road", 1, "", Limit(1, "work_hour"), date(2020, 7, 14), date(2020, 10, 21)),
    Row("small_ads", 0, "", Limit(2, "work_day"), date(2020, 8, 1)),
    Row("small_ads", 0, "", Limit(0.5, "work_day"), date(2020, 8, 1)),
]


@pytest.mark.parametrize(
    ("problem_class", "grade", "severity", "source", "variant", "expected", "reasons"),
    [
        ("unclean_road", 1, "minor", "check", "", "2 work_hour", ""),
        ("unclean_road", 4, "minor", "check", "", "5 work_hour", ""),
        ("unclean_road", None, "minor", "check", "", "2 work_hour", "grade_unknown"),
        ("unclean_road", 4, "major", "check", "", "2.5 work_hour", "halved"),
        ("unclean_road", 1, "critical", "check", "", "2 urgent_hour", "critical"),
        ("out_of_store", None, "minor", "public", "", "2 work_hour", ""),
        ("out_of_store", None, "major", "public", "", "1 work_hour", "halved"),
        ("nonmotor_parking", 2, "minor", "check", "shared_bike", "1 work_hour", ""),
        ("nonmotor_parking", 2, "major", "check", "shared_bike", "1 work_hour", "halved"),  # not below an hour
        ("nonmotor_parking", 2, "critical", "check", "shared_bike", "1 urgent_hour", "critical"),
        ("lane_blocked", None, "critical", "check", "", "0.5 urgent_hour", ""),
        ("lane_blocked", None, "minor", "check", "", "0.5 urgent_hour", ""),  # lowered, it keeps the table's
        ("rubble_soil", 3, "major", "check", "", "4 work_hour", ""),
        ("rubble_soil", 3, "major", "check", "soil", "2 work_day", ""),
        ("rubble_soil", 3, "minor", "check", "soil", "2 work_day", ""),
        ("rubble_soil", 3, "critical", "check", "soil", "2 urgent_hour", "critical"),
        ("unclean_road", 2, "minor", "check", "soil", "2 work_hour", "variant_unknown"),
        ("small_ads", None, "major", "check", "", "0.5 work_day", "halved"),
        ("green_damage", None, "major", "check", "", "2.5 work_day", "halved"),
        ("facility_broken", None, "major", "check", "", "1.5 work_day", "halved"),
        ("green_damage", None, "minor", "check", "", "5 work_day", ""),
        ("green_damage", None, "minor", "national", "", "3 work_day", "from_above"),
        ("green_damage", None, "major", "city", "", "2.5 work_day", "halved"),
        ("marking_missing", None, "major", "province", "", "3 work_day", "halved from_above"),
        ("marking_missing", None, "minor", "district_inspection", "", "10 work_day", ""),
        ("unclean_road", 1, "minor", "national", "", "2 work_hour", ""),
        ("snow_not_cleared", None, "major", "city", "", "24 urgent_hour", ""),
        ("illegal_structure", None, "major", "check", "demolish", "20 work_day", ""),
        ("illegal_structure", None, "major", "city", "demolish", "3 work_day", "from_above"),
    ],
)  # fmt: skip
def test_what_the_standard_table_allows(
    problem_class: str, grade: int | None, severity: str, source: str, variant: str, expected: str, reasons: str
) -> None:
    allowed = limit_of([], problem_class, grade, severity, source, variant, DAY)
    assert f"{allowed.limit.amount:g} {allowed.limit.clock}" == expected
    assert " ".join(allowed.reasons) == reasons


@pytest.mark.parametrize(
    ("day", "grade", "expected"),
    [
        ("2020-06-30", 1, 2),  # before the district said anything
        ("2020-07-01", 1, 3),
        ("2020-07-14", 1, 1),
        ("2020-07-14", 2, 3),
        ("2020-10-21", 1, 1),
        ("2020-10-22", 1, 3),  # what lies beneath counts again
        ("2020-10-22", None, 3),  # all grades alike: nothing is unknown
    ],
)
def test_a_limit_holds_from_its_first_day_to_its_last(day: str, grade: int | None, expected: float) -> None:
    allowed = limit_of(OWN, "unclean_road", grade, "minor", "check", "", date.fromisoformat(day))
    assert allowed == (Limit(expected, "work_hour"), ())


def test_of_two_that_begin_on_one_day_the_later_word_counts() -> None:
    assert limit_of(OWN, "small_ads", None, "minor", "check", "", date(2020, 8, 1)).limit == Limit(0.5, "work_day")


def test_the_list_of_a_day_is_what_counts_on_it() -> None:
    """Whatever is asked of any class, grade and variant, the list says the same."""
    for day in (date(2020, 6, 30), DAY, date(2020, 8, 1), date(2020, 12, 1)):
        for row in held_on(OWN, day):
            severity = PROBLEM_CLASSES[row.problem_class].severity
            for grade in (row.grade,) if row.grade else (1, 2, 3, 4):
                named = {(r.problem_class, r.variant, r.grade) for r in held_on(OWN, day)}
                if row.grade or (row.problem_class, row.variant, grade) not in named:
                    found = limit_of(OWN, row.problem_class, grade, severity, "check", row.variant, day)
                    assert found.limit == row.limit


def test_every_class_has_a_limit_for_whoever_finds_it() -> None:
    for name in PROBLEM_CLASSES:
        for severity in SEVERITIES:
            for source in SOURCES:
                limit, _ = limit_of([], name, None, severity, source, "", DAY)
                assert limit.amount > 0
                assert source not in ABOVE or shortest([limit, Limit(3, "work_day")]) == limit
    assert [mistake_in(row) for row in STANDARD] == [None] * len(STANDARD)
    with pytest.raises(KeyError):
        limit_of([], "noise", None, "minor", "check", "", DAY)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Limit(4, "work_hour"), 2),
        (Limit(1, "work_hour"), 1),
        (Limit(1.5, "work_hour"), 1),
        (Limit(0.5, "urgent_hour"), 0.5),  # never longer than the whole
        (Limit(2, "urgent_hour"), 1),
        (Limit(5, "work_day"), 2.5),
        (Limit(1, "work_day"), 0.5),
        (Limit(0.5, "work_day"), 0.5),
        (Limit(2.5, "work_day"), 1.5),
    ],
)
def test_half_of_a_limit(limit: Limit, expected: float) -> None:
    assert half(limit) == Limit(expected, limit.clock)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (Row("noise", 0, "", Limit(1, "work_day")), "没有问题类别"),
        (Row("small_ads", 0, "soil", Limit(1, "work_day")), "没有“soil”"),
        (Row("small_ads", 5, "", Limit(1, "work_day")), "1 至 4"),
        (Row("small_ads", 0, "", Limit(1, "week")), "没有时钟"),
        (Row("small_ads", 0, "", Limit(0, "work_day")), "大于 0"),
        (Row("small_ads", 0, "", Limit(float("nan"), "work_day")), "大于 0"),
        (Row("small_ads", 0, "", Limit(float("inf"), "work_hour")), "大于 0"),
        (Row("small_ads", 0, "", Limit(0.3, "work_day")), "半天"),
        (Row("small_ads", 0, "", Limit(0.001, "work_hour")), "整分钟"),
        (Row("small_ads", 0, "", Limit(1, "work_day"), date(2020, 8, 2), date(2020, 8, 1)), "结束早于开始"),
    ],
)
def test_what_cannot_be_a_limit(row: Row, told: str) -> None:
    found = mistake_in(row)
    assert found is not None
    assert told in found[0]
