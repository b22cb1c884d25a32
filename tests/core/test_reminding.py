"""Reminders as data: which words a district may say, at which hours they go, whom they tell, how they are merged."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.moments import ms_of
from schemas.mutations import MAX_MUTATION_BYTES
from schemas.notices import MOST_ITEMS, NoticeSchema
from schemas.roles import Role
from server.core.clocks.calendar import DAY_MS, Calendar, Campaign, Official
from server.core.reminding import deciding, manners, merging, rules, steps
from server.core.reminding.facts import Due, Matter, Unsent
from server.core.reminding.manners import Manners
from server.core.reminding.of_days import unsent
from server.core.reminding.roster import Roster
from server.core.reminding.rules import Step
from server.core.reminding.standard import STANDARD
from server.values import Grant, Person

DISTRICT, STREET, COMMUNITY = "210902", "210902005", "210902005003"
GRID_7, GRID_8 = "210902005003007", "210902005003008"
RULES = {one.code: one for one in STANDARD}
#: Monday 2020-07-20 08:00 in Fuxin.
EIGHT = ms_of("2020-07-20T08:00:00+08:00")
MINUTE, HOUR = 60_000, 3_600_000


def test_the_standard_is_good_and_says_all_sixteen() -> None:
    """R01 to R16, each of which a district could have said itself."""
    assert [one.code for one in STANDARD] == [f"R{n:02d}" for n in range(1, 17)]
    for one in STANDARD:
        said = {name: value for name, value in rules.plain(one).items() if name != "code"}
        assert rules.mistakes_in("X01", said, None) == [], one.code


@pytest.mark.parametrize(
    ("code", "said", "about"),
    [
        ("R01", {"at": ["25:00"]}, "时刻"),
        ("R01", {"at": ["08:00", "08:00"]}, "时刻重复"),
        ("R01", {"soon": True}, "只能定时"),
        ("R01", {"at": []}, "时刻"),
        ("R04", {"at": ["08:00"]}, "不能定时"),
        ("R04", {"text_zh": "{phone}"}, "只能用"),
        ("R04", {"text_zh": "{number.__class__}"}, "只能用"),
        ("R04", {"text_en": "{number"}, "只能用"),
        ("R04", {"text_zh": ""}, "字"),
        ("R04", {"zh": "交办\n\n"}, "一行"),
        ("R04", {"en": "a\x00b"}, "一行"),
        ("R04", {"zh": "\ud800"}, "一行"),
        ("R04", {"audience": "everybody"}, "其中之一"),
        ("R04", {"audience": ["lead"]}, "其中之一"),
        ("R04", {"paused": "yes"}, "是或否"),
        ("R04", {"steps": [[1, "head"]]}, "分钟"),
        ("R04", {"steps": [[60, "nobody"]]}, "分钟"),
        ("R04", {"steps": [[True, "head"]]}, "分钟"),
        ("R04", {"steps": "head"}, "分钟"),
        ("R04", {"colour": "red"}, "没有这些项"),
        ("X01", {"zh": "新提醒"}, "缺少"),
        ("r04", {"paused": True}, "代码"),
    ],
)
def test_a_word_that_means_nothing_is_refused_and_passed_over(code: str, said: dict[str, Any], about: str) -> None:
    """Whoever says it is told why; where it lies in the table all the same, the standard counts."""
    [(zh, en)] = rules.mistakes_in(code, said, RULES.get(code))
    assert about in zh
    assert en.isascii()
    assert rules.laid_over(STANDARD, [(code, said)]) == list(STANDARD)


def test_the_last_word_counts_as_a_whole_until_it_is_taken_back() -> None:
    """A later word does not add to an earlier one."""
    words: list[tuple[str, dict[str, Any] | None]] = [("R04", {"zh": "派单"}), ("R04", {"steps": [[30, "head"]]})]
    [changed] = [one for one in rules.laid_over(STANDARD, words) if one.code == "R04"]
    assert (changed.zh, changed.steps) == ("交办", (Step(30, "head"),))
    assert rules.laid_over(STANDARD, [*words, ("R04", None)]) == list(STANDARD)


def test_what_is_not_known_is_a_dash_and_what_is_filled_in_is_no_template() -> None:
    """A place called {number} is told as it is."""
    assert deciding.filled("{number}：{place}{due}", {"number": "HZ-1", "place": "{number}"}) == "HZ-1：{number}—"


@pytest.mark.parametrize(
    ("code", "day", "campaign", "periods"),
    [
        ("R01", "2020-07-20", False, ["2020-07-20"]),
        ("R01", "2020-07-19", False, []),
        ("R01", "2020-07-19", True, ["2020-07-19"]),
        ("R12", "2020-07-19", False, ["2020-07-19"]),
        ("R09", "2020-07-20", False, [f"2020-07-20T{hour}" for hour in ("08:30", "11:00", "14:00", "16:30")]),
        ("R04", "2020-07-20", False, []),
    ],
)
def test_hours_of_a_day(code: str, day: str, campaign: bool, periods: list[str]) -> None:
    """Duty days are the district's: in a campaign Sundays too."""
    drive = [Campaign("百日会战", date(2020, 7, 14), date(2020, 10, 21))] if campaign else []
    noon = ms_of(f"{day}T12:00:00+08:00")
    asked = list(deciding.hours(RULES[code], Calendar(Official(), campaigns=drive), noon))
    assert [one.period for one in asked] == periods
    assert not any(deciding.over_by_day(one.period, noon) for one in asked)
    assert all(deciding.over_by_day(one.period, noon + DAY_MS) for one in asked)


