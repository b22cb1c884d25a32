"""Meeting the office 联网: enrolling, syncing, and remembering how it went."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from schemas import wire
from schemas.wire import Report
from sync_client.album import Album
from sync_client.applying import Applier
from sync_client.asking import Asking
from sync_client.calls import UNREADABLE, Office
from sync_client.carrying import Carrier
from sync_client.database import only_one
from sync_client.desk import Desk
from sync_client.errors import GarbledAnswer, NotEnrolled, StoreError, SyncError, SyncUnderWay
from sync_client.exchange import Exchange, Tablet
from sync_client.journal import Journal
from sync_client.local_store import LocalStore
from sync_client.offset import offset_after
from sync_client.people import Admitted, People
from sync_client.retry import Patience, next_sync_s
from sync_client.status import note_enrolment, note_refusal, report_of
from sync_client.tellings import Tellings
from sync_client.values import Person, Progress, SyncReport, Verified
from sync_client.verifying import Verifier

_ENROL = "/v1/devices/enrol"


class _Enrolled(msgspec.Struct):
    """The answer to an enrolment; a further person's brings no token."""

    device: str
    district: str
    epoch: str
    persons: list[Admitted]
    now_ms: int
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """The parts of a tablet that meet the office."""

    desk: Desk
    journal: Journal
    store: LocalStore
    tellings: Tellings
    people: People
    office: Office
    patience: Patience
    page_records: int
    sleep: Callable[[float], None]
    randomness: Callable[[int], bytes]
    app: str | None
    carrier: Carrier

    def enrol(self, code: str, device_name: str) -> list[Person]:
        """Enrol, or admit a further person; see ``FieldClient.enrol``."""
        asked_ms = self.desk.wall_ms()
        body = self._show(code, device_name)
        try:
            enrolled = _decode_enrolled(body)
        except UNREADABLE as error:
            raise GarbledAnswer(str(error)) from error
        with self.desk.writing() as head:
            if head.device not in (None, enrolled.device) and head.epoch == enrolled.epoch:
                # The office remembers what it took, as another device's: offered again it would be there twice.
                self.journal.leave_behind(head.device or "")
            if head.device not in (None, enrolled.device):
                Album(self.desk).queue_again()
            head.device, head.district = enrolled.device, enrolled.district
            head.token = enrolled.token or head.token
            head.epoch = head.epoch or enrolled.epoch
            known = head.clock.offset_ms
            head.clock.offset_ms = offset_after(known, enrolled.now_ms, asked_ms, self.desk.wall_ms())
            if enrolled.token and head.person not in {person.id for person in enrolled.persons}:
                # As another device of the office's, this one speaks for nobody whom it did not name.
                head.person = head.role = None
            if enrolled.token:
                note_enrolment(self.desk.db)
            self.people.admit(enrolled.persons, anew=enrolled.token is not None)
        return self.people.all()

    def _show(self, code: str, device_name: str) -> bytes:
        """Show the office a code; where it does not take our token any more, the code alone admits us anew."""
        asked = {"code": code, "device_name": device_name}
        token = self.desk.head().token
        try:
            return self.office.post(_ENROL, asked, token)
        except NotEnrolled:
            if token is None:
                raise
            return self.office.post(_ENROL, asked, None)

    def sync(self, progress: Callable[[Progress], None] | None) -> SyncReport:
        """Send what waits and fetch what is new; see ``FieldClient.sync``."""
        with self._alone():
            report = Exchange(self._tablet(), progress).run()
            report.delivered = self.carrier.deliver()
            return report

    def verify(self, progress: Callable[[Progress], None] | None) -> Verified:
        """Sync, prove the tablet equal to the server, and repair what differs; see ``FieldClient.verify``."""
        applier = Applier(self.desk, self.journal, self.store, self.tellings, self.randomness)
        asking = Asking(self.patience, self.sleep, self._dice)
        with self._alone():
            sync = lambda: Exchange(self._tablet(), progress).run()  # noqa: E731
            return Verifier(self.desk, self.journal, self.store, self.office, applier, asking, sync).run()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Meet the office, nobody else of this tablet meanwhile; what stops it is remembered."""
        with only_one(self.desk.db.path) as free:
            if not free:
                raise SyncUnderWay
            try:
                yield
            except SyncError as error:
                self._remember(error)
                raise

    def ping(self) -> bool:
        """Say whether it is really the server that answers."""
        return self.office.ping()

    def _tablet(self) -> Tablet:
        return Tablet(
            desk=self.desk,
            journal=self.journal,
            store=self.store,
            tellings=self.tellings,
            office=self.office,
            patience=self.patience,
            page_records=self.page_records,
            report=self._report,
            sleep=self.sleep,
            dice=self._dice,
            randomness=self.randomness,
        )

    def _report(self) -> Report:
        free = shutil.disk_usage(self.desk.db.path.parent).free
        return report_of(self.desk, self.journal, self.app, free)

    def _dice(self) -> float:
        return int.from_bytes(self.randomness(4), "big") / (1 << 32)

    def _remember(self, error: SyncError) -> None:
        """Keep what stopped the sync, and when to try again; a file that cannot be written says so itself."""
        if isinstance(error, StoreError):
            return
        with self.desk.writing():
            failures = int(self.desk.db.note("failures") or 0) + 1
            wait = next_sync_s(failures, error, self._dice())
            if error.report is not None:
                error.report.next_sync_after_s = wait
            self.desk.db.put_note("failures", str(failures))
            self.desk.db.put_note("next_sync_after_s", str(wait))
            self.desk.db.put_note("problem", wire.encode(error.problem).decode())
            if error.problem.get("code") == NotEnrolled.code:
                note_refusal(self.desk.db)


_decode_enrolled = msgspec.json.Decoder(_Enrolled).decode
