"""Records come back as they were put away, small, and are found by what they are about and where they lie."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from schemas import likeness
from schemas.clock import Stamp
from schemas.roles import UNSIGNED, Role
from server.storage.records import RecordStore
from server.storage.store import Store
from server.storage.tables import record as table
from server.values import Origin, Record, moment
from tests.server.empty_office import GRID_7, HAIZHOU, HEBEI
from tests.server.storing import (
    LI,
    NOON,
    OTHER_TABLET,
    QIAN,
    TABLET,
    WANG,
    as_stored,
    change,
    id_of,
    listening,
    plan_of,
    read,
    record,
    write,
)

DOOR = {"lat": 42.0105, "lon": 121.6505, "crs": "wgs84"}
FAR_OFF = {"lat": 42.5, "lon": 121.9, "crs": "wgs84"}
STAMP_COLUMNS = ("at_ms", "at_counter", "pen", "origin_ms", "origin_counter", "origin_pen", "firm")


# -- there and back ---------------------------------------------------------------------------------

STAMPS = st.builds(
    Stamp, st.integers(0, (1 << 48) - 1), st.integers(0, 0xFFFF), st.sampled_from([TABLET, OTHER_TABLET])
)
PEOPLE = st.sampled_from([LI, WANG, QIAN])
RANKS = st.integers(0, 6)
RECORDS = st.builds(
    Record,
    type=st.sampled_from(["shop", "case", "tree"]),
    id=st.just(id_of("any")),
    grid=st.just(GRID_7),
    feed=st.just(HEBEI),
    fields=st.dictionaries(st.sampled_from(["name", "code", "remark"]), st.text(st.characters(codec="ascii"))),
    origin=st.builds(Origin, STAMPS, PEOPLE, RANKS, st.booleans()),
    at=STAMPS.map(moment),
    by=PEOPLE,
    device=st.sampled_from([TABLET, OTHER_TABLET]),
    received_ms=st.integers(0, (1 << 48) - 1),
    rank=RANKS,
    void=st.booleans(),
    clean=st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=RECORDS, edited=RECORDS)
def test_a_record_comes_back_as_it_was(store: Store, made: Record, edited: Record) -> None:
    """Written anew, and written over: whoever wrote first and last, when, with what weight."""
    with store.work(HAIZHOU) as work:  # never committed: the next example finds nothing
        made.fields = {k: v.replace("\x00", "") for k, v in made.fields.items()}
        made.version = made.born = 7
        work.records.write([made])
        assert found_by(work.records) == as_stored(made)
        again = found_by(work.records)
        again.version, again.at, again.by, again.device, again.rank = (
            8,
            edited.at,
            edited.by,
            edited.device,
            edited.rank,
        )
        work.records.write([again])
        assert found_by(work.records) == as_stored(again)


def found_by(records: RecordStore) -> Record:
    """Return the record, as its store has it."""
    return as_stored(records.get([id_of("any")])[id_of("any")])


def test_an_edit_says_who_was_first_and_who_was_last(store: Store) -> None:
    """Li made it, Wang changed it: Li's moment and weight are still known."""
    write(store, record("shop", name="老王修车"))
    change(store, "shop", name="王记修车行")
    found = read(store, "shop")
    assert found.origin == Origin(Stamp(NOON, 0, TABLET), LI, 1)
    assert (found.at, found.by, found.device, found.rank) == (Stamp(NOON + 60_000, 0), WANG, OTHER_TABLET, 2)


# -- what the stamps cost ---------------------------------------------------------------------------


def test_who_and_when_costs_21_bytes_until_somebody_edits(office: Any) -> None:
    """A check as a tablet sends it: when, who, on what and with what weight, in less than 40 bytes."""
    li = office.device("li")
    li.clock_ms = NOON
    [outcome] = li.push(li.mutation("create", "shop", id_of("shop"), set={"name": "老王修车", "category": "repair"}))
    assert outcome.outcome == "applied"
    assert stamp_bytes(office.store) == 21

    wang = office.device("wang")
    wang.clock_ms = NOON
    wang.push(wang.mutation("patch", "shop", id_of("shop"), base=1, set={"address": "解放大街1号"}))
    assert 21 < stamp_bytes(office.store) <= 41
    edited = office.record(id_of("shop"))
    assert (edited.rank, edited.origin.rank) == (Role.GRID_WORKER.rank, Role.GRID_WORKER.rank)


