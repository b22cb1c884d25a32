"""
A tablet's file copied into another one 复制与核对, table by table, and both held against each other.

Rows travel through Python: plain SQLite and SQLCipher are two libraries, and one that opened the other's file
would not see its locks within one program.
"""

import hashlib
from collections.abc import Iterator

from sync_client.driver import Connection
from sync_client.errors import LocalStoreDamaged

_AT_ONCE = 500
_SCHEMA = """SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite^_%' ESCAPE '^'
    ORDER BY type = 'index', name"""
_MARKS = ("user_version", "application_id")


def copy(source: Connection, target: Connection) -> None:
    """Bring everything in *source* into the empty *target*, in one commit."""
    target.execute("BEGIN IMMEDIATE")
    schema = source.execute(_SCHEMA).fetchall()
    for kind, name, sql in schema:
        if kind == "table":
            target.execute(sql)
            _copy_rows(source, target, name)
    for kind, _, sql in schema:
        if kind != "table":
            target.execute(sql)
    for mark in _MARKS:
        target.execute(f"PRAGMA {mark} = {source.execute(f'PRAGMA {mark}').fetchall()[0][0]}")
    target.execute("COMMIT")


def _copy_rows(source: Connection, target: Connection, table: str) -> None:
    width = len(source.execute(f'PRAGMA table_info("{table}")').fetchall())
    into = f'INSERT INTO "{table}" VALUES ({", ".join("?" * width)})'  # noqa: S608  # names of ours
    for rows in _pieces(source, table):
        target.executemany(into, rows)


def _pieces(connection: Connection, table: str) -> Iterator[list[tuple[object, ...]]]:
    """Yield every row, in the order of the table's key, a few hundred at a time."""
    columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    key = [name for _, name, _, _, _, part in sorted(columns, key=lambda column: column[5]) if part]
    order = ", ".join(f'"{name}"' for name in key or ["rowid"])
    rows = connection.execute(f'SELECT * FROM "{table}" ORDER BY {order}')  # noqa: S608  # names of ours
    while piece := rows.fetchmany(_AT_ONCE):
        yield piece


def verify(source: Connection, target: Connection) -> None:
    """
    See that *target* is whole and holds what *source* holds: every table's rows, one by one.

    Raises:
        LocalStoreDamaged: It does not; neither file was touched.
    """
    if [tuple(row) for row in target.execute("PRAGMA integrity_check").fetchall()] != [("ok",)]:
        raise LocalStoreDamaged("integrity_check")
    if target.execute("PRAGMA cipher_integrity_check").fetchall():
        raise LocalStoreDamaged("cipher_integrity_check")
    found, wanted = digests(target), digests(source)
    differing = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    if differing:
        raise LocalStoreDamaged(", ".join(differing))


def digests(connection: Connection) -> dict[str, tuple[int, str]]:
    """Return the number of rows and the SHA-256 of all of them for every table, and what else the file says."""
    said = {mark: (int(connection.execute(f"PRAGMA {mark}").fetchall()[0][0]), "") for mark in _MARKS}
    for kind, name, sql in connection.execute(_SCHEMA).fetchall():
        said[f"{kind} {name}"] = _digest(connection, name) if kind == "table" else (0, sql)
    return said


def _digest(connection: Connection, table: str) -> tuple[int, str]:
    count, digest = 0, hashlib.sha256()
    for rows in _pieces(connection, table):
        count += len(rows)
        for row in rows:
            digest.update(repr(row).encode("utf-8", "surrogatepass"))
    return count, digest.hexdigest()
