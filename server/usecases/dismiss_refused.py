"""
Put a refusal aside 搁置: it waits for nobody any more. Nothing is deleted; letting it in takes it up again.
"""

from schemas import wire
from schemas.explain import fault
from schemas.problems import Refusal
from server.core import readmission
from server.core.desk.refusals import OVER, RefusalFile
from server.storage.store import Store
from server.storage.unit_of_work import retrying
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.usecases.list_quarantine import found, show_refusal
from server.usecases.readmit import fate_of
from server.values import Person

DISMISSED = "dismissed"
MAX_REASON = 300


def dismiss(store: Store, desk: Desk, refused: str, person: str | None, reason: str, now_ms: int) -> RefusalFile:
    """
    Mark the refusal with the id *refused* as put aside, for a *reason*; a second time changes nothing.

    Args:
        person: Who puts it aside; None where the device speaks for one person only.

    Returns:
        The refusal as it stands then.

    Raises:
        Refusal: ``quarantine_unknown``, ``quarantine_settled``, ``not_allowed``, ``outside_area``,
            ``person_stopped``, ``not_admitted_person`` or ``invalid_request``. Nothing was written.
    """
    with told_at_once():
        if not reason.strip():
            raise Refusal("invalid_request", fault("required", "请写明原因", "say why", "reason"))
        clerk = signer_of(desk, person)
        retrying(lambda: _attempt(store, desk, refused, clerk, reason.strip()[:MAX_REASON], now_ms))
    with store.work(desk.district, writing=False) as work:
        return show_refusal(work, desk, refused, now_ms)


def _attempt(store: Store, desk: Desk, refused: str, clerk: Person, reason: str, now_ms: int) -> None:
    with store.work(desk.district) as work:
        row = found(work, desk, refused, now_ms)
        work.devices.lock_install(row.device, row.install)
        row = found(work, desk, refused, now_ms)
        readmission.check_judge(clerk, readmission.least_role([row.code]), row.grid or desk.district, now_ms)
        how = fate_of(row).get("how")
        if how in OVER:
            raise Refusal("quarantine_settled")
        if how != DISMISSED:
            fate = {"how": DISMISSED, "by": clerk.id, "at_ms": now_ms, "reason": reason}
            work.quarantine.mark(row.id, wire.canonical(fate).decode(), row.trail)
            work.commit()
