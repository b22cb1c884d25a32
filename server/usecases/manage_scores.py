"""
By what a district scores 考核办法: read, and said otherwise, with a reason; from then on, never backwards.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.explain import fault
from schemas.problems import Refusal
from server.core.assessing.scheme import SETTING, STANDARD, WORDS, scheme_of
from server.storage.settings import Word
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying


class Number(NamedTuple):
    """One number of the scheme, as ``weights.checks``; ``standard`` is what it is where nobody said otherwise."""

    name: str
    zh: str
    en: str
    value: float
    standard: float


def numbers(work: UnitOfWork) -> list[Number]:
    """Return every number by which the district scores."""
    scheme = scheme_of(work.settings.get(SETTING))
    return [
        Number(f"{group}.{name}", *WORDS[group][name], float(scheme[group][name]), float(standard))
        for group, known in STANDARD.items()
        for name, standard in known.items()
    ]


def say_scores(
    store: Store, district: str, wanted: Mapping[str, float | None], reason: str, by: str, now_ms: int
) -> list[Number]:
    """
    Score by other numbers from now on, and return all of them; those not named stay as they are.

    Args:
        wanted: By name, ``weights.checks``; None: the standard again.

    Raises:
        Refusal: ``invalid_request`` where a number means nothing, or the weights do not sum to 1.
    """

    def attempt() -> list[Number]:
        with store.work(district) as work:
            said = _over(work.settings.get(SETTING), wanted)
            scheme_of(said)
            work.settings.say(Word(SETTING, said or None, reason, by, now_ms))
            told = numbers(work)
            work.commit()
        return told

    return retrying(attempt)


def _over(before: Mapping[str, Mapping[str, Any]] | None, wanted: Mapping[str, float | None]) -> dict[str, Any]:
    said: dict[str, dict[str, Any]] = {group: dict(known) for group, known in (before or {}).items()}
    for path, value in wanted.items():
        group, _, name = path.partition(".")
        if name not in STANDARD.get(group, {}):
            raise Refusal("invalid_request", fault("unknown", "没有这一项", "is no number of the scheme", path))
        if value is None:
            said.get(group, {}).pop(name, None)
        else:
            said.setdefault(group, {})[name] = value
    return {group: known for group, known in said.items() if known}
