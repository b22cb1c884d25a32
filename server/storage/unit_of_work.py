"""
One transaction, in plain sight 事务: leaving it without ``commit()`` undoes everything.

The stores of a unit of work share its transaction and take and return our own values, never rows.
"""

from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session

from server.storage.answering import AnsweringStore
from server.storage.assessing import AssessingStore
from server.storage.calendars import CalendarStore
from server.storage.case_clocks import ClockStore
from server.storage.channels import ChannelStore
from server.storage.conflicts import ConflictStore
from server.storage.day_ledger import DayLedger
from server.storage.deliveries import DeliveryStore
from server.storage.departures import DepartureStore
from server.storage.device_ledger import DeviceLedger
from server.storage.devices import DeviceStore
from server.storage.dispatching import DispatchStore
from server.storage.documents import DocumentStore
from server.storage.engine import WRITING
from server.storage.enrolment import EnrolmentStore
from server.storage.epochs import EpochStore
from server.storage.escalations import EscalationStore
from server.storage.feeds import FeedStore
from server.storage.history import HistoryStore
from server.storage.imports import ImportStore
from server.storage.job_runs import JobRunStore
from server.storage.known import Known
from server.storage.ledger import LedgerStore
from server.storage.ledger_lists import LedgerLists
from server.storage.numbers import NumberStore
from server.storage.patrol import PatrolStore
from server.storage.pens import PenStore
from server.storage.people import PeopleStore
from server.storage.photo_matches import MatchStore
from server.storage.photos import PhotoStore
from server.storage.public_reports import PublicReports
from server.storage.quarantine import QuarantineStore
from server.storage.records import RecordStore
from server.storage.redactions import RedactionStore
from server.storage.reminder_facts import ReminderFacts
from server.storage.reminders import ReminderStore
from server.storage.rulebook import RulesStore
from server.storage.settings import SettingStore
from server.storage.snapshots import SnapshotStore
from server.storage.tellings import TellingStore

ATTEMPTS = 6
#: What the database raises when it cannot do its work; nothing of the transaction was kept.
DatabaseError = DBAPIError
#: What of it no waiting mends: a statement of ours that means nothing, or values that fit no column.
OurMistake = (ProgrammingError, DataError, NotSupportedError)
#: What is raised when too many are using the database to let one more in.
DatabaseBusy = NoConnectionFree
T = TypeVar("T")


