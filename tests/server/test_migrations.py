"""The migrations build exactly the tables that the code works with."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, inspect, text

from schemas import likeness, wire
from schemas.clock import Stamp
from schemas.ids import derived_id
from schemas.numbers import number_of
from schemas.rules import Candidate
from server.core.importing.wanted import Wanted
from server.storage import migrate
from server.storage.conflicts import Conflict
from server.storage.store import Store
from server.usecases.bring_in import bring_in
from server.values import Origin, Record
from tests.server import old_office
from tests.server.old_office import (
    CASE,
    CHECK,
    DISTRICT,
    DOOR,
    FIRST_SHOP,
    GRID_7,
    GRID_8,
    LI,
    LIS,
    NOBODY,
    NOON,
    OFFICE,
    QIAN,
    SECOND_SHOP,
    STREET,
    STREET_A,
    WANG,
    WANGS,
)


@pytest.fixture
def moved(database_url: str) -> Iterator[Store]:
    """An office that began on the first tables, brought to today's."""
    engine = create_engine(database_url)
    old_office.fill(engine)
    migrate.upgrade(engine)
    yield Store(engine)
    engine.dispose()


def test_from_nothing_to_today(database_url: str) -> None:
    """An empty database gets every table, column and index, and nothing else."""
    engine = create_engine(database_url)
    assert not migrate.state(engine).up_to_date
    migrate.upgrade(engine)
    assert migrate.state(engine).up_to_date
    assert migrate.differences(engine) == []
    engine.dispose()


def test_a_difference_would_be_found(database_url: str) -> None:
    """The comparison is not blind: a missing column is named."""
    engine = create_engine(database_url)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE person DROP COLUMN title"))
    assert "title" in str(migrate.differences(engine))
    engine.dispose()


def test_once_more_changes_nothing(database_url: str) -> None:
    """Upgrading what is up to date keeps what people wrote."""
    engine = create_engine(database_url)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO feed (district, code, seq, chain) VALUES ('210902', '210902005', 7, '')"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT seq FROM feed")).scalar_one() == 7
    engine.dispose()


def test_several_servers_may_start_at_once(database_url: str) -> None:
    """They queue; whoever comes later finds the work done."""
    engines = [create_engine(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, engines))
    assert migrate.state(engines[0]).up_to_date
    assert "record" in inspect(engines[0]).get_table_names()
    for engine in engines:
        engine.dispose()


def test_old_records_come_out_as_they_were(moved: Store) -> None:
    """Whoever made and last changed each, with the weight the history knows, on clocks it judged then."""
    with moved.work(DISTRICT) as work:
        found = work.records.locked([FIRST_SHOP, SECOND_SHOP, CHECK, CASE, STREET_A])
    shop = found.pop(FIRST_SHOP)
    assert shop == Record(
        type="shop", id=FIRST_SHOP, grid=GRID_7, feed=STREET, fields=shop.fields, origin=origin(LI, 1),
        at=Stamp(NOON + 50, 0), by=QIAN, device=OFFICE, received_ms=NOON + 9, rank=4, version=6, born=1,
        marks=shop.marks, clean=False, stored_before=True, size=shop.size,
    )  # fmt: skip
    assert shop.fields["code"] == "S-1"
    assert shop.marks.values == {
        "name": (
            Candidate("老王修车", Stamp(NOON, 0, LIS), LI, 1, 1),
            Candidate("王记修车行", Stamp(NOON + 50, 0, WANGS), WANG, 1, 6),
        )
    }
    assert {one.id: (one.origin, one.rank, one.void, one.clean) for one in found.values()} == {
        SECOND_SHOP: (origin(LI, 1), 1, False, True),
        CHECK: (origin(LI, 1, firm=False), 1, False, True),
        CASE: (origin(LI, 1, firm=False), 1, True, True),
        STREET_A: (origin(NOBODY, 0), 0, False, True),
    }


def origin(by: str, rank: int, *, firm: bool = True) -> Origin:
    """Return the origin of what was made at noon on Li's tablet."""
    return Origin(Stamp(NOON, 0, LIS), by, rank, firm)


def test_what_nobody_touched_needs_no_stamps_of_its_own(moved: Store) -> None:
    """Two columns for who and when; one pen for each who wrote, however much."""
    with moved.engine.connect() as connection:
        edited = connection.execute(text("SELECT id FROM record WHERE origin_ms IS NOT NULL")).scalars().all()
        pens = connection.execute(text('SELECT "by", rank FROM pen ORDER BY rank')).all()
    assert edited == [FIRST_SHOP]
    assert [tuple(pen) for pen in pens] == [(NOBODY, 0), (LI, 1), (QIAN, 4)]


