"""
What the office does with public reports 随手拍办理: list them, answer suggestions, look at who reported.

A reporter's contact is for the street's and the district's office alone, never for whoever answers for the
case; who looks is noted before he sees it.
"""

import secrets
from typing import NamedTuple

from msgspec import Struct

from schemas import grid, ids
from schemas.explain import fault
from schemas.problems import Refusal
from schemas.roles import Role
from server.core import admission
from server.core.in_charge import units_of, works_for
from server.core.sources import standing
from server.core.sources.masking import masked
from server.storage.public_reports import PublicReport, Reporter, ReporterView
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.values import Person, Record

_OFFICES = (Role.STREET, Role.DISTRICT_OFFICE)
MAX_REPLY, MAX_WHY, MAX_LIMIT = 300, 200, 200


class ListedReport(Struct, frozen=True):
    """One report as the office lists it; nothing of it says who reported."""

    id: str
    kind: str
    grid: str
    place: str | None
    text: str
    at_ms: int
    state: str
    state_zh: str
    has_contact: bool
    answer: str | None
    reply: str | None


class ReportPage(Struct, frozen=True):
    """One page; ``after`` asks for the next one, null where there is none."""

    reports: list[ListedReport]
    after: str | None


class Contact(Struct, frozen=True):
    """How to reach a reporter: whole and masked, through which channel he came."""

    id: str
    channel: str
    contact: str
    masked: str
    at_ms: int


class Sought(NamedTuple):
    """Which reports are looked for: of one kind, without an answer, older than the last of the page before."""

    kind: str | None = None
    unanswered: bool = False
    limit: int = 50
    after: str | None = None


def list_reports(work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int) -> ReportPage:
    """
    Return the reports in the areas of the desk's offices, the latest first.

    Raises:
        Refusal: ``not_allowed`` for whoever holds no office; ``invalid_request``.
    """
    areas = offices_of(desk, now_ms)
    if not areas:
        raise not_allowed("查看随手拍 list public reports")
    rows = work.public_reports.latest(
        sought.kind, unanswered=sought.unanswered, before=_place(sought.after), most=sought.limit + 1
    )
    page, more = rows[: sought.limit], len(rows) > sought.limit
    cases = work.records.get(row.id for row in page)
    contacts = work.public_reports.reporters([row.id for row in page])
    # A case that was moved belongs to whoever answers for the place where it lies now.
    seen = [row for row in page if grid.lies_in_any(_lies(row, cases.get(row.id)), areas)]
    listed = [_listed(row, cases.get(row.id), has_contact=row.id in contacts) for row in seen]
    return ReportPage(listed, f"{page[-1].at_ms}.{page[-1].id}" if more else None)


def answer_suggestion(
    store: Store, desk: Desk, report: str, person: str | None, answer: str, reply: str, now_ms: int
) -> ListedReport:
    """
    Answer a suggestion, once: *answer* is ``adopted`` or ``declined``, *reply* what its author is told.

    Raises:
        Refusal: ``report_unknown``, ``report_answered``, ``not_allowed``, or as ``signer_of``.
    """

    def attempt() -> ListedReport:
        with store.work(desk.district) as work:
            signer = signer_of(desk, person)
            found = work.public_reports.get([report]).get(report)
            if found is None or found.kind != "suggestion" or not _holds_office(signer, found.grid, now_ms):
                raise Refusal("report_unknown")
            told = found._replace(answer=answer, reply=reply, answered_by=signer.id, answered_ms=now_ms)
            if not work.public_reports.answer(told):
                raise Refusal("report_answered")
            work.commit()
            return _listed(told, None, has_contact=False)

    with told_at_once():
        return retrying(attempt)


def show_reporter(store: Store, desk: Desk, report: str, person: str | None, why: str, now_ms: int) -> Contact:
    """
    Return how to reach whoever reported the case or suggestion *report*; noted before this returns.

    Raises:
        Refusal: ``report_unknown``; ``reporter_hidden`` for whoever works for a unit that answers for the case;
            or as ``signer_of``.
    """

    def attempt() -> Contact:
        with store.work(desk.district) as work:
            signer = signer_of(desk, person)
            found = _reporter(work, signer, report, now_ms)
            view = ReporterView(
                ids.uuid7(now_ms, secrets.token_bytes(10)), report, signer.id, desk.device, now_ms, why.strip()
            )
            work.public_reports.note_view(view)
            work.commit()
            return Contact(found.id, found.channel, found.contact, masked(found.contact), found.at_ms)

    if not why.strip():
        raise Refusal("invalid_request", fault("required", "请写明原因", "say why", "why"))
    with told_at_once():
        return retrying(attempt)


def _reporter(work: UnitOfWork, signer: Person, report: str, now_ms: int) -> Reporter:
    case = work.records.get([report]).get(report)
    row = work.public_reports.get([report]).get(report)
    found = work.public_reports.reporters([report]).get(report)
    if found is None or (case is None and row is None):
        raise Refusal("report_unknown")
    place = case.grid if case is not None else row.grid if row is not None else ""
    if not _holds_office(signer, place, now_ms):
        # The same as where there is none: whether a reporter left his number is nobody else's business.
        raise Refusal("report_unknown")
    at_district = admission.holds(signer, Role.DISTRICT_OFFICE, place, now_ms)
    units = units_of(case.fields) if case is not None else []
    if not at_district and any(works_for(signer, Role.STREET, unit, now_ms) for unit in units):
        raise Refusal("reporter_hidden")
    return found


def _holds_office(person: Person, place: str, now_ms: int) -> bool:
    return any(admission.holds(person, role, place, now_ms) for role in _OFFICES)


def offices_of(desk: Desk, now_ms: int) -> tuple[str, ...]:
    """Return the areas of the offices that the desk's people hold; the whole district for an operator."""
    if desk.whole:
        return (desk.district,)
    held = {
        grant.area for one in desk.people.values() if one.stopped_ms is None
        for grant in one.grants if grant.role in _OFFICES and grant.holds_at(now_ms)
    }  # fmt: skip
    return tuple(sorted(held))


def _lies(row: PublicReport, case: Record | None) -> str:
    return case.grid if case is not None else row.grid


def _listed(row: PublicReport, case: Record | None, *, has_contact: bool) -> ListedReport:
    fields = case.fields if case is not None else {}
    stands = (
        standing.of_suggestion(row.answer, row.reply) if row.kind == "suggestion"
        else standing.of_case(fields, void=case is not None and case.void)
    )  # fmt: skip
    return ListedReport(
        row.id, row.kind, _lies(row, case), row.place, row.text or str(fields.get("description") or ""), row.at_ms,
        stands.state, stands.zh, has_contact, row.answer, row.reply,
    )  # fmt: skip


def _place(after: str | None) -> tuple[int, str] | None:
    if after is None:
        return None
    at_ms, _, id_ = after.partition(".")
    if not (at_ms.isascii() and at_ms.isdigit() and len(at_ms) <= _MOST_DIGITS):
        raise Refusal("invalid_request", fault("invalid", "不是上一页给出的值", "is not what a page gave", "after"))
    return int(at_ms), id_[:_ID]


_MOST_DIGITS, _ID = 15, 36


def not_allowed(what: str) -> Refusal:
    """Return the refusal for whoever holds no office, which alone may do *what*."""
    return Refusal("not_allowed", what=f"{what}（{'、'.join(role.zh for role in _OFFICES)}）")