def test_unsent_work_is_told_in_the_evening_and_after_a_day() -> None:
    """At once only where the oldest has waited for 24 hours; whoever has nothing is not told."""
    people = [Unsent("li", DISTRICT, 3, 2, EIGHT - 24 * HOUR), Unsent("wang", DISTRICT, 1, 0, EIGHT - 23 * HOUR)]
    people.append(Unsent("sun", DISTRICT, 0, 0, EIGHT - 48 * HOUR))
    assert [one.person for one in unsent(people, "2020-07-20", EIGHT)] == ["li", "wang"]
    [old] = unsent(people, None, EIGHT)
    assert (old.person, old.period, old.words) == ("li", "2020-07-19T08:00:00+08:00", {"records": "3", "photos": "2"})


# -- whom ---------------------------------------------------------------------------------------------


def someone(id_: str, *held: tuple[Role, str, str | None], stopped: bool = False, to_ms: int | None = None) -> Person:
    """Return somebody with what he holds: a role, an area, and a department perhaps."""
    grants = tuple(Grant(role, area, 0, to_ms, unit) for role, area, unit in held)
    return Person(id_, id_, grants, 1 if stopped else None)


TOWN = [
    someone("li", (Role.GRID_WORKER, GRID_7, None)),
    someone("gone", (Role.GRID_WORKER, GRID_7, None), to_ms=EIGHT),
    someone("feng", (Role.GRID_LEADER, GRID_7, None)),
    someone("guo", (Role.GRID_LEADER, COMMUNITY, None)),
    someone("zhao", (Role.COMMUNITY, COMMUNITY, None)),
    someone("qian", (Role.STREET, STREET, None)),
    someone("tang", (Role.STREET, STREET, None), stopped=True),
    someone("chen", (Role.DISTRICT_OFFICE, DISTRICT, None)),
    someone("city", (Role.DISTRICT_OFFICE, "2109", None)),
    someone("dong", (Role.DEPARTMENT, DISTRICT, "dept_urban"), (Role.DEPARTMENT, STREET, "dept_urban")),
    someone("deng", (Role.DEPARTMENT, DISTRICT, "dept_urban")),
    someone("ma", (Role.DEPARTMENT, DISTRICT, "dept_traffic")),
    someone("ops", (Role.OPS, DISTRICT, None)),
]


