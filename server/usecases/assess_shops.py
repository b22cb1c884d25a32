"""
Draft the shops' lists month by month 商户月榜, and find out which shop has passed again since.
"""

from schemas.checks.common import counted_score
from schemas.checks.scoring import result_of
from schemas.grid import Level, is_sealed
from schemas.moments import day_of, ms_of
from schemas.records import Fields
from schemas.roles import Role
from server.core.assessing.shops import RankedShop, put_right_on, shops
from server.core.assessing.spans import Span, before, month_of
from server.core.assessing.visits import Visit
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases import keep_lists
from server.usecases.assess_units import Kept, open_what_is_over, scheme
from server.usecases.gather_scores import reaching_back, visits
from server.usecases.keep_lists import Draft
from server.values import Record

SHOPS = "month_shops"
_CHECK = "shop_check"
_SELF = "self"
_NAME, _ADDRESS = 60, 120


def monthly_shops(store: Store, district: str, period_ms: int, now_ms: int) -> Kept:
    """
    Draft the lists of the month before the one in which *period_ms* lies, and open them for objections.

    Running it again changes nothing of what is open or issued.
    """
    month = before(month_of(day_of(period_ms)), month=True)
    drafted = draft_month(store, district, month, None, now_ms, spare=True)
    return Kept(drafted, open_what_is_over(store, district, (SHOPS,), now_ms))


def draft_month(
    store: Store, district: str, month: Span, by: str | None, now_ms: int, *,
    kind: str = SHOPS, group: str = "", spare: bool = False,
) -> list[str]:  # fmt: skip
    """Reckon the shops' lists of *month* and keep them as drafts, as ``assess_units.draft_week``."""
    with store.work(district, writing=False) as work:
        drafts = [one for one in month_lists(work, month, now_ms) if one.kind == kind and group in ("", one.group)]
    return keep_lists.put_drafts(store, district, drafts, by, now_ms, spare=spare)


def month_lists(work: UnitOfWork, month: Span, now_ms: int) -> list[Draft]:
    """Return the list of each street's shops for *month*; a street of whose shops none is to be named has none."""
    by_street: dict[str, list[Fields]] = {}
    for row in _rows(work, month, now_ms):
        by_street.setdefault(row["grid"][: Level.STREET], []).append(row)
    return [
        Draft(SHOPS, street, month, rows, _corrections(work, street, month, now_ms))
        for street, rows in sorted(by_street.items())
        if len(street) == Level.STREET
    ]


def passed_since(work: UnitOfWork, record: Record) -> dict[str, str]:
    """Return the day on which each black shop of a list passed a check again 已整改, by shop; the list itself stays."""
    rows = [row for row in record.fields.get("rows", ()) if row.get("mark") == "black"]
    known = {row["about"]: row["put_right_on"] for row in rows if row.get("put_right_on")}
    last = record.fields["last_day"]
    about = work.records.about([row["about"] for row in rows], ms_of(f"{last}T00:00:00+08:00"), lock=False)
    checks = [
        _visit(one) for one in about.values()
        if one.type == _CHECK and not one.void and not is_sealed(one.grid) and one.fields.get("mode") != _SELF
    ]  # fmt: skip
    return put_right_on(checks, last) | known


def _rows(work: UnitOfWork, month: Span, now_ms: int, area: str = "") -> list[Fields]:
    by = scheme(work)
    back = reaching_back(Span(month.first, max(month.last, day_of(now_ms))), int(by["shops"]["black_days"]))
    place = area or work.district
    found = visits(work, (_CHECK,), back, place)
    with_cases = work.assessing.with_cases(month.since_ms, month.until_ms, place)
    listed = shops(found, with_cases, (month.first, month.last), by)
    registered = work.records.get([one.shop for one in listed])
    return [_row(one, shop) for one in listed if (shop := registered.get(one.shop)) is not None and not shop.void]


def _row(one: RankedShop, shop: Record) -> Fields:
    # By its sign and its door: who runs it is nobody's business here.
    address = shop.fields.get("address") or shop.fields.get("door_no")
    row = {
        "about": one.shop, "name": str(shop.fields["name"])[:_NAME], "place": address and str(address)[:_ADDRESS],
        "grid": shop.grid, "score": one.score, "mark": one.mark, "why": list(one.why),
        "put_right_on": one.put_right_on, "figures": {"checks": one.checks, "fails": one.fails},
    }  # fmt: skip
    return {name: value for name, value in row.items() if value is not None}


def _corrections(work: UnitOfWork, street: str, month: Span, now_ms: int) -> list[Fields]:
    issued = keep_lists.last_issued(work, SHOPS, street, month, now_ms)
    if issued is None:
        return []
    span = Span(issued.fields["first_day"], issued.fields["last_day"])
    return keep_lists.differences(issued, _rows(work, span, now_ms, street))


def _visit(check: Record) -> Visit:
    fields, stamp = check.fields, check.origin.stamp
    score, result = counted_score(fields), fields.get("result")
    if fields.get("score_revision") and score is not None:
        result = result_of(score)
    return Visit(
        check.type, check.grid, fields.get("target_id"), day_of(ms_of(fields["observed_at"])), score, result == "fail",
        bool(fields.get("vetoes")), fields.get("operator_reaction") == "refused",
        fields.get("inspector_role") == Role.INSPECTOR, (stamp.ms, stamp.counter),
    )  # fmt: skip
