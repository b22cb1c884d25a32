"""
Leaving a tablet 退出与清空: a person's session ends, or the tablet is emptied; never past work that waits.

Two ways lead past it: the work was taken out since (``gridward outbox export``) and the file is still there, or the
office lets it go with a release code. The code is checked here, without a network.
"""

import hashlib
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from schemas import release, wire
from schemas.mutations import decode_mutation
from sync_client.album import Album
from sync_client.carrying import waiting_in
from sync_client.database import SENDING, only_one
from sync_client.desk import Desk
from sync_client.errors import (
    LocalStoreDamaged,
    NobodyWorks,
    NoSuchRecord,
    NotEnrolled,
    StoreError,
    SyncUnderWay,
    WorkWaiting,
    WrongReleaseCode,
)
from sync_client.originals import Originals
from sync_client.photos.errors import SendingUnderWay
from sync_client.rescue import Noted, digest_of, drafts_of, noted_in
from sync_client.status import is_doubtful

LOGOUT, RESET = "logout", "reset"
_TRIES = 5
#: How long a wrong code makes whoever types it wait, 2 s, so that nobody types lists of them.
_PAUSE_S = 2.0
#: The note of an emptying that is not over, and what it says is still to be done.
_EMPTIED, _TO_PUT_ASIDE, _TO_REMOVE = "emptied", "put aside", "remove"
_OPEN = "SELECT n FROM journal WHERE outcome IS NULL"
_JOURNAL = f"{_OPEN} OR (again IS NULL AND device IS NULL)"
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
_NEW = """UPDATE device SET (install, device, token, district, epoch, person, role, last_n)
    = (?, NULL, NULL, NULL, NULL, NULL, NULL, 0)"""


@dataclass(frozen=True, slots=True)
class Left:
    """What lies on this tablet alone: numbers of mutations, photo files, the drafts as they are, packages carried."""

    numbers: frozenset[int]
    photos: frozenset[str]
    drafts: str
    draft_count: int
    carried: int

    def __bool__(self) -> bool:
        return bool(self.numbers or self.photos or self.draft_count or self.carried)

    def covered_by(self, noted: Noted) -> bool:
        """Say whether all of it was taken out; what is carried for others never is."""
        taken = self.numbers <= set(noted.numbers) and self.photos <= set(noted.photos)
        return taken and not self.carried and (not self.draft_count or self.drafts == noted.drafts)

    def told(self) -> str:
        """Return it in a few words of both languages."""
        counted = (
            (len(self.numbers), "条修改", "mutations"),
            (len(self.photos), "个照片文件", "photo files"),
            (self.draft_count, "份草稿", "drafts"),
            (self.carried, "个捎带的救援包", "packages carried"),
        )
        return "，".join(f"{count} {zh} {en}" for count, zh, en in counted if count)


class _Asked(msgspec.Struct):
    """A challenge that is open, and how often its code was wrong."""

    challenge: str
    wrong: int = 0


