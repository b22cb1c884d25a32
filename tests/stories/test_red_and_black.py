"""红黑榜: two streets work through a week; on Friday each sees where it stands, on Tuesday the list is signed."""

from schemas.directory import area_id
from schemas.moments import ms_of
from schemas.roles import Role
from server.core.importing.wanted import Wanted
from server.usecases.assess_units import weekly_scores
from server.usecases.at_the_desk import Desk, desk_of, operators_desk
from server.usecases.bring_in import bring_in
from server.usecases.rank_lists import object_to_ranks, settle_ranks
from server.usecases.read_ranks import RankFile, Sought, list_ranks, show_ranks
from server.usecases.replay_history import replay_history
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, STREET, person_id
from tests.stories.situations.casework import brought_to
from tests.stories.situations.play import WHOLE, Scene
from tests.stories.situations.things import check_street, make
from tests.stories.town import Town

WULONG = ELSEWHERE[:9]
HEAP = {
    "source": "check", "problem_class": "exposed_garbage", "severity": "minor", "found_at": "2020-07-20T08:30:00+08:00",
    "place_text": "和平路口",
}  # fmt: skip


def desk(town: Town, name: str) -> Desk:
    """Return somebody's own computer at the office."""
    with town.office.store.work(DISTRICT, writing=False) as work:
        [account] = [one for one in work.people.all() if one.id == person_id(name)]
        return desk_of(work, account)


def the_list(town: Town) -> RankFile:
    """Return the streets' list as an operator reads it."""
    with town.office.store.work(DISTRICT, writing=False) as work:
        [head] = list_ranks(work, operators_desk(work), Sought("week_units"), town.now_ms).lists
        return show_ranks(work, operators_desk(work), head.id, town.now_ms)


def until(town: Town, moment: str) -> int:
    """Let the clocks go on to a moment here; return it."""
    town.now_ms = ms_of(f"2020-07-{moment}:00+08:00")
    return town.now_ms


def test_a_week_in_two_streets(town: Town) -> None:
    """
    In Hebei a heap found on Monday is gone and struck off the same morning; in Wulong nobody touches one.

    On Friday evening both stand in a draft. The week over, the office opens it; Wulong's street office objects, Wang's
    tablet brings a check of Thursday, and on Tuesday evening the list is signed as it was shown.
    """
    store = town.office.store
    named = ((STREET, "河北街道"), (WULONG, "五龙街道"))
    areas = [Wanted("area", area_id(code), code, {"code": code, "name": zh, "level": "street"}) for code, zh in named]
    bring_in(store, DISTRICT, areas, town.now_ms)
    town.hire("gao", "高伟", Role.GRID_WORKER, GRID_7)
    town.hire("ma", "马强", Role.GRID_WORKER, ELSEWHERE)
    town.hire("he", "何静", Role.STREET, WULONG)
    scene = Scene(town, (), WHOLE)
    [li] = scene.tablets("li")
    road = make(scene, li, "路", "street_segment", name="中华路", kind="arterial", road_grade=2)
    until(town, "20T08:00")
    brought_to(scene, "closed")
    check_street(scene, "li", road)
    ma, he, _ = scene.tablets("ma", "he", "wang")
    heap = ma.create("case", grid=ELSEWHERE, set=HEAP).id
    scene.meet("li", "ma", "he")
    he.act(heap, "accept")
    he.act(heap, "dispatch", lead=WULONG)
    scene.meet("he")

    scene.meet("wang")
    until(town, "23T10:00")
    late = check_street(scene, "wang", road, items={"A3": 12})

    friday = until(town, "24T17:30")
    weekly_scores(store, DISTRICT, friday, friday)
    drafted = the_list(town)
    assert drafted.head.status == "draft"
    assert [(one.name, one.rank, one.mark_zh) for one in drafted.rows] == [
        ("河北街道", 1, "红榜"), ("五龙街道", 2, "黑榜"),
    ]  # fmt: skip

    until(town, "27T09:00")
    opened = settle_ranks(store, desk(town, "chen"), drafted.head.id, "open", None, None, town.now_ms)
    assert opened.head.objections_until == "2020-07-28T17:30:00+08:00"
    until(town, "27T15:00")
    objected = object_to_ranks(store, desk(town, "he"), opened.head.id, WULONG, None, "该堆已清，照片未传", town.now_ms)
    assert [one.name for one in objected.objections] == ["何静"]
    # Wang was away since Thursday, and comes back only now.
    scene.meet("wang")

    until(town, "28T17:30")
    signed = settle_ranks(store, desk(town, "chen"), opened.head.id, "sign", None, "已核对", town.now_ms)
    assert (signed.head.status, signed.rows) == ("issued", opened.rows)
    assert signed.head.list_no is not None
    assert signed.head.list_no.endswith("榜〔2020〕1号")
    scene.meet("li")
    assert li.read(signed.head.id)["list_no"] == signed.head.list_no

    friday = until(town, "31T17:30")
    weekly_scores(store, DISTRICT, friday, friday)
    with store.work(DISTRICT, writing=False) as work:
        score = work.records.get([late])[late].fields["score"]
        [following] = [one for one in list_ranks(work, operators_desk(work), Sought("week_units"), friday).lists
                       if one.first_day == "2020-07-27"]  # fmt: skip
        [told] = show_ranks(work, operators_desk(work), following.id, friday).corrections
    assert score < 1000
    assert (told.list_no, told.name, told.was) == (signed.head.list_no, "河北街道", signed.rows[0].score)
    assert told.was is not None
    assert told.now is not None
    assert float(told.now) < float(told.was)
    assert not [one for checked in replay_history(store, DISTRICT) for one in checked.differences]
