"""
Make the demo district ready 准备: tables, the district, everything imported as an operator would.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from server.core.importing.report import Report
from server.demo.folder import Folder
from server.demo.tables import write_tables
from server.demo.town import DISTRICT, DISTRICT_NAME
from server.storage import migrate
from server.storage.engine import open_engine
from server.storage.store import Store
from server.usecases.begin_district import begin_district
from server.usecases.import_divisions import import_divisions
from server.usecases.import_people import import_people
from server.usecases.import_register import import_register
from server.usecases.mistakes import Mistake
from server.usecases.read_table import Table, read_table

DIVISIONS = Path(__file__).with_name("divisions_fuxin.csv")
_REGISTERS = ("segments", "shops", "parking")

Import = Callable[[Store, str, Table, int], Report]


def open_store(folder: Folder) -> Store:
    """Return the store of the demo, its tables up to date and the district known."""
    store = Store(open_engine(folder.database_url))
    migrate.upgrade(store.engine)
    begin_district(store, DISTRICT, DISTRICT_NAME)
    return store


def bring_everything_in(store: Store, folder: Folder, now_ms: int) -> dict[str, int]:
    """
    Write the tables of the demo and bring each of them in; what is there already is left alone.

    Returns:
        How many records are new, by table.

    Raises:
        Mistake: A table has a mistake, which would be one of ours.
    """
    folder.tables.mkdir(exist_ok=True)
    write_tables(DIVISIONS, folder.tables)
    files = {"divisions": DIVISIONS} | {
        name: folder.tables / f"{name}.csv" for name in ("grids", "people", *_REGISTERS)
    }
    return {name: _bring(store, name, file, now_ms) for name, file in files.items()}


def _bring(store: Store, name: str, file: Path, now_ms: int) -> int:
    report = _import_of(name)(store, DISTRICT, read_table(file), now_ms)
    if report.wrong:
        first = report.wrong[0]
        where = f"{file.name}:{first.row} {first.column}"
        raise Mistake(f"导入失败：{where} {first.error['zh']}", f"import failed: {where} {first.error['en']}")
    return report.counts["new"]


def _import_of(name: str) -> Import:
    plain: Mapping[str, Import] = {
        "divisions": import_divisions, "grids": import_divisions, "people": import_people,
    }  # fmt: skip
    if name in plain:
        return plain[name]

    def register(store: Store, district: str, table: Table, now_ms: int) -> Report:
        return import_register(store, district, name, table, now_ms, defaults={})

    return register
