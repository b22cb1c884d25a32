"""Whoever may changes what people are reminded of, and by which ways; everybody else is told that he may not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.core.channels import Channel
from server.usecases.manage_calendar import Said
from server.usecases.manage_channels import open_channel
from server.usecases.push_text import push_to_person
from tests.server.clerks import good
from tests.server.office import COMMUNITY, DISTRICT, GRID_7, STREET, Office, RawDevice, open_office, person_id

WHY = {"reason": "区里统一要求"}
MAIL = {"kind": "mail", "area": STREET, "codes": ["all"], "owner": person_id("qian")} | WHY


def ask(device: RawDevice, path: str, body: Any = None) -> Any:
    """Ask for *path* (with a body: post it); return the raw response."""
    client, told = device.office.app.test_client(), {"Authorization": f"Bearer {device.token}"}
    if body is None:
        return client.get(f"/v1/{path}", headers=told)
    told |= {"Content-Type": "application/json"}
    return client.post(f"/v1/{path}", data=msgspec.json.encode(body), headers=told)


def refused(answer: Any) -> tuple[int, str]:
    """Return why something was refused."""
    return answer.status_code, answer.get_json()["code"]


@pytest.fixture(name="office")
def office_on_one_database(tmp_path: Path) -> Iterator[Office]:
    """An office; who may do what is the same on either database."""
    opened = open_office(f"sqlite:///{tmp_path / 'gridward.db'}")
    yield opened
    opened.store.engine.dispose()


@pytest.fixture
def chen(office: Office) -> RawDevice:
    """The district's office."""
    return office.device("chen")


@pytest.fixture
def wu(office: Office) -> RawDevice:
    """Operations."""
    return office.device("wu")


def test_a_reminder_is_changed_paused_and_put_back(chen: RawDevice) -> None:
    """Who said what, when and why stays readable; one word does not take another back."""
    listed = good(ask(chen, "reminders"))["reminders"]
    assert [one["code"] for one in listed][:3] == ["R01", "R02", "R03"]
    assert all(one["standard"] and not one["changed"] for one in listed)

    changed = good(
        ask(
            chen,
            "reminders/R02",
            {"reminder": {"at": ["15:30"], "steps": [{"after_min": 30, "audience": "street"}]}} | WHY,
        )
    )
    assert changed["reminder"]["at"] == ["15:30"]
    good(ask(chen, "reminders/R02/pause", {"reason": "停工"}))
    file = good(ask(chen, "reminders/R02"))
    assert (file["reminder"]["paused"], file["reminder"]["at"], file["reminder"]["changed"]) == (True, ["15:30"], True)
    assert [(word["by"], word["reason"]) for word in file["words"]] == [("陈红", "区里统一要求"), ("陈红", "停工")]
    assert file["reminder"]["steps"] == [{"after_min": 30, "audience": "street"}]

    good(ask(chen, "reminders/R02/resume", WHY))
    assert len(good(ask(chen, "reminders/R02/resume", WHY))["words"]) == 3
    reset = good(ask(chen, "reminders/R02/reset", WHY))["reminder"]
    assert (reset["at"], reset["changed"], reset["paused"]) == (["16:30"], False, False)


def test_one_of_the_districts_own_comes_and_goes(chen: RawDevice) -> None:
    """Everything a reminder is must be said of it; taken back, it is gone."""
    own = {"zh": "夜查", "en": "Night", "condition": "red", "audience": "head", "soon": True,
           "text_zh": "{number}超期", "text_en": "{number} is late"}  # fmt: skip
    assert refused(ask(chen, "reminders/N01", {"reminder": {"zh": "夜查"}} | WHY)) == (400, "invalid_request")
    good(ask(chen, "reminders/N01", {"reminder": own} | WHY))
    assert "N01" in [one["code"] for one in good(ask(chen, "reminders"))["reminders"]]
    good(ask(chen, "reminders/N01/reset", WHY))
    assert refused(ask(chen, "reminders/N01")) == (404, "reminder_unknown")


