"""
Red and black lists at the desk 红黑榜: draft, open, object, sign, withdraw.

A list is a draft until it is signed. Issuing freezes it: what arrives later stands in the next one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from schemas.explain import fault
from schemas.moments import day_of, instant, ms_of
from schemas.problems import Refusal, Words
from schemas.records import Fields
from schemas.roles import Role
from server.core import numbering
from server.core.assessing import rights
from server.core.assessing.spans import Span, before, month_of, week_of
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases import keep_lists
from server.usecases.assess_shops import SHOPS, draft_month
from server.usecases.assess_units import COMMUNITIES, UNITS, draft_week
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.usecases.give_numbers import letters_of, one_number
from server.usecases.name_units import unit_names
from server.usecases.push_text import push_text
from server.usecases.read_ranks import RankFile, RankListPage, head_of, in_words, known, show_ranks, told_head
from server.usecases.review_escalations import propose_bottom
from server.values import Person, Record

MAX_TEXT = 300
#: What lies outside is in no calendar, or its week is not.
_EARLIEST, _LATEST = "2000-02-01", "2099-11-30"
#: Under this word groups ask for lists that are issued; see channels.
GROUP_CODE = "ranks"
_WEEKS = 3
#: So many objections one row of a list, and a whole list, may have.
_MOST_OF_ONE, _MOST = 5, 60
Verb = Literal["open", "sign", "withdraw"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A list to be drafted: its kind, any day of its period, and where."""

    kind: str
    day: str
    group: str | None = None


# -- drafting -----------------------------------------------------------------------------------------


def draft_ranks(store: Store, desk: Desk, asked: Asked, person: str | None, now_ms: int) -> RankListPage:
    """
    Reckon the lists of one kind and one period, and keep them as drafts; what is open or issued stays.

    Args:
        person: Who asks for it; None where the device speaks for one person only. An operator may be nobody.

    Raises:
        Refusal: ``not_allowed`` for a place whose lists the person may not draft; ``invalid_request``;
            ``rank_period_running`` for a period that has not begun.
    """
    with told_at_once():
        signer = None if desk.whole else signer_of(desk, person)
        group, span = asked.group or "", _span(asked)
        if span.since_ms > now_ms:
            raise Refusal("rank_period_running", last=span.last)
        if signer is not None:
            group = group or desk.district
            _demand(rights.may_draft(signer, group, now_ms), "起草榜单", "draft a list", rights.DRAFTING)
            group = "" if group == desk.district and asked.kind != UNITS else group
        by = signer.id if signer else None
        draft = draft_month if asked.kind == SHOPS else draft_week
        drafted = draft(store, desk.district, span, by, now_ms, kind=asked.kind, group=group)
    with store.work(desk.district, writing=False) as work:
        found = work.records.get(drafted)
        heads = [head_of(record) for record in sorted(found.values(), key=lambda one: one.grid)]
        names = unit_names(work, {one.group for one in heads})
        return RankListPage([told_head(one, names) for one in heads])


def _span(asked: Asked) -> Span:
    try:
        date.fromisoformat(asked.day)
    except ValueError:
        raise Refusal("invalid_request", fault("exact", "没有这一天", "is no day", "day")) from None
    if not _EARLIEST <= asked.day <= _LATEST:
        zh, en = f"应在 {_EARLIEST} 至 {_LATEST} 之间", f"must lie between {_EARLIEST} and {_LATEST}"
        raise Refusal("invalid_request", fault("range", zh, en, "day"))
    return month_of(asked.day) if asked.kind == SHOPS else week_of(asked.day)


# -- what people say of it ----------------------------------------------------------------------------


