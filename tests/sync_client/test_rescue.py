"""Rescue packages: what is in one, and how little of a bad one comes in."""

import hashlib
import io
import json
import os
import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.problems import Refusal
from schemas.rescue import MAC, MANIFEST, MAX_ENTRIES, Package, body_of, mac_of, opened, read_manifest
from sync_client.client import FieldClient
from sync_client.desk import Desk
from sync_client.errors import NotEnrolled
from tests.pictures import jpeg
from tests.sync_client.tablets import Workshop, shop
from tests.sync_client.terminals import Terminal

PICTURE = jpeg("the pavement before the shop")
NOBODY = 65534


def exported(tablet: FieldClient, folder: Path, name: str = "rescue.zip", **how: Any) -> Path:
    """Export what waits on *tablet*."""
    path = folder / name
    tablet.export_outbox(path, **how)
    return path


@pytest.fixture
def package(li: FieldClient, tmp_path: Path) -> Path:
    """Li's package: a shop with a picture, and a half-filled form."""
    record = shop(li)
    li.attach(record, PICTURE)
    li.save_draft("street_check", {"items": {"A1": 3}})
    return exported(li, tmp_path)


# -- what is in it ----------------------------------------------------------------------------------


def test_everything_that_waits_is_in_it_word_for_word(li: FieldClient, tmp_path: Path) -> None:
    """What was delivered stays out; drafts and the originals of what waits are in."""
    done = shop(li, "老王修车")
    li.sync()
    new = shop(li, "老李粮油")
    li.attach(new, PICTURE)
    li.attach(done, jpeg("the other shop"))
    li.sync()
    li.edit(new, name="老李粮油店")
    li.save_draft("street_check", {"items": {"A1": 3}})
    path = exported(li, tmp_path)
    with path.open("rb") as file:
        found = opened(file)
        [part] = found.manifest.parts
        [line] = found.mutations(part)
        drafts = json.loads(found.drafts())
    assert json.loads(line)["set"] == {"name": "老李粮油店"}
    assert line == li._db.one("SELECT payload FROM journal WHERE outcome IS NULL")[0]
    assert [photo.sha256 for photo in found.manifest.photos] == [hashlib.sha256(PICTURE).hexdigest()]
    assert [draft["data"] for draft in drafts] == [{"items": {"A1": 3}}]
    assert (found.manifest.mutations, found.manifest.whole) == (1, False)


def test_all_of_the_journal_is_in_it_on_request(li: FieldClient, tmp_path: Path) -> None:
    """Also what was delivered within 30 days, and every original the office lacks."""
    done = shop(li)
    li.attach(done, PICTURE)
    li.sync()
    told = li.export_outbox(tmp_path / "all.zip", whole=True)
    assert (told.mutations, told.photos) == (2, 1)
    assert li.export_outbox(tmp_path / "open.zip").mutations == 0


def test_equal_contents_are_equal_bytes(li: FieldClient, tmp_path: Path) -> None:
    """Exported twice at one moment, the two files are the same, so that one can tell."""
    shop(li)
    first, second = exported(li, tmp_path, "a.zip"), exported(li, tmp_path, "b.zip")
    assert first.read_bytes() == second.read_bytes()


def test_it_holds_no_token_and_only_its_owner_reads_it(package: Path, li: FieldClient) -> None:
    """Whoever finds the stick cannot speak for the tablet."""
    token = Desk(li._db, lambda: 0).head().token
    assert token
    body = package.read_bytes()
    assert token.encode() not in body
    assert hashlib.sha256(token.encode()).digest() not in body
    assert hashlib.sha256(token.encode()).hexdigest().encode() not in body
    assert stat.S_IMODE(package.stat().st_mode) == 0o600


def test_a_missing_original_is_named(li: FieldClient, tmp_path: Path) -> None:
    """One was deleted by somebody, one damaged: the package says so instead of failing, or lying."""
    record = shop(li)
    for picture in (PICTURE, jpeg("second"), jpeg("third")):
        li.attach(record, picture)
    originals = tmp_path / "李.db-photos"
    places = sorted(place for place in originals.rglob("*") if place.is_file())
    places[0].unlink()
    places[1].write_bytes(b"something else")
    told = li.export_outbox(tmp_path / "rescue.zip")
    assert (told.photos, told.missing) == (1, 2)
    with (tmp_path / "rescue.zip").open("rb") as file:
        states = {photo.sha256: photo.state for photo in opened(file).manifest.photos}
    assert [states[place.name] for place in places] == ["missing", "missing", "here"]


