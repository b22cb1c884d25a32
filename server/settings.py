"""
Settings, read once 设置: the only place that knows the environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "GRIDWARD_"
PUBLIC_URL = "http://127.0.0.1:8000"
NEXT_SYNC_AFTER_S = 300
KEEP_DAYS = 180
SYNCS_AT_ONCE = 4
SYNCS_WAITING = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """
    How this server runs.

    Attributes:
        database_url: Where records are kept; a file of SQLite by default.
        public_url: The address tablets reach the server by; printed beside enrolment codes.
        next_sync_after_s: When an idle device should come again.
        syncs_at_once: How many syncs one process works on at a time.
        syncs_waiting: How many more may wait in it; the rest are told at once when to come again.
        keep_days: For how long departures and tellings are kept; a device away for longer reads everything anew.
        log_level: debug, info, warning or error.
        pg_bin: The folder of PostgreSQL's tools, where they are not found like any other program.
    """

    database_url: str
    public_url: str = PUBLIC_URL
    next_sync_after_s: int = NEXT_SYNC_AFTER_S
    syncs_at_once: int = SYNCS_AT_ONCE
    syncs_waiting: int = SYNCS_WAITING
    keep_days: int = KEEP_DAYS
    log_level: str = "info"
    pg_bin: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings that ``GRIDWARD_*`` variables name, defaults for the others."""
        folder = Path(environment.get(PREFIX + "DATA", "gridward-data"))
        return cls(
            database_url=environment.get(PREFIX + "DATABASE_URL", f"sqlite:///{folder.absolute()}/gridward.db"),
            public_url=environment.get(PREFIX + "PUBLIC_URL", PUBLIC_URL),
            next_sync_after_s=int(environment.get(PREFIX + "NEXT_SYNC_AFTER_S", NEXT_SYNC_AFTER_S)),
            syncs_at_once=int(environment.get(PREFIX + "SYNCS_AT_ONCE", SYNCS_AT_ONCE)),
            syncs_waiting=int(environment.get(PREFIX + "SYNCS_WAITING", SYNCS_WAITING)),
            keep_days=max(1, int(environment.get(PREFIX + "KEEP_DAYS", KEEP_DAYS))),
            log_level=environment.get(PREFIX + "LOG_LEVEL", "info"),
            pg_bin=Path(environment[PREFIX + "PG_BIN"]) if environment.get(PREFIX + "PG_BIN") else None,
        )


def own_environment() -> dict[str, str]:
    """Return the environment of this process, for a program that it starts."""
    return dict(os.environ)
