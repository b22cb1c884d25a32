"""
The photos on this tablet 本机照片: ``photos list``, ``send``, ``policy``, ``tidy``, ``seen``; and those at the office.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from schemas.wording import plural, size_of
from sync_client.client import FieldClient
from sync_client.commands import photos_office
from sync_client.commands.exits import after, standing
from sync_client.commands.naming import record_called
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import BAD, GOOD, WAIT, Voice
from sync_client.errors import SyncError
from sync_client.labels import NotUnderstood
from sync_client.names import Names
from sync_client.photos.policy import NETWORKS, WAYS, Days, Network, PhotoPolicy, Way
from sync_client.photos.values import PhotoFile, PhotoProgress, PhotoReport, Tidied
from sync_client.values import Status

_STATES = {
    "captured": ("待传", "waits"),
    "queued": ("待传", "waits"),
    "partly_sent": ("传了一部分", "partly sent"),
    "stored": ("待核验", "to be verified"),
    "verified": ("已送达", "verified"),
    "refused": ("未被接受", "refused"),
    "lost": ("已丢失", "lost"),
}
_STYLES = {"verified": GOOD, "refused": BAD, "lost": BAD}
_WAYS = {"any": ("任何网络", "any network"), "wifi": ("仅 Wi-Fi", "Wi-Fi only"), "hand": ("手动", "by hand")}
_HEADS = (
    ("照片", "photo"), ("记录", "record"), ("文件", "file"), ("大小", "size"), ("状态", "state"),
)  # fmt: skip
#: So many characters name a file of a tablet.
SHORT = 10

network_option = click.option(
    "--network",
    type=click.Choice(NETWORKS),
    envvar="GRIDWARD_NETWORK",
    help="现在用的网络 the network in use  [环境变量 GRIDWARD_NETWORK]",
)


@click.group("photos", invoke_without_command=True)
@click.pass_context
def photos_group(context: click.Context) -> None:
    """照片：待传、上传、策略、清理；平台上的照片。 Photos: what waits, sending, tidying; those at the office."""
    if context.invoked_subcommand is None:
        context.invoke(list_command)


@photos_group.command("list")
@click.argument("record_id", metavar="[ID]", required=False)
@click.option("--all", "whole", is_flag=True, help="含已送达的 those verified too")
@pass_session
@click.pass_context
def list_command(
    context: click.Context, session: Session, record_id: str | None = None, *, whole: bool = False
) -> None:
    """本机的照片文件，默认只列未送达的。 Photo files here; only those the office lacks, unless asked for all."""
    with session.tablet() as client:
        record = record_called(client, record_id) if record_id else None
        files = [file for file in client.photos(record) if whole or record or file.state != "verified"]
        status = client.status()
        session.voice.answer(
            {"photos": files, "status": status, "exit": int(standing(status))},
            lambda: _tell_files(session.voice, Names(client, session.voice.lang), files, status),
        )
    context.exit(standing(status))


def _tell_files(voice: Voice, names: Names, files: list[PhotoFile], status: Status) -> None:
    if not files:
        voice.say("没有待传的照片", "no photos wait", GOOD)
    rows = [[one.sha256[:SHORT], names.of_id(one.record_id), kind_of(voice, one), size_of(one.bytes),
             state_of(voice, one)] for one in files]  # fmt: skip
    if rows:
        voice.table(_HEADS, rows, giving=[1])
    for one in files:
        if one.problem and not one.seen:
            told = one.problem
            voice.say(f"{one.sha256[:SHORT]} {told.get('message_zh', '')}", str(told.get("message_en", "")),
                      _STYLES.get(one.state, WAIT))  # fmt: skip
            voice.hint(str(told.get("next_zh", "")), str(told.get("next_en", "")))
            if one.state in ("refused", "lost"):
                voice.hint(f"看过后：gridward photos seen {one.sha256[:SHORT]}", "once seen")
    tell_photos(voice, status, "list")


def kind_of(voice: Voice, file: PhotoFile) -> str:
    """Say what a file is of its photo."""
    return voice.pick("副本", "copy") if file.of else voice.pick("原图", "original")


def state_of(voice: Voice, file: PhotoFile) -> str:
    """Say in a few words how far a file has come."""
    if file.waits_for_record:
        return voice.pick("等记录先到", "waits for its record")
    told = voice.pick(*_STATES.get(file.state, (file.state, file.state)))
    if file.state == "partly_sent":
        return f"{told} {file.parts_sent}/{file.parts}"
    if file.seen:
        return f"{told}{voice.pick('，已阅', ', seen')}"
    return told if file.here else f"{told}{voice.pick('，本机已清理', ', tidied away')}"


def standing_of(voice: Voice, files: Iterable[PhotoFile]) -> str:
    """Say how many of *files* have come how far."""
    counted = Counter(state_of(voice, file) for file in files)
    return voice.pick("，", ", ").join(f"{told} {count}" for told, count in counted.items())


def tell_photos(voice: Voice, status: Status, said_by: str = "") -> None:
    """
    Say what of the photos waits, what somebody has to look at, and whether there is room for more.

    Args:
        said_by: The command that speaks, ``list`` or ``send``; nobody is sent to where he is already.
    """
    if status.photos_waiting:
        size = size_of(status.photo_bytes_waiting)
        voice.say(
            f"{status.photos_waiting} 张照片待传（{size}）",
            f"{plural(status.photos_waiting, 'photo')} to be sent ({size})",
            WAIT,
        )
        if said_by == "send":
            voice.hint("未传完请勿删除数据文件夹", "keep the folder until they are sent")
        else:
            voice.hint("上传：gridward photos send；未传完请勿删除数据文件夹", "gridward photos send; keep the folder")
    for count, zh, en in (
        (status.photos_refused, "个照片文件未被接受", "refused"),
        (status.photos_lost, "个照片文件在本机丢失，办公室没有收到", "lost, which the office never had"),
    ):
        if count:
            voice.say(f"{count} {zh}", f"{plural(count, 'photo file')} {en}", BAD)
            if said_by != "list":
                voice.hint("查看：gridward photos list", "see them: gridward photos list")
    room = status.room
    if room is not None and room.low:
        voice.say(f"存储空间不足：剩 {size_of(room.free)}", f"little room is left: {size_of(room.free)}", WAIT)
        if room.to_tidy:
            freed = size_of(room.to_tidy)
            voice.hint(f"清理可腾出 {freed}：gridward photos tidy", f"tidying would free {freed}: gridward photos tidy")
        else:
            voice.hint("请先上传照片，或删除其他应用的文件", "send the photos first, or remove what others keep here")


# -- sending ----------------------------------------------------------------------------------------


@photos_group.command("send")
@network_option
@click.option("--now", is_flag=True, help="不管策略，全部上传 everything, whatever the policy says")
@pass_session
@click.pass_context
def send_command(context: click.Context, session: Session, network: Network | None, *, now: bool) -> None:
    """上传照片；中断后再运行即可接着传。 Send photos; run it again to go on where it broke off."""
    voice, problem = session.voice, None
    with session.tablet() as client:
        try:
            with watched(voice) as watch:
                report = sent(client, network, watch, now=now)
        except SyncError as error:
            if error.photos is None:
                raise
            problem, report = error, error.photos
        status, unknown = client.status(), any(file.waits_for_record for file in client.photos())
    code = after(problem) if problem else standing(status)
    told = {"photos": report, "status": status, "exit": int(code)}

    def tell() -> None:
        tell_sent(voice, report)
        _tell_idle(voice, report, unknown=unknown)
        tell_photos(voice, status, "send")

    voice.answer(told, tell)
    context.exit(code)


def sent(
    client: FieldClient, network: Network | None, watch: Callable[[PhotoProgress], None] | None, *, now: bool = False
) -> PhotoReport:
    """Send what may travel, and let the office know what is left on this tablet; its next sync may be tomorrow's."""
    report = client.send_photos(network=network, now=now, progress=watch)
    if report.verified:
        with suppress(SyncError):
            client.sync()
    return report


