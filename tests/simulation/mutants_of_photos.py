"""
Bugs planted in the way of photos 照片变异, on the tablet and at the office, each with the story it was taken from.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from schemas.photos import Wanted, parts_of
from server.core import photo_keeping, photo_plan
from server.core.photo_plan import Verdict
from server.storage.depot import Depot, keys
from server.storage.photos import Photo
from server.usecases import ask_for_parts, collect_photos, plan_photos, verify_photo
from sync_client import originals
from sync_client.album import Album
from sync_client.calls import BYTES, Office
from sync_client.client import FieldClient
from sync_client.errors import Unreachable
from sync_client.photos import tidying
from sync_client.photos.queue import Parcel, Queue
from sync_client.sending import Sending, State
from sync_client.transport import Request
from tests.simulation.patching import put_in_place
from tests.simulation.planting import mutant

# -- on the tablet ----------------------------------------------------------------------------------


@mutant("a photo's bytes are left to the system to write when it likes")
def photo_named_before_it_is_on_the_disk() -> Iterator[None]:
    def hasty(place: Any, data: bytes) -> None:
        place.write_bytes(data)

    with put_in_place(originals, "_write_through", hasty):
        yield


@mutant("a file all of whose parts were answered for counts as verified")
def sent_taken_for_verified() -> Iterator[None]:
    def done(self: Sending, parcel: Parcel) -> State:
        with self._queue.settling(self._queue.standing()):
            self._arrived(parcel)
        return State.COMPLETED

    with put_in_place(Sending, "_complete", done):
        yield


@mutant("what the tablet remembers as sent is not sent again, whatever the office lacks")
def resumed_from_memory() -> Iterator[None]:
    def planned(self: Queue, parcel: Parcel, wanted: Sequence[Wanted], until: int | None) -> None:
        [sent] = self._db.one("SELECT sent FROM photo_file WHERE sha256 = ?", (parcel.sha256,))
        before = {int(n) for n in sent.split()}
        real(self, parcel, [part for part in wanted if part.n not in before], until)

    real = Queue.planned
    with put_in_place(Queue, "planned", planned):
        yield


@mutant("once its copy is verified, the original is deleted to save space")
def original_deleted_behind_its_copy() -> Iterator[None]:
    def freed(self: Queue, parcel: Parcel) -> None:
        real(self, parcel)
        if parcel.of:
            folder = self._db.path.with_name(f"{self._db.path.name}-photos")
            (folder / parcel.of[:2] / parcel.of).unlink(missing_ok=True)

    real = Queue.verified
    with put_in_place(Queue, "verified", freed):
        yield


@mutant("tidying goes by what the tablet was told weeks ago")
def tidied_without_asking() -> Iterator[None]:
    def believed(self: Any, photos: Iterable[tuple[str, Sequence[Parcel]]]) -> dict[str, bool]:
        return {sha256: True for sha256, _ in photos}

    with put_in_place(tidying.Tidying, "_confirmed", believed):
        yield


@mutant("what an office had verified before it was put back counts as verified still")
def verified_kept_across_epochs() -> Iterator[None]:
    with put_in_place(Album, "queue_again", lambda *_: 0):
        yield


@mutant("a photo whose record the office does not know yet is given up")
def waiting_taken_for_refused() -> Iterator[None]:
    def given_up(self: Queue, parcel: Parcel) -> None:
        self.refused(parcel, {"code": "photo_not_named"})

    with put_in_place(Queue, "waits", given_up):
        yield


@mutant("a photo that is verified for one record is not told of for the next")
def second_record_not_told() -> Iterator[None]:
    def due(self: Queue, *arguments: Any) -> list[Parcel]:
        return [parcel for parcel in real(self, *arguments) if parcel.state != "verified"]

    real = Queue.due
    with put_in_place(Queue, "due", due):
        yield


@mutant("records wait until the photos have gone")
def records_wait_for_photos() -> Iterator[None]:
    def patient(self: FieldClient, *arguments: Any) -> Any:
        if self._darkroom.album.counts().photos:
            self.send_photos()
            if self._darkroom.album.counts().photos:
                raise Unreachable("photos first")
        return real(self, *arguments)

    real = FieldClient.sync
    with put_in_place(FieldClient, "sync", patient):
        yield


@mutant("the token goes wherever a part goes")
def token_sent_to_the_depot() -> Iterator[None]:
    def generous(self: Office, address: str, body: bytes, headers: Any) -> Any:
        named = {"Authorization": "Bearer of everything", "Content-Type": BYTES}
        return self._carry(Request("PUT", address, {**named, **headers}, body))

    with put_in_place(Office, "put_elsewhere", generous):
        yield


# -- at the office ----------------------------------------------------------------------------------


@mutant("a row says verified, then the file is laid")
def row_verified_before_the_file_lies() -> Iterator[None]:
    def hasty(office: Any, file: Photo, into: Any) -> None:
        verify_photo._write(office, file._replace(state="verified", parts=None, settled_ms=office.now_ms))
        real(office, file, into)

    real = verify_photo.admit
    with put_in_place(verify_photo, "admit", hasty):
        yield


@mutant("a file is whole when all its parts are there: they were looked at when they came")
def parts_counted_not_hashed() -> Iterator[None]:
    def counted(office: Any, file: Photo, into: Any) -> None:
        missing = ask_for_parts.missing_parts(office.depot, office.district, file)
        if missing:
            real(office, file, into)
            return
        for n in range(len(ask_for_parts.hashes_of(file))):
            for piece in office.depot.read(keys.part(office.district, file.sha256, n)):
                into.write(piece)

    real = verify_photo._gather
    with put_in_place(verify_photo, "_gather", counted):
        yield


@mutant("a file of one part is put where it is to lie, so that nobody need copy it")
def part_put_where_the_whole_lies() -> Iterator[None]:
    def shortened(depot: Depot, district: str, file: Photo, numbers: Iterable[int], seconds: int) -> Any:
        if parts_of(file.size) > 1:
            return real(depot, district, file, numbers, seconds)
        with _parts_lie_whole():
            return real(depot, district, file, numbers, seconds)

    real = ask_for_parts.wishes_for
    with put_in_place(plan_photos, "wishes_for", shortened), put_in_place(verify_photo, "wishes_for", shortened):
        yield


@contextmanager
def _parts_lie_whole() -> Iterator[None]:
    with put_in_place(keys, "part", lambda district, sha256, _n: keys.whole(district, sha256)):
        yield


@mutant("what a row says is verified is answered so, without a look at the depot")
def verified_by_its_row_alone() -> Iterator[None]:
    trusting = {**photo_plan.VERDICTS, ("verified", False): Verdict.VERIFIED}
    with put_in_place(plan_photos, "VERDICTS", trusting):
        yield


@mutant("the collection goes by age alone, whatever records name")
def collection_goes_by_age() -> Iterator[None]:
    def old(settled_ms: int | None, users: Iterable[tuple[int, bool]], at: Any) -> bool:
        return real(settled_ms, [(changed, False) for changed, _ in users], at)

    real = photo_keeping.let_go
    with put_in_place(collect_photos, "let_go", old), put_in_place(collect_photos, "_named_today", lambda *_: set()):
        yield
