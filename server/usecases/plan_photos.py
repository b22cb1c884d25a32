"""
Plan how photos travel 传送计划: which of the files a tablet offers are wanted, and which parts of them are missing.

Who offers a file does not matter, as long as a record of the district names it: the hash is what proves it.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import structlog

from schemas import wire
from schemas.photos import MAX_FILE_BYTES, Offered, Planned
from schemas.problems import Refusal
from server.core.admission import out_of_sight
from server.core.photo_plan import USED, VERDICTS, Verdict, unfit
from server.storage.depot import Depot, keys
from server.storage.devices import Device
from server.storage.photos import Photo, Use
from server.storage.store import Store
from server.storage.unit_of_work import retrying
from server.usecases.ask_for_parts import missing_parts, wishes_for
from server.usecases.find_matches import find_matches
from server.values import Record

#: What is offered again and again was last expected a day ago at the most: nobody collects it meanwhile.
_REFRESH_MS = 24 * 3_600_000
#: Of one device so many bytes may be expected, and the file that goes beyond; no tablet plans more than its next few
#: hundred photos, and no forger fills the depot and the table behind a handful of records.
MOST_EXPECTED_BYTES = 8 << 30
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request: what is offered and fit to be taken, by whom, when; and what was found before it is written."""

    device: Device
    now_ms: int
    fit: Sequence[Offered]
    known: Mapping[str, Photo]
    whole: frozenset[str]


@dataclass(slots=True)
class _Laid:
    """What becomes of the files of one request: their rows as they will be, and what has to be written for it."""

    files: dict[str, Photo]
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    new: dict[str, Photo] = field(default_factory=dict)
    changed: dict[str, Photo] = field(default_factory=dict)
    uses: set[Use] = field(default_factory=set)


def plan_photos(
    store: Store, depot: Depot, device: Device, offered: Sequence[Offered], now_ms: int, seconds: int
) -> list[Planned]:
    """
    Return what becomes of each file, in the order *offered*; what is wanted is expected from now on.

    Args:
        seconds: For how long the addresses of parts hold, where the depot gives any.
    """
    with store.work(device.district, writing=False) as work:
        records = work.records.get({file.record for file in offered})
        reasons = [_unfit(device, file, records.get(file.record), now_ms) for file in offered]
        fit = [file for file, reason in zip(offered, reasons, strict=True) if reason is None]
        known = work.photos.get({file.sha256 for file in fit})
        uses = work.photos.uses_of(map(_photo_of, fit))
    # The depot may be slow: it is asked while no transaction is open.
    asked = _Asked(device, now_ms, fit, known, _lying_whole(depot, device.district, fit, known))
    laid = _lay(asked, known, uses)
    if laid.new or laid.changed or laid.uses:
        laid = retrying(lambda: _write(store, asked))
    _tell_operator(asked, laid)
    return [
        _told(depot, asked, laid, file, reason or laid.verdicts[file.sha256], seconds)
        for file, reason in zip(offered, reasons, strict=True)
    ]


def _unfit(device: Device, file: Offered, record: Record | None, now_ms: int) -> Verdict | None:
    """Return why a file is not taken; of a record that is sealed 封存 the same as of one that is not there."""
    reason = unfit(file, record)
    if reason is None or record is None or not out_of_sight(device.people.values(), record.grid, now_ms):
        return reason
    return unfit(file, None)


def _photo_of(file: Offered) -> str:
    return file.of or file.sha256


def _lying_whole(depot: Depot, district: str, fit: Iterable[Offered], known: Mapping[str, Photo]) -> frozenset[str]:
    """Return which files lie whole in the depot, going by their size."""
    sizes = {file.sha256: file.size for file in fit}
    sizes |= {sha256: file.size for sha256, file in known.items() if file.state == "verified"}
    return frozenset(sha256 for sha256, size in sizes.items() if depot.size(keys.whole(district, sha256)) == size)


def _write(store: Store, asked: _Asked) -> _Laid:
    """Lay it out once more over what nobody else can change now, and write it down."""
    with store.work(asked.device.district) as work:
        rows = work.photos.locked({file.sha256 for file in asked.fit})
        is_new = any(_is_new(rows.get(file.sha256)) for file in asked.fit)
        expected = work.photos.expected_bytes(asked.device.id) if is_new else 0
        laid = _lay(asked, rows, work.photos.uses_of(map(_photo_of, asked.fit)), expected)
        work.photos.add(laid.new.values())
        work.photos.change(laid.changed.values())
        work.photos.note_uses(laid.uses, asked.now_ms)
        for sha256, records in _by_file(laid.uses).items():
            if laid.files[sha256].state == "verified":
                find_matches(work, laid.files[sha256], records, asked.now_ms)
        work.commit()
    return laid


