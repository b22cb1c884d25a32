"""
The conflict rules 冲突规则: held to their promises, tried on old work, and replayed.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from schemas.registry import TYPES
from schemas.wording import title_of
from server.commands.common import as_json, in_district, open_store, pick_district, plain, show, telling
from server.core.desk import reading
from server.core.proving.linting import ROUNDS, lint
from server.usecases.mistakes import Mistake
from server.usecases.replay_history import replay_history
from server.usecases.try_rules import Tried, read_rules, try_rules

_SEED = 0
#: Every rule of every field, written out, takes less than a tenth of this.
_MOST_BYTES = 1024 * 1024
_in_feed = click.option("--feed", metavar="210902005", help="只看这一个流。Only this feed.")


@click.group("rules")
def rules() -> None:
    """冲突规则：检查、试用。The conflict rules: check them, try others."""


@rules.command("lint")
@click.option("--seed", type=int, default=_SEED, show_default=True, help="随机数种子。The seed of the dice.")
@click.option(
    "--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True, help="每条规则试多少次。Trials a rule."
)
@as_json
@telling
def lint_rules(seed: int, rounds: int, as_json: bool) -> None:
    """检查每条规则是否守其声明；不守时返回 1。Hold every rule to what it claims; 1 where one does not keep it."""
    found = lint(TYPES, random.Random(seed), rounds)  # noqa: S311  # chance, not a secret
    if as_json:
        told = [{name: getattr(one, name) for name in one.__struct_fields__} for one in found]
        click.echo(json.dumps({"seed": seed, "rounds": rounds, "findings": told}, ensure_ascii=False, indent=2))
    else:
        for one in found:
            click.echo("\n".join(one.lines()) + "\n")
        fields = sum(len(kind.rules.fields) for kind in TYPES.values())
        click.echo(
            f"{len(TYPES)} 种记录、{fields} 个字段，发现 {len(found)} 处问题（种子 {seed}，每条规则 {rounds} 次）\n"
            f"{len(TYPES)} record types, {fields} fields: {len(found)} findings (seed {seed}, {rounds} trials a rule)"
        )
    if found:
        raise SystemExit(1)


@rules.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_in_feed
@in_district
@as_json
@telling
def try_new(file: Path, feed: str | None, district: str | None, as_json: bool) -> None:
    """
    用文件中的规则重放历史，列出会有的不同；不写入任何内容。

    Replay the history under the rules in FILE ({"shop": {"name": "latest"}}); nothing is written.
    """
    new = read_rules(_read_json(file))
    store = open_store()
    place = pick_district(store, district)
    tried = list(try_rules(store, place, new, feed))
    with store.work(place, writing=False) as work:
        people = {account.id: account.name for account in work.people.all()}
    rows = [row for one in tried for row in _rows(one, people)]
    counted = _counted(tried)
    if as_json:
        click.echo(json.dumps({"summary": counted, "changes": rows}, ensure_ascii=False, indent=2))
        return
    for one in tried:
        for line in _block(one, people):
            click.echo(plain(line))
    click.echo(_summary(counted))


@click.command("replay")
@click.argument("record", required=False)
@_in_feed
@in_district
@as_json
@telling
def replay(record: str | None, feed: str | None, district: str | None, as_json: bool) -> None:
    """
    由历史重放一条或全部记录，并与存储核对；有不同时返回 1。

    Replay RECORD, or all of them, from the history; 1 where something else is stored.
    """
    store = open_store()
    done, rows = 0, list[dict[str, Any]]()
    for checked in replay_history(store, pick_district(store, district), record, feed):
        done += 1
        rows += [
            {
                "record": d.record, "type": d.type, "what": d.what, "stored": d.stored, "replayed": d.replayed,
                "why": f"{d.zh} {d.en}",
            }
            for d in checked.differences
        ]  # fmt: skip
    headings = {
        "record": "编号", "type": "类型", "what": "何处", "stored": "存储为", "replayed": "重放得", "why": "问题",
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps({"records": done, "differences": rows}, ensure_ascii=False, indent=2))
    else:
        show(rows, headings, json_wanted=False)
        click.echo(f"重放了 {done} 条记录 {done} records replayed")
    if rows:
        raise SystemExit(1)


def _read_json(file: Path) -> Any:
    """
    Return what *file* holds.

    Raises:
        Mistake: it is too large for a file of rules, no UTF-8, no JSON, or names one thing twice.
    """
    with file.open("rb") as stream:
        raw = stream.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise Mistake(f"{file.name} 太大，不像规则文件。", f"{file.name} is too large to be a file of rules.")
    try:
        return json.loads(raw, object_pairs_hook=_each_once)
    except UnicodeDecodeError as error:
        raise Mistake(
            f"{file.name} 不是 UTF-8 文本，请另存为 UTF-8。", f"{file.name} is not UTF-8; save it so."
        ) from error
    except (ValueError, RecursionError) as error:
        raise Mistake(f"{file.name} 不是 JSON：{error}", f"{file.name} is not JSON: {error}") from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return *pairs* as an object; of two members of one name nobody would know which is meant."""
    counted = Counter(name for name, _ in pairs)
    twice = "、".join(name for name, times in counted.items() if times > 1)
    if twice:
        raise Mistake(f"规则文件里写了两次：{twice}", f"Written twice in the file: {twice}")
    return dict(pairs)


