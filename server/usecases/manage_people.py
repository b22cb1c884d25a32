"""
People and what they may do where 人员管理: add, change, stop; grant a role in an area, end it.

Each call is one transaction and leaves the directory, which travels to the tablets, up to date.
"""

import secrets
from collections.abc import Callable
from typing import TypeVar

from schemas import grid, ids
from schemas.directory import PersonSchema
from schemas.explain import errors_of_fields, errors_of_value, unstorable
from schemas.fields import Phone
from schemas.roles import Role
from schemas.units import departments
from server.storage.people import Account, Held
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.mistakes import Mistake
from server.usecases.name_units import unit_names
from server.usecases.publish_directory import publish_directory
from server.values import Grant

T = TypeVar("T")


def add_person(store: Store, district: str, asked: Account, now_ms: int) -> Account:
    """
    Add somebody; the id of *asked* is not looked at.

    Raises:
        Mistake: a field is not as it should be, or the staff number is taken.
    """
    person = asked._replace(id=person_id(district, asked.code, now_ms), stopped_ms=None)
    check_account(person)

    def add(work: UnitOfWork) -> Account:
        if person.code and work.people.by_codes([person.code]):
            raise Mistake(f"工号“{person.code}”已有人使用。", f"Staff number '{person.code}' is taken.")
        work.people.add([person])
        return person

    return change_people(store, district, now_ms, add)


def stop_person(store: Store, district: str, person: str, now_ms: int) -> Account:
    """Stop an account: what arrives from him from now on is kept aside until somebody confirms it."""

    def stop(work: UnitOfWork) -> Account:
        account = find_person(work, person)
        if account.stopped_ms is None:
            account = account._replace(stopped_ms=now_ms)
            work.people.change(account)
        return account

    return change_people(store, district, now_ms, stop)


def grant_role(store: Store, district: str, person: str, grant: Grant, now_ms: int) -> Held:
    """
    Give *person* a role in an area; the one he holds there already is returned unchanged.

    Where it only lacked the unit he acts for, the unit is noted beside it: he acted for it all along.

    Raises:
        Mistake: nobody, or more than one, goes by *person*; the area is not in the district; it ends
            before it begins; there is no such unit.
    """
    check_grant(grant, district)

    def give(work: UnitOfWork) -> Held:
        check_unit(work, grant.unit)
        account = find_person(work, person)
        for held in work.people.held(account.id):
            same = held.grant[:2] == grant[:2] and held.grant.holds_at(max(now_ms, grant.from_ms))
            if same and grant.unit in (None, held.grant.unit):
                return held
            if same and held.grant.unit is None and grant.unit is not None:
                work.people.assign(held.id, grant.unit)
                return held._replace(grant=held.grant._replace(unit=grant.unit))
        held = Held(new_id(now_ms), account.id, grant)
        work.people.grant([held])
        return held

    return change_people(store, district, now_ms, give)


def end_grants(
    store: Store, district: str, person: str, role: Role | None, area: str | None, at_ms: int, now_ms: int
) -> list[Held]:
    """
    End at *at_ms* what *person* holds: all of it, or only a role, or only in one area.

    Returns:
        The grants that were ended; what he did before stays his.
    """

    def end(work: UnitOfWork) -> list[Held]:
        account = find_person(work, person)
        ending = [
            held
            for held in work.people.held(account.id)
            if (role is None or held.grant.role is role)
            and (area is None or held.grant.area == area)
            and (held.grant.to_ms is None or held.grant.to_ms > at_ms)
        ]
        for held in ending:
            work.people.end(held.id, max(at_ms, held.grant.from_ms))
        return ending

    return change_people(store, district, now_ms, end)


def change_people(store: Store, district: str, now_ms: int, change: Callable[[UnitOfWork], T]) -> T:
    """Carry out *change* and bring the directory up to date, in one transaction."""

    def attempt() -> T:
        with store.work(district) as work:
            result = change(work)
            publish_directory(work, now_ms)
            work.commit()
        return result

    return retrying(attempt)


def find_person(work: UnitOfWork, text: str) -> Account:
    """
    Return whoever goes by *text*: an id, a staff number or a name.

    Raises:
        Mistake: nobody does, or several people do.
    """
    found = [] if unstorable(text) else work.people.named(text)
    exact = [account for account in found if text in (account.id, account.code)] or found
    if not exact:
        raise Mistake(f"没有找到人员“{text}”。", f"Nobody goes by '{text}'.")
    if len(exact) > 1:
        listed = "、".join(f"{a.name}（{a.unit or a.title or '—'}，{a.code or a.id}）" for a in exact)
        raise Mistake(
            f"“{text}”有 {len(exact)} 人，请用工号或编号指明：{listed}",
            f"{len(exact)} people are called '{text}'; name one by number or id.",
        )
    return exact[0]


def check_account(account: Account) -> None:
    """
    Make sure that a person's entries are such as tablets can show.

    Raises:
        Mistake: naming the first that is not.
    """
    shown = {"name": account.name, "title": account.title or None, "unit": account.unit or None}
    errors = errors_of_fields(PersonSchema(), shown, partial=False)
    if account.phone is not None:
        errors |= errors_of_value(Phone(), account.phone, "phone")
    for name, found in errors.items():
        label = LABELS.get(name, name)
        raise Mistake(f"{label}：{found[0]['zh']}。", f"{name} {found[0]['en']}.")


def check_grant(grant: Grant, district: str) -> None:
    """
    Make sure that a grant's area lies in *district* and that it ends after it begins.

    Raises:
        Mistake: it does not.
    """
    if not grid.is_code(grant.area) or not grid.lies_in(grant.area, district):
        raise Mistake(f"“{grant.area}”不是 {district} 内的区划代码。", f"'{grant.area}' is no code inside {district}.")
    if grant.to_ms is not None and grant.to_ms <= grant.from_ms:
        raise Mistake("授权的结束早于开始。", "The grant ends before it begins.")


def check_unit(work: UnitOfWork, unit: str | None) -> None:
    """
    Make sure that *unit*, if one is given, is a department or a unit that was entered.

    Raises:
        Mistake: nobody could ever act for it.
    """
    if unit is None or unit in departments() or unit in unit_names(work, [unit]):
        return
    listed = "、".join(f"{zh}({word})" for word, zh in departments().items())
    raise Mistake(
        f"没有单位“{unit}”。部门有：{listed}；其他单位请先登记：units set。",
        f"There is no unit '{unit}'. Departments are: {', '.join(departments())}; enter others first: units set.",
    )


def person_id(district: str, code: str | None, now_ms: int) -> str:
    """
    Return the id of somebody new: the one that follows from his staff number 工号, if he has one.

    Added again after a backup was put back that lacks him, he is the same person then: what he signed is his.
    """
    return ids.derived_id("staff number", district, code) if code else new_id(now_ms)


def new_id(now_ms: int) -> str:
    """Return a fresh id."""
    return ids.uuid7(now_ms, secrets.token_bytes(10))


LABELS = {"name": "姓名", "title": "职务", "unit": "单位", "phone": "电话", "code": "工号"}
