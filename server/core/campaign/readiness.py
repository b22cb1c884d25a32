"""
How ready the district is 迎检准备: standard item by standard item, from evidence and open problems.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.progress import is_finished
from schemas.records import Fields
from server.values import Record


class Readiness(NamedTuple):
    """
    One standard item 标准项.

    Attributes:
        status: What its unit says of it, a key of ``campaigns.ITEM_STATES``; "not_met" where it said nothing.
        evidence: Records and photos that prove it.
        open_cases: Problems of its classes that are not struck off.
        unfinished: Tasks for it that are not finished.
        doubts: Why "met" cannot simply be believed: ``no_evidence``, ``open_cases``, ``unfinished_tasks``.
    """

    item: Record
    status: str
    evidence: int
    open_cases: int
    unfinished: int
    doubts: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether it is said to be met, and nothing speaks against it."""
        return self.status == "not_applicable" or (self.status == "met" and not self.doubts)


def readiness(items: Iterable[Record], tasks: Iterable[Record], open_cases: Mapping[str, int]) -> list[Readiness]:
    """
    Return the readiness of every item, those that are not ready first.

    Args:
        items: Standard items.
        tasks: The campaign's tasks.
        open_cases: How many problems of each class are open.
    """
    unfinished: dict[str, int] = {}
    for task in tasks:
        for item in () if task.void or is_finished(task.fields) else task.fields.get("standard_items") or ():
            unfinished[item] = unfinished.get(item, 0) + 1
    told = [_of(item, unfinished.get(item.id, 0), open_cases) for item in items if not item.void]
    return sorted(told, key=lambda one: (one.ready, one.item.fields.get("theme") or "", one.item.id))


def _of(item: Record, unfinished: int, open_cases: Mapping[str, int]) -> Readiness:
    said: Fields = item.fields
    evidence = len(said.get("evidence") or ()) + len(said.get("photos") or ())
    cases = sum(open_cases.get(problem, 0) for problem in said.get("problem_classes") or ())
    against = (("no_evidence", not evidence), ("open_cases", cases > 0), ("unfinished_tasks", unfinished > 0))
    doubts = tuple(name for name, holds in against if holds)
    return Readiness(item, said.get("status") or "not_met", evidence, cases, unfinished, doubts)
