"""
Rescue packages 救援包: what a tablet could not send itself, brought as a file.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import click

from schemas.problems import Refusal
from schemas.rescue import Package, opened
from schemas.wire import Outcome
from server.commands.common import (
    as_json,
    in_district,
    now_ms,
    open_store,
    pick_district,
    plain,
    read_settings,
    telling,
    when,
)
from server.commands.depots import opened_depot
from server.storage.depot import Depot
from server.storage.devices import Device
from server.storage.store import Store
from server.usecases.bring_photo import bring_photo
from server.usecases.receive_rescue import Brought, origin_of, receive_part
from server.usecases.verify_photo import Office

_WORDS = {
    "applied": ("已接收", "taken"), "merged": ("已合并", "merged"), "conflict": ("待裁定", "for a person to decide"),
    "noop": ("早已有", "there already"), "rejected": ("进隔离区", "in quarantine"),
    "held": ("等待前一条，请稍后再导入一次", "waits for another: import it again later"),
    "retry": ("未收下，请稍后再导入一次", "not taken: import it again later"),
}  # fmt: skip


@dataclass
class Told:
    """
    What became of one file; ``problem`` where nothing of it was taken.

    Attributes:
        photos: How many are in the file; of them ``photos_verified`` are at the office now, and ``photos_waiting``
            wait for records that name them.
        photos_refused: Why the others are not.
        missing_photos: How many are not in the file.
    """

    file: str
    problem: dict[str, Any] | None = None
    device: str = ""
    outcomes: dict[str, int] = field(default_factory=dict)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    photos: int = 0
    photos_verified: int = 0
    photos_waiting: int = 0
    photos_refused: list[dict[str, Any]] = field(default_factory=list)
    missing_photos: int = 0
    drafts: int = 0
    trusted: bool = False
    revoked: bool = False


@click.group("rescue")
def rescue() -> None:
    """救援包：平板未能自己送达的修改。What a tablet could not send itself, brought as a file."""


@rescue.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--trust", is_flag=True, help="已核实来源，签名核对不上也收。Vouch for it where its proof fails.")
@in_district
@as_json
@telling
def import_files(files: tuple[Path, ...], district: str | None, *, trust: bool, as_json: bool) -> None:
    """收下救援包；重复导入不会重复入库。Take packages in; twice changes nothing. 1 where one was refused."""
    settings = read_settings()
    store = open_store(settings)
    with opened_depot(settings) as depot:
        told = [_taken(_Into(store, depot), file, district, trust=trust) for file in files]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in told], ensure_ascii=False, indent=2))
    else:
        for one in told:
            _tell(one)
    if any(one.problem for one in told):
        raise SystemExit(1)


@rescue.command("show")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@in_district
@as_json
@telling
def show_file(file: Path, district: str | None, *, as_json: bool) -> None:
    """查看救援包的清单和签名；什么都不收。Show what a package holds and whether it proves it; nothing is taken."""
    store = open_store()
    with _opened(file) as package:
        manifest, brought = package.manifest, _brought(package, trusted=False)
        origin = origin_of(store, _place(store, package, district), brought)
    told = {
        "file": file.name, "device": manifest.device, "district": manifest.district,
        "name": origin.device.name if origin.device else None, "proven": origin.proven,
        "revoked": bool(origin.device and origin.device.revoked), "made": when(manifest.made_ms),
        "whole": manifest.whole, "mutations": manifest.mutations,
        "installs": sorted({part.install for part in manifest.parts}),
        "photos": sum(photo.state == "here" for photo in manifest.photos),
        "missing_photos": sum(photo.state != "here" for photo in manifest.photos),
        "drafts": manifest.drafts.count if manifest.drafts else 0,
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    proof = "签名属实 proven" if origin.proven else "签名核对不上，只能用 --trust 导入 not proven: needs --trust"
    click.echo(plain(f"{told['name'] or '台账外的平板 an unknown device'} {told['device'] or ''}，{proof}"))
    click.echo(f"导出时间 Made: {told['made']}，修改 mutations: {told['mutations']}")
    click.echo(f"照片 Photos: {told['photos']}，缺 missing: {told['missing_photos']}，草稿 drafts: {told['drafts']}")


class _Into(NamedTuple):
    """Where packages are taken in: records into the store, photos into the depot."""

    store: Store
    depot: Depot


def _taken(into: _Into, file: Path, district: str | None, *, trust: bool) -> Told:
    """Take one file in; another one's mistakes do not keep it out."""
    told = Told(file.name)
    try:
        with _opened(file) as package:
            _take(into, package, _place(into.store, package, district), told, trust=trust)
    except Refusal as refusal:
        told.problem = refusal.body()
    return told


