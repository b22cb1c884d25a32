"""
The ledger from the command line 问题台账: lists, one case, acts in somebody's name, figures, and making it anew.
"""

from typing import Any

import click
import msgspec

from schemas.cases import PROBLEM_CLASSES, SEVERITIES, SOURCES
from schemas.explain import errors_of_value
from schemas.fields import Id
from schemas.grid import is_code
from schemas.lights import LIGHTS
from schemas.workflow import CASE
from server.commands.at_the_desk import desk_for, reading, refusing, say, say_or_json
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, show, telling
from server.commands.conflicts import Called, as_person
from server.commands.ledger_words import act_lines, case_lines, dispatched_lines, figures_lines, list_lines
from server.storage.unit_of_work import UnitOfWork
from server.usecases.act_on_case import MAX_ITEMS, Asked, ToDispatch, act_on_case, dispatch_cases
from server.usecases.at_the_desk import Desk
from server.usecases.ledger_figures import ledger_figures
from server.usecases.list_cases import MAX_LIMIT, Sought, count_cases, found_case, list_cases, named_cases
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.usecases.name_units import unit_called
from server.usecases.rebuild_ledger import rebuild_ledger, strays
from server.usecases.show_case import show_case, show_next_acts

_LIGHTS: dict[str, str] = {word: zh for word, (zh, _) in LIGHTS.items()}
_CLASSES = {word: known.zh for word, known in PROBLEM_CLASSES.items()}
_ACTS = {name: step.zh for name, step in CASE.acts.items()}
_SORTS = ("found", "oldest", "due", "closed", "number", "returns")
_DAY = click.DateTime(["%Y-%m-%d"])
_MOST_STRAYS = 50

in_whose_name = click.option(
    "--as", "as_person", required=True, metavar="PERSON", help="以谁的身份：工号、姓名或编号。In this person's name."
)


@click.group("ledger")
def ledger() -> None:
    """问题台账：清单、案卷、办理、指标。The ledger of problems, from found to struck off."""


@ledger.command("list")
@click.option("--area", help="区划代码。Only here.")
@click.option("--state", "states", type=Called(CASE.states), multiple=True, help="状态，可重复。State.")
@click.option("--light", "lights", type=Called(_LIGHTS), multiple=True, help="亮灯，可重复。Light.")
@click.option("--class", "classes", type=Called(_CLASSES), multiple=True, help="问题类别，可重复。Class.")
@click.option("--severity", "severities", type=Called(SEVERITIES), multiple=True, help="严重程度。Severity.")
@click.option("--source", "sources", type=Called(SOURCES), multiple=True, help="问题来源，可重复。Source.")
@click.option("--lead", "leads", multiple=True, help="主办单位代码，可重复。Lead unit.")
@click.option("--owner", help="责任人：工号、姓名或编号。Who is answerable.")
@click.option("--found", nargs=2, type=_DAY, help="发现日期：从 到（含）。Found from, to.")
@click.option("--due", nargs=2, type=_DAY, help="整改时限：从 到（含）。Due from, to.")
@click.option("--closed", nargs=2, type=_DAY, help="销号日期：从 到（含）。Struck off from, to.")
@click.option("--overdue", is_flag=True, help="只看超期。Overdue ones only.")
@click.option("--returned", is_flag=True, help="只看退回过的。Returned ones only.")
@click.option("--void", is_flag=True, help="只看已作废。Voided ones instead.")
@click.option("--find", "text", help="检索：编号、点位、描述或拼音首字母。Words, or pinyin initials.")
@click.option("--sort", type=click.Choice(_SORTS), default="found", show_default=True, help="排序。Order.")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="最多件数。At most.")
@click.option("--after", help="接着上一页。The next page.")
@as_person
@in_district
@as_json
@telling
@refusing
def list_all(as_person: str | None, owner: str | None, district: str | None, as_json: bool, **asked: Any) -> None:
    """列出问题；可见范围随 --as，不写则为全区。List cases; of the whole district without --as."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk = desk_for(work, as_person)
        asked["leads"] = tuple(unit_called(work, text) for text in asked["leads"])
        sought = Sought(**_meant(asked), owner=find_person(work, owner).id if owner else None)
        page = list_cases(work, desk, sought, now)
    if as_json:
        show(msgspec.to_builtins(page.cases), {}, json_wanted=True)
    else:
        say(list_lines(page.cases, now))
    if page.after:
        click.echo(f"还有更多 There are more: --after {page.after}", err=as_json)


@ledger.command("count")
@click.option("--area", help="区划代码。Only here.")
@as_person
@in_district
@as_json
@telling
@refusing
def count(area: str | None, as_person: str | None, district: str | None, as_json: bool) -> None:
    """各状态、各灯的件数，以此刻为准。How many cases in each state and light, as of now."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        counts = count_cases(work, desk_for(work, as_person), Sought(area=_area(area)), now)
    rows = [{"state": one.state, "state_zh": one.zh, "cases": one.cases, **one.lights} for one in counts.states]
    show(rows, {"state_zh": "状态", "state": "state", "cases": "件数", **_LIGHTS}, json_wanted=as_json)


