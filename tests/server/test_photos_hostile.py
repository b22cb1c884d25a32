"""Whatever is sent in place of a photo: a problem with a stable code, nothing kept, never a broken server."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from schemas.photos import MAX_PLANNED, PART_BYTES
from server.storage.photo_tables import photo, photo_use
from tests.server.office import DISTRICT, open_office
from tests.server.photographs import Porter, named, offer, picture, sha256

DATA = picture("hostile")
FILE = sha256(DATA)


@pytest.fixture(scope="module")
def li(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Porter]:
    """Li, in an office for a thousand questions: none of them may leave anything behind."""
    office = open_office(f"sqlite:///{tmp_path_factory.mktemp('office') / 'gridward.db'}")
    yield Porter(office.device("li"))
    office.store.engine.dispose()


@pytest.fixture(scope="module")
def shop(li: Porter) -> str:
    """A shop that names a photo nobody ever plans."""
    return li.shop("老王修车", named(DATA))


@pytest.fixture(autouse=True)
def _nothing_stays(li: Porter) -> Iterator[None]:
    yield
    with li.office.store.engine.connect() as connection:
        for table in (photo, photo_use):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0
    assert list(li.office.depot.lying(f"{DISTRICT}/")) == []


def planned(li: Porter, body: Any, **headers: str) -> tuple[int, str]:
    """Post *body* as a plan; return status and code of the refusal."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    answer = li.call("POST", "plan", data, **({"Content-Type": "application/json"} | headers))
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.get_json()["code"]


def one(**changes: Any) -> dict[str, Any]:
    """Return a plan for one file with something in it changed."""
    return {"photos": [offer("0" * 8 + "-0000-4000-8000-" + "0" * 12, DATA) | changes]}


BODIES: dict[str, tuple[Any, int, str]] = {
    "nothing": (b"", 400, "malformed_body"),
    "half of it": (b'{"photos": [{"sha', 400, "malformed_body"),
    "a page": (b"<html>", 400, "malformed_body"),
    "a pit": (b'{"new": ' + b"[" * 90_000, 400, "malformed_body"),
    "null": (b"null", 400, "invalid_request"),
    "a list": (b"[]", 400, "invalid_request"),
    "no photos": ({}, 400, "invalid_request"),
    "an empty list": ({"photos": []}, 400, "invalid_request"),
    "one too many": ({"photos": one()["photos"] * (MAX_PLANNED + 1)}, 400, "invalid_request"),
    "a hash of capitals": (one(sha256=FILE.upper()), 400, "invalid_request"),
    "a hash with a line end": (one(sha256=FILE[:-1] + "\n"), 400, "invalid_request"),
    "a hash of a path": (one(sha256="../" * 21 + "x"), 400, "invalid_request"),
    "a hash of NUL": (one(sha256="\0" * 64), 400, "invalid_request"),
    "an original of a path": (one(of="../" * 21 + "x"), 400, "invalid_request"),
    "no parts": (one(parts=[]), 400, "invalid_request"),
    "a part of a path": (one(parts=["../" * 21 + "x"]), 400, "invalid_request"),
    "no bytes": (one(size=0), 400, "invalid_request"),
    "fewer than none": (one(size=-1), 400, "invalid_request"),
    "half a byte": (one(size=1.5), 400, "invalid_request"),
    "more bytes than there are": (one(size=1 << 70), 400, "invalid_request"),
    "a record of NUL": (one(record="\0" * 36), 400, "invalid_request"),
    "two megabytes": (b" " * (2 << 20), 413, "too_large"),
}


@pytest.mark.parametrize(("body", "status", "code"), BODIES.values(), ids=BODIES)
def test_a_plan_that_is_none(li: Porter, body: Any, status: int, code: str) -> None:
    """It is refused as a whole, with one reason."""
    assert planned(li, body) == (status, code)


def test_a_plan_in_other_clothes(li: Porter) -> None:
    """Another media type, a packing nobody knows, a bomb of zeros."""
    assert planned(li, one(), **{"Content-Type": "text/plain"}) == (415, "unsupported_media_type")
    assert planned(li, one(), **{"Content-Encoding": "br"}) == (415, "unsupported_encoding")
    assert planned(li, b"\x1f\x8b not gzip", **{"Content-Encoding": "gzip"}) == (400, "malformed_body")


ADDRESSES = {
    "capitals": FILE.upper(),
    "too short": FILE[:-1],
    "too long": FILE + "0",
    "another alphabet": "网" * 64,
    "a line end": FILE[:-1] + "%0A",
    "NUL": FILE[:-1] + "%00",
    "a way up": "..%2F" * 12 + "etc%2Fpasswd",
}


@pytest.mark.parametrize("file", ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_that_names_no_file(li: Porter, file: str) -> None:
    """There is nothing."""
    for answer in (li.put(file, 0, DATA), li.complete(file)):
        assert answer.status_code == 404
        assert answer.get_json()["code"] in ("photo_unknown", "not_found")


def test_parts_that_are_no_numbers(li: Porter) -> None:
    """Nothing stands there, and nothing breaks."""
    for n in ("-1", "x", "0.5", "", "%00", "1e3", "０", "00", "9" * 30, "9" * 5_000):
        answer = li.call("PUT", f"{FILE}/parts/{n}", DATA)
        assert answer.status_code in (404, 409), n


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=70)
_ANY: st.SearchStrategy[Any] = _PLAIN | st.lists(_PLAIN, max_size=3) | st.dictionaries(st.text(max_size=8), _PLAIN)


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["sha256", "record", "size", "parts", "of", "new"]), value=_ANY)
def test_anything_in_the_place_of_anything(li: Porter, name: str, value: Any) -> None:
    """Is answered: with what becomes of each file, or with what is wrong."""
    answer = li.ask(one(**{name: value})["photos"][0])
    assert answer.status_code in (200, 400)
    told = answer.get_json()
    assert told["code"] if answer.status_code == 400 else told["photos"][0]["state"] in ("wait", "refused")


def test_a_hundred_of_the_largest_fit_into_a_plan(li: Porter, shop: str) -> None:
    """Of files larger than any that is taken, each is told so."""
    parts = ["e" * 64] * 64
    many = [one(sha256=f"{n:064x}", size=64 * PART_BYTES, parts=parts, record=shop)["photos"][0] for n in range(100)]
    assert {told["state"] for told in li.plan(*many)} == {"wait"}
    large = [told | {"size": 65 * PART_BYTES, "parts": ["e" * 64] * 65} for told in many]
    assert {told["problem"]["code"] for told in li.plan(*large)} == {"photo_too_large"}
