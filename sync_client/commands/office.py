"""
Meeting the office 联网: ``enrol``, ``sync``, ``doctor``; the only commands that need a network.
"""

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from sync_client import doctor, values
from sync_client.client import FieldClient
from sync_client.commands.exits import Exit, after, standing
from sync_client.commands.looking import tell_waiting
from sync_client.commands.naming import roles_of
from sync_client.commands.notices import tell_new
from sync_client.commands.photos import network_option, sent, tell_sent, watched
from sync_client.commands.session import Address, Session, pass_session
from sync_client.commands.voice import BAD, GOOD, QUIET, WAIT, Voice
from sync_client.errors import SyncError
from sync_client.labels import NotUnderstood
from sync_client.notices import Notice, notices_of
from sync_client.photos.errors import SendingUnderWay
from sync_client.photos.policy import Network
from sync_client.photos.values import PhotoReport
from sync_client.times import instant
from sync_client.values import Person, Status, SyncReport

_MAX_NAME = 60
_STYLES = {doctor.FINE: GOOD, doctor.WATCH: WAIT, doctor.WRONG: BAD, doctor.UNKNOWN: QUIET}


@click.command("enrol")
@click.argument("code")
@click.option("--server", "url", metavar="URL", help="服务器地址，如 https://haizhou.example the server")
@click.option("--name", help="本机名称，办公室可见 what the office will call this tablet")
@click.option("--ca-certs", type=click.Path(exists=True, dir_okay=False), help="信任的证书文件 certificates to trust")
@pass_session
def enrol_command(session: Session, code: str, url: str | None, name: str | None, ca_certs: str | None) -> None:
    """
    登记本机，或增加一人。 Enrol, or admit one more person.

    CODE 是街道管理员给的一次性登记码，15 分钟内有效。 A one-time code from the street office.
    """
    address = _address(session, url, ca_certs)
    called = (name or platform.node() or "tablet")[:_MAX_NAME]
    with session.new_tablet(address) as client:
        if session.address is None:
            # A tablet with a token that has forgotten whose it is would be worse than one with a wrong address.
            session.keep_address(address)
        before = client.status().device
        people = client.enrol(code, called)
        anew = before not in (None, client.status().device)
        signed = {entry.by for entry in client.outbox().waiting} if anew else set()
    session.keep_address(address)
    told = {"people": people, "server": address.url, "enrolled_anew": anew}
    session.voice.answer(told, lambda: _tell_enrolled(session.voice, people, signed))


def _address(session: Session, url: str | None, ca_certs: str | None) -> Address:
    known = session.address
    if url is None and known is None:
        raise NotUnderstood("首次登记请加 --server 服务器地址。", "Give --server URL the first time.")
    trusted = str(Path(ca_certs).resolve()) if ca_certs else known.ca_certs if known else None
    address = Address(url or (known.url if known else ""), trusted)
    try:
        session.around.connect(address)
    except ValueError:
        raise NotUnderstood(
            f"“{address.url}”不是可用的服务器地址，应以 https:// 开头。",
            f"'{address.url}' is no server's address; it begins with https://.",
        ) from None
    return address


def _tell_enrolled(voice: Voice, people: list[Person], signed: set[str]) -> None:
    """Say who may work; *signed* are those whose waiting work a tablet enrolled anew still holds."""
    voice.say("本机已登记", "this tablet is enrolled", GOOD)
    for person in people:
        voice.show(f"  {'●' if person.current else ' '} {person.name}（{roles_of(person, voice.lang)}）")
    left = "、".join(person.name for person in people if person.id in signed and not person.current)
    if left:
        voice.say(f"还有未发送的记录，签名人尚未重新登记：{left}", f"unsent work is signed by {left}", WAIT)
        zh = "同步前请为其再要登记码，逐个运行 gridward enrol，否则会进隔离区"
        voice.hint(zh, "enrol each with a code of his own before you sync, or it goes to quarantine")
    voice.hint("接着运行 gridward sync 取回登记资料", "now run gridward sync to fetch the registers")


@click.command("sync")
@click.option("--no-photos", is_flag=True, help="只同步记录，不传照片 records alone, no photos")
@network_option
@pass_session
@click.pass_context
def sync_command(context: click.Context, session: Session, network: Network | None, *, no_photos: bool) -> None:
    """发送待发的，取回新的，再按策略传照片。 Send what waits, fetch what is new, then send photos by the policy."""
    with session.tablet() as client:
        synced = sync_all(session.voice, client, network, photos=not no_photos)
    session.voice.answer(synced.as_dict(), lambda: tell_sync(session.voice, synced))
    context.exit(synced.code)


class Synced(NamedTuple):
    """
    One sync from its beginning to its end, photos with it.

    Attributes:
        problem: What stopped it early, if anything did.
        heard: How many explanations came that nobody has put aside.
        notices: What the office told whoever works now, and had not told before.
    """

    report: SyncReport
    photos: PhotoReport | None
    status: Status
    problem: SyncError | None
    heard: int
    notices: list[Notice]

    @property
    def code(self) -> Exit:
        """What a program reads."""
        return after(self.problem) if self.problem else standing(self.status)

    def as_dict(self) -> dict[str, Any]:
        """Return it for a program."""
        told = {"report": self.report, "photos": self.photos, "status": self.status, "explanations": self.heard}
        return told | {"notices": self.notices, "exit": int(self.code)}