def stamp_bytes(store: Store) -> int:
    """Return how many bytes the only record's stamps take."""
    columns = [table.c[name] for name in STAMP_COLUMNS]
    with store.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            sizes = [func.coalesce(func.pg_column_size(column), 0) for column in columns]
            return sum(connection.execute(select(*sizes)).one())
        return sum(map(sqlite_bytes, connection.execute(select(*columns)).one()))


def sqlite_bytes(value: int | None) -> int:
    """Return what an integer takes in SQLite's record format: a byte for its kind, and those it needs."""
    if value in (None, 0, 1):
        return 1
    return 1 + next(size for size in (1, 2, 3, 4, 6, 8) if value in range(-(1 << 8 * size - 1), 1 << 8 * size - 1))


# -- pens -------------------------------------------------------------------------------------------


def test_a_pen_is_put_away_once(store: Store) -> None:
    """Whoever wrote before is known: no statement is spent on it, and none on reading it back."""
    write(store, record("first"))
    with listening(store) as heard:
        write(store, record("second"), record("third"))
        assert read(store, "third").by == LI
    assert [statement for statement, _ in heard if " pen " in statement] == []


def test_all_pens_of_a_page_are_asked_for_at_once(store: Store) -> None:
    """By a process that knows none of them yet."""
    write(store, record("a"), record("b", by=WANG), record("c", by=QIAN, tablet=OTHER_TABLET))
    newcomer = Store(store.engine)
    with listening(store) as heard, newcomer.work(HAIZHOU, writing=False) as work:
        rows = work.feeds.read(HEBEI, None, 0, 3, 10, None)
        again = work.feeds.read(HEBEI, None, 0, 3, 10, None)
    assert [row.by for row in rows] == [row.by for row in again] == [LI, WANG, QIAN]
    assert len(heard) == 3, "records, pens, and records again"


def test_what_was_undone_is_not_taken_for_known(store: Store) -> None:
    """The pen of a transaction that failed is gone with it; the next to use it puts it away."""
    write(store, record("lost"), commit=False)
    write(store, record("kept"))
    assert read(store, "kept").by == LI
    assert read(Store(store.engine), "kept").by == LI


def test_another_database_behind_a_new_connection_is_asked_anew(store: Store) -> None:
    """After a failover that lost the last commits, a pen known to this process is not there any more."""
    write(store, record("before"))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM record")
        connection.exec_driver_sql("DELETE FROM pen")
    store.engine.dispose()
    write(store, record("after"))
    assert read(Store(store.engine), "after").device == TABLET


def test_a_tablet_is_spared_what_it_shows_already(store: Store) -> None:
    """Whoever of its people wrote it, and nothing that another tablet wrote."""
    write(store, record("li's"), record("wang's", by=WANG), record("elsewhere", tablet=OTHER_TABLET))
    unclean = record("unclean")
    unclean.clean = False
    write(store, unclean)
    with store.work(HAIZHOU, writing=False) as work:
        spared = work.feeds.read(HEBEI, None, 0, 9, 10, TABLET)
        everything = work.feeds.read(HEBEI, None, 0, 9, 10, None)
    assert [row.id for row in spared] == [id_of("elsewhere"), id_of("unclean")]
    assert len(everything) == 4


# -- found by ---------------------------------------------------------------------------------------


def test_a_record_is_found_by_what_it_is_about_and_where_it_lies(store: Store) -> None:
    """And when it comes to be about another thing, in another place, it is found there and no longer here."""
    street, next_street = id_of("street"), id_of("next street")
    write(store, record("shop", segment_id=street, position=DOOR), record("tree", "tree", position=DOOR))
    assert about(store, street) == {"shop"}
    assert lying(store, DOOR) == {"shop"}
    change(store, "shop", segment_id=next_street, position=FAR_OFF)
    assert (about(store, street), about(store, next_street)) == (set(), {"shop"})
    assert (lying(store, DOOR), lying(store, FAR_OFF)) == (set(), {"shop"})
    change(store, "shop", segment_id=None, position=None)
    assert about(store, next_street) | lying(store, FAR_OFF) == set()


def test_what_changed_too_long_ago_is_not_about_it(store: Store) -> None:
    """The last change counts, not the creation; what is wanted by id comes whatever its age."""
    street = id_of("street")
    write(store, record("old", segment_id=street), record("new", segment_id=street, at=1_000))
    assert about(store, street, NOON + 1) == {"new"}
    with store.work(HAIZHOU, writing=False) as work:
        around = work.records.around([id_of("old"), id_of("nobody")], [street], NOON + 1, {})
    assert named(around) == {"old", "new"}
    change(store, "old", name="老王修车")
    assert about(store, street, NOON + 1) == {"old", "new"}


