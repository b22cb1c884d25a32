"""Scores, ranks and marks: the printed example, the lines to the tenth, and what holds whatever the figures are."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.problems import Refusal
from server.core.assessing import words
from server.core.assessing.scheme import STANDARD, scheme_of
from server.core.assessing.shops import RankedShop, put_right_on, segments, shops
from server.core.assessing.spans import Span, before, month_of, week_of
from server.core.assessing.units import Facts, components, corrected, exactly, ranked, score
from server.core.assessing.visits import Visit, counting, mean
from server.core.ledger_figures import Tally

SCHEME = scheme_of(None)
HEBEI, WULONG, XINXING, PINGAN = "210902005", "210902006", "210902007", "210902008"
#: 检查 92.0, 按期整改率 90 %, 返工率 5 %, 巡查 100 %, 回复 80 %, 扣 2, 加 1.
EXAMPLE = Facts(
    HEBEI, checks=10, points=9_200, tally=Tally(due=100, closed=95, on_time=90, returns=1, submits=20),
    patrol_due=40, patrol_done=40, reports=5, answered=4, findings=2, cleaning_days=1,
)  # fmt: skip

COUNTS = st.integers(0, 60)


@st.composite
def facts(draw: st.DrawFn, unit: str = HEBEI) -> Facts:
    """Return figures that may stand in a ledger: no part greater than its whole."""
    due = draw(COUNTS)
    deferred, closed = draw(st.integers(0, due)), draw(st.integers(0, due))
    submits, patrol_due, reports, checks = (draw(COUNTS) for _ in range(4))
    return Facts(
        unit, checks, draw(st.integers(0, 1_000 * checks)),
        Tally(due, deferred, closed, draw(st.integers(0, closed)), draw(st.integers(0, submits)), submits),
        patrol_due, draw(st.integers(0, patrol_due)), reports, draw(st.integers(0, reports)),
        draw(COUNTS), draw(COUNTS), draw(st.integers(0, 4)), draw(st.integers(0, 4)), draw(st.integers(0, 4)),
    )  # fmt: skip


def test_the_printed_example() -> None:
    """27.6 + 40.5 + 9.5 + 10 + 4 - 2 + 1 = 90.6, to the tenth."""
    assert score(EXAMPLE, SCHEME) == 906


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ({"findings": 40}, 776),  # never more than 15 off
        ({"findings": 0, "relapses": 3}, 911),
        ({"findings": 0, "falsehoods": 1}, 896),
        ({"model_roads": 9}, 946),  # never more than 5 on
        ({"checks": 0, "points": 0}, 904),  # 64.0 / 0.70 - 2 + 1
        ({"reports": 0, "answered": 0}, 912),  # 87.6 / 0.95 - 2 + 1
    ],
)
def test_deductions_additions_and_what_is_left_out(changes: dict[str, Any], points: int) -> None:
    assert score(EXAMPLE._replace(**changes), SCHEME) == points


def _by_hand(one: Facts) -> int:
    """Work the score out as one would on paper, with nothing of the program's own."""
    base = one.tally.due - one.tally.deferred
    parts = [
        (30, one.points / 10 / one.checks if one.checks else None),
        (45, 100 * one.tally.on_time / base if base else None),
        (10, 100 - 100 * one.tally.returns / one.tally.submits if one.tally.submits else None),
        (10, 100 * one.patrol_done / one.patrol_due if one.patrol_due else None),
        (5, 100 * one.answered / one.reports if one.reports else None),
    ]
    there = [(weight, min(value, 100)) for weight, value in parts if value is not None]
    whole = sum(weight * value for weight, value in there) / sum(weight for weight, _ in there)
    off = min(one.findings + one.relapses / 2 + 3 * one.falsehoods, 15)
    on = min(one.cleaning_days + 2 * one.model_roads, 5)
    return int(max(0, min(100, whole - off + on)) * 10 + 0.5 + 1e-9)


@given(facts())
def test_a_score_is_what_paper_says_and_lies_between_0_and_100(one: Facts) -> None:
    told = score(one, SCHEME)
    assert (told is None) == (not components(one))
    if told is not None:
        assert 0 <= told <= 1_000
        assert told == _by_hand(one)


@given(facts(), st.sampled_from(["points", "on_time", "returns", "patrol_done", "answered", "findings", "model_roads"]))
def test_better_work_is_never_scored_lower(one: Facts, what: str) -> None:
    """One more thing done well, or one less done badly: the score does not fall."""
    tally, better = one.tally, one
    if what == "points" and one.points < 1_000 * one.checks:
        better = one._replace(points=one.points + 1)
    elif what == "on_time" and tally.on_time < tally.closed:
        better = one._replace(tally=tally._replace(on_time=tally.on_time + 1))
    elif what == "returns" and tally.returns:
        better = one._replace(tally=tally._replace(returns=tally.returns - 1))
    elif what == "patrol_done" and one.patrol_done < one.patrol_due:
        better = one._replace(patrol_done=one.patrol_done + 1)
    elif what == "answered" and one.answered < one.reports:
        better = one._replace(answered=one.answered + 1)
    elif what == "findings":
        better = one._replace(findings=max(0, one.findings - 1))
    elif what == "model_roads":
        better = one._replace(model_roads=one.model_roads + 1)
    assert (score(better, SCHEME) or 0) >= (score(one, SCHEME) or 0)


