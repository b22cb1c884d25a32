"""
List who saw originals whole 原图查看记录: the latest first, page by page, for the offices that answer for the place.
"""

from dataclasses import dataclass

from msgspec import Struct

from schemas import grid
from server.core import photo_access
from server.storage.redactions import PhotoView, Wanted
from server.storage.unit_of_work import UnitOfWork
from server.usecases import pages
from server.usecases.at_the_desk import Desk, told_at_once

MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Sought:
    """
    Which views are looked for; None: any.

    Attributes:
        after: What the page before gave; opaque.
    """

    record: str | None = None
    photo: str | None = None
    person: str | None = None
    limit: int = 50
    after: str | None = None


class ListedView(Struct, frozen=True):
    """That somebody saw an original whole: who, on which device, when, and why in his words."""

    photo: str
    record: str
    person: str | None
    person_name: str | None
    device: str
    device_name: str | None
    at_ms: int
    why: str | None


class ViewPage(Struct, frozen=True):
    """One page of the list; ``after`` asks for the next one, null where there is none."""

    views: list[ListedView]
    after: str | None


def list_views(work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int) -> ViewPage:
    """
    Return who saw originals of records that lie in the areas of the offices at *desk*.

    Args:
        work: For reading; needs no transaction.

    Raises:
        Refusal: ``not_allowed`` where nobody at the desk is of an office; ``invalid_request`` for an ``after``
            that is none of ours.
    """
    areas = {area for one in desk.people.values() for area in photo_access.areas_of(one, now_ms)}
    if not areas:
        with told_at_once():
            raise photo_access.refusal("views")
    wanted = Wanted(
        areas=grid.outermost(frozenset(areas)),
        record=sought.record,
        photo=sought.photo,
        person=sought.person,
        after=pages.place(sought.after),
        limit=sought.limit + 1,
    )
    rows = work.redactions.views(wanted)
    page = rows[: sought.limit]
    after = pages.written(page[-1].at_ms, page[-1].id) if len(rows) > sought.limit else None
    names = work.people.names({row.person for row in page if row.person})
    devices = {device: work.enrolment.named(device) for device in {row.device for row in page}}
    return ViewPage([_listed(row, names, devices) for row in page], after)


def _listed(row: PhotoView, names: dict[str, str], devices: dict[str, str | None]) -> ListedView:
    name = names.get(row.person) if row.person else None
    return ListedView(row.photo, row.record, row.person, name, row.device, devices[row.device], row.at_ms, row.why)
