"""
Running what is due 执行到期任务: one step at a time, by the clock handed in; who calls, and when, is not known here.

A period counts as done when its use-case has returned. Whoever dies in between leaves it to the next leader, who runs
it again; what must not happen twice the use-case has claimed in its own transactions.
"""

import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import structlog

from server.core.scheduling import (
    HOLD_MS,
    LEAP_MS,
    LOOK_BACK_MS,
    PATIENCE,
    chosen,
    is_ahead,
    is_doubtful,
    missed_since,
    wait_ms,
)
from server.jobs.job import Job
from server.jobs.schedules import next_period, periods
from server.storage.job_runs import WHOLE, Ended, JobState
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying

Clock = Callable[[], int]
_Key = tuple[str, str, int]
_log = structlog.get_logger()


class _Trouble(NamedTuple):
    """How often a period has failed, and from when on it is tried again."""

    failures: int
    since_ms: int

    def waits(self, now_ms: int) -> bool:
        """Tell whether it is too soon; a clock that went back is not waited for."""
        return self.since_ms <= now_ms < self.since_ms + wait_ms(self.failures)


class Runner:
    """
    Runs the *jobs* of every district in *store*.

    What it keeps in memory (failures, doubts about the clock) another process may do without.

    Args:
        clock: Returns milliseconds since 1970-01-01 UTC.
    """

    def __init__(self, store: Store, jobs: Sequence[Job], clock: Clock) -> None:
        self.jobs = {job.name: job for job in jobs}
        self._store = store
        self._clock = clock
        self._troubles: dict[_Key, _Trouble] = {}
        self._doubts: dict[str, int] = {}

    def due(self) -> dict[str, list[str]]:
        """Return the names of the jobs that have something to do now, each with its districts; new jobs begin."""
        now_ms = self._clock()
        found: dict[str, list[str]] = {}
        for district in sorted(self._store.places()):
            try:
                names = self._due_in(district, now_ms)
            except Exception as error:  # noqa: BLE001  # whatever it is, the other districts must go on
                _log.error("look_failed", district=district, kind=type(error).__name__)
                continue
            for name in names:
                found.setdefault(name, []).append(district)
        return found

    def step(self) -> int:
        """Run everything that is due, one after the other; return how many periods were done."""
        return sum(self.run(name, district) for name, districts in self.due().items() for district in districts)

    def run(self, name: str, district: str, may_go_on: Callable[[], bool] = lambda: True) -> int:
        """
        Run what is due of the job *name*, as its policy says; return how many periods were done.

        Args:
            may_go_on: Asked before each period: False where this process no longer leads, or is to end.
        """
        job, now_ms = self.jobs[name], self._clock()
        state = self._states(district, now_ms)[name]
        if state.paused_ms is not None:
            return 0
        if is_ahead(state.done_ms, now_ms):
            self._set_back(job, district, state, now_ms)
            return 0
        missed = periods(job.schedule, missed_since(state.begun_ms, state.done_ms, now_ms), now_ms)
        if not missed:
            return 0
        wanted = chosen(missed, job.policy, job.grace_s * 1000, now_ms)
        todo = self._not_done(job, district, wanted)
        if todo:
            return self._run_all(job, district, todo, may_go_on)
        self._pass_over(job, district, missed[-1], None if wanted else Ended(now_ms, 0, "passed_over", None))
        return 0

    def run_now(self, name: str, district: str, period_ms: int | None = None) -> tuple[int, object]:
        """
        Run one period whatever was done and whether or not the job is paused, and return it with what came of it.

        What its use-case has claimed before stays done once.

        Args:
            period_ms: By default the latest one that was due.

        Raises:
            LookupError: the job was not due then, or not yet.
            Exception: what the use-case raises.
        """
        job, now_ms = self.jobs[name], self._clock()
        self._states(district, now_ms)
        period_ms = self._latest(job, now_ms) if period_ms is None else period_ms
        if period_ms > now_ms or next_period(job.schedule, period_ms - 1) != period_ms:
            raise LookupError(period_ms)
        result = job.run(self._store, district, period_ms, now_ms)
        # How far the job is stays as it was: periods before this one may be waiting.
        self._done(job, district, period_ms, self._ended(now_ms, "done", result), advance=False)
        return period_ms, result

    # -- looking ------------------------------------------------------------------------------------

    def _due_in(self, district: str, now_ms: int) -> list[str]:
        states = self._states(district, now_ms)
        if self._is_doubtful(district, states, now_ms):
            return []
        return [job.name for job in self.jobs.values() if self._is_due(job, district, states[job.name], now_ms)]

    def _states(self, district: str, now_ms: int) -> dict[str, JobState]:
        with self._store.work(district, writing=False) as work:
            states = work.job_runs.states()
        new = [name for name in self.jobs if name not in states]
        if not new:
            return states

        def begin() -> dict[str, JobState]:
            with self._store.work(district) as work:
                work.job_runs.begin(new, now_ms)
                work.commit()
                return work.job_runs.states()

        return retrying(begin)

    def _is_doubtful(self, district: str, states: dict[str, JobState], now_ms: int) -> bool:
        """Tell whether the clock may be wrong by weeks or years; it is believed when it has stood so for an hour."""
        begun_ms = max(state.begun_ms for state in states.values())
        if not is_doubtful(begun_ms, max(state.done_ms for state in states.values()), now_ms):
            self._doubts.pop(district, None)
            return False
        since_ms = self._doubts.get(district, now_ms)
        if district not in self._doubts or not since_ms <= now_ms <= since_ms + LEAP_MS:
            self._doubts[district] = since_ms = now_ms
            _log.error("clock_doubtful", district=district, jobs_wait_s=HOLD_MS // 1000)
        return now_ms - since_ms < HOLD_MS

    def _is_due(self, job: Job, district: str, state: JobState, now_ms: int) -> bool:
        if state.paused_ms is not None:
            return False
        if is_ahead(state.done_ms, now_ms):
            return True
        first = next_period(job.schedule, missed_since(state.begun_ms, state.done_ms, now_ms))
        return first <= now_ms and not self._waits(job, district, now_ms)

    def _waits(self, job: Job, district: str, now_ms: int) -> bool:
        """Tell whether all that may be done of *job* has failed a moment ago."""
        mine = [one for key, one in self._troubles.items() if key[:2] == (job.name, district)]
        return bool(mine) and all(one.waits(now_ms) and one.failures < PATIENCE for one in mine)

    def _not_done(self, job: Job, district: str, wanted: Sequence[int]) -> Sequence[int]:
        if not job.is_fenced or not wanted:
            return wanted
        with self._store.work(district, writing=False) as work:
            done = work.job_runs.whole(job.name, wanted)
        return [period for period in wanted if period not in done]

    def _latest(self, job: Job, now_ms: int) -> int:
        found = periods(job.schedule, now_ms - LOOK_BACK_MS, now_ms)
        if not found:
            raise LookupError(now_ms)
        return found[-1]

    # -- running ------------------------------------------------------------------------------------

    def _run_all(self, job: Job, district: str, todo: Sequence[int], may_go_on: Callable[[], bool]) -> int:
        """Run the periods *todo*; one that fails holds those behind it up at first, and later no more."""
        done, whole = 0, True
        for period_ms in todo:
            key = _key(job, district, period_ms)
            if not may_go_on() or (done and self._is_paused(job, district)):
                break
            if not self._is_waiting(key) and self._run_one(job, district, period_ms, advance=whole):
                done += 1
                continue
            if job.policy != "catch_up" or self._troubles[key].failures < PATIENCE:
                break
            whole = False
        return done

    def _is_paused(self, job: Job, district: str) -> bool:
        """Tell whether somebody paused the job while it ran."""
        with self._store.work(district, writing=False) as work:
            return work.job_runs.states()[job.name].paused_ms is not None

    def _is_waiting(self, key: _Key) -> bool:
        trouble = self._troubles.get(key)
        return trouble is not None and trouble.waits(self._clock())

    def _run_one(self, job: Job, district: str, period_ms: int, *, advance: bool) -> bool:
        began_ms = self._clock()
        try:
            result = job.run(self._store, district, period_ms, began_ms)
            self._done(job, district, period_ms, self._ended(began_ms, "done", result), advance=advance)
        except Exception as error:  # noqa: BLE001  # whatever it is, the other jobs must go on
            self._failed(job, district, period_ms, began_ms, error)
            return False
        self._troubles.pop(_key(job, district, period_ms), None)
        return True

    def _failed(self, job: Job, district: str, period_ms: int, began_ms: int, error: Exception) -> None:
        key, kind = _key(job, district, period_ms), type(error).__name__
        before = self._troubles.get(key)
        self._troubles[key] = _Trouble((before.failures if before else 0) + 1, self._clock())
        _log.error("job_failed", job=job.name, district=district, kind=kind, at=place_of(error))
        ended = self._ended(began_ms, "failed", kind)
        try:
            self._change(district, lambda work: work.job_runs.end(job.name, ended))
        except Exception as second:  # noqa: BLE001  # the database itself may be what failed
            _log.error("job_state_unwritten", job=job.name, district=district, kind=type(second).__name__)

    def _ended(self, began_ms: int, outcome: str, result: object) -> Ended:
        said = str(result) if isinstance(result, int | str) else None
        return Ended(began_ms, max(0, self._clock() - began_ms), outcome, said)

    def _done(self, job: Job, district: str, period_ms: int, ended: Ended, *, advance: bool) -> None:
        """Write down that a period is done and, unless earlier ones are not, how far the job is."""

        def write(work: UnitOfWork) -> None:
            if job.is_fenced:
                work.job_runs.claim(job.name, period_ms, WHOLE, ended.ran_ms)
            work.job_runs.end(job.name, ended)
            if advance:
                work.job_runs.advance(job.name, period_ms)

        self._change(district, write)

    def _pass_over(self, job: Job, district: str, upto_ms: int, ended: Ended | None) -> None:
        """Count everything up to *upto_ms* as done; *ended* says that it was not, None that it was long ago."""

        def write(work: UnitOfWork) -> None:
            if ended is not None:
                work.job_runs.end(job.name, ended)
            work.job_runs.advance(job.name, upto_ms)

        self._change(district, write)

    def _set_back(self, job: Job, district: str, state: JobState, now_ms: int) -> None:
        _log.warning("clock_went_back", job=job.name, district=district, seconds=(state.done_ms - now_ms) // 1000)
        self._change(district, lambda work: work.job_runs.set_back(job.name, state.done_ms, now_ms))

    def _change(self, district: str, change: Callable[[UnitOfWork], object]) -> None:
        retrying(partial(_committed, self._store, district, change))


def _key(job: Job, district: str, period_ms: int) -> _Key:
    """Return what failures are counted by; of a job that leaves older periods out they are those of the job."""
    return job.name, district, period_ms if job.policy == "catch_up" else 0


def _committed(store: Store, district: str, change: Callable[[UnitOfWork], object]) -> None:
    with store.work(district) as work:
        change(work)
        work.commit()


def place_of(error: Exception) -> str:
    """Return file and line of the program where *error* came up; its words may hold what people wrote."""
    frames: Iterator[traceback.FrameSummary] = reversed(traceback.extract_tb(error.__traceback__))
    return next((f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames), "")
