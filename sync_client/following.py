"""
What follows from a record 随之而来: a check's cases, shown before the office has opened them.

They live as long as the check waits. Then the office's own take their place, or they go.
"""

from dataclasses import replace

from schemas.grid import feed_of
from schemas.records import Consequence
from sync_client.local_store import Held, LocalStore
from sync_client.overlay import View, consequences_of, kind_of


def follow(store: LocalStore, parent: Held, *, new: bool) -> None:
    """Show what follows from *parent* as it is now, and no longer what does not; *new*: nothing did before."""
    kind = kind_of(parent.type)
    if not kind.has_consequences:
        return
    wanted = {each.id: each for each in consequences_of(kind, parent.id, parent.grid, parent.view)}
    present = [] if new else store.followers(parent.id)
    for held in present:
        if held.id not in wanted and not held.waiting:
            store.drop(held.id)
    for consequence in wanted.values():
        _show(store, consequence, parent)


def follow_again(store: LocalStore, parent: Held) -> None:
    """Keep what follows from *parent*, which the office may have forgotten with it, as long as *parent* waits."""
    for consequence in consequences_of(kind_of(parent.type), parent.id, parent.grid, parent.view):
        known = store.held(consequence.id)
        if known is None:
            _show(store, consequence, parent)
        elif known.follows is None:
            store.put(replace(known, follows=parent.id))


def _show(store: LocalStore, consequence: Consequence, parent: Held) -> None:
    known = store.held(consequence.id)
    if known is not None and (known.version or known.waiting):
        return
    store.put(
        Held(
            id=consequence.id,
            type=consequence.type,
            grid=consequence.grid,
            feed=feed_of(consequence.grid),
            view=View(consequence.fields, parent.view.at, parent.view.by),
            follows=parent.id,
        )
    )