class Leaving:
    """
    Ends sessions, and empties the tablet.

    Args:
        desk: The tablet's file.
        originals: Where photos lie.
        beside: The folders beside the file that go with it (originals, snapshots under way).
        randomness: Returns so many random bytes.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        desk: Desk,
        originals: Originals,
        beside: tuple[Path, ...],
        randomness: Callable[[int], bytes],
        sleep: Callable[[float], None],
    ) -> None:
        self._desk = desk
        self._originals = originals
        self._beside = beside
        self._randomness = randomness
        self._sleep = sleep

    def finish(self) -> None:
        """End an emptying that was cut short, before anything new is kept."""
        try:
            unfinished = self._desk.db.note(_EMPTIED) is not None
        except LocalStoreDamaged:
            return  # whoever asks the file for something hears of it
        if unfinished:
            self._sweep()

    # -- the two verbs ---------------------------------------------------------------------------

    def logout(self, person: str | None, *, forget: bool, code: str | None, exported: Path | None) -> str:
        """End the session of *person*, or of whoever works; return who it was. See ``FieldClient.logout``."""
        who = person or self._desk.head().person
        if who is None:
            raise NobodyWorks
        if self._desk.db.one("SELECT 1 FROM person WHERE id = ?", (who,)) is None:
            raise NoSuchRecord(who)
        released = code is not None and self._redeem(LOGOUT, code)
        with self._desk.writing() as head:
            self._permit(self._left_by(who), exported, released=released)
            if head.person == who:
                head.person = head.role = None
            if forget:
                self._desk.db.run("DELETE FROM person WHERE id = ?", (who,))
            self._forget_challenge(LOGOUT)
        return who

    def reset(self, *, code: str | None, exported: Path | None) -> None:
        """
        Empty the tablet; see ``FieldClient.reset``.

        In one transaction of the file itself: a file moved from under another program would take that program's
        next records with it. The folders beside it follow, also after a crash, see ``finish``.
        """
        with only_one(self._desk.db.path) as free, only_one(self._desk.db.path, SENDING) as idle:
            if not free or not idle:
                raise SyncUnderWay if not free else SendingUnderWay
            released = code is not None and self._redeem(RESET, code)
            with self._desk.db.writing():
                self._permit(self.left(), exported, released=released)
                self._empty()
            self._sweep()

    def left(self) -> Left:
        """
        Return what lies on this tablet alone.

        An office that does not know the tablet may have been put back to a day before it: then all of the journal
        counts, until a sync has offered it.
        """
        db, drafts = self._desk.db, drafts_of(self._desk)
        doubtful = is_doubtful(db)
        numbers = db.all(_JOURNAL if doubtful else _OPEN)
        return Left(
            frozenset(n for (n,) in numbers),
            frozenset(filter(self._lies_here, Album(self._desk).here_alone(doubtful=doubtful))),
            hashlib.sha256(drafts).hexdigest(),
            int(db.one("SELECT count(*) FROM draft")[0]),
            waiting_in(self._desk),
        )

    def _left_by(self, person: str) -> Left:
        """Return what of *person*'s waits; drafts and photos stay on the tablet when somebody leaves it."""
        rows = self._desk.db.all("SELECT n, payload FROM journal WHERE outcome IS NULL")
        numbers = frozenset(n for n, payload in rows if decode_mutation(payload).by == person)
        return Left(numbers, frozenset(), "", 0, 0)

    def _lies_here(self, sha256: str) -> bool:
        # An original that is gone already cannot be lost once more, nor ever be exported.
        return self._originals.place_of(sha256).is_file()

    def _permit(self, left: Left, exported: Path | None, *, released: bool) -> None:
        if not left or released:
            return
        noted = noted_in(self._desk)
        if noted is None or not left.covered_by(noted):
            raise WorkWaiting(left.told())
        file = exported or Path(noted.path)
        if not _is(file, noted.sha256):
            raise WorkWaiting(f"{left.told()}；导出的文件不在或已变 the exported file is not at {file}: --exported")

    def _empty(self) -> None:
        for (table,) in self._desk.db.all(_TABLES):
            if table != "device":
                self._desk.db.run(f'DELETE FROM "{table}"')  # noqa: S608  # a table of ours
        self._desk.db.run(_NEW, (self._randomness(6).hex(),))
        self._desk.db.put_note(_EMPTIED, _TO_PUT_ASIDE)

    def _sweep(self) -> None:
        """
        Put the folders beside the file aside, then remove them, and give the room in the file back.

        Aside first: what cannot be removed today must not take tomorrow's photos with it.
        """
        if self._desk.db.note(_EMPTIED) == _TO_PUT_ASIDE:
            for folder in self._beside:
                _put_aside(folder, self._desk.now_ms())
            self._desk.db.put_note(_EMPTIED, _TO_REMOVE)
        with suppress(OSError, StoreError):
            for folder in self._beside:
                for aside in _put_aside_before(folder):
                    shutil.rmtree(aside)
            self._desk.db.run("VACUUM")
            self._desk.db.run("DELETE FROM note WHERE key = ?", (_EMPTIED,))

    # -- release codes ---------------------------------------------------------------------------

    def challenge(self, what: str) -> str:
        """Return the open challenge for *what*, a new one where there is none; see ``FieldClient.challenge``."""
        with self._desk.db.writing():
            head = self._desk.head()
            if head.device is None or head.token is None:
                raise NotEnrolled
            asked = self._asked(what)
            if asked is None or asked.wrong >= _TRIES:
                number = int.from_bytes(self._randomness(4), "big")
                asked = _Asked(release.challenge_of(number, head.device, what))
                self._put_asked(what, asked)
        return asked.challenge

    def _redeem(self, what: str, typed: str) -> bool:
        """
        Return True where *typed* is the code for the open challenge.

        Raises:
            WrongReleaseCode: It is not. That is counted first, so that ending the program does not undo it.
        """
        with self._desk.db.writing():
            head, asked = self._desk.head(), self._asked(what)
            if asked is None or asked.wrong >= _TRIES or head.device is None or head.token is None:
                raise WrongReleaseCode
            key = hashlib.sha256(head.token.encode()).digest()
            right = release.fits(typed, release.code_of(key, head.device, asked.challenge, what))
            if not right:
                asked.wrong += 1
                self._put_asked(what, asked)
        if not right:
            self._sleep(_PAUSE_S)
            raise WrongReleaseCode(f"{asked.wrong}/{_TRIES}")
        return True

    def _asked(self, what: str) -> _Asked | None:
        found = self._desk.db.note(_key(what))
        return msgspec.json.decode(found, type=_Asked) if found else None

    def _put_asked(self, what: str, asked: _Asked) -> None:
        self._desk.db.put_note(_key(what), wire.encode(asked).decode())

    def _forget_challenge(self, what: str) -> None:
        self._desk.db.run("DELETE FROM note WHERE key = ?", (_key(what),))


def _key(what: str) -> str:
    return f"challenge {what}"


def _put_aside(folder: Path, now_ms: int) -> None:
    try:
        folder.rename(folder.with_name(f"{folder.name}-emptied-{now_ms}"))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(str(error)) from error


def _put_aside_before(folder: Path) -> list[Path]:
    begins = f"{folder.name}-emptied-"
    return [place for place in folder.parent.iterdir() if place.name.startswith(begins)]


def _is(file: Path, sha256: str) -> bool:
    try:
        return digest_of(file) == sha256
    except OSError:
        return False
