"""
Showing a photo with its watermark 水印照: drawn anew whenever somebody asks, beside the photos, and never sent.
"""

from pathlib import Path
from typing import Any

from schemas.directory import area_id
from schemas.mutations import decode_mutation
from schemas.problems import Refusal
from schemas.registry import TYPES
from sync_client.database import Database
from sync_client.errors import StoreError, StoreFull
from sync_client.names import Names, Tablet
from sync_client.originals import NO_SPACE, Originals
from sync_client.photos.errors import PhotoAway
from sync_client.pictures.captions import Known, caption
from sync_client.pictures.watermark import watermarked
from sync_client.values import Record

#: The folder for drawn pictures, in that of the photos; whatever lies there may be deleted at any time.
SHOWN = "shown"
_WRITTEN = "SELECT payload FROM journal WHERE record_id = ? AND instr(payload, ?) ORDER BY n"


def show(record: Record, sha256: str, tablet: Tablet, originals: Originals, database: Database) -> Path:
    """
    Draw the photo *sha256* of *record* with its watermark; return where it lies now.

    Args:
        record: As it is now.
        sha256: Of the photo's original.
        tablet: Knows names.
        originals: Where photos and their copies lie.
        database: The tablet's file.

    Raises:
        Refusal: ``photo_not_named``: the record has no such photo.
        PhotoAway: Neither the copy nor the original is on this tablet.
        StoreFull, StoreError: It cannot be written.
    """
    photo = next((photo for photo in record.get("photos") or () if photo["sha256"] == sha256), None)
    if photo is None:
        raise Refusal("photo_not_named")
    source = _file_of(photo, originals)
    marked = watermarked(source, caption(record, photo, _known(record, photo, Names(tablet), tablet, database)))
    place = originals.folder / SHOWN / f"{record.id}-{sha256[:16]}.jpg"
    try:
        _write(place, marked.jpeg)
    except OSError as error:
        raise (StoreFull if error.errno == NO_SPACE else StoreError)(str(error)) from error
    return place


def _file_of(photo: dict[str, Any], originals: Originals) -> bytes:
    for sha256 in (photo.get("copy"), photo["sha256"]):
        place = originals.place_of(sha256) if sha256 else None
        if place and place.is_file():
            return place.read_bytes()
    raise PhotoAway(photo["sha256"])


def _write(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_suffix(".part")
    try:
        beside.write_bytes(data)
        beside.replace(place)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


# -- names ---------------------------------------------------------------------------------------


def _known(record: Record, photo: dict[str, Any], names: Names, tablet: Tablet, database: Database) -> Known:
    worker = _author(record, photo["sha256"], database)
    return Known(
        subject=_subject(record, names, tablet),
        worker=(names.known(worker) or "") if worker else "",
        area=lambda code: names.known(area_id(code)),
    )


def _author(record: Record, sha256: str, database: Database) -> str | None:
    """Return who attached the photo; a check's inspector where that was on another tablet, or long ago."""
    for (payload,) in database.all(_WRITTEN, (record.id, sha256.encode())):
        written = decode_mutation(payload)
        if any(photo["sha256"] == sha256 for photo in written.add.get("photos") or ()):
            return written.by
    inspector = record.get("inspector_id")
    return str(inspector) if inspector else None


def _subject(record: Record, names: Names, tablet: Tablet) -> str:
    """Return what the record is about and the road it stands on, as far as either is known."""
    about = _id_of_subject(record)
    known = names.known(about) if about else None
    if record.get("name"):
        told = (record["name"], known)
    else:
        drafted = (record.get("target_draft") or {}).get("name")
        road = _id_of_subject(tablet.read(about)) if about and known else None
        told = (known or drafted or record.get("place_text"), names.known(road) if road else None)
    return "，".join(str(part) for part in told if part)


def _id_of_subject(record: Record) -> str | None:
    known = TYPES.get(record.type)
    about = record.get(known.schema.subject_field) if known and known.schema.subject_field else None
    return str(about) if about else None