def _block(tried: Tried, people: Mapping[str, str]) -> Iterable[str]:
    """Yield what would differ of one record, in words; nothing where nothing would."""
    if not (tried.changes or tried.opens or tried.ends or tried.why):
        return
    yield f"{title_of(tried.type)}“{tried.name}” {tried.record}"
    for change in tried.changes:
        now, then = (_in_words(tried.type, change.field, text, people) for text in (change.now, change.then))
        by_now, by_then = (people.get(by, "—") for by in (change.by_now, change.by_then))
        yield f"  {_called(tried.type, change.field)}：现为 now {now}（{by_now}） → 将为 then {then}（{by_then}）"
    for field in tried.opens:
        yield f"  {_called(tried.type, field)}：已定 settled → 待裁定 a person decides"
    for field in tried.ends:
        yield f"  {_called(tried.type, field)}：待裁定 a person decides → 已定 settled"
    if tried.why is not None:
        yield f"  无法重放 cannot be replayed: {tried.why}"


def _called(type_name: str, field: str) -> str:
    return f"{reading.label_of(type_name, field)} {field}"


def _in_words(type_name: str, field: str, text: str | None, people: Mapping[str, str]) -> str:
    """Return a value, JSON text or None for "not there", as it is read aloud."""
    return reading.words_of(type_name, field, None if text is None else json.loads(text), people)


def _rows(tried: Tried, people: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    about = {"record": tried.record, "type": tried.type, "name": tried.name}
    for change in tried.changes:
        whose = {"by_now": people.get(change.by_now, ""), "by_then": people.get(change.by_then, "")}
        yield about | {"field": change.field, "now": change.now, "then": change.then, **whose}
    for field, now, then in (
        *((field, "已定 settled", "待裁定 a person decides") for field in tried.opens),
        *((field, "待裁定 a person decides", "已定 settled") for field in tried.ends),
    ):
        yield about | {"field": field, "now": now, "then": then, "by_now": "", "by_then": ""}
    if tried.why is not None:
        why = plain(tried.why)
        yield about | {"field": "", "now": "无法重放 cannot be replayed", "then": why, "by_now": "", "by_then": ""}


def _counted(tried: Iterable[Tried]) -> dict[str, int]:
    counted = Counter(dict.fromkeys(_COUNTS, 0))
    for one in tried:
        counted["records"] += 1
        counted["decisions_now"] += one.decided_now
        counted["decisions_then"] += one.decided_then
        counted["values"] += len(one.changes)
        counted["opens"] += len(one.opens)
        counted["ends"] += len(one.ends)
        counted["unreplayable"] += one.why is not None
    return dict(counted)


_COUNTS = {
    "records": ("条记录", "records"),
    "decisions_now": ("个裁定（现规则）", "decisions under the rules as they were"),
    "decisions_then": ("个裁定（新规则）", "under the new ones"),
    "values": ("个值不同", "values differ"),
    "opens": ("个争议将出现", "disputes would open"),
    "ends": ("个争议将不再出现", "disputes would not open"),
    "unreplayable": ("条无法重放", "could not be replayed"),
}


def _summary(counted: Mapping[str, int]) -> str:
    zh = "，".join(f"{counted[name]} {words[0]}" for name, words in _COUNTS.items())
    en = ", ".join(f"{counted[name]} {words[1]}" for name, words in _COUNTS.items())
    return f"{zh}\n{en}"
