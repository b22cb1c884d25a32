"""
Making a record of any kind 新建: a cleaning day, a task, a key place; a check is made with ``record``.
"""

from functools import partial

import click

from schemas.checks.common import CheckSchema
from schemas.records import TYPES
from schemas.wording import english, fields_of, label_of, title_of
from sync_client.client import FieldClient
from sync_client.commands import filters
from sync_client.commands.filters import Changes
from sync_client.commands.looking import tell_record
from sync_client.commands.naming import meant
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import GOOD
from sync_client.labels import NotUnderstood, allowed, type_called

#: Whom and what the office keeps; a tablet only reads it.
_OF_THE_OFFICE = frozenset({"area", "person", "unit", "dispatch_rule"})
_AREA_DIGITS = 6


@click.command("new")
@click.argument("type_name", metavar="TYPE")
@click.argument("texts", metavar="FIELD=VALUE...", nargs=-1)
@click.option("--grid", metavar="CODE", help="所在网格或区划，默认本人责任区 where it lies; else your own area")
@pass_session
def new_command(session: Session, type_name: str, texts: tuple[str, ...], grid: str | None) -> None:
    """
    新建一条记录。 Make a record.

    TYPE 为类型名或中文名，如 清扫日、行动任务、小区；检查请用 record。

    \b
    gridward new 清扫日 日期=2020-07-25 主题=清理楼道 清扫点位=东门
    gridward new 行动任务 所属行动=创卫百日会战 责任单位=210902005 任务内容=清理楼道 完成时限=2020-07-20
    gridward new 行动任务 … 时间表=动员,2020-07-15 时间表=清理,2020-07-19
    """
    kind = type_called(type_name)
    _refuse_others(kind)
    with session.tablet() as client:
        place = grid or _own_area(client)
        written = filters.changed(kind, {}, texts, partial(meant, client))
        _refuse_unfinished(kind, written)
        made = client.create(kind, grid=place, set=written.set, add=written.add, share=written.share)

        def tell() -> None:
            session.voice.say(f"已存到本机：{title_of(kind)}", "saved on this tablet", GOOD)
            tell_record(session.voice, client, made)

        session.voice.answer(made, tell)


def _refuse_others(kind: str) -> None:
    if issubclass(TYPES[kind].schema, CheckSchema):
        raise NotUnderstood("检查请用 gridward record。", "Make a check with gridward record.")
    if kind in _OF_THE_OFFICE:
        raise NotUnderstood(f"{title_of(kind)}由办公室维护。", f"The office keeps the {english(kind)} records.")


def _own_area(client: FieldClient) -> str:
    """
    Return the area of whoever works now.

    Raises:
        NotUnderstood: Nobody works, or he has several: which is meant has to be said.
    """
    areas = {held.area for person in client.people() if person.current for held in person.roles}
    places = sorted(area for area in areas if len(area) >= _AREA_DIGITS)
    if len(places) == 1:
        return places[0]
    listed = "、".join(places) or "—"
    raise NotUnderstood(
        f"请用 --grid 写明所在区划：{listed}。", f"Say where with --grid: {', '.join(places) or 'none'}."
    )


def _refuse_unfinished(kind: str, written: Changes) -> None:
    """
    Refuse a record that lacks something, before it is made.

    Raises:
        NotUnderstood: The first such field, with what it is called.
    """
    given = written.set.keys() | written.add.keys() | written.share.keys()
    missing = [name for name, field in fields_of(kind).items() if field.required and name not in given]
    if missing:
        fields = fields_of(kind)
        listed = "、".join(f"{label_of(fields[name], name)}（{name}）" for name in missing)
        raise NotUnderstood(f"还要填：{listed}。", f"Still to fill in: {', '.join(missing)}.")
    for name, elements in written.add.items():
        if TYPES[kind].rules.of(name).name == "union":
            allowed(fields_of(kind)[name], elements)
