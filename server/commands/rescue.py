"""
Rescue packages 救援包: what a tablet could not send itself, brought as a file.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from schemas.problems import Refusal
from schemas.rescue import Package, opened
from schemas.wire import Outcome
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, telling, when
from server.storage.store import Store
from server.usecases.receive_rescue import Brought, origin_of, receive_part

_WORDS = {
    "applied": ("已接收", "taken"), "merged": ("已合并", "merged"), "conflict": ("待裁定", "for a person to decide"),
    "noop": ("早已有", "there already"), "rejected": ("进隔离区", "in quarantine"),
    "held": ("等待前一条，请稍后再导入一次", "waits for another: import it again later"),
    "retry": ("未收下，请稍后再导入一次", "not taken: import it again later"),
}  # fmt: skip


@dataclass
class Told:
    """What became of one file; ``problem`` where nothing of it was taken."""

    file: str
    problem: dict[str, Any] | None = None
    device: str = ""
    outcomes: dict[str, int] = field(default_factory=dict)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    photos: int = 0
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
    store = open_store()
    told = [_taken(store, file, district, trust=trust) for file in files]
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
    click.echo(
        f"照片原图 Photos: {told['photos']}，缺 missing: {told['missing_photos']}，草稿 drafts: {told['drafts']}"
    )


def _taken(store: Store, file: Path, district: str | None, *, trust: bool) -> Told:
    """Take one file in; another one's mistakes do not keep it out."""
    told = Told(file.name)
    try:
        with _opened(file) as package:
            _take(store, package, _place(store, package, district), told, trust=trust)
    except Refusal as refusal:
        told.problem = refusal.body()
    return told


def _take(store: Store, package: Package, district: str, told: Told, *, trust: bool) -> None:
    manifest, brought = package.manifest, _brought(package, trusted=trust)
    origin = origin_of(store, district, brought)
    told.device = manifest.device or ""
    told.trusted, told.revoked = trust and not origin.proven, bool(origin.device and origin.device.revoked)
    counted = Counter[str]()
    for part in manifest.parts:
        _, outcomes = receive_part(store, district, brought, part, package.mutations(part), now_ms())
        counted.update(outcome.outcome for outcome in outcomes)
        told.rejected += [_rejected(outcome) for outcome in outcomes if outcome.problem]
    told.outcomes = dict(counted)
    told.photos = sum(photo.state == "here" for photo in manifest.photos)
    told.missing_photos = len(manifest.photos) - told.photos
    told.drafts = manifest.drafts.count if manifest.drafts else 0


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
    """Say what the server has no place for yet, so that nobody throws the file away."""
    if told.photos or told.drafts:
        zh = f"{told.photos} 张照片原图、{told.drafts} 份草稿仍在文件里，请妥善保存该文件"
        click.echo(f"  ! {zh} keep the file: {told.photos} originals and {told.drafts} drafts stay in it")
    if told.missing_photos:
        click.echo(
            f"  ! {told.missing_photos} 张照片的原图不在包里 the originals of {told.missing_photos} are not in it"
        )