def tell_sent(voice: Voice, report: PhotoReport) -> None:
    """Say what a sending of photos did."""
    if report.problem:
        voice.problem(report.problem)
    if report.verified or report.bytes_sent:
        again = f"，其中重传 {size_of(report.bytes_resent)}" if report.bytes_resent else ""
        also = f", {size_of(report.bytes_resent)} of it again" if report.bytes_resent else ""
        again += f"；{report.unnoted} 个没有记下来" if report.unnoted else ""
        also += f"; no note of {report.unnoted}" if report.unnoted else ""
        zh = f"照片：{report.verified} 个文件已送达，发送 {size_of(report.bytes_sent)}{again}"
        en = f"{plural(report.verified, 'photo file')} arrived, {size_of(report.bytes_sent)} sent{also}"
        voice.say(zh, en, GOOD if report.verified > report.unnoted else WAIT)
    for code, count in Counter(str(problem.get("code")) for problem in report.problems).items():
        told = next(problem for problem in report.problems if problem.get("code") == code)
        voice.say(f"{count} 个照片文件：{told.get('message_zh', '')}", str(told.get("message_en", "")), BAD)
    if report.not_now:
        zh = f"{report.not_now} 个照片文件按策略等 Wi-Fi 或手动上传"
        voice.say(zh, f"{plural(report.not_now, 'photo file')} kept for Wi-Fi, or to be sent by hand", WAIT)
        voice.hint("立即上传：gridward photos send --now", "send them now: gridward photos send --now")


