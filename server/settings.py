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


@dataclass(frozen=True, slots=True)
class Settings:
    """
    How this server runs.

    Attributes:
        database_url: Where records are kept; a file of SQLite by default.
        public_url: The address tablets reach the server by; printed beside enrolment codes.
        next_sync_after_s: When an idle device should come again.
        log_level: debug, info, warning or error.
    """

    database_url: str
    public_url: str = PUBLIC_URL
    next_sync_after_s: int = NEXT_SYNC_AFTER_S
    log_level: str = "info"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings that ``GRIDWARD_*`` variables name, defaults for the others."""
        folder = Path(environment.get(PREFIX + "DATA", "gridward-data"))
        return cls(
            database_url=environment.get(PREFIX + "DATABASE_URL", f"sqlite:///{folder.absolute()}/gridward.db"),
            public_url=environment.get(PREFIX + "PUBLIC_URL", PUBLIC_URL),
            next_sync_after_s=int(environment.get(PREFIX + "NEXT_SYNC_AFTER_S", NEXT_SYNC_AFTER_S)),
            log_level=environment.get(PREFIX + "LOG_LEVEL", "info"),
        )
