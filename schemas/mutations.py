"""
One change by one person on one device 修改, and what became of it.

A mutation is never edited once it is in the journal. Its identity is ``(device, install, n)``; ``n``
counts from 1 without gaps. ``MutationSchema`` is the definition; ``Mutation`` is the same shape as a
msgspec struct, which is what the sync path decodes into (a property test holds the two together).
"""

from typing import Annotated, Any, Literal

import msgspec
from marshmallow import RAISE, Schema, fields
from msgspec import Meta, Struct

from schemas import grid
from schemas.fields import (
    SHA256_PATTERN,
    UUID_PATTERN,
    Choice,
    Id,
    Many,
    Number,
    Place,
    Sha256,
    Text,
    Whole,
)
from schemas.roles import Role

MAX_GROUP = 50
MAX_MUTATION_BYTES = 64 * 1024
MAX_N = (1 << 53) - 1
MAX_MS = (1 << 48) - 1
MAX_AMOUNT = 10**12
OPS = {"create": "新建", "patch": "修改", "act": "操作", "void": "作废"}

Op = Literal["create", "patch", "act", "void"]
# "$" would let a line end through after the last digit; \Z does not.
Uuid = Annotated[str, Meta(min_length=36, max_length=36, pattern=UUID_PATTERN.replace("$", r"\Z"))]
Code = Annotated[str, Meta(min_length=6, max_length=15, pattern=grid.PLACE_PATTERN.replace("$", r"\Z"))]
Sha = Annotated[str, Meta(min_length=64, max_length=64, pattern=SHA256_PATTERN.replace("$", r"\Z"))]
Count = Annotated[int, Meta(ge=0, le=MAX_N)]
Word = Annotated[str, Meta(min_length=1, max_length=40)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Key = Annotated[str, Meta(max_length=200)]
#: A share; whole numbers stay whole, so that both sides store the same bytes.
Amount = Annotated[int, Meta(ge=-MAX_AMOUNT, le=MAX_AMOUNT)] | Annotated[float, Meta(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]


#: How a dispute may be settled 裁定方式, and what each way means.
CHOICES = {
    "choose": "选用其一",
    "hand": "另行填写",
    "both": "两者都留",
    "accept": "采纳建议",
    "keep": "维持现状",
    "merge": "并为一条",
    "distinct": "并非同一",
    "seen": "已阅",
    "reopen": "重新裁定",
}
SettlingChoice = Literal["choose", "hand", "both", "accept", "keep", "merge", "distinct", "seen", "reopen"]
Reason = Annotated[str, Meta(max_length=300)]


class Act(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    One step of a workflow 操作: its name, the photos that prove it, the reason given.

    ``into`` names the record that the step leads to, where it leads to another (并案: the main case).
    ``details`` is what else the step asks for, by the names its workflow declares (the lead unit, a date).
    """

    name: Word
    evidence: Annotated[list[Sha], Meta(max_length=40)] = []
    reason: Reason | None = None
    into: Uuid | None = None
    details: dict[Name, Any] = {}


class Settles(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    That a mutation settles a dispute 裁定: which, how, and why.

    What is written stands in the mutation as in any other; this only says what it was meant for.
    """

    conflict: Uuid
    choice: SettlingChoice
    reason: Reason | None = None


class Mutation(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    One change, as it stands in the journal and on the wire.

    A member it does not know is refused (fields of a record are not): taking the rest of a change
    without a part whose meaning is unknown would lose that part without anybody noticing.

    Attributes:
        n: Number within the device's install, from 1.
        op: create, patch, act or void.
        type, id, grid: The record; ``id`` is a UUIDv7 made where the record is made.
        at: Hybrid logical time of the edit, ``[milliseconds, counter]``.
        by: The person.
        base: The record's version that the person saw; 0 where he made it himself.
        role: Under which of his roles he acted; may be left out when he has one.
        group: ``[first n, how many]``: these mutations are taken all or none.
        set, add, remove, share, act: What changed, by the verb its field's rule asks for.
        settles: The dispute that this change was meant to settle, if it was.
        schema: The version of the record type's shape.
    """

    n: Annotated[int, Meta(ge=1, le=MAX_N)]
    op: Op
    type: Word
    id: Uuid
    grid: Code
    at: tuple[Annotated[int, Meta(ge=0, le=MAX_MS)], Annotated[int, Meta(ge=0, le=0xFFFF)]]
    by: Uuid
    base: Count = 0
    role: Role | None = None
    group: tuple[Annotated[int, Meta(ge=1, le=MAX_N)], Annotated[int, Meta(ge=1, le=MAX_N)]] | None = None
    set: dict[Name, Any] = {}
    add: dict[Name, list[Any]] = {}
    remove: dict[Name, list[Key]] = {}
    share: dict[Name, Amount] = {}
    act: Act | None = None
    settles: Settles | None = None
    schema: Annotated[int, Meta(ge=1, le=10_000)] = 1


decode_mutation = msgspec.json.Decoder(Mutation).decode


class _Pair(fields.Tuple):
    def __init__(self, low: int, high: int, high2: int, **kwargs: Any) -> None:
        super().__init__((Whole(low, high), Whole(low, high2)), **kwargs)


class ActSchema(Schema):
    """The definition of ``Act``."""

    class Meta:
        unknown = RAISE

    name = Text(1, 40, required=True)
    evidence = Many(Sha256(), 40)
    reason = Text(0, 300, allow_none=True)
    into = Id(allow_none=True)
    details = fields.Dict(keys=Text(1, 80))


class SettlesSchema(Schema):
    """The definition of ``Settles``."""

    class Meta:
        unknown = RAISE

    conflict = Id(required=True)
    choice = Choice(CHOICES, required=True)
    reason = Text(0, 300, allow_none=True)


class MutationSchema(Schema):
    """The definition of ``Mutation``; errors come from here, per field, in both languages."""

    n = Whole(1, MAX_N, required=True)
    op = Choice(OPS, required=True)
    type = Text(1, 40, required=True)
    id = Id(required=True)
    grid = Place(required=True)
    at = _Pair(0, MAX_MS, 0xFFFF, required=True)
    by = Id(required=True)
    base = Whole(0, MAX_N)
    role = Choice({role.value: role.zh for role in Role}, allow_none=True)
    group = _Pair(1, MAX_N, MAX_N, allow_none=True)
    set = fields.Dict(keys=Text(1, 80))
    add = fields.Dict(keys=Text(1, 80), values=fields.List(fields.Raw(allow_none=True)))
    remove = fields.Dict(keys=Text(1, 80), values=fields.List(Text(0, 200)))
    share = fields.Dict(keys=Text(1, 80), values=Number(-MAX_AMOUNT, MAX_AMOUNT))
    act = fields.Nested(ActSchema, allow_none=True)
    settles = fields.Nested(SettlesSchema, allow_none=True)
    schema = Whole(1, 10_000)
