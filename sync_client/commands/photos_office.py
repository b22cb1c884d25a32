"""
Photos at the office 平台上的照片: ``photos show``, ``get``, ``redact``, ``pair``, ``views``, ``matches``, ``settle``.
All need a network.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click
from rich.padding import Padding
from rich.text import Text

from schemas.fields import UUID_PATTERN
from schemas.parts import PHOTO_ROLES
from schemas.wording import size_of
from sync_client.client import FieldClient
from sync_client.commands.naming import record_called
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import BAD, GOOD, QUIET, WAIT, Voice
from sync_client.errors import NoSuchRecord
from sync_client.labels import NotUnderstood
from sync_client.looking_at_photos import (
    Box,
    Fetched,
    Match,
    Matches,
    OfficePair,
    OfficePhoto,
    OfficePhotos,
    Views,
    What,
)
from sync_client.names import short
from sync_client.times import moment

_STATES = {
    "original": ("原图已到", "original", GOOD),
    "copy": ("副本已到", "copy", GOOD),
    "expected": ("未到", "not here", WAIT),
    "refused": ("不是照片", "refused", BAD),
    "expired": ("已过期删除", "expired", QUIET),
}
#: English beside every heading would leave no room on 80 columns for what stands below.
_HEADS = (
    ("照片", "photo"), ("项", "item"), ("用途", "role"), ("状态", "state"), ("拍摄", "taken"), ("拍照人", "by"),
    ("公开", "out"),
)  # fmt: skip
_BY = 5
_VIEW_HEADS = (
    ("时间", "when"), ("谁", "who"), ("设备", "device"), ("记录", "record"), ("照片", "photo"), ("原因", "why"),
)  # fmt: skip
_LEAST, _SHOWN = 4, 10
_UUID = re.compile(UUID_PATTERN)
_HASH = re.compile(r"[0-9a-f]{1,64}")
_BOX = re.compile(r"\s*([0-9]{1,5})\s*[,，]\s*([0-9]{1,5})\s*[,，]\s*([0-9]{1,5})\s*[,，]\s*([0-9]{1,5})\s*")
_OUT: dict[str, Any] = {
    "type": click.Path(dir_okay=False, path_type=Path),
    "metavar": "FILE",
    "help": "存为 the file to write; must not be there yet",
}


@click.command("show")
@click.argument("record")
@pass_session
def show_command(session: Session, record: str) -> None:
    """一条记录的照片：应有、已到、要多看一眼的。 A record's photos: expected, arrived, what to look at twice."""
    with session.tablet() as client:
        photos = client.office_photos.photos(_record(client, record))
    session.voice.answer(photos, lambda: _tell_photos(session.voice, photos))


@click.command("get")
@click.argument("record")
@click.argument("photo", required=False)
@click.option(
    "--what",
    type=click.Choice(get_args(What)),
    default="view",
    show_default=True,
    help="缩略图、浏览图、原图、公开件 which picture of it",
)
@click.option("-o", "--out", **_OUT)
@click.option("--why", metavar="TEXT", help="查看原图的原因，会记录在案 why you look at an original; it is noted")
@pass_session
def get_command(
    session: Session, record: str, photo: str | None, what: What, out: Path | None, why: str | None
) -> None:
    """
    取一张照片。 Fetch one photo.

    PHOTO 是照片指纹的开头；记录只有一张照片时可省略。原图每次查看都有记录。
    PHOTO is how its hash begins; it may be left out where the record has one. Every look at an original is noted.
    """
    with session.tablet() as client:
        office, id_ = client.office_photos, _record(client, record)
        chosen = _photo(office.photos(id_), photo)
        with _new_file(out):
            fetched = office.fetch(id_, chosen.sha256, what, out, why)
    _answer_fetched(session.voice, fetched)


