"""What the office answers about photos 照片的答复, and what of it may be believed."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from schemas.photos import Completed, Planned, PlanRequest, Wanted, parts_of, read_completed, read_planned
from sync_client.calls import UNREADABLE, Office
from sync_client.errors import GarbledAnswer
from sync_client.photos.queue import Parcel

T = TypeVar("T")

#: What the office says of a file that will not become better.
FINAL = frozenset({"photo_kind_unknown", "photo_damaged", "photo_too_many_pixels", "photo_too_large", "photo_expired"})
#: What a new plan may put right; for some of them the file is read anew first.
PLAN_ANEW = frozenset({"photo_not_planned", "photo_unknown", "photo_not_named", "photo_not_here"})
RECKON_ANEW = frozenset({"photo_part_damaged", "photo_contradicts"})
#: What an office says that takes no photos yet.
NOT_YET = frozenset({"not_found", "method_not_allowed"})

_PLAN = "/v1/photos/plan"
_COMPLETE = "/v1/photos/{sha256}/complete"


def plan_of(office: Office, asked: Sequence[Parcel], token: str) -> list[Planned]:
    """
    Ask what becomes of each of *asked*, and return that in their order.

    Raises:
        GarbledAnswer: It does not fit what was asked.
        Unreachable, Refused: As ``Office.post``.
    """
    request = PlanRequest([parcel.offered() for parcel in asked])
    answers = _read(office.post(_PLAN, request, token), read_planned).photos
    if [answer.sha256 for answer in answers] != [parcel.sha256 for parcel in asked]:
        raise GarbledAnswer("plan")
    if not all(_are_parts(answer.parts, parcel.size) for answer, parcel in zip(answers, asked, strict=True)):
        raise GarbledAnswer("parts")
    return answers


def completion_of(office: Office, parcel: Parcel, token: str) -> Completed:
    """
    Say that every part of a file was sent, and return what the office made of it.

    Raises:
        GarbledAnswer, Unreachable, Refused: As ``plan_of``.
    """
    answer = _read(office.post(_COMPLETE.format(sha256=parcel.sha256), {}, token), read_completed)
    if answer.sha256 != parcel.sha256 or not _are_parts(answer.parts, parcel.size):
        raise GarbledAnswer("complete")
    return answer


def end_of(answer: Planned | Completed, asked_ms: int) -> int | None:
    """Return until when the addresses in an answer hold, by the clock of whoever asked at *asked_ms*."""
    return None if answer.expires_s is None else asked_ms + answer.expires_s * 1000


def _read(body: bytes, read: Callable[[bytes], T]) -> T:
    try:
        return read(body)
    except UNREADABLE as error:
        raise GarbledAnswer(str(error)) from error


def _are_parts(wanted: Iterable[Wanted], size: int) -> bool:
    numbers = [part.n for part in wanted]
    return len(set(numbers)) == len(numbers) and all(n < parts_of(size) for n in numbers)
