"""
Forget how to reach reporters 举报人联系方式到期删除: some time after their case is over or their suggestion answered.

The case, the report and who looked at the contact stay; the contact alone goes, and with it the way to the person.
"""

from functools import partial

import structlog

from server.core.sources import standing
from server.core.sources.keeping import over_since
from server.storage.public_reports import Reporter
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying

_DAY_MS = 24 * 3600 * 1000
#: So many contacts are looked at in one transaction.
_AT_ONCE = 500
_log = structlog.get_logger()


def forget_contacts(store: Store, district: str, keep_days: int, now_ms: int, *, dry_run: bool = False) -> list[str]:
    """
    Delete the contacts of reports that have been over for *keep_days*, and return the reports' ids.

    Args:
        dry_run: Say which would go, and change nothing.
    """
    before_ms = now_ms - keep_days * _DAY_MS
    gone: list[str] = []
    after: str | None = ""
    while after is not None:
        after, past = retrying(partial(_attempt, store, district, before_ms, after, dry_run=dry_run))
        gone += past
    if gone and not dry_run:
        _log.info("contacts_forgotten", count=len(gone))
    return gone


def _attempt(store: Store, district: str, before_ms: int, after: str, *, dry_run: bool) -> tuple[str | None, list[str]]:
    """Go through the contacts behind the id *after*; return the last id, None at the end, and those that are past."""
    with store.work(district, writing=not dry_run) as work:
        page = work.public_reports.reporters_after(after, before_ms, _AT_ONCE)
        past = [one.id for one in page if _is_past(work, one, before_ms)] if page else []
        if past and not dry_run:
            work.public_reports.forget_reporters(past)
            work.commit()
    return (page[-1].id if len(page) == _AT_ONCE else None), past


def _is_past(work: UnitOfWork, one: Reporter, before_ms: int) -> bool:
    since = _over_since(work, one)
    return since is not None and since < before_ms


def _over_since(work: UnitOfWork, one: Reporter) -> int | None:
    case = work.records.get([one.id]).get(one.id)
    if case is not None:
        main = standing.followed(case.fields, lambda id_: work.records.get([id_]).get(id_)) or case
        return over_since(main.fields, void=case.void or main.void, written_ms=main.received_ms)
    report = work.public_reports.get([one.id]).get(one.id)
    if report is not None and report.kind == "suggestion":
        return report.answered_ms
    # Nothing is known any more of what it was about.
    return one.at_ms