@given(facts(), st.sampled_from(sorted(STANDARD["weights"])))
def test_leaving_a_part_out_is_as_if_it_were_the_mean_of_the_others(one: Facts, name: str) -> None:
    parts = components(one)
    rest = {word: value for word, value in parts.items() if word != name}
    whole = exactly(rest, SCHEME)
    if whole is not None:
        assert exactly(rest | {name: whole}, SCHEME) == whole


# -- ranks and marks ----------------------------------------------------------------------------------


def unit(code: str, tenths: int, closed: int = 100) -> Facts:
    """Return a unit that has this score, all its cases put right in time and so many of 100 struck off."""
    on_time = min(closed, 100)
    # Checks weigh 30 of 75, so they bring the score to where it is wanted.
    points = (tenths * 75 - on_time * 10 * 45) / 30
    assert 0 <= points <= 1_000, points
    checks = Fraction(points).limit_denominator(1_000)
    return Facts(
        code, checks=checks.denominator, points=checks.numerator, tally=Tally(due=100, closed=closed, on_time=on_time)
    )


def test_ties_share_a_rank_and_the_red_list() -> None:
    """Three are best together, and a fourth is fourth: no longer among the top three."""
    group = [unit(code, 950, 95) for code in (HEBEI, WULONG, XINXING)] + [unit(PINGAN, 900, 90)]
    told = [(one.facts.unit, one.rank, one.score, one.mark) for one in ranked(group, SCHEME)]
    assert told == [
        (HEBEI, 1, 950, "red"), (WULONG, 1, 950, "red"), (XINXING, 1, 950, "red"), (PINGAN, 4, 900, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("closed", "mark", "why"),
    [(90, "red", ("rate_and_top",)), (89, None, ()), (85, None, ()), (84, "black", ("rate",))],
)
def test_the_lines_of_90_and_85(closed: int, mark: str | None, why: tuple[str, ...]) -> None:
    """At 90 % red, from 85 % to 90 % neither, below 85 % black, whatever the rank."""
    first, *_ = ranked([unit(HEBEI, 900, closed), unit(WULONG, 870, 87)], SCHEME)
    assert (first.facts.unit, first.mark, first.why) == (HEBEI, mark, why)


@pytest.mark.parametrize(("tenths", "mark"), [(849, "black"), (850, None)])
def test_the_last_is_black_only_below_85_points(tenths: int, mark: str | None) -> None:
    *_, last = ranked([unit(HEBEI, 900, 86), unit(WULONG, tenths, 86)], SCHEME)
    assert (last.facts.unit, last.score, last.mark) == (WULONG, tenths, mark)


def test_who_had_nothing_to_strike_off_is_not_ranked_and_one_alone_is_not_last() -> None:
    idle = Facts(WULONG, checks=3, points=3_000, patrol_due=2, patrol_done=2)
    alone, unranked = ranked([unit(HEBEI, 800, 86), idle], SCHEME)
    assert (alone.rank, alone.mark) == (1, None)
    assert (unranked.facts.unit, unranked.rank, unranked.score, unranked.mark) == (WULONG, None, None, None)


def test_what_arrived_late_corrects_and_what_came_later_does_not() -> None:
    """A tablet brings a case put right in time; a relapse of the week after takes nothing back."""
    shown = EXAMPLE._replace(tally=EXAMPLE.tally._replace(closed=94, on_time=89))
    now = EXAMPLE._replace(checks=11, points=10_200, findings=9)
    told = corrected(shown, now)
    assert (told.tally.on_time, told.tally.closed, told.checks, told.findings) == (90, 95, 11, 2)
    relapsed = EXAMPLE._replace(tally=Tally(due=99, closed=80, on_time=70, returns=9, submits=20))
    assert corrected(EXAMPLE, relapsed) == EXAMPLE


# -- the scheme ---------------------------------------------------------------------------------------


def test_the_standard_weights_sum_to_one() -> None:
    assert sum(SCHEME["weights"].values()) == 1


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"weights": {"checks": 0.4}}, "weights"),
        ({"weights": {"checks": -0.1, "on_time": 0.85}}, "weights.checks"),
        ({"units": {"top": 0}}, "units.top"),
        ({"units": {"top": 2.5}}, "units.top"),
        ({"units": {"red_rate": 90}}, "units.red_rate"),
        ({"luck": {"most": 1}}, "luck"),
        ({"additions": {"smile": 1}}, "additions.smile"),
        ({"additions": {"most": "5"}}, "additions.most"),
        ([], "scores"),
    ],
)
def test_numbers_that_mean_nothing_are_refused_by_name(said: Any, named: str) -> None:
    with pytest.raises(Refusal) as told:
        scheme_of(said)
    assert told.value.code == "invalid_request"
    assert named in (told.value.errors or {})