class UnitOfWork:
    """
    One transaction over one district.

    Args:
        engine: Where to connect.
        district: The six digits every query is bound to.
        known: What the process knows to be committed; shared by all its units of work.
        writing: False for reading only; a writer queues behind other writers on SQLite.
    """

    def __init__(self, engine: Engine, district: str, known: Known, *, writing: bool = True) -> None:
        self.district = district
        self._engine = engine
        self._known = known
        self._writing = writing
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The open connection; only between entering and leaving."""
        if self._connection is None:
            raise RuntimeError("the unit of work has not been entered")
        return self._connection

    @cached_property
    def session(self) -> Session:
        """An ORM session in this transaction, for people and devices."""
        return Session(bind=self.connection, expire_on_commit=False)

    @cached_property
    def pens(self) -> PenStore:
        """Who wrote, on which device, with what weight."""
        return PenStore(self.connection, self.district, self._known.pens[self.district])

    @cached_property
    def records(self) -> RecordStore:
        """The records."""
        return RecordStore(self.connection, self.district, self.pens, self.ledger)

    @cached_property
    def ledger(self) -> LedgerStore:
        """What the office lists, counts and finds of its cases."""
        return LedgerStore(self.connection, self.district)

    @cached_property
    def ledger_lists(self) -> LedgerLists:
        """The ledger, listed, searched and counted."""
        return LedgerLists(self.connection, self.district)

    @cached_property
    def feeds(self) -> FeedStore:
        """The heads of the feeds, and reading along them."""
        return FeedStore(self.connection, self.district, self.pens)

    @cached_property
    def numbers(self) -> NumberStore:
        """The numbers people know records by."""
        return NumberStore(self.connection, self.district)

    @cached_property
    def snapshots(self) -> SnapshotStore:
        """Feeds as they once stood, ready to be handed out."""
        return SnapshotStore(self.connection, self.district)

    @cached_property
    def history(self) -> HistoryStore:
        """Everything that was taken."""
        return HistoryStore(self.connection, self.district)

    @cached_property
    def quarantine(self) -> QuarantineStore:
        """Everything that was refused, and what waits."""
        return QuarantineStore(self.connection, self.district)

    @cached_property
    def photos(self) -> PhotoStore:
        """What photos are expected, and which have arrived."""
        return PhotoStore(self.connection, self.district)

    @cached_property
    def public_reports(self) -> PublicReports:
        """What the public reported, and who did."""
        return PublicReports(self.connection, self.district)

    @cached_property
    def redactions(self) -> RedactionStore:
        """Copies for publication, and who saw an original whole."""
        return RedactionStore(self.connection, self.district)

    @cached_property
    def photo_matches(self) -> MatchStore:
        """Pictures used twice."""
        return MatchStore(self.connection, self.district)

    @cached_property
    def conflicts(self) -> ConflictStore:
        """What a person has to decide."""
        return ConflictStore(self.connection, self.district)

    @cached_property
    def rules(self) -> RulesStore:
        """The rules of each record type, as they were declared."""
        return RulesStore(self.connection, self.district, self._known.rules[self.district])

    @cached_property
    def tellings(self) -> TellingStore:
        """What people are told of decisions."""
        return TellingStore(self.connection, self.district)

    @cached_property
    def departures(self) -> DepartureStore:
        """What went out of a grid."""
        return DepartureStore(self.connection, self.district)

    @cached_property
    def devices(self) -> DeviceStore:
        """Devices, their installs and the people they speak for."""
        return DeviceStore(self.connection, self.district)

    @cached_property
    def device_ledger(self) -> DeviceLedger:
        """What there is to know of the devices, read at a glance."""
        return DeviceLedger(self.connection, self.district)

    @cached_property
    def people(self) -> PeopleStore:
        """The people and their grants."""
        return PeopleStore(self.connection, self.district)

    @cached_property
    def enrolment(self) -> EnrolmentStore:
        """How devices come in and go."""
        return EnrolmentStore(self.connection, self.district)

    @cached_property
    def epochs(self) -> EpochStore:
        """Which histories the district has had."""
        return EpochStore(self.connection, self.district)

    @cached_property
    def calendars(self) -> CalendarStore:
        """What the district said of its calendar and its limits."""
        return CalendarStore(self.connection, self.district)

    @cached_property
    def settings(self) -> SettingStore:
        """What the district wants otherwise than the standard."""
        return SettingStore(self.connection, self.district)

    @cached_property
    def assessing(self) -> AssessingStore:
        """What scores and lists are made of."""
        return AssessingStore(self.connection, self.district)

    @cached_property
    def day_ledger(self) -> DayLedger:
        """What the ledger says of one day."""
        return DayLedger(self.connection, self.district)

    @cached_property
    def patrol(self) -> PatrolStore:
        """What was looked at when."""
        return PatrolStore(self.connection, self.district)

    @cached_property
    def reminders(self) -> ReminderStore:
        """What people are to be reminded of, and how."""
        return ReminderStore(self.connection, self.district)

    @cached_property
    def reminder_facts(self) -> ReminderFacts:
        """What there is to remind of."""
        return ReminderFacts(self.connection, self.district)

    @cached_property
    def channels(self) -> ChannelStore:
        """The ways out of the office."""
        return ChannelStore(self.connection, self.district)

    @cached_property
    def deliveries(self) -> DeliveryStore:
        """What goes out by channels, and what became of it."""
        return DeliveryStore(self.connection, self.district)

    @cached_property
    def job_runs(self) -> JobRunStore:
        """How far the jobs are, and the fence before what is done once."""
        return JobRunStore(self.connection, self.district)

    @cached_property
    def answering(self) -> AnsweringStore:
        """Who answers for the open cases."""
        return AnsweringStore(self.connection, self.district)

    @cached_property
    def case_clocks(self) -> ClockStore:
        """What the clocks of many cases go by."""
        return ClockStore(self.connection, self.district)

    @cached_property
    def escalations(self) -> EscalationStore:
        """What is proposed where time ran out."""
        return EscalationStore(self.connection, self.district)

    @cached_property
    def dispatching(self) -> DispatchStore:
        """Which units lead which problems."""
        return DispatchStore(self.connection, self.district)

    @cached_property
    def documents(self) -> DocumentStore:
        """What documents of the ledger are made of, and which went out."""
        return DocumentStore(self.connection, self.district)

    @cached_property
    def imports(self) -> ImportStore:
        """What files last said of the records."""
        return ImportStore(self.connection, self.district)

    def commit(self) -> None:
        """Make everything durable."""
        if "session" in self.__dict__:
            self.session.flush()
        self.connection.commit()
        for name in ("pens", "rules"):
            if name in self.__dict__:
                getattr(self, name).committed()

    def __enter__(self) -> Self:
        self._connection = self._engine.connect().execution_options(**{WRITING: self._writing})
        self._connection.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def retrying(attempt: Callable[[], T]) -> T:
    """
    Run *attempt* again where the database itself asked for it: a deadlock, a lost race for a new id,
    a serialisation failure. What fails for another reason fails at once.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except DBAPIError as error:
            if not _worth_another_try(error):
                raise
    return attempt()


#: 40001 serialisation, 40P01 deadlock, 57014 cancelled, 57P01 server going, 08xxx connection lost, 23505 lost the race.
_TRANSIENT = ("40001", "40P01", "57014", "57P01", "08006", "08003", "23505")


def _worth_another_try(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if state is not None or error.connection_invalidated:
        # Whether a commit was carried out that nobody heard of, the attempt itself finds out: it begins by looking.
        return error.connection_invalidated or state in _TRANSIENT
    return isinstance(error, IntegrityError) or (isinstance(error, OperationalError) and "locked" in str(error.orig))
