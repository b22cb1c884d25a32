"""
Settle a picture used twice 重复照片的认定: somebody of the street looked at both, and says what he found and why.
"""

from schemas import wire
from schemas.explain import fault
from schemas.problems import Refusal
from server.core import photo_access
from server.core.desk.matched import ListedMatch, Outcome, found
from server.storage.photo_matches import Match
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.usecases.list_matches import findings_of, laid
from server.values import Person

MAX_REASON = 300


def settle_match(
    store: Store, desk: Desk, match: str, person: str | None, outcome: Outcome, reason: str, now_ms: int
) -> ListedMatch:
    """
    Write down what a clerk found about the match with the id *match*, and return it as it stands then.

    Whoever looks at it later may find something else; what was found before is kept. To say the same again
    changes nothing.

    Args:
        person: Who says so; None where the device speaks for one person only.

    Raises:
        Refusal: ``photo_match_unknown``, ``not_allowed``, ``outside_area``, ``person_stopped``,
            ``not_admitted_person`` or ``invalid_request``. Nothing was written.
    """
    with told_at_once():
        if not reason.strip():
            raise Refusal("invalid_request", fault("required", "请写明理由", "say why", "reason"))
        clerk = signer_of(desk, person)
        said = found(outcome, clerk.id, now_ms, reason.strip()[:MAX_REASON])
        row = retrying(lambda: _attempt(store, desk, match, clerk, said))
    with store.work(desk.district, writing=False) as work:
        return laid(work, desk, [row], now_ms)[0]


def _attempt(store: Store, desk: Desk, match: str, clerk: Person, said: dict[str, object]) -> Match:
    with store.work(desk.district) as work:
        row = work.photo_matches.locked(match)
        if row is None:
            raise Refusal("photo_match_unknown")
        _check(work, row, clerk, int(str(said["at_ms"])))
        before = findings_of(row)
        if before and {**before[-1], "at_ms": said["at_ms"]} == said:
            return row
        settled = wire.canonical([*before, said]).decode()
        work.photo_matches.settle(row.id, settled)
        work.commit()
    return row._replace(settled=settled)


def _check(work: UnitOfWork, row: Match, clerk: Person, now_ms: int) -> None:
    """
    Make sure that *clerk* answers for the place of one of the two records.

    Raises:
        Refusal: ``photo_match_unknown`` where he is of a street, but of another one; ``not_allowed``.
    """
    records = work.records.get([row.record, row.other_record]).values()
    if any(photo_access.may("matches", clerk, record.grid, now_ms) for record in records):
        return
    if photo_access.areas_of(clerk, now_ms):
        raise Refusal("photo_match_unknown")
    photo_access.check("matches", clerk, work.district, now_ms)
