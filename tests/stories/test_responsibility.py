"""属事属地、责任到人: a case goes to whom the rules suggest, even without signal, and follows its grid's holder."""

from schemas.directory import area_id
from schemas.dispatching import Rule
from schemas.moments import day_of
from schemas.roles import Role
from server.core.importing.wanted import Wanted
from server.usecases.bring_in import bring_in
from server.usecases.hand_over import hand_over
from server.usecases.manage_calendar import Said
from server.usecases.manage_dispatching import set_rule
from server.usecases.replay_history import replay_history
from server.usecases.suggest_lead import suggest_lead as office_suggests
from sync_client.suggesting import suggest_lead, units_offered
from tests.server.office import DISTRICT, GRID_7, STREET, person_id
from tests.stories.ground import case, shop
from tests.stories.situations.hearing import said_on
from tests.stories.town import Town


def opened(town: Town) -> str:
    """Let Li find waste before a shop."""
    li = town.tablet("li")
    found = case(li, shop(li).id, town.now_ms, GRID_7).id
    town.sync("li")
    return found


def test_a_clerk_without_signal_is_offered_the_districts_lead(town: Town) -> None:
    """
    The district's rule reached Zhao's tablet in the morning; in a basement she gives the case to whom it names.

    A person of that department signs for it. One of another department may not: it is not theirs.
    """
    town.hire("ding", "丁力", Role.DEPARTMENT, DISTRICT, unit="dept_housing")
    town.hire("duan", "段飞", Role.DEPARTMENT, DISTRICT, unit="dept_market")
    street = Wanted("area", area_id(STREET), STREET, {"code": STREET, "name": "五龙街道", "level": "street"})
    bring_in(town.office.store, DISTRICT, [street], town.now_ms)
    rule = Rule("exposed_garbage", functional="dept_housing", leads="functional", valid_from=day_of(town.now_ms))
    set_rule(town.office.store, DISTRICT, rule, Said("会议纪要", "", town.now_ms))
    found = opened(town)
    zhao, ding, duan = town.tablet("zhao"), town.tablet("ding"), town.tablet("duan")
    town.sync("zhao")

    suggested = suggest_lead(zhao, found, town.now_ms)
    assert (suggested.lead, suggested.assist) == ("dept_housing", (STREET,))
    assert suggested.zh == "建议住建局主办，五龙街道协办：本区派遣规则（暴露垃圾）"
    assert units_offered(zhao, town.now_ms)[STREET] == "五龙街道"
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert office_suggests(work, work.records.get([found])[found], town.now_ms) == suggested

    zhao.act(found, "accept")
    zhao.act(found, "dispatch", lead=suggested.lead, assist=list(suggested.assist))
    town.pass_time(60)
    town.sync("zhao", "ding", "duan")
    duan.act(found, "sign")
    town.pass_time(60)
    ding.act(found, "sign")
    town.sync("duan", "ding")
    now = town.on_server(found)
    assert (now["status"], now["lead"], now["owner_person"]) == ("handling", "dept_housing", person_id("ding"))


def test_observer_scope_is_kept_and_the_open_case_goes_to_the_new_holder(town: Town) -> None:
    """Li hands grid 7 to Feng: what he found stays where he found it, the open case is Feng's, and both hear of it."""
    found = opened(town)
    town.tablet("feng")
    qian = town.tablet("qian")
    town.sync("qian")
    qian.act(found, "accept")
    qian.act(found, "dispatch", lead=STREET, owner=person_id("li"))
    town.sync("qian", "li", "feng")
    town.pass_time(3600)
    town.office.end_grants("li", town.now_ms)
    town.post("li", Role.GRID_WORKER, "210902005003009")

    assert hand_over(town.office.store, DISTRICT, town.now_ms) == (1, 0)
    town.pass_time(60)
    town.sync("li", "feng", "qian")
    assert town.tablet("feng").read(found)["owner_person"] == person_id("feng")
    record = town.office.record(found)
    assert record is not None
    assert record.grid == GRID_7
    for name in ("li", "feng"):
        [said] = [said for said in said_on(town.tablet(name)) if said.rule == "observer_scope_kept"]
        assert "责任人由李明改为冯刚，李明已不负责。" in said.zh, name
    assert [one for one in replay_history(town.office.store, DISTRICT, found) if getattr(one, "differences", ())] == []
