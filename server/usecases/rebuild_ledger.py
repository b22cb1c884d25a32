"""
Make the ledger's rows anew from the records 重建台账, and hold them to the records 台账核对.

The rows follow from the records and are written with them; this is for a database from before there were any,
and for whoever does not believe it.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from schemas import wire
from server.storage.ledger import LedgerRow, row_of, text_of
from server.storage.ledger_grams import grams
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.values import Record

PAGE = 500
#: So many strays are looked for where only their number is told.
MANY = 10_000

Progress = Callable[[int], None]


class Rebuilt(NamedTuple):
    """How many cases there are, how many rows were made or mended, and how many stood for no case."""

    cases: int
    mended: int
    removed: int


class Stray(NamedTuple):
    """One thing that a row says and its case does not: ``what``, stored and as it should be, as JSON text."""

    case: str
    what: str
    stored: str | None
    made: str | None


def rebuild_ledger(store: Store, district: str, progress: Progress = lambda _done: None) -> Rebuilt:
    """
    Write the row of every case anew; each page is a transaction of its own, and tablets sync meanwhile.

    Args:
        progress: Told how many cases are done, after each page.
    """
    after, cases, mended, removed = "", 0, 0, 0
    while done := retrying(partial(_page, store, district, after)):
        page, wrong = done
        after, cases, mended = page[-1], cases + len(page), mended + wrong
        progress(cases)
    while gone := retrying(partial(_sweep, store, district)):
        removed += gone
    retrying(partial(_mend_index, store, district))
    return Rebuilt(cases, mended, removed)


def strays(store: Store, district: str) -> Iterator[Stray]:
    """
    Yield everything in which the rows are not what follows from the records, case by case.

    Nothing is written. Whatever comes in meanwhile is looked at as it then stands.
    """
    after = ""
    with store.work(district, writing=False) as work:
        while page := work.ledger.case_ids(after, PAGE):
            yield from _compared(work, page)
            after = page[-1]
        for row in work.ledger.orphans(MANY):
            yield Stray(row, "@row", "there", None)
        if not work.ledger.index_is_sound():
            yield Stray("@all", "@index", "other", "texts")


def count_astray(store: Store, district: str) -> int:
    """Return how many rows are missing, too many, or follow from another version of their case; the quick look."""
    with store.work(district, writing=False) as work:
        return len(work.ledger.astray(MANY)) + len(work.ledger.orphans(MANY))


def _page(store: Store, district: str, after: str) -> tuple[list[str], int] | None:
    with store.work(district) as work:
        page = work.ledger.case_ids(after, PAGE)
        if not page:
            return None
        # Locked: a row must not be written from what a push is just changing.
        records = work.records.locked(page)
        wrong = {stray.case for stray in _differences(work, records.values())}
        work.ledger.follow(records[case] for case in wrong)
        work.commit()
    return page, len(wrong)


def _sweep(store: Store, district: str) -> int:
    with store.work(district) as work:
        gone = work.ledger.orphans(PAGE)
        if gone:
            work.ledger.forget(gone)
            work.commit()
    return len(gone)


def _mend_index(store: Store, district: str) -> None:
    """Fill the index over the texts anew where it does not hold what they hold."""
    with store.work(district) as work:
        if not work.ledger.index_is_sound():
            work.ledger.refill_index()
            work.commit()


def _compared(work: UnitOfWork, page: list[str]) -> Iterator[Stray]:
    found = list(_differences(work, work.records.get(page).values()))
    if found:  # perhaps somebody wrote it while we read
        again = work.records.get({stray.case for stray in found})
        yield from _differences(work, again.values())


def _differences(work: UnitOfWork, records: Iterable[Record]) -> Iterator[Stray]:
    cases = {record.id: record for record in records}
    rows, texts = work.ledger.of(cases), work.ledger.texts(cases)
    for case, record in cases.items():
        stored = rows.get(case)
        if stored is None:
            yield Stray(case, "@row", None, "there")
            continue
        made = row_of(record)
        for name in LedgerRow._fields:
            one, other = getattr(stored, name), getattr(made, name)
            if one != other:
                yield Stray(case, name, _text(one), _text(other))
        yield from _of_text(case, texts.get(case), text_of(record))


def _of_text(case: str, stored: tuple[str, frozenset[str]] | None, made: str) -> Iterator[Stray]:
    text, kept = stored or (None, frozenset())
    if text != made:
        yield Stray(case, "text", _text(text), _text(made))
    elif kept != grams(made):
        yield Stray(case, "grams", _text(sorted(kept)), _text(sorted(grams(made))))


def _text(value: object) -> str:
    return wire.canonical(value).decode()
