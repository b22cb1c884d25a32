"""A campaign in the field: people without signal plan, finish, sign in, count and answer; the office has one truth."""

from typing import Any

from schemas import progress
from schemas.activities import missing_photos
from schemas.moments import ms_of
from schemas.roles import Role
from server.core.campaign.cleaning import cleaning_totals
from sync_client.client import FieldClient
from tests.pictures import jpeg
from tests.server.office import DISTRICT, GRID_7, GRID_8, STREET, person_id
from tests.stories.ground import grid_of, move, moved, nothing_is_broken
from tests.stories.town import Town, same_bytes


def same_everywhere(town: Town, record: str, *names: str) -> dict[str, Any]:
    """Let everybody sync twice, make sure that all show what the office holds, and return that."""
    town.sync(*names)
    town.sync(*names)
    held = town.on_server(record)
    for name in names:
        assert not town.tablets[name].outbox().attention, name
        assert same_bytes(town.tablets[name].read(record).fields) == same_bytes(held), name
    return held


def campaign_of(town: Town) -> str:
    """Let the district's office begin the campaign; everybody hears of it."""
    said = {"kind": "hygienic_city", "name": "创卫百日会战", "start_on": "2020-07-14"}
    made = town.tablet("chen").create("campaign", grid=DISTRICT, set=said)
    town.sync("chen")
    return made.id


def task_of(town: Town, campaign: str, **more: Any) -> str:
    """Let the district's office give the street a task for the 20th."""
    said = {"campaign_id": campaign, "unit": STREET, "what": "清理背街小巷", "due_on": "2020-07-20"}
    return town.tablet("chen").create("campaign_task", grid=STREET, set=said | more).id


def test_three_people_clean_on_two_tablets(town: Town) -> None:
    """Sun signs in with Li and with Wang: three came. Each counts his own cart, and no heap is lost or doubled."""
    feng, li, wang = town.tablet("feng"), town.tablet("li"), town.tablet("wang")
    day = feng.create("cleaning_day", grid=GRID_7, held_on="2020-07-18", theme="清理楼道", add={"spots": ["东门"]})
    turnout = feng.create("turnout", grid=GRID_7, activity_id=day.id, unit="210902005003")
    town.sync("feng", "li", "wang")
    town.pass_time(60)
    li.edit(turnout.id, add={"signed_in": [person_id("li"), person_id("sun")]}, share={"waste_t": 1.5, "worker": 2})
    wang.edit(turnout.id, add={"signed_in": [person_id("wang"), person_id("sun")]}, share={"waste_t": 0.3, "worker": 1})
    li.attach(day.id, jpeg("the east gate before"), item="东门", role="before")
    wang.attach(day.id, jpeg("the east gate after"), item="东门", role="after")
    assert [one["role"] for one in missing_photos(li.read(day.id).fields)] == ["after"]
    found = wang.create(
        "case",
        grid=GRID_7,
        source="self",
        problem_class="piling",
        severity="minor",
        found_at="2020-07-18T09:00:00+08:00",
    )
    wang.edit(day.id, add={"problems_found": [found.id]})
    town.sync("wang", "li")
    li.edit(turnout.id, share={"resident": 4})
    held = same_everywhere(town, day.id, "feng", "li", "wang")
    brought = same_everywhere(town, turnout.id, "feng", "li", "wang")
    assert missing_photos(held) == []
    assert held["problems_found"] == [found.id]
    totals = cleaning_totals(held, [brought])
    assert (totals.heads.signed, totals.printed, totals.beyond_signed) == (3, 7, True)
    assert totals.harvest["waste_t"] == 1.8
    assert not town.disputes()
    nothing_is_broken(town)


def test_a_timetable_written_by_two(town: Town) -> None:
    """Different steps are all kept; of one step written twice the earlier date stands, and once done it is done."""
    town.hire("gao", "高峰", Role.STREET, STREET)
    qian, gao = town.tablet("qian"), town.tablet("gao")
    task = task_of(town, campaign_of(town))
    town.sync("chen", "qian", "gao")
    town.pass_time(60)
    qian.edit(task, add={"steps": [{"name": "动员", "due_on": "2020-07-15"}, {"name": "清理", "due_on": "2020-07-18"}]})
    gao.edit(task, add={"steps": [{"name": "清理", "due_on": "2020-07-17"}, {"name": "验收", "due_on": "2020-07-20"}]})
    held = same_everywhere(town, task, "qian", "gao")
    assert {step["name"]: step["due_on"] for step in held["steps"]} == {
        "动员": "2020-07-15", "清理": "2020-07-17", "验收": "2020-07-20",
    }  # fmt: skip
    town.pass_time(60)
    qian.edit(task, add={"steps": [{"name": "清理", "due_on": "2020-07-17", "done_on": "2020-07-17"}]})
    gao.edit(task, add={"steps": [{"name": "清理", "due_on": "2020-07-16"}]})
    held = same_everywhere(town, task, "gao", "qian")
    assert [step["name"] for step in progress.late_steps(held, "2020-07-18")] == ["动员"]
    assert not town.disputes()
    nothing_is_broken(town)


