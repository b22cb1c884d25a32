"""A terminal to tell stories at: ``gridward`` as a person or a program types it, against an office in this process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from schemas.problems import Refusal
from sync_client.client import FieldClient
from sync_client.commands import main
from sync_client.commands.session import Address, Surroundings
from sync_client.errors import Unreachable
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response, Transport
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import GRID_7, LI, WANG, Wall

SERVER = "https://haizhou.example"
PEACE_ROAD = "00000000-0000-7000-8000-0000000000a1"
LAO_WANG = "00000000-0000-7000-8000-0000000000b1"
LAO_WANG_NOODLES = "00000000-0000-7000-8000-0000000000b2"
PAVEMENT = "00000000-0000-7000-8000-0000000000c1"


def furnished_office() -> TinyOffice:
    """Return an office that knows one road, two shops with like names, a place to park, and two workers."""
    office = TinyOffice()
    office.write("street_segment", PEACE_ROAD, GRID_7, name="和平路", kind="secondary", road_grade=2, width_m=12)
    office.write(
        "shop", LAO_WANG, GRID_7, name="老王修车", category="repair", code="SH-0001", door_no="12", has_green=True
    )
    office.write(
        "shop", LAO_WANG_NOODLES, GRID_7, name="老王面馆", category="catering", code="SH-0002", has_green=False
    )
    office.write("parking_area", PAVEMENT, GRID_7, name="和平路便道", kind="sidewalk")
    office.invite("Q7KD-2M", LI, "李伟")
    office.invite("W3XP-8T", WANG, "王芳")
    return office


class NoSignal:
    """A transport where there is no network."""

    def send(self, request: Request) -> Response:
        """Say that nobody answers."""
        raise Unreachable(request.path)


@dataclass
class Terminal:
    """One tablet's terminal; ``transport`` is the network as it is just now."""

    folder: Path
    office: TinyOffice = field(default_factory=furnished_office)
    wall: Wall = field(default_factory=Wall)
    transport: Transport | None = None
    waited: list[float] = field(default_factory=list)

    def types(self, *args: str, keys: str = "", columns: int = 100) -> Result:
        """Run one command; *keys* is what the person then types, a line each."""
        around = Surroundings(connect=self._connect, wall_ms=self.wall, sleep=self.waited.append)
        where = {"GRIDWARD_TABLET": str(self.folder), "COLUMNS": str(columns)}
        return CliRunner().invoke(main, args, input=keys, env=where, obj=around)

    def json(self, *args: str) -> Any:
        """Run one command for a program, and return what it answers."""
        return json.loads(self.types("--json", *args).stdout)

    def enrol(self) -> None:
        """Enrol with the office and fetch the registers."""
        assert self.types("enrol", "Q7KD-2M", "--server", SERVER, "--name", "平板 3").exit_code == 0
        assert self.types("sync").exit_code == 0

    def refuse(self, code: str) -> None:
        """Let the office refuse the next request."""
        self.office.refuse.append(Refusal(code))

    @contextmanager
    def client(self) -> Iterator[FieldClient]:
        """Open the tablet's file as a program would."""
        with FieldClient(self.folder / "tablet.db", self._connect(Address(SERVER)), clock=self.wall) as client:
            yield client

    def network(self) -> Transport:
        """Return the way to the office."""
        return InProcessTransport(self.office)

    def _connect(self, address: Address) -> Transport:
        if not address.url.startswith("https://"):
            raise ValueError(address.url)
        return self.transport or self.network()