@pytest.mark.parametrize(
    ("audience", "place", "person", "unit", "told"),
    [
        ("person", GRID_7, "li", None, "li"),
        ("person", GRID_7, "gone", None, ""),
        ("workers", GRID_7, None, None, "li"),
        ("workers", GRID_8, None, None, "guo"),
        ("lead", GRID_7, "li", GRID_7, "li"),
        ("lead", GRID_7, "gone", GRID_7, "feng"),
        ("lead", GRID_7, None, "dept_urban", "deng"),
        ("lead", GRID_7, None, "dept_traffic", "ma"),
        ("lead", GRID_7, None, None, "qian"),
        ("lead", GRID_7, None, STREET, "qian"),
        ("lead", GRID_7, None, "unit_nobody", "qian"),
        ("lead_and_head", GRID_7, "li", GRID_7, "li feng"),
        ("lead_and_head", GRID_7, "feng", GRID_7, "feng"),
        ("verifiers", GRID_7, "li", GRID_7, "feng"),
        ("verifiers", GRID_7, "feng", GRID_7, "guo"),
        ("verifiers", GRID_8, "guo", None, "zhao"),
        ("street", GRID_7, None, None, "qian"),
        ("street", "210902006001001", None, None, "chen city"),
        ("district_office", GRID_7, None, None, "chen city"),
        ("unit", DISTRICT, None, COMMUNITY, "zhao"),
        ("unit", DISTRICT, None, "unit_nobody", ""),
        ("leaders_and_street", STREET, None, None, "feng guo qian"),
    ],
)
def test_whom_each_audience_tells(audience: str, place: str, person: str | None, unit: str | None, told: str) -> None:
    """The nearest who answers; the head where one was named; nobody who is stopped or gone."""
    roster = Roster(TOWN, {"dept_urban": "deng", "dept_traffic": "gone"}, DISTRICT, EIGHT)
    assert sorted(roster.told(audience, Matter("", "", place, person=person, unit=unit))) == sorted(told.split())


def test_a_notice_lies_where_its_person_works_most_closely() -> None:
    """In the smallest of his areas; in the district for whoever is the city's; nowhere for whoever reads nothing."""
    roster = Roster(TOWN, {}, DISTRICT, EIGHT)
    found = {name: roster.home(name) for name in ("li", "dong", "city", "gone", "tang", "ops")}
    assert found == {"li": GRID_7, "dong": STREET, "city": DISTRICT, "gone": None, "tang": None, "ops": None}


# -- how ----------------------------------------------------------------------------------------------


def due(n: int, code: str = "R07", *, critical: bool = False, person: str = "li") -> Due:
    """Return the n-th thing somebody is to be told."""
    subject = f"case {n}"
    return Due(
        code, "2020-07-20", f"{person}.{subject}", person, subject, GRID_7, 0, critical, f"{code} {n}", f"{code} {n}"
    )


def notice(items: list[Due], numbers: dict[str, str] | None = None) -> merging.Notice:
    """Return the notice *items* go out in."""
    return merging.notice_of(DISTRICT, items, RULES, numbers or {}, Manners(), EIGHT)


def test_few_stand_one_by_one_and_many_together() -> None:
    """Five overdue cases are five lines; twelve are one, with the first numbers; what is critical stands first."""
    few = notice([due(n) for n in range(5)])
    assert [line["about"] for line in few.fields["items"]] == [f"case {n}" for n in range(5)]
    many = [due(n) for n in range(12)]
    told = notice([*many, due(99, "R04", critical=True)], {one.subject or "": f"HZ-{one.subject}" for one in many})
    urgent, together = told.fields["items"]
    assert (urgent["about"], urgent["critical"], told.fields["critical"]) == ("case 99", True, True)
    assert together["zh"] == "【超期】HZ-case 0、HZ-case 1、HZ-case 10等12件，请打开清单逐件处理。"
    assert "about" not in together
    assert told.fields["title"] == "交办、超期（13项） Given out, Overdue (13)"


