"""Sealing and unsealing in place 转换: killed at any step, busy, full; and at the terminal."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sync_client.driver import seal_of
from sync_client.errors import (
    LocalStoreDamaged,
    StoreFull,
    StoreLocked,
    StoreMoved,
)
from sync_client.sealing import converting, copying
from sync_client.sealing.keys import Holder, find_key, new_key, read_note
from tests.sync_client.sealed import contents, days_work, opened, prints, seal
from tests.sync_client.tablets import Workshop, shop
from tests.sync_client.terminals import Terminal

pytest.importorskip("sqlcipher3", reason="sqlcipher3 is not installed: pip install gridward[sealed]")

ROOT = Path(__file__).parents[2]
STEPS = ("held", "copied", "verified", "noted", "linked", "swapped", "wiped", "done")


@pytest.fixture
def holder(tmp_path: Path) -> Holder:
    """Whoever has the key file."""
    return Holder(tmp_path / "keys" / "tablet.key")


@pytest.fixture(autouse=True)
def keys_folder(tmp_path: Path) -> None:
    """Where the key file will lie."""
    (tmp_path / "keys").mkdir()


# -- killed, busy, full --------------------------------------------------------------------------------

CONVERTS = """
import os, sys
from pathlib import Path
from sync_client.sealing import converting, copying
from sync_client.sealing.keys import Holder, find_key, new_key, read_note

way, step, path, holder = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Holder(Path(sys.argv[4]))

def watch(done):
    if done == step:
        os._exit(9)

if way == "seal":
    key, note = new_key("file", holder, os.urandom)
    converting.seal(path, key, note, watch)
else:
    converting.unseal(path, find_key(read_note(path), holder), watch)
"""


@pytest.mark.parametrize("way", ["seal", "unseal"])
def test_killed_at_any_step_it_is_done_or_undone(workshop: Workshop, holder: Holder, way: str) -> None:
    """Whoever opens the tablet next finds all of it, plain or sealed, and nothing lying about."""
    path = days_work(workshop)
    before = contents(path, holder)
    for step in STEPS:
        if way == "unseal":
            seal(path, holder)
        call = [sys.executable, "-c", CONVERTS, way, step, str(path), str(holder.key_file)]
        assert subprocess.run(call, cwd=ROOT, check=False).returncode == 9
        li = opened(workshop, holder, path)
        assert li.status().waiting == 2
        li.close()
        assert contents(path, holder) == before
        changed = STEPS.index(step) >= STEPS.index("swapped")
        assert converting.is_sealed(path) == ((way == "seal") == changed)
        assert seal_of(path).exists() == converting.is_sealed(path)
        left = {file.name for file in path.parent.glob("李.db*")} - {"李.db", "李.db-sync", "李.db-seal"}
        assert not left - {"李.db-wal", "李.db-shm", "李.db-sync-journal"}
        if converting.is_sealed(path):
            converting.unseal(path, find_key(read_note(path), holder))


def test_a_tablet_that_is_open_elsewhere_is_not_converted(workshop: Workshop, holder: Holder) -> None:
    """Whoever records goes on recording, and nothing of it is lost."""
    path = days_work(workshop)
    li = opened(workshop, holder, path)
    before = prints(path)
    with pytest.raises(StoreLocked):
        seal(path, holder)
    assert prints(path) == before
    assert shop(li)
    li.close()
    seal(path, holder)
    assert opened(workshop, holder, path).status().waiting == 3
    with pytest.raises(StoreLocked):
        converting.unseal(path, find_key(read_note(path), holder))


def test_whoever_had_the_old_file_open_cannot_record_into_nowhere(workshop: Workshop, holder: Holder) -> None:
    """Should a lock not hold, on a network drive, he is told at his next step."""
    path = days_work(workshop)
    li = opened(workshop, holder, path)
    kept = path.with_name("copy.db")
    with sqlite3.connect(kept) as copy, sqlite3.connect(path) as whole:
        whole.backup(copy)
    copy.close()
    whole.close()
    kept.replace(path)
    for step in (lambda: shop(li), lambda: li.save_draft("表", {}), lambda: li.sync()):
        with pytest.raises(StoreMoved):
            step()
    li.close()


def test_while_it_is_converted_nobody_else_gets_in(workshop: Workshop, holder: Holder) -> None:
    """Neither to record nor to sync; afterwards everybody does."""
    path = days_work(workshop)
    key, note = new_key("file", holder, os.urandom)
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0.1)\n"
        "try: c.execute('SELECT count(*) FROM journal').fetchall(); print('in')\n"
        "except sqlite3.Error as error: print(error)"
    )
    said = {}

    def watch(step: str) -> None:
        call = [sys.executable, "-c", code, str(path)]
        said[step] = subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip()

    converting.seal(path, key, note, watch)
    assert {said[step] for step in STEPS[:5]} == {"database is locked"}
    assert {said[step] for step in STEPS[5:]} == {"file is not a database"}


def test_a_copy_that_came_out_otherwise_is_thrown_away(
    workshop: Workshop, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row too few, and the plain file stays."""
    path = days_work(workshop)
    before = contents(path, holder)
    whole = copying.copy

    def loses_one(source, target) -> None:  # type: ignore[no-untyped-def]
        whole(source, target)
        target.execute("DELETE FROM journal WHERE n = 2")

    monkeypatch.setattr(copying, "copy", loses_one)
    with pytest.raises(LocalStoreDamaged, match="journal"):
        seal(path, holder)
    assert contents(path, holder) == before
    assert not converting.is_sealed(path)


