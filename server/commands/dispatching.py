"""
Which unit leads which problems, from the command line 派遣规则.
"""

from datetime import date
from pathlib import Path
from typing import Any

import click

from schemas.cases import SEVERITIES
from schemas.dispatching import LEADS, SIDES, TARGETS, Rule, english_about, words_about
from schemas.moments import day_of
from schemas.parts import FUNCTIONAL_UNITS
from server.commands.calendar import with_reason
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, show, telling, when
from server.commands.limits import class_named
from server.commands.typed import day_named
from server.commands.units import tell_wrong
from server.usecases.manage_calendar import Said
from server.usecases.manage_dispatching import as_csv, bring_rules, in_words, rules_on, set_rule, try_case
from server.usecases.read_table import read_table

_HEADINGS = {
    "whose": "来源", "about": "问题", "functional": "属事部门", "leads": "主办方", "assist": "协办", "valid_from": "起",
    "valid_to": "止",
}  # fmt: skip


def unit_named(text: str) -> str:
    """Return a department, or ``street``, by its word or as people call it; the type of an option."""
    for word, zh in FUNCTIONAL_UNITS.items():
        if text in (word, zh, zh.partition("（")[0]):
            return word
    listed = "、".join(f"{zh}({word})" for word, zh in FUNCTIONAL_UNITS.items())
    raise click.BadParameter(f"没有属事部门“{text}”，有：{listed}。There is no department '{text}'.")


@click.group("dispatch-rules")
def dispatch_rules() -> None:
    """派遣规则：哪类问题建议由谁主办。Which unit is suggested to lead which problems."""


@dispatch_rules.command("list")
@click.option("--on", "day", type=day_named, help="哪一天有效的，默认今天。What counts on this day.")
@click.option("--history", is_flag=True, help="本区写过的每一条。Every rule the district ever wrote.")
@in_district
@as_json
@telling
def list_rules(day: date | None, history: bool, district: str | None, as_json: bool) -> None:
    """列出有效的规则：本区的在前，通用的在后。List what counts: the district's rules over the standard ones."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        if history:
            _show_history(work.dispatching.all(), as_json)
            return
        own, standard = rules_on(work, day.isoformat() if day else _today())
    rows = [("district", "本区", rule) for rule in own] + [("standard", "通用", rule) for rule in standard]
    if as_json:
        show([{"by": by, **rule._asdict()} for by, _, rule in rows], {}, json_wanted=True)
        return
    show([{"whose": whose} | _told(rule) for _, whose, rule in rows], _HEADINGS, json_wanted=False)


@dispatch_rules.command("set")
@click.argument("functional", type=unit_named, required=False)
@click.option("--class", "problem_class", type=class_named, help="问题类别。Class of problems.")
@click.option("--target", type=click.Choice(list(TARGETS)), help="对象。What it is about.")
@click.option("--kind", help="对象类型，如 sidewalk、catering。Kind of that target.")
@click.option("--side", type=click.Choice(list(SIDES)), help="车行道或人行道。Side of the road.")
@click.option("--severity", type=click.Choice(list(SEVERITIES)), help="严重程度。Severity.")
@click.option("--area", help="区划代码，如一个街道。Only in this area.")
@click.option("--leads", type=click.Choice(list(LEADS)), default="functional", help="属事或属地主办。Who leads.")
@click.option("--assist", multiple=True, help="协办单位，可重复。Units that help; may be repeated.")
@click.option("--from", "valid_from", type=day_named, help="从这天起，默认今天。From this day on; today by default.")
@click.option("--to", "valid_to", type=day_named, help="到这天为止（含）。Until this day.")
@click.option("--withdraw", is_flag=True, help="撤回本区的这条规则。Take the district's rule on this back.")
@with_reason
@in_district
@telling
def set_one(
    functional: str | None, withdraw: bool, reason: str, by: str, district: str | None, assist: tuple[str, ...],
    leads: str, **said: Any,
) -> None:  # fmt: skip
    """写一条规则，如：dispatch-rules set 交警大队 --class 机动车乱停放。Write a rule; it binds nobody."""
    if (functional is None) is not withdraw:
        raise click.UsageError(
            "请写属事部门，或用 --withdraw 撤回。Name a department, or take a rule back: --withdraw."
        )
    store = open_store()
    given: dict[str, Any] = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in said.items() if value
    }
    rule = Rule(functional=functional, leads=leads if functional else None, assist=assist, valid_from=_today())
    rule = rule._replace(**given)
    written = set_rule(store, pick_district(store, district), rule, Said(reason, by, now_ms()))
    done = "已撤回 Taken back" if withdraw else "已写入 Written"
    click.echo(plain(f"{done}: {words_about(written.rule)} {english_about(written.rule)}"))


@dispatch_rules.command("try")
@click.argument("case")
@in_district
@as_json
@telling
def try_one(case: str, district: str | None, as_json: bool) -> None:
    """按今天的规则，这个问题建议由谁主办；不写入。Whom today's rules suggest for a case; nothing is written."""
    store = open_store()
    found = try_case(store, pick_district(store, district), case, now_ms())
    if as_json:
        show([found._asdict() | {"rule": found.rule._asdict() if found.rule else None}], {}, json_wanted=True)
        return
    click.echo(plain(f"{found.zh}\n{found.en}"))


@dispatch_rules.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="只检查，不写入。Find out, write nothing.")
@with_reason
@in_district
@telling
def bring_in(file: Path, dry_run: bool, reason: str, by: str, district: str | None) -> None:
    """从 CSV 或 Excel 导入；有一行错误就全部不写。Bring a table in; one wrong row stops everything."""
    store = open_store()
    said = Said(reason, by, now_ms())
    brought = bring_rules(store, pick_district(store, district), read_table(file), said, dry_run=dry_run)
    tell_wrong(brought.wrong)
    done = "只检查 dry run" if dry_run else "已写入 written"
    kept = "有错误，全部未写入 nothing was written" if brought.wrong else done
    click.echo(
        f"{kept}：新增 new {len(brought.new)}，未变 unchanged {brought.unchanged}，错误 wrong {len(brought.wrong)}"
    )
    if brought.wrong:
        raise SystemExit(1)


@dispatch_rules.command("export")
@click.option("--on", "day", type=day_named, help="哪一天有效的，默认今天。What counts on this day.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写入文件。Into this file.")
@in_district
@telling
def hand_out(day: date | None, out: Path | None, district: str | None) -> None:
    """导出为 CSV，可修改后再导入。As a table that can be changed and brought in again."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        own, standard = rules_on(work, day.isoformat() if day else _today())
    text = as_csv([*standard, *own])
    if out is None:
        click.echo(text.removeprefix("\ufeff"), nl=False)
        return
    out.write_text(text, encoding="utf-8", newline="")
    click.echo(f"已写入 Written: {out}")


def _show_history(written: list[Any], as_json: bool) -> None:
    if as_json:
        show([one._asdict() | {"rule": one.rule._asdict()} for one in written], {}, json_wanted=True)
        return
    rows = [{"at": when(one.at_ms), "reason": one.reason} | _told(one.rule) for one in written]
    show(rows, {"at": "时间"} | _HEADINGS | {"reason": "依据"}, json_wanted=False)


def _told(rule: Rule) -> dict[str, str]:
    told = in_words(rule) | {"about": words_about(rule)}
    return told if rule.functional else told | {"functional": "（撤回 taken back）"}


def _today() -> str:
    return day_of(now_ms())
