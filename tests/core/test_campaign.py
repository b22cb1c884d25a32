"""What a campaign's records come to: places, cleaning days, readiness; by hand, in small numbers."""

from typing import Any

import pytest

from schemas.clock import Stamp
from schemas.gates import gate_of
from schemas.registry import TYPES
from server.core.campaign import places
from server.core.campaign.cleaning import cleaning_totals
from server.core.campaign.first_items import FIRST_ITEMS, Plan, begun
from server.core.campaign.readiness import readiness
from server.values import Origin, Record

HEBEI, WULONG = "210902005", "210902006"
GRID, GRID_WULONG = "210902005003007", "210902006001001"
DAY = "2020-07-20"


def kept(type_name: str, id_: str, grid: str = GRID, *, void: bool = False, **fields: Any) -> Record:
    """Return a record as the office holds it."""
    stamp = Stamp(1, 0, "office")
    return Record(
        type=type_name, id=id_, grid=grid, feed=grid[:9], fields=fields, origin=Origin(stamp, "chen", 5),
        at=stamp, by="chen", device="office", received_ms=1, void=void,
    )  # fmt: skip


# -- compounds and structures -------------------------------------------------------------------------


def compound(id_: str, grid: str, managed: bool, enclosed: bool, **more: Any) -> Record:
    """Return a compound."""
    return kept("compound", id_, grid, name=id_, has_property_mgmt=managed, enclosed=enclosed, **more)


def test_compounds_progress_street_by_street() -> None:
    """Managed or enclosed will do; a planned day that is over counts; what is void or merged does not."""
    found = [
        compound("a", GRID, managed=True, enclosed=False),
        compound("b", GRID, managed=False, enclosed=True),
        compound("c", GRID, managed=False, enclosed=False, plan_on="2020-07-19"),
        compound("d", GRID, managed=False, enclosed=False, plan_on=DAY),
        compound("e", GRID_WULONG, managed=True, enclosed=True),
        compound("f", GRID, managed=False, enclosed=False, merged_into="a"),
        compound("g", GRID, managed=False, enclosed=False, valid_to="2020-07-19"),
        kept("compound", "h", void=True, name="h", has_property_mgmt=False),
    ]
    hebei, wulong = places.compound_progress(found, DAY)
    assert hebei == (HEBEI, 4, 1, 1, 2, 1)
    assert hebei.rate == 0.5
    assert (wulong.street, wulong.compounds, wulong.rate) == (WULONG, 1, 1.0)
    assert places.compound_progress([], DAY) == []


def structure(id_: str, status: str, area: float = 10, **more: Any) -> Record:
    """Return an illegal structure."""
    return kept("illegal_structure", id_, name=id_, status=status, area_m2=area, **more)


def test_structures_are_counted_in_the_order_of_the_work() -> None:
    """Every state is listed; tenths of a square metre do not drift."""
    found = [structure("a", "found", 0.1), structure("b", "found", 0.2), structure("c", "demolished", 24.5)]
    counted = places.structures_by_status(found, DAY)
    assert [(one.status, one.number, one.area_m2) for one in counted] == [
        ("found", 2, 0.3), ("stopped", 0, 0), ("notice", 0, 0), ("demolished", 1, 24.5),
    ]  # fmt: skip


def test_a_structure_is_held_to_the_deadline_of_its_state() -> None:
    """The day for stopping says nothing any more of what was stopped; the day itself is not over."""
    deadlines = {"stop_by": "2020-07-17", "penalty_by": DAY, "demolish_by": "2020-07-10"}
    found = [
        structure("found", "found", deadlines=deadlines),
        structure("stopped", "stopped", deadlines=deadlines),
        structure("notice", "notice", deadlines=deadlines),
        structure("gone", "demolished", deadlines=deadlines),
        structure("open", "found"),
    ]
    late = places.overdue_structures(found, DAY)
    assert [(one.id, by) for one, by in late] == [("notice", "2020-07-10"), ("found", "2020-07-17")]
    shown = structure("shown", "demolished", photos=[{"role": "after"}])
    assert [one.id for one in places.unproven_demolitions([*found, shown])] == ["gone"]


