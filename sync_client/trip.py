"""One request and its answer 一次请求与应答, and what may be believed of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas import wire
from schemas.clock import Clock, Stamp
from schemas.mutations import decode_mutation
from schemas.wire import ServerInfo, SyncRequest, SyncResponse
from sync_client.calls import UNREADABLE
from sync_client.errors import GarbledAnswer
from sync_client.journal import Waiting


@dataclass(slots=True)
class Trip:
    """One request and its answer; ``reads`` where it asks for pages too."""

    sent: list[Waiting]
    more_waiting: bool
    reads: bool
    request: SyncRequest
    token: str
    clock: Clock
    asked_ms: int = 0
    offset_ms: int = 0
    answer: SyncResponse = field(default_factory=lambda: SyncResponse(ServerInfo("", 0)))


def clock_of(sent: Sequence[Waiting], clock: Clock) -> Clock:
    """
    Return the clock that stamped *sent*, or the present one where nothing is sent.

    The server corrects stamps by comparing the time it is told with its own, so it has to be told by the
    very clock that made them.
    """
    if not sent:
        return clock
    at = decode_mutation(sent[-1].payload).at
    return Clock(clock.device, Stamp(*at), sent[-1].offset_ms)


def answer_in(body: bytes, trip: Trip) -> SyncResponse:
    """
    Return the answer that *body* holds.

    Raises:
        GarbledAnswer: It is not one, speaks of more mutations than were sent, gives a run numbers that do not
            count up, or took one without saying as which version.
    """
    try:
        str(body, "utf-8")  # the decoder passes over damage in what it does not look at
        answer = wire.decode_response(body)
    except UNREADABLE as error:
        raise GarbledAnswer(str(error)) from error
    told = answer.outcomes
    nameless = any(outcome.outcome == "applied" and not outcome.version for outcome in told)
    if nameless or not wire.is_told(told, len(trip.sent)):
        raise GarbledAnswer("outcomes")
    return answer
