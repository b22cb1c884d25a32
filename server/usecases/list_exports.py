"""
List which documents of the ledger went out of the office 导出记录: the latest first, page by page.
"""

import json
from typing import Any

from msgspec import Struct

from schemas.problems import Refusal, Words
from schemas.roles import Role
from server.core.admission import holds
from server.storage.documents import Export
from server.storage.unit_of_work import UnitOfWork
from server.usecases import pages
from server.usecases.at_the_desk import Desk, told_at_once

MAX_LIMIT = 200


class ListedExport(Struct, frozen=True):
    """
    One document that went out: who took it, on which device, when, of what, and how much it holds.

    Attributes:
        asked: What was asked for, beside everything.
        phones: How many telephone numbers it shows whole.
    """

    id: str
    at_ms: int
    person: str
    person_name: str | None
    device: str
    device_name: str | None
    format: str
    asked: dict[str, Any]
    cases: int
    pictures: int
    phones: int


class ExportPage(Struct, frozen=True):
    """One page of the list; ``after`` asks for the next one, null where there is none."""

    exports: list[ListedExport]
    after: str | None


def list_exports(work: UnitOfWork, desk: Desk, limit: int, after: str | None, now_ms: int) -> ExportPage:
    """
    Return which documents went out, for the district's office and whoever inspects.

    Raises:
        Refusal: ``not_allowed``, ``invalid_request``.
    """
    roles = (Role.DISTRICT_OFFICE, Role.INSPECTOR)
    people = [one for one in desk.people.values() if one.stopped_ms is None]
    with told_at_once():
        if not desk.whole and not any(holds(one, role, work.district, now_ms) for one in people for role in roles):
            raise Refusal("not_allowed", what=Words("查看导出记录（须为区创卫办、督查员）", "see what was exported"))
    rows = work.documents.exports(limit + 1, pages.place(after))
    page = rows[:limit]
    names = work.people.names({row.person for row in page})
    devices = {device: work.enrolment.named(device) for device in {row.device for row in page}}
    listed = [_listed(row, names.get(row.person), devices[row.device]) for row in page]
    return ExportPage(listed, pages.written(page[-1].at_ms, page[-1].id) if len(rows) > limit else None)


def _listed(row: Export, person_name: str | None, device_name: str | None) -> ListedExport:
    return ListedExport(
        row.id, row.at_ms, row.person, person_name, row.device, device_name, row.format, json.loads(row.asked),
        row.cases, row.pictures, row.phones,
    )  # fmt: skip
