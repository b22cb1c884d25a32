"""What the ledger's index finds is what a look at every text finds, whatever is written and whatever is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from schemas.clock import Stamp
from schemas.ids import derived_id
from schemas.initials import folded
from schemas.moments import instant
from server.settings import own_environment
from server.storage import ledger_grams, ledger_lists, migrate
from server.storage.ledger import text_of
from server.storage.ledger_grams import asked, grams
from server.storage.ledger_lists import LedgerLists, Scope, Wanted
from server.storage.postgres_tools import Tools
from server.usecases.back_up import back_up
from server.usecases.rebuild_ledger import rebuild_ledger, strays
from server.usecases.restore_backup import restore_backup
from server.values import Origin, Record
from tests.postgres import find_binaries
from tests.server.clerks import MORNING
from tests.server.ledger_desk import CASE, at_the_ledger, report
from tests.server.office import DISTRICT, GRID_7, Office, open_office, person_id

OTHER = derived_id("record", "the other case")
#: What people write, full-width and half-width, and what means something to one database or the other.
_SIGNS = "中华路路口号饕餮12021２ＡaBé🀄㎡" + "%_!'\"\\*:&|()-~^.,，。 \t\u3000\x01"
_WRITTEN = st.text(_SIGNS, max_size=12) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_HOSTILE = st.sampled_from(
    ["%", "_", "!", "'", '"', "\\", "\\'", '" OR "', "' OR 1=1; --", "a*", "NEAR(a b)", ":*", "&", "!中", "\0", "中\0",
     "\ud83c", "中华\udc04", "中" * 5_000, "12" * 30_000, "%" * 20_000, "\x01", "路\x01口", "-", "AND", "grams:中"]
)  # fmt: skip


def case(number: int, place: str, description: str) -> Record:
    """Return a case of that morning."""
    stamp = Stamp(MORNING, 0, "d")
    fields = {"source": "check", "problem_class": "piling", "severity": "minor", "found_at": instant(MORNING),
              "status": "reported", "place_text": place, "description": description}  # fmt: skip
    return Record(
        type="case", id=derived_id("search", str(number)), grid=GRID_7, feed=GRID_7[:9], fields=fields,
        origin=Origin(stamp, person_id("li"), 1), at=stamp, by=person_id("li"), device="d", received_ms=MORNING,
        version=number + 1, born=1,
    )  # fmt: skip


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[list[Record], list[str]]:
    """Return a few cases, and words that are asked for: parts of what was written, and anything."""
    told = draw(st.lists(st.tuples(_WRITTEN, _WRITTEN), max_size=6))
    cases = [case(number, *one) for number, one in enumerate(told)]
    lines = [line for record in cases for line in text_of(record).split("\n") if line] or ["中华路"]
    part = st.builds(lambda line, at, length: line[at:][:length], st.sampled_from(lines), st.integers(0, 9),
                     st.integers(1, 5))  # fmt: skip
    return cases, draw(st.lists(part | part | _WRITTEN | _HOSTILE, min_size=1, max_size=6))


@pytest.fixture
def empty(database_url: str) -> Iterator[Office]:
    """One office for many ledgers; each is written and taken back."""
    opened = open_office(database_url)
    yield opened
    opened.store.engine.dispose()


def found(office: Office, *words: str) -> set[str]:
    """Return the ids of the cases in which all *words* stand."""
    with office.store.work(DISTRICT, writing=False) as work:
        return {row.id for row in work.ledger_lists.find(wanted(*words))}


def wanted(*words: str) -> Wanted:
    """Return the question for the cases in which all *words* stand."""
    return Wanted((Scope(DISTRICT),), MORNING, words=words, limit=99)


def test_the_index_finds_what_a_look_at_every_text_finds(empty: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed, counted and tallied alike; also where a word is common, and rows are walked instead."""

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(told=ledgers(), rare=st.sampled_from([0, 10_000]), common=st.sampled_from([1, 20]))
    def agree(told: tuple[list[Record], list[str]], rare: int, common: int) -> None:
        cases, asked_for = told
        monkeypatch.setattr(ledger_lists, "_RARE", rare)
        monkeypatch.setattr(ledger_lists, "_COMMON", common)
        with empty.store.work(DISTRICT) as work:
            work.records.write(cases)
            lists = LedgerLists(work.connection, DISTRICT)
            for one in asked_for:
                words = tuple(folded(one).split()[:5])
                stands = {record.id for record in cases if all(word in text_of(record) for word in words)}
                assert {row.id for row in lists.find(wanted(*words))} == stands, words
                assert sum(counted.cases for counted in lists.count(wanted(*words))) == len(stands), words
                assert lists.tally(wanted(*words), 0, MORNING) == {}

    agree()


@given(before=_WRITTEN, word=_WRITTEN, after=_WRITTEN)
def test_what_is_asked_of_the_index_stands_in_every_text_with_the_word(before: str, word: str, after: str) -> None:
    """So that the index never hides a case."""
    kept = grams(before + word + after)
    for term in asked(word.split()):
        assert term in kept


