"""
Public reports from the command line 随手拍与举报人: who looked at contacts, and forgetting those past their day.
"""

import json

import click
import msgspec

from schemas.explain import errors_of_value
from schemas.fields import Id
from schemas.problems import Refusal
from server.commands.at_the_desk import reading, refusing
from server.commands.common import (
    as_json,
    in_district,
    now_ms,
    open_store,
    pick_district,
    read_settings,
    show,
    telling,
    when,
)
from server.usecases.at_the_desk import operators_desk
from server.usecases.forget_contacts import forget_contacts
from server.usecases.list_contact_views import SoughtViews, list_contact_views
from server.usecases.office_reports import MAX_LIMIT


@click.group("reports")
def reports() -> None:
    """随手拍、热线与举报人。Reports of the public, and who sent them."""


@reports.command("views")
@click.option("--report", help="只看一件（问题编号或建议编号）。Of one report only, by its id.")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="最多条数。At most.")
@click.option("--after", help="接着上一页。The next page.")
@in_district
@as_json
@telling
@refusing
def views(report: str | None, limit: int, after: str | None, district: str | None, as_json: bool) -> None:
    """谁在何时、因何查看过举报人联系方式，最近的在前。Who looked at contacts, when, why; the latest first."""
    if report is not None and (wrong := errors_of_value(Id(), report, "report")):
        raise Refusal("invalid_request", wrong)
    store = open_store()
    with reading(store, district) as work:
        page = list_contact_views(work, operators_desk(work), SoughtViews(report, limit, after), now_ms())
    rows = [msgspec.to_builtins(one) for one in page.views]
    shown = rows if as_json else [row | {"at": when(row["at_ms"]), "by": row["person_name"] or row["person"],
                                         "about": row["case_no"] or row["report"]} for row in rows]  # fmt: skip
    show(shown, {"at": "时间", "by": "查看人", "about": "问题或建议", "why": "原因"}, json_wanted=as_json)
    if page.after:
        click.echo(f"还有更多 There are more: --after {page.after}", err=as_json)


@reports.command("forget")
@click.option("--days", type=click.IntRange(1), help="办结后保留天数，默认按设置。Days after it was over; as set.")
@click.option("--dry-run", is_flag=True, help="只列出，不删除。Say which would go, delete nothing.")
@in_district
@as_json
@telling
def forget(days: int | None, dry_run: bool, district: str | None, as_json: bool) -> None:
    """删除办结已久的举报人联系方式；每小时自动做一次。Forget contacts of what has long been over."""
    settings = read_settings()
    store = open_store(settings)
    keep = settings.keep_contacts_days if days is None else days
    gone = forget_contacts(store, pick_district(store, district), keep, now_ms(), dry_run=dry_run)
    if as_json:
        click.echo(json.dumps({"days": keep, "dry_run": dry_run, "reports": gone}))
    elif dry_run:
        click.echo(f"办结满 {keep} 天，将删除联系方式 would be forgotten: {len(gone)}")
        click.echo("只是查看，没有删除。Nothing was deleted.")
    else:
        click.echo(f"办结满 {keep} 天，已删除联系方式 forgotten: {len(gone)}")
