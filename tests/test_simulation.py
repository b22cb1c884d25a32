"""
The simulator itself: it plays many seeds, repeats itself to the byte, shrinks what fails, and sees planted bugs.

``docs/simulation.md`` says what is in a play; ``python -m tests.simulation`` plays more of them.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation import actors, faults, mutants, operators
from tests.simulation.__main__ import spans
from tests.simulation.drivers import Harm, synced
from tests.simulation.looking import OF_SERVER, OF_TABLETS, WHEN_QUIET
from tests.simulation.mutants import MUTANTS, hunt
from tests.simulation.network import MISHAPS
from tests.simulation.running import Played, play, play_seed
from tests.simulation.scheduler import Plan, Step, plan
from tests.simulation.shrinking import shrink

ROOT = Path(__file__).parents[1]
#: Mutants that few plays find, each with a seed that does.
SOON_FOUND = (
    "refusal_dropped_silently",
    "numbers_taken_first",
    "retry_applied_again",
    "quarantine_not_kept",
    "popped_before_its_receipt",
)
MINUTE, HOUR = 60_000, 3_600_000


def test_plays_of_every_kind_end_well() -> None:
    """Thirty plays, and faults of most kinds in them."""
    harm: Counter[str] = Counter()
    for seed in range(1, 31):
        played = play_seed(seed)
        assert played.broken is None, played.trace
        harm += played.harm
    assert len(harm) > 25


@pytest.mark.long
def test_a_thousand_plays_end_well() -> None:
    """As many as a night has patience for; each that fails is named with its seed."""
    failed = [(p.seed, p.broken, p.seen) for seed in range(1, 1_001) if (p := play_seed(seed)).broken]
    assert failed == []


def told(seed: int, hash_seed: str) -> str:
    """Return the trace of *seed* as another process tells it."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--trace", "--whole"]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.rpartition("\nseed ")[0]


def test_a_seed_tells_the_same_story_to_the_byte() -> None:
    """In this process, in this one again after others, and in another with other hashes."""
    first = play_seed(11).trace
    play_seed(12)
    assert play_seed(11).trace == first
    assert told(11, "1") == told(11, "2") == first.rstrip("\n")


def test_a_trace_names_nothing_that_the_server_keeps_to_itself() -> None:
    """No token, no epoch, no id of a device or a record stands in it."""
    lines = play_seed(3).trace
    assert "T1" in lines
    assert "-7" not in lines.replace("--7", "")
    assert "210902." not in lines


def test_a_plan_knows_nothing_of_the_town() -> None:
    """Drawn twice it is the same; its events are plain data that can be told apart and printed."""
    assert plan(5) == plan(5)
    assert plan(5) != plan(6)
    events = {type(step.event).__name__ for seed in range(60) for step in plan(seed).steps}
    assert {"Create", "Edit", "Sync", "Restore", "Failover", "PutBack", "CopyTablet", "MoveRecords"} <= events
    assert str(actors.Sync(1, ("late",), Harm("kill", 3, True))) == "Sync(tablet=1, mishaps=('late',), harm=kill@3+)"


def test_every_invariant_says_what_it_means() -> None:
    """The page lists them by these very words."""
    page = (ROOT / "docs/simulation.md").read_text(encoding="utf-8")
    for name, check in {**OF_TABLETS, **OF_SERVER, **WHEN_QUIET}.items():
        assert check.__doc__, name
        assert f"`{name}`" in page
    assert all(f"`{planted.name}`" in page for planted in MUTANTS)
    assert all(f"`{mishap}`" in page for mishap in MISHAPS)


def test_a_power_cut_leaves_what_was_synced() -> None:
    """Up to the last commit, and a torn piece behind it; without a sync at the commit nothing of the log."""
    salts = b"12345678"
    head = b"\x37\x7f\x06\x82" + bytes(4) + (512).to_bytes(4, "big") + bytes(4) + salts + bytes(8)
    frame, last = ((1).to_bytes(4, "big") + size.to_bytes(4, "big") + salts + bytes(8 + 512) for size in (0, 9))
    wal = head + frame + last + frame
    assert synced(wal, 2)[: len(wal)] == wal
    assert synced(head + frame + last, 2)[: len(head + frame + last)] == head + frame + last
    assert synced(wal[:-100], 2).startswith(head + frame + last)
    assert synced(wal, 1) == b""


