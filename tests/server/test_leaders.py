"""One leader among several processes: locks, and schedulers that are killed at any moment."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, text

from server.core.scheduling import MissedPolicy
from server.jobs.leading import Leading
from server.jobs.schedules import periods
from server.storage.election import Election
from server.storage.engine import open_engine
from server.storage.store import Store
from server.usecases.manage_jobs import list_jobs
from tests.server.empty_office import HAIZHOU, MORNING, empty_office
from tests.server.jobbing import JOBS, ROOT, STREETS, Effect, FastClock, Process, Start, effect, effects, launcher

#: A minute of the schedulers' time passes in so many seconds of ours.
RATE = 300
_HOLDER = """
import sys
from server.storage.election import Election
from server.storage.engine import open_engine
print(Election(open_engine(sys.argv[1])).leads(), flush=True)
sys.stdin.read()
"""


def test_one_process_leads(store: Store) -> None:
    """Of two over one database one leads until it resigns."""
    first, second = Election(store.engine), Election(store.engine)
    assert first.leads()
    assert first.leads()
    assert not second.leads()
    first.resign()
    assert second.leads()
    assert not first.leads()
    second.resign()


def test_a_leader_whose_connection_was_cut_no_longer_leads(postgres_url: str) -> None:
    """It notices when it asks next, and somebody else takes over."""
    engine = open_engine(postgres_url)
    first, second = Leading(Election(engine)), Leading(Election(engine))
    assert first.ask()
    assert knows(first)
    with engine.connect() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        connection.execute(text(cut))
    wait_until(second.ask)
    assert not first.ask()
    assert not knows(first)
    second.resign()
    wait_until(first.ask)
    first.resign()
    engine.dispose()


def test_who_cannot_ask_does_not_lead(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """A database that does not answer for some seconds: others may lead by now."""
    leading = Leading(Election(store.engine))
    assert leading.ask()
    later = time.monotonic() + 5
    monkeypatch.setattr("server.jobs.leading.time.monotonic", lambda: later)
    assert not knows(leading)
    assert leading.ask()
    assert knows(leading)
    leading.resign()
    assert not knows(leading)


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    """Beside a file of SQLite; at once, and the file stays."""
    url = f"sqlite:///{tmp_path / 'gridward.db'}"
    ours = Election(open_engine(url))
    command = [sys.executable, "-c", _HOLDER, url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as theirs:
        assert theirs.stdout is not None
        assert theirs.stdout.readline() == "True\n"
        assert not ours.leads()
        theirs.kill()
        theirs.wait()
    assert ours.leads()
    assert [file.name for file in tmp_path.iterdir()] == ["gridward.db.leader"]


def test_a_lock_that_somebody_deleted_is_taken_anew(tmp_path: Path) -> None:
    """Two files of one name would be two locks: whoever holds the old one finds out when it asks next."""
    url, file = f"sqlite:///{tmp_path / 'gridward.db'}", tmp_path / "gridward.db.leader"
    first, second = Election(open_engine(url)), Election(open_engine(url))
    assert first.leads()
    file.unlink()
    assert second.leads()
    assert not first.leads()
    second.resign()
    assert first.leads()


def test_a_folder_that_cannot_be_written_has_no_leader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing breaks: the jobs are left to whoever can; said once, for until then nothing runs."""
    election = Election(open_engine(f"sqlite:///{tmp_path / 'nowhere' / 'gridward.db'}"))
    leading = Leading(election)
    assert not leading.ask()
    assert election.problem == "FileNotFoundError"
    assert not leading.ask()
    assert capsys.readouterr().out.count("scheduler_cannot_lead") == 1
    (tmp_path / "nowhere").mkdir()
    assert leading.ask()
    assert election.problem is None


def test_a_file_by_two_names_has_one_leader(tmp_path: Path) -> None:
    """Through a link, under a name with a blank, a percent sign and 汉字."""
    folder = tmp_path / "海州 100%20"
    folder.mkdir()
    (folder / "gridward.db").touch()
    (tmp_path / "link.db").symlink_to(folder / "gridward.db")
    urls = [URL.create("sqlite", database=str(file)) for file in (folder / "gridward.db", tmp_path / "link.db")]
    first, second = (Election(open_engine(url.render_as_string())) for url in urls)
    assert first.leads()
    assert not second.leads()
    first.resign()
    assert second.leads()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_has_one_process(url: str) -> None:
    assert Election(open_engine(url)).leads()
    assert Election(open_engine(url)).leads()


