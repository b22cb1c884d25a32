"""
The ledger of a district with 200,000 cases 台账: a page of any list, an act at the desk, all lights counted anew.

The floors are what none of them can do without: reading the records of a page by their ids, writing one record
and waiting for the disk, walking through the rows once.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from schemas import wire
from server.storage.store import Store
from server.usecases.act_on_case import Asked, act_on_case
from server.usecases.at_the_desk import Desk, desk_of
from server.usecases.ledger_figures import ledger_figures
from server.usecases.list_cases import Sought, count_cases, list_cases
from server.usecases.manage_people import find_person
from tests.benchmarks.figures import Figure, median_s
from tests.benchmarks.ledger_town import CASES, NOW, STREETS, fill, reached
from tests.postgres import LocalPostgres
from tests.server.office import DISTRICT, open_office

_RUNS = 9
_PAGE_MS, _ACT_MS, _LIGHTS_S = 100.0, 30.0, 5.0
#: What clerks ask for, what is rare, and what is not there at all.
_PAGES = {
    "first page": Sought(),
    "most urgent, in hand": Sought(states=("dispatched", "handling"), sort="due"),
    "overdue, one street": Sought(area=STREETS[2], overdue=True, sort="due"),
    "struck off last": Sought(states=("closed",), sort="closed"),
    "returned most": Sought(returned=True, sort="returns"),
    "by number": Sought(sort="number"),
    "one class, one month": Sought(classes=("piling",), found=("2020-03-01", "2020-03-31")),
    "four filters, hardly any": Sought(
        states=("refused",), classes=("piling",), sources=("media",), severities=("critical",)
    ),
    "filters that nothing fits": Sought(states=("refused",), overdue=True),
    "a common word": Sought(text="中华路"),
    "a common word, a rare state": Sought(text="小广告", states=("refused",)),
    "a rare word": Sought(text="鑫隆"),
    "pinyin initials, common": Sought(text="zhl"),
    "pinyin initials, rare": Sought(text="xlxpc"),
    "a number": Sought(text="HZ-2020-003-000777"),
    "two words": Sought(text="中华路12号 小广告"),
    "a word that nobody wrote": Sought(text="饕餮"),
}


def measure(postgres: LocalPostgres) -> list[Figure]:
    """Return the figures on SQLite and on PostgreSQL."""
    with TemporaryDirectory() as folder:
        figures = _measured("SQLite", f"sqlite:///{Path(folder) / 'ledger.db'}")
    url = postgres.new_database()
    try:
        return figures + _measured("PostgreSQL", url)
    finally:
        postgres.drop_database(url)


def _measured(kind: str, url: str) -> list[Figure]:
    store = open_office(url).store
    fill(store)
    reached(store)
    if kind == "PostgreSQL":  # as its own housekeeping would, some minutes later
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE ledger_row, ledger_text, record")
    with store.work(DISTRICT, writing=False) as work:
        desk = desk_of(work, find_person(work, "陈红"))
    try:
        return [*_pages(kind, store, desk), *_lights(kind, store, desk), *_acts(kind, store, desk)]
    finally:
        store.engine.dispose()


def _pages(kind: str, store: Store, desk: Desk) -> list[Figure]:
    with store.work(DISTRICT, writing=False) as work:
        page = list_cases(work, desk, Sought(), NOW)
    ids = [case.id for case in page.cases]
    floor = _median_ms(lambda: _read(store, ids))
    figures = [Figure(f"{kind}: the floor, 50 records read by their ids", f"{floor:.1f} ms")]
    deep = Sought(after=_far_along(store, desk))
    for what, sought in {**_PAGES, "a page far along": deep}.items():
        ms = _median_ms(lambda asked=sought: _listed(store, desk, asked))  # type: ignore[misc]
        told = f"{ms:.1f} ms, {ms / floor:.1f} × floor"
        figures.append(Figure(f"{kind}: {what}", told, f"≤ {_PAGE_MS:.0f} ms", ms <= _PAGE_MS))
    return figures


def _lights(kind: str, store: Store, desk: Desk) -> list[Figure]:
    floor = _median_ms(lambda: _walk(store), 5)
    with store.work(DISTRICT, writing=False) as work:
        counting = _median_ms(lambda: count_cases(work, desk, Sought(), NOW), 5)
        rating = _median_ms(lambda: ledger_figures(work, desk, Sought(), ("2020-06-01", "2020-07-13"), "lead", NOW), 3)
    return [
        Figure(f"{kind}: the floor, every row walked once", f"{floor:.0f} ms"),
        Figure(f"{kind}: all lights of {CASES:,} cases", f"{counting / 1000:.2f} s, {counting / floor:.1f} × floor",
               f"≤ {_LIGHTS_S:.0f} s", counting <= _LIGHTS_S * 1000),
        Figure(f"{kind}: the rates of six weeks, unit by unit", f"{rating / 1000:.2f} s, {rating / floor:.1f} × floor",
               f"≤ {_LIGHTS_S:.0f} s", rating <= _LIGHTS_S * 1000),
    ]  # fmt: skip


def _acts(kind: str, store: Store, desk: Desk) -> list[Figure]:
    with store.work(DISTRICT, writing=False) as work:
        waiting = [one.id for one in list_cases(work, desk, Sought(states=("reported",), limit=200), NOW).cases]
    accepted, given = iter(waiting), iter(waiting)
    floor = _median_ms(lambda: _write_one(store, waiting[-1]), 15)
    accepting = _median_ms(lambda: act_on_case(store, desk, next(accepted), None, Asked("accept"), NOW), 40)
    dispatch = Asked("dispatch", details={"lead": "dept_urban"})
    dispatching = _median_ms(lambda: act_on_case(store, desk, next(given), None, dispatch, NOW), 40)
    figures = [Figure(f"{kind}: the floor, one record written and on the disk", f"{floor:.1f} ms")]
    for what, ms in (("accept", accepting), ("dispatch, with its date reckoned", dispatching)):
        told = f"{ms:.1f} ms, {ms / floor:.1f} × floor"
        figures.append(Figure(f"{kind}: an act, {what}", told, f"≤ {_ACT_MS:.0f} ms", ms <= _ACT_MS))
    return figures


def _listed(store: Store, desk: Desk, sought: Sought) -> bytes:
    with store.work(DISTRICT, writing=False) as work:
        return wire.encode(list_cases(work, desk, sought, NOW))


def _far_along(store: Store, desk: Desk) -> str | None:
    """Return where the list goes on after half of it: the last page of what was found until then."""
    with store.work(DISTRICT, writing=False) as work:
        return list_cases(work, desk, Sought(found=(None, "2020-01-01"), limit=1), NOW).after


def _read(store: Store, ids: list[str]) -> int:
    with store.work(DISTRICT, writing=False) as work:
        return len(work.records.get(ids))


def _write_one(store: Store, case: str) -> None:
    with store.work(DISTRICT) as work:
        [record] = work.records.locked([case]).values()
        work.records.write([record])
        work.commit()


def _walk(store: Store) -> None:
    with store.work(DISTRICT, writing=False) as work:
        work.connection.exec_driver_sql("SELECT SUM(returns) FROM ledger_row").scalar_one()


def _median_ms(action: Callable[[], object], runs: int = _RUNS) -> float:
    return median_s(action, runs) * 1000
