"""Two streets for the server's tests of scores: their checks and cases, written as the office would hold them."""

from typing import Any

from schemas.checks.shop import SHOP_1
from schemas.checks.street import STREET_1
from schemas.clock import Stamp
from schemas.directory import area_id
from schemas.grid import feed_of
from schemas.ids import derived_id
from schemas.moments import ms_of
from server.values import Origin, Record
from tests.schemas.checks_made import clean
from tests.server.office import DISTRICT, GRID_7, STREET, Office, person_id

OTHER_STREET = "210902006"
OTHER_GRID = "210902006001001"
THIRD_STREET = "210902007"
SEALED = "210902999"
HOUR = 3_600_000
_NAMES = {STREET: "河北街道", OTHER_STREET: "五龙街道", THIRD_STREET: "新兴街道", DISTRICT: "海州区"}
_LEVELS = {6: "district", 9: "street", 12: "community", 15: "grid"}


def at(text: str) -> int:
    """Return a moment of July 2020 here, ``14 08:30``, in milliseconds."""
    day, _, hour = text.partition(" ")
    return ms_of(f"2020-07-{day}T{hour or '08:00'}:00+08:00")


def moment(text: str) -> str:
    """Return the same as a record writes it."""
    day, _, hour = text.partition(" ")
    return f"2020-07-{day}T{hour or '08:00'}:00+08:00"


class RankTown:
    """The office, and what is written into it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._made = 0

    def write(self, type_: str, place: str, when_ms: int, fields: dict[str, Any], id_: str | None = None) -> str:
        """Write one record that was made and received at a moment; return its id."""
        self._made += 1
        made = id_ or derived_id("rank-town", type_, str(self._made))
        by, stamp = person_id("li"), Stamp(when_ms, 0, derived_id("device", "li"))
        with self.office.store.work(DISTRICT) as work:
            feed = feed_of(place)
            number = work.feeds.take(feed, 1).seq + 1
            work.records.write([
                Record(
                    type=type_, id=made, grid=place, feed=feed, fields=fields, origin=Origin(stamp, by, 1),
                    at=Stamp(when_ms, 0), by=by, device=stamp.device, received_ms=when_ms, version=number, born=number,
                )
            ])  # fmt: skip
            work.commit()
        return made

    def name(self, *codes: str) -> None:
        """Enter places in the directory."""
        for code in codes:
            fields = {"code": code, "name": _NAMES.get(code, code), "level": _LEVELS[len(code)]}
            self.write("area", code, 1_000, fields, area_id(code))

    def checked(self, place: str, when: str, tenths: int, target: str | None = None, **more: Any) -> str:
        """Write a check of a segment with this score."""
        fields = clean(STREET_1, observed_at=moment(when), target_id=target, score=tenths, **more)
        return self.write("street_check", place, at(when), fields)

    def visited(self, shop: str, when: str, tenths: int, **more: Any) -> str:
        """Write a check of a shop with this score."""
        fields = clean(SHOP_1, observed_at=moment(when), target_id=shop, score=tenths, vetoes=[], **more)
        fields["result"] = "fail" if tenths < 700 else "good"
        return self.write("shop_check", GRID_7, at(when), fields)

    def shop(self, name: str, **more: Any) -> str:
        """Enter a shop in Hebei street."""
        return self.write("shop", GRID_7, at("01"), {"name": name, "category": "repair", **more})

    def case(
        self, lead: str, found: str, due: str | None = None, done: str | None = None, closed: str | None = None,
        place: str | None = None, acts: tuple[tuple[str, str, dict[str, Any]], ...] = (), **more: Any,
    ) -> str:  # fmt: skip
        """Write a case as it stands after what became of it."""
        status = "closed" if closed else "rectified" if done else "handling" if due else "reported"
        fields: dict[str, Any] = {
            "source": "check", "problem_class": "exposed_garbage", "severity": "minor", "found_at": moment(found),
            "status": status, "lead": lead if due else None,
        }  # fmt: skip
        for name, when in (("due_at", due), ("yellow_at", due), ("rectified_at", done), ("closed_at", closed)):
            if when is not None:
                fields[name] = moment(when)
        steps = [*acts, *([("submit", done, {})] if done else [])]
        by = {"by": person_id("li"), "from": "handling", "to": "handling"}
        fields["timeline"] = [{"act": act, "at": [at(when), 0], **by, "details": told} for act, when, told in steps]
        last = max(at(when) for when in (found, done, closed, *(when for _, when, _ in steps)) if when)
        where = place or (GRID_7 if lead.startswith(STREET) else f"{lead[:9]}001001")
        return self.write("case", where, last, fields | more)