# -- schedulers that are killed ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Starts schedulers."""
    with launcher() as starting:
        yield starting


def test_another_takes_over_within_seconds(database_url: str, start: Start) -> None:
    """Two schedulers; whoever leads is killed without a word."""
    engine, clock = prepared(database_url)
    living = {one.process: one for one in (start(database_url, clock) for _ in range(2))}
    wait_until(lambda: last(engine) is not None)
    took = takes_over(engine, living)
    end(living.values())
    print(f"{engine.dialect.name}: another one led {took:.2f} s after the kill")
    assert took < 5
    engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("seconds", [pytest.param(seconds, marks=pytest.mark.long) for seconds in (2, 150)])
def test_nothing_is_left_out_and_nothing_done_twice(postgres_url: str, start: Start, seconds: int) -> None:
    """Three schedulers on one PostgreSQL, killed at random, sometimes all of them, and started again."""
    engine, clock = prepared(postgres_url)
    living = [start(postgres_url, clock) for _ in range(3)]
    wait_until(lambda: last(engine) is not None)
    kills = kill_at_random(living, lambda: start(postgres_url, clock), seconds)
    ended_ms = clock()
    wait_until(lambda: all(state.done_ms >= ended_ms for state in list_jobs(Store(engine), HAIZHOU).values()))
    end(living)
    left = effects(engine)
    for job in JOBS:
        check(engine, job.name, job.policy, [one for one in left if one.job == job.name])
    print(f"{kills} kills in {seconds} s = {seconds * RATE / 3600:.1f} h; {told(left)}")
    engine.dispose()


def prepared(url: str) -> tuple[Engine, FastClock]:
    """Return an empty office where jobs can leave traces, and a clock that begins in its morning."""
    with empty_office(url):
        engine = open_engine(url)
    effect.create(engine)
    return engine, FastClock(MORNING, time.time_ns() // 1_000_000, RATE)


def takes_over(engine: Engine, living: dict[int, Process]) -> float:
    """Kill whoever leads, and return how many seconds later another one has done something."""
    leader = last(engine)
    assert leader is not None
    living.pop(leader.process).kill()
    killed = time.monotonic()
    wait_until(lambda: getattr(last(engine), "process", None) in living)
    return time.monotonic() - killed


def last(engine: Engine) -> Effect | None:
    """Return what was done last."""
    with engine.connect() as connection:
        row = connection.execute(effect.select().order_by(effect.c.at_ms.desc()).limit(1)).one_or_none()
    return Effect(*row) if row is not None else None


def kill_at_random(living: list[Process], start: Callable[[], Process], seconds: float) -> int:
    """Kill one, or now and then all, of the *living* and start as many again; return how many were killed."""
    kills, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(random.uniform(0.2, 1.8))
        victims = random.sample(living, 3 if random.random() < 0.15 else 1)
        for victim in victims:
            victim.kill()
            living.remove(victim)
            kills += 1
        if len(victims) > 1:
            time.sleep(random.uniform(0, 2))
        living += [start() for _ in victims]
    return kills


def end(living: Iterable[Process]) -> None:
    """Kill whoever is left."""
    for one in living:
        one.kill()


def check(engine: Engine, name: str, policy: MissedPolicy, left: list[Effect]) -> None:
    """Nothing stands there twice, and everything that the job's policy promises."""
    job = next(job for job in JOBS if job.name == name)
    state = list_jobs(Store(engine), HAIZHOU)[name]
    keys = [(one.period_ms, one.target) for one in left]
    assert len(set(keys)) == len(keys), f"{name}: done twice"
    due = list(periods(job.schedule, state.begun_ms, state.done_ms))
    assert {period for period, _ in keys if period <= state.done_ms} <= set(due)
    done = {period for period in due if all((period, street) in keys for street in STREETS)}
    if policy == "catch_up":
        assert done == set(due), f"{name}: left out"
    if policy == "coalesce":
        assert due[-1] in done, f"{name}: the latest was left out"


def told(left: list[Effect]) -> str:
    """Return how much was done of each job, and how often another process went on."""
    counts = (f"{job.name} {len({one.period_ms for one in left if one.job == job.name})}" for job in JOBS)
    ordered = sorted(left, key=lambda one: one.at_ms)
    overs = sum(one.process != other.process for one, other in pairwise(ordered))
    return f"{overs} take-overs; periods: {', '.join(counts)}; {len(left)} effects, none twice, none left out"


def knows(leading: Leading) -> bool:
    """Return whether a process knows that it leads."""
    return leading.leads


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until *holds* says so."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
