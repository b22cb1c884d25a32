"""
Queue a text for channels 外发入队: once for each, however often it is asked for.
"""

from collections.abc import Iterable, Sequence

import structlog

from schemas.ids import derived_id
from server.core.channels import Channel, read_channel
from server.core.reminding.pushing import Push, channels_for, group_text, pushes
from server.core.sources.masking import without_numbers
from server.storage.deliveries import Delivery
from server.storage.unit_of_work import UnitOfWork

_log = structlog.get_logger()


def channels_of(work: UnitOfWork) -> list[Channel]:
    """Return the open channels of the district, by name."""
    said = sorted(work.channels.standing().items())
    return [found for name, word in said if (found := read_channel(name, word)) is not None]


def push_text(work: UnitOfWork, area: str, what: str, title: str, body: str, about: str, now_ms: int) -> int:
    """
    Queue a text for every group that is told of *what* in *area*; return how many groups there are.

    The text holds no personal data; where something of the kind is found in it, nothing goes out, and the log of
    deliveries says why. Asked again with the same *about*, it changes nothing.

    Args:
        what: ``digest``, or a reminder's code.
        about: What it tells of, at most 60 signs: the id of a report, a code and its period.
    """
    found = channels_for(channels_of(work), [what], area, None)
    _queue(work, pushes(found, title, body), about, now_ms, critical=False)
    return len(found)


def push_matters(
    work: UnitOfWork, area: str, code: str, titles: tuple[str, str], numbers: Sequence[str], count: int, about: str,
    now_ms: int,
) -> int:  # fmt: skip
    """
    Tell the groups of *area* how many matters there are under *code*, and the numbers cases are known by.

    Args:
        titles: What the reminder is called, Chinese and English.
        numbers: Numbers of the cases among them, none that is sealed.
    """
    told = group_text(*titles, numbers, count)
    return push_text(work, area, code, told.title, told.body, about, now_ms)


def push_to_person(
    work: UnitOfWork, person: str, area: str, codes: Iterable[str], title: str, body: str, about: str, now_ms: int,
    *, critical: bool = False,
) -> int:  # fmt: skip
    """
    Queue a text for *person*'s own channels; return how many he has for this.

    Telephone numbers are masked here too.

    Args:
        area: Where what is told of lies.
        codes: What it tells of: a channel for one of them is told all of it.
        about: The notice's id.
    """
    found = channels_for(channels_of(work), codes, area, person)
    made = pushes(found, without_numbers(title), without_numbers(body))
    _queue(work, made, about, now_ms, critical=critical)
    return len(found)


def _queue(work: UnitOfWork, made: Sequence[Push], about: str, now_ms: int, *, critical: bool) -> None:
    for push in made:
        if push.problem is not None:
            _log.warning("push_dropped", district=work.district, channel=push.channel.name, problem=push.problem)
    work.deliveries.put([_delivery(work.district, push, about, now_ms, critical=critical) for push in made])


def _delivery(district: str, push: Push, about: str, now_ms: int, *, critical: bool) -> Delivery:
    channel, n, message, problem = push
    queued = Delivery(
        id=derived_id("delivery", district, about, channel.name, str(n)), channel=channel.name, person=channel.person,
        about=about, critical=critical, title=message.title, body=message.body, made_ms=now_ms,
        # One after the other: pieces arrive in their order.
        next_ms=now_ms + n,
    )  # fmt: skip
    if problem is None:
        return queued
    return queued._replace(state="dropped", next_ms=None, ended_ms=now_ms, problem=problem)
