"""
How far each job of a district is, and the fence before what is done once 定时任务的进度与防重.
"""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from server.storage.office_tables import job, job_run

#: The target that stands for a whole period: all of it is done.
WHOLE = "*"


class JobState(NamedTuple):
    """How far one job is; ``outcome`` is done, failed or passed_over, and ``said`` a count or a kind of failure."""

    name: str
    begun_ms: int
    done_ms: int
    paused_ms: int | None = None
    paused_by: str | None = None
    ran_ms: int | None = None
    took_ms: int | None = None
    outcome: str | None = None
    said: str | None = None


class Ended(NamedTuple):
    """How one run ended: when it began, for how long it ran, and what came of it."""

    ran_ms: int
    took_ms: int
    outcome: str
    said: str | None


class JobRunStore:
    """The jobs of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def claim(self, name: str, period_ms: int, target: str, now_ms: int) -> bool:
        """
        Say that this transaction does what *name* does in the period *period_ms* for *target*.

        Returns:
            Whether it may: False where another transaction did it. One that is doing it right now is waited for,
            and what it claimed is free again if it fails.
        """
        row = {"district": self._district, "name": name, "period_ms": period_ms, "target": target, "at_ms": now_ms}
        return self._add(job_run, [row]) == 1

    def states(self) -> dict[str, JobState]:
        """Return the jobs that were ever seen here, by name."""
        columns = [job.c[name] for name in JobState._fields]
        rows = self._connection.execute(select(*columns).where(job.c.district == self._district))
        return {row.name: JobState(*row) for row in rows}

    def begin(self, names: Iterable[str], now_ms: int) -> None:
        """Let each job begin now, except those that have begun."""
        self._add(
            job,
            [{"district": self._district, "name": name, "begun_ms": now_ms, "done_ms": now_ms} for name in names],
        )

    def whole(self, name: str, periods: Collection[int]) -> set[int]:
        """Return those of *periods* all of which is done, whatever ``done_ms`` says."""
        if not periods:
            return set()
        query = select(job_run.c.period_ms).where(
            job_run.c.district == self._district, job_run.c.name == name, job_run.c.target == WHOLE,
            job_run.c.period_ms.between(min(periods), max(periods)),
        )  # fmt: skip
        return set(self._connection.execute(query).scalars()).intersection(periods)

    def end(self, name: str, ended: Ended) -> None:
        """Write down how a run ended."""
        self._change(name, **ended._asdict())

    def advance(self, name: str, done_ms: int) -> None:
        """Write down up to where the job is done; never back from there."""
        self._connection.execute(
            update(job).where(*_of(self._district, name), job.c.done_ms < done_ms).values(done_ms=done_ms)
        )

    def set_back(self, name: str, from_ms: int, to_ms: int) -> bool:
        """Take the job back to *to_ms*, if it still stands at *from_ms*; it began then at the latest."""
        where = (*_of(self._district, name), job.c.done_ms == from_ms)
        begun = case((job.c.begun_ms > to_ms, to_ms), else_=job.c.begun_ms)
        return self._connection.execute(update(job).where(*where).values(done_ms=to_ms, begun_ms=begun)).rowcount == 1

    def pause(self, name: str, by: str, now_ms: int) -> None:
        """Let nothing of the job run until it is resumed."""
        self._change(name, paused_ms=now_ms, paused_by=by)

    def resume(self, name: str, begun_ms: int | None = None) -> None:
        """Let the job run again; with *begun_ms* as if it had begun only then."""
        begun = {} if begun_ms is None else {"begun_ms": begun_ms, "done_ms": begun_ms}
        self._change(name, paused_ms=None, paused_by=None, **begun)

    def forget(self, before_ms: int) -> int:
        """Delete what was claimed before; return how much that was."""
        where = (job_run.c.district == self._district, job_run.c.at_ms < before_ms)
        return self._connection.execute(delete(job_run).where(*where)).rowcount

    def _change(self, name: str, **values: Any) -> None:
        self._connection.execute(update(job).where(*_of(self._district, name)).values(**values))

    def _add(self, table: Any, rows: list[dict[str, Any]]) -> int:
        """Insert *rows* but those that are there, and return how many that were."""
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        return sum(self._connection.execute(_unless_there(dialect, table).values(row)).rowcount for row in rows)


def _unless_there(dialect: Any, table: Any) -> Insert:
    statement: Insert = dialect.insert(table).on_conflict_do_nothing()
    # Otherwise nobody counts the rows of an INSERT on PostgreSQL.
    return statement.execution_options(preserve_rowcount=True)


def _of(district: str, name: str) -> tuple[Any, Any]:
    return job.c.district == district, job.c.name == name
