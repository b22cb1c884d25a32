"""The time allowed, and who moves it: more time, another date, a case deferred."""

from datetime import date, timedelta
from functools import partial

import pytest

from tests.server.office import person_id
from tests.stories.situations.casework import brought_to, late, step, take, way
from tests.stories.situations.play import Scene, one_end, play
from tests.stories.town import Town

_H = 3600
#: Given out at ten past eight, for four working hours.
DUE = 600 + 4 * _H


@pytest.fixture
def town(town_on_sqlite: Town) -> Town:
    """One database is enough: what arrives first decides nothing here."""
    return town_on_sqlite


def until(scene: Scene, hours: float) -> str:
    """Return the moment so many hours after the story began, as records write it."""
    now, scene.town.now_ms = scene.town.now_ms, scene.start_ms + int(hours * _H * 1000)
    try:
        return scene.moment()
    finally:
        scene.town.now_ms = now


# -- request_time_counts ----------------------------------------------------------------------------


def asked_for_more(scene: Scene, after_h: float, arrives_after_h: float) -> None:
    """Let the grid leader ask for four hours more, so many hours after the morning began, and arrive later."""
    one = brought_to(scene, "handling", "feng", "qian")
    scene.later(seconds=after_h * _H - (scene.town.now_ms - scene.start_ms) / 1000)
    take(scene, "feng", one, "ask_extension", until=until(scene, 8), reason="需要洒水车")
    scene.later(hours=arrives_after_h - after_h)
    scene.arrive()


def test_request_time_counts(town: Town) -> None:
    """Asked at noon, before it was due, it arrives after it was due: it waits for the street, and is granted."""

    def story(scene: Scene) -> None:
        asked_for_more(scene, after_h=4, arrives_after_h=20)
        [request] = scene.town.on_server(scene.id_of("问题"))["requests"]
        assert "answer" not in request
        step(scene, "qian", scene.id_of("问题"), "grant_extension")

    end = play(town, story, ("feng",))
    assert end["问题"]["due_at"] == f"+{8 * _H}s"
    [request] = end["问题"]["requests"]
    assert (request["kind"], request["answer"], request["answered_by"]) == ("extension", "granted", person_id("qian"))
    assert end["问题"]["status"] == "handling"
    assert not late(end)


def test_asked_for_after_it_was_due(town: Town) -> None:
    """Nobody is given more time for what is overdue."""
    end = play(town, partial(asked_for_more, after_h=5, arrives_after_h=6), ("feng",))
    assert late(end) == [("ask_extension", "已过整改时限，不能再申请延期")]
    assert (end["问题"].get("requests"), end["问题"]["due_at"]) == (None, f"+{DUE}s")


def test_a_request_that_was_on_its_way_for_days(town: Town) -> None:
    """More than a day after it was due, only arrival counts."""
    end = play(town, partial(asked_for_more, after_h=4, arrives_after_h=29), ("feng",))
    assert late(end) == [("ask_extension", "已过整改时限，不能再申请延期")]


def test_the_second_time_the_district_office_grants(town: Town) -> None:
    """The street gives the first four hours; the next ones are not its to give."""

    def story(scene: Scene) -> None:
        asked_for_more(scene, after_h=3, arrives_after_h=3)
        one = scene.id_of("问题")
        step(scene, "qian", one, "grant_extension")
        scene.later(minutes=5)
        step(scene, "feng", one, "ask_extension", until=until(scene, 10), reason="洒水车故障")
        step(scene, "qian", one, "grant_extension")
        step(scene, "chen", one, "grant_extension")

    end = play(town, story, ("feng",))
    assert late(end) == [("grant_extension", "第二次延期由区创卫办批准")]
    assert end["问题"]["due_at"] == f"+{10 * _H}s"
    assert [one["answer"] for one in end["问题"]["requests"]] == ["granted", "granted"]


