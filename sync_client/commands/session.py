"""
One run of ``gridward`` 一次命令: where the tablet's file lies, the way to its server, and how to speak.
"""

import io
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from sync_client.client import FieldClient
from sync_client.commands.voice import Voice
from sync_client.driver import Driver
from sync_client.errors import LocalStoreDamaged, NotEnrolled
from sync_client.sealing.keys import Holder
from sync_client.sealing.opening import driver_for
from sync_client.times import wall_ms
from sync_client.transport import HTTPTransport, Transport

APP = "gridward"
_FILE, _ADDRESS = "tablet.db", "server.json"


class Address(Struct):
    """Where the server is; ``ca_certs`` names the certificates to trust instead of the system's."""

    url: str
    ca_certs: str | None = None


def connected(address: Address) -> Transport:
    """Return the way to the server at *address*."""
    return HTTPTransport(address.url, ca_certs=address.ca_certs)


@dataclass
class Surroundings:
    """What a run finds around it; a test brings its own."""

    connect: Callable[[Address], Transport] = connected
    wall_ms: Callable[[], int] = wall_ms
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Session:
    """One run: the folder it works in, its voice, and its surroundings."""

    folder: Path
    voice: Voice
    around: Surroundings = field(default_factory=Surroundings)
    key_file: Path | None = None
    _driver: Driver | None = field(default=None, init=False)

    @property
    def file(self) -> Path:
        """The tablet's file."""
        return self.folder / _FILE

    @property
    def address(self) -> Address | None:
        """
        Where the server is, as enrolment kept it.

        Raises:
            LocalStoreDamaged: The note of it cannot be read.
        """
        try:
            return msgspec.json.decode((self.folder / _ADDRESS).read_bytes(), type=Address)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise LocalStoreDamaged(f"{_ADDRESS}: {error}") from error

    def keep_address(self, address: Address) -> None:
        """Remember where the server is."""
        beside = self.folder / f"{_ADDRESS}.part"
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(address))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.folder / _ADDRESS)

    @property
    def holder(self) -> Holder:
        """Whoever brings the key of a sealed tablet: the key file, or the person, asked for the PIN."""
        return Holder(self.key_file, None if self.voice.as_json else self._ask_pin)

    def _ask_pin(self) -> str:
        return self.voice.ask("本机数据的 PIN", "PIN of this tablet's data", secret=True)

    def driver(self) -> Driver:
        """
        Return what opens the tablet's file; a PIN is asked for once in a run.

        Raises:
            StoreSealed: It is sealed, and its key cannot be had.
        """
        self._driver = self._driver or driver_for(self.file, self.holder)
        return self._driver

    @contextmanager
    def tablet(self) -> Iterator[FieldClient]:
        """
        Open the tablet for a command.

        Raises:
            NotEnrolled: There is no tablet in the folder; nothing is made there.
        """
        if not self.file.exists():
            raise NotEnrolled(detail=str(self.folder))
        with self.opened(self.address) as client:
            yield client

    @contextmanager
    def new_tablet(self, address: Address) -> Iterator[FieldClient]:
        """Open the tablet; where there is none, make a file that only its owner may read (it will hold the token)."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600))
        with self.opened(address) as client:
            yield client

    @contextmanager
    def opened(self, address: Address | None) -> Iterator[FieldClient]:
        """Open the tablet with the way to *address*."""
        transport = self.around.connect(address) if address else None
        around = self.around
        driver = self.driver()
        with FieldClient(
            self.file, transport, clock=around.wall_ms, sleep=around.sleep, app=APP, driver=driver
        ) as client:
            yield client


pass_session = click.make_pass_decorator(Session)


def home() -> Path:
    """Return the folder for this user's tablet, where the system keeps such things."""
    if platform.system() == "Linux":
        return Path.home() / ".local/share" / APP
    return Path(click.get_app_dir(APP))


def keep_speaking() -> None:
    """Let a terminal that cannot write Chinese show signs in its place, rather than fail."""
    streams: tuple[object, ...] = (sys.stdout, sys.stderr)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
