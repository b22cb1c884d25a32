"""What was taken makes the record again: the same rows, the same code, whatever was decided on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.checks.street import STREET_1
from schemas.problems import Refusal
from schemas.records import TYPES, Fields
from schemas.roles import Role
from schemas.rules import LATEST, RuleTable
from server.core.intake import Intake
from server.core.proving import replay
from server.core.proving.replay import Replayed, Row, replayed
from server.core.taken import Taken
from server.values import Record
from tests.core.desk import CHECK, GRID_7, HOUR, LI, QIAN, SHOP, WANG, Desk, always, person
from tests.schemas.checks_made import clean

ZHAO = person("zhao", always(Role.COMMUNITY, GRID_7[:12]))
ZHOU = person("zhou", always(Role.INSPECTOR, GRID_7[:6]))
NEW = {"name": "老王修车", "category": "repair"}
PHOTO = {"sha256": "3f" * 32, "role": "near"}
OTHER_PHOTO = {"sha256": "4e" * 32, "role": "near"}


@dataclass
class Archive(Desk):
    """A desk that keeps its history."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def _number(self, rows: list[Taken]) -> None:
        for number, taken in enumerate(rows, self.numbers + 1):
            taken.number = number
        super()._number(rows)
        for taken in rows:
            self.rows.setdefault(taken.record.id, []).append(_row(taken, self.now_ms))

    def replayed(self, id_: str, rules: Callable[[str | None], RuleTable] | None = None) -> Replayed:
        kind = TYPES[self.shelf.records[id_].type]
        return replayed(self.rows[id_], kind, id_, GRID_7, rules or (lambda _mark: kind.rules))

    def holds(self, id_: str) -> Record:
        """Replay one record, which must come out as it lies on the shelf, and return it."""
        record, stored = self.replayed(id_).record, self.shelf.records[id_]
        for name in ("fields", "version", "born", "void", "origin", "at", "by", "device", "marks"):
            assert getattr(record, name) == getattr(stored, name), name
        return record


def _row(taken: Taken, received_ms: int) -> Row:
    author, received, arrived = taken.author, taken.received, taken.arrived
    told = [decision.told(taken.number) for decision in taken.decisions]
    payload: Any = taken.record.fields if taken.amendment is None else taken.amendment
    return Row(
        taken.record.feed, taken.number, taken.record.id, author.device, "first", arrived.n if arrived else 0,
        author.person.id, author.role, author.stamp.ms, author.stamp.counter, received.corrected_by_ms,
        received.clamped, received_ms, taken.outcome,
        (arrived.raw if arrived else wire.canonical(payload)).decode(), wire.canonical(told).decode() if told else None,
        TYPES[taken.record.type].rules_mark,
    )  # fmt: skip


@pytest.fixture
def desk() -> Archive:
    archive = Archive()
    archive.do(QIAN, "create", "shop", SHOP, set=NEW, add={"photos": [PHOTO], "remark": ["新登记"]})
    return archive


def test_a_dispute_stands_open_again_and_a_settled_one_does_not(desk: Archive) -> None:
    desk.do(LI, "patch", "shop", SHOP, base=1, set={"status": "open"})
    desk.do(WANG, "patch", "shop", SHOP, base=1, set={"status": "vacant"})
    assert desk.holds(SHOP).fields["status"] == "open"
    assert desk.replayed(SHOP).disputes == {"status"}
    desk.do(ZHAO, "patch", "shop", SHOP, base=3, set={"status": "vacant"})
    assert desk.holds(SHOP).fields["status"] == "vacant"
    assert desk.replayed(SHOP).disputes == frozenset()


def test_a_lower_rank_s_word_stays_a_suggestion(desk: Archive) -> None:
    desk.do(LI, "patch", "shop", SHOP, base=1, set={"name": "老王汽修"})
    assert desk.holds(SHOP).fields["name"] == "老王修车"
    assert desk.replayed(SHOP).decided == 1


def test_rows_of_one_push_stand_under_its_last_number(desk: Archive) -> None:
    """Li pushes three edits at once; Wang, who saw the record between two of their numbers, saw none of them."""
    edits = [desk.mutation(LI, "patch", "shop", SHOP, base=1, set={"door_no": str(no)}) for no in range(3)]
    desk.push(LI, *edits)
    desk.do(WANG, "patch", "shop", SHOP, base=3, set={"door_no": "9"})
    assert desk.holds(SHOP).marks.values["door_no"][0].version == 4


def test_photos_removed_and_added_meanwhile(desk: Archive) -> None:
    desk.do(LI, "patch", "shop", SHOP, base=1, add={"photos": [PHOTO | {"role": "far"}, OTHER_PHOTO]})
    desk.do(QIAN, "patch", "shop", SHOP, base=1, remove={"photos": [PHOTO["sha256"]]})
    desk.do(QIAN, "patch", "shop", SHOP, base=2, remove={"photos": [OTHER_PHOTO["sha256"]]})
    assert desk.holds(SHOP).fields["photos"] == [PHOTO | {"role": "far"}]


