"""Who may do what, where: the office's own table, played through."""

from typing import Any

import pytest

from schemas.checks.street import STREET_1
from schemas.roles import Role
from server.core.admission import LOCK_AFTER_MS
from server.values import Grant, Person
from tests.core.desk import (
    CASE,
    CHECK,
    DISTRICT,
    GRID_7,
    HOUR,
    LI,
    MORNING,
    QIAN,
    SHOP,
    STREET,
    WANG,
    Desk,
    always,
    person,
)
from tests.schemas.checks_made import clean

COLUMNS = {
    "GW": (Role.GRID_WORKER, GRID_7),
    "GL": (Role.GRID_LEADER, GRID_7),
    "CM": (Role.COMMUNITY, GRID_7[:12]),
    "ST": (Role.STREET, STREET),
    "DO": (Role.DISTRICT_OFFICE, DISTRICT),
    "DP": (Role.DEPARTMENT, DISTRICT),
    "IN": (Role.INSPECTOR, DISTRICT),
    "LG": (Role.LEADING_GROUP, DISTRICT),
    "OP": (Role.OPS, DISTRICT),
    "PB": (Role.PUBLIC, DISTRICT),
}
#: A: in one's own area; O: what one recorded oneself; –: not at all. The public has no tablets.
MATRIX = """
                           GW GL CM ST DO DP IN LG OP PB
record a check             A  A  A  A  A  A  A  –  –  –
correct a check            O  O  O  O  O  O  O  –  –  –
correct another's score    –  –  –  –  –  –  A  –  –  –
report a problem           A  A  A  A  A  A  A  A  –  –
accept a case              –  –  A  A  A  –  A  –  –  –
refuse a case              –  –  A  A  A  –  A  –  –  –
void a case                –  –  –  A  A  –  –  –  –  –
enter a shop               A  A  A  A  A  A  –  –  –  –
edit a shop                A  A  A  A  A  A  –  –  –  –
void a shop                –  –  –  A  A  –  –  –  –  –
"""
ELSEWHERE = "210903001001001"
FOUND = {"source": "check", "problem_class": "piling", "severity": "minor", "found_at": "2020-07-18T08:00:00+08:00"}
OURS = {"name": "老王修车", "category": "repair"}
REVISION = {"score": 900, "reason": "复核", "at": "2020-07-18T09:00:00+08:00"}


def cells() -> list[tuple[str, str, str]]:
    header, *rows = MATRIX.strip("\n").splitlines()
    start = header.index("GW")
    return [
        (row[:start].strip(), column, cell)
        for row in rows
        for column, cell in zip(header.split(), row[start:].split(), strict=True)
    ]


def check_by(who: Person, role: Role) -> dict[str, object]:
    return clean(STREET_1, inspector_id=who.id, inspector_role=role.value)


class Attempt:
    """Somebody in one role, at an office where a shop, a case and two checks lie at one place."""

    def __init__(self, role: Role, area: str, place: str) -> None:
        self.who, self.role, self.place = person("somebody", always(role, area)), role, place
        self.desk = Desk()
        owner = person("owner", always(Role.STREET, place))
        own = person("somebody", always(Role.GRID_WORKER, place))
        self.own = CHECK[:-1] + ("0" if CHECK[-1] != "0" else "1")
        for who, type_, id_, fields in (
            (owner, "shop", SHOP, OURS),
            (owner, "case", CASE, FOUND),
            (owner, "street_check", CHECK, check_by(owner, Role.STREET)),
            (own, "street_check", self.own, check_by(own, Role.GRID_WORKER)),
        ):
            assert self.desk.do(who, "create", type_, id_, grid=place, set=fields) == "applied"

    def __call__(self, action: str) -> str:
        """Return the outcome of trying it."""
        new = SHOP[:-1] + ("0" if SHOP[-1] != "0" else "1")
        revision = REVISION | {"by": self.who.id}
        tries: dict[str, tuple[str, str, str, dict[str, Any]]] = {
            "record a check": ("create", "street_check", new, {"set": check_by(self.who, self.role)}),
            "correct a check": ("patch", "street_check", CHECK, {"set": {"weather": "rain"}}),
            "correct one's own check": ("patch", "street_check", self.own, {"set": {"weather": "rain"}}),
            "correct another's score": ("patch", "street_check", CHECK, {"set": {"score_revision": revision}}),
            "report a problem": ("create", "case", new, {"set": FOUND}),
            "accept a case": ("act", "case", CASE, {"act": {"name": "accept"}}),
            "refuse a case": ("act", "case", CASE, {"act": {"name": "refuse", "reason": "重复"}}),
            "void a case": ("void", "case", CASE, {}),
            "enter a shop": ("create", "shop", new, {"set": OURS}),
            "edit a shop": ("patch", "shop", SHOP, {"base": 99, "set": {"new": 1}}),
            "void a shop": ("void", "shop", SHOP, {}),
        }
        op, type_, id_, parts = tries[action]
        return self._do(op, type_, id_, **parts)

    def _do(self, op: str, type_: str, id_: str, **parts: object) -> str:
        return self.desk.do(self.who, op, type_, id_, tablet="tablet", grid=self.place, **parts)


