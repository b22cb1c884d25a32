"""
The tablets of a play 平板: the real client over a real file, with a clock, dice and a line of its own.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sync_client.client import FieldClient
from sync_client.retry import Patience
from tests.simulation.disks import DISK, files_in
from tests.simulation.drivers import Lifeline, image_of, put
from tests.simulation.network import Line

#: Enough to meet every kind of answer; a play has no time for more.
_PATIENCE = Patience(attempts=3)


@dataclass
class Wall:
    """
    A tablet's clock: the play's, by so much wrong; or stopped.

    Attributes:
        stopped_ms: What it shows while it does not go; None while it does.
    """

    true_ms: Callable[[], int]
    wrong_ms: int = 0
    stopped_ms: int | None = None

    def __call__(self) -> int:
        return self.stopped_ms if self.stopped_ms is not None else max(self.true_ms() + self.wrong_ms, 0)


@dataclass
class Tablet:
    """
    One tablet.

    Attributes:
        name: What the trace calls it.
        page_records: How many records it asks for at once.
        sleep: How it waits between two attempts.
        folder: Where its photos lie.
    """

    name: str
    path: Path
    line: Line
    wall: Wall
    page_records: int
    sleep: Callable[[float], None]
    people: list[str] = field(default_factory=list)
    seed: int = 0
    opened: int = 0
    _client: FieldClient | None = None

    def __post_init__(self) -> None:
        self.lifeline = Lifeline(self.path)
        self.folder = self.path.with_name(f"{self.path.name}-photos")

    @property
    def client(self) -> FieldClient:
        """The open client; it is opened where it is not."""
        if self._client is None:
            self.opened += 1
            self._client = FieldClient(
                self.path,
                self.line,
                clock=self.wall,
                randomness=random.Random(f"{self.seed} {self.name} {self.opened}").randbytes,
                sleep=self.sleep,
                patience=_PATIENCE,
                page_records=self.page_records,
                driver=self.lifeline.driver(),
            )
        return self._client

    def close(self) -> None:
        """Switch it off."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def rise(self) -> None:
        """Switch it on after its program died; the file is what death left."""
        self.close()
        self.lifeline.rise()
        if self.lifeline.struck == "power":
            self._tear()

    def _tear(self) -> None:
        """Leave of what lay beside the file, and was never synced, a piece and as much rubbish."""
        for part in sorted(self.path.with_name(f"{self.path.name}-snapshot").glob("*")):
            content = part.read_bytes()
            part.write_bytes(content[: len(content) // 2] + bytes(len(content) // 4))
        DISK.lose_power(self.folder)

    def photos(self) -> dict[str, bytes]:
        """Return its photo files, by their path within the folder."""
        return files_in(self.folder) if self.folder.is_dir() else {}

    def image(self) -> dict[str, bytes]:
        """Return a copy of its file, made while it is off."""
        self.close()
        return image_of(self.path)

    def put_back(self, image: dict[str, bytes], photos: dict[str, bytes] | None = None) -> None:
        """Let it go on from an earlier image, or another tablet's; *photos* stay where they are not given."""
        self.close()
        put(self.path, image)
        if photos is not None:
            DISK.put(self.folder, photos)
