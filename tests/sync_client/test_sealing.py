"""A sealed tablet 加密: what a thief reads, what a wrong key gets, and what a kill on the way leaves."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_client.client import FieldClient
from sync_client.database import Database
from sync_client.driver import MAGIC, PLAIN, seal_of
from sync_client.errors import (
    LocalStoreDamaged,
    NoKey,
    NoSealing,
    NotSealed,
    SealUnreadable,
    StoreFull,
    StoreSealed,
    WrongKey,
)
from sync_client.sealing import converting
from sync_client.sealing.driver import sealed_by
from sync_client.sealing.keys import Holder, SealNote, find_key, new_key, read_note
from sync_client.sealing.opening import driver_for
from tests.sync_client.sealed import NAMES, PAGE, contents, days_work, on_disk, opened, prints, seal
from tests.sync_client.tablets import Workshop, shop

pytest.importorskip("sqlcipher3", reason="sqlcipher3 is not installed: pip install gridward[sealed]")
keyring = pytest.importorskip("keyring", reason="keyring is not installed: pip install gridward[sealed]")


@pytest.fixture
def holder(tmp_path: Path) -> Holder:
    """Whoever has the key file."""
    return Holder(tmp_path / "keys" / "tablet.key")


@pytest.fixture(autouse=True)
def keys_folder(tmp_path: Path) -> None:
    """Where the key file will lie."""
    (tmp_path / "keys").mkdir()


# -- what a thief reads --------------------------------------------------------------------------------


def test_no_name_is_on_the_disk_once_a_tablet_is_sealed(workshop: Workshop, holder: Holder) -> None:
    """Neither in the file nor in its log, while it is open and after."""
    path = days_work(workshop)
    assert all(name.encode() in on_disk(workshop.folder) for name in NAMES)
    seal(path, holder)
    li = opened(workshop, holder, path)
    shop(li, "赵四水果")
    for _ in range(2):
        bytes_there = on_disk(workshop.folder)
        assert MAGIC not in bytes_there
        for name in (*NAMES, "赵四水果", "repair", "CREATE TABLE"):
            assert name.encode() not in bytes_there
        li.close()
    assert not path.with_name("李.db-converting").exists()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(seal_of(path).stat().st_mode | 0o044)


def test_the_old_cells_are_written_over(workshop: Workshop, holder: Holder) -> None:
    """Somebody who kept the old file open, or its second name, finds noise."""
    path = days_work(workshop)
    kept = path.with_name("kept")
    kept.hardlink_to(path)
    seal(path, holder)
    assert not kept.read_bytes().strip(b"\x00")


def test_what_waits_is_kept_through_seal_and_unseal(workshop: Workshop, holder: Holder) -> None:
    """Row for row; and the office gets it once, whichever way it went."""
    path = days_work(workshop)
    before = contents(path, holder)
    seal(path, holder)
    assert contents(path, holder) == before
    li = opened(workshop, holder, path)
    assert [entry.n for entry in li.outbox().waiting] == [2, 3]
    assert li.drafts()[0].data == {"remark": NAMES[2]}
    li.close()
    converting.unseal(path, find_key(read_note(path), holder))
    assert contents(path, holder) == before
    assert path.read_bytes()[:16] == MAGIC
    li = opened(workshop, holder, path)
    li.sync()
    assert li.status().waiting == 0
    assert len(workshop.office.applied()) == 3


def test_a_sealed_tablet_works_as_any_other(workshop: Workshop, holder: Holder) -> None:
    """Recording, batches that fail, syncing, finding."""
    path = days_work(workshop)
    seal(path, holder)
    li = opened(workshop, holder, path)
    with pytest.raises(ZeroDivisionError), li.batch():
        shop(li, str(1 / 0))
    made = shop(li, "孙记")
    li.sync()
    assert [record.id for record in li.find("shop", where={"name": "孙记"})] == [made]
    pages = li._db.one("PRAGMA page_count")[0]
    li._db.run(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFull):
        li.save_draft("表", {"remark": "长" * 300_000})
    assert li.status().waiting == 0


def test_a_new_tablet_may_be_sealed_from_its_first_byte(tmp_path: Path) -> None:
    """Whoever holds the key himself hands it in."""
    path = tmp_path / "tablet.db"
    FieldClient(path, driver=sealed_by(bytes(32))).close()
    assert path.read_bytes()[:16] != MAGIC
    FieldClient(path, driver=sealed_by(bytes(32))).close()
    with pytest.raises(WrongKey):
        FieldClient(path, driver=sealed_by(bytes([1] * 32)))


# -- wrong, missing, damaged ---------------------------------------------------------------------------


def test_a_wrong_key_is_told_and_nothing_is_touched(workshop: Workshop, holder: Holder) -> None:
    """By the note before the file is opened, and by the file where there is no note."""
    path = days_work(workshop)
    seal(path, holder)
    before = prints(path)
    other = Holder(holder.key_file.with_name("other.key") if holder.key_file else None)
    new_key("file", other, os.urandom)
    with pytest.raises(WrongKey, match="换用当初的密钥"):
        driver_for(path, other)
    seal_of(path).rename(path.with_name("note"))
    with pytest.raises(WrongKey):
        FieldClient(path, driver=driver_for(path, other))
    path.with_name("note").rename(seal_of(path))
    assert prints(path) == before


def test_without_its_note_a_key_file_still_opens_it(workshop: Workshop, holder: Holder) -> None:
    """The key is the key; the note only says where it is."""
    path = days_work(workshop)
    seal(path, holder)
    seal_of(path).unlink()
    assert opened(workshop, holder, path).status().waiting == 2
    with pytest.raises(LocalStoreDamaged):
        FieldClient(path, driver=driver_for(path, Holder()))


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda key, _: key.unlink(), NoKey),
        (lambda key, _: key.write_text("no key\n"), NoKey),
        (lambda key, _: key.write_bytes(b"\xff\xfe\x00"), NoKey),
        (lambda key, _: key.chmod(0o644), NoKey),
        (lambda _, note: note.write_text("{"), SealUnreadable),
        (lambda _, note: note.write_text('{"kept": "pin", "check": "00"}'), SealUnreadable),
        (lambda _, note: note.write_text('{"kept": "sky", "check": "00"}'), SealUnreadable),
        (lambda _, note: note.write_text('{"kept": "file", "check": "00", "format": 2}'), SealUnreadable),
    ],
    ids=["gone", "no key", "noise", "readable by all", "cut off", "no salt", "unknown place", "of tomorrow"],
)
def test_a_key_or_note_that_is_no_good_is_told(workshop: Workshop, holder: Holder, harm, told) -> None:  # type: ignore[no-untyped-def]
    """Each in words of its own, and the file stays as it was."""
    path = days_work(workshop)
    seal(path, holder)
    before = path.read_bytes()
    harm(holder.key_file, seal_of(path))
    with pytest.raises(told) as error:
        driver_for(path, Holder())
    assert error.value.problem["next_zh"]
    assert path.read_bytes() == before


def test_a_damaged_sealed_file_is_no_wrong_key(workshop: Workshop, holder: Holder) -> None:
    """The note proves the key, so it is the file; every page carries its own proof, and nothing is deleted."""
    path = days_work(workshop)
    seal(path, holder)
    whole = path.read_bytes()
    for places in ([100], range(PAGE + 100, len(whole), PAGE)):
        damaged = bytearray(whole)
        for place in places:
            damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(LocalStoreDamaged):
            all_of(path, holder)
        assert path.exists()


def all_of(path: Path, holder: Holder) -> None:
    """Read every row through the tablet's own door."""
    database = Database(path, driver_for(path, holder))
    try:
        for (table,) in database.all("SELECT name FROM sqlite_master WHERE type = 'table'"):
            database.all(f"SELECT * FROM {table}")  # noqa: S608  # names of ours
    finally:
        database.close()