#: An author who had not seen all of it is told "merged", so that the record comes down to him.
TAKEN = ("applied", "merged")


@pytest.mark.parametrize(("action", "column", "cell"), cells())
def test_the_table_holds(action: str, column: str, cell: str) -> None:
    role, area = COLUMNS[column]
    here, elsewhere = Attempt(role, area, GRID_7)(action), Attempt(role, area, ELSEWHERE)(action)
    if cell == "A":
        assert here in TAKEN
        assert elsewhere == "outside_area"
    elif cell == "O":
        assert (here, elsewhere) == ("not_your_record", "outside_area")
        assert Attempt(role, area, GRID_7)("correct one's own check") in TAKEN
    else:
        assert {here, elsewhere} <= {"not_allowed", "outside_area", "not_your_record"}
        assert here not in TAKEN


@pytest.mark.parametrize("column", ["GW", "DP"])
def test_whoever_only_proposes_does_not_write_over_the_office(column: str) -> None:
    """His value becomes a suggestion, seen or not."""
    attempt = Attempt(*COLUMNS[column], place=GRID_7)
    seen = attempt.desk.version(SHOP)
    [decision] = attempt.desk.push(
        attempt.who, attempt.desk.mutation(attempt.who, "patch", "shop", SHOP, base=seen, set={"name": "王记"})
    ).taken[0].decisions  # fmt: skip
    assert (decision.reason, decision.outcome) == ("higher_rank", "set_aside")
    assert attempt.desk.fields(SHOP)["name"] == "老王修车"


# -- when ----------------------------------------------------------------------------------------------

MOVED = person("moved", Grant(Role.GRID_WORKER, GRID_7, MORNING, MORNING + HOUR))
SIGNED = {
    "before it began": (MORNING - 1, "outside_area"),
    "at its first moment": (MORNING, "merged"),
    "at its last moment": (MORNING + HOUR - 1, "merged"),
    "when it had ended": (MORNING + HOUR, "outside_area"),
}


@pytest.mark.parametrize(("signed_ms", "outcome"), SIGNED.values(), ids=SIGNED)
def test_authority_is_judged_at_the_moment_of_signing(signed_ms: int, outcome: str) -> None:
    """However long the work waited on the tablet: it arrives a month later, and he is told where it stands."""
    desk = Desk(MORNING + 30 * 24 * HOUR)
    assert desk.do(MOVED, "create", "shop", SHOP, at=[signed_ms, 0], set=OURS) == outcome


def test_stopping_is_judged_on_arrival() -> None:
    desk = Desk(MORNING + HOUR)
    stopped = person("li", always(Role.GRID_WORKER, GRID_7), stopped_ms=MORNING)
    assert desk.do(stopped, "create", "shop", SHOP, at=[MORNING - HOUR, 0], set=OURS) == "person_stopped"


@pytest.mark.parametrize(
    ("later_ms", "outcome", "weather"), [(LOCK_AFTER_MS, "applied", "rain"), (LOCK_AFTER_MS + 2_000, "merged", None)]
)
def test_a_check_is_locked_a_day_after_it_came(later_ms: int, outcome: str, weather: str | None) -> None:
    """What comes after it changes nothing, and stands beside the check as a remark with what it proposed."""
    desk = Desk()
    desk.do(LI, "create", "street_check", CHECK, set=check_by(LI, Role.GRID_WORKER))
    received = desk.now_ms
    desk.now_ms += later_ms - 1_000
    told = desk.do(LI, "patch", "street_check", CHECK, at=[received + later_ms, 0], set={"weather": "rain"})
    fields = desk.fields(CHECK)
    assert (told, fields.get("weather")) == (outcome, weather)
    assert [entry["text"] for entry in fields.get("remark", ())] == (
        [] if weather else ["锁定后更正建议：天气 None→rain"]
    )


