"""
Databases that begin with what many tests begin with: it is written once in a process, and copied from then on.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, make_url

from server.storage.engine import open_engine
from tests.postgres import USER, begin_as, is_empty

Prepare = Callable[[Engine], None]


def begin_with(prepare: Prepare, url: str) -> None:
    """
    Bring the database at *url* to where *prepare* brings it, by a copy if it is empty or not there yet.

    Args:
        prepare: A function of a module, which writes the same each time.
        url: A file of SQLite, or a database of ``tests.postgres``.
    """
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not file.exists():
        file.write_bytes(_prepared_file(prepare))
    elif url.startswith("postgresql") and is_empty(url):
        begin_as(url, _prepared_template(prepare, str(make_url(url).query["host"])))
    else:
        _run(prepare, url)


@cache
def _prepared_file(prepare: Prepare) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "prepared.db"
        _run(prepare, f"sqlite:///{file}")
        # What the last connection leaves behind beside the file would be missing from it.
        assert [left.name for left in Path(folder).iterdir()] == [file.name]
        return file.read_bytes()


@cache
def _prepared_template(prepare: Prepare, host: str) -> str:
    """Return the name of the template; each server, known by the folder of its socket, has one of its own."""
    name = f"prepared_{prepare.__module__}.{prepare.__name__}"
    url = make_url("postgresql+psycopg://").set(username=USER, database=name, query={"host": host})
    begin_as(url.render_as_string(), "template0")
    _run(prepare, url.render_as_string())
    return name


def _run(prepare: Prepare, url: str) -> None:
    engine = open_engine(url)
    prepare(engine)
    engine.dispose()
