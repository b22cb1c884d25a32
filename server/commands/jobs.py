"""
The jobs at the command line 任务管理.
"""

from typing import Any

import click

from schemas.problems import Refusal
from server.commands.common import (
    as_json,
    in_district,
    now_ms,
    open_store,
    pick_district,
    read_settings,
    show,
    telling,
    when,
)
from server.commands.scheduling import jobs_of
from server.commands.typed import moment_named
from server.core.scheduling import POLICIES
from server.jobs.job import Job
from server.jobs.running import Runner, place_of
from server.jobs.schedules import Every, Schedule, next_period
from server.storage.depot.choosing import depot_of
from server.storage.job_runs import JobState
from server.storage.trouble import DatabaseTrouble
from server.usecases.manage_jobs import check_name, list_jobs, pause_job, resume_job
from server.usecases.mistakes import Mistake

_OUTCOMES = {"done": "完成 done", "failed": "失败 failed", "passed_over": "略过 passed over"}
_HEADINGS = {
    "job": "任务", "zh": "名称", "schedule": "时间", "ran": "上次", "took_s": "秒", "outcome": "结果", "said": "数",
    "next": "下次", "paused": "暂停",
}  # fmt: skip
_UNITS = (("小时", 3600), ("分钟", 60), ("秒", 1))
_WEEKDAYS = dict(
    zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), (f"每周{day}" for day in "一二三四五六日"), strict=True)
)
_TOLD_ELSEWHERE = (Mistake, Refusal, OSError, *DatabaseTrouble)
#: Something is due every quarter of an hour; where nothing ran for so long, nobody runs the jobs.
_SILENT_MS = 30 * 60_000


def _jobs() -> dict[str, Job]:
    settings = read_settings()
    return {job.name: job for job in jobs_of(settings, depot_of(settings))}


@click.group("jobs")
def jobs() -> None:
    """定时任务：查看、暂停、恢复、立即执行。Jobs: look, pause, resume, run now."""


@jobs.command("list")
@in_district
@as_json
@telling
def list_all(district: str | None, as_json: bool) -> None:
    """列出全部任务及其进度。All jobs, and how far they are."""
    store = open_store()
    states = list_jobs(store, pick_district(store, district))
    at = now_ms()
    known = _jobs().values()
    rows = [_row(job, states.get(job.name), at) for job in known]
    shown = rows if as_json else [_short(row, job) for row, job in zip(rows, known, strict=True)]
    show(shown, _HEADINGS, json_wanted=as_json)
    if not as_json and at - max((state.ran_ms or state.begun_ms for state in states.values()), default=0) > _SILENT_MS:
        click.echo(
            "已超过半小时没有任务执行；请确认 serve 或 scheduler 正在运行。\n"
            "Nothing has run for half an hour; see that serve or scheduler is running."
        )


def _row(job: Job, state: JobState | None, at: int) -> dict[str, Any]:
    row = {"job": job.name, "zh": job.zh, "schedule": str(job.schedule), "policy": " ".join(POLICIES[job.policy])}
    if state is None:
        return row | {"next": when(next_period(job.schedule, at))}
    return row | {
        "ran": when(state.ran_ms), "took_s": None if state.took_ms is None else state.took_ms / 1000,
        "outcome": _OUTCOMES.get(state.outcome or "", ""), "said": state.said, "done": when(state.done_ms),
        "next": when(next_period(job.schedule, max(at, state.done_ms))),
        "paused": f"{when(state.paused_ms)} {state.paused_by}" if state.paused_ms is not None else None,
    }  # fmt: skip


def _short(row: dict[str, Any], job: Job) -> dict[str, Any]:
    """Return a row for a screen, which is narrow: Chinese alone, moments without their year."""
    words = {"schedule": _schedule_zh(job.schedule), "outcome": str(row.get("outcome") or "").partition(" ")[0]}
    return row | words | {name: str(row.get(name) or "")[len("2020-") :] for name in ("ran", "next")}


def _schedule_zh(schedule: Schedule) -> str:
    """Return when a job is due as people say it: 每15分钟, 每周五 17:30."""
    if isinstance(schedule, Every):
        unit, seconds = next((zh, size) for zh, size in _UNITS if schedule.seconds % size == 0)
        return f"每{schedule.seconds // seconds}{unit}"
    minute, hour, day, _, weekday = schedule.line.split()
    when_zh = _WEEKDAYS.get(weekday) or (f"每月{day}日" if day.isdigit() else "每天")
    simple = minute.isdigit() and hour.isdigit()
    return f"{when_zh} {int(hour):02}:{int(minute):02}" if simple else schedule.line


@jobs.command("pause")
@click.argument("name")
@click.option("--as", "by", default="", metavar="姓名", help="谁的决定，必填。Whose decision it is; must be given.")
@in_district
@telling
def pause(name: str, by: str, district: str | None) -> None:
    """暂停一个任务。Let a job rest until it is resumed."""
    check_name(name, _jobs())
    store = open_store()
    pause_job(store, pick_district(store, district), name, by, now_ms())
    click.echo(f"{name} 已暂停；恢复请用 jobs resume {name}。Paused until resumed.")


@jobs.command("resume")
@click.argument("name")
@click.option("--anew", is_flag=True, help="暂停期间的各期不再补做。Make up nothing that was due meanwhile.")
@in_district
@telling
def resume(name: str, anew: bool, district: str | None) -> None:
    """恢复一个任务，暂停期间的各期按规则补做。Let a job go on; what it missed its policy decides."""
    known = _jobs()
    check_name(name, known)
    store = open_store()
    resume_job(store, pick_district(store, district), name, now_ms(), anew=anew)
    zh, en = ("不补做", "nothing is made up") if anew else POLICIES[known[name].policy]
    click.echo(f"{name} 已恢复；暂停期间：{zh}。Resumed; of what it missed: {en}.")


@jobs.command("run")
@click.argument("name")
@click.option(
    "--period", type=moment_named, metavar="2020-07-18T18:30", help="哪一期；默认最近一期。By default the latest."
)
@in_district
@telling
def run(name: str, period: int | None, district: str | None) -> None:
    """立即执行一期，暂停的也执行；做过的不会重复。Run one period now; what is done once stays done once."""
    known = _jobs()
    check_name(name, known)
    store = open_store()
    runner, place = Runner(store, list(known.values()), now_ms), pick_district(store, district)
    try:
        done, result = runner.run_now(name, place, period)
    except LookupError:
        raise Mistake(
            f"任务 {name}（{known[name].schedule}）没有这一期，或还没到时间。",
            f"The job {name} ({known[name].schedule}) has no such period, or not yet.",
        ) from None
    except _TOLD_ELSEWHERE:
        raise
    except Exception as error:
        raise Mistake(
            f"任务 {name} 执行失败（{type(error).__name__}，{place_of(error)}）；原因消除后可再执行。",
            f"The job {name} failed ({type(error).__name__} at {place_of(error)}); run it again when that is mended.",
        ) from error
    said = f"：{result}" if isinstance(result, int) else ""
    click.echo(f"{name} {when(done)} 这一期已执行 done{said}")
