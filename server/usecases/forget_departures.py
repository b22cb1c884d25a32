"""
Forget departures and tellings that nobody who still comes needs 清理移出记录与告知.

A device that has read less than what is forgotten here reads everything anew when it comes; its own work is
taken all the same. The history forgets nothing: where a record lay on the day of an edit is always known.
"""

from collections.abc import Iterable
from functools import partial

from schemas import wire
from server.storage.devices import Contact
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying

DAY_MS = 24 * 3600 * 1000


def forget_departures(store: Store, now_ms: int, keep_days: int, *, district: str | None = None) -> int:
    """
    Delete departures and tellings older than *keep_days*, of every district or of one; return how many.

    A departure stays as long as a living device (not revoked, heard of within *keep_days*) has not read it.
    The feed's horizon is raised in the same transaction, so that whoever has read less is told to begin anew.
    """
    before_ms = now_ms - keep_days * DAY_MS
    places = sorted(store.places()) if district is None else [district]
    return sum(retrying(partial(_attempt, store, each, before_ms)) for each in places)


def _attempt(store: Store, district: str, before_ms: int) -> int:
    with store.work(district) as work:
        forgotten = work.tellings.forget(before_ms)
        living = work.devices.living(before_ms)
        for feed in sorted(work.feeds.heads()):
            forgotten += _forget_of(work, feed, before_ms, _passed_by_all(living, feed))
        work.commit()
    return forgotten


def _forget_of(work: UnitOfWork, feed: str, before_ms: int, passed: int | None) -> int:
    upto = work.departures.last_before(feed, before_ms, passed)
    if not upto:
        return 0
    # Whoever takes an older snapshot would stand behind the horizon.
    work.snapshots.drop_before(feed, upto)
    return work.departures.forget(feed, upto)


def _passed_by_all(living: Iterable[Contact], feed: str) -> int | None:
    """Return the number that every one of the *living* who reads *feed* has passed; None where nobody reads it."""
    places = [_passed(contact, feed) for contact in living]
    return min((place for place in places if place is not None), default=None)


def _passed(contact: Contact, feed: str) -> int | None:
    if contact.cursors is None:
        return 0  # heard of before this was noted: nobody knows where it stands
    place = wire.decode_json(contact.cursors).get(feed)
    return int(place) if place is not None else None
