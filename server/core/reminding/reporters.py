"""
What a reporter is to be answered 答复举报人, as the street's clerk says it; never who he is. Pure.
"""

from schemas.cases import PROBLEM_CLASSES
from schemas.wording import english
from server.core.reminding import of_cases
from server.core.reminding.facts import Case, Matter, Ripe
from server.values import CaseTimes

_SAID = {
    "accepted": ("已受理", "was accepted"),
    "closed": ("已整改", "was put right"),
    "refused": ("不予受理", "was not accepted"),
}


def outcome_of(status: str) -> str:
    """Return what became of a report whose case is in *status*: ``accepted``, ``closed`` or ``refused``."""
    return status if status in ("closed", "refused") else "accepted"


def still_waits(period: str, case: Case | None) -> bool:
    """
    Say whether a reporter still waits to be told what *period* says became of his report.

    Args:
        case: As it is now; None: voided, sealed, or gone.
    """
    return case is not None and case.status not in ("reported", "merged") and outcome_of(case.status) == period


def answer(one: Ripe, times: CaseTimes) -> Matter:
    """Return what the clerk is told of a case of the public; the period is what became of it."""
    case = one.case
    zh, en = _SAID[one.period]
    if one.period == "refused" and (why := of_cases.refused_because(times)):
        zh, en = f"{zh}，原因：{why}", f"{en}: {why}"
    known = PROBLEM_CLASSES.get(case.problem_class)
    place = times.place_text or ""
    number_zh, number_en = of_cases.number(case)
    words = {"number": number_zh, "summary": place + (known.zh if known else ""), "outcome": zh}
    words_en = {"number": number_en, "summary": f"{english(case.problem_class)} {place}".strip(), "outcome": en}
    return Matter(one.period, case.id, case.grid, words, words_en, critical=False)