@click.command("redact")
@click.argument("record")
@click.argument("photo")
@click.option(
    "--box",
    "boxes",
    multiple=True,
    required=True,
    metavar="X,Y,W,H",
    help="涂黑的框：左,上,宽,高，万分之几；可多个 left,top,width,height in ten-thousandths",
)
@pass_session
def redact_command(session: Session, record: str, photo: str, boxes: tuple[str, ...]) -> None:
    """
    打码，做成公开件；原图不变。 Paint over faces and plates; the original stays.

    框以正着看的图片为准：0,0 是左上角，10000,10000 是右下角。
    Boxes are told of the picture as it is seen: 0,0 is its top left corner, 10000,10000 its bottom right one.
    """
    drawn = [_box(text) for text in boxes]
    with session.tablet() as client:
        office, id_ = client.office_photos, _record(client, record)
        chosen = _photo(office.photos(id_), photo)
        made = office.redact(id_, chosen.sha256, drawn)
    session.voice.answer(made, lambda: _tell_redacted(session.voice, record, chosen))


@click.command("pair")
@click.argument("record")
@click.option("--item", metavar="ITEM", help="检查项，如 H2 the check item")
@click.option("-o", "--out", **_OUT)
@pass_session
def pair_command(session: Session, record: str, item: str | None, out: Path | None) -> None:
    """整改前后并排的一张图。 Before and after side by side, as one picture."""
    with session.tablet() as client:
        office, id_ = client.office_photos, _record(client, record)
        pairs = [pair for pair in office.pairs(id_).pairs if item is None or (pair.item or "") == item.upper()]
        chosen = _pair(pairs)
        with _new_file(out):
            fetched = office.fetch_pair(chosen, out)
    _answer_fetched(session.voice, fetched)


@click.command("views")
@click.argument("record", required=False)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200), help="最多几条 at most")
@pass_session
def views_command(session: Session, record: str | None, limit: int) -> None:
    """谁看过原图（街道及以上）。 Who saw originals; for the street office and above."""
    with session.tablet() as client:
        id_ = _record(client, record) if record else None
        views = client.office_photos.views(id_, limit)
    session.voice.answer(views, lambda: _tell_views(session.voice, views))


@click.command("matches")
@click.argument("record", required=False)
@click.option("--state", type=click.Choice(["open", "settled", "all"]), default="open", show_default=True,
              help="待看、已认定、全部 what waits, what has ended, all")  # fmt: skip
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200), help="最多几条 at most")
@pass_session
def matches_command(session: Session, record: str | None, state: str, limit: int) -> None:
    """重复照片（街道及以上）。 Pictures used twice; for the street office and above."""
    with session.tablet() as client:
        id_ = _record(client, record) if record else None
        found = client.office_photos.matches(id_, state, limit)
    session.voice.answer(found, lambda: _tell_matches(session.voice, found))


@click.command("settle")
@click.argument("match")
@click.argument("outcome", type=click.Choice(["fine", "misuse"]))
@click.option("--reason", required=True, metavar="TEXT", help="理由 why")
@pass_session
def settle_command(session: Session, match: str, outcome: str, reason: str) -> None:
    """
    认定一条重复照片：fine 无问题，misuse 重复使用。 Say what was found of a match.

    MATCH 是编号的开头。 MATCH is how its id begins.
    """
    with session.tablet() as client:
        office = client.office_photos
        settled = office.settle_match(_match(office.matches(state="all", limit=200), match), outcome, reason)
    session.voice.answer(settled, lambda: session.voice.say("已认定", "settled", GOOD))


#: What the group ``photos`` takes in.
COMMANDS = (
    *(show_command, get_command, redact_command, pair_command, views_command),
    *(matches_command, settle_command),
)


# -- what was meant ------------------------------------------------------------------------------


def _record(client: FieldClient, text: str) -> str:
    """Return the id of the record meant; one that is not on this tablet has to be named wholly."""
    try:
        return record_called(client, text).id
    except NoSuchRecord:
        if _UUID.fullmatch(text.strip()):
            return text.strip()
        raise


