"""
What a reporter is told of his report 办理情况 (reminder ``R14``): in plain words, and no name of anybody.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.records import Fields

RECEIVED, ACCEPTED, PUT_RIGHT, REFUSED, ANSWERED = "received", "accepted", "put_right", "refused", "answered"
_MOST_JOINED = 8


class Standing(NamedTuple):
    """How a report stands: a word, and what is said of it in Chinese and in English."""

    state: str
    zh: str
    en: str


_RECEIVED = Standing(RECEIVED, "已收到，等待受理。", "Received; an office will look at it.")
_WORDS: dict[str, Standing] = {
    "reported": _RECEIVED,
    "accepted": Standing(ACCEPTED, "已受理，正在安排整改。", "Accepted; somebody is being given the task."),
    "dispatched": Standing(ACCEPTED, "已受理，已交办。", "Accepted, and handed to whoever answers for it."),
    "handling": Standing(ACCEPTED, "已受理，正在整改。", "Accepted, and being put right."),
    "rectified": Standing(ACCEPTED, "已整改，等待核查。", "Put right, they say; somebody else will look."),
    "verified": Standing(ACCEPTED, "已整改，核查通过，等待销号。", "Put right and looked at; about to be struck off."),
    "deferred": Standing(
        ACCEPTED, "已受理，暂时不能整改，已挂账并定期复核。", "Accepted, but deferred; looked at again."
    ),
    "closed": Standing(PUT_RIGHT, "已整改。感谢参与创卫。", "It has been put right. Thank you."),
}
_VOID = Standing(
    REFUSED, "登记有误，已作废；如问题仍在，请重新上报。", "Entered by mistake; report it anew if it is there."
)


def of_case(fields: Fields, *, void: bool = False) -> Standing:
    """Return how a report stands whose case, or the one it was joined to, has *fields*."""
    if void:
        return _VOID
    status = str(fields.get("status"))
    if status == "refused":
        why = last_reason(fields, "refuse")
        return Standing(REFUSED, f"不予受理，原因：{why or '未说明'}", f"Not taken up: {why or 'no reason was given'}")
    return _WORDS.get(status, _RECEIVED)


def last_reason(fields: Fields, act: str) -> str | None:
    """Return the reason that came with the last *act* on a case; None where there was none."""
    reasons = [one.get("reason") for one in fields.get("timeline", ()) if one.get("act") == act]
    return reasons[-1] if reasons else None


def of_suggestion(answer: str | None, reply: str | None) -> Standing:
    """Return how a suggestion stands."""
    if answer is None:
        return _RECEIVED
    zh, en = ("已采纳", "Adopted") if answer == "adopted" else ("未采纳", "Not adopted")
    return Standing(ANSWERED, f"{zh}：{reply}", f"{en}: {reply}")


def followed(fields: Fields, case_of: Callable[[str], Any]) -> Any:
    """
    Return the case into which the one of *fields* was joined in the end 并案; None where it was not.

    Args:
        case_of: Returns a record by its id, or None.
    """
    found = None
    for _ in range(_MOST_JOINED):
        into = fields.get("merged_into")
        case = case_of(into) if into else None
        if case is None:
            return found
        found, fields = case, case.fields
    return found
