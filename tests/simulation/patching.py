"""Putting something else in a name's place, for as long as a block runs 替换."""

import random
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from schemas import photos
from server.core import photo_keeping
from server.usecases import bring_photo, build_snapshots, offer_snapshot
from sync_client import snapshots
from sync_client.photos import reckoning

#: Bytes of a photo's part: one has one to five of them.
PART_BYTES = 300
#: For so long what is nobody's is kept: a play has no time for thirty days.
KEEP_DAYS = 2
_ROOM = shutil._ntuple_diskusage(64 << 30, 32 << 30, 32 << 30)


@contextmanager
def put_in_place(owner: Any, name: str, other: Any) -> Iterator[None]:
    """Let *owner* have *other* under *name*; afterwards it has again what it had."""
    own = name in vars(owner)
    before = vars(owner).get(name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)


@contextmanager
def small_measures() -> Iterator[None]:
    """Let a few records be worth a snapshot, snapshots and photos come in pieces, and nobody's photos go in days."""
    with ExitStack() as stack:
        for module in (build_snapshots, offer_snapshot):
            stack.enter_context(put_in_place(module, "WORTH_IT", 2))
        stack.enter_context(put_in_place(snapshots, "PIECE", 300))
        for module in (photos, bring_photo, reckoning):
            stack.enter_context(put_in_place(module, "PART_BYTES", PART_BYTES))
        stack.enter_context(put_in_place(photo_keeping, "KEEP_DAYS", KEEP_DAYS))
        yield


@contextmanager
def nothing_by_chance(seed: int, now_ms: Callable[[], int]) -> Iterator[None]:
    """Let every secret of this process follow from *seed*, time from *now_ms*, and every disk be the same size."""
    dice = random.Random(f"secrets {seed}")
    with ExitStack() as stack:
        stack.enter_context(put_in_place(secrets, "token_bytes", lambda count=32: dice.randbytes(count or 32)))
        stack.enter_context(put_in_place(secrets, "choice", dice.choice))
        stack.enter_context(put_in_place(secrets, "randbelow", dice.randrange))
        stack.enter_context(put_in_place(time, "monotonic", lambda: now_ms() / 1000))
        stack.enter_context(put_in_place(shutil, "disk_usage", lambda _path: _ROOM))
        yield
