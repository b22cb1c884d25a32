"""
The door to the database: makes units of work, and knows nothing else 存储入口.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from server.storage.devices import Contact
from server.storage.engine import prepare
from server.storage.known import Known
from server.storage.tables import Deployment
from server.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Place:
    """One district's deployment: the history it holds and the key that signs its cursors."""

    district: str
    epoch: str
    cursor_key: bytes
    name: str


class Store:
    """
    One database.

    Args:
        engine: Where it is; its connections are prepared here.
    """

    def __init__(self, engine: Engine) -> None:
        prepare(engine)
        self.engine = engine
        #: What this process knows to be committed; for its units of work.
        self.known = Known(engine)
        #: Who was heard of since the last flush, by district and device; see ``note_contacts``.
        self.heard: dict[tuple[str, str], Contact] = {}
        # Reading needs no transaction: a feed's head is read before what lies below it.
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")

    def work(self, district: str, *, writing: bool = True) -> UnitOfWork:
        """Return a unit of work over *district*, to be entered with ``with``."""
        return UnitOfWork(self.engine if writing else self._reading, district, self.known, writing=writing)

    def places(self) -> dict[str, Place]:
        """Return the deployments of this database, by district."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(Deployment.__table__))
            return {row.district: Place(row.district, row.epoch, bytes(row.cursor_key), row.name) for row in rows}