def test_finished_while_the_office_moved_the_date(town: Town) -> None:
    """The street's progress and the office's date are two words, and both hold; the street moves no date itself."""
    chen, qian = town.tablet("chen"), town.tablet("qian")
    task = task_of(town, campaign_of(town))
    town.sync("chen", "qian")
    town.pass_time(60)
    chen.edit(task, due_on="2020-07-25")
    qian.edit(task, status="done", done_on="2020-07-18", result="全部清理完毕")
    held = same_everywhere(town, task, "qian", "chen")
    assert (held["status"], held["due_on"]) == ("done", "2020-07-25")
    assert progress.standing(held, "2020-08-30") == "done"
    assert not town.disputes()
    town.pass_time(60)
    qian.edit(task, due_on="2020-08-30")
    assert same_everywhere(town, task, "qian", "chen")["due_on"] == "2020-07-25"
    nothing_is_broken(town)


def test_a_task_once_done_is_not_undone_by_an_older_word(town: Town) -> None:
    """Gao, who had not heard, says it is under way; only a re-check opens it again, and it says why."""
    town.hire("gao", "高峰", Role.STREET, STREET)
    qian, gao, zhou = town.tablet("qian"), town.tablet("gao"), town.tablet("zhou")
    task = task_of(town, campaign_of(town))
    town.sync("chen", "qian", "gao", "zhou")
    town.pass_time(60)
    qian.edit(task, status="done", done_on="2020-07-18")
    town.pass_time(60)
    gao.edit(task, status="under_way")
    assert same_everywhere(town, task, "qian", "gao")["status"] == "done"
    zhou.edit(task, add={"rechecks": [{"on": "2020-07-19", "result": "slipped", "note": "东门又有堆物"}]})
    held = same_everywhere(town, task, "zhou", "qian")
    assert progress.standing(held, "2020-07-20") == "slipped"
    qian.edit(task, done_on="2020-07-20")
    assert progress.standing(same_everywhere(town, task, "qian", "zhou"), "2020-08-01") == "done"
    nothing_is_broken(town)


def test_a_compound_told_by_two(town: Town) -> None:
    """Li found the gate shut, Wang open, within the hour: the community looks and decides."""
    li, wang, zhao = town.tablet("li"), town.tablet("wang"), town.tablet("zhao")
    compound = li.create("compound", grid=GRID_7, name="新华小区", has_property_mgmt=False, households=320)
    town.sync("li", "wang", "zhao")
    town.pass_time(60)
    li.edit(compound.id, enclosed=True)
    wang.edit(compound.id, enclosed=False)
    town.sync("wang", "li", "zhao")
    [dispute] = town.disputes()
    assert (dispute.record, dispute.field, dispute.kind) == (compound.id, "enclosed", "person")
    town.pass_time(60)
    zhao.edit(compound.id, enclosed=True)
    assert same_everywhere(town, compound.id, "zhao", "li", "wang")["enclosed"] is True
    assert not town.disputes()
    nothing_is_broken(town)


def _instructed(town: Town) -> tuple[str, FieldClient]:
    """Let a leader write on a case, for an answer by the 20th; return the instruction and the street's tablet."""
    lu, qian = town.tablet("lu"), town.tablet("qian")
    case = qian.create(
        "case", grid=GRID_7, source="self", problem_class="exposed_garbage", severity="minor",
        found_at="2020-07-18T08:00:00+08:00",
    )  # fmt: skip
    town.sync("qian", "lu")
    said = lu.create(
        "instruction", grid=GRID_7, about_id=case.id, leader="陆明", directive="请立即整改", given_on="2020-07-18",
        to_unit=STREET, reply_due="2020-07-20",
    )  # fmt: skip
    town.sync("lu", "qian")
    return said.id, qian


