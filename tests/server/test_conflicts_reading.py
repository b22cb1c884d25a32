"""What a clerk sees on the list, and behind one item of it."""

from collections.abc import Iterator

import pytest

from schemas.ids import derived_id
from tests.server.clerks import (
    DAY,
    HOUR,
    MINUTE,
    MORNING,
    SECOND,
    SHOP,
    Clock,
    clerk,
    code,
    dispute_over_the_name,
    good,
    register,
    rename,
    shop,
    two_shops,
    version,
)
from tests.server.office import COMMUNITY, DISTRICT, ELSEWHERE, GRID_7, GRID_8, STREET, Office, open_office, person_id


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(database_url: str, clock: Clock) -> Iterator[Office]:
    """An office whose clock a test turns."""
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


#: Whose desk shows the dispute over a name in grid 7, and what he may do about it.
SEEN = {
    "li": [],
    "wang": [],
    "feng": [],
    "zhao": ["choose", "hand", "both"],
    "qian": ["choose", "hand", "both"],
    "chen": ["choose", "hand", "both"],
    "dong": [],
    "zhou": [],
    "lu": [],
    "sun": None,
    "wu": None,
}


def test_who_sees_what(office: Office) -> None:
    """Whoever works there or above; not the next grid, and operations sees nothing at all."""
    dispute_over_the_name(office)
    for who, choices in SEEN.items():
        desk = clerk(office, who)
        listed = [[one["choice"] for one in item["choices"]] for item in desk.list()]
        assert listed == ([] if choices is None else [choices]), who


def test_what_one_may_not_see_is_not_there(office: Office) -> None:
    """The next grid's worker is told the same of it as of an id that nobody ever gave."""
    dispute_over_the_name(office)
    conflict = clerk(office, "zhao").only()["id"]
    for who in ("sun", "wu"):
        desk = clerk(office, who)
        for path, body in ((f"/{conflict}", None), (f"/{conflict}/settle", {"choice": "hand", "value": "x"}),
                           (f"/{conflict}/reopen", {})):  # fmt: skip
            hidden, unknown = desk.ask(path, body), desk.ask(path.replace(conflict, SECOND), body)
            assert hidden.status_code == unknown.status_code == 404
            assert hidden.get_json() == unknown.get_json()


def test_a_shared_computer_shows_who_may_do_it(office: Office) -> None:
    """Li and Zhao share one; Zhao alone may settle, and must be named."""
    dispute_over_the_name(office)
    shared = clerk(office, "li", "zhao")
    item = shared.only()
    assert {tuple(one["people"]) for one in item["choices"]} == {(person_id("zhao"),)}
    assert code(shared.try_to_settle(item, "choose", candidate=0)) == "invalid_request"
    assert code(shared.try_to_settle(item, "choose", candidate=0, person=person_id("li"))) == "not_allowed"
    assert code(shared.try_to_settle(item, "choose", candidate=0, person=person_id("qian"))) == "not_admitted_person"
    shared.settle(item, "choose", candidate=0, person=person_id("zhao"))


def test_who_moved_away_sees_it_no_more(office: Office, clock: Clock) -> None:
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    assert zhao.list()
    office.end_grants("zhao", clock.ms)
    assert zhao.list() == []


AREAS = {
    "zhao": {None: 1, COMMUNITY: 1, GRID_7: 1, GRID_8: 0, STREET: 1, DISTRICT: 1, "2109": 1, ELSEWHERE: "outside_area"},
    "qian": {None: 1, STREET: 1, GRID_7: 1, ELSEWHERE: "outside_area", "210903": "outside_area"},
    "wu": {None: 0, DISTRICT: "outside_area"},
}


@pytest.mark.parametrize("who", AREAS)
def test_an_area_is_a_part_of_ones_own(office: Office, who: str) -> None:
    """A wider one means the part of it that one sees; one without any such part is refused by name."""
    dispute_over_the_name(office)
    desk = clerk(office, who)
    for area, expected in AREAS[who].items():
        answer = desk.ask("" if area is None else f"?area={area}")
        told = code(answer) if isinstance(expected, str) else len(good(answer)["conflicts"])
        assert told == expected, area


def a_street_full(office: Office, clock: Clock, count: int = 5) -> None:
    """Let *count* shops' names be in dispute, one opened every hour."""
    li, wang = office.device("li"), office.device("wang")
    for number in range(count):
        clock.ms = MORNING + number * HOUR
        li.clock_ms = wang.clock_ms = clock.ms
        id_ = derived_id("shop", str(number))
        [made] = li.push(li.mutation("create", "shop", id_, set=shop(f"第{number}家"), at=[MORNING - 2 * DAY, number]))
        li.push(li.mutation("patch", "shop", id_, base=made.version, set={"name": f"甲{number}"}))
        wang.push(wang.mutation("patch", "shop", id_, base=made.version, set={"name": f"乙{number}"}))


def test_the_longest_waiting_come_first_page_by_page(office: Office, clock: Clock) -> None:
    a_street_full(office, clock)
    zhao = clerk(office, "zhao")
    seen, after = [], ""
    for _ in range(3):
        page = good(zhao.ask(f"?limit=2{after}"))
        seen += [item["opened_ms"] for item in page["conflicts"]]
        after = f"&after={page['after']}"
    assert (seen, page["after"]) == ([MORNING + n * HOUR for n in range(5)], None)
    assert [item["age_h"] for item in zhao.list()] == [4.0, 3.0, 2.0, 1.0, 0.0]


