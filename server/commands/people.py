"""
People and their roles, from the command line 人员管理.
"""

from typing import Any

import click

from schemas.roles import Role
from server.commands.common import (
    as_json,
    day,
    in_district,
    now_ms,
    open_store,
    pick_district,
    plain,
    show,
    telling,
    when,
)
from server.storage.people import Account, Held
from server.usecases.manage_people import add_person, end_grants, grant_role, stop_person
from server.values import Grant


def role_named(text: str) -> Role:
    """Return a role by its word or as offices call it; the type of an argument."""
    for role in Role:
        if text in (role.value, role.zh):
            return role
    listed = "、".join(f"{role.zh}({role.value})" for role in Role)
    raise click.BadParameter(f"没有身份“{text}”，有：{listed}。There is no role '{text}'.")


@click.group("people")
def people() -> None:
    """人员、身份与责任区域。People, their roles and areas."""


@people.command("add")
@click.argument("name")
@click.option("--code", help="工号。Staff number.")
@click.option("--title", default="", help="职务。Title.")
@click.option("--unit", default="", help="单位。Unit.")
@click.option("--phone", help="电话。Telephone; never leaves the server.")
@in_district
@telling
def add(name: str, code: str | None, title: str, unit: str, phone: str | None, district: str | None) -> None:
    """增加一名人员。Add a person."""
    store = open_store()
    account = Account("", name, title, unit, phone, code)
    added = add_person(store, pick_district(store, district), account, now_ms())
    click.echo(f"已增加 Added: {added.name} {added.code or ''} {added.id}")


@people.command("list")
@click.option("--all", "everybody", is_flag=True, help="包括已停用的。Stopped ones too.")
@in_district
@as_json
@telling
def list_people(everybody: bool, district: str | None, as_json: bool) -> None:
    """列出人员及其现有身份。List people with what they hold now."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        accounts, held = work.people.all(), work.people.held()
    now = now_ms()
    rows = [_row(account, held, now) for account in accounts if everybody or account.stopped_ms is None]
    headings = {
        "code": "工号", "name": "姓名", "title": "职务", "unit": "单位", "roles": "身份", "stopped": "停用",
        "id": "编号",
    }  # fmt: skip
    show(rows, headings, json_wanted=as_json)


@people.command("stop")
@click.argument("person")
@in_district
@telling
def stop(person: str, district: str | None) -> None:
    """停用账号：之后上传的内容进隔离区。Stop an account; what arrives later is kept aside."""
    store = open_store()
    stopped = stop_person(store, pick_district(store, district), person, now_ms())
    click.echo(f"已停用 Stopped: {stopped.name} {when(stopped.stopped_ms)}")


@people.command("grant")
@click.argument("person")
@click.argument("role", type=role_named)
@click.argument("area")
@click.option("--from", "from_ms", type=day, help="开始日期，默认现在。From this day; now by default.")
@click.option("--to", "to_ms", type=day, help="到此日零时为止。Until the beginning of this day.")
@click.option("--unit", help="代表哪个部门或单位办理，如 dept_urban。The department he acts for.")
@in_district
@telling
def grant(
    person: str, role: Role, area: str, from_ms: int | None, to_ms: int | None, unit: str | None, district: str | None
) -> None:
    """授予身份和责任区域。Give a role in an area."""
    store, now = open_store(), now_ms()
    wanted = Grant(role, area, now if from_ms is None else from_ms, to_ms, unit)
    held = grant_role(store, pick_district(store, district), person, wanted, now)
    click.echo(plain(f"已授予 Granted: {_told(held.grant)}"))
    if held.grant.role is Role.DEPARTMENT and held.grant.unit is None:
        click.echo(
            "注意：没有写明部门（--unit），可以检查，但不能签收、整改派给部门的问题。"
            "No --unit: he may record checks, but not sign for the department's cases."
        )


@people.command("end-grant")
@click.argument("person")
@click.argument("role", type=role_named, required=False)
@click.argument("area", required=False)
@click.option("--at", "at_ms", type=day, help="到此日零时为止，默认现在。Ends as this day begins; now by default.")
@in_district
@telling
def end_grant(person: str, role: Role | None, area: str | None, at_ms: int | None, district: str | None) -> None:
    """结束身份（不写身份则结束全部）。End a role; all of them where none is named."""
    store, now = open_store(), now_ms()
    ended = end_grants(store, pick_district(store, district), person, role, area, now if at_ms is None else at_ms, now)
    for held in ended:
        click.echo(f"已结束 Ended: {_told(held.grant)}")
    click.echo(f"共 {len(ended)} 项 {len(ended)} in all")


def _row(account: Account, held: list[Held], now: int) -> dict[str, Any]:
    roles = [_told(h.grant) for h in held if h.person == account.id and h.grant.holds_at(now)]
    return {
        "id": account.id, "code": account.code, "name": account.name, "title": account.title,
        "unit": account.unit, "roles": roles, "stopped": when(account.stopped_ms),
    }  # fmt: skip


def _told(grant: Grant) -> str:
    until = f" 至 {when(grant.to_ms)}" if grant.to_ms is not None else ""
    for_unit = f"（{grant.unit}）" if grant.unit else ""
    return f"{grant.role.zh}@{grant.area}{for_unit}{until}"
