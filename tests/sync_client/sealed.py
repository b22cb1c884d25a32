"""What stories of sealed tablets share: a day's work to lose, its key, and ways to look at what is on the disk."""

import hashlib
import os
from pathlib import Path

from sync_client.client import FieldClient
from sync_client.sealing import converting
from sync_client.sealing.copying import digests
from sync_client.sealing.keys import Holder, new_key
from sync_client.sealing.opening import driver_for
from sync_client.testing import InProcessTransport
from tests.sync_client.tablets import Workshop, shop

PAGE = 4096
NAMES = ("老王修车", "刘芳面馆", "和平路甲12号")


def days_work(workshop: Workshop) -> Path:
    """Li's tablet, closed: one shop at the office, two waiting, a draft; return its file."""
    li = workshop.tablet("李")
    shop(li, NAMES[0])
    li.sync()
    li.edit(shop(li, NAMES[1]), address=NAMES[2])
    li.save_draft("半张表", {"remark": NAMES[2]})
    li.close()
    return workshop.folder / "李.db"


def seal(path: Path, holder: Holder) -> bytes:
    """Seal a file by a key in a file, and return the key."""
    key, note = new_key("file", holder, os.urandom)
    converting.seal(path, key, note)
    return key


def opened(workshop: Workshop, holder: Holder, path: Path) -> FieldClient:
    """Open a tablet as the program does."""
    made = FieldClient(path, InProcessTransport(workshop.office), clock=workshop.wall, driver=driver_for(path, holder))
    workshop.made.append(made)
    return made


def contents(path: Path, holder: Holder) -> dict[str, tuple[int, str]]:
    """Return what is in every table, however the file is sealed."""
    connection = driver_for(path, holder).connect(path, 1.0)
    try:
        return digests(connection)
    finally:
        connection.close()


def on_disk(folder: Path) -> bytes:
    """Return every byte of every file of the tablet's, beside its photos."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob("李.db*")) if file.is_file())


def prints(path: Path) -> dict[str, str]:
    """Return a fingerprint of the file and of everything beside it that may hold data."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.parent.glob(f"{path.name}*"))
        if file.is_file() and not file.name.endswith(("-sync", "-shm"))
    }
