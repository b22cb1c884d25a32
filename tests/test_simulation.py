"""
The simulator itself: it plays many seeds, repeats itself to the byte, shrinks what fails, and sees planted bugs.

``docs/simulation.md`` says what is in a play; ``python -m tests.simulation`` plays more of them.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.simulation import actors, faults, mutants, operators, photos
from tests.simulation.__main__ import spans
from tests.simulation.disks import Disk, files_in
from tests.simulation.drivers import Harm, Lifeline, synced
from tests.simulation.looking import OF_SERVER, OF_TABLETS, WHEN_QUIET, WHEN_SENT
from tests.simulation.mutants import MUTANTS, hunt
from tests.simulation.network import MISHAPS
from tests.simulation.running import Played, play, play_seed
from tests.simulation.scheduler import Plan, Step, plan
from tests.simulation.shrinking import shrink

ROOT = Path(__file__).parents[1]
#: Mutants that few plays find, each with a seed that does.
SOON_FOUND = (
    "refusal_dropped_silently",
    "retry_applied_again",
    "quarantine_not_kept",
    "popped_before_its_receipt",
    "sent_taken_for_verified",
    "original_deleted_behind_its_copy",
    "waiting_taken_for_refused",
    "token_sent_to_the_depot",
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
    for name, check in {**OF_TABLETS, **OF_SERVER, **WHEN_QUIET, **WHEN_SENT}.items():
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


def test_a_power_cut_leaves_of_photos_what_was_synced(tmp_path: Path) -> None:
    """A synced file under a synced name stays; without the one it is half rubbish, without the other gone."""
    disk, folder = Disk(), tmp_path / "photos"
    folder.mkdir()
    with disk.watched(), disk.used_by(Lifeline(tmp_path / "tablet.db")):
        for name in ("whole", "torn", "nameless"):
            with (folder / name).open("wb") as file:
                file.write(b"12345678")
                file.flush()
                if name != "torn":
                    os.fsync(file.fileno())
            if name != "nameless":
                _sync(folder)
        _sync(tmp_path)
        disk.lose_power(folder)
        assert files_in(folder) == {"whole": b"12345678", "torn": b"1234\0\0\0\0"}
        (tmp_path / "other").mkdir()
        disk.lose_power(tmp_path / "other")
        assert not (tmp_path / "other").exists()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


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


def story(
    *events: actors.Event, people: tuple[tuple[str, ...], ...] = (("li",), ("wang",)), guests: bool = False
) -> Played:
    """Play *events*, a minute apart, on the tablets of *people*; with *guests* parts go straight to the depot."""
    return play(Plan(1, people, 50, tuple(Step(MINUTE, event) for event in events), guests))


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


# -- stories of photos -----------------------------------------------------------------------------------

#: A picture of some parts with its copy, one of a single part, and one of some parts without a copy.
LARGE, SMALL, PLAIN = 5, 3, 4


def send(tablet: int = 0, **more: Any) -> photos.SendPhotos:
    """Return a sending behind a sync, over a good network."""
    return photos.SendPhotos(tablet, network="wifi", first=True, **more)


@pytest.mark.parametrize("guests", [False, True])
@pytest.mark.parametrize("aim", photos.SendPhotos.AIMS)
def test_the_server_dies_in_the_middle_of_a_photo(aim: str, guests: bool) -> None:
    """At any of its steps, by a kill or without power: in the end every photo reads back byte for byte."""
    for at in range(1, 31, 6):
        played = story(
            actors.Create(0, "shop", 3, 1),
            photos.TakePhoto(0, 0, LARGE),
            send(office=Harm("power" if at % 2 else "kill", at), aim=aim),
            guests=guests,
        )
        assert played.broken is None, played.trace


@pytest.mark.parametrize("kind", ["kill", "power", "full"])
def test_a_tablet_dies_while_it_takes_and_sends_a_photo(kind: str) -> None:
    """What it had promised is there afterwards; the first photo's own folder, too."""
    for at in range(1, 31, 6):
        played = story(
            actors.Create(0, "shop", 3, 1),
            photos.TakePhoto(0, 0, LARGE, harm=Harm(kind, at)),
            photos.TakePhoto(0, 0, LARGE),
            send(harm=Harm(kind, at)),
            faults.Die(0, "power"),
        )
        assert played.broken is None, played.trace


def test_a_name_that_missed_the_disk_is_synced_when_the_photo_is_taken_again() -> None:
    """The disk was full when the folder was to be synced; the file lay there, and was found."""
    for at in range(12, 20, 2):
        full = photos.TakePhoto(0, 0, PLAIN, harm=Harm("undone", at))
        played = story(full, photos.TakePhoto(0, 0, PLAIN), faults.Die(0, "power"))
        assert played.broken is None, played.trace


def test_parts_lost_and_damaged_on_the_way_are_sent_again() -> None:
    """While the others are under way; nothing is verified before the whole is right."""
    for how in ("part", "spoil"):
        for during in (1, 3, 4):
            lost = photos.DepotLoses(during, how)
            played = story(
                actors.Create(0, "shop", 3, 1), photos.TakePhoto(0, 0, PLAIN), send(meanwhile=lost, during=during)
            )
            assert played.broken is None, played.trace
            assert "verified 1" in played.trace


def test_photos_tidied_off_a_tablet_outlive_an_older_database() -> None:
    """The database is put back to a day before them, the depot is not: the collection takes none a record names."""
    played = story(
        actors.Create(0, "shop", 3, 1),
        operators.Backup(),
        photos.TakePhoto(0, 0, LARGE),
        send(),
        photos.SetPolicy(0, "any", "any", 0),
        photos.Tidy(0, 1, now=True),
        operators.Restore(0),
        actors.Sync(0),
        photos.Collect(3),
        photos.Collect(3),
    )
    assert played.broken is None, played.trace
    assert played.harm["tidied"] == played.harm["restored"] == 1


def test_photos_come_again_after_the_depot_was_put_back() -> None:
    """Verified in a history that is no more: what still lies on the tablet is sent once more."""
    played = story(
        actors.Create(0, "shop", 3, 1),
        operators.Backup(),
        photos.TakePhoto(0, 0, LARGE),
        photos.TakePhoto(0, 0, SMALL),
        send(),
        operators.Restore(0, depot=True),
        send(),
    )
    assert played.broken is None, played.trace
    assert played.trace.count("verified 3") == 2


def test_records_go_while_photos_are_under_way() -> None:
    """The same tablet syncs in the middle of a part; another sends the same picture for another record."""
    for during in (0, 2, 5):
        played = story(
            actors.Create(0, "shop", 3, 1),
            photos.TakePhoto(0, 0, LARGE),
            send(meanwhile=actors.Sync(0), during=during),
            actors.Create(1, "shop", 4, 2),
            photos.TakePhoto(1, 1, LARGE),
            photos.TakePhoto(0, 0, PLAIN),
            send(0, meanwhile=send(1), during=during),
        )
        assert played.broken is None, played.trace


def test_a_record_that_never_comes_does_not_keep_a_photo_from_the_next() -> None:
    """The same picture on three records: two let go of it before they were sent, whatever their order is."""
    names = [photos.TakePhoto(0, pick, PLAIN) for pick in (3, 5, 9)]
    for kept in (3, 5, 9):
        let_go = [actors.TakeOff(0, pick) for pick in (3, 5, 9) if pick != kept]
        created = [actors.Create(0, "shop", pick, pick) for pick in (3, 4, 6)]
        played = story(*created, *names, *let_go, send(), send())
        assert played.broken is None, played.trace
