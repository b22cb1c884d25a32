"""
By what units are scored 考核办法: weights, deductions, additions and lines; the standard, and what a district said.

Whole lines and weights are fractions, so that 92.0, 90 % and 5 % come to 90.6 and to nothing beside it.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from schemas.explain import fault
from schemas.problems import Refusal

#: The name of the setting.
SETTING = "scores"
_ONE = Fraction(1)
_HUNDRED = Fraction(100)

Numbers = Mapping[str, Fraction]
Scheme = Mapping[str, Numbers]

#: What counts how much where a district has said nothing else; see ``WORDS`` for what each is.
STANDARD: Mapping[str, Mapping[str, str]] = {
    "weights": {"checks": "0.30", "on_time": "0.45", "rework": "0.10", "patrol": "0.10", "replies": "0.05"},
    "deductions": {"finding": "1", "relapse": "0.5", "falsehood": "3", "most": "15"},
    "additions": {"cleaning_day": "1", "model_road": "2", "most": "5"},
    "units": {"red_rate": "0.90", "black_rate": "0.85", "black_score": "85", "top": "3"},
    "shops": {"red_mean": "95", "red_checks": "2", "black_fails": "2", "black_days": "30"},
}
WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "weights": {
        "checks": ("检查平均分", "mean of checks"),
        "on_time": ("按期整改率", "put right in time"),
        "rework": ("返工率（取反）", "rework, the less the better"),
        "patrol": ("巡查完成率", "patrols done"),
        "replies": ("随手拍按期回复率", "the public answered in time"),
    },
    "deductions": {
        "finding": ("督查新发现问题（每件）", "each problem that only inspectors found"),
        "relapse": ("回潮（每次）", "each relapse"),
        "falsehood": ("弄虚作假（每次）", "each falsehood"),
        "most": ("扣分上限", "deducted at most"),
    },
    "additions": {
        "cleaning_day": ("清扫日（每次）", "each cleaning day held"),
        "model_road": ("示范路达标（每条）", "each model road that stands"),
        "most": ("加分上限", "added at most"),
    },
    "units": {
        "red_rate": ("红榜整改率", "closing rate for the red list"),
        "black_rate": ("黑榜整改率", "closing rate for the black list"),
        "black_score": ("末位黑榜得分", "score below which the last is on the black list"),
        "top": ("红榜名次", "ranks on the red list"),
    },
    "shops": {
        "red_mean": ("红榜平均分", "mean for the red list"),
        "red_checks": ("红榜检查次数", "checks for the red list"),
        "black_fails": ("黑榜不合格次数", "failed checks for the black list"),
        "black_days": ("黑榜天数", "within so many days"),
    },
}
#: What each number may be at most, where that is not 100.
_MOST = {("weights", None): _ONE, ("units", "red_rate"): _ONE, ("units", "black_rate"): _ONE}
#: Counted, so whole; a list of the best has a place at least.
_WHOLE = {("units", "top"), ("shops", "red_checks"), ("shops", "black_fails"), ("shops", "black_days")}


def scheme_of(said: Any) -> Scheme:
    """
    Return the scheme that counts where a district said *said* (None: nothing), group by group over the standard.

    Raises:
        Refusal: ``invalid_request``, naming every number that means nothing.
    """
    wrong = list(_faults(said))
    if wrong:
        raise Refusal("invalid_request", {name: errors for one in wrong for name, errors in one.items()})
    given: Mapping[str, Mapping[str, Any]] = said or {}
    return {
        group: {name: _fraction(given.get(group, {}).get(name, standard)) for name, standard in numbers.items()}
        for group, numbers in STANDARD.items()
    }


def _faults(said: Any) -> Iterator[dict[str, Any]]:
    if said is not None and not isinstance(said, Mapping):
        yield fault("invalid", "应为对象", "must be an object", SETTING)
        return
    for group, numbers in (said or {}).items():
        if group not in STANDARD or not isinstance(numbers, Mapping):
            yield fault("unknown", "没有这一组", "is no group of numbers", str(group))
            continue
        for name, value in numbers.items():
            if name not in STANDARD[group] or not _fits(group, name, value):
                yield fault(
                    "range", "没有这一项，或数值不合适", "is no number of the scheme, or out of range", group, name
                )
    weights = (said or {}).get("weights")
    if isinstance(weights, Mapping) and all(_is_number(value) for value in weights.values()):
        total = sum((_fraction(one) for one in {**STANDARD["weights"], **weights}.values()), Fraction())
        if total != _ONE:
            yield fault(
                "sum", f"权重合计应为 1，现为 {float(total):g}", f"must sum to 1, not {float(total):g}", "weights"
            )


def _fits(group: str, name: str, value: Any) -> bool:
    if not _is_number(value):
        return False
    number = _fraction(value)
    most = _MOST.get((group, name), _MOST.get((group, None), _HUNDRED))
    counted = (group, name) in _WHOLE
    return 0 <= number <= most and (not counted or (number >= 1 and number.denominator == 1))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1_000_000


def _fraction(value: Any) -> Fraction:
    """Return a number as it is written: 0.1 is a tenth."""
    return Fraction(str(value))
