"""
Look after the jobs 任务管理: how far they are, pause one, let it go on.

A paused job runs nothing. What was due meanwhile counts as missed when it goes on, and its policy says what becomes of
it; or it goes on as if nothing had been.
"""

from collections.abc import Collection
from difflib import get_close_matches

from server.storage.job_runs import JobState
from server.storage.store import Store
from server.storage.unit_of_work import retrying
from server.usecases.mistakes import Mistake

_MOST_NAME = 60


def list_jobs(store: Store, district: str) -> dict[str, JobState]:
    """Return how far every job of *district* is that was ever seen there, by name."""
    with store.work(district, writing=False) as work:
        return work.job_runs.states()


def pause_job(store: Store, district: str, name: str, by: str, now_ms: int) -> None:
    """
    Let nothing of a job run until it is resumed; what is running ends.

    Args:
        by: Who says so; kept beside it.

    Raises:
        Mistake: the job is paused already; nobody says so.
    """
    if not 1 <= len(by.strip()) <= _MOST_NAME:
        raise Mistake("请用 --as 写明谁决定暂停。", "Say with --as whose decision it is.")

    def attempt() -> None:
        with store.work(district) as work:
            work.job_runs.begin([name], now_ms)
            if work.job_runs.states()[name].paused_ms is not None:
                raise Mistake(f"任务 {name} 已经暂停。", f"The job {name} is paused already.")
            work.job_runs.pause(name, by.strip(), now_ms)
            work.commit()

    retrying(attempt)


def resume_job(store: Store, district: str, name: str, now_ms: int, *, anew: bool = False) -> None:
    """
    Let a paused job go on.

    Args:
        anew: Leave everything that was due until now, whatever the job's policy says.

    Raises:
        Mistake: it is not paused.
    """

    def attempt() -> None:
        with store.work(district) as work:
            state = work.job_runs.states().get(name)
            if state is None or state.paused_ms is None:
                raise Mistake(f"任务 {name} 没有暂停。", f"The job {name} is not paused.")
            work.job_runs.resume(name, now_ms if anew else None)
            work.commit()

    retrying(attempt)


def check_name(name: str, known: Collection[str]) -> None:
    """
    Make sure that there is a job called *name* among those *known*.

    Raises:
        Mistake: there is none; it names those there are.
    """
    if name not in known:
        near = "、".join(get_close_matches(name, sorted(known), 3, 0.4))
        hint_zh, hint_en = (f"，是不是 {near}", f"; did you mean {near}") if near else ("", "")
        zh = f"没有任务 {name}{hint_zh}？全部见 jobs list。"
        raise Mistake(zh, f"There is no job {name}{hint_en}? See jobs list.")
