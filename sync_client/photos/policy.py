"""
What may travel over which network 传送策略: kept in the tablet's file.

Copies are small and show the office today what was seen; originals are large and can wait for a network that
costs nothing.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from schemas import wire
from sync_client.database import Database

_NOTE = "photo_policy"

#: ``any`` network, ``wifi`` only, or by ``hand``: when somebody asks for it with ``now``.
Way = Literal["any", "wifi", "hand"]
#: What whoever calls says of the network; None where he does not know.
Network = Literal["wifi", "mobile"]
Days = Annotated[int, Meta(ge=0, le=36_500)]

WAYS: tuple[Way, ...] = ("any", "wifi", "hand")
NETWORKS: tuple[Network, ...] = ("wifi", "mobile")


class PhotoPolicy(Struct, frozen=True):
    """
    When files travel, and how long they stay 照片策略.

    Attributes:
        copies: For what goes first of each photo: its copy, or an original of which none was made.
        originals: For the originals behind copies.
        originals_days: For how long an original behind a copy stays here after the office verified it.
        copies_days: The same for what shows the photo on this tablet.
    """

    copies: Way = "any"
    originals: Way = "wifi"
    originals_days: Days = 30
    copies_days: Days = 365

    def allows(self, network: Network | None, *, leading: bool) -> bool:
        """Say whether a file may travel over *network* unasked; over one nobody names, only what may over any."""
        way = self.copies if leading else self.originals
        return way == "any" or (way == "wifi" and network == "wifi")

    def days(self, *, leading: bool) -> int:
        """Return for how many days a verified file stays."""
        return self.copies_days if leading else self.originals_days


def policy_in(db: Database) -> PhotoPolicy:
    """Return the policy kept in the tablet's file."""
    found = db.note(_NOTE)
    return msgspec.json.decode(found, type=PhotoPolicy) if found else PhotoPolicy()


def keep_policy(db: Database, changes: Mapping[str, Any]) -> PhotoPolicy:
    """
    Change the policy as *changes* say, and return it.

    Raises:
        ValueError: A word or a number is none that a policy can have.
    """
    policy = msgspec.convert({**msgspec.to_builtins(policy_in(db)), **changes}, PhotoPolicy)
    if changes:
        db.put_note(_NOTE, wire.encode(policy).decode())
    return policy
