"""Numbers people use are given without gaps, once, and told again as often as anybody asks."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.directory import area_id
from schemas.ids import derived_id
from schemas.numbers import number_of
from server.commands import main
from server.core.importing.wanted import Wanted
from server.core.numbering import mark_of
from server.storage.store import Store
from server.usecases.begin_epoch import begin_epoch
from server.usecases.bring_in import bring_in
from server.usecases.file_disputes import Filing
from server.usecases.manage_calendar import Said
from server.usecases.manage_numbers import find_numbered, series_of, set_letters
from server.usecases.mistakes import Mistake
from server.usecases.move_records import Asked, move_records
from server.usecases.replay_history import replay_history
from server.usecases.verify_history import verify_history
from tests.benchmarks.checks import SHOP_ITEMS
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, PEOPLE, STREET, Office, RawDevice, person_id
from tests.server.quarantine_desk import desk

NOON = 1_594_796_400_000
FOUND = "2020-07-15T15:00:00+08:00"
PROBLEM = {"source": "self", "problem_class": "exposed_garbage", "severity": "minor", "found_at": FOUND}


@pytest.fixture(autouse=True)
def whole(office: Office) -> Iterator[None]:
    """Whatever happens: no gap, no number twice, and every record follows from its history."""
    streets = {STREET: "河北街道", ELSEWHERE[:9]: "五龙街道"}
    named = [
        Wanted("area", area_id(place), DISTRICT, {"code": place, "name": name, "level": "street"})
        for place, name in streets.items()
    ]
    assert {filed.fate for filed in bring_in(office.store, DISTRICT, named, NOON)} == {"new"}
    yield
    assert all(feed.broken is None for feed in verify_history(office.store, DISTRICT))
    assert [one for one in replay_history(office.store, DISTRICT) if one.differences] == []
    no_gaps(office.store)


def no_gaps(store: Store) -> None:
    """Make sure that what records are called is, in each series, 1 to the last number given."""
    numbers = numbers_in(store)
    assert len(set(numbers.values())) == len(numbers)
    for series, last, mark in series_of(store, DISTRICT)[1]:
        before, _, after = series.partition("#")
        counted = [n[len(before + mark) : len(n) - len(after)] for n in numbers.values() if n.startswith(before + mark)]
        assert sorted(int(n) for n in counted if n.isdecimal()) == list(range(1, last + 1)), series


def numbers_in(store: Store) -> dict[str, str]:
    """Return the number of every record that has one, by id."""
    with store.work(DISTRICT, writing=False) as work:
        records = work.records.of_types(("case", "shop_check", "order"))
    called = {one.id: number_of(one.type, one.grid, one.born, one.fields) for one in records}
    return {record: number for record, number in called.items() if number}


def case(device: RawDevice, name: str, place: str = GRID_7, **fields: Any) -> bytes:
    """Return the report of a problem."""
    return device.mutation("create", "case", derived_id("case", name), grid=place, set=PROBLEM | fields)


def check(device: RawDevice, name: str, place: str = GRID_7, found_m2: float = 0, **fields: Any) -> bytes:
    """Return a check of a shop with so much waste in front of it; from some on it opens a case."""
    items = dict.fromkeys(SHOP_ITEMS, 0) | {"H5": None, "O1": False, "G1": None, "G2": None, "G3": None}
    said = {
        "form_version": "shop-1", "has_green": False, "category": "repair", "inspector_id": person_id(device.who),
        "inspector_role": PEOPLE[device.who][1], "target_id": derived_id("shop"), "mode": "routine",
        "items": items | {"H4": found_m2}, "observed_at": FOUND, "no_fix_reason": "no_signal",
    }  # fmt: skip
    return device.mutation("create", "shop_check", derived_id("check", name), grid=place, set=said | fields)


def called(office: Office, name: str, kind: str = "case") -> str | None:
    """Return the number of a record."""
    record = office.record(derived_id(kind, name))
    assert record is not None
    return number_of(record.type, record.grid, record.born, record.fields)


def test_each_street_counts_its_cases_and_the_district_its_checks(office: Office) -> None:
    chen = office.device("zhou")
    told = chen.push(
        case(chen, "a"), case(chen, "b", ELSEWHERE), check(chen, "c"), case(chen, "d"), check(chen, "e", ELSEWHERE),
        case(chen, "f", DISTRICT), case(chen, "g", found_at="2019-12-31T23:00:00+08:00"),
        chen.mutation("patch", "case", derived_id("case", "a"), base=1, set={"place_text": "门口"}),
    )  # fmt: skip
    assert [outcome.no for outcome in told] == [
        "HZ-2020-河北-00001", "HZ-2020-五龙-00001", "XC-20200715-000001", "HZ-2020-河北-00002", "XC-20200715-000002",
        "HZ-2020-本级-00001", "HZ-2019-河北-00001", None,
    ]  # fmt: skip
    assert called(office, "d") == "HZ-2020-河北-00002"


def test_an_order_is_numbered_by_its_kind(office: Office) -> None:
    """海创卫督〔2020〕1号: each kind counts for itself."""
    chen = office.device("chen")
    paper = {"to_unit": STREET, "text": "限期整改", "issued_on": "2020-07-15", "reply_due": "2020-07-20"}
    kinds = ("supervision", "supervision", "assignment")
    told = chen.push(
        *(
            chen.mutation("create", "order", derived_id("order", str(n)), grid=DISTRICT, set=paper | {"kind": kind})
            for n, kind in enumerate(kinds)
        )
    )
    assert [outcome.no for outcome in told] == ["海创卫督〔2020〕1号", "海创卫督〔2020〕2号", "海创卫交〔2020〕1号"]


def test_a_case_that_a_check_opens_comes_down_with_its_number(office: Office) -> None:
    li = office.device("li")
    [told] = li.push(check(li, "a", found_m2=3))
    assert told.no == "XC-20200715-000001"
    shown = {one["type"]: one["fields"] for one in li.pull().values()}
    assert shown["case"]["case_no"] == "HZ-2020-河北-00001"
    wang = office.device("wang")
    assert {"XC-20200715-000001"} == {f["fields"].get("check_no") for f in wang.pull().values()} - {None}


def test_a_lost_answer_is_given_once_more(office: Office) -> None:
    """The same push again, whole, in pieces and years later: the same numbers, and none is used up."""
    li = office.device("li")
    raws = [case(li, "a"), check(li, "b"), case(li, "c")]
    first = [outcome.no for outcome in li.push(*raws)]
    assert [outcome.no for outcome in li.push(*raws)] == first
    assert (
        [li.push(raw)[0].no for raw in raws]
        == first
        == ["HZ-2020-河北-00001", "XC-20200715-000001", "HZ-2020-河北-00002"]
    )
    [fresh] = li.push(case(li, "d"))
    assert fresh.no == "HZ-2020-河北-00003"


def test_what_is_refused_uses_no_number_up(office: Office) -> None:
    """Neither one by itself nor a group that falls as a whole."""
    li = office.device("li")
    bad = case(li, "bad", problem_class="no such thing")
    group = {"group": [li.n + 1, 2]}
    one = li.mutation("create", "case", derived_id("case", "x"), set=PROBLEM, **group)
    other = li.mutation("create", "case", derived_id("case", "y"), set=PROBLEM | {"severity": "no"}, **group)
    told = li.push(bad, one, other, case(li, "good"))
    assert [outcome.outcome for outcome in told] == ["rejected", "rejected", "rejected", "applied"]
    assert [outcome.no for outcome in told] == [None, None, None, "HZ-2020-河北-00001"]


def test_what_is_voided_and_what_is_moved_keep_their_numbers(office: Office) -> None:
    li, chen = office.device("li"), office.device("chen")
    li.push(case(li, "a"), case(li, "b"))
    [gone] = chen.push(chen.mutation("void", "case", derived_id("case", "a")))
    assert (gone.outcome, gone.no) == ("merged", None)
    [moved] = move_records(office.store, DISTRICT, Asked(ELSEWHERE[:9], (derived_id("case", "b"),)), NOON)
    assert moved.fate == "moved"
    [told] = chen.push(case(chen, "c"))
    assert (called(office, "a"), called(office, "b"), told.no) == tuple(f"HZ-2020-河北-0000{n}" for n in (1, 2, 3))
    found = office.record(derived_id("case", "a"))
    assert found is not None
    assert found.void
    [held] = find_numbered(office.store, DISTRICT, "hz-2020-河北-1")
    assert (held.id, held.void) == (derived_id("case", "a"), True)


def test_what_is_let_in_later_is_numbered_then(office: Office) -> None:
    li, wang = office.device("li"), office.device("wang")
    office.stop("li", 50_000)
    assert [outcome.no for outcome in li.push(case(li, "a"))] == [None]
    wang.push(case(wang, "b"))
    feng = desk(office, "feng")
    [waiting] = feng.list()
    feng.readmit(waiting["id"])
    assert called(office, "a") == "HZ-2020-河北-00002"


def test_letters_are_the_districts_own(office: Office) -> None:
    li = office.device("li")
    li.push(case(li, "a"))
    with pytest.raises(Mistake, match="大写字母"):
        set_letters(office.store, DISTRICT, Said("更名", "", NOON), "hz", None)
    with pytest.raises(Mistake, match="依据"):
        set_letters(office.store, DISTRICT, Said("", "", NOON), "HZQ", None)
    set_letters(office.store, DISTRICT, Said("与市局代码一致", "陈红", NOON), "HZQ", None)
    [told] = li.push(case(li, "b"))
    assert (called(office, "a"), told.no) == ("HZ-2020-河北-00001", "HZQ-2020-河北-00001")
    assert series_of(office.store, DISTRICT)[0] == ("HZQ", "海创卫")


# -- two at once --------------------------------------------------------------------------------------


def many(device: RawDevice, turn: int, streets: tuple[str, str]) -> list[bytes]:
    """Return what somebody sends in one go: cases and checks here and there."""
    return [
        made
        for n in range(6)
        for made in (
            case(device, f"{device.id} {turn} {n}", streets[n % 2]),
            check(device, f"{device.id} {turn} {n}", streets[n % 2], found_m2=3 * (n % 2)),
        )
    ]


def test_two_workers_at_once_leave_no_gap(office: Office) -> None:
    """Of the streets each begins with the other one; nobody waits in a ring, and every push is taken."""
    chen, zhou = office.device("zhou"), office.device("zhou", "chen")
    mine = [many(chen, turn, (GRID_7, ELSEWHERE)) for turn in range(8)]
    others = [many(zhou, turn, (ELSEWHERE, GRID_7)) for turn in range(8)]
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(lambda device, pushes: [o for raws in pushes for o in device.push(*raws)], device, pushes)
            for device, pushes in ((chen, mine), (zhou, others))
        ]
        told = [outcome for one in both for outcome in one.result()]
    assert {outcome.outcome for outcome in told} <= {"applied", "merged"}
    given = [outcome.no for outcome in told]
    assert len(set(given)) == len(given) == 8 * 2 * 12
    last = {one.series: one.last for one in series_of(office.store, DISTRICT)[1]}
    assert last["XC-20200715-#"] == 8 * 2 * 6


def test_a_crash_gives_the_numbers_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Power fails between the taking of numbers and the commit: the next one gets them."""
    li = office.device("li")

    def struck(self: Filing) -> None:
        raise KeyboardInterrupt

    raw = case(li, "a")
    with monkeypatch.context() as patched:
        patched.setattr(Filing, "file", struck)
        with pytest.raises(KeyboardInterrupt):
            li.push(raw)
    wang = office.device("wang")
    [first] = wang.push(case(wang, "b"))
    [second] = li.push(raw)
    assert (first.no, second.no) == ("HZ-2020-河北-00001", "HZ-2020-河北-00002")