def test_the_list_is_narrowed(office: Office, clock: Clock) -> None:
    """By kind, type, person, age and state; what was settled moves from one list to the other."""
    a_street_full(office, clock)
    zhao = clerk(office, "zhao")
    counts = {
        "": 5, "?kind=person": 5, "?kind=notice": 0, "?kind=notice&kind=person": 5, "?type=shop": 5, "?type=case": 0,
        f"?person={person_id('li')}": 5, f"?person={person_id('qian')}": 0, "?older_than_h=0": 4, "?older_than_h=2": 2,
        "?state=settled": 0, "?state=all": 5,
    }  # fmt: skip
    assert {asked: len(zhao.list(asked)) for asked in counts} == counts
    zhao.settle(zhao.list()[0], "choose", candidate=0)
    assert {state: len(zhao.list(f"?state={state}")) for state in ("open", "settled", "all")} == {
        "open": 4, "settled": 1, "all": 5,
    }  # fmt: skip


# -- behind one item ----------------------------------------------------------------------------------


def test_everything_about_a_dispute(office: Office) -> None:
    """What stood there before, each side with what else it changed, the record, and the whole history in words."""
    register(office, "li")
    base = version(office)
    rename(office, "王记修车行", "li", base)
    wang = office.device("wang")
    wang.clock_ms = MORNING + MINUTE
    changes = {"name": "老王汽修", "door_no": "甲 5 号"}
    wang.push(wang.mutation("patch", "shop", SHOP, base=base, set=changes, add={"remark": ["换了牌匾"]}))
    zhao = clerk(office, "zhao")
    told = zhao.show(zhao.only()["id"])
    assert told["conflict"] == zhao.only()
    assert (told["base"]["value"], told["base"]["version"]) == ("老王修车", base)
    li_says, wang_says = told["sides"]
    assert (li_says["name"], li_says["role_zh"], li_says["also_zh"]) == ("李明", "网格员", [])
    assert wang_says["device"] == wang.id
    assert wang_says["also_zh"] == ["门牌号：甲 5 号", "备注：增加“换了牌匾”"]
    assert [(line["name"], line["op_zh"], line["outcome_zh"]) for line in told["history"]] == [
        ("李明", "新建", "已采用"),
        ("李明", "修改", "已采用"),
        ("王芳", "修改", "待裁定"),
    ]
    assert told["history"][1]["changes_zh"] == ["店名（牌匾）：王记修车行"]
    [decision] = told["history"][2]["decisions"]
    assert "王芳" in decision["zh"]
    words = {one["label_zh"]: one["words_zh"] for one in told["record"]["words"]}
    assert (words["类别"], words["门牌号"]) == ("修理", "甲 5 号")
    assert told["record"]["fields"]["name"] == "王记修车行"


def test_a_name_given_with_the_entry_itself_had_none_before(office: Office) -> None:
    """Registered yesterday evening, renamed this morning: the first side is the creation."""
    register(office, "li", at_ms=MORNING - 12 * HOUR)
    rename(office, "老王汽修", "wang", 0)
    zhao = clerk(office, "zhao")
    told = zhao.show(zhao.only()["id"])
    assert told["base"] is None
    assert [side["name"] for side in told["sides"]] == ["李明", "王芳"]


def test_the_settlement_stands_in_the_history(office: Office) -> None:
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    zhao.settle(item, "choose", candidate=1)
    last = zhao.show(item["id"])["history"][-1]
    assert (last["name"], last["role_zh"]) == ("赵敏", "社区")
    assert last["changes_zh"] == ["店名（牌匾）：老王汽修", "裁定：选用其一"]


def test_the_other_half_of_a_pair_may_lie_out_of_sight(office: Office) -> None:
    """Sun sees his own grid's shop in full; of the one beyond the border what it is called, and no more."""
    place = {"lat": 42.0, "lon": 121.6, "crs": "wgs84", "accuracy_m": 5}
    register(office, "li", min(SHOP, SECOND), position=place, owner_name="王五")
    sun = office.device("sun")
    sun.clock_ms = MORNING - DAY
    id_ = max(SHOP, SECOND)
    sun.push(sun.mutation("create", "shop", id_, grid=GRID_8, set=shop("老王修车", position=place)))
    desk = clerk(office, "sun")
    told = desk.show(desk.only()["id"])
    own, beyond = told["pair"]["records"]
    assert (own["fields"]["name"], beyond["about"]["name"]) == ("老王修车", "老王修车")
    assert (beyond["fields"], beyond["words"]) == (None, [])
    assert {line["record"] for line in told["history"]} == {id_}
    assert "王五" not in desk.ask(f"/{desk.only()['id']}").get_data(as_text=True)


def test_a_pair_is_shown_side_by_side(office: Office) -> None:
    two_shops(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    assert (item["record"]["id"], item["other"]["id"], item["candidates"]) == (SECOND, SHOP, [])
    told = zhao.show(item["id"])
    assert [one["about"]["id"] for one in told["pair"]["records"]] == [SECOND, SHOP]
    assert {line["record"] for line in told["history"]} == {SECOND, SHOP}


def test_the_times_are_those_of_the_office(office: Office) -> None:
    dispute_over_the_name(office)
    item = clerk(office, "zhao").only()
    assert (item["opened_at"], item["opened_ms"]) == ("2020-07-18T08:00:00+08:00", MORNING)


def test_an_office_number_tells_records_apart(office: Office) -> None:
    register(office, "li", code="S-0042")
    rename(office, "老王汽修", "wang", 0, MORNING - 2 * DAY)
    assert clerk(office, "zhao").only()["record"]["number"] == "S-0042"