def test_a_notice_follows_from_what_goes_out_in_it() -> None:
    """In whatever order it is found it is the same notice; other matters make another."""
    items = [due(n) for n in range(3)]
    assert notice(items) == notice(items[::-1])
    assert notice(items).id != notice(items[:2]).id


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(sorted(RULES)), st.booleans()), min_size=1, max_size=120))
def test_a_notice_never_grows_beyond_its_lines_and_keeps_every_kind(kinds: list[tuple[str, bool]]) -> None:
    """However much waits, every kind has a line of its own."""
    items = [due(n, code, critical=critical) for n, (code, critical) in enumerate(kinds)]
    lines = notice(items).fields["items"]
    assert len(lines) <= MOST_ITEMS
    if len(set(kinds)) <= MOST_ITEMS:
        assert {(line["code"], line["critical"]) for line in lines} == set(kinds)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2 * 24 * 12 - 1), st.booleans()), min_size=1, max_size=20))
def test_two_days_of_arrivals(arrivals: list[tuple[int, bool]]) -> None:
    """Everything goes out once; nothing ordinary at night or within the half hour; what is critical at once."""
    habits, begun = Manners(), ms_of("2020-07-20T00:00:00+08:00")
    left = sorted((five * 5, n, critical) for n, (five, critical) in enumerate(arrivals))
    waiting: list[Due] = []
    last: int | None = None
    went: list[Due] = []
    for now in range(begun, begun + 3 * DAY_MS, 5 * MINUTE):
        while left and begun + left[0][0] * MINUTE <= now:
            _, n, critical = left.pop(0)
            waiting.append(due(n, critical=critical))
        going = merging.ready(waiting, last, habits, now)
        if any(not one.critical for one in going):
            assert not habits.quiet(now)
            assert last is None or now - last >= 30 * MINUTE or any(one.critical for one in going)
        waiting = [one for one in waiting if one not in going]
        assert not any(one.critical for one in waiting)
        went += going
        last = now if going else last
    assert sorted(one.target for one in went) == sorted(due(n).target for n in range(len(arrivals)))