def test_all_that_concerns_a_push_comes_in_one_statement(store: Store) -> None:
    """Wanted by id, by subject and by place, of two types; what is found twice comes once."""
    street, cell = id_of("street"), likeness.cell_of(DOOR)
    assert cell is not None
    write(store, record("shop", segment_id=street, position=DOOR), record("case", "case", position=DOOR))
    write(store, record("area", "parking_area", segment_id=street), record("far", "case", position=FAR_OFF))
    with store.work(HAIZHOU, writing=False) as work, listening(store) as heard:
        cells = {"shop": (0, [cell]), "case": (0, [cell, 0]), "tree": (0, [])}
        found = work.records.around([id_of("shop")], [street], 0, cells)
        nothing = work.records.around([], [], 0, {"shop": (0, [])}), work.records.about([], 0, lock=False)
    assert named(found) == {"shop", "area", "case"}
    assert nothing == ({}, {})
    assert len(heard) == 1


def test_what_lies_there_since_long_is_left_out_where_time_matters(store: Store) -> None:
    cell = likeness.cell_of(DOOR)
    assert cell is not None
    write(store, record("old", "case", position=DOOR), record("new", "case", position=DOOR, at=1_000))
    with store.work(HAIZHOU, writing=False) as work:
        assert named(work.records.around([], [], 0, {"case": (NOON + 1, [cell])})) == {"new"}


def test_of_what_a_lone_writer_made_only_the_cases_concern_him(store: Store) -> None:
    """His colleague's check of the same street does, and whatever a case of his own says."""
    street = id_of("street")
    mine, theirs = record("mine", "street_check", target_id=street), record("theirs", "street_check", target_id=street)
    # Whose a check is does not change with who wrote into it last.
    theirs.origin = theirs.origin._replace(by=id_of("somebody else"))
    write(store, mine, theirs, record("my case", "case", target_id=street))
    with store.work(HAIZHOU, writing=False) as work:
        assert named(work.records.around([], [street], 0, {}, (mine.device, mine.by))) == {"theirs", "my case"}
        assert named(work.records.around([], [street], 0, {})) == {"mine", "theirs", "my case"}


@pytest.mark.parametrize("ask", ["about", "around"])
def test_the_indexes_are_used(store: Store, ask: str) -> None:
    """In a table of some size nothing is looked for row by row."""
    many = [record(f"shop {n}", segment_id=id_of(f"street {n % 300}"), at=n) for n in range(3_000)]
    for number, one in enumerate(many):
        one.fields["position"] = DOOR | {"lat": 40 + number / 1_000}
    write(store, *many)
    cell = likeness.cell_of(many[0].fields["position"])
    assert cell is not None
    asked: dict[str, Callable[[RecordStore], Any]] = {
        "about": lambda records: records.about([id_of("street 7")], NOON + 2_000, lock=True),
        "around": lambda records: records.around(
            [id_of("shop 1")], [id_of("street 7")], NOON + 2_000, {"shop": (0, likeness.cells_around(cell))}
        ),
    }
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    with store.work(HAIZHOU) as work:
        with listening(store) as heard:
            assert asked[ask](work.records)
        plan = plan_of(work.connection, *heard[0])
    assert "record_subject" in plan
    assert "Seq Scan" not in plan
    assert "SCAN record" not in plan
    assert ("record_cell" in plan) == (ask == "around")


def about(store: Store, subject: str, since_ms: int = 0) -> set[str]:
    """Return the names of the records about *subject*."""
    with store.work(HAIZHOU) as work:
        return named(work.records.about([subject], since_ms, lock=True))


def lying(store: Store, position: dict[str, Any]) -> set[str]:
    """Return the names of the shops in the cell of *position*, and of trees, which nobody looks for by place."""
    cell = likeness.cell_of(position)
    assert cell is not None
    with store.work(HAIZHOU, writing=False) as work:
        return named(work.records.around([], [], 0, {"shop": (0, [cell]), "tree": (0, [cell])}))


def named(found: dict[str, Record]) -> set[str]:
    """Return the names of the records *found*."""
    names = ("shop", "tree", "old", "new", "case", "area", "far", "mine", "theirs", "my case")
    return {name for name in names if id_of(name) in found}


def test_the_machine_weighs_nothing(store: Store) -> None:
    """What nobody signed comes back with no weight, not with somebody else's."""
    imported = record("shop")
    imported.rank, imported.origin = UNSIGNED, imported.origin._replace(rank=UNSIGNED)
    write(store, imported)
    assert (read(store, "shop").rank, read(store, "shop").origin.rank) == (UNSIGNED, UNSIGNED)