def _take(into: _Into, package: Package, district: str, told: Told, *, trust: bool) -> None:
    manifest, brought = package.manifest, _brought(package, trusted=trust)
    origin = origin_of(into.store, district, brought)
    told.device = manifest.device or ""
    told.trusted, told.revoked = trust and not origin.proven, bool(origin.device and origin.device.revoked)
    counted = Counter[str]()
    for part in manifest.parts:
        _, outcomes = receive_part(into.store, district, brought, part, package.mutations(part), now_ms())
        counted.update(outcome.outcome for outcome in outcomes)
        told.rejected += [_rejected(outcome) for outcome in outcomes if outcome.problem]
    told.outcomes = dict(counted)
    if origin.device:
        _take_photos(into, package, origin.device, told)
    told.photos = sum(photo.state == "here" for photo in manifest.photos)
    told.missing_photos = len(manifest.photos) - told.photos
    told.drafts = manifest.drafts.count if manifest.drafts else 0


def _take_photos(into: _Into, package: Package, device: Device, told: Told) -> None:
    """Take in the photos of a package whose records are in."""
    office = Office(*into, device.district, now_ms())
    for photo in package.manifest.photos:
        if photo.state != "here":
            continue
        brought = bring_photo(office, device, photo, package.photo(photo))
        told.photos_verified += brought.state == "verified"
        told.photos_waiting += brought.state == "wait"
        if brought.problem:
            told.photos_refused.append({"sha256": photo.sha256, "problem": brought.problem})


def _rejected(outcome: Outcome) -> dict[str, Any]:
    return {"n": outcome.n, "problem": outcome.problem}


@contextmanager
def _opened(file: Path) -> Iterator[Package]:
    with file.open("rb") as stream:
        yield opened(stream)


def _brought(package: Package, *, trusted: bool) -> Brought:
    return Brought(package.manifest, package.body, package.mac, trusted)


def _place(store: Store, package: Package, given: str | None) -> str:
    """Return the district to take a package in for: the one given, else its own where it is one of ours."""
    own = package.manifest.district
    return own if given is None and own in store.places() and own else pick_district(store, given)


def _tell(told: Told) -> None:
    click.echo(plain(told.file))
    if told.problem:
        click.echo(plain(f"  ✗ {told.problem['message_zh']}{told.problem['next_zh']}"))
        click.echo(plain(f"    {told.problem['message_en']} {told.problem['next_en']}"))
    else:
        _tell_taken(told)


def _tell_taken(told: Told) -> None:
    if told.trusted:
        click.echo("  ! 签名核对不上，凭操作员核实收下 taken on the operator's word, its proof does not hold")
    if told.revoked:
        click.echo("  ! 平板已停用，内容进隔离区 its device is revoked: all of it lies in quarantine")
    for outcome, count in told.outcomes.items():
        zh, en = _WORDS.get(outcome, (outcome, outcome))
        click.echo(f"  {count} 条{zh} {count} {en}")
    if not told.outcomes:
        click.echo("  没有要收的修改 it holds no mutations")
    for one in told.rejected[:20]:
        click.echo(plain(f"  第 {one['n']} 条：{one['problem']['message_zh']} {one['problem']['message_en']}"))
    _tell_left_behind(told)


def _tell_left_behind(told: Told) -> None:
    """Say what is not at the office yet, so that nobody throws the file away."""
    if told.photos_verified:
        click.echo(f"  {told.photos_verified} 张照片已核验入库 {told.photos_verified} photos verified")
    if told.photos_waiting:
        zh = f"{told.photos_waiting} 张照片的记录尚未入库，入库后请再导入一次"
        click.echo(f"  ! {zh} {told.photos_waiting} photos wait for their records: import the file again then")
    for one in told.photos_refused[:20]:
        problem = one["problem"]
        click.echo(plain(f"  ! 照片 {one['sha256'][:8]}：{problem['message_zh']} {problem['message_en']}"))
    left = told.photos - told.photos_verified
    if left or told.drafts:
        zh = f"{left} 张照片、{told.drafts} 份草稿仍在文件里，请妥善保存该文件"
        click.echo(f"  ! {zh} keep the file: {left} photos and {told.drafts} drafts stay in it")
    if told.missing_photos:
        click.echo(f"  ! {told.missing_photos} 张照片不在包里 {told.missing_photos} photos are not in it")