@ledger.command("show")
@click.argument("case")
@click.option("--all", "everything", is_flag=True, help="也列出不能办的及原因。Also what is not possible, and why.")
@as_person
@in_district
@as_json
@telling
@refusing
def show_one(case: str, everything: bool, as_person: str | None, district: str | None, as_json: bool) -> None:
    """显示一件问题（编号或 id），可直接宣读；加 --as 并列出可办的操作。Everything about one; with --as its acts."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk = desk_for(work, as_person)
        known = _known(work, desk, case, now)
        told = show_case(work, desk, known, now)
        acts = show_next_acts(work, desk, known, None, now).acts if as_person else []
    lines = [*case_lines(told, now), *(act_lines(acts, everything=everything) if as_person else ())]
    say_or_json({"case": told, "acts": acts}, lines, json_wanted=as_json)


@ledger.command("act")
@click.argument("case")
@click.argument("act", type=Called(_ACTS), metavar="ACT")
@click.option("--reason", help="理由。Why.")
@click.option("--photo", "photos", multiple=True, help="照片的 SHA-256，可重复。A photo that proves it.")
@click.option("--into", help="并案：主案的编号。Of a merger the case that stays.")
@click.option(
    "--set", "details", multiple=True, metavar="NAME=VALUE", help="所需内容，如 lead=dept_urban。What it asks for."
)
@click.option("--version", type=click.IntRange(0), help="所见版本。The version seen.")
@in_whose_name
@in_district
@as_json
@telling
@refusing
def act(
    case: str, act: str, reason: str | None, photos: tuple[str, ...], into: str | None, details: tuple[str, ...],
    version: int | None, as_person: str, district: str | None, as_json: bool,
) -> None:  # fmt: skip
    """办理，以本人的权限，如：ledger act HZ-2020-河北-00123 派遣 --set lead=dept_urban --as 钱伟。Act on a case."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk = desk_for(work, as_person)
        known, goal = _known(work, desk, case, now), _known(work, desk, into, now) if into else None
        said = _details(work, act, details)
    asked = Asked(act, reason, photos, goal, said, None, version)
    acted = act_on_case(store, desk, known, None, asked, now)
    decided = [said for one in acted.decisions for said in (one.get("zh"), one.get("en")) if said]
    done = f"已{_ACTS[act]} done: {act}，版本 version {acted.version}"
    say_or_json(acted, [done, *list_lines([acted.case], now), *decided], json_wanted=as_json)


@ledger.command("dispatch")
@click.argument("cases", nargs=-1, required=True)
@click.option("--lead", help="主办单位代码；不写则按派遣规则。The lead unit; by the rules where it is left out.")
@click.option("--assist", multiple=True, help="协办单位代码，可重复。A unit that helps.")
@click.option("--due", help="指定的整改时限，如 2020-07-18T17:30:00+08:00。A date that an order names.")
@in_whose_name
@in_district
@as_json
@telling
@refusing
def dispatch(
    cases: tuple[str, ...], lead: str | None, assist: tuple[str, ...], due: str | None, as_person: str,
    district: str | None, as_json: bool,
) -> None:  # fmt: skip
    """批量派遣：逐件给出结果；有未派出的返回 1。Dispatch many; each has its own verdict; 1 where one was refused."""
    if len(cases) > MAX_ITEMS:
        raise Mistake(f"一次最多 {MAX_ITEMS} 件。", f"At most {MAX_ITEMS} at once.")
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk = desk_for(work, as_person)
        known = [_known(work, desk, case, now) for case in cases]
        lead, helping = lead and unit_called(work, lead), [unit_called(work, one) for one in assist]
    details = {"lead": lead, "assist": helping or None, "due_at": due}
    said = {name: value for name, value in details.items() if value}
    done = dispatch_cases(store, desk, [ToDispatch(case, said) for case in known], None, now)
    summary = f"已派遣 dispatched {done.dispatched}，未派出 refused {done.refused}"
    say_or_json(done, [*dispatched_lines(done.cases), summary], json_wanted=as_json)
    if done.refused:
        raise SystemExit(1)