def test_pairs_by_example() -> None:
    """Pairs do not reach across a space; single characters are kept, but for letters and digits."""
    assert grams("中华路 a1\n1") == {"中华", "华路", "中", "华", "路", "a1"}
    assert asked(["中华路", "口", "1"]) == ["中华", "华路", "口"]
    assert asked(["口"]) == ["口"]
    assert asked(["\x01"]) == []
    assert len(asked(["".join(map(chr, range(0x4E00, 0x5E00)))])) <= 24


def test_a_text_is_found_by_what_it_says_now(office: Office) -> None:
    """A corrected place is found by its new name and by its old one no longer; acts change nothing."""
    tablet = report(office, place_text="饕餮烧烤店")
    assert found(office, "饕餮") == found(office, "烧烤", "餮") == {CASE}
    at_the_ledger(office, "qian").do("accept")
    record = office.record(CASE)
    assert record is not None
    tablet.push(tablet.mutation("patch", "case", CASE, base=record.version, set={"place_text": "貔貅烧烤店"}))
    assert found(office, "貔貅") == found(office, "px") == {CASE}
    assert found(office, "饕餮") == set()
    assert list(strays(office.store, DISTRICT)) == []


def test_an_index_that_was_lost_is_told_and_mended(office: Office) -> None:
    """It is really asked: emptied behind our back it finds nothing, is told, and is filled anew by a rebuilding."""
    report(office)
    sqlite = office.store.engine.dialect.name == "sqlite"
    harm = (
        "INSERT INTO ledger_gram (ledger_gram) VALUES ('delete-all')" if sqlite else "UPDATE ledger_text SET grams = ''"
    )
    with office.store.engine.begin() as connection:
        connection.exec_driver_sql(harm)
    assert found(office, "中华") == set()
    assert [one.what for one in strays(office.store, DISTRICT)] == ["@index" if sqlite else "grams"]
    rebuild_ledger(office.store, DISTRICT)
    assert found(office, "中华") == {CASE}
    assert list(strays(office.store, DISTRICT)) == []


def test_a_restored_ledger_is_searched_and_goes_on(office: Office, database_url: str, tmp_path: Path) -> None:
    """The index comes back with the database, and what comes in afterwards is found too."""
    report(office, place_text="饕餮烧烤店")
    tools = Tools(None if database_url.startswith("sqlite") else find_binaries(), own_environment())
    back_up(office.store, tmp_path / "noon", MORNING, tools)
    report(office, OTHER)
    office.store.engine.dispose()
    restore_backup(office.store, tmp_path / "noon", MORNING, tools, replace=True)
    assert (found(office, "饕餮"), found(office, "中华")) == ({CASE}, set())
    assert migrate.differences(office.store.engine) == []
    report(office, OTHER)
    assert found(office, "中华") == {OTHER}
    assert list(strays(office.store, DISTRICT)) == []


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Office]:
    """An office of one file, with a case in it."""
    opened = open_office(f"sqlite:///{tmp_path / 'gridward.db'}")
    report(opened)
    yield opened
    opened.store.engine.dispose()


def test_a_build_without_fts5_reads_all_texts(on_sqlite: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is taken there and back is searched and written all the while; then the index has everything."""
    engine = on_sqlite.store.engine
    with monkeypatch.context() as without:
        without.setattr(ledger_grams, "has_fts5", lambda _connection: False)
        assert "ledger_gram" in str(migrate.differences(engine))
        migrate.upgrade(engine)
        assert migrate.differences(engine) == []
        report(on_sqlite, OTHER, place_text="饕餮烧烤店")
        assert (found(on_sqlite, "饕餮"), found(on_sqlite, "zhl")) == ({OTHER}, {CASE})
        assert indexed(on_sqlite) == 0
    assert "ledger_gram" in str(migrate.differences(engine))
    assert found(on_sqlite, "饕餮") == {OTHER}
    migrate.upgrade(engine)
    assert migrate.differences(engine) == []
    assert (found(on_sqlite, "饕餮"), indexed(on_sqlite)) == ({OTHER}, 1)


def indexed(office: Office) -> int:
    """Return how many texts the index itself names for a word that stands in one."""
    with office.store.engine.connect() as connection:
        sql = "SELECT COUNT(*) FROM ledger_gram WHERE ledger_gram MATCH '\"饕餮\"'"
        found: int = connection.exec_driver_sql(sql).scalar_one()
        return found


def test_a_file_that_was_packed_is_searched_as_before(on_sqlite: Office) -> None:
    """VACUUM may number rows anew: not those the index names, also where rows before them went."""
    report(on_sqlite, OTHER, place_text="饕餮烧烤店")
    with on_sqlite.store.work(DISTRICT) as work:
        work.ledger.forget([CASE])
        work.commit()
    with on_sqlite.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))
    assert found(on_sqlite, "饕餮") == {OTHER}
    rebuild_ledger(on_sqlite.store, DISTRICT)
    assert found(on_sqlite, "中华") == {CASE}