def _photo(photos: OfficePhotos, text: str | None) -> OfficePhoto:
    """
    Return the photo whose hash begins with *text*; the only one, where nothing was typed.

    Raises:
        NotUnderstood: There is none, or there are several.
    """
    wanted = (text or "").strip().lower()
    found = [one for one in photos.photos if one.sha256.startswith(wanted)]
    typed = not wanted or (len(wanted) >= _LEAST and _HASH.fullmatch(wanted))
    if typed and len(found) == 1:
        return found[0]
    if not photos.photos:
        raise NotUnderstood("这条记录没有照片。", "This record names no photo.")
    listed = "、".join(one.sha256[:_SHOWN] for one in photos.photos)
    zh = f"请写明是哪一张（指纹开头至少 {_LEAST} 位）：{listed}。"
    raise NotUnderstood(zh, f"Say which photo, by {_LEAST} signs of its hash or more: {listed}.")


def _match(found: Matches, text: str) -> str:
    """
    Return the id of the match that begins with *text*.

    Raises:
        NotUnderstood: None of the latest does, or several do.
    """
    wanted = text.strip().lower()
    ids = [one.id for one in found.matches if one.id.startswith(wanted)]
    if len(wanted) >= _LEAST and len(ids) == 1:
        return ids[0]
    if _UUID.fullmatch(wanted):
        return wanted
    raise NotUnderstood(
        f"请写明是哪一条（编号开头至少 {_LEAST} 位，见 photos matches）。",
        f"Say which match, by {_LEAST} signs of its id or more; see photos matches.",
    )


def _pair(pairs: list[OfficePair]) -> OfficePair:
    """
    Return the first pair of which both photos are there.

    Raises:
        NotUnderstood: There is none.
    """
    if not pairs:
        raise NotUnderstood("没有成对的整改前后照片。", "There are no photos of before and after here.")
    ready = [pair for pair in pairs if pair.url]
    if not ready:
        raise NotUnderstood("照片还没有到齐，请提醒拍照的人联网上传。", "One of the two is still on the tablet.")
    return ready[0]


def _box(text: str) -> Box:
    found = _BOX.fullmatch(text)
    if found is None:
        raise NotUnderstood(
            f"“{text}”不是框，应为 左,上,宽,高（0 至 10000），如 1200,3000,800,500。",
            f"'{text}' is no box: left,top,width,height from 0 to 10000, as 1200,3000,800,500.",
        )
    left, top, width, height = (int(part) for part in found.groups())
    return left, top, width, height


@contextmanager
def _new_file(out: Path | None) -> Iterator[None]:
    """Tell it in words where a file is there already, nothing being written over, or where its folder is not."""
    try:
        if out is not None and not out.parent.is_dir():
            zh, en = f"没有这个文件夹：{out.parent}。请先建好，或用 -o 另写一处。", f"There is no folder {out.parent}."
            raise NotUnderstood(zh, f"{en} Make it first, or name another place with -o.")
        yield
    except FileExistsError as error:
        zh, en = f"已有这个文件：{error}。请用 -o 另写一个名字。", f"{error} is there already: name another with -o."
        raise NotUnderstood(zh, en) from error


# -- telling -------------------------------------------------------------------------------------


def _tell_photos(voice: Voice, photos: OfficePhotos) -> None:
    if not photos.photos:
        voice.say("没有照片", "None: this record names no photo")
        return
    zh = f"应有 {photos.expected} 张，已到 {photos.arrived} 张（其中原图 {photos.originals} 张）"
    en = f"{photos.expected} expected, {photos.arrived} arrived ({photos.originals} originals)"
    voice.say(zh, en, GOOD if photos.arrived == photos.expected else WAIT)
    heads = [(voice.pick(zh, en), "") for zh, en in _HEADS]
    voice.table(heads, [_row(voice, one) for one in photos.photos], giving=[_BY])
    for one in photos.photos:
        if one.flags:
            zh, en = ("；".join(told) for told in zip(*((flag.zh, flag.en) for flag in one.flags), strict=True))
            voice.say(f"{one.sha256[:_SHOWN]} 请多看一眼：{zh}", f"look at it twice: {en}", WAIT)
    if photos.arrived < photos.expected:
        voice.hint("未到的还在平板上：请提醒拍照的人联网上传", "the others are still on the tablet that took them")