def test_a_correction_to_what_stands_there_leaves_no_remark() -> None:
    """It proposes nothing: neither an empty remark nor a notice comes of it."""
    desk = Desk()
    desk.do(LI, "create", "street_check", CHECK, set=check_by(LI, Role.GRID_WORKER) | {"weather": "rain"})
    received = desk.now_ms
    desk.now_ms += 2 * LOCK_AFTER_MS
    late = [received + 2 * LOCK_AFTER_MS, 0]
    assert desk.do(LI, "patch", "street_check", CHECK, at=late, set={"weather": "rain"}) in TAKEN
    assert "remark" not in desk.fields(CHECK)


def test_an_inspector_corrects_a_locked_score_but_nothing_beside_it() -> None:
    """Neither by set nor by the other verbs, with which a photo could be taken away."""
    desk = Desk()
    photo = {"sha256": "3f" * 32, "role": "overview"}
    desk.do(LI, "create", "street_check", CHECK, set=check_by(LI, Role.GRID_WORKER), add={"photos": [photo]})
    desk.now_ms += 3 * LOCK_AFTER_MS
    zhou = person("zhou", always(Role.INSPECTOR, DISTRICT))
    revision = {"score_revision": REVISION | {"by": zhou.id}}
    for beside in ({"set": revision | {"weather": "rain"}}, {"set": revision, "remove": {"photos": ["3f" * 32]}},
                   {"set": revision, "add": {"remark": ["补记"]}}):  # fmt: skip
        assert desk.do(zhou, "patch", "street_check", CHECK, **beside) == "not_your_record"
    assert desk.do(zhou, "patch", "street_check", CHECK, set=revision) in TAKEN
    assert desk.fields(CHECK)["photos"] == [photo]
    assert desk.fields(CHECK)["score_revision"]["score"] == 900


# -- in whose name -------------------------------------------------------------------------------------

FORGED = {
    "another inspector": {"inspector_id": WANG.id},
    "a role not held": {"inspector_role": "inspector"},
    "a score of one's own": {"score_revision": REVISION | {"by": LI.id}},
}


@pytest.mark.parametrize("fields", FORGED.values(), ids=FORGED)
def test_nobody_signs_for_another(fields: dict[str, object]) -> None:
    desk = Desk()
    mine = check_by(LI, Role.GRID_WORKER)
    assert desk.do(LI, "create", "street_check", CHECK, set=mine | fields) == "not_allowed"
    assert desk.do(LI, "create", "street_check", CHECK, set=mine) == "applied"
    # An older stamp would win a field that is written once.
    assert desk.do(LI, "patch", "street_check", CHECK, at=[1, 0], set=fields) in ("not_allowed", "outside_area")


def test_an_inspector_revises_in_his_own_name() -> None:
    desk = Desk()
    desk.do(LI, "create", "street_check", CHECK, set=check_by(LI, Role.GRID_WORKER))
    zhou = person("zhou", always(Role.INSPECTOR, DISTRICT))
    forged = {"score_revision": REVISION | {"by": QIAN.id}}
    assert desk.do(zhou, "patch", "street_check", CHECK, set=forged) == "not_allowed"


def test_of_two_roles_the_weightier_acts_unless_one_is_named() -> None:
    both = person("both", always(Role.GRID_WORKER, GRID_7), always(Role.STREET, STREET))
    desk = Desk()
    for role, rank in ((None, 4), ("grid_worker", 1)):
        id_ = SHOP if role is None else CASE
        desk.do(both, "create", "shop", id_, set=OURS, role=role)
        assert desk.shelf.records[id_].origin.rank == rank


def test_an_area_of_one_code_does_not_reach_where_the_digits_only_begin_alike() -> None:
    """Street 210902005 is not the grid 210902005003007's neighbour 210902050."""
    desk = Desk()
    assert desk.do(QIAN, "create", "shop", SHOP, grid="210902050001001", set=OURS) == "outside_area"
    assert desk.do(QIAN, "create", "shop", SHOP, grid=STREET, set=OURS) == "applied"
    assert desk.do(QIAN, "create", "shop", CASE, grid=DISTRICT, set=OURS) == "outside_area"
