"""
Take in what the public reports 随手拍: without a login, answered by a code; the reporter stays out of the record.

The photo is judged and laid down first, outside any transaction; the case is then written as imports are, and
gone through for duplicates like any other. A report that broke off leaves a photo nobody names, which the
collection takes away.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import NamedTuple

from schemas import grid, ids
from schemas.cases import PROBLEM_CLASSES
from schemas.directory import area_id
from schemas.explain import fault
from schemas.grid import Level
from schemas.moments import instant
from schemas.pictures import Picture, look
from schemas.problems import Refusal
from schemas.records import Fields
from server.core import machine
from server.core.importing.wanted import Wanted
from server.core.sources import codes
from server.core.sources.masking import without_numbers
from server.storage.photos import Photo, Use
from server.storage.public_reports import PublicReport, Reporter
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.bring_in import bring_in_within
from server.usecases.find_matches import find_matches
from server.usecases.verify_photo import Office, admit, spool

MAX_TEXT, MAX_PLACE, MAX_CONTACT = 120, 120, 60
MAX_PHOTO_BYTES = 10 * 1024 * 1024
#: So many reports a district takes within a day: beyond it somebody is filling its disk.
MOST_A_DAY = 2_000
_DAY_MS = 24 * 3600 * 1000
PUBLIC, PROBLEM, SUGGESTION = "public", "problem", "suggestion"


@dataclass(frozen=True, slots=True)
class Told:
    """
    What somebody reports; every part has the form the endpoint asked for.

    Attributes:
        kind: ``problem`` or ``suggestion``.
        grid: Where, as far as he knows: the street office, or the district.
        place: The same in words.
        position: As a record writes it.
        problem_class: One of ``PROBLEM_CLASSES``.
        contact: How to reach him; kept apart from everything else.
        photo: The picture's bytes.
    """

    kind: str
    grid: str
    text: str
    place: str | None = None
    position: Fields | None = None
    problem_class: str = "other"
    contact: str | None = None
    photo: bytes | None = None


class Received(NamedTuple):
    """The code by which the reporter asks, and the id of what was made of his report."""

    code: str
    id: str


def take_report(office: Office, told: Told) -> Received:
    """
    Take in one report, and return its code, which is told once and kept nowhere.

    Raises:
        Refusal: ``invalid_request``, ``too_many_attempts``, or why the photo is no picture.
        DepotTrouble: Nothing was taken.
    """
    with office.store.work(office.district, writing=False) as work:
        _check(work, told, office.now_ms)
    element = _keep_photo(office, told.photo) if told.photo is not None else None
    code = codes.code_of(secrets.token_bytes(codes.RANDOM_BYTES))
    report = PublicReport(
        ids.uuid7(office.now_ms, secrets.token_bytes(10)), codes.hash_of(office.district, code.replace("-", "")),
        told.kind, told.grid, without_numbers(told.place) if told.place else None,
        without_numbers(told.text) if told.kind == SUGGESTION else "", office.now_ms,
    )  # fmt: skip
    reporter = Reporter(report.id, PUBLIC, told.contact, None, office.now_ms) if told.contact else None
    retrying(lambda: _write(office, told, report, reporter, element))
    if element is not None:
        retrying(lambda: _match(office, str(element["sha256"]), report.id))
    return Received(code, report.id)


def _check(work: UnitOfWork, told: Told, now_ms: int) -> None:
    if work.public_reports.count_since(now_ms - _DAY_MS) >= MOST_A_DAY:
        raise Refusal("too_many_attempts", retry_after_s=3600)
    known = told.grid == work.district or area_id(told.grid) in work.records.get([area_id(told.grid)])
    if not known or not grid.lies_in(told.grid, work.district) or len(told.grid) not in _PLACES:
        raise Refusal("invalid_request", fault("unknown", "没有这个街道", "is no street of ours", "street"))


_PLACES = (Level.DISTRICT, Level.STREET)


def _write(office: Office, told: Told, report: PublicReport, reporter: Reporter | None, photo: Fields | None) -> None:
    with office.store.work(office.district) as work:
        work.public_reports.add(report, reporter)
        if photo is not None:
            work.photos.note_uses([Use(photo["sha256"], report.id, photo["sha256"])], office.now_ms)
        if told.kind == PROBLEM:
            [filed] = bring_in_within(work, [_wanted(told, report, photo)], office.now_ms)
            if filed.errors:
                raise Refusal("invalid_request", filed.errors)
        work.commit()


def _wanted(told: Told, report: PublicReport, photo: Fields | None) -> Wanted:
    fields: Fields = {
        "source": PUBLIC,
        "problem_class": told.problem_class,
        "severity": PROBLEM_CLASSES[told.problem_class].severity,
        # Whoever writes his own number into the sentence does not mean it for every tablet of the street.
        "description": without_numbers(told.text),
        "place_text": without_numbers(told.place) if told.place else None,
        "position": told.position,
        "territorial_unit": told.grid if len(told.grid) == Level.STREET else None,
        "found_at": instant(report.at_ms),
    }
    given = {name: value for name, value in fields.items() if value is not None}
    photos = {"photos": [photo]} if photo is not None else {}
    return Wanted("case", report.id, told.grid, given, sets=photos)


# -- the photo --------------------------------------------------------------------------------------


def _keep_photo(office: Office, picture: bytes) -> Fields:
    """Judge and lay down a picture, and return it as a record names it; what it says of its place stays in it."""
    sha256 = hashlib.sha256(picture).hexdigest()
    said = look(picture)
    with office.store.work(office.district, writing=False) as work:
        row = work.photos.get([sha256]).get(sha256)
    if row is None or row.state != "verified":
        device = machine.machine_device(office.district)
        expected = row or Photo(sha256, sha256, len(picture), "expected", None, device, office.now_ms)
        with spool() as into:
            into.write(picture)
            admit(office, expected._replace(of=sha256), into)
    return _element(sha256, said)


def _element(sha256: str, said: Picture) -> Fields:
    taken = {"taken_at": said.taken_at} if said.taken_at else {}
    return {"sha256": sha256, "role": "before", **taken}


def _match(office: Office, sha256: str, record: str) -> None:
    with office.store.work(office.district) as work:
        row = work.photos.locked([sha256]).get(sha256)
        if row is not None and row.state == "verified":
            find_matches(work, row, [record], office.now_ms)
            work.commit()
