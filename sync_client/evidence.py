"""
The verbs about photos 照片: a part of ``FieldClient``. Only ``send_photos`` and ``tidy_photos`` touch the network.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

from sync_client.album import Album
from sync_client.asking import Asking
from sync_client.attaching import Attacher, Prepared
from sync_client.calls import Office
from sync_client.database import SENDING, only_one
from sync_client.desk import Desk
from sync_client.looking_at_photos import PhotoOffice
from sync_client.names import Tablet
from sync_client.originals import Originals, photo_folder
from sync_client.photos.errors import SendingUnderWay
from sync_client.photos.policy import Days, Network, PhotoPolicy, Way, keep_policy, policy_in
from sync_client.photos.queue import Queue, When
from sync_client.photos.tidying import Tidying
from sync_client.photos.values import PhotoFile, PhotoProgress, PhotoReport, Tidied
from sync_client.pictures.showing import show
from sync_client.recording import Recorder
from sync_client.retry import Patience
from sync_client.sending import Sender, Sending
from sync_client.values import Attached, Record


class Darkroom:
    """
    The parts of a tablet that deal with photos.

    Args:
        desk: The tablet's file and clock; photo files go into a folder beside it.
        recorder: Names photos in records.
        office: The way to the server, for photos alone.
        patience: How long to keep trying.
        sleep: Waits so many seconds.
        randomness: Returns so many random bytes.
    """

    def __init__(
        self,
        desk: Desk,
        recorder: Recorder,
        office: Office,
        patience: Patience,
        sleep: Callable[[float], None],
        randomness: Callable[[int], bytes],
    ) -> None:
        self.desk = desk
        self.album = Album(desk)
        folder = photo_folder(desk.db.path)
        self.attacher = Attacher(desk, recorder, folder, self.album)
        self._queue = Queue(desk)
        self._office = office
        self._patience = patience
        self._sleep = sleep
        self._randomness = randomness

    @property
    def originals(self) -> Originals:
        """Where photo files lie."""
        return self.attacher.originals

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Deal with the photos' files, nobody else of this tablet meanwhile."""
        with only_one(self.desk.db.path, SENDING) as free:
            if not free:
                raise SendingUnderWay
            yield

    def sending(self, when: When, watch: Callable[[PhotoProgress], None] | None) -> Sending:
        """Return a sending of what may travel."""
        sender = Sender(
            desk=self.desk,
            queue=self._queue,
            originals=self.originals,
            office=self._office,
            patience=self._patience,
            sleep=self._sleep,
            dice=self._dice,
        )
        return Sending(sender, policy_in(self.desk.db), when, watch)

    def tidying(self) -> Tidying:
        """Return what takes verified files off the tablet."""
        asking = Asking(self._patience, self._sleep, self._dice)
        return Tidying(self.desk, self._queue, self.originals, self._office, asking)

    def at_the_office(self) -> PhotoOffice:
        """Return what looks at the photos that lie at the office."""
        return PhotoOffice(self.desk, self._office, Asking(self._patience, self._sleep, self._dice))

    def _dice(self) -> float:
        return int.from_bytes(self._randomness(4), "big") / (1 << 32)


class _Named(Tablet, Protocol):
    """A tablet that knows names and has a darkroom."""

    _darkroom: Darkroom


