"""
What each act on a case writes 案件操作的结果: pure functions, named in the declaration in ``schemas.workflow``.
"""

from typing import Any

from schemas.case_guards import DEFERRAL, EXTENSION, SEND_BACK, needs_two_signatures, open_request
from schemas.machines import RECKONED, Doing, Fields
from schemas.moments import instant


def _now(doing: Doing) -> str:
    return instant(doing.at[0])


def _with(fields: Fields, name: str, element: Any) -> list[Any]:
    """Return the set *name* with *element*, sorted."""
    return sorted({*fields.get(name, ()), element})


def given_out(fields: Fields, doing: Doing) -> Fields:
    """A lead unit answers for it, perhaps with others and with a named person; the clock begins."""
    lead = doing.detail("lead")
    assist = set(doing.detail("assist") or fields.get("assist", ())) - {lead}
    return _UNHANDLED | {
        "lead": lead,
        "signed_at": None,
        "assist": sorted(assist) or None,
        "owner_person": doing.detail("owner"),
        "dispatched_at": _now(doing),
        **_lapsed(fields),
        "leads": _with_lead(fields, doing, lead),
    }


def _with_lead(fields: Fields, doing: Doing, unit: Any) -> list[dict[str, Any]]:
    return [*fields.get("leads", ()), {"unit": unit, "at": list(doing.at)}]


def helps_out(fields: Fields, doing: Doing) -> Fields:
    """Where another dispatch stands, the units this one named assist 协办, as long as there is work to do."""
    lead = fields.get("lead")
    if lead is None or fields.get("status") not in _IN_WORK:
        return {}
    units = {*fields.get("assist", ()), doing.detail("lead"), *(doing.detail("assist") or ())} - {lead}
    return {"assist": sorted(units) or None}


def had_a_hand(fields: Fields, doing: Doing) -> Fields:
    """Whoever worked on it does not verify it, even where another's act stands."""
    return {"handlers": _with(fields, "handlers", doing.by)}


def signed_for(fields: Fields, doing: Doing) -> Fields:
    """Somebody of the lead unit has it in hand."""
    return {
        "signed_at": _now(doing),
        "owner_person": fields.get("owner_person") or doing.by,
        "handlers": _with(fields, "handlers", doing.by),
    }


def sent_back(fields: Fields, doing: Doing) -> Fields:
    """It is not theirs: nobody leads until it is given out again."""
    return {
        "lead": None, "assist": None, "owner_person": None, "signed_at": None, **dict.fromkeys(RECKONED),
        "requests": _requested(fields, doing, SEND_BACK),
    }  # fmt: skip


def put_right(fields: Fields, doing: Doing) -> Fields:
    """What was done about it, and by whom."""
    return {
        "measure": doing.detail("measure"),
        "rectified_at": _now(doing),
        "rectified_by": doing.by,
        "no_fix_reason": doing.detail("no_fix_reason"),
        "handlers": _with(fields, "handlers", doing.by),
    }


def found_good(fields: Fields, doing: Doing) -> Fields:
    """Somebody else looked, and it is put right."""
    return {"verified_at": _now(doing), "verified_by": doing.by}


def found_wanting(fields: Fields, doing: Doing) -> Fields:
    """Somebody looked, and it is not: to be done again, and counted 返工."""
    counted = {"return_count": fields.get("return_count", 0) + 1, "return_code": doing.detail("code")}
    return _UNHANDLED | counted | _whose(fields) | _lapsed(fields)


def struck_off(fields: Fields, doing: Doing) -> Fields:
    """Off the ledger; what came from above stays for the second signature."""
    if needs_two_signatures(fields) and fields.get("first_signature") is None:
        return {"status": "verified", "first_signature": {"by": doing.by, "at": _now(doing)}}
    return {"closed_at": _now(doing), "closed_by": doing.by}


def came_back(fields: Fields, doing: Doing) -> Fields:
    """The problem is there again: the same case, counted against its lead 回潮."""
    return _UNHANDLED | {"reopen_count": fields.get("reopen_count", 0) + 1} | _whose(fields)


def asks_extension(fields: Fields, doing: Doing) -> Fields:
    """More time is asked for."""
    return {"requests": _requested(fields, doing, EXTENSION, until=doing.detail("until"))}