def test_old_records_are_found_as_new_ones_are(moved: Store) -> None:
    """By number, by what they are about, by where they lie, along the feed."""
    cell = likeness.cell_of(DOOR)
    assert cell is not None
    with moved.work(DISTRICT) as work:
        assert work.records.ids_by_code("shop", ["S-1"]) == {"S-1": FIRST_SHOP}
        assert work.records.about([FIRST_SHOP, STREET_A], NOON, lock=True).keys() == {CHECK, CASE, FIRST_SHOP}
        near = work.records.around([], [], 0, {name: (0, [cell]) for name in ("shop", "case", "shop_check")})
        assert near.keys() == {FIRST_SHOP, CASE}
        rows = work.feeds.read(STREET, None, 0, 9, 9, LIS)
    assert [(row.version, row.id, row.by) for row in rows] == [(6, FIRST_SHOP, QIAN)]


def test_old_records_keep_their_old_numbers(moved: Store) -> None:
    """They follow from where and when they were made; what is made from now on counts from one."""
    found = {"found_at": "2020-07-15T15:00:00+08:00"}
    problem = found | {"source": "self", "problem_class": "exposed_garbage", "severity": "minor"}
    new = Wanted("case", derived_id("a new case"), GRID_7, problem)
    changed = Wanted("shop_check", CHECK, GRID_7, {"weather": "rain"})
    with moved.work(DISTRICT) as work:
        work.feeds.known([STREET])
        work.feeds.jump(9)
        work.commit()
    assert [filed.fate for filed in bring_in(moved, DISTRICT, [new, changed], NOON)] == ["new", "changed"]
    with moved.work(DISTRICT, writing=False) as work:
        made, check = work.records.get([new.id])[new.id], work.records.get([CHECK])[CHECK]
    when = {"observed_at": "2020-07-15T15:00:00+08:00"}
    assert "check_no" not in check.fields
    assert number_of(check.type, check.grid, check.born, check.fields | when) == "XC-20200715-005-000003"
    assert str(number_of(made.type, made.grid, made.born, made.fields)).endswith("-2020-005-00001")


def test_old_disputes_can_be_settled_now(moved: Store) -> None:
    """An open one says whom it concerns and which rule left it open; a settled one, what it had been about."""
    with moved.work(DISTRICT, writing=False) as work:
        found = {(c.record, c.field): c for c in work.conflicts.of_records([FIRST_SHOP, SECOND_SHOP, CASE])}
        names, states = found.pop((FIRST_SHOP, "name")), found.pop((FIRST_SHOP, "status"))
        assert work.conflicts.get(names.id) == names
    assert names == Conflict(
        FIRST_SHOP, "name", "person", derived_id("conflict", FIRST_SHOP, "name", "person"), "shop", STREET, GRID_7,
        True, 6, NOON + 60, NOON + 60, people(LI, WANG), "authority", wire.canonical(old_office.NAMES).decode(),
    )  # fmt: skip
    assert (states.open, states.opened_ms, states.people) == (False, NOON + 99, people(LI, WANG, QIAN))
    assert wire.decode_json(states.detail) == old_office.STATES
    settled = wire.decode_json(states.settled or "")
    assert (settled["by"], settled["at_ms"], settled["choice"]) == (QIAN, NOON + 99, "edit")
    # Of this one the history has nothing more to say.
    severity = found.pop((CASE, "severity"))
    assert (severity.type, severity.people, severity.rule) == ("case", people(QIAN), "")
    assert found.keys() == {(SECOND_SHOP, FIRST_SHOP)}


def test_an_old_pair_is_listed_under_the_younger(moved: Store) -> None:
    """Once, with the place of the younger, and who made the two."""
    with moved.work(DISTRICT, writing=False) as work:
        [pair] = work.conflicts.open_pairs([FIRST_SHOP])
    told = wire.decode_json(pair.detail)
    assert (pair.record, pair.field, pair.grid, pair.open) == (SECOND_SHOP, FIRST_SHOP, GRID_8, True)
    assert (pair.rule, told["reason"], pair.people) == ("duplicate_suggest", "same_number", people(LI))
    assert told["kept"] == {"value": FIRST_SHOP, "by": LI, "at": [NOON, 0], "rank": 1, "version": 1}
    assert [other["value"] for other in told["others"]] == [SECOND_SHOP]


def people(*ids: str) -> str:
    """Return *ids* as they stand in a dispute."""
    return wire.canonical(sorted(ids)).decode()


def test_more_records_than_a_page_are_all_moved(database_url: str) -> None:
    """Page by page, none twice and none left behind."""
    engine = create_engine(database_url)
    old_office.fill(engine, more=4_500)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        counted = connection.execute(text("SELECT count(*), count(DISTINCT id), sum(version) FROM record")).one()
    versions = sum(one["version"] for one in old_office.RECORDS) + sum(range(6, 4_506))
    assert tuple(counted) == (4_505, 4_505, versions)
    engine.dispose()
