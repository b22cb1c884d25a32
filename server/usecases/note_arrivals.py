"""
What lay in quarantine unjudged, and has come again in a way that could be judged 再次送达.

Two things are kept there without having been judged: what a revoked device brought, which comes again when the
device is let in, and what came under a number that another payload had used, which comes again under a new one.
"""

from collections.abc import Iterable

from schemas import wire
from server.core.intake import Intake
from server.core.readmission import content_of
from server.storage.quarantine import UNJUDGED, Refused
from server.storage.unit_of_work import UnitOfWork

ARRIVED = "arrived"


def note_arrivals(work: UnitOfWork, intake: Intake, install: str) -> None:
    """Settle the rows of the quarantine whose content *intake* has judged now; before the numbers are taken."""
    arrived = [t.arrived for t in intake.taken if t.arrived] + [one for one, refusal in intake.refused]
    numbers = {one.n for one in arrived if one.mutation is not None}
    records = {one.mutation.id for one in arrived if one.mutation is not None}
    rows = work.quarantine.unjudged(intake.device, install, numbers, records) if records else []
    if not rows:
        return
    judged = {(install, n) for n in numbers}
    contents = {content_of(one.raw) for one in arrived if one.n and one.mutation is not None}
    reused = {one.raw for one, refusal in intake.refused if refusal.code in UNJUDGED}
    ended = [row.id for row in rows if row.payload not in reused and _came(row, judged, contents)]
    work.quarantine.settle(ended, wire.canonical({"how": ARRIVED, "at_ms": intake.received_ms}).decode())


def _came(row: Refused, judged: Iterable[tuple[str, int]], contents: Iterable[bytes]) -> bool:
    return (row.code != "number_reused" and (row.install, row.n) in judged) or content_of(row.payload) in contents