MEANINGLESS = (
    ({"text_zh": "{nobody}超期"}, "number"),
    ({"text_zh": "{number"}, "number"),
    ({"at": ["08:00"]}, "不能定时"),
    ({"at": ["25:00"]}, "08:00"),
    ({"audience": "mayor"}, "verifiers"),
    ({"condition": "full_moon"}, "red"),
    ({"soon": False}, "soon"),
    ({"steps": [{"after_min": 1, "audience": "street"}]}, "5"),
    ({"colour": "red"}, "colour"),
)


def test_what_means_nothing_is_refused_with_a_reason(chen: RawDevice) -> None:
    """Bad places, bad hours, unknown people: each is named, and nothing is kept."""
    for changed, told in MEANINGLESS:
        answer = ask(chen, "reminders/R07", {"reminder": changed} | WHY)
        assert refused(answer) == (400, "invalid_request"), changed
        assert told in answer.get_data(as_text=True), changed
    assert good(ask(chen, "reminders/R07"))["words"] == []


def test_the_office_says_what_and_operations_say_how(office: Office, chen: RawDevice, wu: RawDevice) -> None:
    """Neither does the other's work, and nobody else does either's."""
    change, mail = {"reminder": {"critical": True}} | WHY, MAIL
    assert refused(ask(wu, "reminders/R07", change)) == (403, "not_yours_to_manage")
    assert refused(ask(chen, "channels/post", mail)) == (403, "not_yours_to_manage")
    for name in ("li", "qian", "zhou", "lu", "dong"):
        other = office.device(name)
        for path, body in (
            ("reminders", None), ("reminders/R07", None), ("reminders/preview", None), ("deliveries", None),
            ("channels", None), ("reminders/R07", change), ("reminders/R07/pause", WHY), ("reminders/run", {}),
            ("reminders/R16/announce", {"area": STREET, "until": "2099-12-01T12:00:00+08:00"}),
            ("channels/post", mail), ("channels/post/close", WHY), ("channels/post/test", {}),
        ):  # fmt: skip
            assert refused(ask(other, path, body)) == (403, "not_yours_to_manage"), (name, path)
    good(ask(wu, "channels/post", mail))
    good(ask(chen, "reminders/R07", change))


def test_a_stopped_clerk_changes_nothing(office: Office, chen: RawDevice) -> None:
    """His role went with his account."""
    office.stop("chen")
    assert refused(ask(chen, "reminders/R07/pause", WHY))[0] == 403
    assert refused(ask(chen, "reminders"))[0] == 403


def test_a_channel_is_opened_without_its_address(
    wu: RawDevice, monkeypatch: pytest.MonkeyPatch, office: Office
) -> None:
    """The list says which variable is missing; the address itself is told nobody."""
    [told] = good(ask(wu, "channels/post", MAIL))["channels"]
    assert (told["variable"], told["configured"], told["owner"]) == ("GRIDWARD_CHANNEL_POST", False, "钱伟")
    monkeypatch.setenv("GRIDWARD_CHANNEL_POST", "mailto://office:hush@mail.example/?to=a@b.example")
    answer = ask(wu, "channels")
    assert good(answer)["channels"][0]["configured"] is True
    assert "hush" not in answer.get_data(as_text=True)
    good(ask(wu, "channels/post/test", {}))
    assert good(ask(wu, "channels"))["channels"][0]["counts"] == {"waiting": 1}
    assert good(ask(wu, "channels/post/close", WHY))["channels"] == []
    assert [one["state"] for one in good(ask(wu, "deliveries"))["deliveries"]] == ["dropped"]


def test_a_channel_that_cannot_be_is_refused(wu: RawDevice) -> None:
    """With a reason; nothing was opened."""
    for path, body in (
        ("channels/post", MAIL | {"area": "220000"}),
        ("channels/post", MAIL | {"kind": "wecom"}),
        ("channels/post", MAIL | {"owner": "00000000-0000-7000-8000-000000000000"}),
        ("channels/other/close", WHY),
    ):
        assert refused(ask(wu, path, body)) == (400, "invalid_request"), body
    assert refused(ask(wu, "channels/Not-A-Name", MAIL)) == (404, "channel_unknown")
    assert good(ask(wu, "channels"))["channels"] == []