def _tell_idle(voice: Voice, report: PhotoReport, *, unknown: bool) -> None:
    """Say why nothing happened, where nothing did; *unknown*: the office knows some of the records not yet."""
    if report.problem or report.problems or report.verified or report.bytes_sent:
        return
    if unknown:
        voice.say("照片等记录先到：先运行 gridward sync", "photos wait for their records: gridward sync first", WAIT)
    elif not report.waiting and not report.not_now:
        voice.say("没有待传的照片", "no photos wait", GOOD)


@contextmanager
def watched(voice: Voice) -> Iterator[Callable[[PhotoProgress], None] | None]:
    """Show two bars while somebody watches: files, and bytes."""
    if not voice.is_lively:
        yield None
        return
    files = Progress(TextColumn("  {task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(),
                     console=voice.console, transient=True)  # fmt: skip
    with files as shown:
        count = shown.add_task(voice.pick("照片 photos", "photos"), total=None)

        def move(progress: PhotoProgress) -> None:
            size = f"{size_of(progress.bytes_done)} / {size_of(progress.bytes_total)}"
            described = voice.pick(f"照片 photos  {size}", f"photos  {size}")
            shown.update(count, completed=progress.done, total=progress.total, description=described)

        yield move


# -- policy, tidying, what was told -------------------------------------------------------------------


@photos_group.command("policy")
@click.option("--copies", type=click.Choice(WAYS), help="副本何时上传 when copies travel")
@click.option("--originals", type=click.Choice(WAYS), help="原图何时上传 when originals travel")
@click.option("--originals-days", type=click.IntRange(0, 36_500), help="送达后原图保留几天 days an original stays")
@click.option("--copies-days", type=click.IntRange(0, 36_500), help="送达后副本保留几天 days a copy stays")
@pass_session
def policy_command(
    session: Session, copies: Way | None, originals: Way | None, originals_days: Days | None, copies_days: Days | None
) -> None:
    """
    照片策略：any 任何网络，wifi 仅 Wi-Fi，hand 手动。 When photos travel, and how long their files stay.

    没有副本的小照片，按副本的策略。 A photo so small that it has no copy goes as copies do.
    """
    with session.tablet() as client:
        policy = client.photo_policy(
            copies=copies, originals=originals, originals_days=originals_days, copies_days=copies_days
        )
    session.voice.answer(policy, lambda: _tell_policy(session.voice, policy))


def _tell_policy(voice: Voice, policy: PhotoPolicy) -> None:
    days = voice.pick("天", "days")
    voice.pairs(
        (
            ("副本", "copies", voice.pick(*_WAYS[policy.copies])),
            ("原图", "originals", voice.pick(*_WAYS[policy.originals])),
            ("原图送达后保留", "originals stay for", f"{policy.originals_days} {days}"),
            ("副本送达后保留", "copies stay for", f"{policy.copies_days} {days}"),
        )
    )


@photos_group.command("tidy")
@click.option("--now", is_flag=True, help="不等保留期，有副本的原图都清理 originals behind copies of any age")
@click.option("--dry-run", "rehearse", is_flag=True, help="只算，不删；不需要网络 only reckon; needs no network")
@pass_session
def tidy_command(session: Session, *, now: bool, rehearse: bool) -> None:
    """
    清理已送达的照片文件；逐个向平台再确认后才删除。 Remove verified files, once the office confirms each again.

    也清理看图时画的图（三天后）和一周以上没有任何记录提到的文件。
    Pictures drawn for showing go after three days, files that nothing names after a week.
    """
    with session.tablet() as client:
        try:
            tidied = client.tidy_photos(now=now, rehearse=rehearse)
        except SyncError as error:
            if error.tidied and not session.voice.as_json:
                _tell_swept(session.voice, error.tidied)
            raise
    session.voice.answer(tidied, lambda: _tell_tidied(session.voice, tidied))


def _tell_tidied(voice: Voice, tidied: Tidied) -> None:
    size, en = size_of(tidied.bytes), plural(tidied.files, "file")
    if not (tidied.files or tidied.kept or tidied.drawn or tidied.stray):
        voice.say("没有可清理的文件", "None: nothing may go yet")
    elif tidied.rehearsed:
        voice.say(
            f"可清理 {tidied.files} 个文件，腾出 {size}；没有删除",
            f"{en} might go, freeing {size}; nothing was removed",
        )
    elif tidied.files:
        voice.say(f"已清理 {tidied.files} 个文件，腾出 {size}", f"{en} removed, {size} freed", GOOD)
    _tell_swept(voice, tidied)
    if tidied.kept:
        voice.say(f"{tidied.kept} 个没有得到平台确认，保留", f"{tidied.kept} were not confirmed and stay", WAIT)


def _tell_swept(voice: Voice, tidied: Tidied) -> None:
    """Say what went, or might, that is nobody's evidence."""
    done_zh, done_en = ("可清理", "might go") if tidied.rehearsed else ("已清理", "removed")
    drawn, stray = plural(tidied.drawn, "drawn picture"), plural(tidied.stray, "stray file")
    for count, size, zh, en in (
        (tidied.drawn, tidied.drawn_bytes, "张看图时画的图（可随时重画）", drawn),
        (tidied.stray, tidied.stray_bytes, "个没有任何记录提到的文件", stray),
    ):
        if count:
            style = "" if tidied.rehearsed else GOOD
            voice.say(f"{done_zh} {count} {zh}，{size_of(size)}", f"{en} {done_en}, {size_of(size)}", style)


@photos_group.command("seen")
@click.argument("photo", metavar="PHOTO")
@pass_session
def seen_command(session: Session, photo: str) -> None:
    """已阅一个未被接受或丢失的照片文件；文件不动。 Put aside what was told of a refused or lost file; it stays."""
    with session.tablet() as client:
        wanted = photo.strip().lower() or "-"
        found = {file.sha256 for file in client.photos() if file.sha256.startswith(wanted)}
        if len(found) != 1:
            zh = f"没有这个照片文件：{photo}。" if not found else f"“{photo}”不止一个，请写长一些。"
            en = f"There is no photo file {photo}." if not found else f"More than one begins with {photo}."
            raise NotUnderstood(zh, en)
        [name] = found
        seen = client.acknowledge_photo(name)
    told = ("已阅", "put aside", GOOD) if seen else ("不在清单里", "it is not on the list", WAIT)
    session.voice.answer({"sha256": name, "seen": seen}, lambda: session.voice.say(*told))


for command in (
    photos_office.show_command, photos_office.get_command, photos_office.redact_command,
    photos_office.matches_command, photos_office.settle_command,
    photos_office.pair_command, photos_office.views_command,
):  # fmt: skip
    photos_group.add_command(command)
