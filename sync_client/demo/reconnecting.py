"""
Coming back into reach 恢复联网: in another order every morning, and one answer gets lost on the way.
"""

from dataclasses import dataclass

from sync_client.demo.cast import Tablet
from sync_client.demo.script import WAIT, Cell, Script, promise
from sync_client.errors import SyncError, Unreachable
from sync_client.values import SyncReport

#: Until nobody has anything to say or to fetch; two rounds do, where nothing goes wrong.
_MOST_ROUNDS = 5
_HEADS = (
    ("谁", "who"), ("发送", "sent"), ("直接生效", "applied"), ("自动合并", "merged"), ("待认定", "open"),
    ("收到", "got"), ("上行", "up"), ("下行", "down"), ("用时", "time"),
)  # fmt: skip
_NUMBERS = "发送 直接生效 自动合并 待认定 收到 上行 下行 用时"


@dataclass(frozen=True, slots=True)
class Met:
    """One sync of one tablet."""

    tablet: Tablet
    report: SyncReport
    seconds: float


def order_of(tablets: tuple[Tablet, Tablet, Tablet], morning: int) -> list[Tablet]:
    """Return who comes back first on *morning*: never twice in a row the same."""
    orders = ((1, 2, 0), (2, 0, 1), (0, 1, 2))
    return [tablets[i] for i in orders[(morning - 1) % len(orders)]]


def lose_an_answer(script: Script, tablet: Tablet) -> None:
    """Let the first push be taken and its answer lost: the tablet cannot know, keeps everything, and asks again."""
    waiting = tablet.note_written()
    tablet.line.lose_next_answer()
    try:
        tablet.client.sync()
    except Unreachable:
        still = tablet.client.status().waiting
        promise(still == waiting, "回答丢失后待发数变了", "the outbox changed without an answer")
        script.say(
            f"{tablet.name} 先连上：服务器已收下 {waiting} 条，但回答在路上丢了。平板仍留着 {still} 条，再发一次。",
            f"{tablet.name} is first: all {waiting} were taken, but the answer got lost; the tablet sends them again.",
            WAIT,
        )
    promise(tablet.line.lost == 1, "没有丢失回答", "no answer was lost")


def show(script: Script, meetings: list[Met]) -> None:
    """Show what each sync did."""
    script.table(_HEADS, [_row(met) for met in meetings], _NUMBERS)


def meet(tablet: Tablet) -> Met:
    """Let *tablet* sync."""
    try:
        return Met(tablet, *tablet.sync())
    except SyncError as error:
        promise(False, f"{tablet.name} 同步失败：{error}", f"{tablet.name} could not sync")
        raise


def until_quiet(tablets: list[Tablet]) -> int:
    """Sync everybody in turn until there is nothing new for anybody; return how many rounds that took."""
    for rounds in range(1, _MOST_ROUNDS + 1):
        reports = [meet(tablet).report for tablet in tablets]
        if not any(report.pushed or report.pulled or report.left for report in reports):
            return rounds
    promise(False, "各方没有静下来", "the tablets did not come to rest")
    return _MOST_ROUNDS


def _row(met: Met) -> list[Cell]:
    report = met.report
    counts = (report.pushed, report.applied, report.merged, report.conflicts, report.pulled)
    return [
        met.tablet.name,
        *(str(count) if count else "·" for count in counts),
        kilobytes(report.bytes_up),
        kilobytes(report.bytes_down),
        f"{met.seconds:.2f} s",
    ]


def kilobytes(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1000:.1f} KB"
