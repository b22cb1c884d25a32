"""
Keep one thing over which the program stumbles from holding up all the others 隔离故障项.

Where many things are done together, again and again, one of them would otherwise stand in the way of everybody for
as long as it is there. What it holds is nobody's business in a log; its kind, and where it came up, are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import structlog

from server.usecases.one_by_one import MISTAKES, place_of

#: So often parts are tried to find those that are at fault: enough to go through two hundred one by one.
MOST_TRIES = 400
T = TypeVar("T")
A = TypeVar("A")
_log = structlog.get_logger()


def spared(things: Iterable[T], make: Callable[[T], A], district: str, what: str) -> Iterator[A]:
    """Yield what *make* makes of each of *things*; one over which it stumbles is left out, and *what* logged."""
    for one in things:
        try:
            made = make(one)
        except MISTAKES as error:
            note(error, district, what)
            continue
        yield made


def sifted(things: Sequence[T], attempt: Callable[[Sequence[T]], object]) -> tuple[list[T], list[tuple[T, Exception]]]:
    """
    Return those of *things* over which *attempt* does not stumble, and the others with what was raised.

    What is in neither was not come to.

    Args:
        attempt: Tries several together, and keeps nothing.
    """
    good: list[T] = []
    wrong: list[tuple[T, Exception]] = []
    parts, tries = [things], 0
    while parts and tries < MOST_TRIES:
        part, tries = parts.pop(), tries + 1
        try:
            attempt(part)
            good += part
        except MISTAKES as error:
            if len(part) == 1:
                wrong.append((part[0], error))
            else:
                parts += [part[len(part) // 2 :], part[: len(part) // 2]]
    return good, wrong


def note(error: Exception, district: str, what: str) -> None:
    """Write down that the program stumbled over something; its words may hold what people wrote."""
    _log.error("left_out", district=district, what=what, kind=type(error).__name__, exc_place=place_of(error))
