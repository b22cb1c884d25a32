"""
Several people on one tablet 换人: ``people``, ``switch``, ``pin``.
"""

import click

from schemas.initials import abbreviates, folded
from sync_client.client import FieldClient
from sync_client.commands.naming import roles_of
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import GOOD, Voice
from sync_client.errors import NoSuchRecord
from sync_client.labels import NotUnderstood
from sync_client.names import short
from sync_client.values import Person


@click.command("people")
@pass_session
def people_command(session: Session) -> None:
    """本机人员。 Who may work on this tablet."""
    with session.tablet() as client:
        people = client.people()
    session.voice.answer(people, lambda: _tell(session.voice, people))


def _tell(voice: Voice, people: list[Person]) -> None:
    heads = [("", ""), ("姓名", "name"), ("身份", "roles"), ("PIN", ""), ("编号", "ID")]
    rows = [
        ("●" if p.current else "", p.name, roles_of(p, voice.lang), "••••" if p.has_pin else "", short(p.id))
        for p in people
    ]
    voice.table(heads, rows)
    if len(people) > 1:
        voice.hint("换人：gridward switch 姓名", "gridward switch NAME")


@click.command("switch")
@click.argument("who", metavar="NAME")
@click.option("--role", help="以哪个身份 under which role")
@click.option("--pin", help="PIN；不写则询问 asked for if left out")
@pass_session
def switch_command(session: Session, who: str, role: str | None, pin: str | None) -> None:
    """换人；未发送的都在。 Let another person work."""
    with session.tablet() as client:
        person = person_called(client, who)
        if role is not None and role not in {held.role for held in person.roles}:
            listed = "、".join(sorted({held.role for held in person.roles}))
            raise NotUnderstood(
                f"{person.name}没有“{role}”这个身份，有：{listed}。", f"No role '{role}'; has: {listed}."
            )
        if person.has_pin and pin is None and not session.voice.as_json:
            pin = session.voice.ask(f"{person.name}的 PIN", "PIN", secret=True)
        now = client.switch_person(person.id, pin, role)
    session.voice.answer(now, lambda: session.voice.say(f"现在由 {now.name} 使用", f"{now.name} works now", GOOD))


@click.command("pin")
@click.option("--new", "new", help="新 PIN；空为取消 empty takes it away")
@click.option("--present", help="现在的 PIN the present one")
@pass_session
def pin_command(session: Session, new: str | None, present: str | None) -> None:
    """设置或取消自己的 PIN。 Set or clear one's own PIN."""
    voice = session.voice
    with session.tablet() as client:
        person = client.status().person
        if person is None:
            raise NoSuchRecord("person")
        if person.has_pin and present is None and not voice.as_json:
            present = voice.ask("现在的 PIN", "present PIN", secret=True)
        if new is None and not voice.as_json:
            new = voice.ask("新 PIN（直接回车取消）", "new PIN, Enter for none", secret=True)
        client.set_pin(person.id, new or None, present)
    zh, en = ("PIN 已设置", "PIN set") if new else ("PIN 已取消", "PIN taken away")
    voice.answer({"person": person.id, "has_pin": bool(new)}, lambda: voice.say(zh, en, GOOD))


def person_called(client: FieldClient, text: str) -> Person:
    """
    Return the one person of this tablet whom *text* names.

    Raises:
        NotUnderstood: There is none, or there are several.
    """
    wanted, people = folded(text), client.people()
    found = [p for p in people if wanted == folded(p.name) or (wanted and p.id.endswith(wanted))]
    found = found or [p for p in people if wanted in folded(p.name) or abbreviates(wanted, p.name)]
    if not found:
        raise NotUnderstood(
            f"本机没有登记“{text}”；用 gridward people 看本机人员，新人先用登记码 gridward enrol。",
            f"Nobody called '{text}' works here: gridward people lists who does, gridward enrol admits.",
        )
    if len(found) > 1:
        listed = "、".join(f"{p.name} {short(p.id)}" for p in found)
        raise NotUnderstood(f"“{text}”有几位：{listed}。请写编号。", f"Several are called '{text}'; give the ID.")
    return found[0]