def test_originals_may_be_left_out(li: FieldClient, tmp_path: Path) -> None:
    """The stick is small: they are named, and stay here."""
    li.attach(shop(li), PICTURE)
    told = li.export_outbox(tmp_path / "rescue.zip", photos=False)
    assert (told.photos, told.left_out) == (0, 1)


def test_many_changes_become_several_pushes_groups_whole(li: FieldClient, tmp_path: Path) -> None:
    """No part is larger than a request, and none ends inside a group."""
    with li.batch():
        for number in range(480):
            shop(li, f"第{number}家")
    for _ in range(3):
        with li.group():
            for number in range(40):
                shop(li, f"同组{number}")
    with exported(li, tmp_path).open("rb") as file:
        found = opened(file)
        parts = [[msgspec.json.decode(line) for line in found.mutations(part)] for part in found.manifest.parts]
    assert [len(part) for part in parts] == [480, 120]
    assert [m["n"] for part in parts for m in part] == list(range(1, 601))


def test_a_tablet_that_was_never_enrolled_can_export_its_drafts(workshop: Workshop, tmp_path: Path) -> None:
    """There is nothing else on it, and nothing to prove it with."""
    tablet = workshop.tablet("新", enrolled=False)
    tablet.save_draft("shop", {"name": "老王修车"})
    with exported(tablet, tmp_path).open("rb") as file:
        found = opened(file)
    assert (found.mac, found.manifest.device, found.manifest.parts) == ("", None, [])
    assert found.manifest.drafts
    assert found.manifest.drafts.count == 1


def test_a_full_stick_leaves_nothing_behind(li: FieldClient, tmp_path: Path) -> None:
    """Whatever stops the writing, no half package lies there under any name."""
    shop(li)
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / f"rescue.zip.{os.getpid()}.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r".*"):
        exported(li, stick)
    assert list(stick.iterdir()) == []