def test_an_instruction_is_answered_in_time_though_it_arrives_late(town: Town) -> None:
    """The street answers on the evening of the 20th without signal and syncs on the 22nd: its own stamp counts."""
    instruction, qian = _instructed(town)
    assert progress.answer(town.on_server(instruction), "2020-07-21") == "overdue"
    town.now_ms = ms_of("2020-07-20T21:00:00+08:00")
    qian.edit(instruction, add={"replies": ["已清运，附照片"]})
    town.now_ms = ms_of("2020-07-22T08:00:00+08:00")
    held = same_everywhere(town, instruction, "qian", "lu")
    assert progress.answer(held, "2020-07-22") == "in_time"
    assert [reply["by"] for reply in held["replies"]] == [person_id("qian")]


def test_whoever_has_to_answer_does_not_move_the_day(town: Town) -> None:
    """The street would like another week: refused, kept in quarantine, and told; the leader moves it himself."""
    instruction, qian = _instructed(town)
    qian.edit(instruction, reply_due="2020-07-27")
    town.sync("qian", "lu")
    [refused] = qian.outbox().attention
    assert refused.problem is not None
    assert refused.problem["code"] == "not_allowed"
    assert town.on_server(instruction)["reply_due"] == "2020-07-20"
    town.tablet("lu").edit(instruction, reply_due="2020-07-23")
    town.sync("lu", "qian")
    assert qian.read(instruction)["reply_due"] == "2020-07-23"


def test_two_reports_of_one_unit_both_count(town: Town) -> None:
    """Li and Wang search different yards for the same kind of heap: three and none are three, not one of the two."""
    qian, li, wang = town.tablet("qian"), town.tablet("li"), town.tablet("wang")
    case = li.create(
        "case", grid=GRID_7, source="self", problem_class="exposed_garbage", severity="minor",
        found_at="2020-07-18T08:00:00+08:00",
    )  # fmt: skip
    town.sync("li", "qian")
    sweep = qian.create(
        "sweep", grid=STREET, case_id=case.id, problem_class="exposed_garbage", due_on="2020-07-20",
        add={"units": ["210902005003", "210902005004"]},
    )  # fmt: skip
    town.sync("qian", "li", "wang")
    for tablet, found in ((li, 3), (wang, 0)):
        tablet.create(
            "unit_report", grid=GRID_7, about_id=sweep.id, unit="210902005003", reported_on="2020-07-19", found=found,
            result="已逐院排查",
        )  # fmt: skip
    town.sync("li", "wang", "qian")
    reports = [one.fields for one in qian.find("unit_report", where={"subject": sweep.id})]
    state = progress.sweep_state(qian.read(sweep.id).fields, reports, "2020-07-21")
    assert (dict(state.found), state.missing, state.overdue) == ({"210902005003": 3}, ("210902005004",), True)
    assert not town.disputes()


def test_one_compound_registered_twice_is_shown_to_a_person(town: Town) -> None:
    """Li and Wang enter the same gate under two names; both stay, and the community is asked."""
    li, wang = town.tablet("li"), town.tablet("wang")
    here = {"lat": 42.0189, "lon": 121.6542, "crs": "wgs84"}
    one = li.create("compound", grid=GRID_7, name="新华小区", has_property_mgmt=False, position=here)
    other = wang.create("compound", grid=GRID_7, name="新华小区东院", has_property_mgmt=False, position=here)
    town.sync("li", "wang")
    [pair] = town.disputes()
    assert pair.kind == "duplicate"
    assert pair.record in (one.id, other.id)
    town.tablet("zhao")
    town.sync("zhao")
    town.pass_time(60)
    town.tablet("zhao").edit(other.id, merged_into=one.id)
    town.sync("zhao", "li", "wang")
    assert not town.disputes()
    assert [record.id for record in wang.find("compound", include_merged=False)] == [one.id]


def test_places_go_along_with_their_grid(town: Town) -> None:
    """A grid is handed to the next one: its compounds and key places go, the street's own task stays."""
    li, sun = town.tablet("li"), town.tablet("sun")
    compound = li.create("compound", grid=GRID_7, name="新华小区", has_property_mgmt=False)
    place = li.create("key_place", grid=GRID_7, name="铁路沿线", kind="railway_side", patrol_per_day=2)
    task = task_of(town, campaign_of(town))
    town.sync("li", "chen")
    assert moved(move(town, GRID_8, whole=GRID_7)) == {compound.id, place.id}
    town.sync("li", "sun")
    assert sun.holds(compound.id)
    assert sun.holds(place.id)
    assert not li.holds(compound.id)
    assert grid_of(town, task) == STREET
    nothing_is_broken(town)
