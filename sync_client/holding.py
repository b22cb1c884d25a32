"""
Looking at what a tablet holds 查看: its records, where it stands, what waits, what was decided; and half-filled forms.
"""

from collections.abc import Mapping
from typing import Any

from sync_client.database import Database
from sync_client.desk import Desk
from sync_client.drafts import Drafts
from sync_client.finding import Condition, ask, find
from sync_client.hearing import Hearing
from sync_client.journal import Journal
from sync_client.local_store import LocalStore
from sync_client.names import Names
from sync_client.people import People
from sync_client.status import status_of
from sync_client.values import Draft, Outbox, Page, Person, Record, Status, Told


class Holding:
    """The verbs of ``FieldClient`` that look at what it holds; none needs a network."""

    _db: Database
    _desk: Desk
    _journal: Journal
    _store: LocalStore
    _hearing: Hearing
    _people: People
    _drafts: Drafts

    def people(self) -> list[Person]:
        """Return everybody admitted to this tablet."""
        return self._people.all()

    def read(self, record: Record | str) -> Record:
        """
        Return a record as it is now: what the worker wrote, over what the office knows 查看.

        Raises:
            NoSuchRecord: The tablet does not hold it.
        """
        return self._store.need(record if isinstance(record, str) else record.id).shown()

    def holds(self, record: Record | str) -> bool:
        """Say whether the tablet holds a record."""
        return self._store.held(record if isinstance(record, str) else record.id) is not None

    def find(
        self,
        type: str,  # noqa: A002
        *,
        where: Mapping[str, Condition] | None = None,
        order_by: str | None = None,
        limit: int = 100,
        after: str | None = None,
        include_void: bool = False,
        include_merged: bool = True,
    ) -> Page:
        """
        Return records of one type, a page at a time 查询.

        Args:
            type: The record type's word.
            where: Field (or grid, subject, status, time, by, waiting …) to a value, None, or one of
                ``finding.Prefix``, ``Between``, ``OneOf``.
            order_by: A field, ``-`` before it for falling order; else the order of arrival.
            limit: How many.
            after: ``Page.after`` of the page before.
            include_void, include_merged: Show those too that were voided, or merged into another.

        Raises:
            ValueError: A name no field can have, or a strange *after*.
        """
        question = ask(type, where or {}, order_by, after, void=include_void, merged=include_merged)
        return find(self._db, question, limit)

    def status(self) -> Status:
        """Return where the tablet stands 本机状态."""
        return status_of(self._desk, self._journal, self._store, self._hearing, self._people.current())

    def outbox(self) -> Outbox:
        """Return what waits, and what the server would not take 待发与需处理."""
        return self._journal.outbox()

    def conflicts(self, *, everyone: bool = False, aside: bool = False) -> list[Told]:
        """
        Return in words what was decided about edits of whoever works now (*everyone*: of all), the newest first 冲突.

        *aside*: also what was put aside.
        """
        person = None if everyone else self._desk.head().person
        return self._hearing.told(person, Names(self), aside=aside)

    def acknowledge(self, mark: int | str) -> bool:
        """Put mutation *mark* of ``outbox().attention``, or ``Told.mark``, aside 已阅; say whether it was on a list."""
        return self._hearing.put_aside(mark)

    # -- drafts ----------------------------------------------------------------------------------

    def save_draft(self, key: str, data: dict[str, Any]) -> None:
        """Keep a half-filled form (JSON values) 保存草稿, on the disk before this returns."""
        self._drafts.save(key, data)

    def drafts(self) -> list[Draft]:
        """Return every draft, the one saved last first."""
        return self._drafts.all()

    def drop_draft(self, key: str) -> None:
        """Forget a draft; there need not be one."""
        self._drafts.drop(key)