def test_a_district_weighs_otherwise() -> None:
    """All on checks: the example is worth its checks, less 2, plus 1."""
    other = {"weights": {"checks": 1, "on_time": 0, "rework": 0, "patrol": 0, "replies": 0}}
    assert score(EXAMPLE, scheme_of(other)) == 910


# -- checks, shops, segments --------------------------------------------------------------------------


def visit(day: str, tenths: int | None = 980, target: str | None = "shop", **more: Any) -> Visit:
    """Return a check of a shop at eight in the morning of a day of July."""
    made = Visit("shop_check", f"{HEBEI}003007", target, f"2020-{day}", tenths, (tenths or 0) < 700, False, False,
                 False, (int(day.replace("-", "")), 0))  # fmt: skip
    return made._replace(**more)


def test_of_two_checks_of_a_day_the_inspectors_counts_else_the_later() -> None:
    worker, later = visit("07-14", 980), visit("07-14", 900, stamp=(714, 9))
    inspector = visit("07-14", 600, inspected=True, stamp=(713, 0))
    assert counting([later, worker]) == [later]
    assert counting([worker, inspector, later]) == [inspector]
    assert len(counting([visit("07-14", target=None), visit("07-14", target=None)])) == 2
    assert mean([905, 904]) == 905
    assert mean([]) is None


JULY = ("2020-07-01", "2020-07-31")


def listed(*visits: Visit, cases: tuple[str, ...] = ()) -> list[RankedShop]:
    """Return the list of July."""
    return shops(visits, cases, JULY, SCHEME)


def test_a_shop_is_red_by_its_mean_two_checks_and_no_case() -> None:
    good = (visit("07-03", 940), visit("07-20", 960))
    [red] = listed(*good)
    assert (red.mark, red.why, red.score, red.checks) == ("red", ("clean",), 950, 2)
    assert listed(*good, cases=("shop",)) == []
    assert listed(good[1]) == []
    assert listed(visit("07-03", 940), visit("07-20", 959)) == []
    assert listed(visit("06-28", 1000), visit("07-20", 1000)) == []


@pytest.mark.parametrize(
    ("visits", "why"),
    [
        ([visit("07-03", 600), visit("07-30", 650)], ("fails",)),
        ([visit("06-20", 600), visit("07-19", 600)], ("fails",)),
        ([visit("06-20", 600), visit("07-20", 600)], ()),  # thirty days later is not within thirty
        ([visit("06-01", 600), visit("06-20", 600)], ()),  # June's list
        ([visit("07-03", 600), visit("08-01", 600)], ()),  # August's
        ([visit("07-03", 690)], ()),
        ([visit("07-03", 980, vetoed=True)], ("veto",)),
        ([visit("07-03", 980, vetoed=True, refused=True)], ("veto", "refused")),
        ([visit("06-30", 980, refused=True)], ()),
    ],
)
def test_a_shop_is_black_for_failing_twice_a_veto_or_a_refusal(visits: list[Visit], why: tuple[str, ...]) -> None:
    found = listed(*visits)
    assert [(one.mark, one.why) for one in found] == ([("black", why)] if why else [])


def test_a_shop_that_passes_again_is_withdrawn() -> None:
    [black] = listed(visit("07-03", 980, refused=True), visit("07-10", 690), visit("07-11", 910))
    assert (black.why, black.put_right_on) == (("refused",), "2020-07-11")
    assert put_right_on([visit("08-02", 650), visit("08-04", 700), visit("08-09")], JULY[1]) == {"shop": "2020-08-04"}


def test_segments_are_compared_within_their_grade() -> None:
    row = [
        visit("07-14", tenths, name) for name, tenths in (("a", 900), ("b", 950), ("c", 950), ("d", 700), ("e", 1000))
    ]
    found = segments(row, {"a": 1, "b": 1, "c": 1, "d": 4})
    assert [(one.segment, one.grade, one.rank, one.score) for one in found] == [
        ("b", 1, 1, 950), ("c", 1, 1, 950), ("a", 1, 3, 900), ("d", 4, 1, 700),
    ]  # fmt: skip


# -- periods and words --------------------------------------------------------------------------------


def test_weeks_run_from_monday_to_sunday_and_months_are_whole() -> None:
    assert week_of("2020-07-19") == week_of("2020-07-13") == Span("2020-07-13", "2020-07-19")
    assert before(week_of("2020-07-13")) == Span("2020-07-06", "2020-07-12")
    assert (month_of("2020-12-31").last, before(month_of("2021-01-01"), month=True).first) == (
        "2020-12-31",
        "2020-12-01",
    )
    assert list(week_of("2020-07-19").days())[2] == "2020-07-15"
    assert week_of("2020-07-19").until_ms - week_of("2020-07-19").since_ms == 7 * 24 * 3_600_000


def test_rates_have_one_decimal_and_nothing_to_divide_by_is_no_rate() -> None:
    assert [words.rate(1, 3), words.rate(2, 3), words.rate(0, 5), words.rate(1, 16)] == [
        "33.3%",
        "66.7%",
        "0.0%",
        "6.3%",
    ]
    assert words.rate(0, 0) is words.rate(3, None) is None
    assert (words.points(906), words.points(1000), words.points(None)) == ("90.6", "100.0", "—")