def test_a_disk_without_room_for_two_leaves_the_one(
    workshop: Workshop, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told as what it is; nothing half is left."""
    path = days_work(workshop)
    before = contents(path, holder)

    def full(place: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copymode", full)
    with pytest.raises(StoreFull):
        seal(path, holder)
    assert contents(path, holder) == before
    assert {file.name for file in path.parent.glob("李.db*")} == {"李.db", "李.db-sync"}


# -- at the terminal -----------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal of Li's tablet, with the registers on it."""
    made = Terminal(tmp_path / "tablet")
    made.enrol()
    return made


CLEAN_CHECK = ("record", "shop", "--target", "12", "-a", "l 2", "-a", "a", "--yes")


def test_sealing_by_a_key_file_at_the_terminal(terminal: Terminal, tmp_path: Path) -> None:
    """Sealed, worked with, delivered and unsealed; the key file is remembered."""
    key = tmp_path / "keys" / "usb.key"
    terminal.types(*CLEAN_CHECK)
    told = terminal.types("seal", "--key-from", "file", "--key-file", str(key))
    assert told.exit_code == 0
    assert "已加密" in told.stdout
    assert terminal.types("status").exit_code == 2
    found = {finding["code"]: finding["value_zh"] for finding in terminal.json("doctor")["findings"]}
    assert found["file"] == "完好，已加密"
    moved = key.rename(tmp_path / "moved.key")
    assert terminal.json("status")["problem"]["code"] == "no_key"
    assert {f["code"]: f["state"] for f in terminal.json("doctor")["findings"]}["file"] == "wrong"
    assert terminal.types("--key-file", str(moved), "sync").exit_code == 0
    assert terminal.types("unseal").exit_code == 1
    assert terminal.types("--key-file", str(moved), "unseal").exit_code == 0
    assert terminal.types("status").exit_code == 0
    assert terminal.json("unseal") == {"sealed": False}


def test_sealing_by_a_pin_at_the_terminal(terminal: Terminal) -> None:
    """Asked for twice when it is set, and once a command from then on; a program is not asked."""
    assert terminal.types("seal", "--key-from", "pin", keys="135790\n135791\n").exit_code == 1
    assert terminal.types("seal", "--key-from", "pin", keys="1357\n").exit_code == 1
    assert terminal.types("status").exit_code == 0
    assert terminal.types("seal", "--key-from", "pin", keys="135790\n135790\n").exit_code == 0
    wrong = terminal.types("status", keys="000000\n")
    assert wrong.exit_code == 1
    assert "PIN 不正确" in wrong.stdout
    assert terminal.types("doctor", keys="135790\n").exit_code == 0
    assert terminal.json("status")["problem"]["code"] == "no_key"
    assert terminal.json("seal", "--key-from", "pin") == {"sealed": True}
    assert terminal.types("unseal", keys="135790\n").exit_code == 0


def test_slips_at_the_terminal(terminal: Terminal, tmp_path: Path) -> None:
    """A file to keep the key in must be named, and there must be a tablet."""
    assert terminal.types("seal", "--key-from", "file").exit_code == 1
    assert terminal.types("seal").exit_code == 64
    assert Terminal(tmp_path / "nothing").types("unseal").exit_code == 5
    assert not (tmp_path / "nothing").exists()
