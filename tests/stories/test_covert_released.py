"""After its release a covert finding 暗访 is held against the street's own, as one that has just arrived."""

from typing import Any

from schemas.ids import derived_id
from server.usecases.move_records import Asked, move_records
from server.usecases.release_covert import release
from server.usecases.verify_history import verify_history
from tests.server.office import DISTRICT, GRID_7
from tests.server.photographs import Porter, named
from tests.stories.test_covert import SEALED, case_of, covert_visit, photo
from tests.stories.town import MORNING, Town


def test_a_likely_duplicate_is_laid_before_the_street(town: Town) -> None:
    """The street had found the same pile within the hour: it decides, as ever; a second release asks nothing more."""
    _, case = covert_visit(town, "2020-08-01")
    [own] = [one.id for one in town.tablet("li").find("case") if one.id != case]
    assert not town.disputes()
    release(town.office.store, DISTRICT, [case], None, town.now_ms)
    [pair] = town.disputes()
    assert (pair.kind, {pair.record, pair.field}) == ("duplicate", {case, own})
    assert pair.grid == GRID_7
    qian = town.office.device("qian")
    told = {"Authorization": f"Bearer {qian.token}"}
    answered: Any = town.office.app.test_client().get("/v1/conflicts", headers=told).json
    assert [one["kind"] for one in answered["conflicts"]] == ["duplicate"]
    assert not any(found.broken for found in verify_history(town.office.store, DISTRICT))


def test_also_where_it_is_moved_out_by_hand(town: Town) -> None:
    """``records move`` is a release as well; a case that was voided meanwhile is nobody's duplicate."""
    _, case = covert_visit(town, "2020-08-01")
    [own] = [one.id for one in town.tablet("li").find("case") if one.id != case]
    town.tablet("chen")
    town.sync("chen")
    town.tablet("chen").void(own, "登错了")
    town.sync("chen")
    stands = town.office.record(own)
    assert stands is not None
    assert stands.void
    move_records(town.office.store, DISTRICT, Asked(GRID_7, (case,)), town.now_ms)
    assert not town.disputes()


def test_the_same_picture_is_told_of_after_the_release(town: Town) -> None:
    """The street's worker had photographed the very pile."""
    zhou, li = Porter(town.office.device("zhou")), Porter(town.office.device("li"))
    ids = []
    for porter, grid, source in ((zhou, SEALED, "district_inspection"), (li, GRID_7, "check")):
        porter.device.clock_ms = MORNING
        case = derived_id("pile", source)
        said = case_of(source) | ({"embargo_until": "2020-08-01", "real_grid": GRID_7} if grid == SEALED else {})
        made = porter.device.mutation("create", "case", case, grid=grid, set=said, add={"photos": [named(photo(90))]})
        [outcome] = porter.device.push(made)
        assert outcome.outcome == "applied", outcome.problem
        porter.deliver(case, photo(90))
        ids.append(case)
    release(town.office.store, DISTRICT, ids[:1], None, town.now_ms)
    with town.office.store.work(DISTRICT, writing=False) as work:
        [match] = work.photo_matches.of_records(ids)
    assert {match.record, match.other_record} == set(ids)
