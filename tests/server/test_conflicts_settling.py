"""Every kind of dispute, settled in every way it may be: what is written, who is told, and how it is taken back."""

from typing import Any

import pytest

from tests.server.clerks import (
    CASE,
    CHECK,
    HOUR,
    MINUTE,
    MORNING,
    OTHER_CASE,
    OTHER_CHECK,
    SECOND,
    SHOP,
    Clerk,
    Clock,
    check,
    clerk,
    code,
    dispute_over_the_name,
    fields,
    register,
    rename,
    rows,
    two_cases,
    two_shops,
    version,
)
from tests.server.office import Office, RawDevice, open_office, person_id


@pytest.fixture
def office(database_url: str) -> Any:
    """An office on the morning of 18 July 2020."""
    opened = open_office(database_url, Clock())
    yield opened
    opened.store.engine.dispose()


def told(tablet: RawDevice) -> list[Any]:
    """Return what a tablet is told with its next page."""
    body = {"protocol": 1, "install": tablet.install, "cursors": tablet.cursors}
    pages = tablet.post(body).get_json()["feeds"].values()
    return [one for page in pages for one in page.get("told", [])]


# -- a person must choose -----------------------------------------------------------------------------


def test_one_of_two_names_is_chosen(office: Office) -> None:
    """The shop carries it, the list is empty, and both authors hear of it on their tablets."""
    li, wang = dispute_over_the_name(office)
    li.pull(), wang.pull()
    zhao = clerk(office, "zhao")
    item = zhao.only()
    assert [(one["value"], one["name"], one["shown"]) for one in item["candidates"]] == [
        ("王记修车行", "李明", True),
        ("老王汽修", "王芳", False),
    ]
    settled = zhao.settle(item, "choose", candidate=1, reason="看了牌匾")
    assert (settled["outcome"], settled["conflict"]["open"]) == ("applied", False)
    assert fields(office)["name"] == "老王汽修"
    assert zhao.list() == []
    ending = zhao.only("?state=settled")["settled"]
    assert (ending["name"], ending["choice_zh"], ending["reason"]) == ("赵敏", "选用其一", "看了牌匾")
    for tablet in (li, wang):
        [telling] = told(tablet)
        assert (telling["rule"], telling["reason"], telling["conflict"]) == ("settled", "choose", item["id"])
        assert "赵敏" in telling["zh"]
    assert li.pull()[SHOP]["fields"]["name"] == "老王汽修"


def test_the_desk_s_own_tablet_gets_what_was_settled_too(office: Office) -> None:
    """The same device may sync: its own store did not write this."""
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    zhao.device.pull()
    zhao.settle(zhao.only(), "hand", value="王师傅修车")
    assert zhao.device.pull()[SHOP]["fields"]["name"] == "王师傅修车"


def test_a_third_name_is_written_by_hand(office: Office) -> None:
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    zhao.settle(zhao.only(), "hand", value="王师傅修车")
    assert (fields(office)["name"], zhao.list()) == ("王师傅修车", [])


def test_both_names_stay(office: Office) -> None:
    """The one shown stays, the other becomes a remark signed by whoever settled it."""
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    zhao.settle(zhao.only(), "both")
    assert fields(office)["name"] == "王记修车行"
    [remark] = fields(office)["remark"]
    assert remark["by"] == person_id("zhao")
    assert "老王汽修" in remark["text"]
    assert "王芳" in remark["text"]


def test_settling_is_an_ordinary_row_of_the_history(office: Office) -> None:
    """Under the caller's device and the install of the desk, numbered without gaps, and nothing in quarantine."""
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    zhao.settle(item, "choose", candidate=1)
    zhao.reopen(item)
    assert [(install, n) for install, n, _ in office.taken(zhao.device.id)] == [("desk", 1), ("desk", 2)]
    assert office.refused(zhao.device.id) == []


# -- a suggestion -------------------------------------------------------------------------------------