# -- key places, stations, model roads ----------------------------------------------------------------


def check(target: str, at: str, score: int | None = None, *, void: bool = False, **more: Any) -> Record:
    """Return a check of something."""
    return kept("shop_check", f"{target} {at}", void=void, target_id=target, observed_at=at, score=score, **more)


def test_a_key_place_is_visited_as_often_as_what_is_visited_least() -> None:
    """Two segments, one looked at twice and one once, is one patrol; days are Beijing's."""
    station = kept("key_place", "station", name="铁路沿线", patrol_per_day=2, target_ids=["east", "west"])
    market = kept("key_place", "market", name="农贸市场", patrol_per_day=1, target_ids=["market"])
    bare = kept("key_place", "bare", name="城乡结合部", patrol_per_day=3)
    checks = [
        check("east", "2020-07-20T08:00:00+08:00"), check("east", "2020-07-20T15:00:00+08:00"),
        check("west", "2020-07-19T16:30:00+00:00"), check("west", "2020-07-20T16:30:00+00:00"),
        check("market", "2020-07-20T09:00:00+08:00"), check("market", "2020-07-20T10:00:00+08:00"),
        check("west", "2020-07-20T11:00:00+08:00", void=True),
    ]  # fmt: skip
    told = places.patrols([market, station, bare], checks, DAY)
    assert [(one.place.id, one.due, one.done, one.missing) for one in told] == [
        ("bare", 3, 0, 3), ("station", 2, 1, 1), ("market", 1, 2, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ({}, []), ({"licence_shown": True, "enclosed": True}, []), ({"licence_shown": False}, ["no_licence"]),
        ({"enclosed": False, "licence_shown": False}, ["no_licence", "not_enclosed"]),
        ({"clear_every_days": 2, "last_cleared_on": "2020-07-18"}, []),
        ({"clear_every_days": 2, "last_cleared_on": "2020-07-17"}, ["not_cleared"]),
        ({"clear_every_days": 2}, []), ({"last_cleared_on": "2020-01-01"}, []),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_station(said: dict[str, Any], faults: list[str]) -> None:
    """What nobody has looked at is not wrong."""
    assert places.station_faults(said, DAY) == faults


def test_a_model_road_stands_when_every_shop_passes_its_line() -> None:
    """Each shop by its last check, an inspector's score before the worker's."""
    road = kept("street_segment", "road", name="和平路", is_model_road=True)
    shops = [kept("shop", name, name=name, segment_id="road") for name in ("a", "b")]
    shops.append(kept("shop", "elsewhere", name="c", segment_id="other"))
    checks = [
        check("a", "2020-07-18T08:00:00+08:00", 700), check("a", "2020-07-19T08:00:00+08:00", 950),
        check("b", "2020-07-19T08:00:00+08:00", 950, score_revision={"score": 895}),
        check("elsewhere", "2020-07-19T08:00:00+08:00", 100), check("b", "2020-07-20T08:00:00+08:00"),
    ]  # fmt: skip
    told = places.model_road(road, shops, checks, DAY)
    assert (told.line, told.shops, told.passed, told.failed, told.score, told.stands) == (900, 2, 1, 1, 923, False)
    road.fields["pass_line"] = 850
    assert places.model_road(road, shops, checks, DAY).stands
    assert not places.model_road(road, shops, checks[:2], DAY).stands
    assert places.model_road(road, [], [], DAY).score is None


# -- the cleaning day ---------------------------------------------------------------------------------


def test_who_came_is_printed_by_the_larger_of_two_counts() -> None:
    """Three signed in, five cadres were counted: five, and it is said that some did not sign in."""
    day = {"signed_in": ["li"], "waste_t": {"t1:li": 0.3}}
    turnouts: list[dict[str, Any]] = [
        {"unit": HEBEI, "signed_in": ["li", "wang"], "cadre": {"t1:li": 2, "t2:wang": 2}, "resident": {"t1:li": 1},
         "waste_t": {"t1:li": 1.5, "t2:wang": 0.1}, "vehicles": [{"kind": "翻斗车", "number": 2}]},
        {"unit": "dept_health", "signed_in": ["sun"], "vehicles": [{"kind": "翻斗车", "number": 1}]},
        {"unit": HEBEI, "signed_in": ["wang"], "cadre": {"t3:feng": 1}, "ads_removed": {"t3:feng": 12}},
    ]  # fmt: skip
    totals = cleaning_totals(day, turnouts)
    hebei, health = totals.units
    assert (hebei.unit, hebei.heads.signed, hebei.heads.printed, hebei.heads.beyond_signed) == (HEBEI, 2, 6, True)
    assert (health.heads.printed, health.heads.beyond_signed) == (1, False)
    assert (hebei.harvest["waste_t"], hebei.harvest["ads_removed"], hebei.vehicles) == (1.6, 12, 2)
    assert (totals.heads.signed, totals.printed, totals.beyond_signed) == (3, 7, True)
    assert totals.harvest["waste_t"] == 1.9
    assert dict(totals.vehicles) == {"翻斗车": 3}


def test_a_person_who_signed_in_for_two_units_is_one() -> None:
    """And where nobody was counted, the sign-ins are the figure."""
    turnouts = [{"unit": HEBEI, "signed_in": ["li"]}, {"unit": WULONG, "signed_in": ["wang"]}]
    totals = cleaning_totals({"signed_in": ["li", "wang", "sun"]}, turnouts)
    assert (totals.printed, totals.beyond_signed) == (3, False)
    empty = cleaning_totals({}, [])
    assert (empty.printed, empty.beyond_signed, empty.harvest["waste_t"], empty.units) == (0, False, 0, ())


# -- readiness ----------------------------------------------------------------------------------------


def item(id_: str, status: str | None, **more: Any) -> Record:
    """Return a standard item."""
    return kept("standard_item", id_, theme=id_, wording="要求", problem_classes=["piling"], status=status, **more)


def test_met_is_believed_only_with_evidence_and_nothing_against_it() -> None:
    """Proof, no open problem of its kind, no unfinished task; what does not apply is ready."""
    items = [item("a", "met", evidence=["x"]), item("b", "met"), item("c", None), item("d", "not_applicable"),
             item("e", "met", photos=[{"role": "after"}])]  # fmt: skip
    tasks = [
        kept("campaign_task", "t", status="under_way", standard_items=["e"]),
        kept("campaign_task", "u", status="done", standard_items=["a"]),
        kept("campaign_task", "v", void=True, standard_items=["a"]),
    ]
    told = {one.item.id: one for one in readiness(items, tasks, {"small_ads": 4})}
    assert {name: one.ready for name, one in told.items()} == {
        "a": True, "b": False, "c": False, "d": True, "e": False,
    }  # fmt: skip
    assert told["b"].doubts == ("no_evidence",)
    assert told["e"].doubts == ("unfinished_tasks",)
    assert told["c"].status == "not_met"
    assert readiness(items[:1], [], {"piling": 2})[0].doubts == ("open_cases",)
    assert [one.ready for one in readiness(items, tasks, {})] == [False, False, False, True, True]


def test_a_campaign_begins_with_the_six_disorders() -> None:
    """Every one is a record the office may keep; the same plan typed again is the same campaign."""
    plan = Plan("创卫百日会战", "hygienic_city", "2020-07-14", None, None, None, "2014")
    wanted = list(begun("210902", plan))
    assert [one.type for one in wanted] == ["campaign"] + ["standard_item"] * len(FIRST_ITEMS)
    assert [one.fields["theme"] for one in wanted[1:]] == [
        "乱搭乱建", "乱堆乱摆", "乱停乱放", "乱贴乱画", "乱扔乱倒", "卫生死角",
    ]  # fmt: skip
    for one in wanted:
        gate = gate_of(TYPES[one.type])
        assert gate.fits_create(one.fields)
        assert all(gate.elements[name].fits_each(list(elements)) for name, elements in one.sets.items())
    assert [one.id for one in begun("210902", plan)] == [one.id for one in wanted]
    assert len({one.id for one in wanted}) == len(wanted)
