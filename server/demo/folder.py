"""
The demo's folder 演示文件夹: where everything lies, which morning comes next, and throwing it away.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.usecases.mistakes import Mistake

#: What tells a folder of the demo from any other; nothing else is ever thrown away.
_MARK = "gridward-demo.json"


@dataclass(frozen=True, slots=True)
class Folder:
    """One demo's folder."""

    path: Path

    @property
    def database_url(self) -> str:
        """The database, under the name ``gridward-server`` looks for in ``GRIDWARD_DATA``."""
        return f"sqlite:///{self.path.absolute()}/gridward.db"

    @property
    def tables(self) -> Path:
        """The tables that were brought in."""
        return self.path / "tables"

    @property
    def tablets(self) -> Path:
        """One folder a tablet."""
        return self.path / "tablets"

    @property
    def photos(self) -> Path:
        """Where the server keeps photos, as it would by itself in ``GRIDWARD_DATA``."""
        return self.path.absolute() / "photos"

    @property
    def pictures(self) -> Path:
        """What the office looked at, a folder each morning."""
        return self.path / "pictures"

    @property
    def log(self) -> Path:
        """What the server says of itself."""
        return self.path / "server.log"

    @property
    def is_imported(self) -> bool:
        """Whether everything was brought in."""
        return bool(self._notes().get("imported"))

    def note_imported(self) -> None:
        """Remember that everything was brought in."""
        self._write(self._notes() | {"imported": True})

    def next_morning(self) -> int:
        """Return the number of the morning that begins now, from 1; one that fails is not taken up again."""
        morning = int(self._notes().get("mornings", 0)) + 1
        self._write(self._notes() | {"mornings": morning})
        return morning

    def make(self) -> None:
        """
        Make the folder where there is none.

        Raises:
            Mistake: There is something else at its place.
        """
        if self._is_strange():
            raise Mistake(f"{self.path} 不是演示文件夹，没有改动。", f"{self.path} is no demo's folder; left alone.")
        for part in (self.path, self.tablets):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Wherever it lies, it is no part of anybody's repository.
        (self.path / ".gitignore").write_text("*\n", encoding="utf-8")
        self._write(self._notes())

    def throw_away(self) -> bool:
        """
        Delete the folder with everything in it; say whether there was one.

        Raises:
            Mistake: It is not the demo's.
        """
        if self._is_strange():
            raise Mistake(f"{self.path} 不是演示文件夹，没有删除。", f"{self.path} is no demo's folder; left alone.")
        there = self.path.exists()
        shutil.rmtree(self.path, ignore_errors=not there)
        return there

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """
        Keep other demos out of the folder meanwhile.

        Raises:
            Mistake: Another one is running in it.
        """
        if not self.path.exists() or self._is_strange():
            # A folder of somebody else's is not written to, not even a lock.
            yield
            return
        with (self.path / "running").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Mistake(
                    f"{self.path} 中已有演示在运行，请先按 Ctrl-C 停止它。",
                    f"A demo is running in {self.path}; stop it first, with Ctrl-C.",
                ) from None
            yield

    def _is_strange(self) -> bool:
        if not self.path.exists():
            return False
        return not self.path.is_dir() or (any(self.path.iterdir()) and not (self.path / _MARK).exists())

    def _notes(self) -> dict[str, Any]:
        try:
            notes: dict[str, Any] = json.loads((self.path / _MARK).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return notes

    def _write(self, notes: dict[str, Any]) -> None:
        beside = self.path / f"{_MARK}.part"
        beside.write_text(json.dumps(notes), encoding="utf-8")
        beside.replace(self.path / _MARK)
