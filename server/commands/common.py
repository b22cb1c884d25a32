"""
What the commands share 公用: opening the store, choosing the district, telling mistakes, lists and times.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from schemas.problems import Refusal
from server.core.importing.people import LOCAL, day_ms
from server.core.importing.text import Unreadable
from server.settings import Settings
from server.storage import migrate
from server.storage.depot.choosing import Misnamed, depot_of
from server.storage.engine import open_engine
from server.storage.store import Store
from server.storage.trouble import DatabaseTrouble, trouble_told
from server.usecases.mistakes import Mistake

P = ParamSpec("P")
T = TypeVar("T")

as_json = click.option("--json", "as_json", is_flag=True, help="输出 JSON。Print JSON.")
in_district = click.option(
    "--district",
    metavar="210902",
    help="区县代码；只有一个区时可省略。The district; may be left out where there is one.",
)


def telling(command: Callable[P, T]) -> Callable[P, T]:
    """Let *command* end with one sentence in two languages where the operator, not the program, is wrong."""

    @wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:  # who reads it has seen enough, as ``head`` does
            raise
        except _TOLD as error:
            zh, en = _words(error)
            raise click.ClickException(f"{zh}\n{plain(en)}") from error

    return told


_TOLD = (Mistake, Unreadable, Refusal, OSError, *DatabaseTrouble)


def _words(error: BaseException) -> tuple[str, str]:
    """Return what *error*, one of ``_TOLD``, means in Chinese and in English."""
    match error:
        case Mistake() | Unreadable():
            return error.zh, error.en
        case Refusal():
            return error.message_zh, error.message_en
        case OSError():
            return "系统不允许，或磁盘出错；请检查权限和可用空间。", f"The system would not let us: {error}"
    return trouble_told(error)


def read_settings() -> Settings:
    """
    Return the settings, and make sure that the folder of a SQLite file is there.

    Raises:
        Mistake: a setting means nothing.
    """
    try:
        settings = Settings.from_environment()
        depot_of(settings)
    except Misnamed as error:
        raise Mistake(error.zh, error.en) from error
    except ValueError as error:
        raise Mistake(f"环境变量 GRIDWARD_… 的值不对：{error}", f"A GRIDWARD_… variable is wrong: {error}") from error
    if settings.database_url.startswith("sqlite:///"):
        Path(settings.database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return settings


def raw_store(settings: Settings) -> Store:
    """Return the store, whatever state its tables are in."""
    store = Store(open_engine(settings.database_url))
    click.get_current_context().call_on_close(store.engine.dispose)
    return store


def open_store(settings: Settings | None = None) -> Store:
    """
    Return the store, ready to work with.

    Raises:
        ClickException: its tables are missing or of an older version; the message says what to type.
    """
    store = raw_store(settings or read_settings())
    state = migrate.state(store.engine)
    if state.current is None:
        raise click.ClickException(
            "数据库还没有建立，请先运行：gridward-server init --district 代码 --name 名称\n"
            "The database is empty; run first: gridward-server init --district CODE --name NAME"
        )
    if not state.up_to_date:
        raise click.ClickException(
            "数据库版本较旧，请先运行：gridward-server migrate\n"
            "The database is of an older version; run first: gridward-server migrate"
        )
    return store


def pick_district(store: Store, given: str | None) -> str:
    """
    Return the district meant: the one *given*, or the only one there is.

    Raises:
        Mistake: there is none, several, or not this one.
    """
    known = sorted(store.places())
    if given in known or (given is None and len(known) == 1):
        return given or known[0]
    listed = "、".join(known) or "—"
    if given is None:
        raise Mistake(
            f"请用 --district 指明区县，现有：{listed}", f"Name the district with --district; there are: {listed}"
        )
    raise Mistake(f"没有区县 {given}，现有：{listed}", f"There is no district {given}; there are: {listed}")


def now_ms() -> int:
    """Return the time in milliseconds."""
    return time.time_ns() // 1_000_000


def when(ms: int | None) -> str:
    """Return a moment as people here write it."""
    return "" if ms is None else datetime.fromtimestamp(ms / 1000, LOCAL).strftime("%Y-%m-%d %H:%M")


def size_told(count: int) -> str:
    """Return so many bytes as people say it: 324.0 KB, 1.2 GB."""
    units = ("B", "KB", "MB", "GB", "TB")
    step = min((len(str(count)) - 1) // 3, len(units) - 1)
    return f"{count / 1000**step:.{1 if step else 0}f} {units[step]}"


def sized(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return *rows* with their ``bytes`` as people say them."""
    return [row | {"bytes": size_told(row["bytes"])} for row in rows]


def day(text: str) -> int:
    """Return the first millisecond here of a calendar day; the type of an option."""
    try:
        return day_ms(text)
    except ValueError:
        raise click.BadParameter(f"“{text}”不是日期，应如 2020-07-18。'{text}' is no day; write 2020-07-18.") from None


#: Cells of up to so many columns are never broken; longer ones have at least so many.
_WHOLE, _FOLDED = 20, 12


def show(rows: Sequence[dict[str, Any]], headings: dict[str, str], *, json_wanted: bool) -> None:
    """Print *rows* as JSON with their own names, or as a table under *headings*."""
    if json_wanted:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    cells = [[_cell(row.get(name)) for name in headings] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    least = 0
    for place, heading in enumerate(headings.values()):
        width = max(cell_len(text) for text in [heading, *(row[place] for row in cells)])
        # Numbers, codes and dates stay whole, to be read out and typed again; what is longer is folded, never cut.
        table.add_column(heading, overflow="fold", no_wrap=width <= _WHOLE)
        least += (width if width <= _WHOLE else max(cell_len(heading), _FOLDED)) + 2
    for row_cells in cells:
        table.add_row(*row_cells)
    terminal = Console(highlight=False, markup=False)
    # Into a file or another program every cell goes whole.
    wide = max(terminal.width, least) if terminal.is_terminal else 10_000
    Console(highlight=False, markup=False, width=wide, height=terminal.height).print(table)
    click.echo(f"共 {len(rows)} 条 {len(rows)} in all")


def plain(text: str) -> str:
    """Return *text* without the signs that a terminal obeys: devices send what is shown here."""
    return "".join(sign if sign.isprintable() or sign in "\t\n" else "�" for sign in text)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return plain("、".join(map(str, value)))
    return "" if value is None else plain(str(value))
