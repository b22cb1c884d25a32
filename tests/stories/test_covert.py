"""
A covert inspection 暗访: an inspector walks through a street that must not know of it until it is told.

Everything the street has to look with is tried before the release: its tablets' feeds, snapshots, digests,
lists, disputes, numbers, photos, tellings, and the tablet of a department of the district.
"""

import io
from typing import Any

import pytest
from PIL import Image

from schemas.checks.shop import SHOP_1
from schemas.grid import sealed_place
from schemas.ids import derived_id
from schemas.moments import day_of
from schemas.problems import Refusal
from schemas.roles import Role
from server.usecases.build_snapshots import build_snapshots
from server.usecases.mistakes import Mistake
from server.usecases.move_records import Asked, move_records
from server.usecases.release_covert import list_sealed, release, release_due
from server.usecases.verify_history import verify_history
from tests.schemas.checks_made import clean
from tests.server.office import DISTRICT, GRID_7, STREET, RawDevice, person_id
from tests.server.photographs import Porter, named
from tests.stories.town import MORNING, Town

SEALED = sealed_place(DISTRICT)
#: Whoever works for the inspected street, and a department of the district, which may be inspected as well.
STREET_SIDE = ("li", "wang", "feng", "zhao", "qian", "dong")
DAY_MS = 24 * 3600 * 1000
PILE = "沿街成堆垃圾无人清理"


def ask(town: Town, device: RawDevice, path: str) -> Any:
    """Return what an address answers a device."""
    told = {"Authorization": f"Bearer {device.token}"}
    return town.office.app.test_client().get(path, headers=told)


def photo(shade: int) -> bytes:
    """A small picture."""
    image = Image.new("RGB", (64, 48), (shade, 60, 200))
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def covert_visit(town: Town, until: str) -> tuple[str, str]:
    """Let Zhou look at a shop and at the road before it, unannounced; return the check and the case."""
    zhou, li = town.tablet("zhou"), town.tablet("li")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair", position=position())
    town.sync("li", "zhou")
    # Li was there on the same day, and found the same pile within the hour.
    li.create("shop_check", grid=GRID_7, set=check_of("li", shop.id))
    town.sync("li")
    check = zhou.create("shop_check", grid=GRID_7, set={
        **check_of("zhou", shop.id), "mode": "covert", "embargo_until": until, "inspector_role": "inspector",
    })  # fmt: skip
    case = zhou.create("case", grid=GRID_7, set=case_of("district_inspection"), embargo_until=until)
    town.sync("zhou")
    li.create("case", grid=GRID_7, set=case_of("check"))
    town.sync("li")
    return check.id, case.id


def position() -> dict[str, Any]:
    return {"lat": 42.02, "lon": 121.65, "crs": "wgs84", "accuracy_m": 5}


def check_of(who: str, shop: str) -> dict[str, Any]:
    return clean(SHOP_1, inspector_id=person_id(who), target_id=shop, observed_at=f"{day_of(MORNING)}T08:30:00+08:00")


def case_of(source: str) -> dict[str, Any]:
    return {"source": source, "problem_class": "exposed_garbage", "severity": "minor", "position": position(),
            "found_at": f"{day_of(MORNING)}T08:40:00+08:00", "description": PILE + source,
            "functional_unit": "dept_urban"}  # fmt: skip


def everything_seen(town: Town, name: str, hidden: tuple[str, ...]) -> str:
    """Return all that somebody of the street can get at, as one text."""
    device = town.office.device(name)
    told = [str(device.pull()), str(sorted(device.cursors))]
    fresh = device.post({"protocol": 1, "install": "first", "cursors": {}}).get_data(as_text=True)
    told.append(fresh)
    lists = (
        "/v1/conflicts?state=all", "/v1/quarantine", "/v1/cases?limit=200", "/v1/cases?source=district_inspection",
        "/v1/cases/counts", "/v1/photos/matches", "/v1/photos/views", "/v1/public-reports",
        f"/v1/cases?area={SEALED}", f"/v1/conflicts?area={SEALED}", "/v1/snapshots",
    )  # fmt: skip
    each = tuple(
        path.format(id=id_)
        for id_ in hidden
        for path in ("/v1/records/{id}/photos", "/v1/records/{id}/photos/pair", "/v1/cases/{id}",
                     "/v1/cases/{id}/next-acts", "/v1/public-reports/{id}/reporter")
    )  # fmt: skip
    for path in (*lists, *each, f"/v1/snapshots/{SEALED}", f"/v1/digest?feed={SEALED}&cursor=x"):
        answered = ask(town, device, path)
        assert answered.status_code < 500, path
        # What he asked for himself is told him again.
        text = answered.get_data(as_text=True)
        told.append(text.replace(SEALED, "") if SEALED in path else text)
    return "\n".join(told)


def test_nothing_leaks_before_the_release(town: Town) -> None:
    """Not one word, id, number or gap, whichever way the street and the department look."""
    town.hire("hua", "华科", Role.DEPARTMENT, DISTRICT, unit="dept_urban")
    check, case = covert_visit(town, "2020-08-01")
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert {one.id for one in list_sealed(work)} == {check, case}
        assert {work.records.get([id_])[id_].grid for id_ in (check, case)} == {SEALED}
    build_snapshots(town.office.store, town.now_ms)
    town.sync("zhou", "li")
    assert not town.disputes(), "the street's own check and case would be laid beside the covert ones"
    for name in (*STREET_SIDE, "hua"):
        seen = everything_seen(town, name, (check, case))
        for word in (check, case, SEALED, PILE + "district_inspection", "covert", "AF-2020"):
            assert word not in seen, (name, word)
    for name in ("chen", "zhou"):
        device = town.office.device(name)
        assert {check, case} <= device.pull().keys(), name
        assert ask(town, device, f"/v1/cases/{case}").status_code == 200, name


