"""
What the public reported, who reported it, and who looked at that 随手拍与举报人.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from server.storage.bulk import add_rows
from server.storage.ledger_tables import public_report as report_table
from server.storage.ledger_tables import reporter as reporter_table
from server.storage.ledger_tables import reporter_view as view_table


class PublicReport(NamedTuple):
    """
    One report; times in milliseconds since 1970-01-01 UTC.

    ``kind`` is ``problem`` (its case bears the same id) or ``suggestion``, of which alone there is an ``answer``.
    """

    id: str
    code_hash: bytes
    kind: str
    grid: str
    place: str | None
    text: str
    at_ms: int
    answer: str | None = None
    reply: str | None = None
    answered_by: str | None = None
    answered_ms: int | None = None


class Reporter(NamedTuple):
    """Who reported the case or suggestion *id*, through which channel, and who of the office wrote it down."""

    id: str
    channel: str
    contact: str
    entered_by: str | None
    at_ms: int


class ReporterView(NamedTuple):
    """Somebody looked at a reporter's contact."""

    id: str
    reporter: str
    person: str
    device: str
    at_ms: int
    why: str


_REPORT = [report_table.c[name] for name in PublicReport._fields]
_REPORTER = [reporter_table.c[name] for name in Reporter._fields]
_VIEW = [view_table.c[name] for name in ReporterView._fields]


class PublicReports:
    """The reports of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def add(self, report: PublicReport, reporter: Reporter | None) -> None:
        """Keep a report, and who made it where he said how to reach him; one that is there stays as it is."""
        add_rows(self._connection, report_table, [(self._district, *report)])
        if reporter is not None:
            self.add_reporter(reporter)

    def add_reporter(self, reporter: Reporter) -> None:
        """Keep who reported something; one that is there stays as it is."""
        add_rows(self._connection, reporter_table, [(self._district, *reporter)])

    def by_code(self, code_hash: bytes) -> PublicReport | None:
        """Return the report whose code hashes to *code_hash*."""
        c = report_table.c
        asked = select(*_REPORT).where(c.district == self._district, c.code_hash == code_hash)
        row = self._connection.execute(asked).first()
        return PublicReport(*row) if row else None

    def get(self, ids: Iterable[str]) -> dict[str, PublicReport]:
        """Return those of the reports *ids* that are there."""
        c = report_table.c
        asked = select(*_REPORT).where(c.district == self._district, c.id.in_(list(ids)))
        return {row[0]: PublicReport(*row) for row in self._connection.execute(asked)}

    def count_since(self, at_ms: int) -> int:
        """Return how many reports came at *at_ms* or later."""
        c = report_table.c
        asked = select(func.count()).select_from(report_table).where(c.district == self._district, c.at_ms >= at_ms)
        return int(self._connection.execute(asked).scalar_one())

    def latest(
        self, kind: str | None, *, unanswered: bool, before: tuple[int, str] | None, most: int
    ) -> list[PublicReport]:
        """Return up to *most* reports, the latest first, older than *before* (time, id)."""
        c = report_table.c
        asked = select(*_REPORT).where(c.district == self._district)
        if kind is not None:
            asked = asked.where(c.kind == kind)
        if unanswered:
            asked = asked.where(c.kind == "suggestion", c.answer.is_(None))
        if before is not None:
            at_ms, id_ = before
            asked = asked.where((c.at_ms < at_ms) | ((c.at_ms == at_ms) & (c.id < id_)))
        rows = self._connection.execute(asked.order_by(c.at_ms.desc(), c.id.desc()).limit(most))
        return [PublicReport(*row) for row in rows]

    def answer(self, report: PublicReport) -> bool:
        """Write the answer of *report*; return False where it has one already."""
        c = report_table.c
        changes = {name: getattr(report, name) for name in ("answer", "reply", "answered_by", "answered_ms")}
        at = (c.district == self._district, c.id == report.id, c.answer.is_(None))
        return self._connection.execute(update(report_table).where(*at).values(**changes)).rowcount == 1

    def reporters(self, ids: Iterable[str]) -> dict[str, Reporter]:
        """Return who reported *ids*, where they said how to reach them."""
        c = reporter_table.c
        asked = select(*_REPORTER).where(c.district == self._district, c.id.in_(list(ids)))
        return {row[0]: Reporter(*row) for row in self._connection.execute(asked)}

    def note_view(self, view: ReporterView) -> None:
        """Note that somebody is about to see a reporter's contact."""
        add_rows(self._connection, view_table, [(self._district, *view)])

    def views(self, reporter: str | None, most: int, before: tuple[int, str] | None = None) -> list[ReporterView]:
        """
        Return up to *most* times somebody looked at a reporter's contact, the latest first; of one report or of all.

        Args:
            before: Only those older than this one (time, id).
        """
        c = view_table.c
        asked = select(*_VIEW).where(c.district == self._district)
        if reporter is not None:
            asked = asked.where(c.reporter == reporter)
        if before is not None:
            at_ms, id_ = before
            asked = asked.where((c.at_ms < at_ms) | ((c.at_ms == at_ms) & (c.id < id_)))
        rows = self._connection.execute(asked.order_by(c.at_ms.desc(), c.id.desc()).limit(most))
        return [ReporterView(*row) for row in rows]

    def reporters_after(self, id_: str, before_ms: int, most: int) -> list[Reporter]:
        """Return up to *most* reporters behind *id_*, by id, who came before *before_ms*."""
        c = reporter_table.c
        asked = select(*_REPORTER).where(c.district == self._district, c.id > id_, c.at_ms < before_ms)
        return [Reporter(*row) for row in self._connection.execute(asked.order_by(c.id).limit(most))]

    def forget_reporters(self, ids: Iterable[str]) -> None:
        """Delete how to reach whoever reported *ids*."""
        c = reporter_table.c
        self._connection.execute(delete(reporter_table).where(c.district == self._district, c.id.in_(list(ids))))
