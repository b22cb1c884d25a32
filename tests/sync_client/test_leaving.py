"""Logging out and emptying a tablet: never past work that waits, unless it was taken out or the office lets it go."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.release import ALPHABET, CODE_LENGTH, code_of, fits, read_challenge
from sync_client.client import FieldClient
from sync_client.errors import (
    NobodyWorks,
    NoSuchRecord,
    NotEnrolled,
    SyncUnderWay,
    WorkWaiting,
    WrongReleaseCode,
)
from tests.pictures import jpeg
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import LI, WANG, Workshop, shop
from tests.sync_client.terminals import Terminal

PICTURE = jpeg("the pavement before the shop")


def code_for(office: TinyOffice, challenge: str) -> str:
    """Return the code that the office reads out for *challenge*."""
    [device] = [device for device in office.devices.values() if challenge.endswith(tail(device.id))]
    shown, what = read_challenge(challenge.lower().replace("-", " "), device.id)
    return code_of(hashlib.sha256(device.token.encode()).digest(), device.id, shown, what)


def tail(device: str) -> str:
    return device.replace("-", "")[-6:].upper()


# -- logging out ------------------------------------------------------------------------------------


def test_who_has_delivered_everything_may_leave(li: FieldClient) -> None:
    """Nobody works then; whoever tries to record is told what to do, and the records stay."""
    record = shop(li)
    li.sync()
    assert li.logout() == LI
    assert li.status().person is None
    with pytest.raises(NobodyWorks):
        shop(li, "老李粮油")
    assert li.read(record)["name"] == "老王修车"
    li.switch_person(LI)
    shop(li, "老李粮油")


def test_nobody_leaves_while_his_work_waits(li: FieldClient) -> None:
    """His colleague, whose work is delivered, may."""
    shop(li)
    with pytest.raises(WorkWaiting, match="1 条修改 mutations"):
        li.logout()
    person = li.status().person
    assert person
    assert person.id == LI


def test_a_colleagues_waiting_work_keeps_nobody(office: TinyOffice, li: FieldClient) -> None:
    """Each answers for his own."""
    office.invite("W3XP-8T", WANG, "王芳")
    li.enrol("W3XP-8T", device_name="李")
    shop(li)
    li.switch_person(WANG)
    assert li.logout() == WANG
    with pytest.raises(WorkWaiting):
        li.logout(LI)


def test_a_forgotten_person_may_not_come_back_by_himself(li: FieldClient) -> None:
    """Until the office admits him anew; his records stay."""
    record = shop(li)
    li.sync()
    li.logout(forget=True)
    assert li.people() == []
    with pytest.raises(NoSuchRecord):
        li.switch_person(LI)
    assert li.read(record)["name"] == "老王修车"


def test_a_colleague_admitted_after_a_logout_works_at_once(office: TinyOffice, li: FieldClient) -> None:
    """And not the one who left, although the office names him too."""
    li.logout()
    office.invite("W3XP-8T", WANG, "王芳")
    li.enrol("W3XP-8T", device_name="李")
    person = li.status().person
    assert person
    assert person.id == WANG


def test_work_taken_out_since_lets_one_leave(li: FieldClient, tmp_path: Path) -> None:
    """What he recorded after the export was not taken out; and the file has to be there, as it was."""
    shop(li)
    path = tmp_path / "rescue.zip"
    li.export_outbox(path)
    shop(li, "老李粮油")
    with pytest.raises(WorkWaiting):
        li.logout()
    li.export_outbox(path)
    moved = tmp_path / "stick" / "rescue.zip"
    moved.parent.mkdir()
    path.rename(moved)
    with pytest.raises(WorkWaiting, match="--exported"):
        li.logout()
    moved.write_bytes(moved.read_bytes() + b"\0")
    with pytest.raises(WorkWaiting, match="--exported"):
        li.logout(exported=moved)
    moved.write_bytes(moved.read_bytes()[:-1])
    assert li.logout(exported=moved) == LI
    assert li.status().waiting == 2


def test_what_was_left_behind_is_sent_as_usual(office: TinyOffice, li: FieldClient) -> None:
    """Leaving deletes nothing: the next sync delivers it under his name."""
    record = shop(li)
    challenge = li.challenge("logout")
    li.logout(code=code_for(office, challenge))
    li.sync()
    assert li.status().waiting == 0
    assert office.records[record].by == LI


# -- release codes ----------------------------------------------------------------------------------


def test_both_sides_read_the_same_letters() -> None:
    """Nothing that is read for something else, and however it is typed."""
    code = code_of(b"key", "device", "R-482913-3F9A1C", "reset")
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(ALPHABET)
    assert fits(f" {code[:4].lower()}-{code[4:]} ", code)
    assert not fits(code[:-1], code)


@pytest.mark.parametrize("changed", ["key", "device", "challenge", "what"])
def test_a_code_is_for_one_tablet_one_challenge_and_one_thing(changed: str) -> None:
    """Whatever differs, the code does."""
    asked = {"key": b"one", "device": "d1", "challenge": "R-482913-3F9A1C", "what": "reset"}
    other = asked | {changed: b"two" if changed == "key" else "another"}
    assert code_of(**asked) != code_of(**other)  # type: ignore[arg-type]  # named above


def test_a_code_serves_once(office: TinyOffice, li: FieldClient) -> None:
    """For the same thing later another one is needed; for another thing it never served."""
    shop(li)
    challenge = li.challenge("logout")
    assert li.challenge("logout") == challenge
    code = code_for(office, challenge)
    with pytest.raises(WrongReleaseCode):
        li.reset(code=code)
    li.logout(code=code)
    li.switch_person(LI)
    with pytest.raises(WrongReleaseCode):
        li.logout(code=code)
    assert li.challenge("logout") != challenge


def test_wrong_codes_are_slowed_and_counted(workshop: Workshop, office: TinyOffice, li: FieldClient) -> None:
    """Five, also across a restart; then the right one is too late, and a new challenge is needed."""
    shop(li)
    challenge = li.challenge("logout")
    for _ in range(3):
        with pytest.raises(WrongReleaseCode):
            li.logout(code="2222-2222")
    li.close()
    again = workshop.tablet("李")
    for _ in range(2):
        with pytest.raises(WrongReleaseCode):
            again.logout(code="2222-2222")
    assert workshop.waited == [2.0] * 5
    with pytest.raises(WrongReleaseCode):
        again.logout(code=code_for(office, challenge))
    fresh = again.challenge("logout")
    assert fresh != challenge
    again.logout(code=code_for(office, fresh))


def test_a_tablet_without_enrolment_has_no_challenge(workshop: Workshop) -> None:
    """There is nothing between it and the office."""
    with pytest.raises(NotEnrolled):
        workshop.tablet("新", enrolled=False).challenge("reset")


# -- emptying ---------------------------------------------------------------------------------------


def edit_known(li: FieldClient) -> None:
    shop(li)


def with_picture(li: FieldClient) -> None:
    li.attach(shop(li), PICTURE)
    li.sync()


def with_draft(li: FieldClient) -> None:
    li.save_draft("street_check", {"items": {"A1": 3}})


@pytest.mark.parametrize("left", [edit_known, with_picture, with_draft])
def test_a_tablet_is_not_emptied_while_something_lies_there_alone(
    left: Callable[[FieldClient], None], li: FieldClient, tmp_path: Path
) -> None:
    """A mutation, a picture, a half-filled form: each keeps it, until it was taken out."""
    left(li)
    with pytest.raises(WorkWaiting):
        li.reset()
    assert li.status().enrolled
    li.export_outbox(tmp_path / "all.zip", whole=True)
    li.reset()
    status = li.status()
    assert (status.enrolled, status.records, status.waiting, status.drafts) == (False, 0, 0, 0)
    assert (status.photos_waiting, status.person, status.carried) == (0, None, 0)


def test_pictures_left_out_of_the_export_still_keep_it(li: FieldClient, tmp_path: Path) -> None:
    """They would be lost."""
    with_picture(li)
    li.export_outbox(tmp_path / "all.zip", whole=True, photos=False)
    with pytest.raises(WorkWaiting, match="1 个照片文件"):
        li.reset()


def test_a_package_carried_for_somebody_keeps_it(
    li: FieldClient, wang: FieldClient, tmp_path: Path, office: TinyOffice
) -> None:
    """It is not in her own export either; only the office may let it go."""
    shop(li)
    li.export_outbox(tmp_path / "li.zip")
    wang.import_rescue(tmp_path / "li.zip")
    wang.export_outbox(tmp_path / "wang.zip", whole=True)
    with pytest.raises(WorkWaiting, match="1 个捎带的救援包"):
        wang.reset()
    wang.reset(code=code_for(office, wang.challenge("reset")))
    assert wang.carried() == []


def test_a_tablet_that_the_office_forgot_is_not_emptied(office: TinyOffice, li: FieldClient, tmp_path: Path) -> None:
    """
    The office was put back to a day before it: what was acknowledged lies here alone, also while a bad network is the
    last that was heard, also with the new token, until a sync went through.
    """
    shop(li)
    li.sync()
    office.devices.clear()
    with pytest.raises(NotEnrolled):
        li.sync()
    assert li.status().forgotten
    with pytest.raises(WorkWaiting, match="1 条修改 mutations"):
        li.reset()
    office.epoch = "epoch of the restored office"
    office.now_ms += 60_000
    li.enrol(office.invite("again", LI, "李"), device_name="李")
    assert not li.status().forgotten
    with pytest.raises(WorkWaiting):
        li.reset()
    li.sync()
    li.reset()


def test_what_was_taken_out_of_a_forgotten_tablet_lets_it_be_emptied(
    office: TinyOffice, li: FieldClient, tmp_path: Path
) -> None:
    """The whole journal, that is: the short export holds nothing of it."""
    shop(li)
    li.sync()
    office.devices.clear()
    with pytest.raises(NotEnrolled):
        li.sync()
    li.export_outbox(tmp_path / "waiting.zip")
    with pytest.raises(WorkWaiting):
        li.reset()
    li.export_outbox(tmp_path / "all.zip", whole=True)
    li.reset()


def test_an_emptied_tablet_begins_anew(office: TinyOffice, li: FieldClient, tmp_path: Path) -> None:
    """Nothing of it remains beside the file, its old token is gone from it; enrolled again it counts from 1."""
    with_picture(li)
    token = next(iter(office.devices.values())).token.encode()
    li.reset(code=code_for(office, li.challenge("reset")))
    assert [place.name for place in tmp_path.iterdir() if "photos" in place.name] == []
    li.close()
    with FieldClient(tmp_path / "李.db") as again:
        assert not again.status().enrolled
    assert token not in (tmp_path / "李.db").read_bytes()


def test_an_emptied_tablet_is_enrolled_and_works(workshop: Workshop, office: TinyOffice, li: FieldClient) -> None:
    """As another device, under a new install: no number is given twice."""
    shop(li)
    li.sync()
    before = {device.id for device in office.devices.values()}
    li.reset()
    li.enrol(office.invite("again", LI, "李"), device_name="李")
    device = li.status().device
    assert device not in before
    new = shop(li, "老李粮油")
    li.sync()
    assert li.outbox().waiting == li.outbox().attention == ()
    assert office.records[new].fields["name"] == "老李粮油"


def test_killed_before_the_folder_went_it_goes_at_the_next_start(
    li: FieldClient, workshop: Workshop, tmp_path: Path, office: TinyOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is empty in one commit; what lies beside it follows before anything new is kept there."""
    with_picture(li)
    code = code_for(office, li.challenge("reset"))

    class PowerCut(BaseException):
        """The battery dies."""

    def dies(*_: object) -> None:
        raise PowerCut

    with monkeypatch.context() as cut:
        cut.setattr("sync_client.leaving._put_aside", dies)
        with pytest.raises(PowerCut):
            li.reset(code=code)
    li.close()
    assert (tmp_path / "李.db-photos").exists()

    again = workshop.tablet("李", enrolled=False)
    assert not (tmp_path / "李.db-photos").exists()
    again.enrol(office.invite("again", LI, "李"), device_name="李")
    record = shop(again)
    again.attach(record, PICTURE)
    again.close()
    kept = workshop.tablet("李")
    assert kept.status().photos_waiting == 1
    assert sum(place.is_file() for place in (tmp_path / "李.db-photos").rglob("*")) == 1