def test_a_write_protected_tablet_exports(package: Path, li: FieldClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card's lock is on: a copy is read, and nothing on the card changes."""
    li.close()
    folder = Path(tempfile.mkdtemp())
    try:
        terminal, out = Terminal(folder / "card"), folder / "out"
        for place in (folder, terminal.folder, out):
            place.mkdir(exist_ok=True)
            place.chmod(0o777)
        shutil.copyfile(package.parent / "李.db", terminal.folder / "tablet.db")
        shutil.copytree(package.parent / "李.db-photos", terminal.folder / "tablet.db-photos")
        before = protected(terminal.folder)
        monkeypatch.setattr(tempfile, "tempdir", str(out))
        with as_nobody():
            told = terminal.json("outbox", "export", str(out / "r.zip"))
            refused = terminal.json("record", "shop")
        assert refused["problem"]["code"] == "store_read_only"
        assert (told["mutations"], told["photos"], told["drafts"]) == (2, 1, 1)
        with (out / "r.zip").open("rb") as file:
            assert opened(file).manifest.mutations == 2
        assert {place.name for place in terminal.folder.iterdir()} == before
        assert [place.name for place in out.iterdir()] == ["r.zip"]
    finally:
        _free(folder)


def protected(card: Path) -> set[str]:
    """Take the right to write away from everything in *card*; return what lies there."""
    for place in card.rglob("*"):
        place.chmod(0o555 if place.is_dir() else 0o444)
    card.chmod(0o555)
    return {place.name for place in card.iterdir()}


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be somebody to whom write protection means something; root passes over it."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def _free(folder: Path) -> None:
    for place in [folder, *folder.rglob("*")]:
        if place.is_dir():
            place.chmod(0o755)
    shutil.rmtree(folder)


# -- bad ones ---------------------------------------------------------------------------------------


def rezipped(package: Path, change: Callable[[dict[str, bytes]], None], kind: int = zipfile.ZIP_STORED) -> bytes:
    """Return the package written again after its files were changed."""
    with zipfile.ZipFile(package) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", kind) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name), body, kind)
    return made.getvalue()


def with_manifest(files: dict[str, bytes], **changes: Any) -> None:
    """Change what the manifest says, in the one way of writing it down."""
    told = msgspec.json.decode(files[MANIFEST]) | changes
    files[MANIFEST] = msgspec.json.encode(told, order="deterministic")


def lines_swapped(files: dict[str, bytes]) -> None:
    files["mutations/0001.jsonl"] = files["mutations/0001.jsonl"].replace("老王".encode(), "老李".encode())


def line_lost(files: dict[str, bytes]) -> None:
    files["mutations/0001.jsonl"] = files["mutations/0001.jsonl"].partition(b"\n")[2]


def photo_swapped(files: dict[str, bytes]) -> None:
    [name] = [name for name in files if name.startswith("photos/")]
    files[name] = b"x" * len(files[name])


def photo_lost(files: dict[str, bytes]) -> None:
    del files[next(name for name in files if name.startswith("photos/"))]


def draft_swapped(files: dict[str, bytes]) -> None:
    files["drafts.json"] = files["drafts.json"].replace(b"3", b"4")


CHANGES: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "a mutation changed": (lines_swapped, "rescue_damaged"),
    "a mutation lost": (line_lost, "rescue_damaged"),
    "a picture swapped": (photo_swapped, "rescue_damaged"),
    "a picture lost": (photo_lost, "rescue_damaged"),
    "a draft changed": (draft_swapped, "rescue_damaged"),
    "no manifest": (lambda files: files.pop(MANIFEST), "rescue_damaged"),  # type: ignore[dict-item]
    "a manifest that is no JSON": (lambda files: files.update({MANIFEST: b"{"}), "rescue_damaged"),
    "a manifest of pits": (lambda files: files.update({MANIFEST: b"[" * 100_000}), "rescue_damaged"),
    "a manifest written otherwise": (
        lambda files: files.update({MANIFEST: files[MANIFEST].replace(b":", b": ", 1)}),
        "rescue_damaged",
    ),
    "a newer format": (lambda files: with_manifest(files, format=2), "rescue_too_new"),
    "a format of nothing": (lambda files: with_manifest(files, format=0), "rescue_damaged"),
    "another district's": (lambda files: with_manifest(files, district="210903"), "rescue_foreign"),
    "a device and no district": (lambda files: with_manifest(files, district=None), "rescue_damaged"),
    "no proof": (lambda files: files.pop(MAC), "rescue_not_proven"),  # type: ignore[dict-item]
    "a way out of the folder": (lambda files: files.update({"../../etc/cron.d/x": b"x"}), "rescue_unsafe"),
    "an absolute name": (lambda files: files.update({"/etc/passwd": b"x"}), "rescue_unsafe"),
    "a name of Windows": (lambda files: files.update({"C:\\autorun.inf": b"x"}), "rescue_unsafe"),
    "a file nobody knows": (lambda files: files.update({"readme.txt": b"x"}), "rescue_unsafe"),
    "a picture nobody named": (lambda files: files.update({f"photos/{'0' * 64}": b"x"}), "rescue_damaged"),
    "a part nobody named": (lambda files: files.update({"mutations/0002.jsonl": b"{}\n"}), "rescue_damaged"),
}


@pytest.mark.parametrize(("change", "code"), CHANGES.values(), ids=CHANGES)
def test_a_changed_package_is_refused_whole(
    change: Callable[[dict[str, bytes]], None], code: str, package: Path, wang: FieldClient, tmp_path: Path
) -> None:
    """One clear reason, and nothing of it on the tablet."""
    bad = tmp_path / "bad.zip"
    bad.write_bytes(rezipped(package, change))
    refuse(wang, bad, code)


def refuse(wang: FieldClient, bad: Path, code: str) -> None:
    """Expect *bad* to be refused for *code*, in two languages, with nothing taken."""
    with pytest.raises(Refusal) as told:
        wang.import_rescue(bad)
    assert told.value.code == code
    assert "{" not in told.value.message_zh + told.value.message_en
    assert wang.carried() == []
    assert wang.status().photos_waiting == 0
    assert not (bad.parent / "王.db-photos").exists()


