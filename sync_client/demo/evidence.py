"""
The photos of the morning 照片: records first, photos after; a cut in mid-photo; and what the office makes of them.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schemas.photos import PART_BYTES
from sync_client.album import FileState
from sync_client.demo.cast import Tablet
from sync_client.demo.gallery import Gallery
from sync_client.demo.morning import Morning
from sync_client.demo.picture import PLATE_BOX
from sync_client.demo.script import GOOD, WAIT, Script, promise

_HEADS = (
    ("谁", "who"), ("核验通过", "verified"), ("上传", "sent"), ("等 Wi-Fi", "wait for Wi-Fi"), ("用时", "time"),
)  # fmt: skip


class Evidence:
    """
    Tells of the photos of one morning.

    Args:
        script: Who listens.
        morning: Which.
        field: The tablets that took photos, the one with the large photo first.
        office: The street's.
        folder: Where to lay what the office looks at.
    """

    def __init__(self, script: Script, morning: Morning, field: Sequence[Tablet], office: Tablet, folder: Path) -> None:
        self._script, self._morning, self._field = script, morning, field
        self._gallery = Gallery(office, folder)
        self._checks = [check.id for check in morning.checks.values()]

    def tell(self) -> None:
        """
        Tell it all.

        Raises:
            Broken: Something did not come out as promised.
        """
        self._script.scene("照片：记录先到，照片随后", "photos: the records first, the photos after")
        expected, arrived, _ = self._counted()
        promise(expected and not arrived, "照片比记录先到", "photos came before their records")
        self._script.say(
            f"办公室已有 {len(self._checks)} 次检查，应有照片 {expected} 张，已到 0 张：都还在平板上。",
            f"{len(self._checks)} checks are at the office and name {expected} photos; all of them are on the tablets.",
        )
        self._send()
        self._break_off(self._field[0])
        now = self._counted()
        promise(now == (expected, expected, expected), "照片没有到齐", "photos are missing")
        self._script.say(
            f"办公室：应有 {expected} 张，已到 {expected} 张，每张都核验过大小、指纹，能打开。",
            f"all {expected} have arrived; size and hash were checked, and each can be opened.",
            GOOD,
        )
        check, overview = self._look()
        self._find_the_double()
        self._redact(check, overview)

    def _counted(self) -> tuple[int, int, int]:
        """Return how many photos the checks name, how many can be looked at, of how many the original is there."""
        listed = [self._gallery.listed(check) for check in self._checks]
        expected, arrived, originals = (
            sum(one[name] for one in listed) for name in ("expected", "arrived", "originals")
        )
        return expected, arrived, originals

    def _send(self) -> None:
        rows = []
        for tablet in self._field:
            begun = time.monotonic()
            report = tablet.client.send_photos(network="mobile")
            promise(not report.problems and not report.bytes_resent, "照片没有一次传成", "a photo had to be sent twice")
            told = (str(report.verified), _kilobytes(report.bytes_sent), str(report.waiting or "·"))
            rows.append((tablet.name, *told, f"{time.monotonic() - begun:.2f} s"))
        self._script.table(_HEADS, rows, "核验通过 上传 用时")

    def _break_off(self, tablet: Tablet) -> None:
        """Cut the line when the first part of a large original is there and the second under way."""
        tablet.line.cut_in_part(1)
        tablet.client.send_photos(network="wifi")
        torn = [file for file in tablet.client.photos() if file.state == FileState.PARTLY_SENT]
        promise(len(torn) == 1 and torn[0].parts_sent == 1, "断网时传到哪里没有记住", "the tablet lost its place")
        [file] = torn
        self._script.say(
            f"{tablet.name}用 Wi-Fi 传一张原图（{_kilobytes(file.bytes)}，{file.parts} 片），第 2 片传到一半断网。",
            "over Wi-Fi an original follows; the line is cut in the middle of its second part.",
            WAIT,
        )
        tablet.line.restore()
        report = tablet.client.send_photos(network="wifi", now=True)
        rest = file.bytes - PART_BYTES
        promise(
            (report.verified, report.bytes_sent) == (1, rest), "没有从断处续传", "it did not go on where it was cut"
        )
        self._script.note(
            f"恢复后接着传，只重传这一片（{_kilobytes(rest)}），核验通过。",
            "back in reach, that part alone is sent again; verified",
        )

    # -- at the office ---------------------------------------------------------------------------

    def _look(self) -> tuple[str, dict[str, Any]]:
        """Look at a thumbnail and at a pair; return the check they are of, and its overview."""
        check, pair = next((check, pairs[0]) for check in self._checks if (pairs := self._gallery.pairs(check)))
        photos = self._gallery.listed(check)["photos"]
        overview = next(photo for photo in photos if photo["role"] == "overview")
        small = self._gallery.keep("1-thumbnail.jpg", overview["urls"]["thumb"])
        both = self._gallery.keep("2-before-after.jpg", pair["url"])
        self._script.say(
            f"看一眼：缩略图 {small}、整改前后 {both}，放在 {self._gallery.place}。",
            "a thumbnail, and before and after side by side, lie there.",
        )
        return check, overview

    def _find_the_double(self) -> None:
        found = [one for one in self._gallery.matches(self._checks) if one["kind"] == "exact"]
        promise(len(found) == 1, "同一张照片用了两次，没有恰好提示一次", "a photo used twice was not flagged once")
        [match] = found
        sides = (match["side"], match["other"])
        where = "、".join(side["record"]["title_zh"] for side in sides)
        self._script.say(
            f"提示街道查看：{match['zh']}（{sides[0]['by']['name']}的{where}）。是提示，不是结论。",
            f"to be looked at by the street: {match['en']}; a hint, no verdict.",
            WAIT,
        )

    def _redact(self, check: str, photo: dict[str, Any]) -> None:
        self._gallery.redact(check, photo["sha256"], [PLATE_BOX])
        now = self._gallery.photo(check, photo["sha256"])
        promise(now["original"] == photo["original"], "原图变了", "the original has changed")
        published = self._gallery.keep("3-published.jpg", now["urls"]["published"])
        self._script.say(
            f"给车牌打码，另存为公开件 {published}，也在那里；原图不动。",
            "a number plate is painted over in a copy for publication; the original stays.",
        )


def _kilobytes(count: int) -> str:
    return f"{count / 1000:,.0f} KB"