def test_the_checks_of_the_street_are_numbered_without_a_gap(town: Town) -> None:
    """A missing number would tell that somebody else had been there."""
    covert_visit(town, "2020-08-01")
    shop = next(iter(town.tablet("li").find("shop")))
    town.tablet("li").create("shop_check", grid=GRID_7, set=check_of("li", shop.id))
    town.sync("li")
    with town.office.store.work(DISTRICT, writing=False) as work:
        checks = work.records.of_types({"shop_check"})
    ours = sorted(one.fields["check_no"] for one in checks if one.grid == GRID_7)
    assert [number[-3:] for number in ours] == ["001", "002"]
    assert [one.fields["check_no"][:2] for one in checks if one.grid == SEALED] == ["AF"]


def test_nobody_of_the_street_writes_there(town: Town) -> None:
    """Neither a case of his own, nor an act on one whose id he has got hold of."""
    _, case = covert_visit(town, "2020-08-01")
    for name in STREET_SIDE:
        device = town.office.device(name)
        device.clock_ms = MORNING
        mine = derived_id("mine", name)
        told = device.push(
            device.mutation("create", "case", mine, grid=SEALED, set=case_of("check")),
            device.mutation("act", "case", case, grid=GRID_7, act={"name": "accept", "evidence": []}),
            device.mutation("patch", "case", case, grid=GRID_7, set={"description": "没有的事"}),
        )
        # What he wrote of the case waits, as for one that nobody has heard of.
        assert [outcome.outcome for outcome in told] == ["rejected", "held", "held"], (name, told)
        assert town.office.record(mine) is None


def test_the_same_picture_tells_nobody(town: Town) -> None:
    """The street's worker photographs the very pile: no match is laid before his street."""
    zhou, li = Porter(town.office.device("zhou")), Porter(town.office.device("li"))
    ids = []
    for porter, grid, source in ((zhou, SEALED, "district_inspection"), (li, GRID_7, "check")):
        porter.device.clock_ms = MORNING
        case = derived_id("pile", source)
        made = porter.device.mutation(
            "create", "case", case, grid=grid, set=case_of(source), add={"photos": [named(photo(90))]}
        )
        [outcome] = porter.device.push(made)
        assert outcome.outcome == "applied", outcome.problem
        porter.deliver(case, photo(90))
        ids.append(case)
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert work.photo_matches.of_records(ids) == []


def test_the_office_releases_it_and_the_street_is_told(town: Town) -> None:
    """A move like any other: the record lies in its grid, the street hears of it, the history holds."""
    check, case = covert_visit(town, "2020-08-01")
    town.tablet("feng")
    town.sync("feng")
    done = release(town.office.store, DISTRICT, [check], person_id("chen"), town.now_ms)
    assert [(one.record, one.fate) for one in done.told] == [(check, "moved")]
    release(town.office.store, DISTRICT, [case], None, town.now_ms)
    town.sync("feng", "zhou", "li")
    for name in ("li", "feng", "zhou"):
        assert town.tablet(name).read(case).grid == GRID_7, name
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert list_sealed(work) == []
        record = work.records.get([case])[case]
        assert (record.feed, record.fields["real_grid"]) == (STREET, GRID_7)
    told = town.office.device("qian").post({"protocol": 1, "install": "first", "cursors": {}}).get_data(as_text=True)
    assert "暗访结果公布" in told
    assert not any(found.broken for found in verify_history(town.office.store, DISTRICT))


def test_it_is_released_on_its_day_and_not_before(town: Town) -> None:
    """The daily work of the office; a second run finds nothing."""
    check, case = covert_visit(town, day_of(MORNING + DAY_MS))
    assert release_due(town.office.store, DISTRICT, MORNING).told == []
    done = release_due(town.office.store, DISTRICT, MORNING + DAY_MS)
    assert {one.record for one in done.told} == {check, case}
    assert release_due(town.office.store, DISTRICT, MORNING + DAY_MS).told == []


def test_the_inspector_goes_on_with_it_after_the_release(town: Town) -> None:
    """A remark he makes offline, before his tablet hears of the release, is not lost."""
    _, case = covert_visit(town, "2020-08-01")
    zhou = town.tablet("zhou")
    zhou.edit(case, add={"remark": ["夜间复看仍在"]})
    release(town.office.store, DISTRICT, [case], None, town.now_ms)
    town.sync("zhou")
    assert [one["text"] for one in town.on_server(case)["remark"]] == ["夜间复看仍在"]


def test_a_street_cannot_move_it_out(town: Town) -> None:
    """The street's office may move what is its own, and nothing out of the sealed place."""
    _, case = covert_visit(town, "2020-08-01")
    with pytest.raises(Mistake, match="移交"):
        move_records(town.office.store, DISTRICT, Asked(GRID_7, (case,), signer=person_id("qian")), town.now_ms)
    stands = town.office.record(case)
    assert stands is not None
    assert stands.grid == SEALED


def test_only_covert_checks_are_sealed(town: Town) -> None:
    """An ordinary check with an embargo is refused on the tablet already."""
    li = town.tablet("li")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    with pytest.raises(Refusal) as refused:
        li.create("shop_check", grid=GRID_7, set={**check_of("li", shop.id), "embargo_until": "2020-08-01"})
    assert "只有暗访可以封存" in str(refused.value.errors)