def asks_deferral(fields: Fields, doing: Doing) -> Fields:
    """It cannot be done now, for a season or a project."""
    details = {name: doing.detail(name) for name in ("review_on", "project") if doing.detail(name)}
    return {"requests": _requested(fields, doing, DEFERRAL, **details)}


def grants_extension(fields: Fields, doing: Doing) -> Fields:
    """More time is given."""
    return {"requests": _answered(fields, doing, EXTENSION, "granted")}


def denies_extension(fields: Fields, doing: Doing) -> Fields:
    """No more time is given."""
    return {"requests": _answered(fields, doing, EXTENSION, "denied")}


def grants_deferral(fields: Fields, doing: Doing) -> Fields:
    """Kept on record, out of the rates, until the day of review."""
    request = open_request(fields, DEFERRAL) or {}
    return {
        "requests": _answered(fields, doing, DEFERRAL, "granted"),
        "review_on": doing.detail("review_on") or request.get("review_on"),
        "project": doing.detail("project") or request.get("project"),
    }


def denies_deferral(fields: Fields, doing: Doing) -> Fields:
    """It has to be done now."""
    return {"requests": _answered(fields, doing, DEFERRAL, "denied")}


def renewed(fields: Fields, doing: Doing) -> Fields:
    """Looked at, and still not possible."""
    return {"review_on": doing.detail("review_on")}


def taken_up_again(fields: Fields, doing: Doing) -> Fields:
    """What was deferred is to be done."""
    return {"review_on": None}


def instructed(fields: Fields, doing: Doing) -> Fields:
    """The leading group says what it wants, and until when it wants to hear 批示."""
    one = {"text": doing.act.reason, "by": doing.by, "at": _now(doing), "reply_by": doing.detail("reply_by")}
    return {"instructions": [*fields.get("instructions", ()), {k: v for k, v in one.items() if v is not None}]}


def replied(fields: Fields, doing: Doing) -> Fields:
    """The oldest instruction nobody has answered is."""
    told = [dict(one) for one in fields.get("instructions", ())]
    waiting: Fields = next((one for one in told if "reply" not in one), {})
    waiting |= {"reply": doing.act.reason, "replied_by": doing.by, "replied_at": _now(doing)}
    return {"instructions": told}


def swept(fields: Fields, doing: Doing) -> Fields:
    """What a search for its like found 举一反三."""
    return {"sweep": {"found": doing.detail("found"), "by": doing.by, "at": _now(doing)}}


#: What a case that has to be handled (again) no longer says.
_UNHANDLED: Fields = dict.fromkeys(
    (
        "measure", "no_fix_reason", "rectified_at", "rectified_by", "verified_at", "verified_by", "first_signature",
        "closed_at", "closed_by",
    )
)  # fmt: skip
#: In these states a unit works on it.
_IN_WORK = frozenset({"dispatched", "handling"})


def _whose(fields: Fields) -> Fields:
    """What was put right on the spot was never given out: nobody answers for it until it is."""
    return {} if fields.get("lead") else {"status": "accepted"}


def _lapsed(fields: Fields) -> Fields:
    """Return the requests of a case given out anew or returned: what nobody has answered is asked for no more."""
    kept = [one if one.get("answer") or one["kind"] == SEND_BACK else {**one, "answer": "lapsed"}
            for one in fields.get("requests", ())]  # fmt: skip
    return {} if kept == fields.get("requests", []) else {"requests": kept}


def _requested(fields: Fields, doing: Doing, kind: str, **details: Any) -> list[dict[str, Any]]:
    one = {"kind": kind, "at": list(doing.at), "by": doing.by, "reason": doing.act.reason, **details}
    suggested = doing.detail("suggested")
    one |= {"suggested": suggested} if suggested else {}
    return [*fields.get("requests", ()), one]


def _answered(fields: Fields, doing: Doing, kind: str, answer: str) -> list[dict[str, Any]]:
    waiting = open_request(fields, kind) or {}
    until = doing.detail("until") or waiting.get("until")
    word = {"answer": answer, "answered_by": doing.by, "answered_at": _now(doing), "until": until}
    replied = {name: value for name, value in {**waiting, **word}.items() if value is not None}
    return [replied if one is waiting else one for one in fields.get("requests", ())]
