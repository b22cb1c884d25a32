"""Somebody with the database's password changes one byte of the history: it is found, and named."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, insert, text, update

from schemas.ids import derived_id
from server.commands import main
from server.storage.tables import history
from server.usecases.verify_history import Verified, verify_history
from tests.server.clerks import MINUTE, SHOP, register, rename
from tests.server.ledger_desk import CASE, at_the_ledger, report
from tests.server.office import DISTRICT, STREET, Office

#: What stands in each column afterwards: one byte of it is another.
_CHANGED: dict[str, Any] = {
    "district": "210903",
    "feed": "210902007",
    "version": lambda now: now ^ (1 << 20),
    "record": lambda now: _other(now, 3),
    "device": lambda now: _other(now, -1),
    "install": "tirst",
    "n": lambda now: now ^ 0x100,
    "by": lambda now: _other(now, 0),
    "role": "street" + "s",
    "at_ms": lambda now: now ^ (1 << 33),
    "at_counter": lambda now: now ^ 1,
    "corrected_ms": lambda now: now ^ (1 << 7),
    "clamped": lambda now: not now,
    "received_ms": lambda now: now + 1,
    "outcome": "bpplied",
    "payload": lambda now: now.replace("老王", "老玊"),
    "decisions": "[",
    "rules": lambda now: _other(now, 5),
    "chain": lambda now: bytes(now[:7]) + bytes([now[7] ^ 4]) + bytes(now[8:]),
}


def _other(text_: str, place: int) -> str:
    signs = list(text_)
    signs[place] = "e" if signs[place] != "e" else "d"
    return "".join(signs)


def broken(office: Office) -> Verified:
    """Return the one feed that does not hold."""
    [found] = [one for one in verify_history(office.store, DISTRICT) if one.broken is not None]
    return found


@pytest.fixture
def second_row(office: Office) -> dict[str, Any]:
    """Three rows stand in the street's feed: a shop, another, and a new name; the second is returned."""
    register(office, "li", derived_id("record", "first"))
    register(office, "qian", SHOP)
    rename(office, "王记", "qian", 2, 3 * MINUTE)
    with office.store.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM history WHERE version = 2")).mappings().one()
        assert connection.execute(text("SELECT COUNT(*) FROM history WHERE feed = :f"), {"f": STREET}).scalar_one() == 3
    assert all(one.broken is None for one in verify_history(office.store, DISTRICT))
    return dict(row)


def write(office: Office, column: str, value: Any, version: int = 2) -> int:
    """Write behind everybody's back; return how many rows that changed."""
    with office.store.engine.begin() as connection:
        done = connection.execute(update(history).where(history.c.version == version).values({column: value}))
        return done.rowcount


def put_back(office: Office, row: dict[str, Any]) -> None:
    """Let the second row stand there again as it did."""
    with office.store.engine.begin() as connection:
        connection.execute(delete(history).where(history.c.version.not_in([1, 3])))
        connection.execute(insert(history), row)


def test_one_changed_byte_is_found_and_named(office: Office, second_row: dict[str, Any]) -> None:
    """Feed, row, record, column, and what stood there before; whichever column it was."""
    for column, change in _CHANGED.items():
        was = second_row[column]
        changed = write(office, column, change(was) if callable(change) else change)
        assert changed == 1, column
        found = broken(office)
        assert (found.feed, found.broken, found.rows, found.record) == (STREET, 2, 1, SHOP), column
        assert found.change is not None, column
        assert found.change.column == column
        if column == "chain":
            assert found.change.before == bytes(was).hex()
        elif column != "role":  # this one is told by what cannot stand there
            assert found.change.before == was, column
        put_back(office, second_row)
        assert all(one.broken is None for one in verify_history(office.store, DISTRICT)), column


def test_every_column_is_tried() -> None:
    """A column that is added later belongs into the list above."""
    assert set(_CHANGED) == {column.name for column in history.columns}


@pytest.mark.parametrize(("column", "value"), [("role", "None"), ("decisions", "")])
def test_what_reads_the_same_is_found_too(office: Office, second_row: dict[str, Any], column: str, value: Any) -> None:
    """Nothing and the word None are linked alike: what nobody of us would write is a change all the same."""
    write(office, column, value)
    assert broken(office).change.column == column  # type: ignore[union-attr]


def test_a_text_that_is_none_does_not_stop_the_walk(office: Office, second_row: dict[str, Any]) -> None:
    """On SQLite bytes that are no text can be written into a text column; the row is named, not the program's end."""
    if office.store.engine.dialect.name != "sqlite":
        return  # such a text cannot be written there
    with office.store.engine.begin() as connection:
        connection.execute(text("UPDATE history SET payload = CAST(X'7BFF7D' AS TEXT) WHERE version = 2"))
    found = broken(office)
    assert (found.broken, found.record, found.change.column) == (2, SHOP, "payload")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("DELETE FROM history WHERE version = 2", 2),
        ("DELETE FROM history WHERE version = 3", 3),
        ("UPDATE feed SET seq = seq + 1 WHERE code = '210902005'", 4),
        ("UPDATE feed SET chain = (SELECT chain FROM history WHERE version = 2) WHERE code = '210902005'", 3),
    ],
)
def test_what_is_missing_is_found(office: Office, second_row: dict[str, Any], statement: str, row: int) -> None:
    """A row in the middle, the last row, and a head that says something else."""
    with office.store.engine.begin() as connection:
        connection.execute(text(statement))
    assert broken(office).broken == row


def test_several_changes_in_one_row_are_found_without_a_column(office: Office, second_row: dict[str, Any]) -> None:
    """No single change explains it: the row is named all the same."""
    write(office, "payload", "{}")
    found = broken(office)
    assert (found.broken, found.record, found.change) == (2, SHOP, None)


def test_the_command_names_it_and_replays_on_request(
    office: Office, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chain holds; only the replay shows that somebody changed a record and a row of the ledger."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    report(office)
    at_the_ledger(office, "qian").do("accept")

    def typed(*words: str) -> Any:
        return CliRunner().invoke(main, ["audit", "verify", *words], catch_exceptions=False)

    assert typed("--replay").exit_code == 0
    with office.store.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_row SET status = 'closed' WHERE id = :i"), {"i": CASE})
        connection.execute(
            text("UPDATE record SET fields = REPLACE(fields, '便道', '车道') WHERE id = :i"), {"i": CASE}
        )
    assert typed().exit_code == 0
    told = typed("--replay")
    assert told.exit_code == 1
    for word in (f"{CASE} description", f'{CASE} 台账 ledger status："closed" → "accepted"', "things differ"):
        assert word in told.output
    write(office, "payload", "x", 2)
    row = json.loads(typed("--json").stdout)
    assert [one["record"] for one in row if one["broken"]] == [CASE]
