"""
Take the ledger out of the office 导出台账: as a workbook, as CSV, or as points for a map.

Cases are read a few hundred at a time and written to a file as they come, so that a year of them takes no more memory
than a day. No transaction is open while pictures are fetched. Every document that goes out is noted, first.
"""

import io
import json
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from schemas import grid, ids
from schemas.directory import area_id
from schemas.moments import instant
from schemas.problems import Refusal
from server.core.desk.reach import Reach, reads
from server.core.exporting import exporter, lies_at, of_whole_numbers, sees_whole
from server.reports.csv_text import ENCODING, LedgerText
from server.reports.geojson import CaseMap
from server.reports.ledger_columns import PLACES
from server.reports.ledger_rows import YES, Called, Cell, at_minute, cells_of, shown_of
from server.reports.ledger_seals import seal_of
from server.reports.ledger_xlsx import Heading, LedgerBook, Picture
from server.storage.depot import Depot
from server.storage.documents import Export, Ids
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.usecases.fetch_small import Small, fetch, find_small
from server.usecases.head_ledger import heading_of
from server.usecases.list_cases import Sought, names_for, reach, wanted
from server.values import Person, Record

Format = Literal["xlsx", "csv", "geojson"]
Photos = Literal["thumbnails", "names", "none"]
FORMATS: Mapping[Format, str] = {"xlsx": "表格", "csv": "文本表", "geojson": "地图点位"}
PHOTOS: Mapping[Photos, str] = {"thumbnails": "缩略图", "names": "文件名", "none": "不带照片"}
#: A district's ledger of several years; and of how many cases pictures go along.
MOST_CASES, MOST_PICTURED = 200_000, 2_000
_BATCH = 250
_PICTURES = (PLACES["before"], PLACES["after"])

