"""
Take in what a rescue package 救援包 holds: as the push that its tablet could not make itself.

Everything is judged as that device's, under its install and its numbers, so a package that comes twice, on two
ways, or before, between or after the tablet itself is answered as before and applied once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.problems import Refusal
from schemas.rescue import Manifest, Part, proves
from schemas.validation import peek_number
from schemas.wire import Outcome
from server.storage.devices import Device
from server.storage.store import Store
from server.usecases.receive_mutations import Push, judged_before, receive_mutations
from server.usecases.set_aside import CODE as REVOKED
from server.usecases.set_aside import set_aside


@dataclass(frozen=True, slots=True)
class Brought:
    """
    A manifest as somebody brought it.

    Attributes:
        manifest: What it says.
        body: Its bytes, over which ``mac`` was made.
        mac: The proof; empty where there is none.
        trusted: Whether an operator vouches for it where the proof cannot be checked.
    """

    manifest: Manifest
    body: bytes
    mac: str
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Which device made a package, and whether its token proves that; ``device`` is None where it is unknown."""

    device: Device | None
    proven: bool


def origin_of(store: Store, district: str, brought: Brought, install: str = "") -> Origin:
    """
    Find whose package this is.

    Raises:
        Refusal: ``rescue_foreign`` where it is another district's.
    """
    manifest = brought.manifest
    if manifest.district not in (None, district):
        raise Refusal("rescue_foreign", theirs=manifest.district, ours=district)
    if manifest.device is None:
        return Origin(None, proven=False)
    with store.work(district, writing=False) as work:
        device = work.devices.by_id(manifest.device, install)
        key = work.devices.token_hash(manifest.device)
    if device is not None and key is not None:
        return Origin(device, proven=proves(brought.mac, key, brought.body))
    if not brought.trusted:
        return Origin(None, proven=False)
    # Nobody is admitted to a device nobody knows: all of it comes to lie in quarantine, word for word.
    unknown = Device(manifest.device, district, "", {}, revoked=False, epoch="", cursor_key=b"")
    return Origin(unknown, proven=False)


def receive_part(
    store: Store, district: str, brought: Brought, part: Part, mutations: Sequence[bytes], received_ms: int
) -> tuple[Device, list[Outcome]]:
    """
    Take in one part of a package, which was found to be what the manifest says.

    Returns:
        The device it is from, and one outcome for every mutation. Those of a revoked device that never came before
        are kept in quarantine and answered ``rejected``; ``retry`` where there was no room for them.

    Raises:
        Refusal: ``rescue_foreign``, ``rescue_device_unknown``, ``rescue_not_proven``; then nothing was taken.
    """
    device = _vouched(origin_of(store, district, brought, part.install), brought)
    # Corrected by what the tablet itself has learnt since, not by when somebody came along with the file.
    sent_ms = received_ms - brought.manifest.correction_ms(part)
    push = Push(part.install, mutations, sent_ms, received_ms)
    if device.revoked:
        return device, _set_aside(store, device, push)
    return device, receive_mutations(store, device, push).outcomes


def _vouched(origin: Origin, brought: Brought) -> Device:
    if origin.device is None:
        raise Refusal("rescue_device_unknown", device=brought.manifest.device or "—")
    if not origin.proven and not brought.trusted:
        why_zh, why_en = ("平板的登记已更换，或文件被改动过", "the tablet was enrolled again since, or it was changed")
        if not brought.mac:
            why_zh, why_en = ("文件没有签名", "it bears no proof")
        raise Refusal("rescue_not_proven", why_zh=why_zh, why_en=why_en)
    return origin.device


def _set_aside(store: Store, device: Device, push: Push) -> list[Outcome]:
    kept = set_aside(store, device, push)
    with store.work(device.district, writing=False) as work:
        # What came on another way before its device was revoked stays what it became then.
        before = judged_before(work, device.id, push)
    problem = Refusal(REVOKED).body()
    otherwise = "rejected" if kept else "retry"
    numbers = [peek_number(raw) or 0 for raw in push.mutations]
    return [before.get(n) or Outcome(n, otherwise, problem=problem if kept else None) for n in numbers]
