"""
The frozen day reports 日报 that this machine holds, and what came in for a day after its report was closed 补报.
"""

from msgspec import Struct

from schemas.day_figures import DayFigures, Late, from_fields
from schemas.reports import DAY_REPORT, day_report_id
from sync_client.client import FieldClient
from sync_client.finding import Between
from sync_client.values import Record

_MOST = 400


class Supplement(Struct, frozen=True):
    """What came in late for a day 补报: by which later report it is told, and what that says of the day."""

    told_by: str
    told_on: str
    late: Late


class DayReport(Struct, frozen=True):
    """One day's report as it was frozen; ``supplements`` stand beside it and change nothing of it."""

    number: str | None
    area: str
    day: str
    cut_off_at: str
    as_of: str
    text_zh: str
    text_en: str
    figures: DayFigures | None
    supplements: list[Supplement]


def report_on(client: FieldClient, area: str, day: str) -> DayReport | None:
    """Return the report of *area* on *day*; None where this machine holds none."""
    report = day_report_id(area, day)
    return _told(client, client.read(report)) if client.holds(report) else None


def last_report(client: FieldClient, area: str) -> DayReport | None:
    """Return the newest report of *area* that this machine holds."""
    found = client.find(DAY_REPORT, where={"area": area}, order_by="-cut_off_at", limit=1)
    return _told(client, found[0]) if len(found) else None


def _told(client: FieldClient, record: Record) -> DayReport:
    fields = record.fields
    return DayReport(
        fields.get("report_no"), str(fields["area"]), str(fields["day"]), str(fields["cut_off_at"]),
        str(fields["as_of"]), str(fields["text_zh"]), str(fields["text_en"]), _figures(record),
        _supplements(client, record),
    )  # fmt: skip


def _supplements(client: FieldClient, record: Record) -> list[Supplement]:
    area, day = str(record["area"]), str(record["day"])
    later = client.find(
        DAY_REPORT,
        where={"area": area, "cut_off_at": Between(low=record["cut_off_at"])},
        order_by="cut_off_at",
        limit=_MOST,
    )
    found = []
    for one in later:
        figures = _figures(one)
        if one.id != record.id and figures is not None:
            number = str(one.get("report_no") or one["day"])
            found += [Supplement(number, str(one["day"]), late) for late in figures.late if late.day == day]
    return found


def _figures(record: Record) -> DayFigures | None:
    """Return the figures of a report; None where a newer office wrote what this client cannot read."""
    try:
        return from_fields(record["figures"])
    except ValueError:
        return None