Turn = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Which document is wanted.

    Attributes:
        sought: Of which cases; its order and its page do not count.
        person: Who takes it out; None where the device speaks for one person only.
        crs: Of points: in which system of coordinates, wgs84 or gcj02.
    """

    format: Format = "xlsx"
    sought: Sought = field(default_factory=Sought)
    person: str | None = None
    photos: Photos = "names"
    crs: str = "wgs84"


class Exported(NamedTuple):
    """What a document holds: its title, how many cases, pictures and whole telephone numbers, and its points."""

    title: str
    cases: int
    pictures: int
    phones: int
    points: Mapping[str, int]


def export_ledger(
    store: Store, depot: Depot, desk: Desk, asked: Asked, now_ms: int, out: BinaryIO, turn: Turn = nullcontext
) -> Exported:
    """
    Write the document that is *asked* for to *out*, and note who took it; by street, community and number.

    Args:
        out: A file, open for writing and seeking; it stays open.
        turn: Makes a block in which one picture may be decoded.

    Raises:
        Refusal: ``not_allowed``, ``outside_area``, ``export_too_large``, ``invalid_request``, ``not_admitted_person``
            or ``person_stopped``. Nothing was noted then.
        DepotTrouble: The pictures cannot be had just now.
    """
    with told_at_once():
        signer = exporter(signer_of(desk, asked.person), now_ms)
        alone = Desk(desk.district, desk.device, {signer.id: signer})
        done = _Taking(store, depot, alone, signer, asked, now_ms, turn).written(out)
    retrying(lambda: _note(store, desk, signer, asked, done, now_ms))
    return done


def name_of(done: Exported, asked: Asked, now_ms: int) -> str:
    """Return what the file is called."""
    return f"{done.title}_{at_minute(now_ms).strftime('%Y%m%d_%H%M')}.{asked.format}"


#: A case, its cells, and its pictures before and after as far as they may go out.
_Row = tuple[Record, list[Cell], tuple[Small | None, Small | None]]


class _Taking:
    """One person taking one document out."""

    def __init__(
        self, store: Store, depot: Depot, desk: Desk, signer: Person, asked: Asked, now_ms: int, turn: Turn
    ) -> None:
        self._store, self._depot, self._desk, self._asked, self._now_ms = store, depot, desk, asked, now_ms
        self._turn = turn
        self._reach: tuple[Reach, ...] = reach(desk, now_ms)
        self._whole = of_whole_numbers(signer, now_ms)
        self._signer = signer
        self._areas: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def written(self, out: BinaryIO) -> Exported:
        """Write the document to *out*, and return what it holds."""
        with self._store.work(self._desk.district, writing=False) as work:
            cases = self._listed(work)
            district_name = self._store.places()[work.district].name
            heading = heading_of(work, district_name, self._signer, self._asked.sought, self._now_ms)
        points: Mapping[str, int] = {}
        match self._asked.format:
            case "xlsx":
                self._write_book(out, heading, cases)
            case "csv":
                self._write_text(out, cases)
            case "geojson":
                points = self._write_map(out, heading, cases)
        counts = self._counts
        return Exported(heading.title, counts["cases"], counts["pictures"], counts["phones"], points)

    def _listed(self, work: UnitOfWork) -> Ids:
        """Return the cases that are wanted, in their order."""
        with_pictures = self._asked.format == "xlsx" and self._asked.photos == "thumbnails"
        most = MOST_PICTURED if with_pictures else MOST_CASES
        sought = wanted(self._desk, self._asked.sought, self._now_ms)
        found = work.documents.by_place(sought, most + 1)
        if len(found) > most:
            cases = sum(one.cases for one in work.ledger_lists.count(sought))
            zh, en = ("（带缩略图）", " with pictures") if with_pictures else ("", "")
            raise Refusal("export_too_large", cases=cases, most=most, with_zh=zh, with_en=en)
        return found

    def _write_book(self, out: BinaryIO, heading: Heading, cases: Ids) -> None:
        with tempfile.TemporaryDirectory(prefix="gridward-ledger-") as waiting:
            folder = Path(waiting)
            with LedgerBook(out, folder, heading) as book:
                for case, cells, small in self._rows(cases):
                    pictures = self._pictures(cells, small, folder)
                    book.add(cells, pictures, seal_of(case, cells))
                book.end(self._totals())

    def _pictures(self, cells: list[Cell], small: Sequence[Small | None], folder: Path) -> dict[int, Picture]:
        """Return the pictures of a row by their places; a cell without one says why."""
        pictures: dict[int, Picture] = {}
        for place, one in zip(_PICTURES, small, strict=True):
            fetched = fetch(self._depot, one, folder, self._turn) if one is not None else None
            if fetched is not None and fetched.picture is not None:
                pictures[place] = Picture(*fetched.picture)
            elif fetched is not None:
                cells[place] = fetched.why_not
        self._counts["pictures"] += len(pictures)
        return pictures

    def _write_text(self, out: BinaryIO, cases: Ids) -> None:
        file = io.TextIOWrapper(out, ENCODING, newline="")
        text = LedgerText(file)
        for _, cells, _ in self._rows(cases):
            text.add(cells)
        file.detach()

    def _write_map(self, out: BinaryIO, heading: Heading, cases: Ids) -> Mapping[str, int]:
        points = CaseMap(out, self._asked.crs)
        for case, cells, _ in self._rows(cases):
            points.add(case, cells, self._now_ms)
        points.close({"title": heading.title, "as_of": instant(self._now_ms)})
        return points.counts

    def _totals(self) -> str:
        counts = self._counts
        left = counts["cases"] - counts["closed"]
        return f"共 {counts['cases']} 件，已销号 {counts['closed']} 件，未销号 {left} 件，超期 {counts['overdue']} 件"

    def _rows(self, cases: Ids) -> Iterator[_Row]:
        """Yield the cases with their cells, and where their pictures are to be had."""
        for start in range(0, len(cases), _BATCH):
            yield from self._batch(cases.between(start, start + _BATCH))

    def _batch(self, wanted_ids: Sequence[str]) -> list[_Row]:
        with self._store.work(self._desk.district, writing=False) as work:
            records = work.records.get(wanted_ids)
            # What somebody moved, sealed or voided while the document was being written does not go out.
            there = [records[one] for one in wanted_ids if one in records and self._still(records[one])]
            called = self._called(work, there)
            return [(case, self._cells(case, called), self._small(work, case)) for case in there]

    def _still(self, case: Record) -> bool:
        return reads(self._reach, case.grid, case.fields) and case.void == self._asked.sought.void

    def _cells(self, case: Record, called: Called) -> list[Cell]:
        counts = self._counts
        counts["cases"] += 1
        whole = sees_whole(self._whole, case.grid, case.fields)
        cells = cells_of(case, called, self._now_ms, serial=counts["cases"], whole=whole)
        if self._asked.photos == "none":
            for place in _PICTURES:
                cells[place] = None
        counts["phones"] += bool(whole and cells[PLACES["phone"]] and self._asked.format != "geojson")
        for name in ("closed", "overdue"):
            counts[name] += cells[PLACES[name]] == YES
        return cells

    def _called(self, work: UnitOfWork, cases: Sequence[Record]) -> Called:
        codes = {lies_at(case.grid, case.fields)[:level] for case in cases for level in grid.Level}
        codes |= {str(case.fields.get("territorial_unit") or "") for case in cases}
        self._learn(work, {code for code in codes if grid.is_code(code)})
        phones = work.documents.phones({str(case.fields.get("owner_person") or "") for case in cases})
        return Called(names_for(work, cases), self._areas, phones)

    def _learn(self, work: UnitOfWork, codes: set[str]) -> None:
        """Learn what places are called that have not been asked for before."""
        by_id = {area_id(code): code for code in codes - self._areas.keys()}
        for record in work.records.get(by_id).values():
            if not record.void:
                self._areas[by_id[record.id]] = str(record.fields["name"])

    def _small(self, work: UnitOfWork, case: Record) -> tuple[Small | None, Small | None]:
        if self._asked.format != "xlsx" or self._asked.photos != "thumbnails":
            return None, None
        before, after = shown_of(case)
        first, last = (
            find_small(work, self._desk, case.id, photo["sha256"], self._now_ms) if photo else None
            for photo in (before, after)
        )
        return first, last


def _note(store: Store, desk: Desk, signer: Person, asked: Asked, done: Exported, now_ms: int) -> None:
    id_ = ids.uuid7(now_ms, secrets.token_bytes(10))
    plain = asdict(Sought())
    said: dict[str, Any] = {name: value for name, value in asdict(asked.sought).items() if value != plain[name]}
    said |= {"photos": asked.photos} if asked.format == "xlsx" else {}
    said |= {"crs": asked.crs} if asked.format == "geojson" else {}
    told = json.dumps(said, ensure_ascii=False, sort_keys=True)
    with store.work(desk.district) as work:
        work.documents.note(
            Export(id_, now_ms, signer.id, desk.device, asked.format, told, done.cases, done.pictures, done.phones)
        )
        work.commit()
