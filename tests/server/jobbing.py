"""
Jobs that leave a trace: one row for each period and target, written in the transaction that claims it.

``python -m tests.server.jobbing`` starts a process with a scheduler for every line it reads: URL BEGINNING SINCE RATE.
Its clock stood at BEGINNING at the true moment SINCE, and goes RATE times as fast as the true one.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Engine, Integer, MetaData, String, Table, insert, select

from server.core.scheduling import MissedPolicy
from server.jobs import Jobs
from server.jobs.job import Job, Run
from server.jobs.running import Runner
from server.jobs.schedules import Cron, Every, Schedule
from server.storage.engine import open_engine
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying

ROOT = Path(__file__).parents[2]
STREETS = ("河北街道", "五龙街道", "新兴街道")

#: Without any key: whatever is done twice stands here twice.
effect = Table(
    "effect",
    MetaData(),
    Column("job", String(40)),
    Column("period_ms", BigInteger),
    Column("target", String(60)),
    Column("at_ms", BigInteger),
    Column("process", Integer),
)


class Effect(NamedTuple):
    """What a job did once."""

    job: str
    period_ms: int
    target: str
    at_ms: int
    process: int


def traced(name: str, *, streets: Sequence[str] = STREETS, takes_s: float = 0) -> Run:
    """Return a use-case that leaves one row for each of *streets*, each in a transaction that takes its time."""

    def run(store: Store, district: str, period_ms: int, now_ms: int) -> int:
        def attempt(target: str) -> int:
            with store.work(district) as work:
                if not work.job_runs.claim(name, period_ms, target, now_ms):
                    return 0
                time.sleep(takes_s)
                _leave(work, Effect(name, period_ms, target, now_ms, os.getpid()))
                work.commit()
            return 1

        return sum(retrying(lambda target=target: attempt(target)) for target in streets)  # type: ignore[misc]

    return run


def _leave(work: UnitOfWork, one: Effect) -> None:
    work.connection.execute(insert(effect), [one._asdict()])


def effects(engine: Engine) -> list[Effect]:
    """Return what was done, in the order of the periods."""
    with engine.connect() as connection:
        rows = connection.execute(select(effect).order_by(effect.c.job, effect.c.period_ms, effect.c.target))
        return [Effect(*row) for row in rows]


@dataclass
class Stepped:
    """
    A scheduler whose clock is moved by hand.

    Attributes:
        ms: The time, in milliseconds since 1970.
        failing: What the next runs raise, by job.
    """

    store: Store
    ms: int
    failing: dict[str, Exception] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)

    def __post_init__(self) -> None:
        effect.create(self.store.engine, checkfirst=True)
        self.runner = Runner(self.store, [], self.clock)

    def clock(self) -> int:
        """Return the time."""
        return self.ms

    def has(self, name: str, schedule: Schedule, policy: MissedPolicy, grace_s: int = 0) -> None:
        """Give it one more job, which leaves one row a period; it begins now."""
        run = traced(name, streets=STREETS[:1])

        def may_fail(store: Store, district: str, period_ms: int, now_ms: int) -> object:
            if name in self.failing:
                raise self.failing[name]
            return run(store, district, period_ms, now_ms)

        self.jobs.append(Job(name, name, schedule, policy, may_fail, grace_s))
        self.restart()
        self.runner.due()

    def restart(self) -> None:
        """Let another process go on: nothing but the database remembers."""
        self.runner = Runner(self.store, self.jobs, self.clock)

    def later(self, ms: int) -> int:
        """Let the clock go on, see to what is due, and return how many periods were done."""
        self.ms += ms
        return self.runner.step()

    def done(self, name: str) -> list[int]:
        """Return the periods in which the job left something."""
        return [one.period_ms for one in effects(self.store.engine) if one.job == name]


# -- processes --------------------------------------------------------------------------------------

MINUTE_S = 60
#: So long a transaction is open that a kill meets one now and then.
_TAKES_S = 0.01
#: One job for each policy; the last of them has half a minute of its own time for each period.
JOBS = (
    Job("every_period", "逐期", Every(MINUTE_S), "catch_up", traced("every_period", takes_s=_TAKES_S)),
    Job("by_the_clock", "定点", Cron("*/10 * * * *"), "catch_up", traced("by_the_clock", takes_s=_TAKES_S)),
    Job("the_latest", "最近", Cron("*/5 * * * *"), "coalesce", traced("the_latest", takes_s=_TAKES_S)),
    Job("in_time", "及时", Every(2 * MINUTE_S), "skip", traced("in_time", takes_s=_TAKES_S), grace_s=90),
)


@dataclass(frozen=True, slots=True)
class FastClock:
    """A clock that stood at ``beginning_ms`` at the true moment ``since_ms``, and goes ``rate`` times as fast."""

    beginning_ms: int
    since_ms: int
    rate: int

    def __call__(self) -> int:
        """Return what it shows."""
        return self.beginning_ms + (time.time_ns() // 1_000_000 - self.since_ms) * self.rate


@dataclass
class Process:
    """A scheduler in a process of its own."""

    process: int

    def kill(self) -> None:
        """End it without a word."""
        os.kill(self.process, signal.SIGKILL)


Start = Callable[[str, FastClock], Process]


@contextmanager
def launcher() -> Iterator[Start]:
    """Yield what starts a process with a scheduler over a database; whoever is left is killed at the end."""
    command = [sys.executable, "-m", "tests.server.jobbing"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as ours:
        assert ours.stdin is not None
        assert ours.stdout is not None
        told, heard = ours.stdin, ours.stdout

        def start(url: str, clock: FastClock) -> Process:
            told.write(f"{url} {clock.beginning_ms} {clock.since_ms} {clock.rate}\n")
            return Process(int(heard.readline()))

        yield start
        told.close()


def main() -> None:
    """Fork a scheduler for every line that comes in; end them all when no more do."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need no burial
    children = []
    for line in sys.stdin:
        url, *clock = line.split()
        child = os.fork()
        if child == 0:
            _schedule(url, FastClock(*map(int, clock)))
        children.append(child)
        print(child, flush=True)
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _schedule(url: str, clock: FastClock) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # Where the parent answers, its children must not.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    jobs = Jobs(Store(open_engine(url)), JOBS, clock)
    jobs.start()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
