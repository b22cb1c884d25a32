"""
Make a copy for publication 打码: an office draws boxes over faces and plates; the original stays as it is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from schemas import wire
from schemas.explain import fault
from schemas.ids import derived_id
from schemas.problems import Refusal
from server.core import photo_access
from server.pictures.redacting import LEAST, MOST_BOXES, SCALE, Box, redacted
from server.storage.depot import Depot, keys
from server.storage.redactions import Redaction
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.usecases.serve_picture import absent, at_the_depot, named, opened
from server.usecases.show_photos import redactions_of, viewable
from server.values import Person

#: What a caller may ask for: so many boxes, each told in parts of so many of the picture's sides.
MAX_BOXES, PARTS = MOST_BOXES, SCALE


class ListedRedaction(Struct, frozen=True):
    """One copy for publication: who drew which boxes ([left, top, width, height], ten-thousandths), and when."""

    id: str
    photo: str
    record: str
    boxes: list[tuple[int, int, int, int]]
    by: str
    by_name: str | None
    at_ms: int
    sha256: str
    size: int


class Redactions(Struct, frozen=True):
    """The copies for publication of one photo, the latest first: that one is published."""

    redactions: list[ListedRedaction]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody who may asks for: which photo of which record, and from which file it is made."""

    record: str
    photo: str
    clerk: Person
    boxes: tuple[Box, ...]
    source: str


def ask_to_redact(
    work: UnitOfWork,
    desk: Desk,
    record: str,
    sha256: str,
    person: str | None,
    boxes: Sequence[Sequence[int]],
    now_ms: int,
) -> Asked:
    """
    Make sure that *person* may redact the photo *sha256* of *record*, and that the boxes lie in the picture.

    Args:
        person: Who does it; None where the device speaks for one person only.
        boxes: Each left, top, width and height, in ten-thousandths of the upright picture.

    Raises:
        Refusal: ``photo_unknown``, ``photo_not_here``, ``photo_expired``, ``invalid_request``, ``not_allowed``,
            ``outside_area``, ``not_admitted_person`` or ``person_stopped``.
    """
    at, files = named(work, desk, record, sha256, now_ms)
    with told_at_once():
        clerk = signer_of(desk, person)
        photo_access.check("redact", clerk, at.grid, now_ms)
    drawn = _checked(boxes)
    source = viewable(files)
    if source is None:
        raise absent(*files)
    return Asked(record, sha256, clerk, drawn, keys.whole(work.district, source.sha256))


def paint(depot: Depot, asked: Asked) -> bytes:
    """
    Return the copy for publication, as JPEG.

    Decodes a picture: the caller sees to it that not too many do.

    Raises:
        Refusal: ``storage_unavailable``.
    """
    with at_the_depot(), opened(depot, asked.source) as source:
        return redacted(source, asked.boxes)


def publish(store: Store, depot: Depot, desk: Desk, asked: Asked, painted: bytes, now_ms: int) -> ListedRedaction:
    """
    Keep the copy *painted*: it is the published one from now on. Asking for the same once more changes nothing.

    Raises:
        Refusal: ``photo_unknown``, ``not_allowed`` or ``outside_area`` where the record has changed meanwhile;
            ``storage_unavailable``.
    """
    sha256 = hashlib.sha256(painted).hexdigest()
    id_ = derived_id("redaction", desk.district, asked.record, asked.photo, asked.clerk.id, sha256, str(now_ms))
    made = Redaction(
        id_, asked.photo, asked.record, wire.encode(asked.boxes).decode(), asked.clerk.id, desk.device, now_ms,
        sha256, len(painted),
    )  # fmt: skip
    kept = retrying(lambda: _keep(store, depot, desk, made, asked.clerk, painted))
    return _listed(kept, {asked.clerk.id: asked.clerk.name})


def list_redactions(work: UnitOfWork, desk: Desk, record: str, sha256: str, now_ms: int) -> Redactions:
    """
    Return the copies for publication of the photo *sha256* of *record*, the latest first.

    Raises:
        Refusal: ``photo_unknown``; ``not_allowed`` or ``outside_area`` where nobody at the desk is of an office.
    """
    at, _ = named(work, desk, record, sha256, now_ms)
    with told_at_once():
        photo_access.check_any("redactions", desk.people.values(), at.grid, now_ms)
    rows = redactions_of(work, at, [sha256]).get(sha256, [])
    names = work.people.names({row.by for row in rows})
    return Redactions([_listed(row, names) for row in rows])


def _keep(store: Store, depot: Depot, desk: Desk, made: Redaction, clerk: Person, painted: bytes) -> Redaction:
    with store.work(desk.district) as work:
        # Painting takes seconds: the record may have been moved, or have let go of the photo.
        at, _ = named(work, desk, made.record, made.photo, made.at_ms)
        with told_at_once():
            photo_access.check("redact", clerk, at.grid, made.at_ms)
        before = redactions_of(work, at, [made.photo]).get(made.photo, [])
        if before and (before[0].sha256, before[0].by, before[0].record) == (made.sha256, made.by, made.record):
            return before[0]
    # Bytes first: a row never names what is not there. What no row names is collected.
    with at_the_depot():
        depot.put(keys.published(desk.district, made.id), painted)
    with store.work(desk.district) as work:
        work.redactions.add(made)
        work.commit()
    return made


def _checked(boxes: Sequence[Sequence[int]]) -> tuple[Box, ...]:
    drawn = tuple(Box(*box) for box in boxes)
    outside = [number for number, box in enumerate(drawn) if not box.fits]
    if outside or not 1 <= len(drawn) <= MOST_BOXES:
        path = f"boxes.{outside[0]}" if outside else "boxes"
        zh = f"1 至 {MOST_BOXES} 个框，每个为 [左, 上, 宽, 高]，以图片宽高的 1/{SCALE} 计，在图内，宽高不小于 {LEAST}"
        en = f"1 to {MOST_BOXES} boxes [left, top, width, height] in 1/{SCALE}, inside the picture, at least {LEAST}"
        raise Refusal("invalid_request", fault("box", zh, en, path))
    return drawn


def _listed(row: Redaction, names: Mapping[str, str]) -> ListedRedaction:
    boxes = wire.decode_json(row.boxes)
    return ListedRedaction(
        row.id, row.photo, row.record, boxes, row.by, names.get(row.by), row.at_ms, row.sha256, row.size
    )