def test_operations_read_how_messages_fare_and_not_what_they_say(
    office: Office, chen: RawDevice, wu: RawDevice
) -> None:
    """Page by page, the newest first."""
    open_channel(office.store, DISTRICT, Channel("post", "mail", DISTRICT, ("all",), person_id("li")), Said("x", "", 0))
    with office.store.work(DISTRICT) as work:
        for n in range(3):
            push_to_person(work, person_id("li"), GRID_7, ["R04"], "交办", f"第{n}件", f"n-{n}", 1_000 + n)
        work.commit()
    first = good(ask(chen, "deliveries?limit=2"))
    assert [(one["body"], one["person"]) for one in first["deliveries"]] == [("第2件", "李明"), ("第1件", "李明")]
    second = good(ask(chen, f"deliveries?limit=2&after={first['after']}"))
    assert ([one["body"] for one in second["deliveries"]], second["after"]) == (["第0件"], None)
    for one in good(ask(wu, "deliveries?state=waiting"))["deliveries"]:
        assert (one["title"], one["body"], one["person"], one["channel"]) == (None, None, None, "post")
    assert refused(ask(wu, "deliveries?after=never")) == (400, "invalid_request")


def test_preview_and_dry_run_write_nothing(office: Office, chen: RawDevice, wu: RawDevice) -> None:
    """Operations read counts; running it by hand does once what the server does every minute."""
    before = good(ask(chen, "reminders/preview"))
    assert before["told"] is not None
    assert good(ask(wu, "reminders/preview"))["told"] is None
    good(ask(chen, "reminders/preview?dry_run=1"))
    assert good(ask(chen, "reminders/preview"))["counts"] == before["counts"]
    first, again = good(ask(chen, "reminders/run", {})), good(ask(wu, "reminders/run", {}))
    assert (again["decided"], again["notices"]) == ({}, 0)
    assert first.keys() == {"decided", "notices", "items"}


def test_the_office_says_how_often_people_are_bothered(office: Office, chen: RawDevice, wu: RawDevice) -> None:
    """Hours as people write them, every word kept; operations read it, nobody else does; nonsense is refused."""
    told = good(ask(wu, "reminders/manners"))
    assert (told["quiet_from"], told["quiet_to"], told["changed"]) == ("21:00", "07:00", [])
    changed = good(ask(chen, "reminders/manners", {"manners": {"quiet_from": "20:30", "pushes": 1}} | WHY))
    changed = good(ask(chen, "reminders/manners", {"manners": {"between_min": 60}} | WHY))
    assert (changed["quiet_from"], changed["changed"]) == ("20:30", ["between_min", "pushes", "quiet_from"])
    assert [(one["by"], one["said"]) for one in changed["words"]] == [
        ("陈红", {"quiet_from": "20:30", "pushes": 1}),
        ("陈红", {"quiet_from": "20:30", "pushes": 1, "between_min": 60}),
    ]
    for bad in ({"quiet_from": "24:00"}, {"quiet_to": 420}, {"pushes": 21}, {"lines": True}, {"mood": 1}):
        assert refused(ask(chen, "reminders/manners", {"manners": bad} | WHY)) == (400, "invalid_request"), bad
    for name in ("wu", "qian", "li"):
        body = {"manners": {"pushes": 2}} | WHY
        assert refused(ask(office.device(name), "reminders/manners", body)) == (403, "not_yours_to_manage")
    assert refused(ask(office.device("qian"), "reminders/manners")) == (403, "not_yours_to_manage")
    reset = good(ask(chen, "reminders/manners/reset", WHY))
    assert (reset["quiet_from"], reset["changed"], reset["words"][-1]["said"]) == ("21:00", [], None)


def test_the_snow_has_stopped(chen: RawDevice) -> None:
    """Announced once, everybody in the area is told; announced again, nobody is told twice."""
    body = {"area": COMMUNITY, "until": "2099-12-01T12:00:00+08:00"}
    assert good(ask(chen, "reminders/R16/announce", body))["people"] >= 1
    assert good(ask(chen, "reminders/R16/announce", body))["people"] == 0
    assert refused(ask(chen, "reminders/R01/announce", body)) == (400, "invalid_request")
    assert refused(ask(chen, "reminders/R16/announce", body | {"area": "210903"})) == (400, "invalid_request")