def test_a_suggestion_is_accepted(office: Office) -> None:
    """By the street itself, whose word stands; there is only one, so it need not be named."""
    register(office, "qian")
    rename(office, "王记修车行", "li", version(office))
    qian = clerk(office, "qian")
    item = qian.only()
    assert (item["kind"], [one["choice"] for one in item["choices"]]) == ("suggestion", ["accept", "keep", "hand"])
    qian.settle(item, "accept")
    assert (fields(office)["name"], qian.list()) == ("王记修车行", [])


@pytest.mark.parametrize("who", ["feng", "zhao", "qian"])
def test_what_is_shown_is_kept(office: Office, who: str) -> None:
    """Also by a grid leader, whose own word about the name would not outweigh the street's."""
    register(office, "qian")
    rename(office, "王记修车行", "li", version(office))
    desk = clerk(office, who)
    desk.settle(desk.only(), "keep")
    assert (fields(office)["name"], desk.list()) == ("老王修车", [])


def test_a_suggestion_accepted_by_too_low_a_rank_stays_one(office: Office) -> None:
    """Nobody offers it to him; he is told the truth when he tries all the same."""
    register(office, "qian")
    rename(office, "王记修车行", "li", version(office))
    feng = clerk(office, "feng")
    item = feng.only()
    assert "accept" not in [one["choice"] for one in item["choices"]]
    settled = feng.settle(item, "accept")
    [decision] = settled["decisions"]
    assert (settled["outcome"], decision["outcome"], decision["reason"]) == ("merged", "set_aside", "higher_rank")
    assert (settled["conflict"]["open"], fields(office)["name"]) == (True, "老王修车")


def test_of_two_suggestions_one_is_named(office: Office) -> None:
    register(office, "qian")
    base = version(office)
    rename(office, "王记修车行", "li", base)
    rename(office, "老王汽修", "wang", base, MORNING + MINUTE)
    qian = clerk(office, "qian")
    item = qian.only()
    assert code(qian.try_to_settle(item, "accept")) == "invalid_request"
    qian.settle(item, "accept", value="老王汽修")
    assert fields(office)["name"] == "老王汽修"


@pytest.mark.parametrize(("choice", "state"), [("accept", "open"), ("keep", "closed")])
def test_a_shop_seen_open_is_opened_or_stays_shut(office: Office, choice: str, state: str) -> None:
    """The street closed it, Li found it open afterwards; the register is the street's to correct."""
    register(office, "qian", status="closed")
    check(office, "li", CHECK, open_now=True)
    qian = clerk(office, "qian")
    item = qian.only()
    assert (item["kind"], item["label_zh"], item["rule"]) == ("suggestion", "状态", "observation_beats_status")
    settled = qian.settle(item, choice)
    assert (fields(office)["status"], settled["conflict"]["open"]) == (state, False)
    assert settled["conflict"]["settled"]["choice"] == choice


# -- pairs --------------------------------------------------------------------------------------------


def test_two_entries_are_joined(office: Office) -> None:
    """The entry made first stays; a check of the other one goes with it."""
    two_shops(office)
    check(office, "li", CHECK, target_id=SECOND)
    zhao = clerk(office, "zhao")
    item = zhao.only("?kind=duplicate")
    shown = zhao.show(item["id"])
    assert shown["pair"]["stays"] == SHOP
    assert {one["about"]["id"] for one in shown["pair"]["records"]} == {SHOP, SECOND}
    assert 5 < shown["pair"]["apart_m"] < 7
    zhao.settle(item, "merge")
    assert fields(office, SECOND)["merged_into"] == SHOP
    assert "merged_into" not in fields(office, SHOP)
    assert (fields(office, CHECK)["target_id"], fields(office, CHECK)["original_target_id"]) == (SHOP, SECOND)


