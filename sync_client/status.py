"""Where the tablet stands 本机状态: for a screen, and in short for the office's device ledger."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.wire import MAX_SHARING, Report, Waits
from sync_client.album import Album
from sync_client.carrying import waiting_in
from sync_client.database import Database
from sync_client.desk import Desk
from sync_client.hearing import Hearing
from sync_client.journal import Journal
from sync_client.local_store import LocalStore
from sync_client.photos.room import room_of
from sync_client.values import Person, Status

#: Free space is told in steps, so that an idle tablet has nothing new to say: 256 MB.
_SPACE_STEP_MB = 256
#: Its clock's error too, a minute each: measured through a slow line, it is never twice the same.
_CLOCK_STEP_MS = 60_000
#: The note of why the office may lack what it had acknowledged, and of the last sync before that.
_DOUBT, _FORGOTTEN, _ENROLLED = "doubt", "forgotten", "enrolled"


def status_of(desk: Desk, journal: Journal, store: LocalStore, hearing: Hearing, person: Person | None) -> Status:
    """Return where the tablet stands now."""
    with desk.db.lock:
        head, counts = desk.head(), journal.counts()
        heard, photos = hearing.told(person.id if person else None), Album(desk).counts()
        problem = desk.db.note("problem")
        told: dict[str, Any] | None = msgspec.json.decode(problem) if problem else None
        last_sync = desk.db.note("last_sync_ms")
        return Status(
            enrolled=head.token is not None,
            device=head.device,
            district=head.district,
            person=person,
            records=store.count(),
            waiting=counts["waiting"],
            held=counts["held"],
            attention=counts["attention"],
            conflicts=sum(one.open for one in heard),
            told=len(heard),
            photos_waiting=photos.photos,
            oldest_waiting_ms=journal.oldest_waiting_ms(),
            last_sync_ms=int(last_sync) if last_sync else None,
            next_sync_after_s=int(desk.db.note("next_sync_after_s") or 0),
            last_problem=told,
            clock_offset_ms=head.clock.offset_ms,
            drafts=desk.db.one("SELECT count(*) FROM draft")[0],
            carried=waiting_in(desk),
            forgotten=_doubt(desk.db) == _FORGOTTEN,
            photo_bytes_waiting=photos.bytes,
            photo_files=photos.states,
            photos_refused=photos.refused,
            photos_lost=photos.lost,
            room=room_of(desk),
        )


def report_of(desk: Desk, journal: Journal, app: str | None, free_bytes: int) -> Report:
    """Return what the device says of itself to the office; by person as well where several use it."""
    with desk.db.lock:
        album = Album(desk)
        return Report(
            waiting=journal.counts()["waiting"],
            photos_waiting=album.counts().photos,
            oldest_waiting_at=_older(journal.oldest_waiting_ms(), album.oldest_waiting_ms()),
            app=app,
            free_mb=free_bytes // (_SPACE_STEP_MB * 1_000_000) * _SPACE_STEP_MB,
            clock_offset_s=round(desk.head().clock.offset_ms / _CLOCK_STEP_MS) * (_CLOCK_STEP_MS // 1000),
            by=_by_person(desk.db, journal, album),
        )


def _by_person(db: Database, journal: Journal, album: Album) -> dict[str, Waits]:
    """Return whose work waits, of the people admitted here; nothing where there is one alone."""
    people = [person for (person,) in db.all("SELECT id FROM person ORDER BY id LIMIT ?", (MAX_SHARING,))]
    if len(people) < 2:
        return {}
    records, photos = journal.waiting_by_person(), album.waiting_by_person()
    none = (0, None)
    waits: dict[str, Waits] = {}
    for person in people:
        (signed, first), (taken, oldest) = records.get(person, none), photos.get(person, none)
        if signed or taken:
            waits[person] = Waits(signed, taken, _older(first, oldest))
    return waits


def _older(*moments: int | None) -> str | None:
    known = [ms for ms in moments if ms is not None]
    return _moment(min(known)) if known else None


def note_refusal(db: Database) -> None:
    """Note that the office does not know this tablet."""
    _note_doubt(db, _FORGOTTEN)


def note_enrolment(db: Database) -> None:
    """Note that the tablet was given a token; what was wrong with the old one is over."""
    _note_doubt(db, _ENROLLED)
    db.put_note("problem", "")


def is_doubtful(db: Database) -> bool:
    """Say whether the office did not know this tablet, or was just told of it, and no sync went through since."""
    return _doubt(db) is not None


def _note_doubt(db: Database, why: str) -> None:
    db.put_note(_DOUBT, f"{why} {db.note('last_sync_ms') or ''}")


def _doubt(db: Database) -> str | None:
    why, _, synced = (db.note(_DOUBT) or " never").partition(" ")
    return why if synced == (db.note("last_sync_ms") or "") else None


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).isoformat()
