"""
Look whether the photo store works 照片库体检: put something there, read it back, find it, take it away.
"""

from collections.abc import Iterator

from server.storage import migrate
from server.storage.depot import Depot, DepotFull, DepotTrouble, Missing, keys
from server.storage.depot.folder import FolderDepot, Room
from server.storage.store import Store
from server.usecases.check_photos import check_photos
from server.usecases.examine import Finding

#: What a day of a large district may bring, in bytes; with less than that free somebody should act today.
SCARCE = 10 * 1024**3
#: Or so little of the whole disk.
SCARCE_SHARE = 0.05
#: So many files of each district are read back: enough to notice a disk that is not mounted.
DRAWN = 20
_GIB = 1024**3


def examine_depot(depot: Depot, tag: str) -> Iterator[Finding]:
    """
    Yield what there is to say about *depot*.

    Args:
        tag: Random letters and digits, so that two who look at once do not meet.
    """
    try:
        if not _holds(depot, keys.trial(tag)):
            yield Finding(
                "bad", "照片库存取不一致：放进去的读不回来", "the photo store does not give back what was put"
            )
            return
        yield Finding("good", "照片库可以存、取、列、删", "the photo store keeps, gives back, lists and deletes")
        if isinstance(depot, FolderDepot):
            yield from _of_room(depot.room())
    except DepotFull as error:
        yield Finding("bad", f"照片库已满（{error}）", f"the photo store is full ({error})")
    except DepotTrouble as error:
        yield Finding("bad", f"照片库不能用（{error}）：见 docs/photo-store.md",
                      f"the photo store cannot be used ({error}): see docs/photo-store.md")  # fmt: skip


def examine_photos(store: Store, depot: Depot, now_ms: int) -> Iterator[Finding]:
    """
    Yield, for each district, whether a few verified photos drawn by lot read back 抽查.

    A depot that is empty works as well as any: only what should lie there tells it from the right one. Nothing
    is said where tables or depot cannot be asked; ``examine`` and ``examine_depot`` do.
    """
    if not migrate.state(store.engine).up_to_date:
        return
    for district in sorted(store.places()):
        try:
            found = check_photos(store, depot, district, now_ms, sample=DRAWN)
        except DepotTrouble:
            return
        lost = len(found.missing) + len(found.damaged)
        drawn = lost + found.sound
        if lost:
            zh = f"抽查 {drawn} 个照片文件，{lost} 个读不回来：照片盘挂好了吗？"
            en = f"of {drawn} photo files drawn {lost} do not read back: is the disk mounted?"
            run = "gridward-server photos verify"
            yield Finding("bad", f"{zh}请运行 {run}", f"{en} Run {run}")
        elif drawn:
            yield Finding("good", f"抽查 {drawn} 个照片文件，都完好", f"{drawn} photo files drawn read back")


def _holds(depot: Depot, key: str) -> bool:
    data = key.encode()
    depot.put(key, data)
    try:
        there = b"".join(depot.read(key)) == data and depot.size(key) == len(data)
        return there and [lying.key for lying in depot.lying(key)] == [key]
    except Missing:
        return False
    finally:
        depot.delete([key])


def _of_room(room: Room) -> Iterator[Finding]:
    scarce = room.free < min(SCARCE, room.total // 2) or room.free < SCARCE_SHARE * room.total
    free, total = room.free / _GIB, room.total / _GIB
    yield Finding("look" if scarce else "good", f"照片库所在磁盘剩余 {free:.1f} GB，共 {total:.1f} GB",
                  f"{free:.1f} GB of {total:.1f} GB are free on the disk of the photos")  # fmt: skip
