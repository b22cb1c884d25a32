"""
What this process knows to be committed 已知行: rows that, once written, never change or go.

Only a commit makes a row known, so what is rolled back is asked for again. A new connection forgets it
all: it may lead to another database than the one before, restored from a backup or taken over by a
standby that lost the last commits.
"""

from collections import defaultdict
from typing import NamedTuple

from sqlalchemy import Engine, event


class Pen(NamedTuple):
    """Who wrote, on which device, with what weight 笔."""

    device: str
    by: str
    rank: int


class Known:
    """The pens and the rules of every district that are known to be committed."""

    def __init__(self, engine: Engine) -> None:
        self._epochs: dict[str, str] = {}
        self.forget()
        event.listen(engine, "connect", lambda _connection, _record: self.forget())

    def under(self, district: str, epoch: str) -> None:
        """Hear that *epoch* is in force in *district*: where it is a new one, what was known may be lost."""
        if self._epochs.setdefault(district, epoch) != epoch:
            self._epochs[district] = epoch
            self.forget()

    def forget(self) -> None:
        """Know nothing. New dicts, because whoever began before still writes to the old ones."""
        #: By district: the pens by their numbers, and the rules noted, by record type and mark.
        self.pens: defaultdict[str, dict[int, Pen]] = defaultdict(dict)
        self.rules: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
