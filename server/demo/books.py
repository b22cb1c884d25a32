"""
The server's own books 服务器的账: what it took from each device, what it holds, what waits for a person.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from schemas import wire
from server.demo.town import DISTRICT
from server.storage.conflicts import Conflict
from server.storage.store import Store
from server.usecases.verify_history import Verified, verify_history
from server.values import Record


class Taken(NamedTuple):
    """What stands in the history of one device: how many mutations, and how many of them twice."""

    rows: int
    doubled: int


class Books(NamedTuple):
    """
    The books as they stand.

    Attributes:
        taken: By device.
        chains: The history's chains, verified row by row.
    """

    taken: Mapping[str, Taken]
    chains: list[Verified]

    def taken_of(self, device: str) -> Taken:
        """Return what stands in the history of *device*."""
        return self.taken.get(device, Taken(0, 0))

    @property
    def rows(self) -> int:
        """The rows of the history."""
        return sum(chain.rows for chain in self.chains)


class Open(NamedTuple):
    """Something that waits for a person, and what the server says of it in two languages."""

    id: str
    kind: str
    type: str
    record: str
    field: str
    shown: Any
    others: list[Any]
    zh: str
    en: str


def read_books(store: Store) -> Books:
    """Read the whole history, and verify its chains."""
    numbers: dict[str, Counter[tuple[str, int]]] = defaultdict(Counter)
    with store.work(DISTRICT, writing=False) as work:
        for feed in sorted(work.feeds.heads()):
            for entry, _ in work.history.entries(feed):
                if entry.n:
                    numbers[entry.device][entry.install, entry.n] += 1
    taken = {device: Taken(found.total(), found.total() - len(found)) for device, found in numbers.items()}
    return Books(taken, verify_history(store, DISTRICT))


def read_records(store: Store, ids: Iterable[str]) -> dict[str, Record]:
    """Return the records *ids*."""
    with store.work(DISTRICT, writing=False) as work:
        return work.records.get(ids)


def digest(record: Record) -> str:
    """Return the SHA-256 of everything a record is, as the tablets take it of theirs."""
    at = (record.at.ms, record.at.counter)
    whole = (record.type, record.id, record.grid, record.version, at, record.by, record.void, record.fields)
    return sha256(wire.canonical(whole)).hexdigest()


def read_open(store: Store) -> list[Open]:
    """Return what waits for a person, the oldest first."""
    with store.work(DISTRICT, writing=False) as work:
        return [_open(conflict) for conflict in work.conflicts.open()]


def _open(conflict: Conflict) -> Open:
    detail = json.loads(conflict.detail)
    shown, others = detail["kept"]["value"], [other["value"] for other in detail["others"]]
    return Open(
        conflict.id, conflict.kind, conflict.type, conflict.record, conflict.field, shown, others,
        detail["zh"], detail["en"],
    )  # fmt: skip
