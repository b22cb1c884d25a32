"""
A shop that the register calls closed and a later check saw open 见其营业 (``observation_beats_status``).
"""

from collections.abc import Iterable

from schemas.rules import Candidate
from server.core.decisions import Decision
from server.core.noting import standing
from server.values import Record

RULE, REASON = "observation_beats_status", "seen_open"
FIELD = "status"
#: What a check says of it.
SEEN = "open_now"
#: Beside what a lower rank may have suggested for the same field.
SLOT = "status+seen"
_SHUT = frozenset({"closed", "closed_temporarily", "vacant"})
_OPEN = "open"


def suggestion(shop: Record | None, checks: Iterable[Record]) -> Decision | None:
    """Return the suggestion to open *shop* again, by the latest of *checks* that saw it open since; or None."""
    if shop is None or shop.void or shop.fields.get(FIELD) not in _SHUT:
        return None
    now = standing(shop, FIELD)
    seen = [check for check in checks if _saw_it_open(check) and check.origin.stamp > now.stamp]
    if not seen:
        return None
    latest = max(seen, key=lambda check: check.origin.stamp)
    origin = latest.origin
    proposed = Candidate(_OPEN, origin.stamp, origin.by, origin.rank, latest.born, origin.firm)
    facts = {"seen_at": latest.fields.get("observed_at"), "check": latest.id}
    return Decision(
        FIELD,
        RULE,
        REASON,
        "noted",
        now,
        (now, proposed),
        (proposed,),
        standing=(now, proposed),
        facts=facts,
        slot=SLOT,
    )


def _saw_it_open(check: Record) -> bool:
    return check.type == "shop_check" and not check.void and check.fields.get(SEEN) is True
