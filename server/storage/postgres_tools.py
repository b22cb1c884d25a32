"""
PostgreSQL's own tools 数据库工具: pg_dump and pg_restore, and setting the tables of a database aside.

They are told where to connect by the same address as the server. The password goes by the environment,
never by the command line, which everybody on the machine can read.
"""

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from psycopg import conninfo, pq
from sqlalchemy import Connection, Engine, MetaData, inspect, text

#: What has no business on a command line.
_SECRETS = ("password", "sslpassword")


class DumpTrouble(Exception):
    """A database cannot be copied or put back; ``zh`` and ``en`` say why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(f"{zh} {en}")


class Tools(NamedTuple):
    """
    Where the tools are.

    ``folder`` is None where they are found like any other program; ``environment`` is the process's own.
    """

    folder: Path | None = None
    environment: Mapping[str, str] = {}


def dump(engine: Engine, tools: Tools, target: Path, snapshot: str, schema: str) -> None:
    """
    Write what *snapshot* sees of *schema* into the file *target*.

    Raises:
        DumpTrouble: There is no pg_dump, or it failed.
    """
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--schema={schema}", f"--snapshot={snapshot}"]
    _run(engine, tools, "pg_dump", [*options, f"--file={target}"])


def load(engine: Engine, tools: Tools, source: Path, schema: str) -> None:
    """
    Bring everything in the file *source* into *schema*, or nothing.

    Raises:
        DumpTrouble: There is no pg_restore, or it failed.
    """
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", f"--schema={schema}"]
    _run(engine, tools, "pg_restore", [*options, str(source)])


def _run(engine: Engine, tools: Tools, name: str, options: Sequence[str]) -> None:
    told, secrets = address_of(engine)
    command = [_found(name, tools), "--no-password", f"--dbname={told}", *options]
    environment = {**tools.environment, **secrets, "LC_ALL": "C"}
    done = subprocess.run(  # noqa: S603  # a program of PostgreSQL's own, told by our settings alone
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[-600:] or f"exit code {done.returncode}"
        raise DumpTrouble(f"{name} 失败，请检查磁盘空间、权限和工具版本：{said}", f"{name} failed: {said}")


def _found(name: str, tools: Tools) -> str:
    path = tools.environment.get("PATH") if tools.folder is None else str(tools.folder)
    found = shutil.which(name, path=path)
    if found is None:
        raise DumpTrouble(
            f"找不到 {name}；请安装 PostgreSQL 客户端工具，或用环境变量 GRIDWARD_PG_BIN 指明它所在的文件夹。",
            f"There is no {name}: install PostgreSQL's client tools, or name their folder in GRIDWARD_PG_BIN.",
        )
    return found


def address_of(engine: Engine) -> tuple[str, dict[str, str]]:
    """Return where *engine* connects to, as libpq writes it, and the secrets as its variables."""
    _, told = engine.dialect.create_connect_args(engine.url)
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - set(_SECRETS)
    # A number of the driver's own (how many statements it prepares) means nothing to the tools.
    address = conninfo.make_conninfo(**{name: value for name, value in told.items() if name in known})
    password = told.get("password")
    return address, {"PGPASSWORD": str(password)} if password else {}


# -- setting tables aside -----------------------------------------------------------------------------


def others_connected(connection: Connection) -> int:
    """Return how many connections of the same user there are beside this one."""
    sql = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return int(connection.execute(text(sql)).scalar_one())


def schema_of(connection: Connection) -> str:
    """Return the schema in which tables are made and looked for."""
    return str(connection.execute(text("SELECT current_schema()")).scalar_one())


def move(connection: Connection, tables: Iterable[str], schema: str, to: str) -> None:
    """Move *tables* from *schema* into the schema *to*, with all they hold."""
    for table in tables:
        connection.execute(text(f"ALTER TABLE {_quoted(schema)}.{_quoted(table)} SET SCHEMA {_quoted(to)}"))


def set_aside(engine: Engine, schema: str, to: str) -> list[str]:
    """Move every table of *schema*, if there are any, into the new schema *to*; return their names."""
    with engine.begin() as connection:
        tables = sorted(inspect(connection).get_table_names(schema))
        if tables:
            connection.execute(text(f"CREATE SCHEMA {_quoted(to)}"))
            move(connection, tables, schema, to)
    return tables


def clear(connection: Connection, schema: str) -> None:
    """Drop every table of *schema*."""
    found = MetaData()
    found.reflect(connection, schema=schema, resolve_fks=False)
    found.drop_all(connection)


def put_back(engine: Engine, schema: str, aside: str, tables: Iterable[str]) -> None:
    """Undo ``set_aside``: drop what *schema* holds by now, and move *tables* back."""
    with engine.begin() as connection:
        clear(connection, schema)
        move(connection, tables, aside, schema)
        connection.execute(text(f"DROP SCHEMA IF EXISTS {_quoted(aside)}"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
