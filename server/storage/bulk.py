"""
Many rows in one go 批量写入: COPY on PostgreSQL, a prepared statement run over the rows on SQLite.

Row by row through an ORM this costs two orders of magnitude more, and it happens under the feed's
lock: what is slow here keeps a whole street waiting.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from schemas import wire


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert *rows*, each holding the table's columns in their declared order."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        connection.exec_driver_sql(_insert(table), list(rows))


def update_rows(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    keys: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Update by key: each row holds the values of *columns*, then those of *keys*."""
    if rows:
        connection.exec_driver_sql(_update(table, columns, keys, connection.dialect.name), list(rows))


def add_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert those of *rows* whose primary key is not there yet."""
    if rows:
        connection.exec_driver_sql(_add(table, connection.dialect.name), list(rows))


def upsert_rows(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], *, keep: tuple[str, str] | None = None
) -> None:
    """
    Insert *rows*, or replace those whose primary key is there already.

    Args:
        keep: A column that stays as it is where another one, a flag, is set in the row that is there.
    """
    if rows:
        connection.exec_driver_sql(_upsert(table, connection.dialect.name, keep), list(rows))


def mark(connection: Connection) -> str:
    """Return the sign that stands for a bound value."""
    return _mark(connection.dialect.name)


def one_of(connection: Connection, values: Iterable[Any]) -> tuple[str, Any]:
    """Return the condition that something is one of *values*, however many, and the one value to bind for it."""
    if connection.dialect.name == "postgresql":
        return "= ANY(%s)", list(values)
    return "IN (SELECT value FROM json_each(?))", wire.encode(list(values)).decode()


def _copy(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(_copy_statement(table)) as copy:
            write = copy.write_row
            for row in rows:
                write(row)
    except psycopg.Error as error:
        # As any other statement would raise it: what is worth another try is tried again.
        raise DBAPIError.instance(_copy_statement(table), None, error, psycopg.Error, hide_parameters=True) from error


@cache
def _copy_statement(table: Table) -> str:
    return f"COPY {table.name} ({_names(table)}) FROM STDIN"


@cache
def _insert(table: Table) -> str:
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES ({', '.join('?' * len(table.columns))})"


@cache
def _update(table: Table, columns: tuple[str, ...], keys: tuple[str, ...], dialect: str) -> str:
    mark = _mark(dialect)
    changes = ", ".join(f'"{name}" = {mark}' for name in columns)
    where = " AND ".join(f'"{name}" = {mark}' for name in keys)
    return f"UPDATE {table.name} SET {changes} WHERE {where}"


@cache
def _add(table: Table, dialect: str) -> str:
    values = ", ".join([_mark(dialect)] * len(table.columns))
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES ({values}) ON CONFLICT DO NOTHING"


@cache
def _upsert(table: Table, dialect: str, keep: tuple[str, str] | None) -> str:
    values = ", ".join([_mark(dialect)] * len(table.columns))
    keys = [column.name for column in table.primary_key]
    taken = {column.name: f'excluded."{column.name}"' for column in table.columns if column.name not in keys}
    if keep is not None:
        kept, flag = keep
        taken[kept] = f'CASE WHEN {table.name}."{flag}" THEN {table.name}."{kept}" ELSE {taken[kept]} END'
    changes = ", ".join(f'"{name}" = {value}' for name, value in taken.items())
    return (
        f"INSERT INTO {table.name} ({_names(table)}) VALUES ({values}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    )


def _mark(dialect: str) -> str:
    return "%s" if dialect == "postgresql" else "?"


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)
