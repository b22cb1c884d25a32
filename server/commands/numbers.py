"""
The numbers people use 编号: what they begin with, how far each series is, which record goes by one.
"""

import click

from schemas.wording import title_of
from server.commands.calendar import with_reason
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, show, telling
from server.usecases.manage_calendar import Said
from server.usecases.manage_numbers import find_numbered, series_of, set_letters

_HEADINGS = {"series": "编号", "last": "已用到", "mark": "恢复标记"}
_FOUND = {"title": "类型", "id": "记录", "grid": "网格", "void": "作废"}


@click.group("numbers")
def numbers() -> None:
    """编号：问题、巡查、督办单。The numbers of cases, checks and orders."""


@numbers.command("list")
@in_district
@as_json
@telling
def list_series(district: str | None, as_json: bool) -> None:
    """列出各系列用到几号。How far each series has been given out."""
    store = open_store()
    letters, series = series_of(store, pick_district(store, district))
    if not as_json:
        click.echo(plain(f"问题 Cases: {letters.cases}-…  督办单 Orders: {letters.orders}督〔…〕…号"))
    show([one._asdict() for one in series], _HEADINGS, json_wanted=as_json)


@numbers.command("letters")
@click.option("--cases", metavar="HZ", help="问题编号的字母。What the numbers of cases begin with.")
@click.option("--orders", metavar="海创卫", help="督办单、交办单的机关代字。What those of orders begin with.")
@with_reason
@in_district
@telling
def letters_command(cases: str | None, orders: str | None, reason: str, by: str, district: str | None) -> None:
    """改编号的字头；已有的编号不变。Let numbers begin otherwise from now on; what has one keeps it."""
    store = open_store()
    letters = set_letters(store, pick_district(store, district), Said(reason, by, now_ms()), cases, orders)
    click.echo(plain(f"今后 From now on: {letters.cases}-…  {letters.orders}督〔…〕…号"))


@numbers.command("find")
@click.argument("number")
@in_district
@as_json
@telling
def find(number: str, district: str | None, as_json: bool) -> None:
    """按编号找记录。Find the record that goes by a number."""
    store = open_store()
    found = find_numbered(store, pick_district(store, district), number)
    rows = [one._asdict() | {"title": title_of(one.type)} for one in found]
    told = [row | {"void": "是 yes" if row["void"] else ""} for row in rows]
    show(rows if as_json else told, _FOUND, json_wanted=as_json)
