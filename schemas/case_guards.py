"""
What stands in the way of the acts on a case 案件操作的条件, and what a case says of its requests and signatures.

Pure functions over a case's fields, named in the declaration in ``schemas.workflow``; who works for the unit
that answers for it, only the office knows.
"""

from datetime import date
from typing import Any

from schemas.likeness import distance_m
from schemas.machines import Doing, Fields, WhyNot
from schemas.moments import day_of, ms_of
from schemas.roles import Role

#: Findings from above: struck off by two signatures, and only after a search for their like 举一反三.
HIGH_SOURCES = frozenset({"district_inspection", "city", "province", "national"})
#: Where the after-photo may lie from the place of the problem.
NEAR_M = 50
#: So long after striking off the same problem is the same case again 回潮.
REOPEN_DAYS = 15
#: So far ahead may the day lie on which a deferred case is looked at again.
REVIEW_DAYS = 90
#: So far ahead may any date lie that somebody names.
FARTHEST_DAYS = 731
_DAY_MS = 24 * 3600 * 1000

EXTENSION, DEFERRAL, SEND_BACK = "extension", "deferral", "send_back"


def open_request(fields: Fields, kind: str) -> dict[str, Any] | None:
    """Return the oldest request of *kind* nobody has answered, or None."""
    return next((r for r in fields.get("requests", ()) if r["kind"] == kind and r.get("answer") is None), None)


def granted(fields: Fields, kind: str) -> int:
    """Return how many requests of *kind* were granted."""
    return sum(r["kind"] == kind and r.get("answer") == "granted" for r in fields.get("requests", ()))


def asked(fields: Fields, kind: str) -> int:
    """Return how many requests of *kind* were ever made."""
    return sum(r["kind"] == kind for r in fields.get("requests", ()))


def needs_two_signatures(fields: Fields) -> bool:
    """Say whether the case came from above 督查、市、省、国家."""
    return fields.get("source") in HIGH_SOURCES


def not_the_handler(fields: Fields, doing: Doing) -> WhyNot | None:
    """Nobody verifies or strikes off what he handled himself 不得自查自核."""
    handled = set(fields.get("handlers", ()))
    if not handled and fields.get("fixed_on_spot") and doing.maker is not None:
        handled = {doing.maker}
    if doing.by not in handled:
        return None
    return WhyNot(
        "no_self_verify", "整改人不能自行核查或销号", "whoever handled it may neither verify nor strike it off"
    )


def office_decides(fields: Fields, doing: Doing) -> WhyNot | None:
    """A case sent back for the second time is given out by the district office, for good."""
    if asked(fields, SEND_BACK) < 2 or doing.role in (None, Role.DISTRICT_OFFICE):
        return None
    return WhyNot("office_decides", "已两次回退，由区创卫办指定", "sent back twice: the district office decides")


def sent_back_at_most_twice(fields: Fields, doing: Doing) -> WhyNot | None:
    """Once the district office has decided, nobody sends it back."""
    if asked(fields, SEND_BACK) < 2:
        return None
    return WhyNot("decided_for_good", "区创卫办已指定，不能再回退", "the district office's word stands")


def sensible_date(fields: Fields, doing: Doing) -> WhyNot | None:
    """A date by which something is to be done lies ahead, and not years ahead."""
    named = doing.detail("due_at") or doing.detail("until")
    if named is None or 0 < ms_of(named) - doing.at[0] <= FARTHEST_DAYS * _DAY_MS:
        return None
    return WhyNot(
        "not_a_sensible_date", f"日期应在操作之后、{FARTHEST_DAYS}日之内",
        f"the date must lie ahead, within {FARTHEST_DAYS} days",
    )  # fmt: skip


def extension_in_time(fields: Fields, doing: Doing) -> WhyNot | None:
    """More time is asked for before the time is over, and a critical case is given none."""
    if fields.get("severity") == "critical":
        return WhyNot("no_extension", "紧急案件不能延期", "a critical case is given no more time")
    due = fields.get("due_at")
    if due is not None and doing.at[0] > ms_of(due):
        return WhyNot("asked_after_due", "已过整改时限，不能再申请延期", "asked for after the time was over")
    until = doing.detail("until")
    if due is not None and until is not None and ms_of(until) <= ms_of(due):
        return WhyNot("not_later", "延期日期应晚于原时限", "the new date must be later than the old one")
    if open_request(fields, EXTENSION):
        return WhyNot("asked_already", "已有待批的延期申请", "an extension was asked for already")
    return None


def extension_grantable(fields: Fields, doing: Doing) -> WhyNot | None:
    """The first extension is the street's to grant, every further one the district office's."""
    if open_request(fields, EXTENSION) is None:
        return WhyNot("nothing_asked", "没有待批的延期申请", "no extension waits for an answer")
    if granted(fields, EXTENSION) and doing.role not in (None, Role.DISTRICT_OFFICE):
        return WhyNot(
            "office_grants", "第二次延期由区创卫办批准", "a second extension is the district office's to grant"
        )
    return None


def deferral_asked(fields: Fields, doing: Doing) -> WhyNot | None:
    """Somebody asked for it, and nobody has answered."""
    if open_request(fields, DEFERRAL) is None:
        return WhyNot("nothing_asked", "没有待批的挂账申请", "no deferral waits for an answer")
    return None


def extension_asked(fields: Fields, doing: Doing) -> WhyNot | None:
    """Somebody asked for it, and nobody has answered."""
    if open_request(fields, EXTENSION) is None:
        return WhyNot("nothing_asked", "没有待批的延期申请", "no extension waits for an answer")
    return None