@pytest.mark.parametrize(
    ("hour", "quiet"),
    [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_quiet_hours(hour: str, quiet: bool) -> None:
    """From nine in the evening until seven."""
    now = ms_of(f"2020-07-20T{hour}:00+08:00")
    assert Manners().quiet(now) is quiet
    assert Manners(quiet_from=0, quiet_to=0).quiet(now) is False


def test_the_districts_manners_lie_over_the_standard() -> None:
    """A number that cannot be meant counts as not said, and whoever says it is told."""
    assert manners.read_manners({"pushes": 5, "between_min": 0, "colour": 1, "lines": True}) == Manners(pushes=5)
    assert manners.read_manners("5") == Manners()
    assert manners.mistakes_in({"pushes": 5}) == []
    assert [len(manners.mistakes_in(said)) for said in ({"pushes": 21}, {"x": 1})] == [1, 1]


def test_steps_go_on_to_whoever_has_not_heard() -> None:
    """Unsigned: the head after an hour, the street two hours after that; the head who is the owner is passed over."""
    roster, rule = Roster(TOWN, {}, DISTRICT, EIGHT), RULES["R05"]
    matter = Matter("2020-07-20", "case 1", GRID_7, person="li", unit=GRID_7)
    assert steps.next_step_ms(rule, 0, EIGHT) == EIGHT + 60 * MINUTE
    [head] = steps.next_dues(rule, due(1, "R05"), matter, roster, {"li"})
    assert (head.person, head.step, head.target, head.zh) == ("feng", 1, "feng.case 1.1", "【未确认】R05 1")
    [street] = steps.next_dues(rule, head, matter, roster, {"li", "feng"})
    assert (street.person, street.step, street.zh) == ("qian", 2, "【未确认】R05 1")
    assert steps.next_dues(rule, street, matter, roster, {"li", "feng", "qian"}) == []
    assert steps.next_step_ms(rule, 2, EIGHT) is None
    [skipped] = steps.next_dues(rule, due(1, "R05"), matter, roster, {"li", "feng"})
    assert (skipped.person, skipped.step) == ("qian", 2)


LI = "00000000-0000-7000-8000-000000000001"
HORRIBLE = st.text(st.sampled_from('长😀\x00\x07\u200b\u3000\ud800\\"{}\n '), max_size=30).map(lambda text: text * 40)


@settings(max_examples=30)
@example([(kind, False, "长" * 600, "😀" * 800) for kind in range(12) for _ in range(5)])
@given(st.lists(st.tuples(st.integers(0, 45), st.booleans(), HORRIBLE, HORRIBLE), min_size=1, max_size=120))
def test_whatever_it_holds_a_notice_can_be_kept_and_what_it_does_not_tell_waits(
    waiting: list[tuple[int, bool, str, str]],
) -> None:
    """Texts as long as they may be, of forty kinds, of nothing but blanks: one record's worth, a line for each kind."""
    items = [
        due(n, f"R{kind:02}", critical=critical, person=LI)._replace(zh=zh, en=en)
        for n, (kind, critical, zh, en) in enumerate(waiting)
    ]
    made = notice(items, {f"case-{n}": f"HZ-2020-河北-WTYA{n:05}" for n in range(120)})
    assert NoticeSchema().validate(made.fields) == {}
    assert len(wire.canonical(made.fields)) < MAX_MUTATION_BYTES - 1_024
    kinds = {(one.critical, one.code) for one in made.items}
    assert {(line["critical"], line["code"]) for line in made.fields["items"]} == kinds
    assert [one for one in items if (one.critical, one.code) in kinds and one not in made.items] == []
    assert len(kinds) == min(MOST_ITEMS, len({(one.critical, one.code) for one in items}))


def test_what_does_not_fit_where_it_is_kept_is_known_before() -> None:
    """A subject longer than anybody meant, or a sign that no database takes."""
    good = due(1)
    assert deciding.can_be_kept(good)
    for bad in (
        good._replace(subject="s" * 41), good._replace(target="t" * 101), good._replace(zh="a\x00"),
        good._replace(period="\x00"),
    ):  # fmt: skip
        assert not deciding.can_be_kept(bad)


def test_a_message_from_a_clock_that_was_wrong_silences_nobody() -> None:
    """Sent next year, by a clock that has been put right since; another server's is a second ahead of ours."""
    assert merging.ready([due(1)], EIGHT + 365 * DAY_MS, Manners(), EIGHT) == [due(1)]
    assert merging.ready([due(1)], EIGHT + 1_000, Manners(), EIGHT) == []


def test_pushes_of_a_day() -> None:
    """Three messages a day leave the tablet for one person, and no more."""
    assert [merging.may_push(pushed, Manners()) for pushed in range(5)] == [True, True, True, False, False]


def test_the_page_says_what_the_standard_says() -> None:
    """docs/reminders.md holds each reminder's words, hours, audience and steps, and each audience and number."""
    page = (Path(__file__).parents[2] / "docs" / "reminders.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `R")}
    for one in STANDARD:
        wanted = [one.text_zh, f"`{one.audience}`", *one.at]
        wanted += [f"{step.after_min} 分钟 min → `{step.audience}`" for step in one.steps]
        assert [said for said in wanted if said not in rows[one.code]] == [], one.code
    assert [name for name in (*rules.AUDIENCES, *Manners._fields) if f"`{name}`" not in page] == []
