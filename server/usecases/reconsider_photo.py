"""
Take a refused file up again 重新核验: when it was this machine, not the picture, that could not open it.

A reader without memory often says the same as one that meets a damaged file, so whoever runs the server may ask once
more. What was sent lies in the depot until the collection takes it; after that a tablet has to send it anew.
"""

from schemas import wire
from schemas.photos import Completed
from server.storage.photo_housekeeping import Housekeeping
from server.storage.photos import Photo
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.mistakes import Mistake
from server.usecases.verify_photo import Office, verify_photo

#: A name is known by so many of its first digits.
_LEAST = 4


def refused_files(work: UnitOfWork, beginning: str = "") -> list[Photo]:
    """Return the files that were found to be no pictures and whose hash begins so, those refused last first."""
    pages = Housekeeping(work.connection, work.district).pages("refused")
    found = [file for page in pages for file in page if file.sha256.startswith(beginning)]
    return sorted(found, key=lambda file: -(file.settled_ms or 0))


def reason_of(file: Photo) -> str:
    """Return the code with which a file was refused."""
    return str(wire.decode_json(file.problem or "{}").get("code", ""))


def reconsider_photo(office: Office, beginning: str) -> Completed:
    """
    Verify the refused file whose hash begins so once more, from the parts that lie here.

    Returns:
        ``verified``; or ``send`` where parts are missing: it is expected from now on, should a tablet offer it again.

    Raises:
        Mistake: No refused file is called so, or several are.
        Refusal: It is no picture, now as before; its row says so again.
        DepotTrouble: It is expected now, and is verified when a tablet offers it again.
    """
    with office.store.work(office.district, writing=False) as work:
        found = refused_files(work, beginning) if len(beginning) >= _LEAST else []
    if len(found) != 1:
        raise _not_one(beginning, len(found))
    retrying(lambda: _expect(office, found[0]))
    return verify_photo(office, found[0].sha256, 0)


def _not_one(beginning: str, count: int) -> Mistake:
    if count:
        return Mistake(
            f"“{beginning}”是 {count} 个文件的开头，请写得更完整。",
            f"'{beginning}' begins {count} files; write more of it.",
        )
    return Mistake(
        f"没有以“{beginning}”开头的未接受文件（至少写 4 位）；不带参数运行可列出全部。",
        f"No refused file begins with '{beginning}' (4 digits at least); without a name the command lists them.",
    )


def _expect(office: Office, file: Photo) -> None:
    with office.store.work(office.district) as work:
        row = work.photos.locked([file.sha256]).get(file.sha256)
        if row == file:
            work.photos.change([row._replace(state="expected", problem=None, settled_ms=None)])
        work.commit()
