"""
Syncing the street office's PC 街道办同步: ``office sync``, ``office run``, and lines for the system's own timer.
"""

import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import list2cmdline
from typing import Any, NamedTuple

import click
from rich.text import Text

from schemas.said_times import minute_said
from sync_client import values
from sync_client.client import FieldClient
from sync_client.commands.day_office import office_sight
from sync_client.commands.exits import Exit, after
from sync_client.commands.office import Synced, sync_all, tell_sync
from sync_client.commands.photos import network_option
from sync_client.commands.session import APP, Session, pass_session
from sync_client.commands.voice import GOOD, QUIET, WAIT, Voice
from sync_client.errors import NotEnrolled, SyncError, SyncUnderWay
from sync_client.labels import NotUnderstood
from sync_client.office_day.keeping import Keeper, Stopped, Stopping, stopping
from sync_client.office_day.kept_lists import CONFLICTS, DEVICES, Listing
from sync_client.office_day.timetable import DAY_MINUTES, MINUTE_MS, clock_of, last_slot, slots
from sync_client.photos.policy import Network
from sync_client.times import moment

_AT = ("08:00", "12:00", "18:00")
_LISTS: tuple[tuple[Listing, str, str], ...] = (
    (DEVICES, "设备情况", "the device ledger"),
    (CONFLICTS, "待裁定清单", "the list of disputes"),
)
#: What is tried again even if no better moment is known: 5 min.
_AGAIN_S = 300

at_option = click.option(
    "--at", "typed", metavar="HH:MM", multiple=True, help="每天的时刻，可多次 a time of the day, repeatable"
)
every_option = click.option(
    "--every", metavar="MIN", type=click.IntRange(1, DAY_MINUTES), help="每隔几分钟 so many minutes apart"
)


class Met(NamedTuple):
    """A sync of the office's PC: the sync itself, how many rows of each list came, and what kept a list away."""

    synced: Synced
    lists: dict[str, int]
    missed: dict[str, SyncError]

    @property
    def problem(self) -> SyncError | None:
        """What to try again for: whatever stopped the sync, or a list that did not come for want of a network."""
        return self.synced.problem or next((error for error in self.missed.values() if error.retryable), None)

    @property
    def code(self) -> Exit:
        """What a program reads."""
        return after(self.problem) if self.problem else self.synced.code


def meet(
    voice: Voice, client: FieldClient, network: Network | None, watch: Callable[[values.Progress], None] | None = None
) -> Met:
    """Sync to the end, then fetch the lists that are no records; see ``sync_all``."""
    synced = sync_all(voice, client, network, watch=watch)
    lists: dict[str, int] = {}
    missed: dict[str, SyncError] = {}
    if synced.problem is None:
        for listing, _, _ in _LISTS:
            try:
                lists[listing.member] = len(client.office_lists.fetch(listing).rows)
            except SyncError as error:
                missed[listing.member] = error
    return Met(synced, lists, missed)


def plain_met(met: Met) -> dict[str, Any]:
    """Return it for a program."""
    problems = {name: error.problem for name, error in met.missed.items()}
    return met.synced.as_dict() | {"lists": met.lists, "missed": problems, "exit": int(met.code)}


def tell_met(voice: Voice, met: Met) -> None:
    """Say what a sync of the office's PC brought."""
    tell_sync(voice, met.synced)
    for listing, zh, en in _LISTS:
        if listing.member in met.lists:
            count = met.lists[listing.member]
            voice.say(f"{zh} {count} 条已取回", f"{en}: {count}", GOOD)
        elif listing.member in met.missed:
            told = met.missed[listing.member].problem
            voice.say(f"{zh}没有取到：{told['message_zh']}", f"{en} did not come: {told['message_en']}", WAIT)


@click.command("sync")
@network_option
@pass_session
@click.pass_context
def sync_command(context: click.Context, session: Session, network: Network | None) -> None:
    """同步全区域，并取回设备情况和待裁定清单，之后离线可看。 Sync the area, and fetch the lists to look at offline."""
    with session.tablet() as client:
        office_sight(client)
        met = meet(session.voice, client, network)
    session.voice.answer(plain_met(met), lambda: tell_met(session.voice, met))
    if not met.problem:
        session.voice.hint("看今天：gridward office", "look at the day: gridward office")
    context.exit(met.code)


# -- staying open -----------------------------------------------------------------------------------


@click.command("run")
@at_option
@every_option
@network_option
@pass_session
def run_command(session: Session, typed: tuple[str, ...], every: int | None, network: Network | None) -> None:
    """
    开着不关，到点自动同步；关机、睡眠错过的，醒来就补。 Stay open and sync by the clock.

    没有网络就隔一会儿再试。Ctrl-C 停止。 Without a network it tries again by and by; Ctrl-C ends it.
    """
    voice, minutes = session.voice, slots_of(typed, every)
    with session.tablet() as client:
        office_sight(client)
    voice.say(f"到点自动同步：{_listed(typed, every)}；Ctrl-C 停止", f"syncs {_listed(typed, every)}; Ctrl-C ends it")
    with stopping() as asked:
        # The pauses inside a sync too: nobody should have to wait for a network to end a program.
        sleep = session.around.sleep
        session.around = replace(session.around, sleep=lambda seconds: asked.waiting(sleep, seconds))
        running = _Running(session, network, asked, minutes)
        keeper = Keeper(
            minutes, running.now_ms, session.around.sleep, running.sync, running.tell_waiting, running.done_ms()
        )
        try:
            keeper.run()
        except Stopped:
            voice.say("已停止；没做完的下次接着做", "stopped; what was not done is done next time", GOOD)
    told = {"syncs": running.syncs, "failures": running.failures, "exit": int(Exit.DELIVERED)}
    voice.answer(told, lambda: None)


