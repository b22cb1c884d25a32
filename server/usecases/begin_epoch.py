"""
Begin a new epoch 新纪元: after a backup was restored, or where a tablet has read what the server no longer has.

Every tablet then learns that the server may have forgotten what it had acknowledged, and offers its journal
again. All feeds jump ahead, so that no number of the lost history is ever given out again; the numbers people
read begin anew with a mark.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress

import structlog

from schemas.problems import Refusal
from server.core import cursors
from server.core.cursors import Cursor
from server.core.numbering import mark_of
from server.storage.devices import Device
from server.storage.epochs import UNBEGUN, Epoch, Jump, Why
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying

#: More changes than can be lost at once.
_LOST_AT_MOST = 1 << 20
#: Numbers kept for each millisecond since 2020-01-01 UTC: more than are ever given out, in the long run.
_A_MILLISECOND = 1 << 4
_YEAR_2020_MS = 1_577_836_800_000
#: 12 characters, safe in an address.
_EPOCH_BYTES = 9

_log = structlog.get_logger()


class CommitsLost(Exception):
    """
    A device has read what the feeds do not hold; its cursors were made here, so commits were lost.

    Attributes:
        epoch: The one in force when this was noticed.
        read: How far the device read, by feed.
    """

    def __init__(self, epoch: str, read: Mapping[str, int]) -> None:
        self.epoch, self.read = epoch, dict(read)
        super().__init__(", ".join(sorted(read)))


def new_epoch() -> str:
    """Return a new epoch's text."""
    return secrets.token_urlsafe(_EPOCH_BYTES)


def begin_epoch(
    store: Store,
    district: str,
    why: Why,
    now_ms: int,
    *,
    present: str | None = None,
    given: Mapping[str, int] | None = None,
) -> str:
    """
    Begin a new epoch in *district* and return it.

    Args:
        now_ms: The server's time.
        present: Only where this is still the epoch in force: of many processes that notice the same loss,
            one begins the new epoch, and the others return that one.
        given: By feed, a number that the lost history is known to have reached.
    """
    return retrying(lambda: _attempt(store, district, why, now_ms, present, given or {}))


def _attempt(store: Store, district: str, why: Why, now_ms: int, present: str | None, given: Mapping[str, int]) -> str:
    with store.work(district) as work:
        before = work.epochs.present() if present is None else present
        epoch = new_epoch()
        if not work.epochs.replace(before, epoch):
            return work.epochs.present()
        work.feeds.known(given)
        seqs = work.feeds.locked()
        ground = _ground([*seqs.values(), *given.values()], now_ms)
        jumps = {feed: Jump(seq, ground) for feed, seq in seqs.items()} | {UNBEGUN: Jump(0, ground)}
        work.feeds.jump(ground)
        work.numbers.begin_anew(mark_of(now_ms))
        work.epochs.note(Epoch(epoch, now_ms, why, jumps))
        work.commit()
    # What this process took for committed may be among what was lost.
    store.known.forget()
    _log.warning("epoch_began", district=district, why=why, before=before, epoch=epoch, ground=ground)
    return epoch


def _ground(numbers: list[int], now_ms: int) -> int:
    """
    Return the number that every feed counts on from.

    Beyond what the lost history can have reached: far beyond the *numbers* known of, and, should the same
    backup be restored a second time, beyond where the first restoration began.
    """
    since_2020 = max(0, now_ms - _YEAR_2020_MS)
    return max(max(numbers, default=0) + _LOST_AT_MOST, since_2020 * _A_MILLISECOND)


def hold_to_feeds(work: UnitOfWork, device: Device, asked: Mapping[str, str], heads: Mapping[str, int]) -> None:
    """
    Compare what *device* has read with what the feeds hold.

    Args:
        asked: The cursors the device sent, by feed.
        heads: The last number of every feed, read after the device had its answer.

    Raises:
        CommitsLost: It has read further, or under a number of this epoch something else than stands there now.
    """
    read: dict[str, Cursor] = {}
    for feed, text in asked.items():
        with suppress(Refusal):  # told where the feed is read
            read[feed] = cursors.unseal(device.cursor_key, device.id, feed, text)
    lost = {feed for feed, cursor in read.items() if cursor.version > heads.get(feed, 0)}
    lost = lost or _replaced(work, read)
    if lost:
        raise CommitsLost(device.epoch, {feed: read[feed].version for feed in lost})


def _replaced(work: UnitOfWork, read: Mapping[str, Cursor]) -> set[str]:
    """Return the feeds in which other commits stand where *read* was."""
    links = work.history.links_at({feed: cursor.version for feed, cursor in read.items() if cursor.link})
    other = {feed for feed, link in links.items() if link[: cursors.LINK_BYTES] != read[feed].link}
    if not other:
        return other
    # What was read in an earlier epoch is a history that is known to be no more.
    ground = work.epochs.ground()
    return {feed for feed in other if read[feed].version >= ground}
