"""The jobs as an operator sees them, and a scheduler that runs beside the server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.moments import instant
from server.commands import main
from server.commands.common import now_ms
from server.jobs.schedules import Cron, periods
from server.settings import SCHEDULER, Settings
from server.storage.election import Election
from server.storage.enrolment import EnrolmentStore
from server.storage.store import Store
from tests.server.empty_office import DAY, empty_office, store_of
from tests.server.jobbing import ROOT


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store of an office at whose server an operator sits."""
    url = f"sqlite:///{tmp_path / 'gridward.db'}"
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", url)
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "photos"))
    with empty_office(url) as app:
        yield store_of(app)


def test_the_list_tells_how_far_each_job_is(office: Store) -> None:
    """Before anything ran it says so; then when, how it ended, and when it comes again."""
    assert "Nothing has run for half an hour" in typed("jobs", "list")
    assert "forget_runs 2" in typed("jobs", "run", "forget_runs")
    assert "Nothing has run" not in typed("jobs", "list")
    row = listed()["forget_runs"]
    assert (row["outcome"], row["said"], row["paused"]) == ("完成 done", "0", None)
    assert row["next"] > row["ran"]
    assert row["next"].endswith(":20")


def test_pausing_and_resuming(office: Store) -> None:
    """Whose decision it was stands beside it."""
    assert "Whose" in typed("jobs", "pause", "-h")
    assert "--as" in typed("jobs", "pause", "hand_over", code=1)
    typed("jobs", "pause", "hand_over", "--as", "钱伟")
    assert str(listed()["hand_over"]["paused"]).endswith("钱伟")
    assert "paused already" in typed("jobs", "pause", "hand_over", "--as", "钱伟", code=1)
    assert "the latest missed one" in typed("jobs", "resume", "hand_over")
    assert listed()["hand_over"]["paused"] is None
    assert "is not paused" in typed("jobs", "resume", "hand_over", code=1)
    typed("jobs", "pause", "hand_over", "--as", "钱伟")
    assert "nothing is made up" in typed("jobs", "resume", "hand_over", "--anew")


def test_one_period_is_run_by_its_moment(office: Store) -> None:
    """Yesterday's night at twenty past three; no other moment is a period."""
    nights = periods(Cron("20 3 * * *"), now_ms() - 2 * DAY, now_ms())
    told = typed("jobs", "run", "forget_runs", "--period", instant(nights[0]))
    assert instant(nights[0])[:10] in told
    for wrong in ("2020-07-18T03:21", instant(nights[-1] + DAY)):
        assert "no such period" in typed("jobs", "run", "forget_runs", "--period", wrong, code=1)
    assert "is no moment" in typed("jobs", "run", "forget_runs", "--period", "gestern", code=2)


def test_slips_are_answered_in_a_sentence(office: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown name, a job that breaks, a setting that means nothing."""
    for verb in (["pause", "--as", "钱伟"], ["resume"], ["run"]):
        assert "见 jobs list" in typed("jobs", verb[0], "nobody_knows", *verb[1:], code=1)
    monkeypatch.setattr(EnrolmentStore, "forget", lambda *_: 1 // 0)
    assert "ZeroDivisionError" in typed("jobs", "run", "forget_codes", code=1)
    monkeypatch.setenv("GRIDWARD_SCHEDULER", "elsewhere")
    assert "inside | apart" in typed("jobs", "list", code=1)


def test_jobs_run_inside_unless_somebody_says_otherwise() -> None:
    assert Settings.from_environment({}).scheduler == "inside"
    assert [Settings.from_environment({"GRIDWARD_SCHEDULER": word}).scheduler for word in SCHEDULER] == list(SCHEDULER)


def test_a_scheduler_stands_by_leads_and_stops(office: Store) -> None:
    """As a program of its own; it says which, and ends in good order when it is told to."""
    server = Election(office.engine)
    assert server.leads()
    command = [sys.executable, "-m", "server.commands", "scheduler"]
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as scheduler:
        assert scheduler.stdout is not None
        said = iter(scheduler.stdout.readline, "")
        assert "standing by" in next(said)
        server.resign()
        assert any("this process leads" in line for line in said)
        scheduler.send_signal(signal.SIGTERM)
        assert "stopped" in list(said)[-1]
        assert scheduler.wait(20) == 0
    assert listed()["hand_over"]["next"]
    assert server.leads()
    server.resign()


def test_without_a_district_there_is_nothing_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", f"sqlite:///{tmp_path / 'gridward.db'}")
    assert "gridward-server init" in typed("scheduler", code=1)


def typed(*line: str, code: int = 0) -> str:
    """Type a command; it must end with *code*; return what it says."""
    result = CliRunner().invoke(main, line, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def listed() -> dict[str, dict[str, Any]]:
    """Return the list of jobs, by name."""
    return {row["job"]: row for row in json.loads(typed("jobs", "list", "--json"))}