class _Running:
    """What ``office run`` does when it is time."""

    def __init__(self, session: Session, network: Network | None, asked: Stopping, minutes: tuple[int, ...]) -> None:
        self._session, self._network, self._asked, self._minutes = session, network, asked, minutes
        self._offset_ms = 0
        self.syncs = self.failures = 0

    def now_ms(self) -> int:
        return self._session.around.wall_ms() + self._offset_ms

    def done_ms(self) -> int | None:
        """Return when the lists were last fetched: that is what a whole sync ends with."""
        with self._session.tablet() as client:
            self._offset_ms = client.status().clock_offset_ms
            kept = client.office_lists.kept(DEVICES)
            return kept.heard_ms if kept else None

    def sync(self) -> float | None:
        """Sync once, and say after how many seconds to try again, if it did not go through."""
        voice = self._session.voice
        missed = last_slot(self._minutes, self.now_ms())
        if self.now_ms() - missed > MINUTE_MS:
            voice.say(f"补 {moment(missed)} 的同步", f"catching up for {moment(missed)}", QUIET)
        with self._session.tablet() as client:
            met = meet(voice, client, self._network, lambda _: self._asked.check())
            status = client.status()
            self._offset_ms = status.clock_offset_ms
        voice.show(Text(moment(self.now_ms()), QUIET))
        tell_met(voice, met)
        self._asked.check()
        return self._judged(met, status.next_sync_after_s)

    def _judged(self, met: Met, again_s: int) -> float | None:
        problem = met.problem
        if problem is None:
            self.syncs += 1
            return None
        if isinstance(problem, NotEnrolled) or not (problem.retryable or isinstance(problem, SyncUnderWay)):
            # Asking again unchanged will not help: somebody has to see it.
            raise problem
        self.failures += 1
        return again_s if met.synced.problem and again_s else _AGAIN_S

    def tell_waiting(self, until_ms: int) -> None:
        self._session.voice.say(f"下次同步 {moment(until_ms)}", f"next sync {moment(until_ms)}", QUIET)


def slots_of(typed: tuple[str, ...], every: int | None) -> tuple[int, ...]:
    """
    Return the minutes of the day that the options mean; the usual ones without any.

    Raises:
        NotUnderstood: One is no time of day.
    """
    found = []
    for text in typed or (() if every else _AT):
        minute = minute_said(text)
        if minute is None:
            raise NotUnderstood(f"“{text}”不是时刻，应如 08:00 或 8点。", f"'{text}' is no time of day; write 08:00.")
        found.append(minute)
    return slots(found, every)


def _listed(typed: tuple[str, ...], every: int | None) -> str:
    at = "、".join(clock_of(minute) for minute in slots_of(typed, None)) if typed or not every else ""
    return "，".join(part for part in (at, f"每 {every} 分钟" if every else "") if part)


# -- the system's own timer -------------------------------------------------------------------------


@click.command("schedule")
@at_option
@pass_session
def schedule_command(session: Session, typed: tuple[str, ...]) -> None:
    """写出放进 cron 或 Windows 计划任务的命令。 Print lines for cron, or the Windows task scheduler."""
    program = shutil.which(APP) or str(Path(sys.argv[0]).resolve())
    command = [program, "--data", str(session.folder), "office", "sync"]
    times = [clock_of(minute) for minute in slots_of(typed, None)]
    cron = [f"{int(at[3:])} {int(at[:2])} * * * {_escaped(shlex.join(command))}" for at in times]
    windows = [_task(at, command) for at in times]
    session.voice.answer({"cron": cron, "windows": windows}, lambda: _tell_lines(session.voice, cron, windows))


def _escaped(line: str) -> str:
    """Return a command as cron reads it, to which a percent sign is a line end."""
    return line.replace("%", "\\%")


def _task(at: str, command: list[str]) -> str:
    name = f"{APP} office {at.replace(':', '')}"
    return list2cmdline(["schtasks", "/Create", "/F", "/SC", "DAILY", "/ST", at, "/TN", name,
                         "/TR", list2cmdline(command)])  # fmt: skip


def _tell_lines(voice: Voice, cron: list[str], windows: list[str]) -> None:
    voice.say("Linux：运行 crontab -e，加上", "Linux: run crontab -e and add")
    _lines(cron)
    voice.say("Windows：在命令提示符中运行", "Windows: run in a command prompt")
    _lines(windows)
    voice.hint(
        "时刻按本机时区；关机错过的不补，要补就用 gridward office run", "by this machine's zone; nothing is caught up"
    )


def _lines(lines: list[str]) -> None:
    # As they are: a line that the screen broke could not be pasted.
    for line in lines:
        click.echo(line)


COMMANDS = (sync_command, run_command, schedule_command)
