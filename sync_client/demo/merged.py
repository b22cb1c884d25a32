"""
What became of what two people wrote, and why 合并结果与理由; each held to what was promised.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas.wording import points
from sync_client.demo.cast import Tablet
from sync_client.demo.morning import Morning
from sync_client.demo.script import Script, promise
from sync_client.values import Record


class Found(NamedTuple):
    """One meeting of two people's work: on what, what each wrote, what it is now and by which rule."""

    name: str
    wrote: str
    zh: str
    en: str
    told: str = ""


class Telling:
    """
    Tells the meetings of one morning, as the office sees them.

    Args:
        morning: Which.
        office: The tablet that sees everything.
        tablets: All of them; one of the two whose words met was told by the server what it decided.
    """

    def __init__(self, morning: Morning, office: Tablet, tablets: list[Tablet]) -> None:
        self._morning = morning
        self._office = office
        self._tablets = tablets

    def tell(self, script: Script) -> None:
        """
        Tell every meeting.

        Raises:
            Broken: One did not come out as promised.
        """
        for number, found in enumerate(self._meetings(), 1):
            script.say(f"{number}. {found.name}：{found.wrote}。", "")
            script.note(found.zh, found.en)
            if found.told:
                script.note(found.told, "")

    def _meetings(self) -> Iterator[Found]:
        yield self._two_fields(self._morning.two_fields)
        yield self._two_names(self._morning.two_names)
        yield self._two_checks(self._morning.two_checks)
        yield self._two_photos(self._morning.two_photos)
        yield self._two_ranks(self._morning.two_ranks)

    def _two_fields(self, before: Record) -> Found:
        now = self._now(before)
        name, phone = self._wrote(before, "li"), self._wrote(before, "wang")
        promise(
            (now["name"], now["operator_phone"]) == (name, phone), "两人的修改没有都保留", "one of two edits is gone"
        )
        wrote = f"李明改店名“{name}”，王芳改电话 {phone}"
        return Found(before["name"], wrote, "两项都在：改的不是同一项。", "both are kept: two different fields")

    def _two_names(self, before: Record) -> Found:
        now = self._now(before)
        older, newer = self._wrote(before, "li"), self._wrote(before, "wang")
        promise(now["name"] == older, "没有暂显较早的店名", "it is not the older name that is shown")
        told = self._told(before, "name", "a_person_decides", "open")
        zh, en = (
            "两个名字都留着，由人认定，暂显较早的：招牌不由先后决定。",
            "a person decides; the older name is shown meanwhile",
        )
        return Found(before["name"], f"李明写“{older}”，王芳写“{newer}”", zh, en, told)

    def _two_checks(self, shop: Record) -> Found:
        first, second = (self._now(self._morning.checks[key, "shop_check"]) for key in ("li", "wang"))
        promise(first.id != second.id and not (first.void or second.void), "检查少了一次", "one of two checks is gone")
        promise({first["target_id"], second["target_id"]} == {shop.id}, "检查对象不对", "a check is of something else")
        wrote = f"李明查得 {points(first['score'])} 分，王芳查得 {points(second['score'])} 分"
        return Found(
            shop["name"], wrote, "两次检查都作数：各是一次事实，不取舍，不相加。", "both stand: they are two facts"
        )

    def _two_photos(self, before: Record) -> Found:
        now = self._now(before)
        photos = len(now.get("photos") or ()) - len(before.get("photos") or ())
        texts = [entry["text"] for entry in now.get("remark") or ()]
        wrote = [self._wrote(before, key).strip("“”") for key in ("li", "wang")]
        there = photos == 2 and all(text in texts for text in wrote)
        promise(there, "照片或备注不全", "a photo or a remark is gone")
        zh = "照片 2 张、备注 2 条都在，各有署名和时间。"
        return Found(
            before["name"], f"两人各加一张照片、一条备注（{'；'.join(wrote)}）", zh, "all are kept, each signed"
        )

    def _two_ranks(self, before: Record) -> Found:
        worker, community = self._wrote(before, "li"), self._wrote(before, "zhao")
        promise(self._now(before)["operator_phone"] == community, "没有以社区的为准", "the higher rank does not count")
        told = self._told(before, "operator_phone", "higher_rank", None)
        wrote = f"李明改电话 {worker}，赵敏（社区）改电话 {community}"
        zh = "登记资料以职级高者为准，网格员的留作建议。"
        return Found(
            before["name"], wrote, zh, "the higher rank's word counts; the other is kept as a suggestion", told
        )

    def _now(self, record: Record) -> Record:
        return self._office.client.read(record.id)

    def _wrote(self, shop: Record, key: str) -> str:
        """Return what the tablet *key* wrote of *shop*, as it was told then."""
        deeds = (deed for deed in self._morning.deeds if deed.record.id == shop.id and deed.tablet.actor.key == key)
        return next(deed.result for deed in deeds).removeprefix("→ ")

    def _told(self, shop: Record, field: str, reason: str, outcome: str | None) -> str:
        """
        Return in Chinese what the server told of its decision, to the one who came later.

        Raises:
            Broken: It told nobody, or several, or something else.
        """
        found = list(self._decisions(shop, field))
        promise(len(found) == 1, "裁定没有告诉恰好一方", "a decision was not told to exactly one")
        tablet, decision, zh = found[0]
        good = decision["reason"] == reason and (outcome is None or decision["outcome"] == outcome)
        promise(good, f"裁定的理由不是预期的：{decision}", f"not the decision that was expected: {decision['reason']}")
        return f"服务器告诉{tablet.name}：{zh}"

    def _decisions(self, shop: Record, field: str) -> Iterator[tuple[Tablet, dict[str, Any], str]]:
        """Yield what the server answered about *field*: to which tablet, what, and in which words."""
        for tablet in self._tablets:
            for told in tablet.client.conflicts():
                if told.n > tablet.told_before and told.record_id == shop.id:
                    pairs = zip(told.decisions, told.said, strict=True)
                    yield from ((tablet, one, said.zh) for one, said in pairs if one["field"] == field)
