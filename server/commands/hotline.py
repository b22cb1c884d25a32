"""
The hotline from the command line 热线: a clerk takes down a call while it is remembered.
"""

import json

import click

from schemas import grid
from schemas.cases import PROBLEM_CLASSES
from schemas.explain import Errors, errors_of_value
from schemas.fields import Phone, Place, Text
from schemas.grid import Level
from schemas.moments import ms_of
from schemas.problems import Refusal
from server.commands.at_the_desk import refusing
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, telling
from server.commands.conflicts import Called
from server.core.importing.cells import BadCell
from server.core.sources.findings import moment
from server.core.sources.masking import masked
from server.storage.store import Store
from server.usecases.at_the_desk import Desk, desk_of
from server.usecases.import_findings import areas_of
from server.usecases.manage_people import find_person
from server.usecases.take_call import MAX_PLACE, MAX_TEXT, Call, take_call

_CLASSES = {word: known.zh for word, known in PROBLEM_CLASSES.items()}
_FORM = {"number": Phone(), "grid": Place(), "place": Text(1, MAX_PLACE), "text": Text(1, MAX_TEXT)}


@click.group("hotline")
def hotline() -> None:
    """热线登记。Calls to the hotline."""


@hotline.command("add")
@click.option("--at", help="来电时间，如 2020-07-18 09:12；默认此刻。When it came; now by default.")
@click.option("--number", help="来电号码；未显示的不写。The caller's number, unless it was withheld.")
@click.option(
    "--grid", "where", required=True, help="街道名称，或街道、社区、网格、区代码。A street's name, or a code."
)
@click.option("--place", help="地点文字。Where, in words.")
@click.option("--text", required=True, help="反映内容。What was said.")
@click.option("--class", "class_", type=Called(_CLASSES), default="other", help="问题类别。The class of problem.")
@click.option("--as", "as_person", required=True, metavar="PERSON", help="接线人：工号、姓名或编号。Who took it.")
@in_district
@as_json
@telling
@refusing
def add(
    at: str | None, number: str | None, where: str, place: str | None, text: str, class_: str, as_person: str,
    district: str | None, as_json: bool,
) -> None:  # fmt: skip
    """登记一通来电，立即成为问题；案卷只显示打码的号码。Take down a call; the case shows its number masked."""
    store, now = open_store(), now_ms()
    desk = _desk(store, pick_district(store, district), as_person)
    given = {"number": number, "grid": _code(store, desk.district, where), "place": place, "text": text}
    _check(given)
    called_ms = _called_ms(at, now)
    call = Call(called_ms, number, str(given["grid"]), place, text, class_)
    case = take_call(store, desk, None, call, now)
    _say(store, desk.district, case, number, as_json=as_json)


def _desk(store: Store, district: str, who: str) -> Desk:
    with store.work(district, writing=False) as work:
        return desk_of(work, find_person(work, who))


def _code(store: Store, district: str, text: str) -> str:
    """Return the code of the place that *text* names, a code itself or the name of a street."""
    if text.isascii() and text.isdigit() and grid.is_code(text):
        return text
    try:
        return areas_of(store, district).code_of(text, Level.STREET, district)
    except BadCell as bad:
        raise Refusal("invalid_request", {"grid": [bad.error]}) from bad


def _check(given: dict[str, str | None]) -> None:
    found: Errors = {}
    for name, value in given.items():
        if value is not None:
            found |= errors_of_value(_FORM[name], value, name)
    if found:
        raise Refusal("invalid_request", found)


def _called_ms(at: str | None, now: int) -> int:
    if at is None:
        return now
    try:
        return ms_of(moment(at))
    except BadCell as bad:
        raise Refusal("invalid_request", {"at": [bad.error]}) from bad


def _say(store: Store, district: str, case: str, number: str | None, *, as_json: bool) -> None:
    with store.work(district, writing=False) as work:
        record = work.records.get([case]).get(case)
    case_no = str(record.fields.get("case_no") or "") if record is not None else ""
    if as_json:
        click.echo(json.dumps({"case": case, "case_no": case_no or None}))
        return
    shown = masked(number) if number else "号码未显示 withheld"
    click.echo(f"已登记 taken down: {case_no or case} ({shown})")
    if case_no:
        click.echo(case)
