"""Whatever comes in instead of a sync: a problem with a stable code in two languages, never a broken server."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from sqlalchemy import func, update
from werkzeug.test import TestResponse

from server.storage.tables import record
from tests.postgres import LocalPostgres
from tests.server.office import DISTRICT, STREET, Office, open_office

MIB = 1024 * 1024
ASK = {"protocol": 1, "install": "first"}
DEEP = b'{"protocol": 1, "install": "first", "new": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for the whole table: a refused body must leave nothing behind that could matter."""
    path: Path = tmp_path_factory.mktemp("office") / "gridward.db"
    url = f"sqlite:///{path}"
    if request.param == "postgres":
        postgres: LocalPostgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
    opened = open_office(url)
    yield opened
    opened.store.engine.dispose()


def asking(**parts: Any) -> bytes:
    return msgspec.json.encode(ASK | parts)


def written(text: str) -> bytes:
    return f'{{"protocol": 1, "install": "first", {text}}}'.encode()


UNREADABLE = {
    "nothing at all": b"",
    "half of it": b'{"protocol": 1, "ins',
    "a captive portal's page": b"<html>Please log in</html>",
    "another alphabet's bytes": '{"protocol": 1, "install": "网格"}'.encode("utf-16"),
    "a number without end": written('"limit": 1' + "0" * 5000),
    "nested without end": DEEP,
    "a torn character": b'{"protocol": 1, "install": "\xe7\xbd"}',
    "something behind it": asking() + b"{}",
    "null": b"null",
    "not a number": written('"now": NaN'),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_cannot_be_read(office: Office, body: bytes) -> None:
    assert code_of(office.device("li").post(body), 400) == "malformed_body"


MISSHAPEN = {
    "a list": (b"[]", "record"),
    "no protocol": (b'{"install": "first"}', "protocol"),
    "protocol as text": (asking(protocol="1"), "protocol"),
    "protocol true": (asking(protocol=True), "protocol"),
    "protocol 0": (asking(protocol=0), "protocol"),
    "no install": (b'{"protocol": 1}', "install"),
    "an empty install": (asking(install=""), "install"),
    "a long install": (asking(install="x" * 41), "install"),
    "install with NUL": (asking(install="a\0b"), "install"),
    "install with a lone surrogate": (b'{"protocol": 1, "install": "\\ud800"}', "install"),
    "mutations as an object": (asking(mutations={}), "mutations"),
    "501 mutations": (asking(mutations=[{}] * 501), "mutations"),
    "cursors as a list": (asking(cursors=[]), "cursors"),
    "a cursor for no feed": (asking(cursors={"everything": "x"}), "cursors.everything"),
    "a feed with a line end": (asking(cursors={"210902\n": "x"}), "cursors.210902\n"),
    "a feed with a lone surrogate": (written('"cursors": {"\\ud800": "x"}'), "cursors.?"),
    "a cursor of 401 characters": (asking(cursors={STREET: "x" * 401}), f"cursors.{STREET}"),
    "a cursor that is a number": (asking(cursors={STREET: 7}), f"cursors.{STREET}"),
    "a limit below nothing": (asking(limit=-1), "limit"),
    "a limit beyond a page": (asking(limit=2001), "limit"),
    "half a record": (asking(limit=0.5), "limit"),
    "a time before time": (asking(now=-1), "now"),
    "a time past all numbers": (asking(now=1 << 60), "now"),
    "a number beyond all": (written('"last": 1e400'), "last"),
    "a report as a list": (asking(report=[]), "report"),
    "a report of minus one": (asking(report={"waiting": -1}), "report.waiting"),
    "a report with a lone surrogate": (written('"report": {"app": "\\udfff"}'), "report.app"),
}


@pytest.mark.parametrize(("body", "where"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_a_request_of_another_shape_is_told_where(office: Office, body: bytes, where: str) -> None:
    response = office.device("li").post(body)
    assert code_of(response, 400) == "invalid_request"
    assert where in response.get_json()["errors"]


def test_members_of_a_newer_protocol_are_no_mistake(office: Office) -> None:
    body = asking(colour="green", report={"waiting": 1, "battery": 0.5})
    assert office.device("li").post(body).status_code == 200


def flood() -> bytes:
    """Return a million bytes of gzip that inflate to a thousand times as much."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + again * (MIB // len(again) - 2)


def deluge() -> bytes:
    """Return a few bytes of zstd that inflate to a gigabyte."""
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join(packer.compress(bytes(16 * MIB)) for _ in range(64)) + packer.flush()


PACKED = {
    "gzip cut off": ("gzip", gzip.compress(asking())[:-5], 400, "malformed_body"),
    "gzip's first byte only": ("gzip", b"\x1f", 400, "malformed_body"),
    "no gzip": ("gzip", asking(), 400, "malformed_body"),
    "gzip and something behind it": ("gzip", gzip.compress(asking()) + b"more", 400, "malformed_body"),
    "zstd cut off": ("zstd", zstandard.compress(asking())[:-5], 400, "malformed_body"),
    "no zstd": ("zstd", asking(), 400, "malformed_body"),
    "zstd and something behind it": ("zstd", zstandard.compress(asking()) + b"more", 400, "malformed_body"),
    "nothing, as zstd": ("zstd", b"", 400, "malformed_body"),
    "gzip said to be zstd": ("zstd", gzip.compress(asking()), 400, "malformed_body"),
    "packed twice": ("gzip, gzip", gzip.compress(gzip.compress(asking())), 415, "unsupported_encoding"),
    "packed by nobody knows": ("br", asking(), 415, "unsupported_encoding"),
    "a gzip bomb": ("gzip", flood(), 413, "too_large"),
    "a zstd bomb": ("zstd", deluge(), 413, "too_large"),
    "more than may be packed": ("gzip", bytes(MIB + 1), 413, "too_large"),
    "more than may be plain": ("identity", b" " * (8 * MIB + 1), 413, "too_large"),
}


@pytest.mark.parametrize(("encoding", "body", "status", "code"), PACKED.values(), ids=PACKED)
def test_a_packed_body_never_inflates_past_its_limit(
    office: Office, encoding: str, body: bytes, status: int, code: str
) -> None:
    li = office.device("li")
    tracemalloc.start()
    response = li.post(body, **{"Content-Encoding": encoding})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert code_of(response, status) == code
    assert peak < 64 * MIB


def test_a_packed_body_is_read(office: Office) -> None:
    li = office.device("li")
    assert li.post(gzip.compress(asking()), **{"Content-Encoding": "gzip"}).status_code == 200
    assert li.post(zstandard.compress(asking()), **{"Content-Encoding": "zstd"}).status_code == 200


@pytest.mark.parametrize("told", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_only_json_is_taken(office: Office, told: str) -> None:
    assert code_of(office.device("li").post(asking(), **{"Content-Type": told}), 415) == "unsupported_media_type"


@pytest.mark.parametrize(("length", "status"), [("0", 400), ("5", 400), ("99999999", 413), ("x", 400)])
def test_a_length_that_lies(office: Office, length: str, status: int) -> None:
    """Too short a length cuts the body off, too long a one is not even waited for."""
    li = office.device("li")
    response = office.app.test_client().post(
        "/v1/sync",
        data=asking(),
        headers={"Authorization": f"Bearer {li.token}", "Content-Type": "application/json"},
        environ_overrides={"CONTENT_LENGTH": length},
    )
    code_of(response, status)


NOT_OURS = {
    "nothing": None,
    "an empty one": "",
    "no scheme": f"{DISTRICT}.token-0",
    "another scheme": "Basic bGk6bGk=",
    "a bare scheme": "Bearer ",
    "no district": "Bearer secret",
    "another district": "Bearer 110101.token-0",
    "letters for digits": "Bearer ２１０９０２.token-0",
    "guessed": f"Bearer {DISTRICT}.token-x",
    "stretched": f"Bearer {DISTRICT}." + "t" * 5_000,
    "with an end": f"Bearer {DISTRICT}.token-0 more",
    "a NUL in it": f"Bearer {DISTRICT}.\0",
    "quotes in it": f"Bearer {DISTRICT}.' OR 1=1 --",
}


@pytest.mark.parametrize("header", NOT_OURS.values(), ids=NOT_OURS)
def test_a_token_that_is_not_ours(office: Office, header: str | None) -> None:
    office.device("li")
    told = {"Content-Type": "application/json"}
    environ = {} if header is None else {"HTTP_AUTHORIZATION": header}
    response = office.app.test_client().post("/v1/sync", data=asking(), headers=told, environ_overrides=environ)
    assert code_of(response, 401) == "not_enrolled"
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_device_is_told_so(office: Office) -> None:
    li = office.device("li")
    office.revoke(li)
    assert code_of(li.post(asking()), 403) == "device_revoked"


ELSEWHERE = [
    ("get", "/v1/sync", 405, "method_not_allowed"),
    ("put", "/v1/sync", 405, "method_not_allowed"),
    ("delete", "/v1/ping", 405, "method_not_allowed"),
    ("get", "/", 404, "not_found"),
    ("get", "/v1/", 404, "not_found"),
    ("post", "/v1/sync/", 404, "not_found"),
    ("get", "/v1/../etc/passwd", 404, "not_found"),
    ("get", "/v1/%00", 404, "not_found"),
    ("get", "/v1/ping?nonce=" + "x" * 65, 400, "invalid_request"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), ELSEWHERE)
def test_another_address_or_method(office: Office, method: str, path: str, status: int, code: str) -> None:
    response = office.app.test_client().open(path, method=method.upper())
    assert code_of(response, status) == code
    assert status != 405 or response.headers["Allow"]


def test_a_cursor_of_elsewhere_does_not_open(office: Office) -> None:
    li, wang = office.device("li"), office.device("wang")
    li.push(
        li.mutation("create", "shop", "0197f3a0-0000-7000-8000-0000000000a1", set={"name": "店", "category": "repair"})
    )
    li.push()
    sealed = li.cursors[STREET]
    turned = sealed[:-2] + ("A" if sealed[-2] != "A" else "B") + sealed[-1]
    for cursor in (turned, "", "=", "AAAA", "A" * 400, "游标", sealed + "A", sealed + "="):
        assert code_of(li.post(asking(cursors={STREET: cursor})), 400) == "invalid_cursor"
    assert code_of(wang.post(asking(cursors={STREET: sealed})), 400) == "invalid_cursor"
    zhou = office.device("zhou")
    zhou.push()
    assert code_of(zhou.post(asking(cursors={DISTRICT: zhou.cursors[STREET]})), 400) == "invalid_cursor"


def test_a_cursor_for_a_feed_one_does_not_see_is_told_to_be_gone(office: Office) -> None:
    answer = office.device("li").post(asking(cursors={"210902999": "x"}))
    assert answer.get_json()["gone_feeds"] == ["210902999"]


def test_no_token_and_no_text_reaches_the_log(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even where the server itself breaks, whose own words might repeat what a worker wrote."""
    li = office.device("li")
    shop = "0197f3a0-0000-7000-8000-0000000000b1"
    li.push(li.mutation("create", "shop", shop, set={"name": "王记修车行", "category": "repair"}))
    with office.store.engine.begin() as connection:
        torn = func.replace(record.c.fields, "}", "")
        connection.execute(update(record).where(record.c.id == shop).values(fields=torn))
    code_of(li.post(b'{"protocol": 1, "install": "13804180000", "mutations": 7}'), 400)
    called = li.mutation("patch", "shop", shop, set={"operator_phone": "13804180000"})
    broken = li.post(asking(mutations=[msgspec.Raw(called)]))
    incident = broken.get_json()["message_en"].partition("incident ")[2][:8]
    assert code_of(broken, 500) == "internal_error"

    logged = "".join(capsys.readouterr())
    assert incident in logged, "the incident can be found"
    assert "_record" in logged, "and where it happened"
    for told in ("13804180000", "王记", li.token, li.id, "k" * 32, shop):
        assert told not in logged


def code_of(response: TestResponse, status: int) -> str:
    """Return the code of the problem *response* holds; it must be one in full."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/problem+json"
    told = response.get_json()
    assert told["status"] == status
    assert isinstance(told["retryable"], bool)
    for text in ("message_zh", "next_zh"):
        assert not told[text].isascii()
    for text in ("message_en", "next_en"):
        assert told[text].strip()
    code: str = told["code"]
    return code