# -- planted bugs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOON_FOUND)
def test_a_planted_bug_is_found(name: str) -> None:
    """A few plays are enough for these."""
    [planted] = [one for one in MUTANTS if one.name == name]
    assert hunt(planted, lambda: iter(range(1, 13))).invariant


@pytest.mark.long
@pytest.mark.parametrize("planted", MUTANTS, ids=lambda planted: planted.name)
def test_no_planted_bug_survives(planted: mutants.Mutant) -> None:
    """Whatever it takes, up to five hundred plays."""
    assert hunt(planted).invariant


def test_a_planted_bug_is_gone_afterwards() -> None:
    """Nothing of it stays in the code."""
    [planted] = [one for one in MUTANTS if one.name == "quarantine_not_kept"]
    hunt(planted, lambda: iter((1,)))
    assert play_seed(1).broken is None


def test_a_failing_play_is_shrunk_to_what_it_takes() -> None:
    """Of a whole play a few steps are left, and they fail in the same way."""
    [planted] = [one for one in MUTANTS if one.name == "refusal_dropped_silently"]
    with planted.plant():
        failed = next(p for seed in range(1, 20) if (p := play_seed(seed)).broken)
        found = shrink(failed)
        again = play_seed(failed.seed, keep=found.keep)
    assert len(found.keep) <= 6 < failed.steps
    assert again.broken == failed.broken
    assert again.trace == found.played.trace


def test_steps_are_named_as_the_command_line_takes_them() -> None:
    """Neighbours as spans."""
    assert spans([3, 7, 8, 9, 12]) == "3,7-9,12"


# -- stories that seeds told -----------------------------------------------------------------------------


def story(*events: actors.Event, people: tuple[tuple[str, ...], ...] = (("li",), ("wang",))) -> Played:
    """Play *events*, a minute apart, on the tablets of *people*."""
    return play(Plan(1, people, 50, tuple(Step(MINUTE, event) for event in events)))


def test_a_failover_is_noticed_though_others_have_written_on() -> None:
    """The lost number stands for other work by the time its reader comes back; the link in his cursor tells."""
    played = story(
        actors.Create(0, "shop", 3, 1),
        actors.Sync(0),
        actors.Sync(1),
        operators.Replicate(),
        actors.Edit(1, 0, "remark", 2),
        actors.Sync(1),
        operators.Failover(),
        actors.Edit(0, 0, "operator_phone", 3),
        actors.Edit(0, 0, "door_no", 4),
        actors.Sync(0),
        actors.Edit(1, 0, "photos", 5),
        actors.Sync(1),
    )
    assert played.broken is None, played.trace
    assert played.harm["failover"] == 1


def test_what_moved_away_during_a_long_reading_goes() -> None:
    """A refusal in the middle of a reading from the beginning does not keep the record on the tablet."""
    created = [actors.Create(0, "case", pick, pick) for pick in range(1, 8)]
    played = story(
        *created,
        actors.Sync(0),
        faults.ClockJump(0, "hours"),
        operators.MovePerson("li", "210902006001001"),
        actors.Edit(0, 4, "severity", 20),
        faults.ClockJump(0, "back hours"),
        actors.Edit(0, 5, "place_text", 21),
        actors.Sync(0),
    )
    assert played.broken is None, played.trace


def test_a_copied_tablet_and_its_first_both_keep_their_work() -> None:
    """Both record under the same numbers, both find a network."""
    played = story(
        actors.Create(0, "shop", 3, 1),
        actors.Sync(0),
        faults.CopyTablet(0),
        actors.Edit(0, 0, "remark", 2),
        actors.Edit(2, 0, "remark", 3),
        actors.Sync(0),
        actors.Sync(2),
        actors.Sync(0),
    )
    assert played.broken is None, played.trace
    assert played.harm["copied"] == 1


def test_what_a_backup_missed_comes_back_from_the_tablets() -> None:
    """Acknowledged work outlives the server that acknowledged it."""
    played = story(
        operators.Backup(),
        actors.Create(0, "shop", 3, 1),
        actors.Edit(0, 0, "remark", 2),
        actors.Sync(0),
        operators.Restore(0),
        actors.Sync(0),
    )
    assert played.broken is None, played.trace
    assert played.harm["restored"] == 1
