"""
List who looked at reporters' contacts 举报人联系方式查看记录: the latest first, page by page, for the offices.
"""

from typing import NamedTuple

from msgspec import Struct

from schemas import grid
from server.storage.public_reports import ReporterView
from server.storage.unit_of_work import UnitOfWork
from server.usecases import pages
from server.usecases.at_the_desk import Desk
from server.usecases.office_reports import not_allowed, offices_of


class ContactView(Struct, frozen=True):
    """That somebody saw how to reach a reporter: who, when, and why in his words; never the contact."""

    report: str
    case_no: str | None
    person: str
    person_name: str | None
    device: str
    device_name: str | None
    at_ms: int
    why: str


class ContactViewPage(Struct, frozen=True):
    """One page of the list; ``after`` asks for the next one, null where there is none."""

    views: list[ContactView]
    after: str | None


class SoughtViews(NamedTuple):
    """Which views are looked for: of one report, older than the last of the page before."""

    report: str | None = None
    limit: int = 50
    after: str | None = None


def list_contact_views(work: UnitOfWork, desk: Desk, sought: SoughtViews, now_ms: int) -> ContactViewPage:
    """
    Return who looked at contacts of reports that lie in the areas of the desk's offices; a page may hold fewer.

    Raises:
        Refusal: ``not_allowed`` for whoever holds no office; ``invalid_request``.
    """
    areas = offices_of(desk, now_ms)
    if not areas:
        raise not_allowed("查看联系方式查看记录 see who looked at contacts")
    rows = work.public_reports.views(sought.report, sought.limit + 1, pages.place(sought.after))
    page = rows[: sought.limit]
    after = pages.written(page[-1].at_ms, page[-1].id) if len(rows) > sought.limit else None
    return ContactViewPage(_listed(work, page, areas), after)


def _listed(work: UnitOfWork, page: list[ReporterView], areas: tuple[str, ...]) -> list[ContactView]:
    about = {row.reporter for row in page}
    cases, reports = work.records.get(about), work.public_reports.get(about)
    # A case that was moved belongs to whoever answers for the place where it lies now.
    places = {id_: one.grid for id_, one in reports.items()} | {id_: one.grid for id_, one in cases.items()}
    seen = [row for row in page if grid.lies_in_any(places.get(row.reporter, work.district), areas)]
    names = work.people.names({row.person for row in seen})
    devices = {device: work.enrolment.named(device) for device in {row.device for row in seen}}
    return [
        ContactView(
            row.reporter, cases[row.reporter].fields.get("case_no") if row.reporter in cases else None,
            row.person, names.get(row.person), row.device, devices[row.device], row.at_ms, row.why,
        )
        for row in seen
    ]  # fmt: skip
