"""Every condition of an act on a case, and everything an act writes, one by one."""

from collections.abc import Mapping
from typing import Any

import pytest

from schemas import case_guards, case_steps
from schemas.case_guards import open_request
from schemas.machines import Doing, Effect, Guard
from schemas.moments import instant
from schemas.mutations import Act
from schemas.roles import Role
from schemas.workflow import CASE

LI, ZHAO, QIAN, CHEN, ZHOU = (f"00000000-0000-7000-8000-00000000000{n}" for n in range(1, 6))
HOUR, DAY = 3_600_000, 24 * 3_600_000
#: 2020-07-18 12:00 in Fuxin.
NOON = 1_595_044_800_000
HERE = {"lat": 42.0, "lon": 121.65, "crs": "wgs84"}
METRE = 1 / 111_195


def doing(by: str = QIAN, role: Role | None = Role.STREET, *, act: str = "close", reason: str | None = None,
          maker: str | None = None, **details: Any) -> Doing:  # fmt: skip
    """Return somebody doing something at noon."""
    return Doing(Act(act, [], reason, None, details), by, role, (NOON, 0), maker)


def asked(kind: str, answer: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a request made an hour ago."""
    return {"kind": kind, "at": [NOON - HOUR, 0], "by": LI, **({"answer": answer} if answer else {}), **more}


def north(metres: float) -> dict[str, Any]:
    return HERE | {"lat": HERE["lat"] + metres * METRE}  # type: ignore[operator]


def after(taken_ms: int | None = NOON - HOUR, position: Any = HERE, role: str = "after") -> dict[str, Any]:
    photo = {"sha256": "3f" * 32, "role": role, "position": position}
    return photo | ({"taken_at": instant(taken_ms)} if taken_ms is not None else {})


READY = {
    "source": "check", "position": HERE, "measure": "已清理", "dispatched_at": instant(NOON - 4 * HOUR),
    "photos": [after()],
}  # fmt: skip
EXT, DEF, BACK = "extension", "deferral", "send_back"

GUARDS: list[tuple[Guard, dict[str, Any], Doing, str | None]] = [
    # nobody verifies his own work
    (case_guards.not_the_handler, {"handlers": [LI]}, doing(LI), "no_self_verify"),
    (case_guards.not_the_handler, {"handlers": [LI]}, doing(QIAN), None),
    (case_guards.not_the_handler, {}, doing(LI, maker=LI), None),
    (case_guards.not_the_handler, {"fixed_on_spot": True}, doing(LI, maker=LI), "no_self_verify"),
    (case_guards.not_the_handler, {"fixed_on_spot": True}, doing(QIAN, maker=LI), None),
    (case_guards.not_the_handler, {"fixed_on_spot": True, "handlers": [ZHAO]}, doing(LI, maker=LI), None),
    # sent back
    (case_guards.office_decides, {"requests": [asked(BACK)]}, doing(QIAN), None),
    (case_guards.office_decides, {"requests": [asked(BACK)] * 2}, doing(QIAN), "office_decides"),
    (case_guards.office_decides, {"requests": [asked(BACK)] * 2}, doing(CHEN, Role.DISTRICT_OFFICE), None),
    (case_guards.office_decides, {"requests": [asked(BACK)] * 2}, doing(CHEN, None), None),
    (case_guards.sent_back_at_most_twice, {"requests": [asked(BACK)]}, doing(), None),
    (case_guards.sent_back_at_most_twice, {"requests": [asked(BACK), asked(EXT)]}, doing(), None),
    (case_guards.sent_back_at_most_twice, {"requests": [asked(BACK)] * 2}, doing(), "decided_for_good"),
    # more time
    (case_guards.extension_in_time, {"due_at": instant(NOON)}, doing(), None),
    (case_guards.extension_in_time, {"due_at": instant(NOON - 1000)}, doing(), "asked_after_due"),
    (case_guards.extension_in_time, {}, doing(), None),
    (case_guards.extension_in_time, {"severity": "critical"}, doing(), "no_extension"),
    (case_guards.extension_in_time, {"requests": [asked(EXT)]}, doing(), "asked_already"),
    (case_guards.extension_in_time, {"requests": [asked(EXT, "denied")]}, doing(), None),
    (case_guards.extension_in_time, {"requests": [asked(DEF)]}, doing(), None),
    (case_guards.extension_in_time, {"due_at": instant(NOON + HOUR)}, doing(until=instant(NOON + HOUR)), "not_later"),
    (case_guards.extension_in_time, {"due_at": instant(NOON + HOUR)}, doing(until=instant(NOON + 2 * HOUR)), None),
    (case_guards.extension_asked, {}, doing(), "nothing_asked"),
    (case_guards.extension_asked, {"requests": [asked(DEF)]}, doing(), "nothing_asked"),
    (case_guards.extension_asked, {"requests": [asked(EXT)]}, doing(), None),
    (case_guards.extension_grantable, {}, doing(), "nothing_asked"),
    (case_guards.extension_grantable, {"requests": [asked(EXT)]}, doing(), None),
    (case_guards.extension_grantable, {"requests": [asked(EXT, "granted"), asked(EXT)]}, doing(), "office_grants"),
    (case_guards.extension_grantable, {"requests": [asked(EXT, "denied"), asked(EXT)]}, doing(), None),
    (case_guards.extension_grantable, {"requests": [asked(EXT, "granted"), asked(EXT)]},
     doing(CHEN, Role.DISTRICT_OFFICE), None),
    # deferred
    (case_guards.not_asked_to_defer, {}, doing(review_on="2020-07-20"), None),
    (case_guards.not_asked_to_defer, {"requests": [asked(DEF)]}, doing(review_on="2020-07-20"), "asked_already"),
    (case_guards.not_asked_to_defer, {}, doing(review_on="2020-12-31"), "review_too_far"),
    (case_guards.deferral_asked, {"requests": [asked(DEF, "denied")]}, doing(), "nothing_asked"),
    (case_guards.deferral_asked, {"requests": [asked(DEF)]}, doing(), None),
    (case_guards.review_in_time, {}, doing(), None),
    (case_guards.review_in_time, {}, doing(review_on="2020-07-18"), "review_too_far"),
    (case_guards.review_in_time, {}, doing(review_on="2020-07-19"), None),
    (case_guards.review_in_time, {}, doing(review_on="2020-10-16"), None),  # ninety days
    (case_guards.review_in_time, {}, doing(review_on="2020-10-17"), "review_too_far"),
    # returned
    (case_guards.false_by_inspector, {}, doing(code="false"), "inspector_only"),
    (case_guards.false_by_inspector, {}, doing(ZHOU, Role.INSPECTOR, code="false"), None),
    (case_guards.false_by_inspector, {}, doing(code="partly"), None),
    # instructions
    (case_guards.instruction_open, {}, doing(), "nothing_asked"),
    (case_guards.instruction_open, {"instructions": [{"text": "查", "reply": "已查"}]}, doing(), "nothing_asked"),
    (case_guards.instruction_open, {"instructions": [{"text": "查"}]}, doing(), None),
    # signatures
    (case_guards.signatures_in_order, {"source": "check"}, doing(), None),
    (case_guards.signatures_in_order, {"source": "check"}, doing(ZHOU, Role.INSPECTOR), "not_yours_to_close"),
    (case_guards.signatures_in_order, {"source": "city"}, doing(), "first_signature_missing"),
    (case_guards.signatures_in_order, {"source": "city"}, doing(ZHOU, Role.INSPECTOR), "first_signature_missing"),
    (case_guards.signatures_in_order, {"source": "city"}, doing(CHEN, Role.DISTRICT_OFFICE), None),
    (case_guards.signatures_in_order, {"source": "city", "first_signature": {"by": CHEN}},
     doing(CHEN, Role.DISTRICT_OFFICE), "second_signature_missing"),
    (case_guards.signatures_in_order, {"source": "city", "first_signature": {"by": CHEN}},
     doing(CHEN, Role.INSPECTOR), "two_people_sign"),
    (case_guards.signatures_in_order, {"source": "city", "first_signature": {"by": CHEN}},
     doing(ZHOU, Role.INSPECTOR), None),
    (case_guards.signatures_in_order, {"source": "city"}, doing(CHEN, None), None),
    # relapse
    (case_guards.within_fifteen_days, {"closed_at": instant(NOON - 15 * DAY)}, doing(), None),
    (case_guards.within_fifteen_days, {"closed_at": instant(NOON - 15 * DAY - 1000)}, doing(), "too_late_to_reopen"),
    (case_guards.within_fifteen_days, {}, doing(), None),
    # dates
    (case_guards.sensible_date, {}, doing(), None),
    (case_guards.sensible_date, {}, doing(due_at=instant(NOON + HOUR)), None),
    (case_guards.ready_to_strike_off, READY, doing(), None),
]  # fmt: skip


@pytest.mark.parametrize(("guard", "fields", "who", "code"), GUARDS)
def test_what_stands_in_the_way(guard: Guard, fields: dict[str, Any], who: Doing, code: str | None) -> None:
    why = guard(fields, who)
    assert (why.code if why else None) == code
    assert why is None or (why.zh and why.en)


def test_every_condition_has_its_rows() -> None:
    """Whoever adds a condition shows when it holds and when it does not."""
    used = {guard for act in CASE.acts.values() for guard in act.guards}
    shown = {(guard, code is None) for guard, _, _, code in GUARDS}
    told = {(case_guards.ready_to_strike_off, False), (case_guards.sensible_date, False)}  # below
    assert {(guard, fine) for guard in used for fine in (True, False)} <= shown | told


def test_a_date_somebody_names_lies_ahead_and_not_too_far() -> None:
    for far in (NOON - DAY, NOON + 3 * 365 * DAY):
        assert case_guards.sensible_date({}, doing(due_at=instant(far))) is not None


#: Submitted two hours before noon and returned half an hour before it.
RETURNED = [{"act": "submit", "at": [NOON - 2 * HOUR, 0]}, {"act": "return", "at": [NOON - HOUR // 2, 0]}]


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"photos": []}, "缺整改后照片"),
        ({"photos": [after(role="near")]}, "缺整改后照片"),
        ({"photos": [after(NOON - 5 * HOUR)]}, "整改后照片不是派遣之后所拍"),
        ({"photos": [after(None)]}, "整改后照片不是派遣之后所拍"),
        ({"photos": [after(position=north(60))]}, "整改后照片不在问题点位50米之内"),
        ({"photos": [after(position=None)]}, "整改后照片不在问题点位50米之内"),
        ({"photos": [after(position=HERE | {"crs": "gcj02"})]}, "整改后照片不在问题点位50米之内"),
        ({"position": None}, "整改后照片不在问题点位50米之内"),
        ({"measure": None}, "未填整改措施"),
        ({"instructions": [{"text": "查"}]}, "有批示未回复"),
        ({"source": "province"}, "未报举一反三结果"),
        ({"timeline": [{"act": "reopen", "at": [NOON - HOUR // 2, 0]}]}, "整改后照片不是派遣之后所拍"),
        ({"timeline": RETURNED, "photos": [after(NOON - 3 * HOUR)]}, "整改后照片不是派遣之后所拍"),
        (
            {"timeline": RETURNED, "photos": [after(NOON - HOUR)]},
            None,
        ),  # taken before the return, after what was returned
        ({"photos": [], "measure": None}, "缺整改后照片、未填整改措施"),
        ({"photos": [after(NOON - 5 * HOUR), after()]}, None),
        ({"photos": [after(position=north(49))]}, None),
        ({"photos": [after(position=None)], "no_fix_reason": "indoors"}, None),
        ({"source": "province", "sweep": {"found": 0}}, None),
        ({"instructions": [{"text": "查", "reply": "已查"}]}, None),
        ({"dispatched_at": None, "photos": [after(NOON - 2 * HOUR, role="before"), after()]}, None),
        ({"dispatched_at": None, "photos": [after(NOON, role="before"), after()]}, "整改后照片不是派遣之后所拍"),
    ],
)
def test_what_striking_off_asks_for(change: dict[str, Any], missing: str | None) -> None:
    """Everything that is missing is named, and nothing else."""
    fields = {name: value for name, value in (READY | change).items() if value is not None}
    why = case_guards.ready_to_strike_off(fields, doing())
    assert (why.zh if why else None) == (f"销号条件不齐：{missing}" if missing else None)


DONE = {
    "measure": "已清理", "rectified_at": "x", "rectified_by": LI, "verified_at": "x", "verified_by": ZHAO,
    "lead": "dept_urban", "handlers": [LI],
}  # fmt: skip
NOW = instant(NOON)

EFFECTS: list[tuple[Effect, dict[str, Any], Doing, dict[str, Any]]] = [
    (case_steps.given_out, DONE | {"signed_at": "x"}, doing(lead="210902005", assist=["dept_urban", "210902005"]), {
        "lead": "210902005", "assist": ["dept_urban"], "owner_person": None, "signed_at": None, "dispatched_at": NOW,
        "leads": [{"unit": "210902005", "at": [NOON, 0]}], "measure": None, "rectified_at": None, "verified_by": None,
    }),
    (case_steps.given_out, {"assist": ["dept_health"]}, doing(lead="dept_urban", owner=LI), {
        "assist": ["dept_health"], "owner_person": LI,
    }),
    (case_steps.helps_out, {"lead": "dept_urban", "status": "dispatched"}, doing(lead="dept_health"), {
        "assist": ["dept_health"],
    }),
    (case_steps.signed_for, {}, doing(LI), {"signed_at": NOW, "owner_person": LI, "handlers": [LI]}),
    (case_steps.signed_for, {"owner_person": ZHAO, "handlers": [ZHAO]}, doing(LI), {
        "owner_person": ZHAO, "handlers": [LI, ZHAO],
    }),
    (case_steps.sent_back, DONE, doing(LI, reason="不归我", suggested="dept_health"), {
        "lead": None, "assist": None, "owner_person": None, "due_at": None, "yellow_at": None, "term": None,
        "requests": [{"kind": BACK, "at": [NOON, 0], "by": LI, "reason": "不归我", "suggested": "dept_health"}],
    }),
    (case_steps.put_right, {"no_fix_reason": "indoors"}, doing(LI, measure="清运"), {
        "measure": "清运", "rectified_at": NOW, "rectified_by": LI, "no_fix_reason": None, "handlers": [LI],
    }),
    (case_steps.found_good, {}, doing(ZHAO), {"verified_at": NOW, "verified_by": ZHAO}),
    (case_steps.found_wanting, DONE | {"return_count": 1}, doing(code="partly"), {
        "return_count": 2, "return_code": "partly", "measure": None, "verified_by": None, "rectified_by": None,
    }),
    (case_steps.found_wanting, {"fixed_on_spot": True}, doing(code="partly"), {
        "status": "accepted", "return_count": 1,
    }),
    (case_steps.found_wanting, {"requests": [asked(EXT), asked(EXT, "granted"), asked(BACK)]}, doing(code="partly"), {
        "requests": [asked(EXT, "lapsed"), asked(EXT, "granted"), asked(BACK)],
    }),
    (case_steps.given_out, {"requests": [asked(DEF)]}, doing(lead="dept_urban"), {"requests": [asked(DEF, "lapsed")]}),
    (case_steps.struck_off, {"source": "check"}, doing(QIAN), {"closed_at": NOW, "closed_by": QIAN}),
    (case_steps.struck_off, {"source": "city"}, doing(CHEN), {
        "status": "verified", "first_signature": {"by": CHEN, "at": NOW},
    }),
    (case_steps.struck_off, {"source": "city", "first_signature": {"by": CHEN}}, doing(ZHOU), {"closed_by": ZHOU}),
    (case_steps.came_back, DONE | {"reopen_count": 1}, doing(), {
        "reopen_count": 2, "closed_at": None, "measure": None,
    }),
    (case_steps.came_back, {}, doing(), {"status": "accepted", "reopen_count": 1}),
    (case_steps.asks_extension, {"requests": [asked(BACK)]}, doing(LI, reason="雨", until="u"), {
        "requests": [asked(BACK), {"kind": EXT, "at": [NOON, 0], "by": LI, "reason": "雨", "until": "u"}],
    }),
    (case_steps.grants_extension, {"requests": [asked(EXT, until="u")]}, doing(QIAN), {"requests": [
        asked(EXT, "granted", until="u", answered_by=QIAN, answered_at=NOW)]}),
    (case_steps.grants_extension, {"requests": [asked(EXT, until="u")]}, doing(QIAN, until="earlier"), {"requests": [
        asked(EXT, "granted", until="earlier", answered_by=QIAN, answered_at=NOW)]}),
    (case_steps.denies_extension, {"requests": [asked(EXT, "denied"), asked(EXT)]}, doing(QIAN), {"requests": [
        asked(EXT, "denied"), asked(EXT, "denied", answered_by=QIAN, answered_at=NOW)]}),
    (case_steps.asks_deferral, {}, doing(LI, reason="冬", review_on="2020-09-01", project="道路改造"), {"requests": [
        {"kind": DEF, "at": [NOON, 0], "by": LI, "reason": "冬", "review_on": "2020-09-01", "project": "道路改造"}]}),
    (case_steps.grants_deferral, {"requests": [asked(DEF, review_on="2020-09-01", project="路")]}, doing(CHEN), {
        "review_on": "2020-09-01", "project": "路",
    }),
    (case_steps.grants_deferral, {"requests": [asked(DEF, review_on="2020-09-01")]}, doing(review_on="2020-08-01"), {
        "review_on": "2020-08-01", "project": None,
    }),
    (case_steps.denies_deferral, {"requests": [asked(DEF)]}, doing(CHEN), {"requests": [
        asked(DEF, "denied", answered_by=CHEN, answered_at=NOW)]}),
    (case_steps.renewed, {"review_on": "2020-08-01"}, doing(review_on="2020-09-01"), {"review_on": "2020-09-01"}),
    (case_steps.taken_up_again, {"review_on": "2020-08-01"}, doing(), {"review_on": None}),
    (case_steps.instructed, {"instructions": [{"text": "早"}]}, doing(CHEN, reason="查", reply_by="2020-07-20"), {
        "instructions": [{"text": "早"}, {"text": "查", "by": CHEN, "at": NOW, "reply_by": "2020-07-20"}],
    }),
    (case_steps.replied, {"instructions": [{"text": "一", "reply": "好"}, {"text": "二"}, {"text": "三"}]},
     doing(QIAN, reason="已查"), {"instructions": [
        {"text": "一", "reply": "好"}, {"text": "二", "reply": "已查", "replied_by": QIAN, "replied_at": NOW},
        {"text": "三"}]}),
    (case_steps.swept, {}, doing(QIAN, found=0), {"sweep": {"found": 0, "by": QIAN, "at": NOW}}),
]  # fmt: skip


@pytest.mark.parametrize(("effect", "fields", "who", "wanted"), EFFECTS)
def test_what_an_act_writes(effect: Effect, fields: dict[str, Any], who: Doing, wanted: Mapping[str, Any]) -> None:
    before = repr(fields)
    found = effect(fields, who)
    assert {name: found[name] for name in wanted} == wanted
    assert repr(fields) == before  # what was there is left alone


def test_every_act_writes_what_it_declares() -> None:
    """And nothing but what is declared; what is taken away counts as written by whoever set it."""
    declared = {name for act in CASE.acts.values() for name in act.writes} | {"status", "term", "yellow_at", "due_at"}
    shown = {effect for effect, _, _, _ in EFFECTS}
    for act in CASE.acts.values():
        if act.writes and act.name != "merge":
            assert act.effect in shown, act.name
    for effect, fields, who, _ in EFFECTS:
        assert effect(fields, who).keys() <= declared


@pytest.mark.parametrize(
    ("fields", "assist"),
    [
        ({"lead": "dept_urban", "status": "handling", "assist": ["dept_health"]}, ["dept_health", "dept_market"]),
        ({"lead": "dept_market", "status": "handling"}, None),
        ({"lead": "dept_urban", "status": "rectified"}, "nothing"),
        ({"lead": "dept_urban", "status": "closed"}, "nothing"),
        ({"status": "accepted"}, "nothing"),
    ],
)
def test_who_is_set_aside_assists_as_long_as_there_is_work(fields: dict[str, Any], assist: Any) -> None:
    assert case_steps.helps_out(fields, doing(lead="dept_market")).get("assist", "nothing") == assist


def test_whoever_worked_on_it_has_had_a_hand_in_it() -> None:
    assert case_steps.had_a_hand({"handlers": [ZHAO]}, doing(LI)) == {"handlers": [LI, ZHAO]}


def test_the_oldest_request_is_answered() -> None:
    fields = {"requests": [asked(EXT, "denied"), asked(EXT, until="first"), asked(EXT, until="second")]}
    found = open_request(fields, EXT)
    assert found is not None
    assert found["until"] == "first"