def test_a_critical_case_is_given_no_more_time(town: Town) -> None:
    def story(scene: Scene) -> None:
        one = brought_to(scene, "handling", "feng", problem_class="lane_blocked", severity="critical")
        take(scene, "feng", one, "ask_extension", until=until(scene, 8), reason="等待拖车")
        scene.arrive()

    end = play(town, story, ("feng",))
    assert late(end) == [("ask_extension", "紧急案件不能延期")]


def test_what_was_denied_may_be_asked_for_again(town: Town) -> None:
    def story(scene: Scene) -> None:
        asked_for_more(scene, after_h=1, arrives_after_h=1)
        one = scene.id_of("问题")
        take(scene, "feng", one, "ask_extension", until=until(scene, 8), reason="再申请")
        scene.arrive()
        step(scene, "qian", one, "deny_extension", reason="一车可清")
        step(scene, "feng", one, "ask_extension", until=until(scene, 7), reason="两车未清完")

    end = play(town, story, ("feng",))
    assert late(end) == [("ask_extension", "已有待批的延期申请")]
    assert [one.get("answer") for one in end["问题"]["requests"]] == ["denied", None]
    assert end["问题"]["due_at"] == f"+{DUE}s"


# -- office_sets_due --------------------------------------------------------------------------------


def test_office_sets_due(town: Town) -> None:
    """
    The street brings the date forward while Li is away and puts it right: the new date holds, in both orders.

    What the holder knew before is kept beside it, for nobody is overdue by a date that he has not heard of.
    """

    def story(scene: Scene) -> None:
        one = brought_to(scene, "handling", "li", "qian")
        scene.later(minutes=20)
        take(scene, "qian", one, "set_due", due_at=until(scene, 1), reason="市里下午来查")
        scene.later(minutes=45)
        [li] = scene.tablets("li")
        li.edit(one, add={"remark": ["正在清运"]})
        scene.arrive()

    end = one_end(town, story, "li", "qian")
    case = end["问题"]
    assert (case["status"], case["due_at"]) == ("handling", f"+{_H}s")
    assert case["term"]["known_ms"] == DUE * 1000
    assert way(end)[-1] == "set_due"


# -- deferral ---------------------------------------------------------------------------------------


def test_deferred_looked_at_again_and_taken_up(town: Town) -> None:
    """Li's leader asks to wait for the road works; the district office defers it, defers it on, takes it up again."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "handling", "feng", "chen")
        scene.later(hours=1)
        day = scene.moment()[:10]
        step(scene, "feng", one, "ask_deferral", review_on=_later(day, 60), project="道路改造", reason="路面开挖")
        step(scene, "qian", one, "ask_deferral", review_on=_later(day, 60), reason="同上")
        step(scene, "chen", one, "grant_deferral")
        assert town.on_server(one)["status"] == "deferred"
        scene.words[_later(day, 60)] = "六十天后"
        scene.words[_later(day, 120)] = "一百二十天后"
        scene.later(days=60)
        step(scene, "chen", one, "renew_deferral", review_on=_later(day, 120), reason="工程延期")
        assert town.on_server(one)["review_on"] == _later(day, 120)
        scene.later(days=30)
        step(scene, "chen", one, "resume")

    end = play(town, story, ())
    case = end["问题"]
    assert (case["status"], case.get("review_on"), case["project"]) == ("handling", None, "道路改造")
    assert way(end)[-4:] == ["ask_deferral", "grant_deferral", "renew_deferral", "resume"]
    # Two hours and fifty-five minutes were left when it was deferred, and are left when it is taken up again.
    assert case["due_at"] == f"+{15 * 60 + _H + 90 * 86_400 + DUE - 15 * 60 - _H}s"


def test_nothing_is_deferred_beyond_ninety_days(town: Town) -> None:
    def story(scene: Scene) -> None:
        one = brought_to(scene, "handling", "feng")
        take(scene, "feng", one, "ask_deferral", review_on=_later(scene.moment()[:10], 91), reason="待开春")
        scene.arrive()

    assert late(play(town, story, ("feng",))) == [("ask_deferral", "复核日期须在90日之内")]


def _later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