def test_a_void_record_and_what_came_after(desk: Archive) -> None:
    desk.do(QIAN, "void", "shop", SHOP, base=1)
    desk.do(LI, "patch", "shop", SHOP, base=1, set={"door_no": "3"})
    assert desk.holds(SHOP).void


def test_a_creation_offered_again_is_passed_over(desk: Archive) -> None:
    made = msgspec.json.decode(desk.rows[SHOP][0].payload)
    desk.push(QIAN, wire.encode(made | {"n": 7}))
    assert desk.holds(SHOP).version == 1


def dirty_check(desk: Archive, at_ms: int | None = None, **fields: Any) -> bytes:
    """Return a check that opens cases, made by Li."""
    made = clean(STREET_1, {"D1": 2}, inspector_id=LI.id, **fields)
    return desk.mutation(LI, "create", "street_check", CHECK, set=made, at=[at_ms or desk.now_ms, 0])


def test_a_check_with_a_wrong_clock_keeps_by_how_much(desk: Archive) -> None:
    raw = dirty_check(desk, desk.now_ms + 400 * HOUR)
    desk.push(LI, raw)
    desk.holds(CHECK)


def cases_of(intake: Intake) -> list[str]:
    return [row.record.id for row in intake.brought]


def test_a_case_that_a_check_opened_and_its_later_photos(desk: Archive) -> None:
    [case, *_] = cases_of(desk.push(LI, dirty_check(desk)))
    desk.do(LI, "patch", "street_check", CHECK, base=desk.version(CHECK), add={"photos": [PHOTO | {"item": "D1"}]})
    desk.holds(CHECK)
    desk.holds(case)


def test_a_case_changed_in_the_very_push_that_brought_it_about(desk: Archive) -> None:
    """Its row stands behind the change."""
    raw = dirty_check(desk)
    [case, *_] = cases_of(Archive().push(LI, raw))
    desk.push(LI, raw, desk.mutation(LI, "patch", "case", case, set={"place_text": "路口东侧"}))
    assert [row.n > 0 for row in desk.rows[case]] == [True, False]
    assert desk.holds(case).fields["place_text"] == "路口东侧"


def test_a_case_accepted_in_the_very_push_that_brought_it_about(desk: Archive) -> None:
    """An inspector decides on the spot."""
    made = clean(STREET_1, {"D1": 2}, inspector_id=ZHOU.id, inspector_role="inspector")
    raw = desk.mutation(ZHOU, "create", "street_check", CHECK, set=made)
    [case, *_] = cases_of(Archive().push(ZHOU, raw))
    accepted = desk.mutation(ZHOU, "act", "case", case, act={"name": "accept"})
    desk.push(ZHOU, raw, accepted, desk.mutation(ZHOU, "act", "case", case, act={"name": "accept"}))
    record = desk.holds(case)
    assert (record.fields["status"], len(record.fields["late_acts"])) == ("accepted", 1)


def test_acts_taken_refused_and_late(desk: Archive) -> None:
    [case, *_] = cases_of(desk.push(LI, dirty_check(desk)))
    seen = desk.version(case)
    desk.do(ZHAO, "act", "case", case, base=seen, act={"name": "refuse", "reason": "非本网格"})
    desk.do(QIAN, "act", "case", case, base=seen, act={"name": "accept"})
    desk.do(ZHAO, "act", "case", case, base=desk.version(case), act={"name": "accept"})
    record = desk.holds(case)
    assert record.fields["status"] == "accepted"
    assert [late["act"] for late in record.fields["late_acts"]] == ["refuse", "accept"]


def test_two_cases_joined_the_two_ways_round(desk: Archive) -> None:
    [one, other, *_] = cases_of(desk.push(LI, dirty_check(desk), dirty_check_too(desk)))
    desk.do(ZHAO, "act", "case", one, base=desk.version(one), act={"name": "merge", "into": other})
    desk.do(QIAN, "act", "case", other, base=desk.version(other), act={"name": "merge", "into": one})
    assert desk.holds(one).fields["merged_into"] == other
    assert desk.holds(other).fields["late_acts"][0]["act"] == "merge"


def dirty_check_too(desk: Archive) -> bytes:
    made = clean(STREET_1, {"D1": 4}, inspector_id=LI.id)
    return desk.mutation(LI, "create", "street_check", SHOP[:-2] + "00", set=made)


def test_a_correction_after_the_lock_is_a_note_again(desk: Archive) -> None:
    desk.push(LI, dirty_check(desk))
    desk.now_ms += 48 * HOUR
    desk.do(
        LI, "patch", "street_check", CHECK, base=desk.version(CHECK), set={"weather": "rain"}, remove={"photos": []}
    )
    record = desk.holds(CHECK)
    assert "weather" not in record.fields
    assert "锁定后更正建议" in record.fields["remark"][0]["text"]


