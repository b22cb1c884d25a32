"""
Put a backup back 恢复, and begin a new epoch: tablets then offer what the backup does not hold.

Everything is looked at before anything is touched. What was there before is never deleted, only set aside.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from schemas import wire
from server.storage import dumping, migrate
from server.storage.depot import Depot
from server.storage.dumping import FILE_OF, End, Held, Target
from server.storage.postgres_tools import DumpTrouble, Tools
from server.storage.store import Store
from server.usecases.back_up import FORMAT, FORMAT_VERSION, MANIFEST, PHOTOS, Manifest, digest_of, own_digest
from server.usecases.begin_epoch import begin_epoch
from server.usecases.mistakes import Mistake
from server.usecases.photos_in_backups import LISTED, Kept, PutBack, check_kept, folder_of, put_photos_back
from server.usecases.verify_history import verify_history

#: Far more than the manifest of a whole province.
_MAX_MANIFEST = 16 << 20
#: Every enrolment code there is.
_FOR_EVER_MS = 1 << 60
#: Raised where a manifest is none.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


class Restored(NamedTuple):
    """
    What was put back.

    Attributes:
        epochs: By district, the epoch that began.
        aside: Where the former database is kept: a file, or a schema of PostgreSQL; None where there was none.
        broken: The feeds whose history does not hold: it did not when the backup was made, either.
        photos: What became of its photos; None where it has none, or they were left out.
    """

    manifest: Manifest
    epochs: Mapping[str, str]
    aside: str | None
    broken: list[str]
    photos: PutBack | None = None


def check_backup(folder: Path, photos: Path | None = None) -> Manifest:
    """
    Read a backup and hold everything in it to its hash, every photo too; nothing is written.

    Args:
        photos: Where its photos are now, if they were moved.

    Raises:
        Mistake: As ``read_backup``; or a photo is missing or damaged.
    """
    manifest = read_backup(folder)
    if manifest.kept:
        wrong = [file.key for file in check_kept(folder, folder_of(manifest.kept, folder, photos))]
        if wrong:
            raise Mistake(
                f"数据库完好，但备份里有 {len(wrong)} 个照片文件丢失或损坏，如 {wrong[0]}。",
                f"The database is whole, but {len(wrong)} of its photos are missing or damaged: {wrong[0]}, …",
            )
    return manifest


def read_backup(folder: Path) -> Manifest:
    """
    Read a backup and hold every file in it but its photos to its hash; nothing is written.

    Raises:
        Mistake: It is none of ours, or of a newer version, or not as it was made.
    """
    body = _read_manifest(folder)
    if body.get("format") != FORMAT:
        raise _foreign(folder)
    version = body.get("version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise _newer(f"{FORMAT} {version}")
    try:
        claimed = body.pop("sha256")
        if claimed != own_digest(body):
            raise _damaged(MANIFEST)
        manifest = _manifest(body)
    except _UNREADABLE as error:
        raise _damaged(MANIFEST) from error
    for name in (FILE_OF[manifest.database], PHOTOS, *([LISTED] if manifest.kept else [])):
        if not (folder / name).is_file() or digest_of(folder / name) != manifest.files.get(name):
            raise _damaged(name)
    return manifest


def _read_manifest(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST
    if not file.is_file() or file.stat().st_size > _MAX_MANIFEST:
        raise _foreign(folder)
    try:
        body = wire.decode_json(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _damaged(MANIFEST) from error
    if not isinstance(body, dict):
        raise _foreign(folder)
    return body


def _manifest(body: dict[str, Any]) -> Manifest:
    districts = [
        Held(d["district"], d["name"], d["epoch"], {code: End(**end) for code, end in d["feeds"].items()})
        for d in body["districts"]
    ]
    if body["database"] not in FILE_OF:
        raise ValueError(body["database"])
    kept = Kept(**body["kept"]) if body.get("kept") else None
    return Manifest(
        body["database"], int(body["taken_ms"]), str(body["revision"]), districts, int(body["photos"]), body["files"],
        kept,
    )  # fmt: skip


def restore_backup(
    store: Store,
    folder: Path,
    now_ms: int,
    tools: Tools,
    depot: Depot | None = None,
    photos: Path | None = None,
    *,
    replace: bool = False,
) -> Restored:
    """
    Put the backup in *folder* in the place of the database of *store*, which nobody may be using.

    Args:
        depot: Where its photos go, before the database does: what lies there already stays. None leaves them out.
        photos: Where its photos are now, if they were moved.
        replace: Also where there is a database already; that one is set aside, never deleted.

    Raises:
        Mistake: It cannot be; nothing was changed.
    """
    manifest = read_backup(folder)
    _check_kind(store, manifest)
    source = folder_of(manifest.kept, folder, photos) if manifest.kept and depot else None
    try:
        former = dumping.target_of(store)
        _check_target(former, manifest, replace=replace)
        put_back = put_photos_back(depot, folder, source) if depot and source else None
        aside = dumping.aside_of(store, _stamp(now_ms))
        with dumping.landing(store, folder / FILE_OF[manifest.database], aside, tools) as landed:
            epochs = _settle_in(landed, manifest, former, now_ms)
            broken = [v.feed for district in epochs for v in verify_history(landed, district) if v.broken is not None]
    except DumpTrouble as trouble:
        raise Mistake(trouble.zh, trouble.en) from trouble
    finally:
        store.known.forget()
        store.engine.dispose()
    return Restored(manifest, epochs, None if former.empty else aside, broken, put_back)


def _settle_in(landed: Store, manifest: Manifest, former: Target, now_ms: int) -> dict[str, str]:
    """Bring what was put back up to date, and begin each district's new epoch."""
    with landed.engine.connect() as connection:
        if dumping.held_in(connection) != manifest.districts:
            raise _damaged(FILE_OF[manifest.database])
    migrate.upgrade(landed.engine)
    given = {held.district: {code: end.seq for code, end in held.feeds.items()} for held in former.held}
    epochs: dict[str, str] = {}
    for held in manifest.districts:
        # A code that was used since would be good for a second time.
        with landed.work(held.district) as work:
            work.enrolment.forget(_FOR_EVER_MS)
            work.commit()
        begin = partial(begin_epoch, landed, held.district, "restored", now_ms)
        epochs[held.district] = begin(given=given.get(held.district))
    return epochs


