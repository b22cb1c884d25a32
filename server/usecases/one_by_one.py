"""
Keep a mistake of this program to the one change that brings it out 逐条隔离.

What a tablet sends comes again until it is answered. A change over which the program stumbles would otherwise
hold up everything that is sent beside it, for ever.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import structlog

from schemas.problems import Refusal
from server.storage.unit_of_work import OurMistake

#: What is raised where the program is wrong, or met what nobody had thought of: not the database, not the disk.
MISTAKES = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    *(msgspec.MsgspecError, *OurMistake),
)

T = TypeVar("T")
A = TypeVar("A")
_log = structlog.get_logger()


def one_by_one(
    units: Sequence[T], take: Callable[[T], A], refuse: Callable[[T, Refusal], A], failed: Exception
) -> list[A]:
    """
    Take *units*, which failed together, each by itself, and refuse those over which the program stumbles again.

    Where it stumbles over all of them, nothing says that they are to blame: then nothing is refused, and they
    come again once the program is mended.

    Args:
        take, refuse: Take one in, or keep it with the refusal ``office_fault``; each is a transaction of its own.
        failed: What was raised over all of them.

    Raises:
        Exception: *failed*; nothing was taken or refused.
    """
    answers: list[A] = []
    stumbled: list[tuple[T, Exception]] = []
    for unit in units:
        try:
            answers.append(take(unit))
        except MISTAKES as error:
            stumbled.append((unit, error))
    if not answers:
        raise failed
    return answers + [refuse(unit, _told(error)) for unit, error in stumbled]


def _told(error: Exception) -> Refusal:
    incident = secrets.token_hex(4)
    # Its text may hold what a worker wrote; its kind does not.
    _log.error("office_fault", incident=incident, kind=type(error).__name__, exc_place=place_of(error))
    return Refusal("office_fault", incident=incident)


def place_of(error: BaseException) -> str:
    """Return where in the program *error* came up: function and line."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place, trace = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}", trace.tb_next
    return place
