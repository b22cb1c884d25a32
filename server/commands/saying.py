"""
What commands that keep somebody's word have in common: every fault told, and who says so.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from schemas.problems import Refusal
from server.commands.common import open_store, pick_district
from server.storage.store import Store
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake

P = ParamSpec("P")


def explained(command: Callable[P, None]) -> Callable[P, None]:
    """Let *command* say every single fault of what was typed."""

    @wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Refusal as refusal:
            faults = [fault for listed in (refusal.errors or {}).values() for fault in listed]
            if not faults:
                raise
            zh, en = "；".join(fault["zh"] for fault in faults), "; ".join(fault["en"] for fault in faults)
            raise Mistake(f"{zh}。", f"{en}.") from refusal

    return told


def who_says(district: str | None, by: str) -> tuple[Store, str, str]:
    """Return the store, the district, and the id of whoever is called *by*; empty: whoever sits at the server."""
    store = open_store()
    place = pick_district(store, district)
    if not by:
        return store, place, ""
    with store.work(place, writing=False) as work:
        return store, place, find_person(work, by).id