def _check_kind(store: Store, manifest: Manifest) -> None:
    kind, latest = dumping.kind_of(store), migrate.latest()
    if manifest.database != kind:
        raise Mistake(
            f"这份备份来自 {manifest.database}，不能恢复到 {kind}；请检查 GRIDWARD_DATABASE_URL。",
            f"This is a backup of {manifest.database}, not of {kind}; look at GRIDWARD_DATABASE_URL.",
        )
    if not manifest.revision.isdigit() or int(manifest.revision) > int(latest):
        raise _newer(f"{manifest.revision} > {latest}")


def _check_target(former: Target, manifest: Manifest, *, replace: bool) -> None:
    """
    Look whether what is there may be replaced.

    Raises:
        Mistake, DumpTrouble: It may not.
    """
    if not former.empty and not replace:
        raise Mistake(
            "目标数据库不是空的，没有恢复。确实要替换，请加 --replace（原库会保留在旁边）。",
            "There is a database already, nothing was restored. Say --replace to put the backup in its place; "
            "the present one is kept beside it.",
        )
    if former.used:
        raise dumping.still_used()
    ours, theirs = {held.district for held in former.held}, {held.district for held in manifest.districts}
    if ours and not ours <= theirs:
        listed, wanted = "、".join(sorted(ours)), "、".join(sorted(theirs))
        raise Mistake(
            f"目标数据库属于 {listed}，备份是 {wanted} 的，没有恢复。",
            f"The database is that of {listed}, the backup of {wanted}; nothing was restored.",
        )


def _stamp(now_ms: int) -> str:
    """Return a name nothing was ever set aside under: when, and something random."""
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    return f"{moment:%Y%m%d_%H%M%S}_{secrets.token_hex(3)}"


def _foreign(folder: Path) -> Mistake:
    return Mistake(
        f"“{folder}”不是完整的备份：没有可用的 {MANIFEST}。",
        f"'{folder}' is no finished backup: it has no usable {MANIFEST}.",
    )


def _newer(what: str) -> Mistake:
    return Mistake(
        f"备份出自更新版本的程序（{what}）；请先升级本机程序。",
        f"The backup was made by a newer program ({what}): update this one first.",
    )


def _damaged(name: str) -> Mistake:
    return Mistake(
        f"备份已损坏或被改动（{name}），没有恢复；请换一份备份。",
        f"The backup is damaged or was changed ({name}); nothing was restored. Take another one.",
    )