def packed(body: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, body)
    return made.getvalue()


def doubled(body: bytes) -> bytes:
    """Name one file twice, the second time with other contents."""
    made = io.BytesIO(body)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(made, "a") as archive:
        archive.writestr(zipfile.ZipInfo(MANIFEST), b"{}")
    return made.getvalue()


def crowded(_: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(MAX_ENTRIES + 1):
            archive.writestr(zipfile.ZipInfo(f"photos/{number:064x}"), b"")
    return made.getvalue()


def overlapping(body: bytes) -> bytes:
    """Let two entries of the directory lead to the same bytes, as bombs do."""
    end = body.rindex(b"PK\x05\x06")
    at = struct.unpack("<L", body[end + 16 : end + 20])[0]
    second = body.index(b"PK\x01\x02", at + 4)
    return body[: second + 42] + struct.pack("<L", 0) + body[second + 46 :]


def encrypted(body: bytes) -> bytes:
    at = body.rindex(b"PK\x01\x02")
    return body[: at + 8] + b"\x01\x00" + body[at + 10 :]


FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "an empty file": (lambda _: b"", "rescue_damaged"),
    "a picture": (lambda _: PICTURE, "rescue_damaged"),
    "cut off in the middle": (lambda body: body[: len(body) // 2], "rescue_damaged"),
    "cut off at the last byte": (lambda body: body[:-1], "rescue_damaged"),
    "something behind its end": (lambda body: body + b"\0", "rescue_damaged"),
    "something before its beginning": (lambda body: b"#!/bin/sh\n" + body, "rescue_damaged"),
    "a bomb": (lambda _: packed(b"0" * 50_000_000), "rescue_unsafe"),
    "one name twice": (doubled, "rescue_unsafe"),
    "too many files": (crowded, "rescue_unsafe"),
    "files over each other": (overlapping, "rescue_unsafe"),
    "encrypted": (encrypted, "rescue_unsafe"),
}


@pytest.mark.parametrize(("change", "code"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_package_is_refused(
    change: Callable[[bytes], bytes], code: str, package: Path, wang: FieldClient, tmp_path: Path
) -> None:
    """Before anything of it is unpacked anywhere."""
    bad = tmp_path / "bad.zip"
    bad.write_bytes(change(package.read_bytes()))
    refuse(wang, bad, code)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """The bytes of a sound package."""
    workshop = Workshop(tmp_path_factory.mktemp("workshop"))
    li = workshop.tablet("李")
    li.attach(shop(li), PICTURE)
    yield exported(li, workshop.folder).read_bytes()
    workshop.close()


def read_or_refused(body: bytes) -> Package | Refusal:
    """Return the package in *body*, or why it is none."""
    try:
        return opened(io.BytesIO(body))
    except Refusal as refusal:
        return refusal


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_damaged_it_is_refused_or_says_the_same(sound: bytes, data: st.DataObject) -> None:
    """No damage to any byte makes a traceback, or another mutation."""
    body = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        cut = data.draw(st.integers(0, 6))
        body[at : at + cut] = data.draw(st.binary(max_size=6))
    found = read_or_refused(bytes(body))
    if isinstance(found, Refusal):
        assert found.code.startswith("rescue_")
        return
    before = opened(io.BytesIO(sound))
    assert [found.mutations(part) for part in found.manifest.parts] == [
        before.mutations(part) for part in before.manifest.parts
    ]
    assert found.body == before.body


@settings(max_examples=80, deadline=None, database=None)
@given(body=st.binary(max_size=400) | st.text().map(str.encode) | st.just(b'{"format":1e999}'))
def test_any_bytes_as_a_manifest_are_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        read_manifest(body)


def test_the_proof_is_over_every_word(sound: bytes) -> None:
    """Another key, or another word, and it proves nothing."""
    found = opened(io.BytesIO(sound))
    assert found.body == body_of(found.manifest)
    other = found.body.replace(b'"whole":false', b'"whole":true')
    assert len({mac_of(key, body) for key in (b"one", b"two") for body in (found.body, other)}) == 4


# -- carrying ---------------------------------------------------------------------------------------


def test_it_is_kept_until_the_office_can_take_it(package: Path, wang: FieldClient) -> None:
    """This office is older than packages: the package waits, her own work goes."""
    carried = wang.import_rescue(package)
    assert (carried.mutations, carried.photos, carried.drafts, carried.missing) == (2, 1, 1, 0)
    shop(wang, "老李粮油")
    report = wang.sync()
    assert (report.pushed, report.delivered, report.problem) == (1, 0, None)
    status = wang.status()
    assert (status.carried, status.waiting, status.photos_waiting) == (1, 0, 1)


def test_the_same_package_twice_is_one(package: Path, wang: FieldClient, tmp_path: Path) -> None:
    """Whatever its file is called."""
    copy = tmp_path / "copy.zip"
    shutil.copyfile(package, copy)
    first, second = wang.import_rescue(package), wang.import_rescue(copy)
    assert first == second
    assert wang.status().carried == 1


def test_pictures_are_kept_among_the_carriers(package: Path, wang: FieldClient, tmp_path: Path) -> None:
    """They are evidence; they are sent when pictures are sent."""
    wang.import_rescue(package)
    name = hashlib.sha256(PICTURE).hexdigest()
    assert (tmp_path / "王.db-photos" / name[:2] / name).read_bytes() == PICTURE


def test_a_tablet_that_is_not_enrolled_carries_nothing(package: Path, workshop: Workshop) -> None:
    """It could never deliver it."""
    with pytest.raises(NotEnrolled):
        workshop.tablet("新", enrolled=False).import_rescue(package)


# -- at the terminal --------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Li's terminal, enrolled."""
    made = Terminal(tmp_path / "li")
    made.enrol()
    return made


def test_export_and_import_at_the_terminal(terminal: Terminal, tmp_path: Path) -> None:
    """A person is told what is in the file, and what to do with it; a program gets the same as JSON."""
    with terminal.client() as client:
        client.attach(shop(client), PICTURE)
    said = terminal.types("outbox", "export", str(tmp_path / "li.zip"))
    assert said.exit_code == 0
    for word in ("已导出到", "照片文件 photo files", "SHA-256"):
        assert word in said.stdout
    told = terminal.json("outbox", "export", str(tmp_path))
    assert told["mutations"] == 2
    assert Path(told["path"]).name.startswith("rescue-")

    colleague = Terminal(tmp_path / "wang", office=terminal.office)
    colleague.types("enrol", "W3XP-8T", "--server", "https://haizhou.example")
    said = colleague.types("outbox", "import", str(tmp_path / "li.zip"))
    assert "已捎带 2 条修改" in said.stdout
    assert colleague.json("status")["carried"] == 1
    assert colleague.types("status").exit_code == 2
    assert "li.zip：待转交" in colleague.types("outbox", "carried").stdout
    assert colleague.json("outbox", "carried")[0]["mutations"] == 2


def test_a_bad_file_at_the_terminal_is_one_sentence(terminal: Terminal, tmp_path: Path) -> None:
    """In both languages, with what to do, and exit code 1."""
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK\x03\x04 no")
    said = terminal.types("outbox", "import", str(bad))
    assert said.exit_code == 1
    assert "救援包不完整或被改动过" in said.stdout
    assert "原平板上重新导出" in said.stdout
    assert terminal.json("outbox", "import", str(bad))["problem"]["code"] == "rescue_damaged"


def test_the_outbox_is_shown_as_ever(terminal: Terminal) -> None:
    """Without a further word it lists what waits; --seen still puts aside."""
    with terminal.client() as client:
        shop(client, "老李粮油")
    said = terminal.types("outbox")
    assert said.exit_code == 2
    assert "待发 1 条" in said.stdout
    assert [entry["n"] for entry in terminal.json("outbox")["waiting"]] == [1]
    assert "清单里没有第 7 条" in terminal.types("outbox", "--seen", "7").stdout
    assert "export" in terminal.types("outbox", "--help").stdout
