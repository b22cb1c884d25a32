"""What the office answers about photos 照片的答复, and what of it may be believed."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from schemas.photos import Completed, Planned, PlanRequest, Wanted, parts_of, read_completed, read_planned
from sync_client.calls import UNREADABLE, Office
from sync_client.errors import GarbledAnswer
from sync_client.photos.queue import Parcel

T = TypeVar("T")

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


def _read(body: bytes, read: Callable[[bytes], T]) -> T:
    try:
        return read(body)
    except UNREADABLE as error:
        raise GarbledAnswer(str(error)) from error


def _are_parts(wanted: Iterable[Wanted], size: int) -> bool:
    numbers = [part.n for part in wanted]
    return len(set(numbers)) == len(numbers) and all(n < parts_of(size) for n in numbers)