def test_killed_inside_the_commit_nothing_was_emptied(
    li: FieldClient, workshop: Workshop, office: TinyOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half empty is no state; the code is still good."""
    record = shop(li)
    code = code_for(office, li.challenge("reset"))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(li._leaving, "_randomness", dies)
        with pytest.raises(KeyboardInterrupt):
            li.reset(code=code)
    li.close()
    again = workshop.tablet("李")
    assert again.read(record)["name"] == "老王修车"
    assert again.status().waiting == 1
    again.reset(code=code)
    assert again.status().records == 0


def test_a_folder_that_cannot_be_removed_takes_no_new_pictures_with_it(
    li: FieldClient, workshop: Workshop, office: TinyOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was put aside first; some later start removes it."""
    with_picture(li)
    code = code_for(office, li.challenge("reset"))

    def refuses(*_: object) -> None:
        raise PermissionError("in use")

    with monkeypatch.context() as busy:
        busy.setattr("sync_client.leaving.shutil.rmtree", refuses)
        li.reset(code=code)
    li.enrol(office.invite("again", LI, "李"), device_name="李")
    li.attach(shop(li), PICTURE)
    li.close()
    again = workshop.tablet("李")
    folders = sorted(place.name for place in tmp_path.iterdir() if "photos" in place.name)
    assert folders == ["李.db-photos"]
    assert again.status().photos_waiting == 1


def test_a_tablet_is_not_emptied_while_it_syncs(workshop: Workshop, li: FieldClient) -> None:
    """Neither from another thread nor from another program."""
    shop(li)

    def empties(_: object) -> None:
        with pytest.raises(SyncUnderWay):
            li.reset()

    li.sync(empties)
    li.sync()
    li.reset()


# -- at the terminal --------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Li's terminal, enrolled."""
    made = Terminal(tmp_path / "li")
    made.enrol()
    return made


def test_leaving_at_the_terminal(terminal: Terminal) -> None:
    """Refused with the reason and the three ways on; with the code it is done."""
    with terminal.client() as client:
        shop(client)
    said = terminal.types("logout")
    assert said.exit_code == 1
    for word in ("还有数据只在这台平板上", "outbox export", "--challenge", "1 条修改"):
        assert word in said.stdout
    challenge = terminal.json("logout", "--challenge")["challenge"]
    assert "devices release" in terminal.types("logout", "--challenge").stdout
    assert terminal.json("logout", "--code", "2222-2222")["problem"]["code"] == "wrong_release_code"
    assert "李伟 已退出" in terminal.types("logout", "李伟", "--code", code_for(terminal.office, challenge)).stdout
    told = terminal.types("record", "shop")
    assert told.exit_code == 5
    assert "现在没有人使用本机" in told.stdout
    assert "gridward switch" in terminal.types("status").stdout


def test_emptying_at_the_terminal_asks_first(terminal: Terminal) -> None:
    """Anything but the word itself stops it; a program has to say --yes."""
    assert terminal.types("reset", keys="好\n").exit_code == 130
    assert terminal.types("reset", keys="\n").exit_code == 130
    assert terminal.json("reset")["problem"]["code"] == "not_understood"
    assert terminal.json("status")["enrolled"]
    said = terminal.types("reset", keys="清空\n")
    assert said.exit_code == 0
    assert "本机已清空" in said.stdout
    assert terminal.types("status").exit_code == 5