def settle_ranks(
    store: Store, desk: Desk, id_: str, verb: Verb, person: str | None, reason: str | None, now_ms: int
) -> RankFile:
    """
    Open a draft for objections, sign an open list, or take either back; return it as it stands.

    Signing gives the list its number and freezes it. Where it is the third week running, what is due about the
    units at the bottom is proposed; a person signs that, too.

    Raises:
        Refusal: ``rank_list_unknown``, ``rank_list_over``, ``rank_objections_open``, ``rank_period_running``,
            ``not_allowed`` or ``invalid_request``. Nothing was written.
    """
    said = (reason or "").strip()[:MAX_TEXT] or None
    if verb == "withdraw" and said is None:
        raise Refusal("invalid_request", fault("required", "请写明理由", "say why", "reason"))
    with told_at_once():
        signer = signer_of(desk, person)
        if verb == "open":
            _reckon_anew(store, desk, id_, signer, now_ms)

        def attempt(work: UnitOfWork) -> Record:
            record = known(work, desk, id_, now_ms)
            _VERBS[verb](work, record, signer, said, now_ms)
            return work.records.get([id_])[id_]

        record = keep_lists.writing(store, desk.district, attempt)
    if verb == "sign" and record.fields["kind"] in (UNITS, COMMUNITIES):
        propose(store, desk.district, record, now_ms)
    with store.work(desk.district, writing=False) as work:
        return show_ranks(work, desk, id_, now_ms)


def object_to_ranks(
    store: Store, desk: Desk, id_: str, about: str, person: str | None, text: str, now_ms: int
) -> RankFile:
    """
    Write down what an affected unit says against a list while it is open.

    Args:
        about: The row it is about: a unit, a shop, a segment.

    Raises:
        Refusal: As ``settle_ranks``; ``rank_objections_closed`` when the day is over.
    """
    said = text.strip()[:MAX_TEXT]
    if not said:
        raise Refusal("invalid_request", fault("required", "请写明异议", "say what is wrong", "text"))
    with told_at_once():
        signer = signer_of(desk, person)

        def attempt(work: UnitOfWork) -> None:
            record = known(work, desk, id_, now_ms)
            row = next((one for one in record.fields.get("rows") or () if one["about"] == about), None)
            if row is None:
                raise Refusal("invalid_request", fault("choice", "榜单中没有这一项", "is not on the list", "about"))
            _demand(rights.may_object(signer, row, now_ms), "提出异议", "object", rights.OBJECTING)
            _check_open(record, now_ms)
            objection = {"by": signer.id, "unit": about, "at": instant(now_ms), "text": said}
            objections = [*(record.fields.get("objections") or ()), objection]
            _refuse_too_many(objections, about)
            keep_lists.change(work, record, {"objections": objections}, now_ms)

        keep_lists.writing(store, desk.district, attempt)
    with store.work(desk.district, writing=False) as work:
        return show_ranks(work, desk, id_, now_ms)


def _refuse_too_many(objections: list[Fields], about: str) -> None:
    """Nobody's objections take the room for everybody else's."""
    if sum(one["unit"] == about for one in objections) > _MOST_OF_ONE:
        zh, en = f"已有 {_MOST_OF_ONE} 条异议", f"has {_MOST_OF_ONE} objections already"
        raise Refusal("invalid_request", fault("range", zh, en, "about"))
    if len(keep_lists.fitting(objections, keep_lists.MOST_BYTES)) < len(objections) or len(objections) > _MOST:
        zh, en = "本榜异议已满，请联系区创卫办", "the list holds no more; ask the district's office"
        raise Refusal("invalid_request", fault("range", zh, en, "text"))


def _reckon_anew(store: Store, desk: Desk, id_: str, signer: Person, now_ms: int) -> None:
    """Let a draft say what is known now, before it is opened; whatever hinders that is told when it is opened."""
    with store.work(desk.district, writing=False) as work:
        record = known(work, desk, id_, now_ms)
    fields = record.fields
    span = Span(fields["first_day"], fields["last_day"])
    ready = fields["status"] == "draft" and span.until_ms <= now_ms and rights.may_draft(signer, record.grid, now_ms)
    if ready:
        draft = draft_month if fields["kind"] == SHOPS else draft_week
        by = fields.get("drafted_by")
        draft(store, desk.district, span, by, now_ms, kind=fields["kind"], group=record.grid)


