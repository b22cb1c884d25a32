"""
The story 故事: three tablets go out of reach, work, come back, and everybody ends up with the same.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from schemas.wording import BEIJING
from sync_client.demo import reconnecting, views
from sync_client.demo.cast import Tablet, open_tablet, wait_for_server
from sync_client.demo.evidence import Evidence
from sync_client.demo.merged import Telling
from sync_client.demo.morning import Morning, begin
from sync_client.demo.reconnecting import kilobytes
from sync_client.demo.script import GOOD, Orders, Script, promise
from sync_client.demo.views import Outcome
from sync_client.errors import Unreachable
from sync_client.names import word


class Story:
    """One morning, from the first sync to the last."""

    def __init__(self, script: Script, orders: Orders) -> None:
        self._script = script
        self._orders = orders
        self._tablets = {actor.key: open_tablet(orders, actor) for actor in orders.actors}
        self._field: Sequence[Tablet] = (self._li, self._wang, self._zhao)

    def play(self) -> Outcome:
        """
        Play the morning, and return where it has led.

        Raises:
            Broken: Something is not as promised.
            SyncError: The server could not be reached although the line was good.
        """
        wait_for_server(self._office)
        self._enrol()
        if self._orders.disputes:
            self._decide()
        morning = self._morning()
        self._come_back(morning)
        Evidence(self._script, morning, self._field, self._office, self._pictures).tell()
        self._script.scene("合并了什么，为什么", "what was merged, and why")
        Telling(morning, self._office, list(self._tablets.values())).tell(self._script)
        return self._compare(morning)

    # -- scenes ----------------------------------------------------------------------------------

    def _enrol(self) -> None:
        known = self._li.client.status().enrolled
        if known:
            self._script.scene("平板：早上先同步", "the tablets: a sync in the morning")
        else:
            self._script.scene("领平板：登记并下载", "tablets: enrolled by one-time code, and filled")
        rows = []
        for tablet in self._tablets.values():
            if not tablet.client.status().enrolled:
                tablet.client.enrol(tablet.actor.code, f"{tablet.name}的平板")
            report, seconds = tablet.sync()
            tablet.told_before = max((told.n for told in tablet.client.conflicts()), default=0)
            if tablet.client.status().photos_waiting:
                # A morning that was stopped left some.
                tablet.client.send_photos(network="wifi", now=True)
            held = tablet.client.status().records
            actor = tablet.actor
            cells = (actor.name, actor.english, actor.unit, actor.title, str(report.pulled), str(held))
            rows.append((*cells, kilobytes(report.bytes_down), f"{seconds:.2f} s"))
        heads = (
            ("谁", "who"), ("", ""), ("单位", "unit"), ("职务", "post"), ("收到", "got"), ("持有", "holds"),
            ("下行", "down"), ("用时", "time"),
        )  # fmt: skip
        self._script.table(heads, rows, "收到 持有 下行 用时")

    def _decide(self) -> None:
        """Let the community decide what an earlier morning left open."""
        self._script.scene("上次留下的，由社区认定", "what was left open last time, the community decides")
        for dispute in self._orders.disputes:
            shop = self._zhao.client.read(dispute.record)
            self._zhao.client.edit(shop, set={dispute.field: dispute.others[-1]})
            self._script.say(
                f"赵敏认定：店名用“{dispute.others[-1]}”，不用“{dispute.kept}”。",
                "Zhao Min decides for the other of the two names",
                GOOD,
            )
        report, _ = self._zhao.sync()
        promise(report.applied == len(self._orders.disputes), "认定没有生效", "a decision was not taken")
        for tablet in (self._li, self._wang, self._office):
            tablet.sync()
        for dispute in self._orders.disputes:
            shown = {tablet.client.read(dispute.record)[dispute.field] for tablet in self._tablets.values()}
            promise(shown == {dispute.others[-1]}, "各方店名不一", "the name is not the same everywhere")
        self._script.say("四台设备都已是认定后的店名。", "all four devices show it.")

    def _morning(self) -> Morning:
        self._script.scene("断网的上午", "a morning without signal")
        for tablet in self._field:
            tablet.line.cut()
            _hear_nothing(tablet)
        self._script.say(
            "三台平板的网络都已切断，同步试过，连不上。", "all three lines are cut; a sync was tried on each."
        )
        morning = begin(self._li, self._orders.grid, self._orders.morning)
        morning.record_checks(self._li, self._wang, self._zhao)
        morning.edit_shops(self._li, self._wang, self._zhao)
        rows = [(deed.tablet.name, deed.record["name"], f"{deed.zh} {deed.en}", deed.result) for deed in morning.deeds]
        heads = (("谁", "who"), ("对象", "what"), ("做了什么", "did"), ("结果", "result"))
        self._script.table(heads, rows)
        waiting = sum(tablet.note_written() for tablet in self._field)
        for tablet in self._field:
            _hear_nothing(tablet)
        photos = sum(tablet.client.status().photos_waiting for tablet in self._field)
        heard, _ = self._office.sync()
        promise(not heard.pulled, "断网时办公室收到了东西", "something reached the office although the lines were cut")
        until = _clock(morning.deeds[-1].at_ms)
        self._script.say(
            f"到 {until} 共记 {waiting} 条、照片 {photos} 张，都已落盘；街道同步，什么也没收到。",
            f"{waiting} changes and {photos} photos, all on disk; the street office syncs meanwhile and hears nothing.",
        )
        promise(morning.cases, "没有问题上账", "no case was opened")
        return morning

    def _come_back(self, morning: Morning) -> None:
        self._script.scene("恢复联网", "back in reach")
        order = reconnecting.order_of((self._li, self._wang, self._zhao), self._orders.morning)
        for tablet in order:
            tablet.line.restore()
        reconnecting.lose_an_answer(self._script, order[0])
        everybody = [*order, self._office]
        reconnecting.show(self._script, [reconnecting.meet(tablet) for tablet in everybody])
        reconnecting.until_quiet(everybody)
        self._follow_a_case(morning)
        rounds = reconnecting.until_quiet(everybody)
        self._script.say(
            f"再同步 {rounds} 轮，各方都没有新东西了。",
            f"{rounds} more rounds, and nobody has anything new to say or hear.",
        )

    def _follow_a_case(self, morning: Morning) -> None:
        """The case a check opened has the id its tablet foresaw; the community takes it up."""
        case = self._zhao.client.read(morning.cases[0].id)
        promise(case["status"] == "reported" and case.version, "问题没有上账", "the case is not in the ledger")
        self._zhao.client.act(case, "accept")
        reconnecting.meet(self._zhao)
        reconnecting.meet(self._li)
        state = self._li.client.read(case.id)
        promise(state["status"] == "accepted", "没有立案", "the case was not accepted")
        self._script.say(
            f"检查带出的问题已上账：“{word(state, 'problem_class')}”；赵敏立案，现为“{word(state, 'status')}”。",
            "the check's case is in the ledger, and accepted by the community.",
        )

    def _compare(self, morning: Morning) -> Outcome:
        found = [views.view_of(tablet) for tablet in self._tablets.values()]
        views.hold_equal(found)
        return Outcome(morning.two_names.id, views.watched(morning, self._office), found)

    @property
    def _pictures(self) -> Path:
        return Path(self._orders.pictures) / f"morning-{self._orders.morning}"

    # -- people ----------------------------------------------------------------------------------

    @property
    def _li(self) -> Tablet:
        return self._tablets["li"]

    @property
    def _wang(self) -> Tablet:
        return self._tablets["wang"]

    @property
    def _zhao(self) -> Tablet:
        return self._tablets["zhao"]

    @property
    def _office(self) -> Tablet:
        return self._tablets["office"]


def _hear_nothing(tablet: Tablet) -> None:
    """Make sure that the tablet really cannot reach anybody."""
    try:
        tablet.client.sync()
    except Unreachable:
        return
    promise(False, "断网时竟然同步成功", "a sync went through although the line was cut")


def _clock(ms: int) -> str:
    """Return the moment as a clock shows it, to the second."""
    return datetime.fromtimestamp(ms / 1000, BEIJING).strftime("%H:%M:%S")
