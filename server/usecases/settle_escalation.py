"""
Sign a proposal of escalation, or dismiss it 升级建议签批: a person's word, with his name and his reason.

What is proposed comes to nothing else by itself: an order is issued, a talk is called as an act of its own.
"""

import dataclasses

from schemas.explain import fault
from schemas.problems import Refusal
from server.core.clocks.escalating import OF_UNITS
from server.core.desk import escalated
from server.core.desk.escalated import DECIDES, STATES, VERDICTS, ListedEscalation, Verdict
from server.storage.escalations import Proposal
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.usecases.list_escalations import Found, about_of, laid
from server.usecases.read_calendar import read_calendar
from server.usecases.review_escalations import fallen, standing_of
from server.values import Person

MAX_REASON = 300


def settle_escalation(
    store: Store, desk: Desk, proposal: str, person: str | None, verdict: Verdict, reason: str, now_ms: int
) -> ListedEscalation:
    """
    Write down that somebody signed the proposal with the id *proposal*, or dismissed it, and return it as it stands.

    Asking twice changes nothing more. Where its case was put right meanwhile, it falls away instead.

    Args:
        person: Who says so; None where the device speaks for one person only.

    Raises:
        Refusal: ``escalation_unknown``, ``escalation_over``, ``not_allowed``, ``person_stopped``,
            ``not_admitted_person`` or ``invalid_request``. Nothing was signed.
    """
    with told_at_once():
        said = reason.strip()[:MAX_REASON]
        if not said:
            raise Refusal("invalid_request", fault("required", "请写明理由", "say why", "reason"))
        signer = signer_of(desk, person)
        found = retrying(lambda: _attempt(store, desk, proposal, signer, verdict, said, now_ms))
    ended = found[0]
    if ended.state != VERDICTS[verdict][0]:
        raise _over(ended)
    with store.work(desk.district, writing=False) as work:
        return laid(work, desk, [found], now_ms)[0]


def _attempt(
    store: Store, desk: Desk, proposal: str, signer: Person, verdict: Verdict, reason: str, now_ms: int
) -> Found:
    with store.work(desk.district) as work:
        found = work.escalations.locked(proposal)
        if found is None:
            raise Refusal("escalation_unknown")
        one, row = found
        _check(work, desk, found, signer, verdict, now_ms)
        if one.state != "proposed":
            return _as_before(one, signer, verdict), row
        times = work.case_clocks.of([row.id]) if row is not None else {}
        standing = standing_of(row, times.get(one.about))
        # Levels about units rest on weeks that are over; nothing that happened since takes them back.
        stale = fallen(read_calendar(work), now_ms, one, standing) if one.level < OF_UNITS else None
        signed = one._replace(state=VERDICTS[verdict][0], by=signer.id, at_ms=now_ms, reason=reason)
        ended = stale or signed
        work.escalations.end([ended])
        work.commit()
    return ended, row


def _as_before(one: Proposal, signer: Person, verdict: Verdict) -> Proposal:
    if one.state == VERDICTS[verdict][0] and one.by == signer.id:
        return one
    raise _over(one)


def _check(work: UnitOfWork, desk: Desk, found: Found, signer: Person, verdict: Verdict, now_ms: int) -> None:
    """
    Make sure that *signer* may do that.

    Raises:
        Refusal: ``escalation_unknown`` where nobody at the desk may read it, else ``not_allowed``.
    """
    one, row = found
    about = about_of(work, one, row, {}, now_ms)
    if not escalated.may_read(one.level, one.state, desk.people.values(), about, now_ms):
        raise Refusal("escalation_unknown")
    if not escalated.may(verdict, one.level, signer, about, now_ms):
        roles = "、".join(sorted(role.zh for role in DECIDES[verdict][one.level]))
        _, zh, en = VERDICTS[verdict]
        raise Refusal("not_allowed", what=f"{zh} {en}（L{one.level}：{roles}）")


def _over(one: Proposal) -> Refusal:
    refusal = Refusal("escalation_over", state_zh=STATES[one.state], state_en=one.state)
    if one.state == "fallen":
        refusal.kind = dataclasses.replace(
            refusal.kind, next_zh="案件情况已变，不必再处理。", next_en="The case has changed; nothing is left to do."
        )
    return refusal
