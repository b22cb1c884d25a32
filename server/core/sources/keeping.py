"""
For how long it is known how to reach a reporter 举报人联系方式保存期限: no longer than somebody may have to ask him.
"""

from schemas.moments import ms_of
from schemas.records import Fields
from schemas.workflow import CASE


def over_since(fields: Fields, *, void: bool, written_ms: int) -> int | None:
    """
    Return since when a case is over (milliseconds since 1970-01-01 UTC), None while it is not.

    Args:
        fields: Of the case, or of the one it was joined to 并案.
        written_ms: When the office last wrote it; counts where the case does not say itself.
    """
    if void:
        return written_ms
    if fields.get("status") not in CASE.final:
        return None
    acts = [int(one["at"][0]) for one in fields.get("timeline", ()) if one["act"] in _ENDING]
    closed = [ms_of(fields["closed_at"])] if fields.get("closed_at") and fields["status"] == "closed" else []
    return max(acts + closed, default=written_ms)


_ENDING = frozenset({"refuse", "merge", "close"})
