"""
FieldClient 平板客户端: seven verbs, two of which need a network.

    tablet = FieldClient("tablet.db", transport=HTTPTransport("https://haizhou.example"))
    tablet.enrol("Q7KD-2M", device_name="平板 3")
    shop = tablet.create("shop", grid="210902005003007", name="老王修车", category="repair")
    tablet.edit(shop, name="王记修车行")      # on disk before it returns
    tablet.attach(shop, Path("near.jpg"))     # hashed now; travels after the record
    tablet.read(shop)                         # what the worker wrote, over what the office knows
    tablet.sync()                             # records: the only verb, beside enrol, that needs a network
    tablet.send_photos(network="wifi")        # photos, as far as the policy lets them go
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from schemas.mutations import Act, Settles
from schemas.registry import TYPES
from schemas.roles import Role
from schemas.wire import MAX_PAGE_RECORDS
from sync_client.asking import Asking
from sync_client.calls import Office
from sync_client.casework import NextAct, next_acts
from sync_client.database import Database
from sync_client.desk import Desk
from sync_client.drafts import Drafts
from sync_client.driver import PLAIN, Driver
from sync_client.evidence import Darkroom, Evidence
from sync_client.handover import Handover
from sync_client.hearing import Hearing
from sync_client.holding import Holding
from sync_client.journal import Journal
from sync_client.local_store import LocalStore
from sync_client.meeting import Meeting
from sync_client.office_day.kept_lists import KeptLists
from sync_client.people import People
from sync_client.recording import Change, Recorder
from sync_client.retry import Patience
from sync_client.tellings import Tellings
from sync_client.times import wall_ms
from sync_client.transport import Transport
from sync_client.values import Person, Progress, Record, SyncReport, Verified


class FieldClient(Handover, Evidence, Holding):
    """
    One tablet, for several threads; several programs may open one file.

    Args:
        path: The tablet's file; it is made where there is none. Photos go into a folder beside it.
        transport: The way to the server; without one everything works but ``enrol``, ``sync`` and ``send_photos``.
        clock: Returns milliseconds since 1970-01-01 UTC; it may be wrong and may jump.
        randomness: Returns so many random bytes.
        sleep: Waits so many seconds between two attempts of a sync.
        patience: How long one sync keeps trying.
        page_records: How many records to ask for at once.
        app: What this program calls itself, for the device ledger.
        driver: What opens the file; plain SQLite, or one that seals it (``sync_client.sealing``).

    Raises:
        LocalStoreDamaged, StoreTooNew, StoreLocked, StoreSealed: The file is never deleted or replaced.
    """

    def __init__(
        self,
        path: str | Path,
        transport: Transport | None = None,
        *,
        clock: Callable[[], int] = wall_ms,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience = Patience(),  # noqa: B008  # frozen
        page_records: int = MAX_PAGE_RECORDS,
        app: str | None = None,
        driver: Driver = PLAIN,
    ) -> None:
        self.path = Path(path)
        self.types = TYPES
        #: The tablet's file, to look at; on a full disk no other program, nor a second opening, gets at it.
        self.database = self._db = Database(self.path, driver)
        self._desk = Desk(self._db, clock)
        self._journal = Journal(self._db)
        self._store = LocalStore(self._db)
        self._hearing = Hearing(self._journal, tellings := Tellings(self._db))
        self._people = People(self._desk, randomness)
        self._drafts = Drafts(self._desk)
        self._recorder = Recorder(self._desk, self._journal, self._store, randomness)
        # Photos travel beside a sync: each counts its own traffic.
        office, depot = (Office(transport, randomness) for _ in range(2))
        self._darkroom = Darkroom(self._desk, self._recorder, depot, patience, sleep, randomness)
        dice = lambda: int.from_bytes(randomness(4), "big") / (1 << 32)  # noqa: E731
        #: Lists of the office's that are no records, as they were heard last 平台清单.
        self.office_lists = KeptLists(self._desk, office, Asking(patience, sleep, dice))
        self._ready_to_hand_over(self._desk, office, self._darkroom.originals, randomness, sleep, app)
        self._meeting = Meeting(
            desk=self._desk,
            journal=self._journal,
            store=self._store,
            tellings=tellings,
            people=self._people,
            office=office,
            carrier=self._carrier,
            patience=patience,
            page_records=page_records,
            sleep=sleep,
            randomness=randomness,
            app=app,
        )

    def close(self) -> None:
        """Close the file; everything recorded is in it."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- people ----------------------------------------------------------------------------------

    def enrol(self, code: str, device_name: str) -> list[Person]:
        """
        Enrol this tablet with a one-time code 登记, or admit a further person to it.

        A tablet that was revoked is let in again as the device it was, with everybody admitted to it. One that the
        office has forgotten becomes another device of the office's, and whoever else works on it needs a code of his
        own again. Either keeps everything it holds.

        Returns:
            Everybody admitted now. The first person ever admitted works at once.

        Raises:
            Refused: The code is wrong, used or too old.
            Unreachable: No answer came. The code may have been used up; then ask for a new one.
        """
        return self._meeting.enrol(code, device_name)

    def switch_person(self, person_id: str, pin: str | None = None, role: str | None = None) -> Person:
        """
        Let another person work 切换人员; what anybody has not sent yet stays.

        Args:
            person_id: Who.
            pin: His PIN, if he has set one.
            role: Under which of his roles he acts, where he has several.

        Raises:
            NoSuchRecord: He is not admitted to this tablet.
            WrongPin: The PIN is wrong.
        """
        return self._people.switch(person_id, pin, Role(role) if role else None)

    def set_pin(self, person_id: str, pin: str | None, present: str | None = None) -> None:
        """
        Set, change, or with None take away a person's PIN on this tablet; *present* is the one until now.

        Raises:
            NoSuchRecord, WrongPin: As ``switch_person``.
        """
        self._people.set_pin(person_id, pin, present)

    # -- recording -------------------------------------------------------------------------------

    def create(
        self,
        type: str,  # noqa: A002  # the record's own word
        *,
        grid: str,
        set: Mapping[str, Any] | None = None,  # noqa: A002  # the mutation's own word
        add: Mapping[str, Sequence[Any]] | None = None,
        share: Mapping[str, float] | None = None,
        id: str | None = None,  # noqa: A002
        **fields: Any,
    ) -> Record:
        """
        Make a record 新建. When this returns it survives whatever happens next.

        Args:
            type: The record type's word.
            grid: Where it belongs, a code of 6 to 15 digits.
            set, fields: Whole values, ``name="老王修车"``; *set* takes names that are no identifiers.
            add: Elements of sets and entries of signed lists, ``{"photos": [...], "remark": ["…"]}``.
            share: This tablet's share of shared numbers.
            id: An id that follows from something else; usually left out and made here.

        Raises:
            schemas.problems.Refusal: Something is not as it should be; nothing was written.
            NotEnrolled: Nobody works on this tablet yet.
            StoreFull, StoreError: It could not be kept; nothing was written.
        """
        change = Change({**(set or {}), **fields}, add or {}, {}, share or {})
        return self._recorder.create(type, grid, change, id)

    def edit(
        self,
        record: Record | str,
        *,
        set: Mapping[str, Any] | None = None,  # noqa: A002
        add: Mapping[str, Sequence[Any]] | None = None,
        remove: Mapping[str, Sequence[str]] | None = None,
        share: Mapping[str, float] | None = None,
        **fields: Any,
    ) -> Record:
        """
        Change a record 修改; None clears an optional field. An edit of nothing writes nothing.

        Given a ``Record``, the office is told that its version is what the person was looking at;
        given an id, that it is what the tablet holds now.

        Raises:
            NoSuchRecord: The tablet does not hold it.
            schemas.problems.Refusal, NotEnrolled, StoreError: As ``create``.
        """
        change = Change({**(set or {}), **fields}, add or {}, remove or {}, share or {})
        return self._recorder.edit(record, change) if change else self.read(record)

    def act(
        self,
        record: Record | str,
        name: str,
        reason: str | None = None,
        evidence: Sequence[str] = (),
        *,
        into: str | None = None,
        **details: Any,
    ) -> Record:
        """
        Ask for a step of a record's workflow 操作; the office's state decides whether it holds.

        Args:
            record: Which.
            name: The act.
            reason: Why, where the act asks for it.
            evidence: The SHA-256 of photos attached to the record.
            into: The id of the record it leads to (并案: the main case).
            details: What else the act asks for, by the names of ``schemas.workflow`` (``lead``, ``measure``).

        Raises:
            NoSuchRecord, schemas.problems.Refusal, NotEnrolled, StoreError: As ``edit``.
        """
        return self._recorder.act(record, Act(name, list(evidence), reason, into, details))

    def settle(
        self,
        record: Record | str,
        settles: Settles,
        *,
        set: Mapping[str, Any] | None = None,  # noqa: A002  # the mutation's own word
        add: Mapping[str, Sequence[Any]] | None = None,
        act: Act | None = None,
    ) -> Record:
        """
        Settle a dispute 裁定, or say that it was seen, by an ordinary change; the office has the last word.

        Args:
            record: Which record the choice writes into.
            settles: Which dispute, how, and why.
            set, add, act: What the choice amounts to; see ``sync_client.office_day.settling``.

        Raises:
            NoSuchRecord, schemas.problems.Refusal, NotEnrolled, StoreError: As ``edit``.
        """
        return self._recorder.settle(record, settles, Change(set or {}, add or {}), act)

    def next_acts(self, record: Record | str) -> list[NextAct]:
        """
        Return what whoever works now may do with a record next 可用操作, by all this tablet knows.

        What stands in the way of one is told with it; the office has the last word.

        Raises:
            NoSuchRecord, StoreError: As ``read``.
        """
        here = self.read(record)
        return next_acts(here, self._people.current(), self._desk.head().role, self._desk.now_ms())

    def void(self, record: Record | str, reason: str | None = None) -> Record:
        """
        Void a record 作废; it stays readable. A reason becomes a signed remark, in one group with it.

        Raises:
            NoSuchRecord, schemas.problems.Refusal, NotEnrolled, StoreError: As ``edit``.
        """
        return self._recorder.void(record, reason)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """
        Record many things in one commit: leaving keeps all of them, an exception none.

        Other threads of this tablet wait meanwhile.
        """
        with self._desk.writing():
            yield

    @contextmanager
    def group(self) -> Iterator[None]:
        """
        Make what is recorded inside all-or-nothing 同组, on the tablet and at the office.

        Raises:
            schemas.problems.Refusal: ``group_too_large``, over 50 changes; nothing was written.
        """
        with self._recorder.group():
            yield

    # -- meeting the office ----------------------------------------------------------------------

    def sync(self, progress: Callable[[Progress], None] | None = None) -> SyncReport:
        """
        Send what waits and fetch what is new 同步.

        Args:
            progress: Told after every step; whatever it raises stops the sync there, harmlessly.

        Returns:
            What was done. A change the server would not take is counted there, not raised.

        Raises:
            SyncError: It stopped early; ``error.report`` says what was done, and nothing is lost.
        """
        return self._meeting.sync(progress)

    def verify(self, progress: Callable[[Progress], None] | None = None) -> Verified:
        """
        Prove this tablet equal to the server, byte for byte 核对, and repair exactly what differs.

        It syncs first. What waits is neither compared nor touched; it stays on top.

        Args:
            progress: Told after every step of the syncs; whatever it raises stops there, harmlessly.

        Returns:
            What was compared and repaired, by feed.

        Raises:
            SyncError: It stopped early, and nothing is lost; what was repaired until then is repaired.
        """
        return self._meeting.verify(progress)

    def ping(self) -> bool:
        """
        Say whether it is really the server that answers 探测, and not a log-in page.

        Raises:
            Unreachable: Nobody answers.
        """
        return self._meeting.ping()
