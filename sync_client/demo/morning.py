"""
A morning without signal 断网的上午: what the three of them record, each on the own tablet.

Two of them work in one grid, so they meet on the same shops in every way there is.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.wording import points
from sync_client.demo import findings
from sync_client.demo.cast import Tablet
from sync_client.demo.checking import make_check
from sync_client.demo.findings import Answers, turn
from sync_client.demo.picture import Shot, picture
from sync_client.demo.script import promise
from sync_client.finding import Prefix
from sync_client.names import word
from sync_client.values import Record

#: So many shops have a part in one morning.
_SHOPS = 5
_WEATHER = ("clear", "cloudy", "wind")
#: What a check is called here, in both languages.
CHECKS = {
    "street_check": ("街道保洁检查", "street"),
    "shop_check": ("门前三包检查", "shop"),
    "parking_check": ("停车秩序检查", "parking"),
}
_EDITS = {"name": ("改店名", "rename"), "operator_phone": ("改电话", "new phone")}


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing somebody recorded: when, by the tablet's own stamp, of what, and what came of it."""

    tablet: Tablet
    at_ms: int
    record: Record
    zh: str
    en: str
    result: str


@dataclass(slots=True)
class Morning:
    """
    What was recorded in one morning.

    Attributes:
        two_fields, two_names, two_checks, two_photos, two_ranks: The shops they met on, by how.
        checks: Every check, by the tablet's key and the check's type.
        cases: The cases the checks opened.
        deeds: Everything, in the order it was done.
    """

    number: int
    two_fields: Record
    two_names: Record
    two_checks: Record
    two_photos: Record
    two_ranks: Record
    checks: dict[tuple[str, str], Record] = field(default_factory=dict)
    cases: list[Record] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)

    @property
    def shops(self) -> tuple[Record, Record, Record, Record, Record]:
        """The shops they met on, as they were before."""
        return self.two_fields, self.two_names, self.two_checks, self.two_photos, self.two_ranks

    def record_checks(self, li: Tablet, wang: Tablet, zhao: Tablet) -> None:
        """Let each make the checks of the morning: all three forms, and two of them on one shop."""
        n, grid = self.number, self.two_checks.grid
        segments, parkings = (_all(li, kind, grid) for kind in ("street_segment", "parking_area"))
        self._check(li, "street_check", turn(segments, n), turn(findings.STREETS, n), {"weather": turn(_WEATHER, n)})
        self._check(li, "shop_check", self.two_checks, turn(findings.FIRST_LOOKS, n), {"open_now": True})
        self._check(wang, "shop_check", self.two_checks, turn(findings.SECOND_LOOKS, n), {"open_now": True})
        counted = {"motor_total": 34 + n % 9, "nonmotor_total": 58 + n % 7}
        self._check(wang, "parking_check", turn(parkings, n), turn(findings.PARKINGS, n), counted)
        self._check(
            zhao,
            "parking_check",
            turn(parkings, n + 1),
            turn(findings.QUIET_PARKINGS, n),
            counted | {"mode": "announced"},
        )

    def edit_shops(self, li: Tablet, wang: Tablet, zhao: Tablet) -> None:
        """Let them meet on four shops: two fields, two names, photos and remarks of both, two ranks."""
        n = self.number
        self._edit(li, self.two_fields, "name", turn(findings.LUCK, n) + _trade(self.two_fields))
        self._edit(wang, self.two_fields, "operator_phone", findings.phone(n, 1))
        surname = str(self.two_names.get("operator_name") or "王")[0]
        self._edit(li, self.two_names, "name", f"{surname}记{_trade(self.two_names)}")
        self._edit(wang, self.two_names, "name", f"老{surname}{_trade(self.two_names)}")
        for tablet, remark in zip((li, wang), turn(findings.REMARKS, n), strict=True):
            self._remark(tablet, self.two_photos, remark)
        self._edit(li, self.two_ranks, "operator_phone", findings.phone(n, 2))
        self._edit(zhao, self.two_ranks, "operator_phone", findings.phone(n, 3))

    def _check(self, tablet: Tablet, kind: str, target: Record, answers: Answers, also: Mapping[str, object]) -> None:
        def camera(item: str | None, role: str) -> bytes:
            return self._photo(tablet, kind, target, item, role)

        now_ms = time.time_ns() // 1_000_000
        check, opened = make_check(tablet, kind, target, answers, also, camera, now_ms)
        self.checks[tablet.actor.key, kind] = check
        self.cases += opened
        classes = "、".join(word(case, "problem_class") for case in opened)
        result = f"{points(check['score'])} {word(check, 'result')}"
        zh, en = CHECKS[kind]
        self._note(tablet, check, target, zh, en, result + (f"，上账：{classes}" if opened else ""))

    def _edit(self, tablet: Tablet, shop: Record, name: str, value: str) -> None:
        edited = tablet.client.edit(tablet.client.read(shop), set={name: value})
        zh, en = _EDITS[name]
        self._note(tablet, edited, shop, zh, en, f"→ {value}")

    def _remark(self, tablet: Tablet, shop: Record, remark: str) -> None:
        with tablet.client.batch():
            seen = tablet.client.attach(shop.id, picture(self._shot(tablet, shop, None, "overview")), role="overview")
            edited = tablet.client.edit(seen, add={"remark": [remark]})
        self._note(tablet, edited, shop, "照片、备注", "photo, note", f"“{remark}”")

    def _photo(self, tablet: Tablet, kind: str, target: Record, item: str | None, role: str) -> bytes:
        """Take a photo; one is large, and one, in a hurry, is of something else: of what was checked before."""
        of = self.two_checks if (tablet.actor.key, kind, item) == ("wang", "parking_check", None) else target
        return picture(self._shot(tablet, of, item, role), large=kind == "street_check" and item is None)

    def _shot(self, tablet: Tablet, of: Record, item: str | None, role: str) -> Shot:
        who = f"{tablet.actor.key} {self.number}"
        return Shot(of.id, str(of["name"]), str(of.get("door_no") or ""), who, item, role)

    def _note(self, tablet: Tablet, made: Record, about: Record, zh: str, en: str, result: str) -> None:
        self.deeds.append(Deed(tablet, made.at[0], about, zh, en, result))


def begin(li: Tablet, grid: str, number: int) -> Morning:
    """Return morning *number*, with five shops of *grid* that have not had their turn for the longest."""
    shops = _all(li, "shop", grid)
    promise(len(shops) >= _SHOPS, "网格里商户不足", "the grid has too few shops")
    first = (number - 1) * _SHOPS
    one, two, three, four, five = (shops[(first + i) % len(shops)] for i in range(_SHOPS))
    return Morning(number, one, two, three, four, five)


def _all(tablet: Tablet, kind: str, grid: str) -> list[Record]:
    found = tablet.client.find(kind, where={"grid": Prefix(grid)}, order_by="code", limit=1_000)
    return list(found)


def _trade(shop: Record) -> str:
    return findings.SIGNS.get(shop["category"], "商行")
