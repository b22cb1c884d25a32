"""Two people settle one dispute, having looked at the same version: the rules settle between them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.server.clerks import (
    SECOND,
    SHOP,
    Clerk,
    Clock,
    clerk,
    code,
    dispute_over_the_name,
    fields,
    good,
    register,
    rename,
    rows,
    second_community,
    two_cases,
    two_shops,
    version,
)
from tests.server.office import Office, open_office


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(database_url: str, clock: Clock) -> Iterator[Office]:
    """An office whose clock stands still."""
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


def both_look(office: Office, one: str, other: str) -> tuple[tuple[Clerk, Any], tuple[Clerk, Any]]:
    """Let two clerks open the dispute over the name, each with what he sees."""
    dispute_over_the_name(office)
    first, second = clerk(office, one), clerk(office, other)
    return (first, first.only()), (second, second.only())


def test_two_of_one_rank_leave_it_open_with_both(office: Office) -> None:
    """Whoever comes second is told that it is open again, and both values stand."""
    second_community(office)
    (zhao, seen), (hu, also_seen) = both_look(office, "zhao", "hu")
    zhao.settle(seen, "choose", candidate=1)
    answer = hu.settle(also_seen, "hand", value="王师傅修车")
    assert (answer["outcome"], answer["conflict"]["open"], answer["conflict"]["settled"]) == ("conflict", True, None)
    [decision] = answer["decisions"]
    assert (decision["reason"], decision["outcome"]) == ("a_person_decides", "open")
    assert {one["value"] for one in zhao.only()["candidates"]} == {"老王汽修", "王师傅修车"}
    assert fields(office)["name"] == "老王汽修"  # the older of the two is shown
    zhao.settle(zhao.only(), "choose", value="王师傅修车")
    assert (fields(office)["name"], zhao.list()) == ("王师傅修车", [])


@pytest.mark.parametrize("first", ["zhao", "qian"])
def test_the_higher_rank_prevails_whoever_came_first(office: Office, first: str) -> None:
    """The street's word stands in both orders; the community's becomes a suggestion, and nothing is hidden."""
    (zhao, seen), (qian, also_seen) = both_look(office, "zhao", "qian")
    settling = {"zhao": (zhao, seen, "王记修车行"), "qian": (qian, also_seen, "老王汽修")}
    for who in (first, next(name for name in settling if name != first)):
        desk, item, name = settling[who]
        answer = desk.settle(item, "choose", value=name)
    assert fields(office)["name"] == "老王汽修"
    [decision] = answer["decisions"]
    assert decision["reason"] == "higher_rank"
    assert answer["conflict"]["settled"]["name"] == "钱伟"
    [suggestion] = qian.list()
    assert (suggestion["kind"], [one["value"] for one in suggestion["candidates"]].count("王记修车行")) == (
        "suggestion",
        1,
    )


def test_two_who_agree_need_no_third(office: Office) -> None:
    """The same value from both is no contest; the first is the one who settled it."""
    (zhao, seen), (qian, also_seen) = both_look(office, "zhao", "qian")
    zhao.settle(seen, "choose", candidate=1)
    answer = qian.settle(also_seen, "choose", candidate=1)
    assert (answer["decisions"], answer["conflict"]["open"]) == ([], False)
    assert (fields(office)["name"], qian.list()) == ("老王汽修", [])


def test_whoever_looks_afterwards_is_told_who_settled_it(office: Office) -> None:
    """He saw that it was settled, so his is no race: he opens it again, or lets it be."""
    (zhao, seen), (qian, _) = both_look(office, "zhao", "qian")
    zhao.settle(seen, "choose", candidate=1)
    item = qian.only("?state=settled")
    before = rows(office)
    refused = qian.try_to_settle(item, "choose", candidate=0)
    assert (refused.status_code, code(refused)) == (409, "conflict_settled")
    assert "赵敏" in refused.get_json()["message_zh"]
    assert "reopen" in refused.get_json()["next_zh"]
    assert code(qian.try_to_settle(item, "choose", candidate=0, version=...)) == "conflict_settled"
    assert rows(office) == before


def test_an_answer_that_was_lost_is_given_again(office: Office) -> None:
    """Settled once, however often it is asked: one row of the history, one remark."""
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    first = zhao.settle(item, "both")
    before = rows(office)
    for version_ in (item["version"], ..., version(office)):
        again = zhao.settle(item, "both", version=version_)
        assert {name: again[name] for name in ("outcome", "version", "decisions")} == {
            name: first[name] for name in ("outcome", "version", "decisions")
        }
    assert rows(office) == before


def test_a_lost_answer_to_what_did_not_stand_is_given_again_too(office: Office) -> None:
    """Asked again as it was, the outvoted does not slip in as somebody who has seen everything."""
    second_community(office)
    (zhao, seen), (hu, also_seen) = both_look(office, "zhao", "hu")
    zhao.settle(seen, "choose", candidate=1)
    first = hu.settle(also_seen, "hand", value="王师傅修车")
    before = rows(office)
    again = hu.settle(also_seen, "hand", value="王师傅修车")
    assert (again["outcome"], again["version"], again["decisions"]) == (
        "conflict",
        first["version"],
        first["decisions"],
    )
    assert rows(office) == before
    # Having seen it as it is now, he may decide.
    assert not hu.settle(hu.only(), "hand", value="王师傅修车")["conflict"]["open"]


def test_a_list_that_changed_is_not_chosen_from_by_place(office: Office) -> None:
    """Meanwhile Li took his name back for a third one: place 0 is another value than the one seen there."""
    li, _ = dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    assert item["candidates"][0]["value"] == "王记修车行"
    li.push(li.mutation("patch", "shop", SHOP, base=item["version"], set={"name": "王师傅修车"}))
    assert zhao.only()["candidates"][0]["value"] == "老王汽修"
    before = rows(office)
    refused = zhao.try_to_settle(item, "choose", candidate=0)
    assert (refused.status_code, code(refused)) == (409, "conflict_changed")
    assert code(zhao.try_to_settle(item, "choose", candidate=0, value="王记修车行", version=...)) == "conflict_changed"
    assert rows(office) == before
    assert not zhao.settle(item, "choose", value="老王汽修")["conflict"]["open"]


def test_keeping_what_is_not_shown_any_more_keeps_nothing(office: Office) -> None:
    register(office, "qian")
    rename(office, "王记修车行", "li", version(office))
    qian, zhao = clerk(office, "qian"), clerk(office, "zhao")
    seen = zhao.only()
    qian.settle(qian.only(), "hand", value="王师傅修车")
    assert code(zhao.try_to_settle(seen, "keep")) == "conflict_settled"
    assert fields(office)["name"] == "王师傅修车"


@pytest.mark.parametrize("first", ["merge", "distinct"])
def test_joined_by_one_and_told_apart_by_another(office: Office, first: str) -> None:
    """The street outweighs the community in both orders, and stands as the one who settled it."""
    two_shops(office)
    zhao, qian = clerk(office, "zhao"), clerk(office, "qian")
    seen = {"distinct": (zhao, zhao.only()), "merge": (qian, qian.only())}
    for choice in (first, next(other for other in seen if other != first)):
        desk, item = seen[choice]
        desk.settle(item, choice)
    ending = qian.only("?state=settled&kind=duplicate")["settled"]
    assert (ending["name"], ending["choice"]) == ("钱伟", "merge")
    assert (fields(office, SECOND)["merged_into"], fields(office, SHOP).get("merged_into")) == (SHOP, None)


def test_a_case_joined_meanwhile_is_not_told_apart(office: Office) -> None:
    two_cases(office)
    zhao, qian = clerk(office, "zhao"), clerk(office, "qian")
    seen, also_seen = zhao.only(), qian.only()
    zhao.settle(seen, "merge")
    assert code(qian.try_to_settle(also_seen, "distinct")) == "conflict_settled"


@pytest.mark.parametrize("twice", ["the same", "different"])
def test_really_at_once(office: Office, twice: str) -> None:
    """Two computers ask in the same moment: one settles it, the other is answered by the rules, nothing breaks."""
    second_community(office)
    (zhao, seen), (hu, also_seen) = both_look(office, "zhao", "hu")
    start = Barrier(2)

    def settle(desk: Clerk, item: Any, value: str) -> Any:
        start.wait()
        return good(desk.try_to_settle(item, "hand", value=value))

    names = ("王师傅修车", "王师傅修车" if twice == "the same" else "王家修车")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(settle, (zhao, hu), (seen, also_seen), names))
    assert len({answer["version"] for answer in answers}) == 2
    if twice == "the same":
        assert [answer["decisions"] for answer in answers] == [[], []]
        assert zhao.list() == []
    else:
        assert sorted(answer["outcome"] for answer in answers).count("conflict") == 1
        assert {one["value"] for one in zhao.only()["candidates"]} == set(names)


def test_one_request_sent_twice_at_once_settles_once(office: Office) -> None:
    """An impatient hand presses the key twice."""
    dispute_over_the_name(office)
    zhao = clerk(office, "zhao")
    item = zhao.only()
    before, start = rows(office), Barrier(2)

    def settle(_: int) -> Any:
        start.wait()
        return good(zhao.try_to_settle(item, "both"))

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(settle, range(2))
    assert (one["version"], one["outcome"]) == (other["version"], other["outcome"])
    assert rows(office) == (before[0] + 1, before[1])
    assert len(fields(office)["remark"]) == 1
