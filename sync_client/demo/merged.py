"""
What became of what two people wrote, and why 合并结果与理由; each held to what was promised.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sync_client.commands.deciding import sentence
from sync_client.commands.naming import points
from sync_client.demo.cast import Tablet
from sync_client.demo.morning import Morning
from sync_client.demo.script import Script, promise
from sync_client.values import Record

Read = Callable[[Record], Record]


class Found(NamedTuple):
    """One meeting of two people's work: on what, what each wrote, what it is now, and by which rule."""

    name: str
    wrote: str
    zh: str
    en: str


def show(script: Script, morning: Morning, office: Tablet, tablets: list[Tablet]) -> None:
    """
    Show what every meeting came to, as the office sees it, and what the server told the tablets of it.

    Raises:
        Broken: One did not come out as promised.
    """

    def read(record: Record) -> Record:
        return office.client.read(record.id)

    for number, found in enumerate(_meetings(morning, read), 1):
        script.say(f"{number}. {found.name}：{found.wrote}", "")
        script.note(f"→ {found.zh}", found.en)
    for tablet in tablets:
        for told in tablet.client.conflicts():
            if told.n > tablet.told_before:
                name = office.client.read(told.record_id)["name"]
                for decision in told.decisions:
                    zh, en = sentence(told.type, decision, office.called)
                    script.say(f"告诉{tablet.name} · {name}：{zh}", f"told {tablet.name}: {en}", "quiet")


def _meetings(morning: Morning, read: Read) -> Iterator[Found]:
    yield _two_fields(morning, read)
    yield _two_names(morning, read)
    yield _two_checks(morning, read)
    yield _two_photos(morning, read)
    yield _two_ranks(morning, read)


def _wrote(morning: Morning, shop: Record, key: str) -> str:
    """Return what the tablet *key* wrote of *shop*, as it was told then."""
    deed = next(
        d for d in morning.deeds if d.record.id == shop.id and d.tablet.actor.key == key and d.result[0] in "→“"
    )
    return deed.result.removeprefix("→ ")


def _two_fields(morning: Morning, read: Read) -> Found:
    before, now = morning.two_fields, read(morning.two_fields)
    name, phone = _wrote(morning, before, "li"), _wrote(morning, before, "wang")
    promise((now["name"], now["operator_phone"]) == (name, phone), "两人的修改没有都保留", "one of two edits is gone")
    return Found(
        before["name"],
        f"李明改店名“{name}”，王芳改电话 {phone}",
        "两项都在：改的不是同一项",
        "both kept: different fields",
    )


def _two_names(morning: Morning, read: Read) -> Found:
    before, now = morning.two_names, read(morning.two_names)
    older, newer = _wrote(morning, before, "li"), _wrote(morning, before, "wang")
    promise(now["name"] == older, "没有暂显较早的店名", "it is not the older name that is shown")
    zh = f"暂显较早的“{older}”，两个都留着，由人认定：招牌不由先后决定"
    return Found(
        before["name"], f"李明写“{older}”，王芳写“{newer}”", zh, "a person decides; the older is shown meanwhile"
    )


def _two_checks(morning: Morning, read: Read) -> Found:
    shop = morning.two_checks
    first, second = (read(morning.checks[key, "shop_check"]) for key in ("li", "wang"))
    promise(first.id != second.id and not first.void and not second.void, "检查少了一次", "one of two checks is gone")
    promise({first["target_id"], second["target_id"]} == {shop.id}, "检查对象不对", "the checks are of something else")
    scores = f"李明查得 {points(first['score'])} 分，王芳查得 {points(second['score'])} 分"
    return Found(shop["name"], scores, "两次检查都作数：各是一次事实，不相加也不取舍", "both stand: two facts")


def _two_photos(morning: Morning, read: Read) -> Found:
    before, now = morning.two_photos, read(morning.two_photos)
    photos = len(now.get("photos") or ()) - len(before.get("photos") or ())
    remarks = [entry["text"] for entry in now.get("remark") or ()]
    wrote = [_wrote(morning, before, key).strip("“”") for key in ("li", "wang")]
    promise(
        photos == 2 and all(remarks.count(text) == 1 for text in wrote), "照片或备注不全", "a photo or remark is gone"
    )
    return Found(
        before["name"],
        f"两人各加照片和备注（{'；'.join(wrote)}）",
        "照片 2 张、备注 2 条都在，各有署名和时间",
        "all kept, signed",
    )


def _two_ranks(morning: Morning, read: Read) -> Found:
    before, now = morning.two_ranks, read(morning.two_ranks)
    worker, community = _wrote(morning, before, "li"), _wrote(morning, before, "zhao")
    promise(now["operator_phone"] == community, "没有以社区的为准", "the community's word does not count")
    zh = f"现为 {community}：登记资料以职级高者为准，{worker} 留作建议"
    return Found(
        before["name"], f"李明改电话 {worker}，赵敏（社区）改电话 {community}", zh, "the higher rank's word counts"
    )
