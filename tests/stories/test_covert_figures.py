"""Figures reach people whom a covert inspection 暗访 must not reach: none of them changes by one until it is told."""

from typing import Any

from schemas.grid import sealed_place
from schemas.moments import day_of
from server.usecases.campaign_progress import (
    campaign_called,
    item_readiness,
    key_place_patrols,
    model_roads,
    overview,
)
from server.usecases.coverage_gaps import coverage_gaps
from server.usecases.release_covert import release
from tests.server.office import DISTRICT, GRID_7
from tests.stories.test_covert import STREET_SIDE, ask, case_of, check_of, position
from tests.stories.town import MORNING, Town

DAY = day_of(MORNING)
SEALED = sealed_place(DISTRICT)


def furnished(town: Town) -> None:
    """A campaign with one item, a model road with a shop, and a key place that stands for that shop."""
    chen, li = town.tablet("chen"), town.tablet("li")
    campaign = chen.create(
        "campaign", grid=DISTRICT, set={"kind": "hygienic_city", "name": "创卫", "start_on": "2020-07-14"}
    )
    chen.create("standard_item", grid=DISTRICT, set={
        "campaign_id": campaign.id, "title": "hygienic_city", "edition": "现行版", "wording": "无暴露垃圾",
    }, add={"problem_classes": ["exposed_garbage"]})  # fmt: skip
    town.sync("chen", "li")
    road = li.create("street_segment", grid=GRID_7, name="和平路", kind="secondary", road_grade=2)
    town.sync("li")
    chen.sync()
    chen.edit(road.id, is_model_road=True)
    town.sync("chen", "li")


def figures(town: Town) -> dict[str, Any]:
    """Return every figure there is: what the street asks for itself, and what the office prints for it."""
    told: dict[str, Any] = {}
    for name in STREET_SIDE:
        device = town.office.device(name)
        for path in (
            "/v1/cases/counts", f"/v1/cases/figures?first={DAY}&last={DAY}",
            f"/v1/cases/figures?first={DAY}&last=2030-01-01&by=lead",
            f"/v1/cases/figures?first={DAY}&last=2030-01-01&by=street",
            "/v1/coverage", "/v1/escalations", "/v1/waiting", "/v1/instructions",
        ):  # fmt: skip
            told[f"{name} {path}"] = ask(town, device, path).json
    told["coverage"] = _coverage(town)
    return told | _campaign(town)


def _coverage(town: Town) -> Any:
    with town.office.store.work(DISTRICT, writing=False) as work:
        return coverage_gaps(work, DISTRICT, town.now_ms)


def _campaign(town: Town) -> dict[str, Any]:
    with town.office.store.work(DISTRICT, writing=False) as work:
        campaign = campaign_called(work, None)
        roads = [(one.shops, one.passed, one.stands) for one in model_roads(work, DISTRICT, DAY)]
        return {
            "overview": overview(work, campaign, DAY)._replace(campaign=campaign)[1:],
            "items": [one.open_cases for one in item_readiness(work, campaign)],
            "patrols": key_place_patrols(work, DISTRICT, DAY),
            "roads": roads,
        }


def a_covert_visit(town: Town, shop: str) -> tuple[str, str]:
    """Zhou finds the shop dirty, and the pile before it, unannounced."""
    zhou = town.tablet("zhou")
    check = zhou.create("shop_check", grid=GRID_7, set={
        **check_of("zhou", shop), "mode": "covert", "embargo_until": "2020-08-01", "inspector_role": "inspector",
    })  # fmt: skip
    case = zhou.create("case", grid=GRID_7, set=case_of("district_inspection"), embargo_until="2020-08-01")
    town.sync("zhou")
    return check.id, case.id


def test_no_figure_tells_of_a_covert_visit(town: Town) -> None:
    """Not counts, rates, gaps, escalations, readiness, patrols or model roads; after the release all of them may."""
    furnished(town)
    town.tablet("zhou")
    li = town.tablet("li")
    [road] = li.find("street_segment")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair", position=position(), segment_id=road.id)
    watched = {"name": "铁路沿线", "kind": "railway_side", "patrol_per_day": 2}
    li.create("key_place", grid=GRID_7, set=watched, add={"target_ids": [shop.id]})
    li.create("case", grid=GRID_7, set=case_of("check"))
    town.sync("li", "zhou")
    before = figures(town)
    assert before["items"] == [1]
    check, case = a_covert_visit(town, shop.id)
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert {one.grid for one in work.records.get([check, case]).values()} == {SEALED}
    after = figures(town)
    assert {name for name, told in after.items() if told != before[name]} == set()
    release(town.office.store, DISTRICT, [check, case], None, town.now_ms)
    changed = {name for name, told in figures(town).items() if told != before[name]}
    assert {"items", "patrols", "roads", "qian /v1/cases/counts"} <= changed
