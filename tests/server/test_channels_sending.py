"""
What really leaves the office 真实外发: Apprise's own plugins send over HTTP and SMTP to receivers on this machine.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from typing import Any

import pytest

from server.channels.outgoing import Outgoing
from server.channels.sender import Sender
from tests.server.receivers import Postbox, Receiver, postbox, receiver

KINDS_OF_ROBOT = ("wecom", "dingtalk", "feishu")
PATHS = {
    "wecom": "/cgi-bin/webhook/send?key=a1b2-c3",
    "dingtalk": "/robot/send?access_token=abc123",
    "feishu": "/open-apis/bot/v2/hook/t0k-en",
    "webhook": "/in/{box}?room=3",
}
TEXT = "【督办】3 件，请登录系统查看。\n编号：HZ-2020-河北-WT00001"


@pytest.fixture(name="robot")
def listening_robot() -> Iterator[Receiver]:
    """A server that robots, or a gateway to them, could be."""
    with receiver() as running:
        yield running


@pytest.fixture(name="box")
def open_postbox() -> Iterator[Postbox]:
    """A mail server."""
    with postbox() as running:
        yield running


def out(kind: str, body: str = TEXT, title: str = "") -> Outgoing:
    """One message for the channel ``hb``."""
    return Outgoing("0190-1", "hb", kind, title, body, "report-7", 1_595_066_400_000)


def sender(address: str | None, patience_s: float = 5.0) -> Sender:
    """Return a sender that knows one address."""
    return Sender(lambda name: address if name == "hb" else None, patience_s)


def to(robot: Receiver, kind: str, secret: str = "") -> Sender:
    """Return a sender to *robot*, by an address as that kind's page shows it."""
    return sender(f"{robot.url}{PATHS[kind]} {secret}".strip())


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("wecom", lambda told: (told["msgtype"], told["text"]["content"])),
        ("dingtalk", lambda told: (told["msgtype"], told["text"]["content"])),
        ("feishu", lambda told: (told["msg_type"], told["content"]["text"])),
    ],
)
def test_a_robot_is_told_the_text_at_the_very_address_given(robot: Receiver, kind: str, read: Any) -> None:
    """A gateway is another host in the address; path, key and text arrive as they are."""
    assert to(robot, kind).send(out(kind, title="【日报】")) is None
    [heard] = robot.heard
    assert heard.path == PATHS[kind]
    assert read(heard.told) == ("text", f"【日报】\n{TEXT}")


def test_dingtalk_reads_a_signature_that_fits(robot: Receiver) -> None:
    """Whoever undoes the escaping once holds the very signature of moment and secret."""
    assert to(robot, "dingtalk", "SEC42").send(out("dingtalk")) is None
    asked = robot.heard[0].asked
    signed = hmac.new(b"SEC42", f"{asked['timestamp']}\nSEC42".encode(), hashlib.sha256).digest()
    assert asked["sign"] == base64.b64encode(signed).decode()
    assert abs(int(asked["timestamp"]) - time.time() * 1000) < 60_000


def test_feishu_reads_a_signature_that_fits(robot: Receiver) -> None:
    """Feishu's signature stands in the body, in seconds."""
    assert to(robot, "feishu", "S42").send(out("feishu")) is None
    told = robot.heard[0].told
    signed = hmac.new(f"{told['timestamp']}\nS42".encode(), b"", hashlib.sha256).digest()
    assert told["sign"] == base64.b64encode(signed).decode()
    assert told["content"]["text"] == TEXT