# -- restorations -------------------------------------------------------------------------------------


def test_after_a_restoration_numbers_are_marked_and_records_have_theirs_again(office: Office) -> None:
    """
    What was given after the backup was read by people: no other record gets it, its own gets it back.

    A number that somebody still has here, that of another series, and one that came back already are nobody's again.
    """
    li, wang = office.device("li"), office.device("wang")
    li.push(case(li, "a"), case(li, "b"))
    began = NOON + 3600_000
    begin_epoch(office.store, DISTRICT, "restored", began)
    mark = mark_of(began)
    [told] = wang.push(case(wang, "new"))
    assert told.no == f"HZ-2020-河北-{mark}00001"
    had = {
        derived_id("case", "back"): "HZ-2020-河北-00003", derived_id("case", "twice"): "HZ-2020-河北-00003",
        derived_id("case", "taken"): "HZ-2020-河北-00002", derived_id("case", "alien"): "HZ-2020-五龙-00009",
        derived_id("case", "nobody"): "HZ-2020-河北-00044",
    }  # fmt: skip
    names = ("back", "twice", "taken", "alien")
    again = [outcome.no for outcome in li.push(*(case(li, name) for name in names), had=had)]
    assert sorted(str(no) for no in again) == [
        "HZ-2020-河北-00003", *(f"HZ-2020-河北-{mark}0000{n}" for n in (2, 3, 4)),
    ]  # fmt: skip
    assert "HZ-2020-河北-00003" in again[:2]


