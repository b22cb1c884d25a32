"""A tablet comes into the office with a one-time code, and nobody guesses one."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from schemas.problems import Refusal
from schemas.roles import Role
from server.core.attempts import ALTOGETHER, PER_CALLER, Attempts
from server.storage.people import Account
from server.storage.store import Store
from server.usecases.enrol_device import ALPHABET, CODE_LIVES_MS, enrol_device, offer_code
from server.usecases.manage_people import add_person, grant_role, stop_person
from server.values import Grant
from tests.server.empty_office import GRID_7, HAIZHOU, LI, MORNING, WANG


@pytest.fixture
def li(store: Store) -> Account:
    """Li, who walks grid 7."""
    account = add_person(store, HAIZHOU, LI, now())
    grant_role(store, HAIZHOU, account.id, Grant(Role.GRID_WORKER, GRID_7, 0, None), now())
    return account


def test_a_code_becomes_a_token(app: Flask, store: Store, li: Account) -> None:
    """The tablet learns who it is, where it is and whom it speaks for; its token opens the door."""
    answer = enrol(app, offer_code(store, HAIZHOU, li, now()))
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["district"] == HAIZHOU
    assert told["name"] == "海州区"
    assert told["epoch"] == store.places()[HAIZHOU].epoch
    assert re.fullmatch(r"210902\.[A-Za-z0-9_-]{32}", told["token"])
    roles = [{"role": "grid_worker", "area": GRID_7}]
    assert told["persons"] == [{"id": li.id, "name": "李伟", "title": "网格员", "roles": roles}]
    assert sync(app, told["token"]).status_code == 200


def test_the_database_holds_neither_code_nor_token(app: Flask, store: Store, li: Account) -> None:
    """Whoever steals a copy of it can enrol nothing and read nothing."""
    code = offer_code(store, HAIZHOU, li, now())
    token = enrol(app, code).get_json()["token"]
    with store.work(HAIZHOU, writing=False) as work:
        kept = " ".join(
            str(tuple(row))
            for table in ("device", "enrol_code", "admitted")
            for row in work.connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608
        )
    assert token not in kept
    assert code.replace("-", "") not in kept
    assert li.id in kept


def test_a_code_may_be_typed_as_people_type(app: Flask, store: Store, li: Account) -> None:
    """Lower case, blanks, no dash, full-width letters from a Chinese keyboard."""
    for typed in (str.lower, lambda c: f" {c.replace('-', ' ')} ", lambda c: c.replace("-", ""), full_width):
        code = offer_code(store, HAIZHOU, li, now())
        assert enrol(app, typed(code)).status_code == 200


def test_a_code_opens_once(app: Flask, store: Store, li: Account) -> None:
    """Used, expired and wrong are told alike: nobody learns which it was."""
    used = offer_code(store, HAIZHOU, li, now())
    assert enrol(app, used).status_code == 200
    expired = offer_code(store, HAIZHOU, li, now() - CODE_LIVES_MS)
    for code in (used, expired, "2222-2222"):
        refused = enrol(app, code)
        assert refused.status_code == 403
        assert refused.get_json()["code"] == "enrol_code_invalid"


def test_of_two_tablets_with_one_code_one_gets_in(store: Store, li: Account) -> None:
    """However close together they press the button."""
    code = offer_code(store, HAIZHOU, li, MORNING)

    def attempt(name: str) -> str | None:
        try:
            return enrol_device(store, code, name, MORNING).token
        except Refusal:
            return None

    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(attempt, ["甲", "乙", "丙", "丁"]))
    assert len([token for token in tokens if token]) == 1


def test_a_second_person_joins_a_tablet(app: Flask, store: Store, li: Account) -> None:
    """The tablet keeps its token and speaks for both."""
    told = enrol(app, offer_code(store, HAIZHOU, li, now())).get_json()
    wang = add_person(store, HAIZHOU, WANG, now())
    joined = enrol(app, offer_code(store, HAIZHOU, wang, now()), token=told["token"]).get_json()
    assert joined["device"] == told["device"]
    assert "token" not in joined
    assert [person["name"] for person in joined["persons"]] == ["李伟", "王芳"]


def test_an_unknown_token_wastes_no_code(app: Flask, store: Store, li: Account) -> None:
    """A tablet with a token that no longer counts hears so, and the code stays good."""
    code = offer_code(store, HAIZHOU, li, now())
    assert enrol(app, code, token=f"{HAIZHOU}.{'x' * 32}").status_code == 401
    assert enrol(app, code).status_code == 200


def test_a_stopped_person_gets_no_tablet(app: Flask, store: Store, li: Account) -> None:
    """Not even with a code given before."""
    code = offer_code(store, HAIZHOU, li, now())
    stop_person(store, HAIZHOU, li.id, now())
    assert enrol(app, code).status_code == 403


def test_whoever_guesses_has_to_wait(app: Flask, store: Store, li: Account) -> None:
    """After ten wrong codes a minute even the right one has to wait, and the answer says how long."""
    for _ in range(PER_CALLER):
        assert enrol(app, "ZZZZ-ZZZZ").status_code == 403
    refused = enrol(app, offer_code(store, HAIZHOU, li, now()))
    assert refused.status_code == 429
    assert refused.get_json()["code"] == "too_many_attempts"
    assert 0 < int(refused.headers["Retry-After"]) <= 61


def test_the_window_slides() -> None:
    """One guesser waits a minute; the others go on until all together are too many."""
    attempts = Attempts()
    for second in range(PER_CALLER):
        attempts.note_wrong("10.0.0.1", float(second))
    assert attempts.wait_s("10.0.0.1", 10.0) == 51
    assert attempts.wait_s("10.0.0.2", 10.0) == 0
    assert attempts.wait_s("10.0.0.1", 60.0) == 0
    for number in range(ALTOGETHER):
        attempts.note_wrong(f"10.0.1.{number}", 61.0)
    assert attempts.wait_s("10.0.0.2", 61.0) > 0
    assert attempts.wait_s("10.0.0.2", 122.0) == 0


@pytest.mark.parametrize(
    "asked",
    [{}, {"code": "AAAA"}, {"code": 7, "device_name": "甲"}, {"code": "A", "device_name": "\x00"}, [], "code"],
)
def test_a_request_that_says_too_little_is_told_what_is_missing(app: Flask, asked: Any) -> None:
    """As a problem with the fields named."""
    answer = app.test_client().post("/v1/devices/enrol", json=asked)
    assert answer.status_code == 400
    assert answer.get_json()["errors"]


def test_codes_look_unlike_each_other(store: Store, li: Account) -> None:
    """Eight signs of an alphabet in which no two are read for one another."""
    codes = {offer_code(store, HAIZHOU, li, MORNING) for _ in range(50)}
    assert len(codes) == 50
    assert all(re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code) for code in codes)
    assert not set("01OILU") & set(ALPHABET)


def enrol(app: Flask, code: str, token: str | None = None) -> TestResponse:
    """Show *code* at the door."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"code": code, "device_name": "河北街道平板 3"}
    return app.test_client().post("/v1/devices/enrol", json=body, headers=headers)


def sync(app: Flask, token: str) -> TestResponse:
    """Make an empty sync."""
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().post("/v1/sync", json={"protocol": 1, "install": "a"}, headers=headers)


def full_width(text: str) -> str:
    """Return *text* as a Chinese keyboard writes it."""
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


def now() -> int:
    """Return the time as the endpoint reads it."""
    return time.time_ns() // 1_000_000
