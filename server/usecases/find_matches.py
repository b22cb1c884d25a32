"""
Find out whether a picture was used before 查找重复照片: the same photo under two records, or two photos nearly one.

What is found is for the street to look at, and no verdict: a worker may have good reasons.
"""

from collections.abc import Sequence
from itertools import islice

import structlog

from schemas import grid
from schemas.ids import derived_id
from server.core.photo_kin import MOST_STEPS, next_of_kin, related, standing
from server.core.photo_names import named_in, names_any
from server.pictures.likeness import bands_of, distance, near_bands
from server.storage.photo_matches import Match
from server.storage.photos import Photo
from server.storage.unit_of_work import UnitOfWork
from server.values import Record

#: Pictures that differ in no more of 128 bits are nearly one. All that do are found (``near_bands``), as long as no
#: band is crowded.
NEAR = 10
#: Of pictures that share a band so many are looked at; more of them are a scene that says nothing.
MOST_IN_A_BAND = 500
#: Against so many uses of similar pictures one record is held: more matches would tell nobody more.
MOST_USERS = 50
#: So many pairs are held against each other in one transaction, and so many uses are read for it: a street's writers
#: wait meanwhile.
MOST_PAIRS, MOST_USES = 2_500, 400
EXACT, NEARLY = "exact", "near"

_log = structlog.get_logger()


def find_matches(work: UnitOfWork, photo: Photo, records: Sequence[str], now_ms: int) -> None:
    """
    Note with which other records and pictures *photo*, as *records* use it, matches; twice is as good as once.

    To be called with all records that use the photo in the transaction in which a file of it becomes verified, and
    with the further ones in the transaction that notes them. The pair of one record (before, after), the copy and
    original of one photo, and records of one kin (``server.core.photo_kin``) are no match; neither is what was made
    void. Of a picture that is used by hundreds each use is held against the first few: the work is bounded.

    Args:
        photo: The file that is verified, its likeness reckoned; of its two files either does.
        records: Those noted first first.
    """
    if photo.likeness is not None:
        work.photo_matches.index(photo.of, bands_of(photo.likeness))
    # Whoever takes the copy of a photo for an original names it by the copy's own hash.
    same = {photo.of, photo.sha256}
    users = _users(work, photo, same)
    pairs = _pairs(records, list(users))
    ids = {id_ for record, (_, user) in pairs for id_ in (record, user)}
    known = _with_kin(work, ids)
    stands = {id_: standing(known[id_], known) for id_ in ids & known.keys()}
    found = (
        _match(EXACT if name in same else NEARLY, _use(known[record], same), (name, user), users[name, user], now_ms)
        for record, (name, user) in pairs
        if record in stands and user in stands and _names(known[record], same)
        and _names(known[user], {name, photo.sha256} if name in same else {name})
        and not related(stands[record], stands[user])
        # Of what is sealed nobody learns by a picture of his own.
        and grid.is_sealed(known[record].grid) == grid.is_sealed(known[user].grid)
    )  # fmt: skip
    # A pair of two of *records* is found from both sides: told as the later one saw it.
    work.photo_matches.add(list({match.id: match for match in found}.values()))


def _alike(work: UnitOfWork, photo: Photo) -> dict[str, int]:
    """Return in how many bits the photos near to *photo* differ from it, by their names."""
    if photo.likeness is None:
        return {}
    alike = work.photo_matches.alike(near_bands(photo.likeness), MOST_IN_A_BAND)
    if alike.crowded:
        _log.info("photo_bands_crowded", bands=alike.crowded, most=MOST_IN_A_BAND)
    apart = {name: min(distance(photo.likeness, one) for one in each) for name, each in alike.likenesses.items()}
    return {name: bits for name, bits in apart.items() if bits <= NEAR}


def _users(work: UnitOfWork, photo: Photo, same: set[str]) -> dict[tuple[str, str], int]:
    """Return who uses the photo or one near to it, as (photo, record), with its distance: nearest, oldest first."""
    apart = {name: bits for name, bits in _alike(work, photo).items() if name not in same}
    near = work.photos.first_users_of(apart, MOST_USES) if apart else []
    exact = work.photos.first_users_of(same, MOST_USES)
    return dict.fromkeys(exact, 0) | {use: apart[use[0]] for use in sorted(near, key=lambda use: apart[use[0]])}


def _pairs(records: Sequence[str], users: Sequence[tuple[str, str]]) -> list[tuple[str, tuple[str, str]]]:
    """Return which of *records* is held against which of the uses *users*; each against some, however many they are."""
    some = records[:MOST_USES]
    each = max(1, min(MOST_USERS, MOST_PAIRS // max(1, len(some))))
    pairs = [(record, use) for record in some for use in islice((use for use in users if use[1] != record), each)]
    given = set(records)
    left = len(records) * len(users) - sum(user in given for _, user in users) - len(pairs)
    if left > 0:
        _log.info("photo_matches_capped", records=len(records), users=len(users), pairs_left=left)
    return pairs


def _with_kin(work: UnitOfWork, ids: set[str]) -> dict[str, Record]:
    """Return the records *ids*, and those that follow from them."""
    found: dict[str, Record] = {}
    wanted = ids
    for _ in range(MOST_STEPS):
        fresh = work.records.get(wanted)
        found |= fresh
        wanted = {near for one in fresh.values() for near in next_of_kin(one)} - found.keys()
        if not wanted:
            break
    return found


def _names(record: Record, sha256s: set[str]) -> bool:
    """Say whether *record* counts, and still names the photo."""
    return not record.void and names_any(record, frozenset(sha256s))


def _use(record: Record, same: set[str]) -> tuple[str, str]:
    """Return how *record* uses one of the files *same*, which it names: as (photo, record)."""
    named = (photo for photo in named_in(record) if same & {photo.get("sha256"), photo.get("copy")})
    return next(named)["sha256"], record.id


def _match(kind: str, ours: tuple[str, str], theirs: tuple[str, str], apart: int, now_ms: int) -> Match:
    # The same pair found from the other side is the same match.
    named = [part for side in sorted([ours, theirs]) for part in side]
    return Match(derived_id("photo-match", *named), kind, *ours, *theirs, apart, now_ms)
