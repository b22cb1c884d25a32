"""
The morning 上午: what is to be done today, checks without signal, and the noon sync.
"""

from collections.abc import Mapping

from schemas import patrol
from schemas.wording import points
from sync_client.demo.cast import Tablet
from sync_client.demo.checking import make_check
from sync_client.demo.day.ground import Ground, joined
from sync_client.demo.findings import Answers
from sync_client.demo.morning import CHECKS
from sync_client.demo.picture import Shot, picture
from sync_client.demo.script import GOOD, Cell, promise
from sync_client.errors import Unreachable
from sync_client.finding import Prefix
from sync_client.names import word
from sync_client.values import Record

#: Garbage lies in front of two doors: of one problem class, so that one clock runs for both.
_GARBAGE: Answers = {"H1": "2", "H4": "0.8 生活垃圾"}
_CLEAN: Answers = {}
_WORK = (
    ("li", "shop", 0, "shop_check", _GARBAGE, "first"), ("li", "shop", 2, "shop_check", _CLEAN, ""),
    ("li", "parking_area", 0, "parking_check", {"M2": "1"}, ""), ("wang", "shop", 1, "shop_check", _GARBAGE, "second"),
    ("wang", "shop", 3, "shop_check", {"H1": "1"}, ""),
)  # fmt: skip


def before_leaving(ground: Ground) -> None:
    """Everybody syncs and sees what is to be done today."""
    # A code is good for a quarter of an hour.
    for tablet in ground.everybody:
        tablet.client.enrol(tablet.actor.code, f"{tablet.name}的{'电脑' if tablet is ground.office else '平板'}")
    ground.scene("07:30", "出发前：同步，看今日任务", "before leaving: a sync, and what is to be done today")
    ground.sync(*ground.everybody)
    rows = [(tablet.name, tablet.actor.english, str(tablet.client.status().records)) for tablet in ground.everybody]
    ground.script.table((("谁", "who"), ("", ""), ("本机记录", "records held")), rows, "本机记录")
    ground.clock.put_forward("08:00")
    for tablet in (ground.li, ground.wang):
        for text in ground.notice(tablet, "R01"):
            ground.script.say(f"{tablet.name} 收到：{text}", "the day's plan, as a reminder")
    for text in ground.notice(ground.office, "R12"):
        ground.script.say(f"{ground.office.name} 收到：{text}", "three days until the milestone")


def without_signal(ground: Ground) -> None:
    """Both work where there is no signal; everything is on their disks."""
    ground.scene("08:20", "断网巡查：全部先落盘", "checks without signal: all of it on the tablets' own disks")
    for tablet in (ground.li, ground.wang):
        tablet.line.cut()
    rows: list[list[Cell]] = []
    for who, kind, which, form, answers, called in _WORK:
        tablet = ground.li if who == "li" else ground.wang
        rows.append(_check(ground, tablet, _target(tablet, ground.grid, kind, which), form, answers, called))
    heads = (("时间", "time"), ("谁", "who"), ("对象", "what"), ("检查", "check"), ("结果", "result"))
    ground.script.table(heads, rows)
    try:
        ground.li.client.sync()
        promise(False, "断网时竟然同步成功", "a sync went through although the line was cut")
    except Unreachable:
        waiting = {tablet.name: tablet.note_written() for tablet in (ground.li, ground.wang)}
    told = joined(f"{name} {count} 条" for name, count in waiting.items())
    ground.script.say(f"没有信号，待同步：{told}。", "no signal; so much waits to be sent.")


def noon(ground: Ground) -> None:
    """The line is back: everything arrives, cases get their numbers."""
    ground.scene("12:00", "午间同步：问题上账", "the noon sync: problems enter the ledger")
    for tablet in (ground.li, ground.wang):
        tablet.line.restore()
        tablet.sync()
    ground.li.client.send_photos(network="wifi", now=True)
    # Wang's wait for a better line: the office is told how many.
    ground.sync(ground.wang, ground.office, ground.zhao)
    for called, case_id in ground.cases.items():
        case = ground.office.client.read(case_id)
        promise(case.get("case_no"), "问题没有编号", "a case has no number")
        ground.script.say(
            f"{case['case_no']}  {case['description']}",
            f"the {called} case, numbered by the server",
            GOOD,
        )


def one_more(ground: Ground) -> Record:
    """Wang checks one more shop, out of reach; return the shop."""
    ground.wang.line.cut()
    shop = _target(ground.wang, ground.grid, "shop", 4)
    _check(ground, ground.wang, shop, "shop_check", _CLEAN, "")
    ground.wang.note_written()
    return shop


def _check(
    ground: Ground, tablet: Tablet, target: Record, form: str, answers: Mapping[str, str], called: str
) -> list[Cell]:
    def camera(item: str | None, role: str) -> bytes:
        return picture(Shot(target.id, str(target["name"]), "", tablet.actor.key, item, role))

    also = {"open_now": True} if form == "shop_check" else {"motor_total": 30, "nonmotor_total": 41}
    begun = ground.clock.shown()
    check, opened = make_check(tablet, form, target, answers, also, camera, ground.clock())
    result = f"{points(check['score'])} {word(check, 'result')}"
    if called:
        promise(len(opened) == 1, "应当上账一件", "one case should have been opened")
        ground.cases[called] = opened[0].id
        result += f"，上账：{word(opened[0], 'problem_class')}"
    return [begun, tablet.name, str(target["name"]), CHECKS[form][0], result]


def _target(tablet: Tablet, grid: str, kind: str, which: int) -> Record:
    promise(kind in patrol.KINDS, f"没有{kind}", f"there is no {kind}")
    found = tablet.client.find(kind, where={"grid": Prefix(grid)}, order_by="code", limit=50).records
    return found[which % len(found)]
