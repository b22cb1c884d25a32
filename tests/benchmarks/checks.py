"""
Checks as workers write them: three forms, every item answered, a few findings, photos, remarks.

Seeded, so that two runs measure the same bytes. Positions, targets, times and photo hashes have the
variety of a real day; texts come from a list of phrases, as they do when one picks them on a tablet.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from schemas.ids import uuid7
from tests.server.office import GRID_7, person_id

CST = timezone(timedelta(hours=8))
START_MS = 1_594_771_200_000
REMARKS = ("已劝导", "已当场整改", "老板不在，已留通知书", "下午复查", "雨后积水", "商户配合", "反复出现，建议重点关注")
STREET_ITEMS = {"A1": 3, "A2": 4, "A3": 9, "A4": 2, "C1": 2, "D1": 1, "D2": 1, "F1": 3, "G1": 0}
SHOP_ITEMS = {"H1": 3, "H2": 0, "H3": 1, "G1": 1, "G2": 0, "G4": 2, "O2": 1, "O3": 1, "O4": 4, "O5": 0, "O6": 1}
PARKING_ITEMS = {"M1": 1, "M2": 3, "M3": 0, "M4": 0, "N1": 6, "N2": 1, "N3": 2, "C2": 0, "F1": 1, "F3": 0}


class Day:
    """
    One worker's days of checks, one mutation after the other.

    Args:
        who: A name of ``office.PEOPLE``.
        seed: Makes the same checks again.
        targets: How many things there are to check.
    """

    def __init__(self, who: str, seed: int, targets: int = 900, grid: str = GRID_7) -> None:
        self.by = person_id(who)
        self.grid = grid
        self.random = random.Random(seed)
        self.targets = [uuid7(START_MS, self.random.randbytes(10)) for _ in range(targets)]
        self.n = 0
        self.ms = START_MS

    def mutations(self, count: int) -> list[bytes]:
        """Return the next *count* checks as raw mutations."""
        return [self._next() for _ in range(count)]

    def _next(self) -> bytes:
        self.n += 1
        self.ms += self.random.randrange(60_000, 420_000)
        make = self.random.choices((self._street, self._shop, self._parking), (3, 5, 2))[0]
        kind, fields = make()
        body = {
            "n": self.n, "op": "create", "type": kind, "id": uuid7(self.ms, self.random.randbytes(10)),
            "grid": self.grid, "at": [self.ms, 0], "by": self.by, "set": self._common() | fields,
            "add": dict(self._collections(fields["items"])),
        }  # fmt: skip
        if kind == "shop_check":
            body["schema"] = 2
        return msgspec.json.encode(body)

    def _common(self) -> dict[str, Any]:
        chance = self.random
        return {
            "inspector_id": self.by, "inspector_role": "grid_worker", "target_id": chance.choice(self.targets),
            "mode": chance.choices(("routine", "recheck", "self"), (8, 1, 1))[0], "observed_at": self._now(),
            "position": {
                "lat": round(42.01 + chance.random() * 0.02, 6), "lon": round(121.65 + chance.random() * 0.02, 6),
                "crs": "wgs84", "accuracy_m": round(chance.uniform(3, 30), 1), "fix_source": "gnss",
            },
            "weather": chance.choice(("clear", "cloudy", "rain")),
        }  # fmt: skip

    def _now(self) -> str:
        return datetime.fromtimestamp(self.ms // 1000, UTC).astimezone(CST).isoformat()

    def _counts(self, most: dict[str, int]) -> dict[str, int]:
        found = self.random.random() < 0.25
        return {code: self.random.randint(0, high) if found else 0 for code, high in most.items()}

    def _street(self) -> tuple[str, dict[str, Any]]:
        chance = self.random
        items: dict[str, Any] = self._counts(STREET_ITEMS) | {
            "A5": 0 if chance.random() < 0.9 else 0.5, "A6": chance.randint(0, 2),
            "B1": chance.choices(("none", "light", "heavy"), (8, 2, 0.3))[0],
            "E1": {"piles": 0, "m2": 0} if chance.random() < 0.95 else {"piles": 1, "m2": 0.4},
        }  # fmt: skip
        return "street_check", {
            "form_version": "street-1", "road_grade": chance.randint(1, 4), "sample_length_m": 100,
            "sample_width_m": chance.choice((6, 9, 12)), "side": chance.choice(("left", "right", "both")),
            "worker_present": chance.random() < 0.8, "items": items,
        }  # fmt: skip

    def _shop(self) -> tuple[str, dict[str, Any]]:
        chance = self.random
        green = chance.random() < 0.3
        items: dict[str, Any] = self._counts(SHOP_ITEMS)
        items |= {"H4": 0, "H5": None, "O1": chance.random() < 0.1, "G3": False}
        if not green:
            items |= {"G1": None, "G2": None, "G3": None}
        return "shop_check", {
            "form_version": "shop-1", "has_green": green, "category": chance.choice(("catering", "retail", "service")),
            "letter_seen": True, "plate_seen": chance.random() < 0.7, "open_now": True,
            "notice_given": chance.choice(("none", "verbal")), "operator_reaction": "cooperative", "items": items,
        }  # fmt: skip

    def _parking(self) -> tuple[str, dict[str, Any]]:
        chance = self.random
        items: dict[str, Any] = self._counts(PARKING_ITEMS) | {"N4": chance.random() < 0.2, "C1": False, "F2": False}
        return "parking_check", {
            "form_version": "parking-1", "kind": "sidewalk", "motor_total": chance.randint(5, 60),
            "nonmotor_total": chance.randint(0, 80), "tidied_count": chance.randint(0, 9), "items": items,
        }  # fmt: skip

    def _collections(self, items: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
        """An overview always, a near one for about one finding in two; a remark now and then."""
        photos = [self._photo("overview", None)]
        found = [code for code, value in items.items() if value not in (None, 0, False, "none") and code != "E1"]
        photos += [self._photo("near", code) for code in found[:2] if self.random.random() < 0.5]
        yield "photos", photos
        if self.random.random() < 0.2:
            yield "remark", [self.random.choice(REMARKS)]

    def _photo(self, role: str, item: str | None) -> dict[str, Any]:
        photo = {"sha256": self.random.randbytes(32).hex(), "role": role}
        return photo if item is None else photo | {"item": item}