def test_sealed_and_opened_plain_or_plain_and_opened_sealed(workshop: Workshop, holder: Holder) -> None:
    """Each is told for what it is, and not as damage."""
    path = days_work(workshop)
    with pytest.raises(NotSealed):
        FieldClient(path, driver=sealed_by(bytes(32)))
    seal(path, holder)
    with pytest.raises(StoreSealed, match="已加密"):
        FieldClient(path)
    with pytest.raises(StoreSealed):
        converting.seal(path, bytes(32), SealNote("file", "00"))
    assert opened(workshop, holder, path).status().waiting == 2


def test_without_the_library_the_tablet_says_what_to_install(
    workshop: Workshop, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain tablet never asks for it."""
    path = days_work(workshop)
    seal(path, holder)
    monkeypatch.setitem(sys.modules, "sqlcipher3", None)
    with pytest.raises(NoSealing, match=r"gridward\[sealed\]"):
        driver_for(path, holder)
    other = workshop.tablet("王", enrolled=False)
    assert driver_for(other.path, Holder()) is PLAIN


# -- keys ----------------------------------------------------------------------------------------------


def test_a_key_file_is_its_owner_s_alone(holder: Holder) -> None:
    """Made where there is none, used where there is one."""
    assert holder.key_file is not None
    key, note = new_key("file", holder, os.urandom)
    assert stat.S_IMODE(holder.key_file.stat().st_mode) == 0o600
    again, _ = new_key("file", holder, os.urandom)
    assert again == key
    assert find_key(note, Holder()) == key


def test_a_pin_opens_whichever_keyboard_it_was_typed_on() -> None:
    """Full-width digits are the same PIN; another PIN is not; a short one is none."""
    key, note = new_key("pin", Holder(ask_pin=lambda: "135790"), os.urandom)
    assert find_key(note, Holder(ask_pin=lambda: " １３５７９０ ")) == key
    with pytest.raises(WrongKey):
        find_key(note, Holder(ask_pin=lambda: "135791"))
    with pytest.raises(NoKey):
        find_key(note, Holder())
    with pytest.raises(NoKey):
        new_key("pin", Holder(ask_pin=lambda: "1357"), os.urandom)
    assert "135790" not in repr(note)


@pytest.fixture
def key_store() -> Iterator[dict[tuple[str, str], str]]:
    """A key store of the system's, that keeps secrets in this process."""
    from keyring.backend import KeyringBackend

    secrets: dict[tuple[str, str], str] = {}

    class Store(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return secrets.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            secrets[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(Store())  # type: ignore[no-untyped-call]
    yield secrets
    keyring.set_keyring(before)


def test_a_key_in_the_key_store_is_found_by_itself(workshop: Workshop, key_store: dict[tuple[str, str], str]) -> None:
    """Nobody is asked; without it nobody gets in."""
    path = days_work(workshop)
    key, note = new_key("keystore", Holder(), os.urandom)
    converting.seal(path, key, note)
    assert list(key_store.values()) == [key.hex()]
    assert opened(workshop, Holder(), path).status().waiting == 2
    key_store.clear()
    with pytest.raises(NoKey):
        driver_for(path, Holder())


def test_where_there_is_no_key_store_it_is_said() -> None:
    """A headless machine has none."""
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(NoSealing):
            new_key("keystore", Holder(), os.urandom)
    finally:
        keyring.set_keyring(before)
