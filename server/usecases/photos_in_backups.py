"""
The photos of a backup 备份与恢复照片: kept beside the database, and put back into the depot.

``photo-files.txt`` names each file that was kept: its key, its SHA-256, its bytes. Files are called by what they hold,
so one folder may serve many backups, and what is there already is not copied again.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from server.core.photo_keeping import key_of
from server.storage.depot import Depot, DepotTrouble, Missing
from server.storage.photo_backup import KeptFile, keep
from server.usecases.mistakes import Mistake

#: The list of what was kept, and the folder inside a backup where it is unless another one is named.
LISTED, FOLDER = "photo-files.txt", "photos"
_LINE = re.compile(r"([0-9a-z/.-]{1,200})\t([0-9a-f]{64})\t([0-9]{1,12})", re.ASCII)
_CHUNK = 1 << 20


class Kept(NamedTuple):
    """
    What photos a backup has.

    Attributes:
        files, size: How many, and their bytes.
        missing: Files said to be verified that the depot did not have.
        folder: Where they are: inside the backup, or elsewhere (an absolute path).
    """

    files: int
    size: int
    missing: int
    folder: str


class PutBack(NamedTuple):
    """What became of the photos of a backup: put back, there already, not as they are called, not to be found."""

    files: int
    there: int
    damaged: int
    missing: int


def keep_photos(depot: Depot, files: Iterable[KeptFile], backup: Path, elsewhere: Path | None) -> Kept:
    """
    Keep *files* for the backup that is made in the folder *backup*, and list them there.

    Args:
        elsewhere: A folder that several backups share; None: inside the backup.

    Raises:
        Mistake: The depot cannot be read just now.
        OSError: The disk would not take it.
    """
    target = elsewhere.absolute() if elsewhere else backup / FOLDER
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    count = size = missing = 0
    listed = backup / LISTED
    listed.touch(mode=0o600, exist_ok=False)
    with listed.open("w", encoding="ascii", newline="\n") as lines:
        for file in files:
            if not _kept(depot, target, file):
                missing += 1
                continue
            lines.write(f"{file.key}\t{file.sha256}\t{file.size}\n")
            count, size = count + 1, size + file.size
    return Kept(count, size, missing, str(target) if elsewhere else FOLDER)


def _kept(depot: Depot, target: Path, file: KeptFile) -> bool:
    try:
        return keep(depot, target, file)
    except Missing:
        return False  # deleted by the retention policy meanwhile
    except DepotTrouble as error:
        raise Mistake(
            "照片库暂时不能读，没有备份；请检查后再试，或用 --no-photos 只备份数据库。",
            "The photo store cannot be read just now, no backup was made; try again, or back the database up alone "
            "with --no-photos.",
        ) from error


def folder_of(kept: Kept, backup: Path, elsewhere: Path | None) -> Path:
    """
    Return where the photos of a backup are.

    Args:
        elsewhere: Where they are now, if they were moved.

    Raises:
        Mistake: There is no such folder.
    """
    folder = elsewhere or backup / kept.folder
    if not folder.is_dir() and kept.files:
        raise Mistake(
            f"找不到备份的照片文件夹“{folder}”；请用 --photos 指明，或用 --no-photos 只恢复数据库。",
            f"The folder of the backup's photos, '{folder}', is not there: name it with --photos, or restore the "
            "database alone with --no-photos.",
        )
    return folder


def listed_in(backup: Path) -> Iterator[KeptFile]:
    """
    Yield what the list of a backup names.

    Raises:
        Mistake: A line is none of ours; no path leads out of the folder.
    """
    with (backup / LISTED).open(encoding="ascii", errors="replace", newline="\n") as lines:
        for line in lines:
            match = _LINE.fullmatch(line.rstrip("\n"))
            if match is None or key_of(match[1]) is None:
                raise Mistake(
                    f"备份已损坏或被改动（{LISTED}）；请换一份备份。",
                    f"The backup is damaged or was changed ({LISTED}); take another one.",
                )
            yield KeptFile(match[1], match[2], int(match[3]))


def check_kept(backup: Path, folder: Path) -> Iterator[KeptFile]:
    """Yield those files of a backup that are not there, or not as they are called."""
    return (file for file in listed_in(backup) if _digest(folder / file.key) != file.sha256)


def put_photos_back(depot: Depot, backup: Path, folder: Path) -> PutBack:
    """
    Put the photos of a backup into *depot*, each held against its hash first; what lies there already stays.

    Raises:
        Mistake: The depot does not take them; what was put back until then is no harm.
    """
    done = {"files": 0, "there": 0, "damaged": 0, "missing": 0}
    try:
        for file in listed_in(backup):
            done[_put_back(depot, folder / file.key, file)] += 1
    except DepotTrouble as error:
        raise Mistake(
            "照片库不能写，没有恢复；请检查空间和 GRIDWARD_PHOTOS，或用 --no-photos 只恢复数据库。",
            "The photo store does not take the photos, nothing was restored; look at its space and at GRIDWARD_PHOTOS, "
            "or restore the database alone with --no-photos.",
        ) from error
    return PutBack(**done)


def _put_back(depot: Depot, source: Path, file: KeptFile) -> str:
    if depot.size(file.key) == file.size:
        return "there"
    digest = _digest(source)
    if digest != file.sha256:
        return "missing" if digest is None else "damaged"
    depot.put(file.key, source)
    return "files"


def _digest(place: Path) -> str | None:
    if not place.is_file():
        return None
    found = hashlib.sha256()
    with place.open("rb") as whole:
        while chunk := whole.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
