"""
The verbs by which work, or a person, leaves a tablet without a network 移交: a part of ``FieldClient``.
"""

from collections.abc import Callable
from pathlib import Path

from sync_client.calls import Office
from sync_client.carrying import Carried, Carrier
from sync_client.desk import Desk
from sync_client.leaving import Leaving
from sync_client.originals import Originals
from sync_client.rescue import Exported, Rescuer


class Handover:
    """Rescue packages, logging out and resetting."""

    _rescuer: Rescuer
    _carrier: Carrier
    _leaving: Leaving

    def _ready_to_hand_over(
        self,
        desk: Desk,
        office: Office,
        originals: Originals,
        randomness: Callable[[int], bytes],
        sleep: Callable[[float], None],
        app: str | None,
    ) -> None:
        """Put the parts together, and end an emptying that was cut short."""
        self._rescuer = Rescuer(desk, originals, app)
        self._carrier = Carrier(desk, office, originals)
        snapshots = desk.db.path.with_name(desk.db.path.name + "-snapshot")
        self._leaving = Leaving(desk, originals, (originals.folder, snapshots), randomness, sleep)
        try:
            self._leaving.finish()
        except BaseException:
            desk.db.close()
            raise

    def export_outbox(
        self, path: str | Path, *, whole: bool = False, photos: bool = True, originals: str | Path | None = None
    ) -> Exported:
        """
        Write everything without a final outcome into a rescue package 导出救援包, with drafts and photo originals.

        Works without enrolment and network, on a revoked tablet, and changes nothing here. The token is not in it.

        Args:
            path: The file, or the folder to make one in; it appears whole or not at all.
            whole: The whole journal (30 days) and every original the office lacks.
            photos: False leaves the originals out.
            originals: Where they lie, if not beside the tablet's file.

        Raises:
            OSError: It could not be written; nothing is left behind.
            schemas.problems.Refusal: ``rescue_too_large``.
        """
        kept = Originals(Path(originals)) if originals else None
        return self._rescuer.export(Path(path), whole=whole, photos=photos, originals=kept)

    def import_rescue(self, path: str | Path) -> Carried:
        """
        Take another tablet's rescue package along 捎带; the next syncs deliver it. A second time changes nothing.

        Raises:
            schemas.problems.Refusal: It is damaged, hostile, foreign, too new or unproven; nothing was taken.
            NotEnrolled: This tablet cannot deliver anything itself.
            StoreFull, StoreError, OSError: It could not be kept, or not be read.
        """
        return self._carrier.take_in(Path(path))

    def carried(self) -> list[Carried]:
        """Return every package taken along, with what became of it."""
        return self._carrier.all()

    def challenge(self, what: str) -> str:
        """
        Return the challenge 申请码 for which the office gives a release code; *what* is ``logout`` or ``reset``.

        The same one until it is used, or its code was five times wrong.

        Raises:
            NotEnrolled: The office does not know this tablet.
        """
        return self._leaving.challenge(what)

    def logout(
        self,
        person_id: str | None = None,
        *,
        forget: bool = False,
        code: str | None = None,
        exported: str | Path | None = None,
    ) -> str:
        """
        End a person's session 退出登录, of whoever works now unless one is named; return who it was.

        What he made stays on the tablet and is sent as usual.

        Args:
            person_id: Who.
            forget: Admit him to this tablet no longer.
            code: A release code.
            exported: Where the last export lies now, if it was moved.

        Raises:
            WorkWaiting: Work of his waits, was not taken out since, and no code was given.
            WrongReleaseCode: The code is wrong.
            NoSuchRecord, NobodyWorks: He is not admitted; nobody works.
        """
        return self._leaving.logout(person_id, forget=forget, code=code, exported=_path(exported))

    def reset(self, *, code: str | None = None, exported: str | Path | None = None) -> None:
        """
        Empty the tablet 清空本机: records, journal, photos, drafts, people and enrolment.

        Args:
            code: A release code.
            exported: Where the last export lies now, if it was moved.

        Raises:
            WorkWaiting: Mutations, photos, drafts or packages lie here alone, and none of the two ways was taken.
            WrongReleaseCode: The code is wrong.
            SyncUnderWay: It is syncing, or sending photos.
            StoreError: The file did not take it (nothing happened), or a folder beside it could not be removed
                (done when the tablet is opened next).
        """
        self._leaving.reset(code=code, exported=_path(exported))


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)