@ledger.command("figures")
@click.option("--period", nargs=2, type=_DAY, required=True, help="首日 末日（含）。The first and the last day.")
@click.option("--by", type=click.Choice(["lead", "street"]), help="按主办单位或街道。By lead unit or street.")
@click.option("--area", help="区划代码。Only here.")
@as_person
@in_district
@as_json
@telling
@refusing
def figures(
    period: tuple[Any, Any], by: Any, area: str | None, as_person: str | None, district: str | None, as_json: bool
) -> None:
    """指标：各状态件数、亮灯、按期整改率、整改率、返工率。Counts, lights and the rates of a period."""
    store, now = open_store(), now_ms()
    days = _days(period)
    with reading(store, district) as work:
        told = ledger_figures(work, desk_for(work, as_person), Sought(area=_area(area)), (days[0], days[1]), by, now)
    say_or_json(told, figures_lines(told), json_wanted=as_json)


@ledger.command("rebuild")
@click.option(
    "--dry-run", is_flag=True, help="只核对，不写入；有出入时返回 1。Only compare; 1 where something differs."
)
@in_district
@telling
def rebuild(dry_run: bool, district: str | None) -> None:
    """由记录重建台账；各平板照常同步。Make the ledger's rows anew from the records; tablets sync meanwhile."""
    store = open_store()
    place = pick_district(store, district)
    if dry_run:
        found = list(strays(store, place))
        say(f"{one.case} {one.what}：{one.stored} → {one.made}" for one in found[:_MOST_STRAYS])
        click.echo(f"共 {len(found)} 处出入 {len(found)} things differ")
        if found:
            raise SystemExit(1)
        return
    told = rebuild_ledger(store, place, lambda done: click.echo(f"\r{done}", nl=False, err=True))
    click.echo("", err=True)
    click.echo(f"{told.cases} 件问题，改正 {told.mended} 行，删除 {told.removed} 行")
    click.echo(f"{told.cases} cases, {told.mended} rows mended, {told.removed} removed")


# -- what was typed ---------------------------------------------------------------------------------


def _known(work: UnitOfWork, desk: Desk, typed: str, now: int) -> str:
    """
    Return the id meant by *typed*: an id, a number, or the beginning of an id.

    Raises:
        Refusal: ``case_unknown``.
        Mistake: it is the beginning of several.
    """
    if not errors_of_value(Id(), typed):
        return found_case(work, desk, typed, now).id
    found = named_cases(work, desk, typed, now)
    if len(found) == 1:
        return found[0]
    if found:
        raise Mistake(
            f"“{typed}”对应多件，请写得更完整：{'、'.join(found)}", f"'{typed}' stands for several; write more of it."
        )
    raise Mistake(
        f"台账里没有“{typed}”，或不在可见范围内；可写问题编号、id 或 id 开头 4 位以上。",
        f"There is no case '{typed}'; name its number, its id, or 4 signs of its id.",
    )


def _meant(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a list as the list takes them."""
    _area(asked["area"])
    days = {name: _days(asked.pop(name)) for name in ("found", "due", "closed")}
    return asked | {name: given for name, given in days.items() if given != (None, None)}


def _days(given: Any) -> tuple[Any, Any]:
    return (given[0].strftime("%Y-%m-%d"), given[1].strftime("%Y-%m-%d")) if given else (None, None)


def _area(area: str | None) -> str | None:
    if area is not None and not is_code(area):
        raise Mistake(f"“{area}”不是区划代码。", f"'{area}' is no area's code.")
    return area


def _details(work: UnitOfWork, act: str, typed: tuple[str, ...]) -> dict[str, Any]:
    """Return what was typed as NAME=VALUE: lists of several, numbers as numbers, words, units and people by names."""
    details: dict[str, Any] = {}
    for one in typed:
        name, sign, value = (part.strip() for part in one.partition("="))
        if not sign:
            raise Mistake(f"“{one}”应写成 名称=内容。", f"'{one}' must be NAME=VALUE.")
        shape = CASE.acts[act].takes.get(name)
        if shape is None:
            listed = "、".join(f"{known.metadata['label']} {word}" for word, known in CASE.acts[act].takes.items())
            raise Mistake(f"“{_ACTS[act]}”用不上 {name}；可以写：{listed or '无'}。", f"'{act}' takes no '{name}'.")
        kind = type(shape).__name__
        if "Unit" in (kind, type(getattr(shape, "inner", None)).__name__):
            value = unit_called(work, value)
        elif kind == "Id":
            value = find_person(work, value).id
        words = {zh: word for word, zh in getattr(shape, "labels", {}).items()}
        if kind == "Many":
            details.setdefault(name, []).append(value)
        else:
            details[name] = (
                int(value) if kind == "Whole" and value.isascii() and value.isdigit() else words.get(value, value)
            )
    return details
