"""
What goes to whom, how it is cut, and what becomes of failures 推送与重试; the same on either database, so on one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.channels.sender import Sender
from server.core.channels import Channel
from server.usecases.deliver import Delivered, deliver
from server.usecases.push_text import push_matters, push_to_person
from tests.server.office import DISTRICT, GRID_7, STREET, Office, open_office, person_id
from tests.server.postmen import GROUP, HOUR, MINUTE, NOW, SECOND, Postman, begin, lying, put, run
from tests.server.receivers import Receiver, receiver


@pytest.fixture(name="office")
def office_with_a_group(tmp_path: Path) -> Iterator[Office]:
    """An office whose street has a group with a robot."""
    opened = open_office(f"sqlite:///{tmp_path / 'gridward.db'}")
    begin(opened, GROUP)
    yield opened
    opened.store.engine.dispose()


@pytest.fixture(name="postman")
def ready_postman() -> Postman:
    """A postman who brings everything where it belongs."""
    return Postman()


@pytest.mark.parametrize(
    ("what", "area", "groups"),
    [
        ("digest", STREET, 2),
        ("digest", "210902006", 1),
        ("R07", STREET, 1),
        ("R11", GRID_7, 2),
        ("R11", "210902999", 0),
    ],
)
def test_a_group_hears_of_its_own_area_and_matters(office: Office, what: str, area: str, groups: int) -> None:
    """The district's group hears everything, the street's its digests and R11; of what is sealed nobody hears."""
    begin(office, Channel("office", "feishu", DISTRICT, ("all",)))
    assert put(office, "x", what=what, area=area) == groups


def test_a_failure_is_tried_again_after_a_minute_ten_and_a_hundred(office: Office, postman: Postman) -> None:
    """Then it has failed, with the kind of failure beside it; nothing is tried in between."""
    postman.problems = {"hebei": "robot_40058"}
    put(office, "report-1")
    waits, at_ms = list[int](), NOW
    while run(office, postman, at_ms).again:
        [one] = lying(office)
        assert one.next_ms is not None
        assert one.ended_ms is not None
        waits.append((one.next_ms - one.ended_ms) // SECOND)
        at_ms = one.next_ms
        assert run(office, postman, at_ms - SECOND) == Delivered()
    assert waits == [60, 600, 6_000]
    [one] = lying(office)
    assert (one.state, one.attempts, one.problem, one.next_ms) == ("failed", 4, "robot_40058", None)
    assert len({carried.id for carried in postman.carried}) == 1


def test_a_long_text_arrives_in_order_and_in_pieces_that_count(office: Office, postman: Postman) -> None:
    """Each piece is a message of its own, to the pace as well as to the failures."""
    lines = [f"{n}．新华路{n}号门前：暴露垃圾" for n in range(400)]
    put(office, "report-1", "\n".join(lines))
    pieces = len(lying(office))
    assert pieces > 5
    run(office, postman, NOW + SECOND)
    texts = [one.text for one in postman.carried]
    assert all(len(text.encode()) <= 2_048 for text in texts)
    assert [text.split("\n")[0] for text in texts] == [
        f"【创卫日报】河北街道（{n}/{pieces}）" for n in range(1, pieces + 1)
    ]
    assert [line for text in texts for line in text.split("\n")[1:]] == lines


def test_dingtalk_spoken_to_too_fast_is_left_alone_for_its_ten_minutes(office: Office, postman: Postman) -> None:
    """Whoever knocks in between begins the ten minutes anew."""
    begin(office, Channel("ding", "dingtalk", STREET, ("all",), keyword="创卫"))
    postman.problems = {"ding": "too_fast"}
    put(office, "report-1", what="R07")
    put(office, "report-2", what="R07")
    assert run(office, postman, NOW) == Delivered(again=1)
    assert run(office, postman, NOW + 10 * MINUTE) == Delivered()
    postman.problems = {}
    assert run(office, postman, NOW + 12 * MINUTE) == Delivered(sent=2)


def test_nothing_personal_goes_to_a_group(office: Office, postman: Postman) -> None:
    """Found by the last look, it is dropped, said so, and not kept either."""
    put(office, "report-1", "责任人电话 138 4180-0000")
    put(office, "report-2", "辽J12345 占道")
    put(office, "report-3", "编号 HZ-2020-河北-WT00001 2020-07-18 超期")
    assert run(office, postman, NOW) == Delivered(sent=1)
    assert [one.about for one in postman.carried] == ["report-3"]
    dropped = {one.about: one for one in lying(office) if one.state == "dropped"}
    assert {about: one.problem for about, one in dropped.items()} == {
        "report-1": "personal_phone", "report-2": "personal_plate",
    }  # fmt: skip
    assert not any(one.title + one.body for one in dropped.values())


def test_a_group_is_told_numbers_and_counts_alone(office: Office, postman: Postman) -> None:
    """Twenty cases are named, the others counted."""
    numbers = [f"HZ-2020-河北-WT{n:05}" for n in range(25)]
    with office.store.work(DISTRICT) as work:
        push_matters(work, STREET, "R11", ("督办", "Supervision"), numbers, 25, "R11-1", NOW)
        work.commit()
    run(office, postman, NOW)
    [one] = postman.carried
    assert one.text.startswith("【督办】25 件")
    assert "HZ-2020-河北-WT00019" in one.text
    assert "WT00020" not in one.text
    assert "5 more" in one.text


def test_somebodys_own_channel_is_for_him_alone(office: Office, postman: Postman) -> None:
    """It may name places and people; telephone numbers are masked all the same."""
    begin(office, Channel("qian_mail", "mail", STREET, ("all",), person_id("qian")))
    assert put(office, "report-1") == 1
    with office.store.work(DISTRICT) as work:
        for name in ("qian", "li"):
            push_to_person(work, person_id(name), GRID_7, ["R04"], "【交办】", "老王修车 13841800000", f"n-{name}", NOW)
        work.commit()
        assert work.deliveries.pushes(NOW, NOW + 1) == {person_id("qian"): 1}
    run(office, postman, NOW)
    [letter] = [one for one in postman.carried if one.channel == "qian_mail"]
    assert (letter.title, letter.body) == ("【交办】", "老王修车 138****0000")


def test_what_is_a_day_old_is_news_to_nobody(office: Office, postman: Postman) -> None:
    """A channel that was away for a weekend does not begin with Friday's matters."""
    for n in range(6):
        put(office, f"report-{n}")
    assert run(office, postman, NOW + 25 * HOUR) == Delivered()
    assert {(one.state, one.problem) for one in lying(office)} == {("failed", "too_late")}


