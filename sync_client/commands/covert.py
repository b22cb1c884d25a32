"""
Sealing what is recorded 暗访封存: ``--embargo``, a day until which only the district reads a covert finding.
"""

import click

from schemas import sealing
from schemas.roles import Role
from schemas.wording import fields_of
from sync_client.check_sheet import Sheet
from sync_client.labels import NotUnderstood, value_from
from sync_client.times import instant
from sync_client.values import Person

embargo_option = click.option(
    "--embargo",
    metavar="DATE",
    help="暗访：封存至此日，如 2020-08-01，只有区里看得到 covert: sealed until this day, seen by the district alone",
)


def embargo_of(person: Person, text: str, now_ms: int) -> str:
    """
    Return the day until which *person* seals what he records, as a record says it.

    Raises:
        NotUnderstood: It is no day to come, or he may not read what is sealed himself.
    """
    try:
        day = value_from(fields_of("case")[sealing.UNTIL], text)
    except NotUnderstood as wrong:
        raise NotUnderstood(f"封存至：{wrong.zh}", f"Sealed until: {wrong.en}") from wrong
    if day is None:
        raise NotUnderstood("封存至：写日期，如 2020-08-01。", "Sealed until: give a day, like 2020-08-01.")
    if day <= instant(now_ms)[:10]:
        raise NotUnderstood(
            f"封存至 {day}：应为今天以后；到了那一天自动解封。", f"Sealed until {day}: must be a day to come."
        )
    if not any(sealing.reads_sealed(Role(held.role), held.area) for held in person.roles):
        raise NotUnderstood(
            "只有督查员、区创卫办、领导小组可以封存；不封存就去掉 --embargo 或“封存至”。",
            "Only inspectors, the district's office and leaders may seal; leave --embargo out.",
        )
    return str(day)


def seal(sheet: Sheet, day: str) -> None:
    """Make of *sheet* a covert check that is sealed until *day*."""
    sheet.fields |= {"mode": sealing.COVERT, sealing.UNTIL: day}


def sealed_told(fields: object) -> tuple[str, str] | None:
    """Return what is said of something that was just recorded, where it is sealed."""
    until = fields.get(sealing.UNTIL) if isinstance(fields, dict) else None
    if until is None:
        return None
    return f"封存至 {until}，到期前只有区里看得到", f"sealed until {until}; the district alone sees it"
