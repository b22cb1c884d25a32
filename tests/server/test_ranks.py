"""The week is scored from what stands in the office; its list is shown, objected to, signed, and never changed."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from server.commands import main, ranks
from server.core.assessing.spans import Span
from server.storage.channels import ChannelWord
from server.usecases.assess_shops import monthly_shops
from server.usecases.assess_units import week_lists, weekly_scores
from server.usecases.at_the_desk import operators_desk
from server.usecases.patrol_plan import plans
from server.usecases.read_ranks import RankCorrection, RankFile, Sought, list_ranks, show_ranks
from tests.server.clerks import Clock, good
from tests.server.office import COMMUNITY, DISTRICT, GRID_7, STREET, Office, RawDevice, open_office, person_id
from tests.server.rank_town import HOUR, OTHER_GRID, OTHER_STREET, SEALED, THIRD_STREET, RankTown, at

Acts = tuple[tuple[str, str, dict[str, Any]], ...]
WEEK = Span("2020-07-13", "2020-07-19")
FRIDAY, MONDAY, TUESDAY = at("17 17:30"), at("20 09:00"), at("21 17:30")
WHY = {"reason": "数据已核对"}


#: What is no question to the database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def clock() -> Clock:
    """The office's clock."""
    return Clock()


@pytest.fixture
def office(database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office at whose server an operator types."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    monkeypatch.setattr(ranks, "now_ms", clock)
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


@pytest.fixture
def town(office: Office) -> RankTown:
    """Two streets that work, and a third that is only on the map."""
    made = RankTown(office)
    made.name(DISTRICT, STREET, OTHER_STREET, THIRD_STREET, COMMUNITY)
    return made


@pytest.fixture
def week(town: RankTown) -> RankTown:
    """The week from the 13th on: a bad one in Hebei street, a good one in Wulong."""
    road = town.write("street_segment", GRID_7, at("01"), {"name": "中华路", "kind": "arterial", "road_grade": 1})
    town.checked(GRID_7, "14 08:00", 900, road)
    town.checked(GRID_7, "14 10:00", 950, road)
    town.checked(GRID_7, "15 08:00", 890, road, inspector_role="inspector")
    town.checked(GRID_7, "15 09:00", 1000, road)
    town.checked(GRID_7, "16 08:00", 1000, road, mode="self")
    town.checked(SEALED, "16 08:00", 100, mode="covert")
    town.case(GRID_7, "13", "14 12:00", "14 11:00", "14 15:00")
    town.case(GRID_7, "13", "15 12:00", "15 13:00", "15 15:00")
    town.case(GRID_7, "09", "10 12:00")
    town.case(GRID_7, "13", "16 12:00", status="deferred")
    town.case(GRID_7, "13", "25 12:00")
    returned: Acts = (("submit", "16 09:00", {}), ("return", "16 10:00", {"code": "not_done"}))
    town.case(GRID_7, "13", "16 12:00", "16 11:00", "17 09:00", acts=returned, return_count=1)
    town.case("dept_urban", "13", "14 12:00", place=GRID_7)
    town.case(GRID_7, "08", "28 12:00", acts=(("reopen", "15 10:00", {}),), reopen_count=1)
    town.case(GRID_7, "14 09:00", source="public", acts=(("accept", "14 10:00", {}),))
    town.case(GRID_7, "15 09:00", source="public", acts=(("accept", "15 12:00", {}),))
    town.case(GRID_7, "14", source="city")
    town.case(GRID_7, "14", source="city", status="merged")
    town.case(GRID_7, "14", source="province", place=SEALED)
    town.write(
        "cleaning_day", STREET, at("18"), {"held_on": "2020-07-18", "theme": "清理楼道", "signed_in": [person_id("li")]}
    )
    town.write("cleaning_day", STREET, at("18"), {"held_on": "2020-07-19", "theme": "无人参加"})
    town.case(OTHER_STREET, "13", "14 12:00", "14 11:00", "14 15:00")
    town.case(OTHER_STREET, "13", "15 12:00", "15 11:00", "15 15:00")
    false: Acts = (("return", "16 10:00", {"code": "false"}),)
    town.case(OTHER_STREET, "13", "28 12:00", acts=false, return_count=1)
    return town


#: 0.30 × 92.0 + 0.45 × 50 + 0.10 × 75 + 0.10 × 60 + 0.05 × 50 - (1 + 0.5) + 1, worked out on paper.
HEBEI_TENTHS = 656
#: (0.45 × 100 + 0.10 × 100) / 0.55 - 3.
WULONG_TENTHS = 970


def ask(device: RawDevice, path: str = "", body: Any = None) -> Any:
    """Ask for *path* below the address of lists (with a body: post it); return the raw response."""
    client, told = device.office.app.test_client(), {"Authorization": f"Bearer {device.token}"}
    if body is None:
        return client.get(f"/v1/rank-lists{path}", headers=told)
    told |= {"Content-Type": "application/json"}
    return client.post(f"/v1/rank-lists{path}", data=msgspec.json.encode(body), headers=told)


def code(response: Any) -> str:
    """Return the code of a refusal."""
    told: str = response.get_json()["code"]
    return told


def the(office: Office, kind: str = "week_units", group: str = DISTRICT, first: str = WEEK.first) -> str:
    """Return the id of one list."""
    with office.store.work(DISTRICT, writing=False) as work:
        page = list_ranks(work, operators_desk(work), Sought(kind, group), at("31"))
    [found] = [one.id for one in page.lists if one.first_day == first]
    return found


def shown(office: Office, id_: str, now_ms: int = TUESDAY) -> RankFile:
    """Return one list as an operator reads it."""
    with office.store.work(DISTRICT, writing=False) as work:
        return show_ranks(work, operators_desk(work), id_, now_ms)


def rows(told: RankFile) -> list[tuple[str, int | None, str | None, str | None]]:
    """Return name, rank, score and mark of each row."""
    return [(one.name, one.rank, one.score, one.mark) for one in told.rows]


def opened(office: Office, clock: Clock) -> str:
    """Draft the week on Friday, open it on Monday; return the list of streets."""
    clock.ms = FRIDAY
    weekly_scores(office.store, DISTRICT, FRIDAY, FRIDAY)
    clock.ms = MONDAY
    list_id = the(office)
    good(ask(office.device("chen"), f"/{list_id}/open", {}))
    return list_id


def issued(office: Office, clock: Clock) -> str:
    """The same, and sign it on Tuesday evening."""
    list_id = opened(office, clock)
    clock.ms = TUESDAY
    good(ask(office.device("chen"), f"/{list_id}/sign", WHY))
    return list_id


def test_a_week_is_what_it_comes_to_on_paper(week: RankTown, office: Office, clock: Clock) -> None:
    told = shown(office, opened(office, clock))
    assert rows(told) == [
        ("五龙街道", 1, "97.0", "red"), ("河北街道", 2, "65.6", "black"), ("新兴街道", None, None, None),
    ]  # fmt: skip
    wulong, hebei, _ = told.rows
    assert hebei.figures == {
        "checks": 2, "points": 1840, "due": 5, "deferred": 1, "closed": 3, "on_time": 2, "returns": 1, "submits": 4,
        "patrol_due": 5, "patrol_done": 3, "reports": 2, "answered": 1, "findings": 1, "relapses": 1,
        "cleaning_days": 1,
    }  # fmt: skip
    assert hebei.rates == {
        "closing": "75.0%",
        "on_time": "50.0%",
        "rework": "25.0%",
        "patrol": "60.0%",
        "replies": "50.0%",
    }
    with office.store.work(DISTRICT, writing=False) as work:
        planned = [plan for day in WEEK.days() for plan in plans(work, day, MONDAY).values()]
    assert (sum(one.due for one in planned), sum(one.done for one in planned)) == (5, 3)
    assert hebei.why_zh == ["整改率偏低", "得分垫底且未达标"]
    assert wulong.figures == {"due": 2, "closed": 2, "on_time": 2, "submits": 2, "falsehoods": 1}
    exact = 0.30 * 92.0 + 0.45 * 50 + 0.10 * 75 + 0.10 * 60 + 0.05 * 50 - 1.5 + 1
    assert (round(exact * 10), round((45 + 10) / 0.55 * 10 - 30)) == (HEBEI_TENTHS, WULONG_TENTHS)


@on_sqlite
def test_in_words_marks_are_words_and_nobody_is_named(week: RankTown, office: Office, clock: Clock) -> None:
    told = shown(office, opened(office, clock))
    assert told.text_zh == [
        "海州区街道周榜（2020-07-13至2020-07-19）",
        "公示（可提异议），异议截止2020-07-21 17:30；数据截至2020-07-20 09:00",
        "【红榜】第1名 五龙街道 97.0分 整改率100.0% 按期100.0% 返工0.0% 整改率达标且得分居前",
        "【黑榜】第2名 河北街道 65.6分 整改率75.0% 按期50.0% 返工25.0% 巡查60.0% 回复50.0% "
        "整改率偏低、得分垫底且未达标",
        "新兴街道 本期无应销号问题，不参加排名",
    ]
    assert told.text_en[3].startswith("[BLACK LIST] 2. 河北街道; 65.6; closing rate 75.0%; in time 50.0%")


def test_a_running_week_is_a_draft_and_becomes_a_list_when_it_is_over(
    week: RankTown, office: Office, clock: Clock
) -> None:
    """On Friday the week is drafted; on Monday it may be opened, and counts what the weekend brought."""
    clock.ms = FRIDAY
    first = weekly_scores(office.store, DISTRICT, FRIDAY, FRIDAY)
    assert weekly_scores(office.store, DISTRICT, FRIDAY, FRIDAY).drafted == first.drafted
    assert first.opened == []
    chen, list_id = office.device("chen"), the(office)
    assert "cleaning_days" in shown(office, list_id).rows[1].figures
    assert code(ask(chen, f"/{list_id}/open", {})) == "rank_period_running"
    week.checked(GRID_7, "18 08:00", 620)
    clock.ms = MONDAY
    told = good(ask(chen, f"/{list_id}/open", {}))
    assert told["rows"][1]["figures"]["checks"] == 3
    assert (told["head"]["status"], told["head"]["objections_until"]) == ("open", "2020-07-21T17:30:00+08:00")
    later = weekly_scores(office.store, DISTRICT, FRIDAY + 7 * 24 * HOUR, FRIDAY + 7 * 24 * HOUR)
    # What nobody opened in the meantime the next Friday opens.
    assert the(office, "week_communities", STREET) in later.opened
    assert list_id not in later.opened


def test_the_unit_has_a_working_day_to_object_and_the_district_alone_signs(
    week: RankTown, office: Office, clock: Clock
) -> None:
    list_id = opened(office, clock)
    chen, qian, zhao = (office.device(name) for name in ("chen", "qian", "zhao"))
    said = {"about": STREET, "text": "15日一件已按期整改，平板未同步"}
    told = good(ask(qian, f"/{list_id}/objections", said))
    assert [(one["name"], one["about"], one["text"]) for one in told["objections"]] == [("钱伟", STREET, said["text"])]
    assert told["may"] == ["object"]
    assert code(ask(qian, f"/{list_id}/objections", said | {"about": OTHER_STREET})) == "not_allowed"
    assert code(ask(zhao, f"/{list_id}/objections", said)) == "not_allowed"
    assert code(ask(qian, f"/{list_id}/objections", said | {"about": "无此单位"})) == "invalid_request"
    clock.ms = TUESDAY - 1
    assert code(ask(chen, f"/{list_id}/sign", WHY)) == "rank_objections_open"
    clock.ms = TUESDAY
    assert code(ask(qian, f"/{list_id}/objections", said)) == "rank_objections_closed"
    assert code(ask(qian, f"/{list_id}/sign", WHY)) == "not_allowed"
    signed = good(ask(chen, f"/{list_id}/sign", WHY))
    assert (signed["head"]["status"], signed["head"]["list_no"]) == ("issued", "海创卫榜〔2020〕1号")
    assert (signed["signature"]["name"], signed["signature"]["text"], signed["may"]) == ("陈红", "数据已核对", [])
    assert good(ask(chen, f"/{list_id}/sign", WHY)) == signed
    assert code(ask(chen, f"/{list_id}/withdraw", WHY)) == "rank_list_over"


def test_an_issued_list_stays_and_the_next_one_carries_the_correction(
    week: RankTown, office: Office, clock: Clock
) -> None:
    """What came late: a better check of the 16th, and a case that nobody at the office knew, put right in time."""
    list_id = issued(office, clock)
    before = shown(office, list_id)
    week.checked(GRID_7, "16 09:00", 980)
    week.case(GRID_7, "15", "17 12:00", "17 11:00", "17 15:00")
    clock.ms = at("27 09:00")
    weekly_scores(office.store, DISTRICT, at("24 17:30"), clock.ms)
    assert shown(office, list_id).rows == before.rows
    # (950 + 890 + 980) / 3 = 94.0; three of five were put right in time: 60 %.
    exact = 0.30 * 94.0 + 0.45 * 60 + 0.10 * 75 + 0.10 * 60 + 0.05 * 50 - 1.5 + 1
    told = shown(office, the(office, first="2020-07-20"))
    assert told.corrections == [
        RankCorrection("海创卫榜〔2020〕1号", WEEK.first, STREET, "河北街道", "65.6", f"{exact:.1f}")
    ]
    assert any("更正：海创卫榜〔2020〕1号中河北街道得分65.6，更正为" in line for line in told.text_zh)


@on_sqlite
def test_an_issued_list_of_units_goes_to_the_groups_that_asked(week: RankTown, office: Office, clock: Clock) -> None:
    """One group asked for lists, one for the daily digest only; neither hears who signed."""
    with office.store.work(DISTRICT) as work:
        for name, code_ in (("leaders", "ranks"), ("streets", "digest")):
            said = {"kind": "wecom", "area": DISTRICT, "codes": [code_]}
            work.channels.say(ChannelWord(name, said, "工作群", "陈红", 1))
        work.commit()
    list_id = issued(office, clock)
    with office.store.work(DISTRICT, writing=False) as work:
        assert work.deliveries.due("streets", TUESDAY + HOUR, 9) == []
        sent = work.deliveries.due("leaders", TUESDAY + HOUR, 9)
    told = "\n".join(f"{one.title}\n{one.body}" for one in sent)
    assert {one.about for one in sent} == {f"rank_list {list_id}"}
    assert "【黑榜】第2名 河北街道 65.6分" in told
    assert "海创卫榜〔2020〕1号 已签发" in told
    assert "陈红" not in told


@on_sqlite
def test_withdrawn_for_an_objection_and_drafted_anew(week: RankTown, office: Office, clock: Clock) -> None:
    list_id = opened(office, clock)
    chen = office.device("chen")
    assert code(ask(chen, f"/{list_id}/withdraw", {})) == "invalid_request"
    assert code(ask(office.device("qian"), f"/{list_id}/withdraw", WHY)) == "not_allowed"
    assert good(ask(chen, f"/{list_id}/withdraw", {"reason": "采纳异议"}))["head"]["status"] == "withdrawn"
    [anew] = good(ask(chen, "", {"kind": "week_units", "day": "2020-07-19"}))["lists"]
    assert (anew["status"], anew["id"] == list_id) == ("draft", False)
    assert good(ask(chen, f"/{anew['id']}/open", {}))["may"] == ["sign", "withdraw"]


@on_sqlite
def test_streets_draft_their_own_lists_and_read_their_own(week: RankTown, office: Office, clock: Clock) -> None:
    week.case(OTHER_GRID, "13", "14 12:00", "14 11:00", "14 15:00")
    clock.ms = MONDAY
    qian, zhou, li = (office.device(name) for name in ("qian", "zhou", "li"))
    asked = {"kind": "week_communities", "day": "2020-07-15", "group": STREET}
    assert code(ask(qian, "", {"kind": "week_units", "day": "2020-07-15"})) == "not_allowed"
    assert code(ask(qian, "", asked | {"group": OTHER_STREET})) == "not_allowed"
    assert code(ask(li, "", asked)) == "not_allowed"
    assert code(ask(qian, "", asked | {"day": "2020-07-27"})) == "rank_period_running"
    for day in ("0001-01-01", "1999-12-31", "9999-12-31", "2020-02-30"):
        assert code(ask(zhou, "", {"kind": "week_units", "day": day})) == "invalid_request"
        assert code(ask(zhou, "", {"kind": "month_shops", "day": day})) == "invalid_request"
    assert good(ask(zhou, "", {"kind": "week_units", "day": "2000-02-01"}))["lists"] == []
    [mine] = good(ask(qian, "", asked))["lists"]
    good(ask(zhou, "", {"kind": "week_communities", "day": "2020-07-15"}))
    theirs = the(office, "week_communities", OTHER_STREET)
    assert ask(qian, f"/{theirs}").status_code == 404
    assert {one["id"] for one in good(ask(qian))["lists"]} == {mine["id"]}
    assert len(good(ask(zhou))["lists"]) == 2
    assert good(ask(li, f"/{mine['id']}"))["head"]["group_name"] == "河北街道"


def test_what_is_sealed_is_in_no_figure_until_it_is_released(week: RankTown, office: Office, clock: Clock) -> None:
    with office.store.work(DISTRICT, writing=False) as work:
        drafts = week_lists(work, WEEK, MONDAY)
    told = json.dumps([list(one.rows) for one in drafts], ensure_ascii=False)
    assert SEALED not in told
    [hebei] = [row for row in drafts[0].rows if row["about"] == STREET]
    assert hebei["figures"]["findings"] == 1


def test_last_for_three_weeks_running_is_proposed_once_the_third_is_signed(
    town: RankTown, office: Office, clock: Clock
) -> None:
    """Hebei leaves a case lying for three weeks; Wulong never. Nobody is held to account by that alone."""
    town.case(GRID_7, "02", "03 12:00")
    for day in ("07", "14", "21"):
        town.case(OTHER_STREET, day, f"{day} 12:00", f"{day} 11:00", f"{day} 15:00")
    found = []
    for first in ("06", "13", "20"):
        clock.ms = at(f"{int(first) + 7:02d} 09:00")
        weekly_scores(office.store, DISTRICT, at(first), clock.ms)
        clock.ms += 3 * 24 * HOUR
        list_id = the(office, first=f"2020-07-{first}")
        good(ask(office.device("chen"), f"/{list_id}/sign", WHY))
        with office.store.work(DISTRICT, writing=False) as work:
            found.append(
                sorted(about for about, level in work.escalations.latest([STREET, OTHER_STREET]) if level == 4)
            )
            assert work.records.of_types(("commendation", "accountability")) == []
    assert found == [[], [], [STREET]]


def test_a_month_of_shops_by_sign_and_door(town: RankTown, office: Office, clock: Clock) -> None:
    """Never by who runs them. A shop that passes again is noted beside the frozen row, on the issued list too."""
    wang = town.shop("王记修车行", address="中华路12号", operator_name="王老板", operator_phone="13812345678")
    liu, zhang, sun = town.shop("刘家面馆"), town.shop("张氏五金"), town.shop("孙家超市")
    seen = [(wang, "03", 600), (wang, "20", 650), (liu, "05", 960), (liu, "21", 950), (zhang, "06", 1000)]
    for shop, day, tenths in [*seen, (zhang, "22", 1000), (sun, "07", 1000)]:
        town.visited(shop, f"{day} 09:00", tenths)
    town.case(GRID_7, "22", "23 12:00", "23 09:00", "23 10:00", target_id=zhang)
    clock.ms = at("31 23:00") + 9 * HOUR
    kept = monthly_shops(office.store, DISTRICT, clock.ms, clock.ms)
    assert kept.drafted == kept.opened
    told = shown(office, kept.opened[0], clock.ms)
    assert rows(told) == [("王记修车行", None, "62.5", "black"), ("刘家面馆", None, "95.5", "red")]
    assert "【黑榜】王记修车行 中华路12号 62.5分 多次不合格" in told.text_zh
    everything = json.dumps(office.record(kept.opened[0]).fields, ensure_ascii=False)  # type: ignore[union-attr]
    assert "王老板" not in everything
    assert "13812345678" not in everything
    chen, before = office.device("chen"), office.record(kept.opened[0])
    clock.ms += 4 * 24 * HOUR
    good(ask(chen, f"/{kept.opened[0]}/sign", WHY))
    town.write("shop_check", GRID_7, clock.ms, _passes(wang))
    after = shown(office, kept.opened[0], clock.ms)
    assert (after.rows[0].put_right_on, after.rows[0].mark) == ("2020-08-04", "black")
    assert any("已整改（2020-08-04复查合格，撤下）" in line for line in after.text_zh)
    assert before is not None
    assert office.record(kept.opened[0]).fields["rows"] == before.fields["rows"]  # type: ignore[union-attr]


def _passes(shop: str) -> dict[str, Any]:
    return {"target_id": shop, "observed_at": "2020-08-04T09:00:00+08:00", "mode": "recheck", "score": 900,
            "result": "excellent", "vetoes": [], "inspector_id": person_id("li")}  # fmt: skip


@on_sqlite
def test_a_list_longer_than_a_record_keeps_as_many_rows_as_fit(town: RankTown, office: Office, clock: Clock) -> None:
    """A hundred and fifty black shops with long signs and doors: the rest is counted, and the list is kept."""
    for n in range(150):
        shop = town.shop("长" * 60, address=f"{n:03}{'长' * 117}")
        town.visited(shop, "10", 500)
        town.visited(shop, "12", 400)
    clock.ms = at("31 10:00") + 48 * HOUR
    [made] = monthly_shops(office.store, DISTRICT, clock.ms, clock.ms).drafted
    told = shown(office, made, clock.ms)
    assert 80 < len(told.rows) < 150
    assert told.left_out == 150 - len(told.rows)


@on_sqlite
def test_one_list_that_is_refused_holds_up_no_other(week: RankTown, office: Office, clock: Clock) -> None:
    """The streets' list was withdrawn twenty times; those of communities are drafted all the same."""
    chen = office.device("chen")
    clock.ms = FRIDAY
    for _ in range(20):
        [listed] = good(ask(chen, "", {"kind": "week_units", "day": "2020-07-15"}))["lists"]
        good(ask(chen, f"/{listed['id']}/withdraw", WHY))
    assert code(ask(chen, "", {"kind": "week_units", "day": "2020-07-15"})) == "rank_list_over"
    assert len(weekly_scores(office.store, DISTRICT, FRIDAY, FRIDAY).drafted) == 2


@on_sqlite
def test_nobody_talks_everybody_else_out_of_objecting(week: RankTown, office: Office, clock: Clock) -> None:
    """Five objections of one unit, however long; the sixth is refused with a reason."""
    id_, qian = opened(office, clock), office.device("qian")
    said = {"about": STREET, "text": "😀" * 300}
    for _ in range(5):
        good(ask(qian, f"/{id_}/objections", said))
    refused = ask(qian, f"/{id_}/objections", said)
    assert (refused.status_code, code(refused)) == (400, "invalid_request")
    assert len(shown(office, id_).objections) == 5


def test_segments_grade_by_grade(town: RankTown, office: Office, clock: Clock) -> None:
    for name, grade, tenths in (("中华路", 1, 900), ("解放大街", 1, 960), ("后街", 4, 800)):
        road = town.write("street_segment", GRID_7, at("01"), {"name": name, "kind": "branch", "road_grade": grade})
        town.checked(GRID_7, "14 09:00", tenths, road)
    clock.ms = MONDAY
    weekly_scores(office.store, DISTRICT, FRIDAY, MONDAY)
    told = shown(office, the(office, "week_segments", STREET))
    assert [(one.grade, one.rank, one.name, one.score) for one in told.rows] == [
        (1, 1, "解放大街", "96.0"), (1, 2, "中华路", "90.0"), (4, 1, "后街", "80.0"),
    ]  # fmt: skip
    assert told.text_zh[-2:] == ["1级路段：平均 93.0（2）", "4级路段：平均 80.0（1）"]


@on_sqlite
def test_a_tablet_writes_no_list_and_shows_what_it_is_told(week: RankTown, office: Office, clock: Clock) -> None:
    """A list is the server's to write; whoever reads the street's records reads it."""
    list_id = opened(office, clock)
    chen = office.device("chen")
    stands = office.record(list_id)
    assert stands is not None
    [outcome] = chen.push(
        chen.mutation("patch", "rank_list", list_id, grid=DISTRICT, base=stands.version, set={"status": "issued"})
    )
    assert (outcome.outcome, (outcome.problem or {})["code"]) == ("rejected", "not_allowed")
    assert office.device("li").pull()[list_id]["fields"]["status"] == "open"


def typed(*words: str, code: int = 0) -> str:
    """Type *words*, which must end with *code*; return what was said."""
    result = CliRunner().invoke(main, ["ranks", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


@on_sqlite
def test_an_operator_drafts_and_people_object_and_sign_by_command(week: RankTown, office: Office, clock: Clock) -> None:
    clock.ms = MONDAY
    assert "共 1 份" in typed("draft", "街道周榜", "2020-07-15")
    short = the(office)[:8]
    assert "【黑榜】第2名 河北街道" in typed("show", short)
    assert "可提异议" in typed("open", short, "--as", "陈红")
    told = typed("object", short, "--about", "河北街道", "--text", "平板未同步", "--as", "钱伟")
    assert "异议 objection：河北街道 钱伟" in told
    assert "异议期到2020-07-21 17:30" in typed("sign", short, "--as", "陈红", code=1)
    clock.ms = TUESDAY
    assert "海创卫榜〔2020〕1号 已签发" in typed("sign", short, "--as", "陈红", "--reason", "已核对")
    [listed] = json.loads(typed("list", "--state", "已签发", "--json"))
    assert listed["list_no"] == "海创卫榜〔2020〕1号"
    assert "海创卫榜〔2020〕1号" in typed("show", "海创卫榜〔2020〕1号")
    assert "没有" in typed("draft", "天榜", "2020-07-15", code=2)
    assert "不是日期" in typed("draft", "街道周榜", "2020-02-31", code=2)
    assert "不是一份榜单的编号" in typed("show", "ffff0000", code=1)


@on_sqlite
def test_a_district_scores_by_other_numbers_from_now_on(week: RankTown, office: Office, clock: Clock) -> None:
    clock.ms = MONDAY
    assert "weights.checks" in typed("scheme")
    who = ("--reason", "区创卫办〔2020〕6号", "--as", "陈红")
    assert "权重合计应为 1" in typed("set-scheme", "weights.checks=0.5", *who, code=1)
    assert "没有这一项" in typed("set-scheme", "weights.luck=0.5", *who, code=1)
    assert "写明依据" in typed("set-scheme", "weights.checks=0.3", code=1)
    typed("set-scheme", "weights.checks=0.75", "weights.on_time=0", *who)
    typed("draft", "week_units", "2020-07-15")
    told = shown(office, the(office))
    exact = 0.75 * 92.0 + 0.10 * 75 + 0.10 * 60 + 0.05 * 50 - 1.5 + 1
    assert told.rows[1].score == f"{exact:.1f}"
    typed("set-scheme", "weights.checks=", "weights.on_time=", *who)
    typed("draft", "week_units", "2020-07-15")
    assert shown(office, the(office)).rows[1].score == "65.6"
