"""
Where a reference leads after a merger 并入后的去向 (situation ``follow_redirect``).
"""

from collections.abc import Callable

from schemas.records import Fields
from schemas.rules import Candidate
from server.core.between.traits import ORIGINAL, merged_into, traits_of
from server.core.decisions import Decision, note
from server.values import Author, Record

RULE, REASON, UNDONE = "follow_redirect", "target_merged", "merger_undone"

Get = Callable[[str], Record | None]


def survivor_of(record_id: str, get: Get) -> str:
    """
    Return what *record_id* has become: itself, or what it was merged into, however many times.

    Where two people merged two things into each other, the older of the circle stays: the one with the
    smallest id.
    """
    passed: list[str] = []
    while record_id not in passed:
        passed.append(record_id)
        into = _into(record_id, get)
        if into is None or get(into) is None:
            return record_id
        record_id = into
    return min(passed[passed.index(record_id) :])


def path_of(record_id: str, get: Get) -> list[str]:
    """Return everything that *record_id* goes into, one after the other, up to what is left of it."""
    path = [record_id]
    while path[-1] != survivor_of(record_id, get):
        path.append(str(_into(path[-1], get)))
    return path


def named_by(record: Record) -> str | None:
    """Return the thing *record* was made about, wherever it stands now."""
    subject = traits_of(record.type).about
    if subject is None:
        return None
    named: str | None = record.fields.get(ORIGINAL) or record.fields.get(subject)
    return named


def stand_where_named(record: Record) -> bool:
    """
    Let *record* stand again with what it was made about, in place; say whether it stood elsewhere.

    So that whoever names another thing is weighed against what was named, and never against a redirect.
    """
    subject, original = traits_of(record.type).about, record.fields.get(ORIGINAL)
    if subject is None or original is None:
        return False
    record.fields[subject] = record.fields.pop(ORIGINAL)
    kept = record.marks.values.get(subject, ())
    if len(kept) == 1:  # read as whatever the field showed
        record.marks.values[subject] = (kept[0]._replace(value=original),)
    return True


def redirect(record: Record, get: Get) -> Fields:
    """
    Return what has to be written into *record* so that it stands with what is left; usually nothing.

    Back where it was made, it looks as it would had it never moved: None takes the field away.
    """
    subject, named = traits_of(record.type).about, named_by(record)
    if subject is None or named is None:
        return {}
    survivor = survivor_of(named, get)
    if survivor == record.fields.get(subject):
        return {}
    return {subject: survivor, ORIGINAL: None if survivor == named else named}


def told(record: Record, sets: Fields, author: Author, get: Get) -> Decision:
    """Return the decision that *sets*, from ``redirect``, amounts to; *author* caused it."""
    subject = traits_of(record.type).about or ""
    origin = record.origin
    kept = Candidate(sets[subject], author.stamp, author.person.id, author.rank)
    was = Candidate(record.fields.get(subject), origin.stamp, origin.by, origin.rank, record.born, origin.firm)
    undone = sets[ORIGINAL] is None
    gone = was.value if undone else sets[ORIGINAL]
    facts = {"from_name": _name(get(gone)), "to_name": _name(get(kept.value))}
    written = {name: value for name, value in sets.items() if value is not None}
    return note(subject, RULE, UNDONE if undone else REASON, kept, was, sets=written, facts=facts)


def _into(record_id: str, get: Get) -> str | None:
    record = get(record_id)
    return merged_into(record) if record is not None else None


def _name(record: Record | None) -> str | None:
    return str(record.fields["name"]) if record is not None and record.fields.get("name") else None