class Evidence:
    """Taking photos, sending them, and letting go of them."""

    _darkroom: Darkroom

    @property
    def office_photos(self) -> PhotoOffice:
        """The photos that lie at the office 平台照片: looking at them, redacting them; all of it needs a network."""
        return self._darkroom.at_the_office()

    def prepare_photo(self, photo: str | Path | bytes) -> Prepared:
        """
        Look at a photo and keep it, its copy beside it 备好照片; no record names it yet.

        Raises:
            schemas.problems.Refusal, StoreFull, StoreError: As ``attach``.
        """
        return self._darkroom.attacher.prepare(photo)

    def attach(
        self,
        record: Record | str,
        photo: str | Path | bytes | Prepared,
        *,
        item: str | None = None,
        role: str | None = None,
        taken_at: str | None = None,
        origin: Literal["camera", "gallery"] = "camera",
        position: Mapping[str, Any] | None = None,
        mock: bool = False,
    ) -> Attached:
        """
        Attach a photo 附照片: look at it, keep the original and a copy, and name both in the record.

        Args:
            record: Which.
            photo: The file, its bytes, or what ``prepare_photo`` gave.
            item: The check item it shows.
            role: overview, far, near, before or after; by itself near with an item, overview without.
            taken_at: When, as 2020-07-18T08:15:30+08:00; by itself what the picture says.
            origin: Taken just now, or chosen from the gallery 相册导入.
            position: Where the tablet was, as a record's ``position``.
            mock: Whether the tablet's positions are made up 模拟定位.

        Returns:
            The record as it is now, and what there is to know of the photo: a record names it once, so one that is
            attached again changes its purpose; and one that shows another place as well is told, not refused.

        Raises:
            schemas.problems.Refusal: ``photo_kind_unknown``, ``photo_damaged`` or ``photo_too_many_pixels``: take it
                again; or as ``edit``. Nothing was written.
            StoreFull, StoreError: It cannot be read or kept.
            NoSuchRecord, NotEnrolled: As ``edit``.
        """
        return self._darkroom.attacher.attach(
            record,
            photo,
            item=item,
            role=role,
            taken_at=taken_at,
            origin=origin,
            position=dict(position) if position else None,
            mock=mock,
        )

    def watermarked(self: "_Named", record: Record | str, sha256: str) -> Path:
        """
        Draw a photo of *record* with its watermark 水印照, for showing and sharing; return the file, a JPEG.

        Args:
            record: Which.
            sha256: Of the photo's original.

        Raises:
            schemas.problems.Refusal: ``photo_not_named``: the record has no such photo.
            PhotoAway: Its files are not on this tablet.
            NoSuchRecord, StoreFull, StoreError: As ``attach``.
        """
        darkroom = self._darkroom
        return show(self.read(record), sha256, self, darkroom.originals, darkroom.desk.db)

    def photos(self, record: Record | str | None = None) -> list[PhotoFile]:
        """Return every photo file here with each record that uses it, or those of one record 照片."""
        name = record.id if isinstance(record, Record) else record
        return self._darkroom.album.files(name)

    def acknowledge_photo(self, sha256: str) -> bool:
        """Put aside what was told of a refused or lost file 已阅; say whether it was on the list."""
        return self._darkroom.album.put_aside(sha256)

    def send_photos(
        self,
        *,
        network: Network | None = None,
        now: bool = False,
        progress: Callable[[PhotoProgress], None] | None = None,
    ) -> PhotoReport:
        """
        Send the photos that may travel 上传照片, the copies first, the smallest first; a sync may go on beside it.

        Args:
            network: What the tablet is connected by; None where nobody knows.
            now: Everything, whatever the policy says, also what was put off.
            progress: Told after every step; whatever it raises stops the sending there, harmlessly.

        Returns:
            What was done. A file that the office would not take is told there, not raised.

        Raises:
            SendingUnderWay: Another program is at it.
            SyncError: It stopped early; ``error.photos`` says what was done, and nothing is lost.
        """
        with self._darkroom.alone():
            return self._darkroom.sending(When(network, now), progress).run()

    def photo_policy(
        self,
        *,
        copies: Way | None = None,
        originals: Way | None = None,
        originals_days: Days | None = None,
        copies_days: Days | None = None,
    ) -> PhotoPolicy:
        """
        Return when photos travel and how long their files stay 照片策略, after changing what is given.

        Args:
            copies, originals: any network, wifi only, or by hand; see ``PhotoPolicy``.
            originals_days, copies_days: For how many days a verified file stays.

        Raises:
            ValueError: A word or a number is none that a policy can have; nothing was changed.
        """
        db = self._darkroom.desk.db
        given = {
            "copies": copies,
            "originals": originals,
            "originals_days": originals_days,
            "copies_days": copies_days,
        }
        with db.writing():
            return keep_policy(db, {name: value for name, value in given.items() if value is not None})

    def tidy_photos(self, *, now: bool = False, rehearse: bool = False) -> Tidied:
        """
        Remove verified files that are old enough 清理, once the office has confirmed each of them again.

        Before that, and without asking, what is nobody's evidence: pictures drawn for showing, after three days, and
        files that nothing on this tablet names, after a week.

        Args:
            now: Originals behind copies, and drawn pictures, whatever their age.
            rehearse: Only say what would go, or be asked for; needs no network.

        Raises:
            SendingUnderWay: Photos are being sent.
            Unreachable, Refused: The office could not be asked; no photo's file was removed. ``error.tidied`` says what
                else was.
            StoreError: A file could not be removed.
        """
        with self._darkroom.alone():
            return self._darkroom.tidying().run(now=now, rehearse=rehearse)
