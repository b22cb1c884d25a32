"""One uncontested mutation laid over a record, the same on tablet and server."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.fold import fold, holder_of, total_of
from schemas.mutations import Mutation
from schemas.wire import canonical
from tests.schemas.samples import LI, PHOTO, TREE, TREES

WANG = LI[:-1] + "b"
BIRDS = ["喜鹊", "麻雀", "乌鸦", "鸽"]


def edit(ms: int = 1, by: str = LI, **parts: Any) -> Mutation:
    """Return one edit of the tree."""
    whole = {"n": 1, "op": "patch", "type": "street_tree", "id": TREE, "grid": "210902", "at": (ms, 0), "by": by}
    return msgspec.convert(whole | parts, Mutation)


def folded(*edits: Mutation) -> dict[str, Any]:
    """Return the tree after *edits*."""
    fields: dict[str, Any] = {}
    for mutation in edits:
        fold(TREES, fields, mutation, "tablet")
    return fields


additions = st.lists(st.lists(st.sampled_from(BIRDS), max_size=3), max_size=4)


@given(st.data())
def test_a_set_is_the_same_whoever_adds_first_and_however_often(data: st.DataObject) -> None:
    edits = [edit(add={"birds": birds}) for birds in data.draw(additions)]
    other = [*data.draw(st.permutations(edits)), *edits]
    assert canonical(folded(*edits)) == canonical(folded(*other))


@given(st.data())
def test_remarks_stand_in_the_order_they_were_signed_in_whatever_order_they_come(data: st.DataObject) -> None:
    signed = st.builds(
        lambda ms, by, text: edit(ms, by, add={"remarks": [text]}),
        st.integers(0, 3), st.sampled_from([LI, WANG]), st.sampled_from(["已浇水", "已修剪"]),
    )  # fmt: skip
    edits = data.draw(st.lists(signed, max_size=5))
    other = [*data.draw(st.permutations(edits)), *edits]
    assert canonical(folded(*edits)) == canonical(folded(*other))


def test_a_photo_is_known_by_its_name_alone() -> None:
    near = {"sha256": PHOTO, "slot": "near"}
    far = {"sha256": PHOTO, "slot": "far"}
    assert folded(edit(add={"photos": [near]}), edit(add={"photos": [far]})) == {"photos": [far]}


def test_what_was_removed_is_gone_and_what_is_not_there_cannot_be_missed() -> None:
    there = folded(edit(add={"birds": BIRDS}), edit(remove={"birds": ["鸽", "鹰"]}))
    assert set(there["birds"]) == set(BIRDS) - {"鸽"}
    assert folded(edit(remove={"birds": ["鸽"]})).get("birds", []) == []


def test_each_holder_has_one_share_and_the_total_is_their_sum() -> None:
    shared = folded(edit(share={"water_t": 1.5}), edit(by=WANG, share={"water_t": 2}), edit(share={"water_t": 0.1}))
    assert shared["water_t"] == {holder_of("tablet", LI): 0.1, holder_of("tablet", WANG): 2}
    assert total_of(shared["water_t"]) == 2.1


def test_an_edit_never_reaches_into_another_record() -> None:
    planted = edit(add={"birds": ["鸽"]}, set={"species": "国槐"})
    one, other = folded(planted), folded(planted)
    fold(TREES, one, edit(add={"birds": ["鹰"]}), "tablet")
    assert other == {"birds": ["鸽"], "species": "国槐"}
    assert planted.add == {"birds": ["鸽"]}