def propose(store: Store, district: str, record: Record, now_ms: int) -> int:
    """Propose what follows for units last in three issued weeks running, of which *record* is the latest."""
    fields = record.fields
    with store.work(district, writing=False) as work:
        heads = {one.first_day: one.id for one in keep_lists.issued(work, fields["kind"], record.grid, now_ms)}
        weeks = [Span(fields["first_day"], fields["last_day"])]
        while len(weeks) < _WEEKS:
            weeks.insert(0, before(weeks[0]))
        if any(week.first not in heads for week in weeks):
            return 0
        found = work.records.get([heads[week.first] for week in weeks])
        scores = [_scores(found[heads[week.first]]) for week in weeks]
    return len(propose_bottom(store, district, scores, weeks[-1].since_ms, now_ms))


def _scores(record: Record) -> dict[str, float]:
    rows = record.fields.get("rows") or ()
    return {row["about"]: row["score"] / 10 for row in rows if row.get("rank") and row.get("score") is not None}


# -- acts ---------------------------------------------------------------------------------------------


def _open(work: UnitOfWork, record: Record, signer: Person, _reason: str | None, now_ms: int) -> None:
    _demand(rights.may_draft(signer, record.grid, now_ms), "公示榜单", "open a list", rights.DRAFTING)
    keep_lists.open_list(work, record.id, now_ms)


def _sign(work: UnitOfWork, record: Record, signer: Person, reason: str | None, now_ms: int) -> None:
    _demand(rights.may_sign(signer, record.grid, now_ms), "签发榜单", "sign a list", rights.SIGNING)
    fields = record.fields
    if fields["status"] == "issued" and fields["signature"]["by"] == signer.id:
        return
    if fields["status"] != "open":
        raise keep_lists.over(fields["status"])
    if now_ms < ms_of(fields["objections_until"]):
        raise Refusal("rank_objections_open", until=fields["objections_until"][:16].replace("T", " "))
    number = one_number(work, numbering.series_of_list(day_of(now_ms), letters_of(work)))
    signature = _said(signer, reason, now_ms)
    frozen = {"status": "issued", "list_no": number, "signature": signature}
    if fields["kind"] in (UNITS, COMMUNITIES):
        # Groups hear of units only: a shop is somebody's.
        told = in_words(work, fields | frozen, record.grid)
        push_text(work, record.grid, GROUP_CODE, told[0], "\n".join(told[1:]), f"rank_list {record.id}", now_ms)
    keep_lists.change(work, record, frozen, now_ms)


def _withdraw(work: UnitOfWork, record: Record, signer: Person, reason: str | None, now_ms: int) -> None:
    status = record.fields["status"]
    by = rights.DRAFTING if status == "draft" else rights.SIGNING
    may = rights.may_draft if status == "draft" else rights.may_sign
    _demand(may(signer, record.grid, now_ms), "撤回榜单", "withdraw a list", by)
    if status not in ("draft", "open"):
        raise keep_lists.over(status)
    keep_lists.change(work, record, {"status": "withdrawn", "withdrawal": _said(signer, reason, now_ms)}, now_ms)


_VERBS = {"open": _open, "sign": _sign, "withdraw": _withdraw}


def _said(signer: Person, reason: str | None, now_ms: int) -> Fields:
    return {"by": signer.id, "at": instant(now_ms), **({"reason": reason} if reason else {})}


def _check_open(record: Record, now_ms: int) -> None:
    fields = record.fields
    if fields["status"] != "open":
        raise keep_lists.over(fields["status"])
    if now_ms >= ms_of(fields["objections_until"]):
        raise Refusal("rank_objections_closed", until=fields["objections_until"][:16].replace("T", " "))


def _demand(allowed: bool, zh: str, en: str, roles: Iterable[Role]) -> None:
    if not allowed:
        listed = "、".join(role.zh for role in roles)
        raise Refusal("not_allowed", what=Words(f"{zh}（{listed}）", en))