def test_a_webhook_can_prove_what_it_was_sent(robot: Receiver) -> None:
    """Signed over the moment and the very bytes; the delivery's id is there to know a repetition by."""
    assert to(robot, "webhook", "s3cret").send(out("webhook", title="日报")) is None
    [heard] = robot.heard
    moment = heard.headers["X-Gridward-Timestamp"]
    signed = hmac.new(b"s3cret", f"{moment}.".encode() + heard.body, hashlib.sha256).hexdigest()
    assert heard.headers["X-Gridward-Signature"] == f"sha256={signed}"
    assert heard.headers["Idempotency-Key"] == "0190-1"
    assert heard.asked == {"room": "3"}
    assert heard.told == {
        "version": "1.0", "title": "日报", "message": TEXT, "id": "0190-1", "about": "report-7",
        "made_at": "2020-07-18T18:00:00+08:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "status", "body", "problem"),
    [
        ("wecom", 200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}', "robot_93000"),
        ("wecom", 200, b'{"errcode": 45009, "errmsg": "api freq out of limit"}', "too_fast"),
        ("dingtalk", 200, b'{"errcode": 130101, "errmsg": "send too fast"}', "too_fast"),
        ("dingtalk", 200, b'{"errcode": 310000, "errmsg": "keywords not in content"}', "robot_310000"),
        ("feishu", 200, b'{"code": 19021, "msg": "sign match fail"}', "robot_19021"),
        ("feishu", 200, b'{"StatusCode": 0, "StatusMessage": "success"}', None),
        ("feishu", 200, b'{"code": 11232, "msg": "frequency limited"}', "too_fast"),
        ("wecom", 200, b"<html>sign in to the network</html>", "answer_unclear"),
        ("wecom", 200, b"[]", "answer_unclear"),
        ("wecom", 200, b"\xff", "answer_unclear"),
        ("dingtalk", 302, b"", "http_302"),
        ("feishu", 500, b"x" * 100_000, "http_500"),
        ("webhook", 404, b"", "http_404"),
        ("webhook", 204, b"", None),
    ],
)
def test_a_no_is_heard(robot: Receiver, kind: str, status: int, body: bytes, problem: str | None) -> None:
    """Robots say no in the body of a 200; a page in between is no yes; nobody is followed elsewhere."""
    robot.answers = [(status, body)]
    assert to(robot, kind, "s").send(out(kind)) == problem
    assert len(robot.heard) == 1


def test_a_letter_arrives(box: Postbox) -> None:
    """A subject on one line, a plain text, the delivery's id in its head."""
    mail = sender(f"mailto://office:secret@127.0.0.1:{box.port}/?from=office@hz.example&to=li@hz.example")
    assert mail.send(out("mail", title="【创卫日报】河北街道")) is None
    [letter] = box.letters
    assert letter["Subject"] == "【创卫日报】河北街道"
    assert letter["To"] == "li@hz.example"
    assert letter["X-Gridward-Delivery"] == "0190-1"
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content().split() == TEXT.split()


@pytest.mark.parametrize(
    ("login", "to", "problem"),
    [("office:wrong@", "li@hz.example", "mail_login"), ("", "nobody@hz.example", "mail_refused")],
)
def test_a_letter_that_is_not_taken(box: Postbox, login: str, to: str, problem: str) -> None:
    """A wrong password and a wrong receiver are told apart."""
    mail = sender(f"mailto://{login}127.0.0.1:{box.port}/?from=office@hz.example&to={to}")
    assert mail.send(out("mail")) == problem
    assert box.letters == []


@pytest.mark.parametrize(
    ("kind", "address", "problem"),
    [
        ("wecom", None, "not_configured"),
        ("wecom", "   ", "not_configured"),
        ("wecom", "http://127.0.0.1:9/send", "address_wrong"),
        ("wecom", "wecombot://key", "address_wrong"),
        ("feishu", "http://[::1", "address_wrong"),
        ("webhook", "http://127.0.0.1:9/x", "secret_missing"),
        ("webhook", "http://127.0.0.1:9/x secret", "unreachable"),
        ("webhook", "http://127.0.0.1:9/x one two", "address_wrong"),
        ("webhook", "http://127.0.0.1:99999/x s", "address_wrong"),
        ("mail", "mailto://127.0.0.1:9/?from=a@b.example&to=c@d.example", "unreachable"),
        ("mail", "http://127.0.0.1:9/", "address_wrong"),
        ("mail", "mailto://127.0.0.1:9/", "address_wrong"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_in_one_word(
    kind: str, address: str | None, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing of the address is written down anywhere."""
    caplog.set_level(0)
    assert sender(address).send(out(kind)) == problem
    assert "127.0.0.1" not in caplog.text


def test_nothing_secret_is_written_down(robot: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """Not even by the libraries, whatever is logged."""
    caplog.set_level(0)
    robot.answers = [(500, b"no")]
    to(robot, "wecom").send(out("wecom"))
    assert "a1b2" not in caplog.text
    assert TEXT not in caplog.text


def test_a_receiver_that_never_answers_is_left_to_itself(robot: Receiver) -> None:
    """After its patience the sender goes on; while the old attempt hangs, nothing more goes there."""
    robot.gate.clear()
    hasty = sender(robot.url + PATHS["wecom"], patience_s=0.2)
    assert hasty.send(out("wecom")) == "timeout"
    assert hasty.send(out("wecom")) == "timeout"
    assert len(robot.heard) == 1
