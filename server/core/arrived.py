"""
What arrives in one push 到达: each mutation read and laid out before the first lock, and grouped.

Pure, and independent of what is stored.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from schemas import clock
from schemas.clock import Received, Stamp
from schemas.fold import fold
from schemas.mutations import Mutation
from schemas.problems import Refusal
from schemas.records import Consequence, Fields, RecordType
from server.core import merge

#: ``(first number, how many)``.
Group = tuple[int, int]


class Arrived(Struct, frozen=True):
    """
    One mutation as it came, found good or with the refusal that says why not.

    Everything slow is done before the first lock: a creation arrives with its fields already laid out
    and scored, and with what follows from it.

    Attributes:
        n: Its number; 0 where it could not be read and none could be made out.
        raw: Its bytes, kept word for word.
        mutation: As the server files it, its stamp corrected; None where it could not be read.
        received: What became of the stamp.
        fields, follows: Of a creation: the new record's fields, and the records it brings about.
    """

    n: int
    raw: bytes
    mutation: Mutation | None = None
    kind: RecordType | None = None
    refusal: Refusal | None = None
    received: Received | None = None
    fields: Fields | None = None
    follows: list[Consequence] = []


def lay_out(
    mutation: Mutation,
    kind: RecordType,
    raw: bytes,
    device: str,
    offset_ms: int,
    received_ms: int,
    writer: str | None = None,
) -> Arrived:
    """
    Return the good mutation *mutation* as it arrived, with everything that needs no other record.

    Args:
        offset_ms: What to add to the device's stamps, 0 while its clock is good enough.
        received_ms: Server time of receipt.
        writer: Whose hand it was, where that is not the device; see ``values.Author``.
    """
    received = clock.receive(Stamp(*mutation.at, writer or device), offset_ms, received_ms)
    if not received.as_claimed:
        at = (received.stamp.ms, received.stamp.counter)
        mutation = msgspec.structs.replace(mutation, at=at)
    if mutation.op != "create":
        return Arrived(mutation.n, raw, mutation, kind, None, received)
    fields: Fields = {}
    known = fold(kind, fields, mutation, device)
    if received.corrected_by_ms:
        merge.note_offset(fields, kind, received.corrected_by_ms)
    follows = kind.consequences(mutation.id, mutation.grid, fields, known) if kind.has_consequences else []
    return Arrived(mutation.n, raw, mutation, kind, None, received, fields, follows)


def bundles(arrived: Sequence[Arrived]) -> Iterator[tuple[Group | None, list[Arrived]]]:
    """Yield the mutations one by one, neighbours of one group together."""
    groups = {one.mutation.group for one in arrived if one.mutation is not None and one.mutation.group is not None}
    bundle: list[Arrived] = []
    opened: Group | None = None
    for one in arrived:
        group = _group_of(one, groups)
        if bundle and (group is None or group != opened):
            yield opened, bundle
            bundle = []
        bundle.append(one)
        opened = group
    if bundle:
        yield opened, bundle


def _group_of(one: Arrived, groups: set[Group]) -> Group | None:
    if one.mutation is not None:
        return one.mutation.group
    # A member that cannot be read is still a member: its number lies in the group's range.
    return min((group for group in groups if group[0] <= one.n < group[0] + group[1]), default=None)
