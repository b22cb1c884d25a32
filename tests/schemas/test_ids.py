"""Ids: made where the record is made, or following from what they follow from."""

import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from schemas.fields import UUID_PATTERN
from schemas.ids import derived_id, uuid7


@given(st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
def test_an_id_holds_its_moment_its_version_and_its_randomness_as_rfc_9562_says(ms: int, dice: bytes) -> None:
    made = uuid.UUID(uuid7(ms, dice))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == ms
    drawn = int.from_bytes(dice, "big")
    assert (made.int >> 64) & 0xFFF == (drawn >> 64) & 0xFFF  # rand_a
    assert made.int & ((1 << 62) - 1) == drawn & ((1 << 62) - 1)  # rand_b
    assert re.match(UUID_PATTERN, str(made))
    assert uuid7(ms, dice) == str(made)


def test_the_example_of_the_standard() -> None:
    # RFC 9562, appendix A.6: 2022-02-22 14:22:22 -05:00, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    drawn = 0xCC3 << 64 | 0x18C4DC0C0C07398F
    assert uuid7(0x017F22E279B0, drawn.to_bytes(10, "big")) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.integers(0, (1 << 48) - 2), st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_ids_sort_by_the_millisecond_they_were_made_in(ms: int, one: bytes, other: bytes) -> None:
    assert uuid7(ms, one) < uuid7(ms + 1, other)


def test_tablet_and_office_call_the_case_that_follows_from_a_check_by_one_name() -> None:
    check = "0197f3a0-0000-7000-8000-000000000001"
    assert derived_id(check, "A5") == "6b2f1247-91c0-551d-b483-4c97f4412fd8"
    assert derived_id(check, "A5") != derived_id(check, "A6")
    assert derived_id("ab", "c") != derived_id("a", "bc")
