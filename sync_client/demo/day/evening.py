"""
The evening 傍晚: the red and black list, the report that is frozen at the cut-off, and what comes after it.
"""

from schemas.day_figures import DayFigures, from_fields
from schemas.day_text import digest_zh
from schemas.ranks import MARKS
from schemas.reports import day_report_id
from schemas.wording import points
from sync_client.demo.day.ground import Ground
from sync_client.demo.morning import CHECKS
from sync_client.demo.script import BAD, GOOD, WAIT, Cell, promise
from sync_client.errors import NoSuchRecord
from sync_client.office_day.kept_lists import DEVICES
from sync_client.office_day.the_day import sight_of, sync_day_of
from sync_client.office_day.values import SYNC_WORDS
from sync_client.values import Record

_STANDING = {"synced": GOOD, "unsent": WAIT, "silent": BAD, "no_device": BAD}
_FIELD = ("li", "wang")
_STYLES = {"red": GOOD, "black": BAD}


def remind_the_slow(ground: Ground) -> None:
    """What of the plan is open is told again."""
    ground.scene("16:45", "提醒未完成的巡查", "whoever has not finished his plan is reminded")
    for text in ground.notice(ground.li, "R02"):
        ground.script.say(f"{ground.li.name} 收到：{text}", "what is still open of the day's plan")


def leave_one_behind(ground: Ground, late_check: Record) -> None:
    """Tell of the check that will not arrive in time."""
    ground.script.note(
        f"{ground.wang.name} {ground.clock.shown()} 又查了{late_check['name']}，但人在没有信号的地方，没有上传。",
        "Wang makes one more check where there is no signal; it stays on her tablet for now",
    )


def rank(ground: Ground) -> None:
    """Friday: the week's list, as a draft that the streets may object to."""
    ground.scene("17:31", "周五：街道红黑榜", "Friday: the streets' red and black list")

    def published() -> Record | None:
        lists = ground.office.client.find("rank_list", where={"kind": "week_units"}, limit=10).records
        return lists[0] if lists else None

    told = ground.until(ground.office, published, "没有红黑榜", "the red and black list")
    rows: list[list[Cell]] = []
    for row in told["rows"]:
        due, deferred, closed, on_time = (row["figures"].get(name) or 0 for name in _RATED)
        base = due - deferred
        mark = row.get("mark")
        shown = (MARKS[mark], _STYLES[mark]) if mark else ""
        rows.append([
            str(row.get("rank") or "—"), row["name"], points(row.get("score")), _share(on_time, base),
            _share(closed, base), shown,
        ])  # fmt: skip
    heads = (
        ("名次", "rank"), ("街道", "street"), ("得分", "score"), ("按期整改率", "in time"), ("整改率", "closed"),
        ("红黑榜", "list"),
    )  # fmt: skip
    ground.script.table(heads, rows, "名次 得分 按期整改率 整改率")
    promise({row.get("mark") for row in told["rows"]} >= {"red", "black"}, "没有分出红黑榜", "nobody is on a list")
    ground.script.note(
        "这是草稿：上榜单位有 1 个工作日提出异议，之后由区创卫办签发。",
        "a draft: whoever is named may object for a working day, then the district office signs",
    )


def look_over(ground: Ground) -> None:
    """What the street's PC shows of the day: who worked, and whose tablet still holds something back."""
    ground.scene("18:00", "街道电脑：今日同步", "the street's PC: who worked, and who has not synced")
    client = ground.office.client
    ground.sync(ground.office)
    client.office_lists.fetch(DEVICES)
    told = sync_day_of(client, sight_of(client), ground.day)
    rows: list[list[Cell]] = []
    for row in sorted((one for one in told.rows if sum(one.checks.values())), key=lambda one: one.name):
        standing = SYNC_WORDS[row.sync][0]
        held = f"{row.waiting} / {row.photos_waiting}"
        rows.append(
            [row.name, str(sum(row.checks.values())), str(row.found), held, (standing, _STANDING.get(row.sync, ""))]
        )
    heads = (
        ("网格员", "worker"), ("检查", "checks"), ("问题", "cases"), ("未传记录/照片", "not sent"), ("平板", "tablet"),
    )  # fmt: skip
    ground.script.table(heads, rows, "检查 问题")
    idle = sum(not sum(row.checks.values()) for row in told.rows)
    ground.script.note(f"另有 {idle} 人今天没有检查记录。", f"{idle} others have recorded no check today")
    promise(len(rows) == len(_FIELD), "今日同步人数不对", "the wrong people are counted")


def cut_off(ground: Ground) -> DayFigures:
    """The day's report is frozen and numbered; return its figures."""
    ground.scene("18:31", "日报：定时截止，编号，冻结", "the day report: cut off, numbered, frozen")
    report = ground.until(ground.office, lambda: _report(ground), "没有日报", "the day report")
    figures = from_fields(report["figures"])
    names = {tablet.person.id: tablet.name for tablet in ground.everybody}
    called = {id_: ground.office.called(id_) for id_ in figures.unsynced} | names
    promise(report.get("report_no"), "日报没有编号", "the report has no number")
    ground.script.say(
        f"{report['report_no']}  数据截至 {str(report['as_of'])[11:16]}", "its number; figures as of", GOOD
    )
    for line in digest_zh(figures, called).splitlines():
        ground.script.note(line, "")
    promise(figures.counts.closed >= 1 and figures.counts.red >= 1, "日报数字不对", "the report's figures are wrong")
    promise(ground.wang.person.id in figures.unsynced, "没有列出未同步人员", "nobody is named who has not synced")
    return figures


def come_late(ground: Ground, before: DayFigures) -> None:
    """What waited on a tablet arrives after the cut-off: counted beside the report, which stays as it is."""
    ground.scene("19:20", "迟到的记录：补报，不改已出的日报", "what comes late stands beside the report, never in it")
    ground.wang.line.restore()
    ground.sync(ground.wang)
    ground.wang.client.send_photos(network="wifi", now=True)
    ground.sync(ground.wang, ground.office)
    report = _report(ground)
    promise(report is not None and from_fields(report["figures"]) == before, "日报被改了", "the report was changed")
    checks = sum(_checks_today(ground, form) for form in CHECKS)
    late = checks - before.counts.checks
    promise(late == 1, f"补报应为 1 次，而不是 {late} 次", "one check should have come late")
    ground.script.say(
        f"{ground.wang.name} 回到有信号处，补报检查 {late} 次；明天的日报会写明。日报仍是 {before.counts.checks} 次。",
        "one check comes late; tomorrow's report will say so, and today's stays as it was",
        WAIT,
    )


_RATED = ("due", "deferred", "closed", "on_time")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole > 0 else "—"


def _report(ground: Ground) -> Record | None:
    try:
        return ground.office.client.read(day_report_id(ground.street, ground.day))
    except NoSuchRecord:
        return None


def _checks_today(ground: Ground, form: str) -> int:
    page = ground.office.client.find(form, limit=1_000)
    return sum(str(check["observed_at"])[:10] == ground.day for check in page.records)
