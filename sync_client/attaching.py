"""Attaching photos 附照片: the original first, on the disk; then, in one commit, the record that names it."""

from pathlib import Path

from sync_client.desk import Desk
from sync_client.originals import Originals
from sync_client.recording import Change, Recorder
from sync_client.values import Record

_REMEMBER = "INSERT INTO original VALUES (?, ?, ?, ?, 'captured') ON CONFLICT DO NOTHING"


class Attacher:
    """
    Attaches photos to records.

    Args:
        desk: Transactions and the device's clock.
        recorder: Writes the references down.
        folder: Where originals are kept.
    """

    def __init__(self, desk: Desk, recorder: Recorder, folder: Path) -> None:
        self._desk = desk
        self._recorder = recorder
        self.originals = Originals(folder)

    def attach(
        self,
        record: Record | str,
        photo: str | Path | bytes,
        *,
        item: str | None,
        role: str | None,
        taken_at: str | None,
    ) -> Record:
        """Attach one photo; see ``FieldClient.attach``."""
        sha256, size = self.originals.keep(photo if isinstance(photo, bytes) else Path(photo))
        element = {"sha256": sha256, "role": role or ("near" if item else "overview")}
        element |= {name: value for name, value in (("item", item), ("taken_at", taken_at)) if value}
        with self._desk.writing():
            changed = self._recorder.edit(record, Change(add={"photos": [element]}))
            self._desk.db.run(_REMEMBER, (sha256, changed.id, size, self._desk.now_ms()))
        return changed
