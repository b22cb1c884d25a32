"""
Whether something refused may be let in after all 恢复入库: by whom, and how it is judged then.

Pure. It is judged by today's rules as of the moment it was signed. Whoever lets it in vouches for what only
people know: that somebody whose account was stopped since was still at work, that a place was his.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec

from schemas import grid, validation, wire
from schemas.clock import CORRECT_BEYOND_MS, MAX_AHEAD_MS
from schemas.mutations import MAX_GROUP, Mutation
from schemas.problems import Refusal, Words
from schemas.roles import Role
from server.core.admission import PERMISSIONS
from server.core.arrived import Arrived, Group
from server.values import Grant, Person

STOPPED, OUTSIDE, GROUP, DEPENDS, REUSED = (
    "person_stopped", "outside_area", "group_refused", "depends_on_refused", "number_reused",
)  # fmt: skip
#: The lowest role that lets a refusal of this kind in.
_LEAST: Mapping[str, Role] = {STOPPED: Role.GRID_LEADER, OUTSIDE: Role.STREET}
_OTHERWISE = Role.COMMUNITY
#: These follow from the refusal of something else, and need nobody greater than that does.
FOLLOWING = frozenset({GROUP, DEPENDS})


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What a clerk says with it.

    Attributes:
        place_was_his: That the author answered for the place when he signed, whatever the grants say.
        reason: Why, in his words.
    """

    place_was_his: bool = False
    reason: str | None = None


def reads(person: Person, now_ms: int) -> tuple[str, ...]:
    """Return the areas whose refusals *person* may read at the moment *now_ms*."""
    if person.stopped_ms is not None:
        return ()
    leading = roles_from(Role.GRID_LEADER)
    return tuple(g.area for g in person.grants if g.role in leading and g.holds_at(now_ms))


def roles_from(least: Role) -> tuple[Role, ...]:
    """Return *least* and the roles above it, the nearest first."""
    return tuple(sorted((role for role in Role if role.rank >= least.rank), key=lambda role: (role.rank, role)))


def least_role(codes: Iterable[str]) -> Role:
    """Return the lowest role that lets in what was refused together for *codes*."""
    causes = [code for code in codes if code not in FOLLOWING]
    return max((_LEAST.get(code, _OTHERWISE) for code in causes), key=lambda role: role.rank, default=_OTHERWISE)


def may_judge(person: Person, least: Role, place: str, now_ms: int) -> bool:
    """Say whether *person* holds *least* or a role above it at *place* at the moment *now_ms*."""
    return person.stopped_ms is None and any(
        g.role in roles_from(least) and g.holds_at(now_ms) and grid.lies_in(place, g.area) for g in person.grants
    )


def check_judge(person: Person, least: Role, place: str, now_ms: int) -> None:
    """
    Make sure that *person* may let in, or put aside, what lies at *place*.

    Raises:
        Refusal: ``person_stopped``; ``outside_area`` where his role would do but not here; ``not_allowed``.
    """
    if person.stopped_ms is not None:
        raise Refusal("person_stopped")
    if may_judge(person, least, place, now_ms):
        return
    if any(g.role in roles_from(least) and g.holds_at(now_ms) for g in person.grants):
        raise Refusal("outside_area", grid=place)
    raise Refusal(
        "not_allowed",
        what=Words(f"办理隔离区的这一条（须{least.zh}及以上）", f"settle this refusal ({least.en} and above)"),
    )


def as_judged(author: Person, arrived: Arrived, place: str, asked: Asked) -> Person:
    """
    Return *author* as he stands before the rules, with what the clerk vouches for.

    Args:
        arrived: What he signed; its stamp corrected.
        place: Where the record lies.

    Raises:
        Refusal: ``signed_after_stop``: his account was stopped before he signed.
    """
    if arrived.mutation is None:
        return author
    signed_ms = arrived.mutation.at[0]
    if author.stopped_ms is not None:
        if signed_ms >= author.stopped_ms:
            raise Refusal("signed_after_stop")
        author = replace(author, stopped_ms=None)
    return _posted(author, arrived.mutation, place, signed_ms) if asked.place_was_his else author


def _posted(author: Person, mutation: Mutation, place: str, signed_ms: int) -> Person:
    """Return *author* with the roles he held elsewhere laid over *place*; held none, the lightest he ever had."""
    allowed = PERMISSIONS.get((mutation.type, mutation.op), {})
    fitting = [g for g in author.grants if g.role in allowed and mutation.role in (None, g.role)]
    then = [g for g in fitting if g.holds_at(signed_ms)]
    held = then or sorted(fitting, key=lambda grant: grant.role.rank)[:1]
    as_whom = dict.fromkeys((grant.role, grant.unit) for grant in held)
    here = tuple(Grant(role, place, signed_ms, signed_ms + 1, unit) for role, unit in as_whom)
    return replace(author, grants=(*author.grants, *here))


def offset_of(claimed_ms: int, filed_ms: int | None, received_ms: int) -> int:
    """
    Return by how much the device's stamps were corrected when it was received, 0 where they were not.

    Args:
        claimed_ms, filed_ms: The stamp as its author wrote it, and as it was filed then.
    """
    latest_allowed = received_ms + MAX_AHEAD_MS
    if filed_ms == latest_allowed:
        # Cut back; where it had to be moved before it could lie so far ahead, by how much is not known any more.
        return 0 if claimed_ms >= latest_allowed else latest_allowed - claimed_ms + CORRECT_BEYOND_MS + 1
    offset = 0 if filed_ms is None else filed_ms - claimed_ms
    return offset if abs(offset) > CORRECT_BEYOND_MS else 0


def mutation_of(raw: bytes) -> Mutation | None:
    """Return the mutation a payload holds, in today's shape; None where it cannot be read."""
    try:
        return validation.read_mutation(raw)
    except Refusal:
        return None


def group_of(raw: bytes) -> Group | None:
    """Return the group a payload belongs to, of a size that may be; else None."""
    mutation = mutation_of(raw)
    group = mutation.group if mutation else None
    return group if group and group[1] <= MAX_GROUP else None


def may_belong(raw: bytes, group: Group) -> bool:
    """Say whether a payload numbered within *group* is a member; one that cannot be read may be."""
    mutation = mutation_of(raw)
    return mutation is None or mutation.group == group


def content_of(raw: bytes) -> bytes:
    """
    Return what a payload says, whatever its number, group and base; the bytes themselves where it cannot be read.

    A tablet that records again under a new install knows its own work by newer versions than it did then.
    """
    mutation = mutation_of(raw)
    return raw if mutation is None else wire.canonical(msgspec.structs.replace(mutation, n=1, group=None, base=0))


def builds_on(mutation: Mutation, record: str) -> bool:
    """Say whether *mutation* needs *record* to be there."""
    return mutation.id == record or (mutation.act is not None and mutation.act.into == record)