def not_asked_to_defer(fields: Fields, doing: Doing) -> WhyNot | None:
    """One request at a time."""
    if open_request(fields, DEFERRAL):
        return WhyNot("asked_already", "已有待批的挂账申请", "a deferral was asked for already")
    return review_in_time(fields, doing)


def review_in_time(fields: Fields, doing: Doing) -> WhyNot | None:
    """What is deferred is looked at again within ninety days."""
    review = doing.detail("review_on")
    if review is None:
        return None
    days = (date.fromisoformat(review) - date.fromisoformat(day_of(doing.at[0]))).days
    if 0 < days <= REVIEW_DAYS:
        return None
    return WhyNot(
        "review_too_far", f"复核日期须在{REVIEW_DAYS}日之内", f"it has to be looked at within {REVIEW_DAYS} days"
    )


def false_by_inspector(fields: Fields, doing: Doing) -> WhyNot | None:
    """Only an inspector says that a case was reported as put right and was not 弄虚作假."""
    if doing.detail("code") != "false" or doing.role in (None, Role.INSPECTOR):
        return None
    return WhyNot("inspector_only", "“弄虚作假”须由督查员认定", "only an inspector may call it false")


def instruction_open(fields: Fields, doing: Doing) -> WhyNot | None:
    """There is something to answer."""
    if any("reply" not in one for one in fields.get("instructions", ())):
        return None
    return WhyNot("nothing_asked", "没有待回复的批示", "no instruction waits for an answer")


def ready_to_strike_off(fields: Fields, doing: Doing) -> WhyNot | None:
    """Everything that striking off asks for 销号条件 is there; else all that is missing is named at once."""
    missing = [words for lacks, words in _STRIKING_OFF if lacks(fields)]
    if not missing:
        return None
    zh, en = "、".join(zh for zh, _ in missing), ", ".join(en for _, en in missing)
    return WhyNot("not_ready_to_close", f"销号条件不齐：{zh}", f"not ready to be struck off: {en}")


def signatures_in_order(fields: Fields, doing: Doing) -> WhyNot | None:
    """What came from above is signed by the district office first, then by an inspector."""
    role = doing.role
    if role is None:
        return None
    if not needs_two_signatures(fields):
        if role is Role.INSPECTOR:
            return WhyNot(
                "not_yours_to_close", "此案由街道或区创卫办销号", "the street or district office strikes it off"
            )
        return None
    first = fields.get("first_signature")
    if first is None and role is not Role.DISTRICT_OFFICE:
        return WhyNot("first_signature_missing", "须先由区创卫办签字", "the district office signs first")
    if first is not None and role is not Role.INSPECTOR:
        return WhyNot("second_signature_missing", "须由督查员第二签字", "an inspector has to sign second")
    if first is not None and first["by"] == doing.by:
        return WhyNot("two_people_sign", "两个签字须为两人", "the two signatures are two people's")
    return None


def within_fifteen_days(fields: Fields, doing: Doing) -> WhyNot | None:
    """Later it is a new case that names the old one in ``reopened_from``."""
    closed = fields.get("closed_at")
    if closed is None or doing.at[0] <= ms_of(closed) + REOPEN_DAYS * _DAY_MS:
        return None
    return WhyNot(
        "too_late_to_reopen",
        f"销号已超过{REOPEN_DAYS}日，请另行上报",
        f"struck off over {REOPEN_DAYS} days ago: report it anew",
    )


def _after_photos(fields: Fields) -> list[dict[str, Any]]:
    return [photo for photo in fields.get("photos", ()) if photo["role"] == "after"]


def _begun_ms(fields: Fields) -> int:
    """
    Return since when an after-photo counts: the dispatch, a relapse, or the submission that was returned.

    On the spot it is the before-photo. What was taken between a submission and its return may be new.
    """
    begun = [ms_of(fields["dispatched_at"])] if fields.get("dispatched_at") else []
    submitted = 0
    for one in fields.get("timeline", ()):
        if one["act"] == "submit":
            submitted = one["at"][0]
        elif one["act"] in ("reopen", "return"):
            begun.append(submitted if one["act"] == "return" and submitted else one["at"][0])
    if begun:
        return max(begun)
    before = [p["taken_at"] for p in fields.get("photos", ()) if p["role"] != "after" and p.get("taken_at")]
    return min(map(ms_of, before), default=0)


def _no_timely_photo(fields: Fields) -> bool:
    taken = [ms_of(photo["taken_at"]) for photo in _after_photos(fields) if photo.get("taken_at")]
    return bool(_after_photos(fields)) and not any(ms > _begun_ms(fields) for ms in taken)


def _nowhere_near(fields: Fields) -> bool:
    if fields.get("no_fix_reason") or not _after_photos(fields):
        return False
    apart = (distance_m(fields.get("position"), photo.get("position")) for photo in _after_photos(fields))
    return not any(m is not None and m <= NEAR_M for m in apart)


_STRIKING_OFF = (
    (lambda f: not _after_photos(f), ("缺整改后照片", "no photo of after")),
    (_no_timely_photo, ("整改后照片不是派遣之后所拍", "the photo of after was not taken after the dispatch")),
    (_nowhere_near, (f"整改后照片不在问题点位{NEAR_M}米之内", f"no photo of after within {NEAR_M} m of the problem")),
    (lambda f: not f.get("measure"), ("未填整改措施", "no measure is told")),
    (
        lambda f: any("reply" not in one for one in f.get("instructions", ())),
        ("有批示未回复", "an instruction is unanswered"),
    ),
    (
        lambda f: needs_two_signatures(f) and f.get("sweep") is None,
        ("未报举一反三结果", "no result of a follow-up sweep"),
    ),
)
