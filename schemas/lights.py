"""
Lights 亮灯: green, yellow, red by the time of day. Never stored: whoever looks compares, on tablet and office alike.
"""

from collections.abc import Mapping
from typing import Any, Literal

from schemas.moments import ms_of

Light = Literal["green", "yellow", "red", "none"]
LIGHTS: dict[Light, tuple[str, str]] = {
    "green": ("绿灯", "in time"),
    "yellow": ("黄灯", "due soon"),
    "red": ("红灯", "overdue"),
    "none": ("不亮灯", "no light"),
}


def light(
    now_ms: int, yellow_ms: int | None, due_ms: int | None, *, standing: bool = False, asked: bool = False
) -> Light:
    """
    Return the light of a case: yellow from *yellow_ms* on, red after *due_ms*.

    Args:
        due_ms: None while nobody has fixed it.
        standing: The time allowed does not run: the case is deferred, waits for somebody else, or is closed.
        asked: More time was asked for before it was due, and nobody has answered 延期待批: yellow, not red.
    """
    if standing or due_ms is None:
        return "none"
    if now_ms > due_ms:
        return "yellow" if asked else "red"
    return "yellow" if asked or now_ms >= (due_ms if yellow_ms is None else yellow_ms) else "green"


#: The states in which the time allowed runs: somebody answers for the case, and it is not put right.
RUNNING = ("dispatched", "handling")
#: Put right; who has not been given any time, did so on the spot 立行立改.
_PUT_RIGHT = ("rectified", "verified")


def light_of(fields: Mapping[str, Any], now_ms: int) -> Light:
    """Return the light of a case by its *fields*, at the moment *now_ms*."""
    asked = any(r["kind"] == "extension" and not r.get("answer") for r in fields.get("requests", ()))
    return light_in(fields.get("status"), _ms(fields, "yellow_at"), _ms(fields, "due_at"), now_ms, asked=asked)


def light_in(state: str | None, yellow_ms: int | None, due_ms: int | None, now_ms: int, *, asked: bool) -> Light:
    """Return the light of a case in *state*; what was put right on the spot is green until it is struck off."""
    if state in _PUT_RIGHT and due_ms is None:
        return "green"
    return light(now_ms, yellow_ms, due_ms, standing=state not in RUNNING, asked=asked)


def _ms(fields: Mapping[str, Any], name: str) -> int | None:
    moment = fields.get(name)
    return None if moment is None else ms_of(moment)
