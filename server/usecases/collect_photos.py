"""
Collect what nobody needs 清理无主照片: files that never came, files that no record names, bytes without an owner.

Two steps, so that nothing is lost between two looks. First a file's row says that it is collected; its bytes go with
the next run, an hour later at the earliest, after it was asked once more whether a record names it: whoever was told
a moment before that it lies here has been written down by then, and the file stands again. A run that is cut off
leaves bytes without an owner, and the next one finds them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeVar

import structlog

from server.core.photo_keeping import Kept, Moment, is_left_over, key_of, let_go, named_in
from server.pictures.likeness import bands_of
from server.storage.depot import Depot, Lying
from server.storage.photo_housekeeping import Housekeeping
from server.storage.photos import Photo
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying

#: So many files are locked at a time.
_AT_ONCE = 100
Found = tuple[Lying, Kept]
T = TypeVar("T")
_log = structlog.get_logger()


@dataclass(slots=True)
class Collected:
    """
    What was collected, or would be.

    Attributes:
        never_came: Files that were expected, and are no more: no record names them.
        let_go: Verified files that no record names any more; their bytes go with the next run.
        returned: Files collected before that a record names again; they are verified as before.
        unclaimed: Whole files that a record names and of which no row tells; they stay.
        keys: What was taken out of the depot.
        size: Its bytes.
        strange: Keys in the depot that are none of ours; they stay.
    """

    never_came: list[str] = field(default_factory=list)
    let_go: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    size: int = 0
    strange: int = 0


def collect_photos(store: Store, depot: Depot, district: str, now_ms: int, *, dry_run: bool = False) -> Collected:
    """
    Collect what has been nobody's for 30 days, and return what it was; nothing that a record names.

    Args:
        dry_run: Say what would go, and change nothing.

    Raises:
        DepotTrouble: What was done until then stays done.
    """
    found, at = Collected(), Moment(now_ms)
    with store.work(district, writing=False) as work:
        doubtful = {file.sha256: file for file in _doubtful(work, at)}
        named = _named_today(work, doubtful.values())
    going = [file for sha256, file in doubtful.items() if sha256 not in named]
    for some in _batches(sorted(going)):
        marked = some if dry_run else retrying(partial(_mark, store, district, some, at))
        found.never_came += [file.sha256 for file in marked if file.state == "expected"]
        found.let_go += [file.sha256 for file in marked if file.state == "verified"]
    _sweep(store, depot, district, at, found, dry_run=dry_run)
    if not dry_run:
        _log.info("photos_collected", never_came=len(found.never_came), let_go=len(found.let_go),
                  returned=len(found.returned), keys=len(found.keys), bytes=found.size)  # fmt: skip
    return found


# -- rows -------------------------------------------------------------------------------------------


def _doubtful(work: UnitOfWork, at: Moment) -> Iterator[Photo]:
    """Yield the files that none of the records names that are known to have used them, for long enough."""
    house = Housekeeping(work.connection, work.district)
    for state in ("expected", "verified"):
        for page in house.pages(state, planned_before_ms=at.cutoff_ms):
            yield from _unused(work, page, at)


def _unused(work: UnitOfWork, page: Sequence[Photo], at: Moment) -> list[Photo]:
    house = Housekeeping(work.connection, work.district)
    photos = work.photos.users_of({file.of for file in page})
    files = work.photos.users_of_files(file.sha256 for file in page)
    using = {file.sha256: {*photos.get(file.of, ()), *files.get(file.sha256, ())} for file in page}
    users = {user for each in using.values() for user in each}
    names = {id_: named_in(said.fields, said.marks) for id_, said in house.saying(users).items()}
    changed = house.changed_ms(users)
    return [
        file
        for file in page
        if let_go(
            file.settled_ms,
            ((changed[user], bool({file.sha256, file.of} & names[user])) for user in using[file.sha256]
             if user in names and user in changed),
            at,
        )
    ]  # fmt: skip


def _named_today(work: UnitOfWork, files: Iterable[Photo]) -> set[str]:
    """Return those of *files* that any record names: a case has photos that nobody ever planned for it."""
    names: dict[str, set[str]] = {}
    for file in files:
        for name in (file.sha256, file.of):
            names.setdefault(name, set()).add(file.sha256)
    if not names:
        return set()
    found: set[str] = set()
    for said in Housekeeping(work.connection, work.district).naming_photos():
        for name in named_in(said.fields, said.marks) & names.keys():
            found |= names[name]
    return found


def _mark(store: Store, district: str, files: Sequence[Photo], at: Moment) -> list[Photo]:
    """Write down that *files* are collected, but those about which something has changed; return the others."""
    before = {file.sha256: file for file in files}
    with store.work(district) as work:
        rows = work.photos.locked(before)
        # Whoever plans one of them now waits for this; whoever just did has noted its record.
        same = [row for sha256, row in rows.items() if row == before[sha256]]
        still = {file.sha256 for file in _unused(work, same, at)}
        gone = [row for row in same if row.sha256 in still]
        ended = [row._replace(state="collected", parts=None, ended_ms=at.now_ms) for row in gone]
        work.photos.change(ended)
        work.photo_matches.forget(row.of for row in gone if row.is_original)
        work.commit()
    return gone


# -- bytes ------------------------------------------------------------------------------------------


def _sweep(store: Store, depot: Depot, district: str, at: Moment, found: Collected, *, dry_run: bool) -> None:
    """Take out of the depot what nobody needs."""
    doomed: list[Found] = []
    for some in _batches(depot.lying(f"{district}/"), 5 * _AT_ONCE):
        keys = [(lying, key_of(lying.key)) for lying in some]
        found.strange += sum(kept is None for _, kept in keys)
        with store.work(district, writing=False) as work:
            doomed += _left_over(work, [(lying, kept) for lying, kept in keys if kept], at)
    _stand_again(store, district, doomed, found, dry_run=dry_run)
    found.unclaimed += _unclaimed(store, district, doomed)
    staying = {*found.returned, *found.unclaimed}
    going = [(lying, kept) for lying, kept in doomed if kept.name not in staying]
    for batch in _batches(going):
        gone = batch if dry_run else retrying(partial(_delete, store, depot, district, batch, at))
        found.keys += [lying.key for lying, _ in gone]
        found.size += sum(lying.size for lying, _ in gone)


def _left_over(work: UnitOfWork, keys: Sequence[Found], at: Moment, *, locked: bool = False) -> list[Found]:
    """Return those of *keys* that nobody needs, by what the rows say now."""
    owners = _owners(work, [kept for _, kept in keys], locked=locked)
    return [(lying, kept) for lying, kept in keys if is_left_over(kept, lying.put_ms, owners.get(kept.name), at)]


def _owners(work: UnitOfWork, keys: Sequence[Kept], *, locked: bool) -> dict[str, Photo]:
    """Return the file to which each of *keys* belongs; of a published copy the one of its photo that is most here."""
    redacted = Housekeeping(work.connection, work.district).redacted(k.name for k in keys if k.what == "published")
    files = work.photos.files_of(redacted.values())
    here = {of: min(each, key=_how_gone) for of, each in files.items()}
    names = {kept.name for kept in keys if kept.what != "published"}
    rows = work.photos.locked(names) if locked else work.photos.get(names)
    return rows | {id_: here[of] for id_, of in redacted.items() if of in here}


def _how_gone(file: Photo) -> int:
    """Return 0 for a file that is here, 1 for one that is to come (again), 2 for any other."""
    return {"verified": 0, "expected": 1}.get(file.state, 2)


def _stand_again(store: Store, district: str, doomed: Sequence[Found], found: Collected, *, dry_run: bool) -> None:
    """Let files that were collected stand as before where a record names them again, while their bytes are here."""
    sizes = {kept.name: lying.size for lying, kept in doomed if kept.what == "photos"}
    with store.work(district, writing=False) as work:
        collected = [file for file in _rows(work, sizes) if file.state == "collected"]
        named = sorted(_named_today(work, collected))
    for some in _batches(named):
        found.returned += some if dry_run else retrying(partial(_return, store, district, some, sizes))


def _unclaimed(store: Store, district: str, doomed: Sequence[Found]) -> list[str]:
    """
    Return the whole files of which no row tells, and that a record names all the same.

    A database put back to a day before them leaves them so, beside a newer depot; tablets have let go of theirs.
    """
    with store.work(district, writing=False) as work:
        names = {kept.name for _, kept in doomed if kept.what == "photos"}
        orphans = names - {row.sha256 for row in _rows(work, sorted(names))}
        said = Housekeeping(work.connection, district).naming_photos() if orphans else ()
        return sorted({name for one in said for name in named_in(one.fields, one.marks) & orphans})


def _rows(work: UnitOfWork, names: Iterable[str]) -> Iterator[Photo]:
    for some in _batches(names):
        yield from work.photos.get(some).values()


def _return(store: Store, district: str, names: Sequence[str], sizes: Mapping[str, int]) -> list[str]:
    with store.work(district) as work:
        rows = [row for row in work.photos.locked(names).values() if row.state == "collected"]
        whole = [row for row in rows if row.kind and row.size == sizes[row.sha256]]
        work.photos.change(row._replace(state="verified", ended_ms=None) for row in whole)
        for row in whole:
            if row.likeness:
                work.photo_matches.index(row.of, bands_of(row.likeness))
        work.commit()
    # What a tablet is asked for again meanwhile is not left over either.
    return [row.sha256 for row in whole]


def _delete(store: Store, depot: Depot, district: str, keys: Sequence[Found], at: Moment) -> list[Found]:
    with store.work(district) as work:
        # Nobody can plan one of these files while its row is locked.
        gone = _left_over(work, keys, at, locked=True)
        depot.delete([lying.key for lying, _ in gone])
    return gone


def _batches(values: Iterable[T], size: int = _AT_ONCE) -> Iterator[list[T]]:
    """Yield *values* some at a time."""
    each = iter(values)
    while some := list(islice(each, size)):
        yield some
