"""The district's dispatch rules: written, taken back, brought in as a table, and offered to whoever dispatches."""

from pathlib import Path
from typing import Any

import pytest

from schemas.dispatching import Rule, rules_of
from schemas.ids import derived_id
from schemas.moments import instant
from server.core.importing.wanted import Wanted
from server.usecases.bring_in import bring_in
from server.usecases.manage_calendar import Said
from server.usecases.manage_dispatching import as_csv, bring_rules, rules_on, set_rule, try_case
from server.usecases.mistakes import Mistake
from server.usecases.read_table import read_table
from server.usecases.suggest_lead import suggest_leads
from tests.server.office import DISTRICT, GRID_7, STREET, Office

#: 2020-07-18 08:00 in Fuxin.
MORNING = 1_595_030_400_000
TODAY = "2020-07-18"
BECAUSE = Said("区创卫办〔2020〕3号", "", MORNING)
CASE, LOT = derived_id("case", "1"), derived_id("lot")
OURS = Rule("motor_parking", functional="dept_urban", leads="functional", valid_from=TODAY)


def reported(office: Office, **parts: Any) -> str:
    """Let Li report a car that stands where it should not."""
    li = office.device("li")
    fields = {"source": "check", "problem_class": "motor_parking", "severity": "minor", "found_at": instant(MORNING)}
    [outcome] = li.push(li.mutation("create", "case", CASE, set=fields | parts))
    assert outcome.outcome == "applied"
    return CASE


def suggested(office: Office) -> tuple[str | None, tuple[str, ...]]:
    """Return whom the rules of this morning suggest for the case."""
    found = try_case(office.store, DISTRICT, CASE, MORNING)
    return found.lead, found.assist


def test_the_register_tells_on_which_side_the_car_stood(office: Office) -> None:
    """Without a target nobody's business is clear, and the street leads."""
    bring_in(
        office.store, DISTRICT, [Wanted("parking_area", LOT, GRID_7, {"name": "迎宾路泊位", "kind": "on_street"})], 1
    )
    reported(office, target_id=LOT)
    assert suggested(office) == ("dept_traffic", (STREET,))


def test_a_rule_counts_from_today_and_is_taken_back(office: Office) -> None:
    """What was written stays written; the tablets read it too."""
    reported(office)
    assert suggested(office) == (STREET, ())
    set_rule(office.store, DISTRICT, OURS, BECAUSE)
    assert suggested(office) == ("dept_urban", (STREET,))
    set_rule(office.store, DISTRICT, OURS._replace(functional=None, leads=None), BECAUSE)
    assert suggested(office) == (STREET, ())
    with office.store.work(DISTRICT, writing=False) as work:
        assert [written.rule.functional for written in work.dispatching.all()] == ["dept_urban", None]
    shown = office.device("wang").pull().values()
    rules = rules_of(record["fields"] for record in shown if record["type"] == "dispatch_rule")
    assert [rule.functional for rule in rules] == ["dept_urban", None]


def test_a_persons_word_on_the_case_outweighs_the_rule(office: Office) -> None:
    """The clerk who knows the corner says whose it is."""
    reported(office)
    set_rule(office.store, DISTRICT, OURS, BECAUSE)
    qian = office.device("qian")
    qian.pull()
    qian.push(qian.mutation("patch", "case", CASE, set={"functional_unit": "dept_traffic"}, base=1))
    assert suggested(office) == ("dept_traffic", (STREET,))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (OURS._replace(valid_from="2020-07-17"), BECAUSE),
        (OURS._replace(valid_from="2020-13-40"), BECAUSE),
        (OURS._replace(valid_to="soon"), BECAUSE),
        (OURS._replace(area="210903001"), BECAUSE),
        (OURS._replace(problem_class="nonsense"), BECAUSE),
        (OURS._replace(assist=("unit_unknown",)), BECAUSE),
        (OURS._replace(assist=("\x00",)), BECAUSE),
        (OURS._replace(functional=None, leads=None), BECAUSE),
        (OURS, BECAUSE._replace(reason="")),
        (OURS, BECAUSE._replace(by="没有这个人")),
    ],
)
def test_what_is_no_rule_is_refused(office: Office, rule: Rule, said: Said) -> None:
    """With a sentence, and nothing is kept: neither the rule nor what tablets would read."""
    with pytest.raises(Mistake):
        set_rule(office.store, DISTRICT, rule, said)
    with office.store.work(DISTRICT, writing=False) as work:
        assert work.dispatching.all() == []
        assert work.records.of_types(["dispatch_rule"]) == []


def test_what_was_handed_out_is_brought_in_unchanged(office: Office, tmp_path: Path) -> None:
    """And one changed row is one new rule; one wrong row stops everything."""
    set_rule(office.store, DISTRICT, OURS._replace(assist=(STREET, "dept_traffic"), area=STREET), BECAUSE)
    with office.store.work(DISTRICT, writing=False) as work:
        own, standard = rules_on(work, TODAY)
    file = tmp_path / "rules.csv"
    file.write_text(as_csv([*standard, *own]), "utf-8")
    brought = bring_rules(office.store, DISTRICT, read_table(file), BECAUSE)
    assert (brought.new, brought.unchanged, brought.wrong) == ([], len(standard) + 1, [])

    head = "问题类别,对象,对象类型,属事部门,主办方,协办单位\n"
    file.write_text(
        head + "店外经营,商户,餐饮,市场监管局,属事部门主办,综合执法局（城管）\n流动摊贩,,,街道办事处,,\n", "utf-8"
    )
    brought = bring_rules(office.store, DISTRICT, read_table(file), BECAUSE)
    assert brought.wrong == []
    assert brought.new[0] == Rule(
        "out_of_store", "shop", "catering", "", "", "", "dept_market", "functional", ("dept_urban",), TODAY
    )
    file.write_text(head + "店外经营,,,街道办事处,,\n店外经营,商户,人行道,街道办事处,,\n", "utf-8")
    assert [w.row for w in bring_rules(office.store, DISTRICT, read_table(file), BECAUSE).wrong] == [3]
    with office.store.work(DISTRICT, writing=False) as work:
        assert len(work.dispatching.all()) == 3


def test_many_cases_are_suggested_for_at_once(office: Office) -> None:
    """Bulk dispatch asks once; a case nobody knows is a mistake."""
    reported(office)
    with office.store.work(DISTRICT, writing=False) as work:
        cases = list(work.records.get([CASE]).values())
        assert {said.lead for said in suggest_leads(work, cases, MORNING).values()} == {STREET}
        assert suggest_leads(work, [], MORNING) == {}
    with pytest.raises(Mistake):
        try_case(office.store, DISTRICT, LOT, MORNING)