def sync_all(
    voice: Voice,
    client: FieldClient,
    network: Network | None = None,
    *,
    photos: bool = True,
    watch: Callable[[values.Progress], None] | None = None,
) -> Synced:
    """
    Sync *client*, then send its photos; what stops it is in what is returned.

    Args:
        watch: Told after every step, beside the bars; whatever it raises but a ``SyncError`` goes through.
    """
    problem, done = None, None
    before = {one.mark for one in client.conflicts(aside=True)}
    known = {one.id for one in notices_of(client)}
    try:
        with _progress(voice, client.status().waiting, watch) as told:
            report = client.sync(told)
    except SyncError as error:
        problem, report = error, error.report or SyncReport(problem=error.problem)
    if problem is None and photos:
        done, problem = _send_photos(voice, client, network)
    heard = sum(one.mark not in before for one in client.conflicts())
    notices = [one for one in notices_of(client) if one.id not in known]
    return Synced(report, done, client.status(), problem, heard, notices)


def _send_photos(
    voice: Voice, client: FieldClient, network: Network | None
) -> tuple[PhotoReport | None, SyncError | None]:
    """Send what may travel; where another program is at it, leave it to that."""
    try:
        with watched(voice) as watch:
            return sent(client, network, watch), None
    except SendingUnderWay:
        return None, None
    except SyncError as error:
        return error.photos, error


def tell_sync(voice: Voice, synced: Synced) -> None:
    """Say what a sync did, and what is left to do."""
    report, photos = synced.report, synced.photos
    problem = None if photos else synced.problem
    if problem:
        voice.problem(problem.problem)
    else:
        voice.say("同步完成", "synced", GOOD)
    if report.pushed or report.pulled or report.left or not problem:
        taken = (("发送", "sent", report.pushed), ("收到", "received", report.pulled), ("移出", "left", report.left))
        also = (("自动合并", "merged", report.merged), ("移交认定", "conflicts", report.conflicts))
        again = (("重报", "offered again", report.offered), ("重新编号", "renumbered", report.renumbered))
        rest = (("未被接受", "rejected", report.rejected), ("等待中", "held", report.held))
        carried = (("转交", "delivered", report.delivered),)
        shown = [*taken[:2], *(each for each in (*taken[2:], *again, *also, *rest, *carried) if each[2])]
        voice.pairs((zh, en, str(count)) for zh, en, count in shown)
    if report.feeds_unread:
        voice.say(f"有内容读不出：{'、'.join(report.feeds_unread)}", "some pages could not be read", WAIT)
        voice.hint("请更新客户端", "update the client")
    if synced.heard:
        zh = f"有 {synced.heard} 条合并说明，运行 gridward conflicts 查看"
        voice.say(zh, f"{synced.heard} explanations came: gridward conflicts", WAIT)
    tell_new(voice, synced.notices)
    if photos:
        tell_sent(voice, photos)
    tell_waiting(voice, synced.status)


@contextmanager
def _progress(
    voice: Voice, waiting: int, watch: Callable[[values.Progress], None] | None
) -> Iterator[Callable[[values.Progress], None] | None]:
    """Show two bars while somebody watches: what was sent of what waited, and what came; *watch* is told too."""
    if not voice.is_lively:
        yield watch
        return
    columns = (TextColumn("  {task.description}"), BarColumn(bar_width=30), MofNCompleteColumn())
    with Progress(*columns, console=voice.console, transient=True) as bars:
        sent = bars.add_task(voice.pick("发送 sent", "sent"), total=waiting)
        came = bars.add_task(voice.pick("收到 received", "received"), total=None)

        def told(progress: values.Progress) -> None:
            _move(bars, sent, came, progress)
            if watch:
                watch(progress)

        yield told


def _move(bars: Progress, sent: TaskID, came: TaskID, progress: values.Progress) -> None:
    bars.update(sent, completed=progress.report.pushed)
    bars.update(came, completed=progress.report.pulled)


@click.command("doctor")
@pass_session
@click.pass_context
def doctor_command(context: click.Context, session: Session) -> None:
    """
    体检本机和网络。 Examine this tablet and its network.

    时钟、磁盘、数据文件、待发、照片、服务器、证书、登记；只看不改。 Nothing is changed.
    """
    voice, address = session.voice, session.address
    transport = session.around.connect(address) if address else None
    found = doctor.examine(session.file, transport, session.around.wall_ms, session.driver)
    code = _verdict(session, found)
    told = {"findings": found, "exit": int(code), "examined_at": instant(session.around.wall_ms())}
    voice.answer(told, lambda: _tell_findings(voice, found))
    context.exit(code)


def _verdict(session: Session, found: list[doctor.Finding]) -> Exit:
    """Return the worst that was found, or where the work stands if nothing is wrong."""
    wrong = {finding.code for finding in found if finding.state == doctor.WRONG}
    if "enrolled" in wrong:
        return Exit.NOT_ADMITTED
    if "server" in wrong:
        return Exit.NO_NETWORK
    if wrong:
        return Exit.ATTENTION
    with session.tablet() as client:
        return standing(client.status())


def _tell_findings(voice: Voice, found: list[doctor.Finding]) -> None:
    for finding in found:
        value = voice.pick(finding.value_zh, finding.value_en)
        voice.point(finding.zh, finding.en, value, _STYLES[finding.state])
        if finding.next_zh:
            voice.hint(finding.next_zh, finding.next_en)
