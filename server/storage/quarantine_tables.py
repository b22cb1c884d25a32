"""
The tables of the quarantine 隔离区表: what could not be accepted, and what waits for a record that is not there yet.
"""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from server.storage.tables import Base

#: What could not be accepted, word for word; nothing is ever deleted here by the sync path.
quarantine = Table(
    "quarantine",
    Base.metadata,
    Column("district", String(6), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("device", String(36), nullable=False),
    Column("install", String(40), nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    # What it was about, where that could be read; whatever builds on it is refused as well.
    Column("record", String(36)),
    Column("code", String(40), nullable=False),
    Column("problem", Text, nullable=False),
    # Bytes, because what is refused may be no text at all.
    Column("payload", LargeBinary, nullable=False),
    # Whose it is, where, and when it was signed (corrected), where that could be read.
    Column("by", String(36)),
    Column("grid", String(15)),
    Column("at_ms", BigInteger),
    # How it ended, as JSON: taken in after all, or put aside; nothing while it waits for a person.
    Column("settled", Text),
    # What was tried with it before that, as a JSON list: refused again and why, put aside and taken up again.
    Column("trail", Text),
    Index("quarantine_number", "district", "device", "install", "n"),
    Index("quarantine_record", "district", "record"),
    Index("quarantine_received", "district", "received_ms", "id"),
)

#: Mutations that wait for a record nobody has sent yet; the device keeps and repeats them.
held = Table(
    "held",
    Base.metadata,
    Column("district", String(6), primary_key=True),
    Column("device", String(36), primary_key=True),
    Column("install", String(40), primary_key=True),
    Column("n", BigInteger, primary_key=True),
    Column("waits_for", String(36), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)