def test_a_photo_an_open_case_stands_on_stays_and_the_rest_of_the_edit_counts(desk: Archive) -> None:
    raw = dirty_check(desk)
    check = wire.decode_json(raw) | {"add": {"photos": [PHOTO | {"item": "D1"}]}}
    desk.push(LI, wire.encode(check))
    seen, more = desk.version(CHECK), {"photos": [OTHER_PHOTO]}
    desk.do(LI, "patch", "street_check", CHECK, base=seen, remove={"photos": [PHOTO["sha256"]]}, add=more)
    held = {photo["sha256"] for photo in desk.holds(CHECK).fields["photos"]}
    assert held == {PHOTO["sha256"], OTHER_PHOTO["sha256"]}


def test_what_the_office_wrote_beside_a_mutation_is_written_again(desk: Archive) -> None:
    decision = {"field": "road_grade", "rule": "form_at_time", "reason": "basis_changed"}
    desk.push(LI, dirty_check(desk))
    [row] = desk.rows[CHECK]
    told = wire.canonical([decision | {"sets": {"basis_changed": ["road_grade"]}}]).decode()
    desk.rows[CHECK] = [msgspec.structs.replace(row, decisions=told)]
    assert desk.replayed(CHECK).record.fields["basis_changed"] == ["road_grade"]


def test_a_row_from_before_amendments_holds_the_whole_of_the_fields(desk: Archive) -> None:
    """So a history that began under an older server still replays."""
    [case, *_] = cases_of(desk.push(LI, dirty_check(desk)))
    desk.do(LI, "patch", "street_check", CHECK, base=desk.version(CHECK), add={"photos": [PHOTO | {"item": "D1"}]})
    fields = wire.canonical(desk.fields(case)).decode()
    *before, last = desk.rows[case]
    desk.rows[case] = [*before, msgspec.structs.replace(last, payload=fields, rules=None)]
    assert desk.replayed(case).record.fields == desk.fields(case)


def test_other_rules_come_to_something_else(desk: Archive) -> None:
    """Had the later sign simply counted, nobody would have had to decide."""
    desk.do(LI, "patch", "shop", SHOP, base=1, set={"status": "open"})
    desk.do(WANG, "patch", "shop", SHOP, base=1, set={"status": "vacant"})
    table = TYPES["shop"].rules
    tried = desk.replayed(SHOP, lambda _mark: RuleTable({**table.fields, "status": LATEST}, table.groups, table.unique))
    assert (tried.record.fields["status"], tried.disputes) == ("vacant", frozenset())


BROKEN: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "no JSON": ({"payload": "{"}, Refusal),
    "nobody's role": ({"role": "队长"}, ValueError),
    "no decisions": ({"decisions": '[{"reason": 3}]'}, KeyError),
    "nothing made": ({"outcome": "noop"}, ValueError),
    "a change first": ({"payload": Desk().mutation(QIAN, "void", "shop", SHOP).decode()}, ValueError),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "error"), BROKEN.values(), ids=BROKEN)
def test_a_row_somebody_broke_is_not_replayed(desk: Archive, changed: dict[str, Any], error: type[Exception]) -> None:
    desk.rows[SHOP] = [msgspec.structs.replace(desk.rows[SHOP][0], **changed)]
    assert issubclass(error, replay.BROKEN)
    with pytest.raises(error):
        desk.replayed(SHOP)


# -- whatever happens ---------------------------------------------------------------------------------

EDITS: list[Fields] = [
    {"set": {"name": "王记修车"}},
    {"set": {"name": "老王汽修", "door_no": "3"}},
    {"set": {"status": "vacant"}},
    {"set": {"status": "open", "operator_phone": None}},
    {"add": {"photos": [PHOTO, OTHER_PHOTO]}},
    {"add": {"photos": [PHOTO | {"role": "far"}], "remark": ["店主配合"]}},
    {"remove": {"photos": [PHOTO["sha256"]]}},
    {"set": {"unknown_to_this_server": {"a": [1]}}},
]
PUSHES = st.lists(
    st.tuples(
        st.sampled_from([LI, WANG, ZHAO, QIAN]),
        st.sampled_from(["own", "shared"]),
        st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 3)), min_size=1, max_size=3),
        st.sampled_from([0, HOUR, 25 * HOUR]),
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(PUSHES)
def test_whatever_was_pushed_comes_out_again(pushes: list[Any]) -> None:
    desk = Archive()
    desk.do(QIAN, "create", "shop", SHOP, set=NEW, add={"photos": [PHOTO]})
    for who, tablet, edits, pause in pushes:
        desk.now_ms += pause
        named = who.name if tablet == "own" else tablet
        bases = [max(desk.version(SHOP) - behind, 0) for _, behind in edits]
        raws = [
            desk.mutation(who, "patch", "shop", SHOP, tablet=named, base=base, **parts)
            for (parts, _), base in zip(edits, bases, strict=True)
        ]
        desk.push(who, *raws, tablet=named)
    desk.holds(SHOP)