def _by_file(uses: Iterable[Use]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for use in sorted(uses):
        found.setdefault(use.file, []).append(use.record)
    return found


def _is_new(row: Photo | None) -> bool:
    """Say whether nothing has been expected under a name, or not since it was collected."""
    return row is None or row.state == "collected"


def _lay(asked: _Asked, rows: Mapping[str, Photo], uses: Set[Use], expected: int = 0) -> _Laid:
    """
    Lay out what becomes of each file.

    Args:
        expected: Bytes that are expected of the device already.
    """
    laid = _Laid(dict(rows))
    for offered in asked.fit:
        row = laid.files.get(offered.sha256)
        # Of what was verified in this very moment the depot was asked too early.
        lies = offered.sha256 in asked.whole or row != asked.known.get(offered.sha256)
        verdict = VERDICTS[row.state if row else None, lies]
        if _is_new(row) and not lies:
            verdict = verdict if expected <= MOST_EXPECTED_BYTES else Verdict.TOO_MUCH
            expected += offered.size
        after = _expected(asked, offered, row) if verdict is Verdict.SEND else row
        if after and after != row:
            (laid.changed if offered.sha256 in rows else laid.new)[offered.sha256] = after
            laid.files[offered.sha256] = after
        use = Use(_photo_of(offered), offered.record, offered.sha256)
        if verdict in USED and use not in uses:
            laid.uses.add(use)
        laid.verdicts[offered.sha256] = verdict
    return laid


def _expected(asked: _Asked, offered: Offered, row: Photo | None) -> Photo:
    """
    Return the row of a file that is wanted, as it was offered last.

    Whoever knows a photo's hash can tell wrong parts of it, but nobody can send them all day: the latest plan
    counts, so the first cannot keep the photo out, and what lies there is held against the latest one.
    """
    parts = wire.canonical(offered.parts).decode()
    if row is None:
        return Photo(offered.sha256, _photo_of(offered), offered.size, "expected", parts, asked.device.id, asked.now_ms)
    same = (row.state, row.size, row.parts) == ("expected", offered.size, parts)
    if same and asked.now_ms - row.planned_ms < _REFRESH_MS:
        return row
    return row._replace(
        size=offered.size, state="expected", parts=parts, device=asked.device.id, planned_ms=asked.now_ms,
        settled_ms=None, problem=None, ended_ms=None,
    )  # fmt: skip


def _tell_operator(asked: _Asked, laid: _Laid) -> None:
    held = sum(verdict is Verdict.TOO_MUCH for verdict in laid.verdicts.values())
    if held:
        _log.warning("photo_too_much_expected", device=asked.device.id, files=held)
    for sha256, file in laid.changed.items():
        before = asked.known.get(sha256)
        if before and before.state == "verified" and file.state == "expected":
            _log.error("photo_lost", photo=sha256, device=asked.device.id)
        elif before and before.state == "expected" and before.parts not in (None, file.parts):
            _log.warning("photo_plan_replaced", photo=sha256, device=asked.device.id, before=before.device)


def _told(depot: Depot, asked: _Asked, laid: _Laid, offered: Offered, verdict: Verdict, seconds: int) -> Planned:
    match verdict:
        case Verdict.NO_RECORD:
            return Planned(offered.sha256, "wait")
        case Verdict.NOT_NAMED:
            return Planned(offered.sha256, "wait", problem=Refusal("photo_not_named").body())
        case Verdict.TOO_MUCH:
            limit = f"{MOST_EXPECTED_BYTES >> 30} GiB"
            return Planned(offered.sha256, "wait", problem=Refusal("photo_too_much_expected", limit=limit).body())
        case Verdict.VERIFIED:
            return Planned(offered.sha256, "verified")
        case Verdict.SEND:
            return _wanted(depot, asked, laid.files[offered.sha256], seconds)
    refusal = _REFUSALS.get(verdict)
    problem = refusal.body() if refusal else wire.decode_json(laid.files[offered.sha256].problem or "{}")
    return Planned(offered.sha256, "refused", problem=problem)


_REFUSALS = {
    Verdict.TOO_LARGE: Refusal("photo_too_large", limit=f"{MAX_FILE_BYTES >> 20} MiB"),
    Verdict.CONTRADICTS: Refusal("photo_contradicts"),
    Verdict.EXPIRED: Refusal("photo_expired"),
}


def _wanted(depot: Depot, asked: _Asked, file: Photo, seconds: int) -> Planned:
    """Ask for what is missing; nothing is where the file itself lies here already, and only has to be looked at."""
    district = asked.device.district
    missing = [] if file.sha256 in asked.whole else missing_parts(depot, district, file)
    wishes = wishes_for(depot, district, file, missing, seconds)
    return Planned(file.sha256, "send", wishes.parts, wishes.expires_s)