def _row(voice: Voice, one: OfficePhoto) -> list[str | Text]:
    zh, en, style = _STATES.get(one.state, (one.state, one.state, QUIET))
    role = voice.pick(PHOTO_ROLES.get(one.role, one.role), one.role)
    taken = one.taken_at[:16].replace("T", " ") if one.taken_at else "—"
    published = voice.pick("有", "yes") if one.published else "—"
    shown = Text(voice.pick(zh, en), style)
    return [one.sha256[:_SHOWN], one.item or "—", role, shown, taken, one.by_name or "—", published]


def _answer_fetched(voice: Voice, fetched: Fetched) -> None:
    told = {"path": str(fetched.path), "size": fetched.size, "captions": fetched.captions}
    voice.answer(told, lambda: _tell_fetched(voice, fetched))


def _tell_fetched(voice: Voice, fetched: Fetched) -> None:
    size = size_of(fetched.size)
    voice.say(f"已存为 {fetched.path}（{size}）", f"saved as {fetched.path} ({size})", GOOD)
    if fetched.captions == "plain":
        voice.hint("服务器没有中文字体：图上 1 为整改前，2 为整改后", "1 is before, 2 is after")


def _tell_redacted(voice: Voice, record: str, photo: OfficePhoto) -> None:
    voice.say("已打码，公开件可以取用；原图不变", "redacted; the original stays as it was", GOOD)
    zh = f"请看一遍再用：gridward photos get {record} {photo.sha256[:_SHOWN]} --what published"
    voice.hint(zh, "look at it before it goes out: photos get … --what published")


def _tell_matches(voice: Voice, found: Matches) -> None:
    if not found.matches:
        voice.say("没有重复照片", "None: no picture was used twice", GOOD)
        return
    for one in found.matches:
        _tell_match(voice, one)
    voice.hint("看两张照片：gridward photos get 记录 照片", "look at both: gridward photos get RECORD PHOTO")
    zh = "再认定：gridward photos settle 编号 fine（无问题）或 misuse（重复使用） --reason 理由"
    voice.hint(zh, "then say what you found: gridward photos settle ID fine|misuse --reason WHY")
    if found.after:
        voice.hint("只列出最近的；加 --limit 看更多", "only the latest are shown; --limit shows more")


def _tell_match(voice: Voice, one: Match) -> None:
    """Show one match with what ``photos get`` has to be given of both its sides."""
    settled = f"  {voice.pick(one.settled.zh, one.settled.en)}" if one.settled else ""
    voice.show(Text(f"{one.id[:_SHOWN]}  {voice.pick(one.kind_zh, one.kind)}  {moment(one.found_ms)}{settled}"))
    for side in (one.side, one.other):
        if side is None:
            told = voice.both("另一处，不在您的责任区域内", "elsewhere, outside your area")
        else:
            record, photo = voice.head("记录", "record"), voice.head("照片", "photo")
            named = f"{record} {short(side.record.id)}  {photo} {side.photo[:_SHOWN]}"
            told = Text(f"{named}  {side.record.title_zh}“{side.record.name}” {side.by.name or ''}".rstrip())
        voice.show(Padding(told, (0, 0, 0, 4)))


def _tell_views(voice: Voice, views: Views) -> None:
    if not views.views:
        voice.say("没有查看记录", "None: nobody has looked at an original", GOOD)
        return
    heads = [(voice.pick(zh, en), "") for zh, en in _VIEW_HEADS]
    rows = [
        [moment(one.at_ms), one.person_name or "—", one.device_name or "—", short(one.record), one.photo[:_SHOWN],
         one.why or "—"]
        for one in views.views
    ]  # fmt: skip
    voice.table(heads, rows, folding=[1, 2, 5])
    if views.after:
        voice.hint("只列出最近的；加 --limit 看更多", "only the latest are shown; --limit shows more")