def test_without_a_loss_nobody_names_his_own_number(office: Office) -> None:
    li = office.device("li")
    [told] = li.push(case(li, "a"), had={derived_id("case", "a"): "HZ-2020-河北-00777"})
    assert told.no == "HZ-2020-河北-00001"
    assert li.post({"protocol": 1, "install": "first", "had": {"x": "y" * 41}}).status_code == 400


def test_a_day_after_the_restoration_needs_no_mark(office: Office) -> None:
    li = office.device("li")
    li.push(check(li, "a"))
    begin_epoch(office.store, DISTRICT, "restored", NOON)
    tomorrow = "2020-07-16T08:00:00+08:00"
    told = li.push(check(li, "b"), check(li, "c", observed_at=tomorrow))
    assert [outcome.no for outcome in told] == [f"XC-20200715-{mark_of(NOON)}000001", "XC-20200716-000001"]


def test_an_operator_finds_a_record_by_its_number(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """``numbers list``, ``find`` and ``letters``; a number that nobody has ends with 1 and a sentence."""
    li = office.device("li")
    li.push(case(li, "a"), check(li, "b"))
    url = office.store.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", url)

    def typed(*words: str) -> Result:
        return CliRunner().invoke(main, ["numbers", *words])

    listed = json.loads(typed("list", "--json").output)
    assert {one["series"]: one["last"] for one in listed} == {"HZ-2020-河北-#": 1, "XC-20200715-#": 1}
    assert derived_id("check", "b") in typed("find", "xc-20200715-1").output
    assert typed("find", "XC-20200715-000009").exit_code == 1
    assert "HZQ" in typed("letters", "--cases", "HZQ", "--reason", "更名").output
    assert typed("letters", "--cases", "HZQ").exit_code == 1
