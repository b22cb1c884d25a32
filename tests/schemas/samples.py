"""A record type with one field of every kind, registered nowhere: the forms themselves may change."""

from typing import ClassVar

from marshmallow import INCLUDE, Schema, fields

from schemas.fields import (
    Choice,
    Day,
    Exact,
    Flag,
    Id,
    Instant,
    Many,
    Number,
    Part,
    Pattern,
    Place,
    Sha256,
    Text,
    Whole,
)
from schemas.records import RecordSchema, RecordType, describe
from schemas.rules import (
    APPEND,
    DERIVED,
    FIRST,
    HIGHEST,
    LATEST,
    PERSON,
    SHARE,
    Together,
    Workflow,
    authority,
    escalate,
    settled_by,
    union,
)

PHOTO = "3f" * 32
TREE = "0197f3a0-0000-7000-8000-000000000001"
LI = "0197f3a0-0000-7000-8000-00000000000a"


class PhotoSchema(Schema):
    """A photo of the tree 照片."""

    class Meta:
        unknown = INCLUDE

    sha256 = Sha256(required=True)
    taken_at = Instant()
    slot = Choice(("near", "far"), required=True)


class OwnerSchema(Schema):
    """Who planted it 种植单位."""

    class Meta:
        unknown = INCLUDE

    name = Text(1, 20, required=True)
    since = Day(allow_none=True)


def _older_than_its_plaque(written: dict[str, object]) -> bool:
    planted, plaque = written.get("planted_on"), written.get("plaque_on")
    return not (isinstance(planted, str) and isinstance(plaque, str)) or planted <= plaque


class TreeSchema(RecordSchema):
    """A street tree 行道树: one field of every kind and rule."""

    type_name = "street_tree"
    title_zh = "行道树"
    schema_version = 2
    together: ClassVar[tuple[Together, ...]] = (Together(("lat", "lng"), LATEST),)
    exact: ClassVar[tuple[Exact, ...]] = (
        Exact(_older_than_its_plaque, "挂牌早于种植", "has a plaque older than the tree"),
    )

    species = Text(1, 8, required=True, metadata=settled_by(authority(then=PERSON)) | {"label": "树种"})
    health = Choice({"good": "良好", "poor": "差", "dead": "死亡"}, required=True,
                    metadata=settled_by(escalate("good", "poor", "dead")))  # fmt: skip
    height_m = Number(0, 60, tenths=True, allow_none=True, metadata=settled_by(HIGHEST))
    lean_deg = Number(-90, 90, metadata=settled_by(LATEST))
    girth_cm = Whole(1, 2_000, metadata=settled_by(LATEST))
    protected = Flag(metadata=settled_by(LATEST))
    planted_on = Day(metadata=settled_by(FIRST))
    plaque_on = Day(allow_none=True, metadata=settled_by(LATEST))
    observed_at = Instant(required=True, metadata=settled_by(FIRST))
    planter = Id(metadata=settled_by(LATEST))
    place = Place(metadata=settled_by(LATEST))
    plaque_no = Text(3, 12, pattern=Pattern(r"^T[0-9]{2,}$", "T 加数字", "a T and digits"), metadata=settled_by(LATEST))
    lat = Number(3, 54, metadata=settled_by(LATEST))
    lng = Number(73, 136, metadata=settled_by(LATEST))
    items = fields.Dict(
        keys=Choice(("A1", "A2", "A3")), values=Whole(0, 5, allow_none=True), metadata=settled_by(LATEST)
    )
    days = fields.Dict(keys=Day(), values=Day(), metadata=settled_by(LATEST))
    owner = Part(OwnerSchema, allow_none=True, metadata=settled_by(LATEST))
    pruned_on = Many(Day(), 4, metadata=settled_by(LATEST))
    photos = Many(Part(PhotoSchema), 3, metadata=settled_by(union("sha256")))
    birds = Many(Text(1, 6), 5, metadata=settled_by(union()))
    remarks = Many(Text(1, 20), 50, metadata=settled_by(APPEND))
    water_t = Number(0, 9, metadata=settled_by(SHARE))
    state = Choice(("standing", "felled"), metadata=settled_by(Workflow("tree")))
    value = Number(0, 1e9, metadata=settled_by(DERIVED))


TREES: RecordType = describe(TreeSchema)
