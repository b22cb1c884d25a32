"""
What each side shows in the end 各方所见: every record as one digest, so that equal means equal to the byte.
"""

from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise

from msgspec import Struct

from schemas import wire
from schemas.registry import TYPES
from schemas.wording import points
from sync_client.demo.cast import Tablet
from sync_client.demo.morning import CHECKS, Morning
from sync_client.demo.script import promise
from sync_client.names import word
from sync_client.values import Record

_PAGE = 1_000


class Watched(Struct):
    """A record the story was about: what kind of thing it is, what it shows now, and its id."""

    zh: str
    en: str
    shows: str
    id: str


class View(Struct):
    """
    What one tablet shows.

    Attributes:
        name, device: Whose it is, and the device's id.
        written: How many mutations it ever made.
        digests: Every record it holds, by id.
    """

    name: str
    device: str
    written: int
    digests: dict[str, str]


class Outcome(Struct):
    """Where the morning has led: the record left in dispute, those it was about, and what everybody shows."""

    disputed: str
    watched: list[Watched]
    views: list[View]


def view_of(tablet: Tablet) -> View:
    """Return what *tablet* shows now."""
    status = tablet.client.status()
    left = status.waiting + status.photos_waiting
    promise(not left, f"{tablet.name} 还有待发", f"{tablet.name} still has something to send")
    digests = {record.id: digest(record) for record in _records(tablet)}
    return View(tablet.name, status.device or "", tablet.written, digests)


def digest(record: Record) -> str:
    """Return the SHA-256 of everything a record is, in the one way it is written down."""
    whole = (record.type, record.id, record.grid, record.version, record.at, record.by, record.void, record.fields)
    return sha256(wire.canonical(whole)).hexdigest()


def watched(morning: Morning, tablet: Tablet) -> list[Watched]:
    """Return what the morning was about, as *tablet* shows it."""
    read = tablet.client.read
    one, two, _, four, five = (read(shop.id) for shop in morning.shops)
    shops = (
        (one, f"{one['name']}，{one['operator_phone']}"),
        (two, f"{two['name']}（店名待认定）"),
        (four, f"{four['name']}，照片 {len(four['photos'])}、备注 {len(four['remark'])}"),
        (five, f"{five['name']}，{five['operator_phone']}"),
    )
    found = [Watched("商户", "shop", shows, shop.id) for shop, shows in shops]
    for made in morning.checks.values():
        check, kind = read(made.id), CHECKS[made.type]
        who = tablet.called(check["inspector_id"])
        found.append(Watched(*kind, f"{who}，{points(check['score'])} {word(check, 'result')}", check.id))
    for opened in morning.cases:
        case = read(opened.id)
        found.append(Watched("问题", "case", f"{word(case, 'problem_class')}，{word(case, 'status')}", case.id))
    return found


def hold_equal(views: list[View]) -> None:
    """
    Make sure that whatever two of *views* both hold is the same to the byte, and that the smaller lies in the larger.

    Raises:
        Broken: It is not.
    """
    for smaller, larger in pairwise(views):
        missing = smaller.digests.keys() - larger.digests.keys()
        promise(not missing, f"{larger.name} 少了 {len(missing)} 条", f"{larger.name} lacks {len(missing)} records")
        other = [i for i, told in smaller.digests.items() if larger.digests[i] != told]
        promise(not other, f"{smaller.name} 与 {larger.name} 有 {len(other)} 条不同", f"{len(other)} records differ")


def _records(tablet: Tablet) -> Iterator[Record]:
    for kind in TYPES:
        after = None
        while True:
            page = tablet.client.find(kind, limit=_PAGE, after=after, include_void=True)
            yield from page
            after = page.after
            if after is None:
                break