def test_the_clerk_says_which_entry_stays(office: Office) -> None:
    two_shops(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    assert code(zhao.try_to_settle(item, "merge", into=CHECK)) == "invalid_request"
    zhao.settle(item, "merge", into=SECOND)
    assert fields(office, SHOP)["merged_into"] == SECOND
    assert zhao.only("?state=settled")["settled"]["choice"] == "merge"


def test_two_entries_are_told_apart_for_good(office: Office) -> None:
    """A later change of the name does not bring the pair back."""
    two_shops(office)
    zhao = clerk(office, "zhao")
    zhao.settle(zhao.only(), "distinct")
    assert fields(office, SECOND)["distinct_from"] == [SHOP]
    rename(office, "老王修车店", "zhao", version(office), MORNING + HOUR)
    assert zhao.list() == []


def test_what_was_joined_by_mistake_is_taken_apart(office: Office) -> None:
    """Opened again and told apart: the check goes back to the shop it was made at."""
    two_shops(office)
    check(office, "li", CHECK, target_id=SECOND)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    zhao.settle(item, "merge")
    assert fields(office, CHECK)["target_id"] == SHOP
    opened = zhao.reopen(item, reason="是两家")["conflict"]
    assert (opened["open"], [one["choice"] for one in opened["choices"]]) == (True, ["merge", "distinct"])
    zhao.settle(opened, "distinct")
    assert (fields(office, SECOND)["merged_into"], fields(office, SECOND)["distinct_from"]) == (None, [SHOP])
    assert fields(office, CHECK)["target_id"] == SECOND
    assert zhao.list() == []


def test_a_lower_rank_does_not_take_apart_what_a_higher_one_joined(office: Office) -> None:
    """Else everybody would be told that there are two, while the one still stands for the other."""
    two_shops(office)
    qian, zhao = clerk(office, "qian"), clerk(office, "zhao")
    qian.settle(qian.only(), "merge")
    [joined] = qian.list("?state=settled")
    qian.reopen(joined)
    before = rows(office)
    refused = zhao.try_to_settle(zhao.only(), "distinct")
    assert code(refused) == "not_allowed"
    assert "位阶更高" in refused.get_json()["message_zh"]
    assert (rows(office), zhao.only()["open"], fields(office, SECOND)["merged_into"]) == (before, True, SHOP)
    qian.settle(qian.only(), "distinct")
    assert not fields(office, SECOND).get("merged_into")


def test_two_cases_become_one(office: Office) -> None:
    """The one found first is the main case; who reported the other stands in it."""
    two_cases(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    assert zhao.show(item["id"])["pair"]["stays"] == OTHER_CASE
    settled = zhao.settle(item, "merge", reason="同一堆")
    assert (fields(office, CASE)["status"], fields(office, CASE)["merged_into"]) == ("merged", OTHER_CASE)
    assert fields(office, OTHER_CASE)["reporters"] == [person_id("li")]
    assert settled["conflict"]["settled"]["choice"] == "merge"


def test_cases_once_joined_are_not_taken_apart(office: Office) -> None:
    """A joined case has come to its end: nobody is offered what the workflow cannot do."""
    two_cases(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    settled = zhao.settle(item, "merge")
    assert settled["conflict"]["choices"] == []
    before = rows(office)
    assert code(zhao.ask(f"/{item['id']}/reopen", {})) == "invalid_request"
    assert code(zhao.try_to_settle(item, "distinct")) == "conflict_settled"
    assert rows(office) == before


def test_two_cases_are_told_apart(office: Office) -> None:
    two_cases(office)
    zhao = clerk(office, "zhao")
    zhao.settle(zhao.only(), "distinct")
    assert [fields(office, one)["status"] for one in (CASE, OTHER_CASE)] == ["reported", "reported"]
    assert zhao.list() == []


# -- to be seen ---------------------------------------------------------------------------------------


def test_two_checks_of_one_day_are_seen(office: Office) -> None:
    """The grid leader sees which figure counts, and whose it is; both checks stay as they were."""
    register(office)
    check(office, "li", CHECK, MORNING)
    check(office, "wang", OTHER_CHECK, MORNING + HOUR)
    feng = clerk(office, "feng")
    item = feng.only()
    assert (item["kind"], item["kind_zh"]) == ("notice", "待阅")
    counts = feng.show(item["id"])["counts"]
    assert (counts["day"], counts["figure"], counts["name"]) == ("2020-07-18", 1000, "王芳")
    before = [fields(office, one) for one in (CHECK, OTHER_CHECK)]
    settled = feng.settle(item, "seen")
    assert (settled["outcome"] in ("applied", "merged"), feng.list()) == (True, [])
    assert [fields(office, one) for one in (CHECK, OTHER_CHECK)] == before


def test_a_notice_is_put_before_people_again(office: Office) -> None:
    register(office)
    check(office, "li", CHECK, MORNING)
    check(office, "wang", OTHER_CHECK, MORNING + HOUR)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    zhao.settle(item, "seen")
    assert zhao.reopen(item)["conflict"]["open"]
    assert zhao.only()["id"] == item["id"]


# -- again --------------------------------------------------------------------------------------------


def test_what_was_set_aside_comes_back(office: Office) -> None:
    """Weeks later somebody finds that the other name was right: opened again, chosen, shown."""
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    zhao.settle(item, "choose", candidate=0)
    opened = zhao.reopen(item, reason="业主来电")
    assert (opened["conflict"]["open"], fields(office)["name"]) == (True, "王记修车行")
    assert [one["value"] for one in opened["conflict"]["candidates"]] == ["王记修车行", "老王汽修"]
    zhao.settle(opened["conflict"], "choose", candidate=1)
    assert (fields(office)["name"], zhao.list()) == ("老王汽修", [])


def test_what_a_rule_set_aside_comes_back(office: Office) -> None:
    """Two door numbers, the later one stood; nobody had to decide, but somebody may."""
    register(office, "li")
    base = version(office)
    rename(office, "甲 5 号", "li", base, field_="door_no")
    rename(office, "甲 6 号", "wang", base, MORNING + MINUTE, field_="door_no")
    zhao = clerk(office, "zhao")
    assert zhao.list() == []
    item = zhao.only("?state=all")
    assert (item["kind"], item["settled"], item["open"]) == ("decided", None, False)
    assert code(zhao.try_to_settle(item, "choose", value="甲 5 号")) == "conflict_settled"
    opened = zhao.reopen(item)["conflict"]
    assert sorted(one["value"] for one in opened["candidates"]) == ["甲 5 号", "甲 6 号"]
    zhao.settle(opened, "choose", value="甲 5 号")
    assert (fields(office)["door_no"], zhao.list()) == ("甲 5 号", [])


def test_a_value_written_by_hand_is_among_the_candidates_afterwards(office: Office) -> None:
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    zhao.settle(item, "hand", value="王师傅修车")
    opened = zhao.reopen(item)["conflict"]
    assert [(one["value"], one["shown"]) for one in opened["candidates"]][-1] == ("王师傅修车", True)


def test_what_is_open_is_not_opened_twice(office: Office) -> None:
    """Nothing is written; the answer to a lost answer is the same."""
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    zhao.settle(item, "choose", candidate=0)
    first = zhao.reopen(item)
    before = rows(office)
    again = zhao.reopen(item)
    assert (again["outcome"], again["conflict"]["open"], rows(office)) == ("noop", True, before)
    assert again["version"] == first["version"]


def test_whoever_may_not_settle_may_not_open_again(office: Office) -> None:
    """A grid leader keeps what is shown, but what was settled the community opens."""
    register(office, "qian")
    rename(office, "王记修车行", "li", version(office))
    feng = clerk(office, "feng")
    item = feng.only()
    feng.settle(item, "keep")
    assert code(feng.ask(f"/{item['id']}/reopen", {})) == "not_allowed"
    assert Clerk(office.device("zhao")).reopen(item)["conflict"]["open"]
