"""
Who may write what, where 准入: by role and area, at the moment of signing and again on arrival.

Authority is judged at the corrected moment of signing: whoever was moved yesterday keeps what he did
the day before. Stopping an account is judged on arrival: its work is kept aside until somebody
confirms it.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache

from schemas import grid
from schemas.mutations import OPS, Mutation
from schemas.problems import Refusal, Words
from schemas.roles import Role
from schemas.wording import english, title_of
from server.core.views import is_trusted
from server.values import Grant, Person, Record

LOCK_AFTER_MS = 24 * 3600 * 1000

CHECKS = frozenset({"street_check", "shop_check", "parking_check"})
#: What stands somewhere, and goes along when its grid does.
REGISTERS = frozenset({
    "street_segment", "shop", "parking_area", "key_place", "compound", "recycling_station", "illegal_structure",
})  # fmt: skip
CASES = frozenset({"case"})
ACTIVITIES = frozenset({"cleaning_day"})
#: What the district plans and judges; what the offices ask of units; what units answer or do.
PLANS = frozenset({"campaign", "standard_item"})
JUDGEMENTS = frozenset({"commendation", "accountability"})
DEMANDS = frozenset({"order", "sweep"})


class Scope(Enum):
    """How far a permission reaches."""

    AREA = "anything in the area of the grant"
    OWN = "only what the person recorded himself, while it is not locked"


_INSPECTING = (
    Role.GRID_WORKER, Role.GRID_LEADER, Role.COMMUNITY, Role.STREET,
    Role.DISTRICT_OFFICE, Role.DEPARTMENT, Role.INSPECTOR,
)  # fmt: skip
#: Grid workers and departments only propose: the field rules keep a higher rank's word above theirs.
_REGISTERING = (
    Role.GRID_WORKER, Role.DEPARTMENT, Role.GRID_LEADER, Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE,
)  # fmt: skip
_OFFICES = (Role.STREET, Role.DISTRICT_OFFICE)
_DISTRICT = (Role.DISTRICT_OFFICE,)
#: Whoever supervises: the office, and the supervision offices of party committee and government.
_SUPERVISING = (Role.DISTRICT_OFFICE, Role.INSPECTOR)
_DEMANDING = (Role.STREET, *_SUPERVISING)
#: Units that write a timetable of their own, and units that answer.
_PLANNING = (Role.COMMUNITY, Role.DEPARTMENT, *_OFFICES)
_ANSWERING = (Role.GRID_LEADER, Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE, Role.DEPARTMENT, Role.INSPECTOR)
_TOLD = (*_INSPECTING, Role.LEADING_GROUP)
_ORGANISING = (Role.GRID_LEADER, Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE)
#: Whoever may say that two things are one: the dispatchers (permission table: "dispatch, reassign, merge").
_JOINING = frozenset({Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE, Role.INSPECTOR})


def _table(
    kinds: Iterable[str], op: str, roles: Iterable[Role], scope: Scope
) -> dict[tuple[str, str], dict[Role, Scope]]:
    return {(kind, op): dict.fromkeys(roles, scope) for kind in kinds}


#: (record type, operation) → role → scope; what is not listed is not allowed.
PERMISSIONS: Mapping[tuple[str, str], Mapping[Role, Scope]] = {
    **_table(CHECKS, "create", _INSPECTING, Scope.AREA),
    **_table(CHECKS, "patch", _INSPECTING, Scope.OWN),
    **_table(CHECKS, "void", _OFFICES, Scope.AREA),
    **_table(REGISTERS, "create", _REGISTERING, Scope.AREA),
    **_table(REGISTERS, "patch", _REGISTERING, Scope.AREA),
    **_table(REGISTERS, "void", _OFFICES, Scope.AREA),
    **_table(CASES, "create", (*_INSPECTING, Role.LEADING_GROUP), Scope.AREA),
    **_table(CASES, "patch", _INSPECTING, Scope.AREA),
    # Which act which role may take is the workflow's own business; here only that it is somebody's.
    **_table(CASES, "act", (*_INSPECTING, Role.LEADING_GROUP), Scope.AREA),
    **_table(CASES, "void", _OFFICES, Scope.AREA),
    **_table(ACTIVITIES, "create", _ORGANISING, Scope.AREA),
    # Whoever works in the area signs helpers in and counts what was removed.
    **_table(ACTIVITIES, "patch", _INSPECTING, Scope.AREA),
    **_table(ACTIVITIES, "void", _OFFICES, Scope.AREA),
    **_table({"turnout"}, "create", _INSPECTING, Scope.AREA),
    **_table({"turnout"}, "patch", _INSPECTING, Scope.AREA),
    **_table({"turnout"}, "void", _ORGANISING, Scope.AREA),
    **_table(PLANS, "create", _DISTRICT, Scope.AREA),
    **_table({"campaign"}, "patch", _DISTRICT, Scope.AREA),
    **_table({"standard_item"}, "patch", _PLANNING, Scope.AREA),
    **_table(PLANS, "void", _DISTRICT, Scope.AREA),
    **_table({"milestone"}, "create", _OFFICES, Scope.AREA),
    **_table({"milestone"}, "patch", _OFFICES, Scope.AREA),
    **_table({"milestone"}, "void", _OFFICES, Scope.AREA),
    **_table({"campaign_task"}, "create", _PLANNING, Scope.AREA),
    # Whoever works on it says how far it is; the office's date is the office's by rank.
    **_table({"campaign_task"}, "patch", _INSPECTING, Scope.AREA),
    **_table({"campaign_task"}, "void", _OFFICES, Scope.AREA),
    **_table({"pledge"}, "create", _REGISTERING, Scope.AREA),
    **_table({"pledge"}, "patch", (*_REGISTERING, Role.INSPECTOR), Scope.AREA),
    **_table({"pledge"}, "void", _OFFICES, Scope.AREA),
    **_table(JUDGEMENTS, "create", _SUPERVISING, Scope.AREA),
    **_table(JUDGEMENTS, "patch", _SUPERVISING, Scope.AREA),
    **_table(JUDGEMENTS, "void", _DISTRICT, Scope.AREA),
    **_table(DEMANDS, "create", _DEMANDING, Scope.AREA),
    **_table(DEMANDS, "patch", _ANSWERING, Scope.AREA),
    **_table(DEMANDS, "void", _DEMANDING, Scope.AREA),
    **_table({"instruction"}, "create", (Role.LEADING_GROUP,), Scope.AREA),
    **_table({"instruction"}, "patch", (*_ANSWERING, Role.LEADING_GROUP), Scope.AREA),
    **_table({"instruction"}, "void", (Role.LEADING_GROUP,), Scope.AREA),
    **_table({"joint_action"}, "create", (Role.DEPARTMENT, *_DEMANDING), Scope.AREA),
    **_table({"joint_action"}, "patch", _ANSWERING, Scope.AREA),
    **_table({"joint_action"}, "void", _OFFICES, Scope.AREA),
    **_table({"unit_report"}, "create", _INSPECTING, Scope.AREA),
    **_table({"unit_report"}, "patch", _INSPECTING, Scope.AREA),
    **_table({"unit_report"}, "void", _OFFICES, Scope.AREA),
    **_table({"project"}, "create", (Role.DEPARTMENT, *_OFFICES), Scope.AREA),
    **_table({"project"}, "patch", (Role.DEPARTMENT, *_OFFICES), Scope.AREA),
    **_table({"project"}, "void", _DISTRICT, Scope.AREA),
    **_table({"holding"}, "create", _ORGANISING, Scope.AREA),
    **_table({"holding"}, "patch", _ORGANISING, Scope.AREA),
    **_table({"holding"}, "void", _OFFICES, Scope.AREA),
    # The server alone makes notices; whose one is, see ``check_reach``.
    **_table({"notice"}, "patch", _TOLD, Scope.AREA),
}

#: Fields that only some roles may write, and those roles may write them on others' records too.
RESERVED: Mapping[str, frozenset[Role]] = {
    "score_revision": frozenset({Role.INSPECTOR}),
    "merged_into": _JOINING,
    "distinct_from": _JOINING,
    "kept": frozenset(_DEMANDING),
}
#: The same within one type: what was demanded is not reworded by whoever has to answer. Rank alone would not
#: hold that: the leading group has none in the registers.
RESERVED_IN: Mapping[str, Mapping[str, frozenset[Role]]] = {
    "instruction": dict.fromkeys(
        ("leader", "directive", "given_on", "to_unit", "reply_due"), frozenset({Role.LEADING_GROUP})
    ),
    **{kind: dict.fromkeys(names, frozenset(_DEMANDING)) for kind, names in {
        "order": ("kind", "to_unit", "case_ids", "text", "issued_on", "reply_due"),
        "sweep": ("problem_class", "places", "units", "due_on", "demand"),
    }.items()},
    "notice": dict.fromkeys(("person", "title", "items", "sent_at", "critical"), frozenset[Role]()),
}  # fmt: skip
_NOTHING: frozenset[str] = frozenset()

_LEADING = _JOINING | {Role.GRID_LEADER}
#: Who settles which kind of dispute, in his area. An accepted suggestion is an edit like any other: it goes
#: by its author's rank all the same.
SETTLING: Mapping[str, frozenset[Role]] = {
    "person": _JOINING,
    "duplicate": _JOINING,
    "decided": _JOINING,
    "suggestion": _LEADING,
    "notice": _LEADING,
}


def admitted(people: Mapping[str, Person], mutation: Mutation) -> Person:
    """
    Return the person who signed *mutation*.

    Raises:
        Refusal: ``not_admitted_person`` where the device does not speak for him, ``person_stopped``.
    """
    person = people.get(mutation.by)
    if person is None:
        raise Refusal("not_admitted_person")
    if person.stopped_ms is not None:
        raise Refusal("person_stopped")
    return person


def acting_role(person: Person, mutation: Mutation, place: str, signed_ms: int) -> Role:
    """
    Return the role under which *person* may write *mutation* at *place*, the weightiest if several.

    Raises:
        Refusal: ``outside_area`` where a role would do but not here, else ``not_allowed``.
    """
    allowed = PERMISSIONS.get((mutation.type, mutation.op), {})
    acting, fitting = None, False
    for grant in person.grants:
        if grant.role in allowed and mutation.role in (None, grant.role):
            fitting = True
            here = _reaches(grant, place) and grant.holds_at(signed_ms)
            if here and (acting is None or grant.role.rank > acting.rank):
                acting = grant.role
    if acting is not None:
        return acting
    if fitting:
        raise Refusal("outside_area", grid=place)
    zh, en = f"{OPS[mutation.op]}{title_of(mutation.type)}", f"{mutation.op} a {english(mutation.type)}"
    raise Refusal("not_allowed", what=Words(zh, en))


def where_judged(person: Person, mutation: Mutation, then: str, now: str, signed_ms: int) -> tuple[Role, str]:
    """
    Return the role under which *person* may write *mutation*, and the place where he holds it.

    A record that was moved is judged where it lay when he signed 按签名时所在网格; whoever answers for the place
    where it lies now may write as well.

    Args:
        then, now: Where the record lay at the moment of signing, and where it lies.

    Raises:
        Refusal: As ``acting_role``.
    """
    if then != now:
        try:
            return acting_role(person, mutation, then, signed_ms), then
        except Refusal:  # told of the place where it lies now
            pass
    return acting_role(person, mutation, now, signed_ms), now


def check_reach(record: Record, mutation: Mutation, role: Role) -> None:
    """
    Make sure that *role* may touch this very record with these very fields.

    Raises:
        Refusal: ``not_allowed``, ``not_your_record``, or ``not_your_notice``.
    """
    if record.type == "notice" and record.fields["person"] != mutation.by:
        raise Refusal("not_your_notice")
    if _corrects(mutation, role) and record.origin.by != mutation.by:
        raise Refusal("not_your_record")


def is_locked(record: Record, mutation: Mutation, role: Role, signed_ms: int) -> bool:
    """Say whether *mutation* corrects a check of his own that was locked when he signed."""
    return _corrects(mutation, role) and record.stored_before and signed_ms > record.received_ms + LOCK_AFTER_MS


def _corrects(mutation: Mutation, role: Role) -> bool:
    """Say whether *mutation* changes what an author alone may change, and he only for a time."""
    reserved = check_reserved(mutation, role)
    beside = mutation.set.keys() - reserved or mutation.add.keys() - reserved or mutation.remove or mutation.share
    if not beside or _only_remarks(mutation):
        return False
    return PERMISSIONS[mutation.type, mutation.op][role] is Scope.OWN


def _only_remarks(mutation: Mutation) -> bool:
    """A signed and dated remark takes nothing away from anybody: whoever may check here may leave one."""
    elsewhere = mutation.set or mutation.remove or mutation.share or mutation.act
    return mutation.op == "patch" and mutation.add.keys() == {"remark"} and not elsewhere


def check_reserved(mutation: Mutation, role: Role) -> frozenset[str]:
    """
    Return the reserved fields *mutation* writes.

    Raises:
        Refusal: ``not_allowed`` where *role* may not write one of them.
    """
    kept = _reserved_in(mutation.type)
    reserved = kept.keys() & mutation.set.keys()
    if mutation.add or mutation.remove:
        reserved |= kept.keys() & (mutation.add.keys() | mutation.remove.keys())
    if not reserved:
        return _NOTHING
    for name in reserved:
        if role not in kept[name]:
            raise Refusal("not_allowed", what=name)
    return frozenset(reserved)


@cache
def _reserved_in(type_name: str) -> Mapping[str, frozenset[Role]]:
    return {**RESERVED, **RESERVED_IN.get(type_name, {})}


def check_signature(person: Person, mutation: Mutation, role: Role, place: str, signed_ms: int) -> None:
    """
    Make sure that nobody signs with another's name, or under a role he does not hold at *place*.

    Args:
        role: The role he acts under, which he is known to hold there.

    Raises:
        Refusal: ``not_allowed``, naming the field that says so.
    """
    written = mutation.set
    if written.get("inspector_id", mutation.by) != mutation.by:
        raise Refusal("not_allowed", what="inspector_id")
    if (written.get("score_revision") or {}).get("by", mutation.by) != mutation.by:
        raise Refusal("not_allowed", what="score_revision")
    claimed = written.get("inspector_role")
    if claimed not in (None, role) and claimed not in _roles_held(person, place, signed_ms):
        raise Refusal("not_allowed", what="inspector_role")


def holds(person: Person, role: Role, place: str, at_ms: int) -> bool:
    """Say whether *person* holds *role* at *place* at the moment *at_ms*."""
    return any(g.role is role and g.holds_at(at_ms) and _reaches(g, place) for g in person.grants)


def out_of_sight(people: Iterable[Person], place: str, *moments: int) -> bool:
    """
    Say whether *place* is sealed 封存 against all of *people*, who may not learn that anything is there.

    Args:
        moments: When it was signed and when it came: whoever was trusted at one of them knows already.
    """
    if not grid.is_sealed(place):
        return False
    held = (grant for one in people for grant in one.grants if any(grant.holds_at(at_ms) for at_ms in moments))
    return not any(_reaches(grant, place) for grant in held)


def _reaches(grant: Grant, place: str) -> bool:
    """Say whether *place* lies in the area of *grant*; what is sealed lies in nobody's who is not trusted with it."""
    return place.startswith(grant.area) and (not grid.is_sealed(place) or is_trusted(grant))


def may_move(person: Person, place: str, at_ms: int) -> bool:
    """Say whether *person* may move records from or to *place*: the street's or the district's office."""
    return any(holds(person, role, place, at_ms) for role in _OFFICES)


def check_settling(mutation: Mutation, role: Role, kind: str | None) -> None:
    """
    Make sure that *role* may settle a dispute of *kind* 裁定权限.

    Args:
        kind: One of ``decisions.KINDS``; None where no such dispute is known.

    Raises:
        Refusal: ``not_allowed``; ``conflict_unknown`` where the mutation does nothing else.
    """
    settles = mutation.settles
    if settles is None:
        return
    if kind is None:
        if not (mutation.set or mutation.add or mutation.remove or mutation.share or mutation.act):
            raise Refusal("conflict_unknown")
        return
    allowed = _JOINING if settles.choice == "reopen" else SETTLING[kind]
    if role not in allowed:
        raise Refusal("not_allowed", what=f"settle {kind}")


def _roles_held(person: Person, place: str, signed_ms: int) -> set[str]:
    return {g.role.value for g in person.grants if g.holds_at(signed_ms) and grid.lies_in(place, g.area)}
