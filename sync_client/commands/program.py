"""
The program itself: its options, its commands, and how whatever goes wrong is told 主程序.
"""

import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice, pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from schemas.problems import Refusal
from sync_client.commands import (
    case_acts,
    cases,
    day_ledger,
    day_office,
    day_overview,
    day_report,
    day_syncing,
    deciding,
    leaving,
    looking,
    making,
    notices,
    office,
    patrol,
    people,
    photos,
    recording,
    rescue,
    sealing,
    verifying,
)
from sync_client.commands.exits import Exit, after
from sync_client.commands.session import APP, Session, Surroundings, home, keep_speaking
from sync_client.commands.voice import Voice
from sync_client.errors import NotEnrolled, SyncError
from sync_client.labels import NotUnderstood

_LANGUAGES = ("zh", "en")
_REPORT = "trouble.txt"
_Problem = dict[str, Any]


class Program(click.Group):
    """A group of commands whose every failure is a sentence with what to do next, and an exit code."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run; see ``click.Command.main``. In stand-alone mode this ends the program."""
        keep_speaking()
        if not options.get("standalone_mode", True):
            return super().main(args, *rest, **options)
        given = _general_first(list(sys.argv[1:] if args is None else args)) or ["--help"]
        telling = _Telling(given)
        with telling:
            code = super().main(given, *rest, **(options | {"standalone_mode": False}))
            telling.code = code if isinstance(code, int) else Exit.DELIVERED
        sys.exit(int(telling.code))


def _general_first(args: list[str]) -> list[str]:
    """Let ``--json`` and ``--lang`` stand anywhere: nobody should have to think of their place."""
    end = args.index("--") if "--" in args else len(args)
    general, rest = list[str](), list[str]()
    words = iter(args[:end])
    for word in words:
        if word == "--json" or word.startswith("--lang="):
            general.append(word)
        elif word == "--lang":
            general += [word, *islice(words, 1)]
        else:
            rest.append(word)
    return [*general, *rest, *args[end:]]


class _Telling:
    """Turns whatever ends a command into words and an exit code; nobody is shown a traceback."""

    def __init__(self, args: list[str]) -> None:
        # The options may be what was wrong, so how to speak is read from the words themselves.
        english = ("--lang", "en") in pairwise(args) or "--lang=en" in args
        self.code: int = Exit.DELIVERED
        self._voice = Voice("en" if english else "zh", as_json="--json" in args)

    def __enter__(self) -> "_Telling":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or isinstance(error, SystemExit):
            return False
        self.code, told = _told(error)
        if told:
            # Where nobody can be told (a full disk, a closed pipe), the exit code still says it.
            with suppress(OSError):
                self._voice.answer({"problem": told, "exit": int(self.code)}, lambda: self._voice.problem(told))
        return True


def _told(error: BaseException) -> tuple[Exit, _Problem]:
    """Return the exit code for *error* and the problem to tell; an empty one is not worth a word."""
    match error:
        case click.exceptions.Exit():
            return Exit(error.exit_code), {}
        case click.Abort() | KeyboardInterrupt():
            return Exit.STOPPED, _problem(
                "stopped", "已中断；没做完的检查留作草稿。", "Stopped; a check under way is kept as a draft."
            )
        case click.ClickException():
            line = _help_line(error)
            told = error.format_message()
            return Exit.USAGE, _problem("usage", "命令写法不对。", told, f"看用法：{line}", f"see {line}")
        case NotUnderstood():
            return Exit.TROUBLE, _problem("not_understood", error.zh, error.en)
        case NotEnrolled() | SyncError():
            return after(error), error.problem
        case Refusal():
            return Exit.TROUBLE, _refused(error)
        case OSError():
            zh, en = "系统不允许，或磁盘出错。", "The system would not let us, or the disk failed."
            next_zh, next_en = "请核对文件夹权限和可用空间。", "Check the folder's permissions and the free space."
            return Exit.TROUBLE, _problem("system", zh, en, next_zh, next_en) | {"detail": str(error)}
    return Exit.TROUBLE, _unforeseen(error)


def _help_line(error: click.ClickException) -> str:
    """Return what to type to read how the very command is used."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{context.command_path if context else APP} --help"


def _problem(code: str, zh: str, en: str, next_zh: str = "", next_en: str = "") -> _Problem:
    return {"code": code, "message_zh": zh, "message_en": en, "next_zh": next_zh, "next_en": next_en}


def _refused(refusal: Refusal) -> _Problem:
    """Return a local refusal: unlike one of the server's, it left nothing behind in quarantine."""
    if refusal.code.startswith(("rescue_", "photo_")):
        return refusal.body()
    here = {"next_zh": "没有写入；请改正后重做。", "next_en": "Nothing was written; correct it and do it again."}
    return refusal.body() | here


def _unforeseen(error: BaseException) -> _Problem:
    """Return what to say of a mistake of ours; where it happened goes into a file for whoever repairs it."""
    file = home() / _REPORT
    trace = "".join(traceback.format_exception(error))
    zh, en = "程序出错了；已保存的数据都在。", "The program failed; whatever was saved is safe."
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(trace, encoding="utf-8")
    except OSError:
        told = _problem("program", zh, en, "请把下面一行交给管理员。", "Give the line below to the office.")
        return told | {"detail": trace.strip().splitlines()[-1]}
    return _problem("program", zh, en, f"请把 {file} 交给管理员。", f"Give {file} to the office.")


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="GRIDWARD_TABLET",
    help="本机数据文件夹 the folder of this tablet's data  [环境变量 GRIDWARD_TABLET]",
)
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="GRIDWARD_KEY_FILE",
    help="加密数据的密钥文件 the key file of a sealed tablet  [环境变量 GRIDWARD_KEY_FILE]",
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON answer in JSON, for programs")
@click.option("--lang", type=click.Choice(_LANGUAGES), default="zh", show_default=True, help="语言 language")
@click.version_option(package_name=APP)
@click.pass_context
def main(context: click.Context, data: Path | None, key_file: Path | None, *, as_json: bool, lang: str) -> None:
    """
    网格卫 Gridward：没有网络也能检查，有网络再同步。

    Record checks without a network; sync when there is one.

    \b
    退出码 exit codes
      0  完成，无待发        done, nothing waits
      1  没有办成            could not be done; the text says why
      2  还有待发            something still waits to be sent
      3  需要处理            something was rejected, or a conflict is open
      4  没有网络            no network
      5  未登记或已停用      not enrolled, or revoked
      6  有不同，已修复      something differed from the office, and was repaired
      64 命令写法不对        the command was not understood
    """
    around = context.obj if isinstance(context.obj, Surroundings) else Surroundings()
    context.obj = Session(data or home(), Voice(lang, as_json=as_json), around, key_file)


for command in (
    office.enrol_command, office.sync_command, looking.status_command,
    recording.record_command, making.new_command,
    recording.edit_command, recording.attach_command, recording.void_command,
    looking.list_command, looking.show_command, rescue.outbox_group, deciding.conflicts_command,
    photos.photos_group, cases.case_group, day_office.office_group, notices.notices_group, patrol.today_command,
    people.people_command, people.switch_command, people.pin_command, leaving.logout_command, leaving.reset_command,
    office.doctor_command, verifying.verify_command,
    sealing.seal_command, sealing.unseal_command,
):  # fmt: skip
    main.add_command(command)

for command in case_acts.COMMANDS:
    cases.case_group.add_command(command)

for command in (*day_overview.COMMANDS, *day_ledger.COMMANDS, *day_report.COMMANDS, *day_syncing.COMMANDS):
    day_office.office_group.add_command(command)
