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
PHOTO_PARTS_S = 900
PICTURES_AT_ONCE = 2
KEEP_CONTACTS_DAYS = 90
SCHEDULER = ("inside", "apart")


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
        photos: Where photos lie: a folder, or ``s3://bucket/prefix``.
        s3_endpoint: The address of the S3 storage, where it is not Amazon's; its keys come from ``AWS_*`` variables.
        s3_public_endpoint: The address by which tablets reach the same storage; without it parts come through us.
        s3_region: Its region, part of every signature; without it what ``AWS_DEFAULT_REGION`` says.
        s3_addressing: ``path`` (``https://host/bucket``) or ``virtual`` (``https://bucket.host``); by default the
            first where ``s3_endpoint`` is set.
        photo_parts_s: For how many seconds the address of a part holds.
        pictures_at_once: How many photos one process verifies or draws at a time.
        keep_originals_days: For how many days an original is kept of which there is a copy; 0: for ever.
        keep_photos_days: For how many days photos are kept at all; 0: for ever.
        keep_contacts_days: For how many days after its case is over it is known how to reach a reporter.
        proxies: How many proxies of ours stand before the server, each adding to ``X-Forwarded-For``; the caller's
            address, by which the public is rate-limited, is taken from there. 0: nobody is believed.
        scheduler: Where jobs run: ``inside`` the server processes, or ``apart``, by ``gridward-server scheduler``.
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
    photos: str = "gridward-data/photos"
    s3_endpoint: str | None = None
    s3_public_endpoint: str | None = None
    s3_region: str | None = None
    s3_addressing: str | None = None
    photo_parts_s: int = PHOTO_PARTS_S
    pictures_at_once: int = PICTURES_AT_ONCE
    keep_originals_days: int = 0
    keep_photos_days: int = 0
    keep_contacts_days: int = KEEP_CONTACTS_DAYS
    proxies: int = 0
    scheduler: str = SCHEDULER[0]

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
            photos=environment.get(PREFIX + "PHOTOS") or str(folder.absolute() / "photos"),
            s3_endpoint=environment.get(PREFIX + "S3_ENDPOINT") or None,
            s3_public_endpoint=environment.get(PREFIX + "S3_PUBLIC_ENDPOINT") or None,
            s3_region=environment.get(PREFIX + "S3_REGION") or None,
            s3_addressing=environment.get(PREFIX + "S3_ADDRESSING") or None,
            photo_parts_s=max(60, int(environment.get(PREFIX + "PHOTO_PARTS_S", PHOTO_PARTS_S))),
            pictures_at_once=max(1, int(environment.get(PREFIX + "PICTURES_AT_ONCE", PICTURES_AT_ONCE))),
            keep_originals_days=max(0, int(environment.get(PREFIX + "KEEP_ORIGINALS_DAYS", 0))),
            keep_photos_days=max(0, int(environment.get(PREFIX + "KEEP_PHOTOS_DAYS", 0))),
            keep_contacts_days=max(1, int(environment.get(PREFIX + "KEEP_CONTACTS_DAYS", KEEP_CONTACTS_DAYS))),
            proxies=max(0, int(environment.get(PREFIX + "PROXIES", 0))),
            scheduler=_one_of(SCHEDULER, "SCHEDULER", environment),
            pg_bin=Path(environment[PREFIX + "PG_BIN"]) if environment.get(PREFIX + "PG_BIN") else None,
        )


def _one_of(words: tuple[str, ...], name: str, environment: Mapping[str, str]) -> str:
    """
    Return what a variable says, by default the first of *words*.

    Raises:
        ValueError: it is none of them.
    """
    said = environment.get(PREFIX + name) or words[0]
    if said not in words:
        raise ValueError(f"{PREFIX}{name}={said}: {' | '.join(words)}")
    return said


def own_environment() -> dict[str, str]:
    """Return the environment of this process, for a program that it starts."""
    return dict(os.environ)


def channel_address(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the secret address of the channel *name*, from ``GRIDWARD_CHANNEL_<NAME>``; None: it is not set."""
    return environment.get(f"{PREFIX}CHANNEL_{name.upper()}", "").strip() or None
