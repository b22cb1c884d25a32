"""
``POST /v1/sync`` 同步: one round trip, push first, then pull. ``GET /v1/ping`` 连通检查.
"""

from flask import Response, request
from flask_smorest import Blueprint

from schemas import wire
from schemas.envelope import read_request
from schemas.fields import say
from schemas.problems import Refusal
from schemas.wire import ServerInfo, SyncRequest, SyncResponse
from server.api import auth, body, specs
from server.api.doorkeeper import doorkeeper
from server.core.views import view_of
from server.storage.devices import Device
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases.begin_epoch import CommitsLost, begin_epoch, hold_to_feeds
from server.usecases.note_contacts import Said, left_of, note_contact
from server.usecases.receive_mutations import Answer, Push, receive_mutations
from server.usecases.serve_feeds import Reader, Served, name_what_left, serve_feeds
from server.usecases.set_aside import set_aside

blueprint = Blueprint("sync", __name__, url_prefix="/v1", description="同步 Synchronisation")

MAX_NONCE = 64


@blueprint.post("/sync")
@blueprint.doc(**specs.SYNC)
def sync() -> Response:
    """
    Take in what one device wrote while it was away, and hand it what it missed.

    接收离线期间的修改，并下发缺少的记录。
    """
    district, hashed = auth.bearer()
    door = doorkeeper()
    door.look_in(hashed)
    arrived = body.arrived()
    # The moment of arrival: what a tablet's clock is held against must not grow with the queue.
    now_ms = body.now_ms()
    with door.let_in(hashed):
        return _synced(district, hashed, read_request(body.inflated(arrived)), now_ms)


def _synced(district: str, hashed: bytes, asked: SyncRequest, now_ms: int) -> Response:
    store = body.store()
    try:
        device, response = _exchanged(store, district, hashed, asked, now_ms)
    except CommitsLost as lost:
        begin_epoch(store, district, "noticed", now_ms, present=lost.epoch, given=lost.read)
        device, response = _exchanged(store, district, hashed, asked, now_ms)
    said = Said(asked.cursors, asked.now, asked.install, asked.last)
    note_contact(store, device, left_of(asked.report, asked.mutations, response.outcomes), now_ms, said)
    return body.answer(wire.encode(response))


def _exchanged(
    store: Store, district: str, hashed: bytes, asked: SyncRequest, now_ms: int
) -> tuple[Device, SyncResponse]:
    with store.work(district, writing=False) as work:
        device = auth.device_of(work, hashed, asked.install, revoked_too=bool(asked.mutations))
        store.known.under(district, device.epoch)
        if not asked.mutations:
            return device, _answered(work, device, asked, Answer(device.settled, []), now_ms)
        if asked.cursors:
            # Before the push takes a number that may have been given out already.
            hold_to_feeds(work, device, asked.cursors, work.feeds.heads())
    # Outside: whoever holds one connection while waiting for a second may wait for ever.
    return device, _taken(store, device, asked, now_ms)


def _taken(store: Store, device: Device, asked: SyncRequest, now_ms: int) -> SyncResponse:
    """Push first: a device reads its own writes."""
    push = Push(asked.install, [bytes(raw) for raw in asked.mutations], asked.now, now_ms, asked.had)
    if device.revoked:
        set_aside(store, device, push)
        raise Refusal("device_revoked")
    answer = receive_mutations(store, device, push)
    with store.work(device.district, writing=False) as work:
        return _answered(work, device, asked, answer, now_ms)


def _answered(work: UnitOfWork, device: Device, asked: SyncRequest, answer: Answer, now_ms: int) -> SyncResponse:
    """Then pull; a client of another protocol version may deliver, but not read."""
    served = Served()
    if asked.protocol == wire.PROTOCOL:
        behind = asked.last is not None and asked.last < device.settled
        reader = Reader(device, view_of(device.people.values(), now_ms), now_ms, behind)
        served = serve_feeds(work, reader, asked.cursors, asked.limit)
        if answer.repeated:
            name_what_left(work, reader, asked.cursors, answer.repeated, served)
    elif not asked.mutations:
        raise Refusal("upgrade_needed")
    return SyncResponse(
        server=ServerInfo(device.epoch, now_ms),
        settled=answer.settled,
        settled_before=answer.before,
        outcomes=wire.runs(answer.outcomes),
        feeds=served.pages,
        gone_feeds=served.gone,
        next_sync_after_s=doorkeeper().next_sync_s(body.settings().next_sync_after_s, device.id.encode()),
    )


@blueprint.get("/ping")
@blueprint.doc(**specs.PING)
def ping() -> Response:
    """
    Return the caller's nonce, which no captive portal can know.

    原样返回调用方的随机串，用于识别需要网页登录的热点。
    """
    nonce = request.args.get("nonce", "")
    if len(nonce) > MAX_NONCE:
        too_long = say("length", f"最多 {MAX_NONCE} 个字符", f"at most {MAX_NONCE} characters")
        raise Refusal("invalid_request", errors={"nonce": [too_long]})
    return body.answer(wire.encode({"nonce": nonce, "now_ms": body.now_ms()}))
