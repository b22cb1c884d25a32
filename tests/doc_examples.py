"""
The examples of ``docs/protocol.md``, made by really speaking with a running server.

Two tablets, an empty district in this process, and the story that the page tells. Only what differs
from one day to the next (times, tokens, cursors) differs from one run to the next; ``shape`` is what
must not.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from schemas import wire
from server.usecases.enrol_device import offer_code
from tests.server.office import DISTRICT, STREET, Office, RawDevice, open_office

Json = Any

SHOP = "0197f3a0-0000-7000-8000-0000000000a1"
NOT_SENT_YET = "0197f3a0-0000-7000-8000-0000000000a2"
MEANT_FOR_ANOTHER = "0197f3a0-0000-7000-8000-0000000000a3"


def examples() -> dict[str, Json]:
    """Return every example by name, as JSON values."""
    with tempfile.TemporaryDirectory() as folder:
        office = open_office(f"sqlite:///{Path(folder) / 'office.db'}")
        try:
            return _story(office)
        finally:
            office.store.engine.dispose()


def shape(value: Json) -> Json:
    """Return what is the same in every run: the members and what kind of value each holds."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def _story(office: Office) -> dict[str, Json]:
    found: dict[str, Json] = {}
    _enrol(office, found)
    li, wang = office.device("li"), office.device("wang")
    li.clock_ms = wang.clock_ms = _now_ms() - 90_000
    found["push.request"], found["push.response"] = _first_push(li)
    found["mutation"] = found["push.request"]["mutations"][1]
    _sync(wang, [])
    found["contest.response"] = _contest(li, wang)
    found["record"] = found["contest.response"]["feeds"][STREET]["records"][0]
    found["open.response"] = _not_taken(li)
    found["idle.request"], found["idle.response"] = _idle(wang)
    found["problem"] = _ask(wang, {"protocol": 1, "install": wang.install, "cursors": {STREET: "AAAA"}})
    found["ping.response"] = office.app.test_client().get("/v1/ping?nonce=7f3a9c").get_json()
    return found


def _enrol(office: Office, found: dict[str, Json]) -> None:
    with office.store.work(DISTRICT, writing=False) as work:
        [account] = work.people.named("李明")
    request = {"code": offer_code(office.store, DISTRICT, account, _now_ms()), "device_name": "平板 3"}
    found["enrol.request"] = request
    found["enrol.response"] = office.app.test_client().post("/v1/devices/enrol", json=request).get_json()


def _first_push(li: RawDevice) -> tuple[Json, Json]:
    """Li registers a shop and adds to it twice; the three come back as one run."""
    made = {"name": "老王修车", "category": "repair", "door_no": "17"}
    mutations = [
        li.mutation("create", "shop", SHOP, set=made),
        li.mutation("patch", "shop", SHOP, set={"operator_phone": "13804180000"}, add={"remark": ["店主配合"]}),
        li.mutation("patch", "shop", SHOP, set={"door_no": None}),
    ]
    return _sync(li, mutations, now=_now_ms(), last=li.n, report={"waiting": 3, "app": "gridward 0.1.0"})


def _contest(li: RawDevice, wang: RawDevice) -> Json:
    """Both rename the shop without signal; Wang comes second and hears what became of it."""
    li.push(li.mutation("patch", "shop", SHOP, base=3, set={"name": "王记修车行"}))
    wang.clock_ms += 30_000
    renamed = wang.mutation("patch", "shop", SHOP, base=3, set={"name": "老王汽修"})
    return _sync(wang, [renamed], now=_now_ms(), last=wang.n)[1]


def _not_taken(li: RawDevice) -> Json:
    """What waits, what is refused, and the rest of a group that is still to come."""
    li.pull()
    outside = {"name": "街口小卖部", "category": "retail"}
    mutations = [
        li.mutation("patch", "shop", NOT_SENT_YET, set={"door_no": "9"}),
        li.mutation("create", "shop", MEANT_FOR_ANOTHER, set=outside, grid="210902006001001"),
        li.mutation("patch", "shop", SHOP, set={"door_no": "19"}, group=[li.n + 1, 2]),
    ]
    return _sync(li, mutations, now=_now_ms(), last=li.n + 1)[1]


def _idle(wang: RawDevice) -> tuple[Json, Json]:
    wang.pull()
    return _sync(wang, [], now=_now_ms(), last=wang.n)


def _sync(device: RawDevice, mutations: list[bytes], **parts: Json) -> tuple[Json, Json]:
    """Return one request and its answer, cursors remembered."""
    request: Json = {"protocol": 1, "install": device.install}
    request |= {"mutations": [msgspec.json.decode(raw) for raw in mutations]} if mutations else {}
    request |= {"cursors": dict(device.cursors)} if device.cursors else {}
    request |= parts
    answer = _ask(device, request)
    device.cursors |= {feed: page["cursor"] for feed, page in answer.get("feeds", {}).items()}
    return request, answer


def _ask(device: RawDevice, request: Json) -> Json:
    return wire.decode_json(device.post(request).data)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