@pytest.fixture(name="robot")
def listening_robot() -> Iterator[Receiver]:
    """A robot's server."""
    with receiver() as running:
        yield running


def test_over_real_http_with_a_real_plugin(office: Office, robot: Receiver) -> None:
    """A robot that says no at first, in a 200, gets the very same message later; the log says why."""
    robot.answers = [(200, b'{"errcode": -1, "errmsg": "system busy"}'), (200, b'{"errcode": 0}')]
    address = f"{robot.url}/cgi-bin/webhook/send?key=abc"
    sender = Sender(lambda name: address if name == "hebei" else None)
    put(office, "report-1")
    assert deliver(office.store, DISTRICT, NOW, sender) == Delivered(again=1)
    [waiting] = lying(office)
    assert (waiting.state, waiting.problem) == ("waiting", "robot_-1")
    assert deliver(office.store, DISTRICT, NOW + 62 * SECOND, sender) == Delivered(sent=1)
    first, again = robot.heard
    assert first.body == again.body
    assert first.told["text"]["content"] == "【创卫日报】河北街道\n今日巡查：路段3个。"


def test_a_missing_address_is_a_failure_with_a_name(office: Office) -> None:
    """It waits for whoever sets the variable, as long as any failure waits."""
    put(office, "report-1")
    assert deliver(office.store, DISTRICT, NOW, Sender(lambda _: None)) == Delivered(again=1)
    [one] = lying(office)
    assert one.problem == "not_configured"


def test_a_receiver_that_hangs_holds_up_itself_alone(office: Office, robot: Receiver) -> None:
    """The other channel's message is out long before the first has given up."""
    begin(office, Channel("slow", "webhook", DISTRICT, ("all",)))
    with receiver() as slow:
        slow.gate.clear()
        addresses = {"hebei": f"{robot.url}/send?key=abc", "slow": f"{slow.url}/in secret"}
        put(office, "report-1")
        assert deliver(office.store, DISTRICT, NOW, Sender(addresses.get, patience_s=0.5)) == Delivered(sent=1, again=1)
        assert (len(robot.heard), len(slow.heard)) == (1, 1)
    assert {one.channel: one.problem for one in lying(office)} == {"hebei": None, "slow": "timeout"}
