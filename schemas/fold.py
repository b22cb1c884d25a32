"""
Lay one uncontested mutation over a record's fields.

This is the whole of what a tablet does to show waiting work over what the office knows, and the part
of merging in which nobody disagrees. Because both sides run these same lines, a record that nobody
else touched is, byte for byte, what its author's tablet already shows, and need not travel back.
"""

from bisect import insort
from typing import Any

from schemas.mutations import Mutation
from schemas.records import Fields, RecordType
from schemas.rules import Append, Union


def fold(kind: RecordType, fields: Fields, mutation: Mutation, device: str) -> Any:
    """
    Apply *mutation* to *fields* in place and bring the derived fields up to date.

    Args:
        kind: The record's type.
        fields: The record's fields, owned by the caller.
        mutation: A create or patch; an act is the office's to decide, a void leaves the fields alone.
        device: The device that made the mutation; it holds the shares.

    Returns:
        What ``kind.complete`` returned, which ``kind.consequences`` takes over.
    """
    fields.update(mutation.set)
    for name, elements in mutation.add.items():
        add_all(kind.rules.of(name), fields, name, elements, mutation)
    for name, keys in mutation.remove.items():
        rule = kind.rules.of(name)
        if isinstance(rule, Union):
            for key in keys:
                drop_element(rule, fields, name, key)
    for name, amount in mutation.share.items():
        put_share(fields, name, holder_of(device, mutation.by), amount)
    return kind.complete(fields)


def add_all(rule: Any, fields: Fields, name: str, elements: list[Any], mutation: Mutation) -> None:
    """Add *elements* to a set, or append them as signed and dated entries."""
    if isinstance(rule, Union):
        if name not in fields:
            fields[name] = _as_set(rule, elements)
            return
        for element in elements:
            put_element(rule, fields, name, element)
    elif isinstance(rule, Append):
        for text in elements:
            append_entry(fields, name, text, mutation.at, mutation.by)


def _as_set(rule: Union, elements: list[Any]) -> list[Any]:
    """Return *elements* in key order, the last of each key, as ``put_element`` one by one would."""
    if len(elements) < 2:
        return list(elements)
    by_key = {rule.key_of(element): element for element in elements}
    return [by_key[key] for key in sorted(by_key)]


def put_element(rule: Union, fields: Fields, name: str, element: Any) -> None:
    """Put *element* into the set *name*, which is kept in key order, in place of one with its key."""
    drop_element(rule, fields, name, rule.key_of(element))
    insort(fields[name], element, key=rule.key_of)


def drop_element(rule: Union, fields: Fields, name: str, key: str) -> None:
    """Take the element called *key* out of the set *name*, if it is there."""
    fields[name] = [other for other in fields.get(name, ()) if rule.key_of(other) != key]


def append_entry(fields: Fields, name: str, text: str, at: tuple[int, int], by: str) -> None:
    """Append one signed and dated entry; the list is kept in the order of the stamps."""
    entry = {"at": [at[0], at[1]], "by": by, "text": text}
    entries = fields.setdefault(name, [])
    if entry not in entries:
        insort(entries, entry, key=_entry_order)


def put_share(fields: Fields, name: str, holder: str, amount: float) -> None:
    """Set one holder's share of the number *name*."""
    fields.setdefault(name, {})[holder] = amount


def total_of(shares: dict[str, float]) -> float:
    """Return the total of a shared number, to one decimal more than people write."""
    return round(sum(shares.values()), 2)


def holder_of(device: str, person: str) -> str:
    """Return the name under which *person* on *device* holds a share."""
    return f"{device}:{person}"


def _entry_order(entry: dict[str, Any]) -> tuple[int, int, str, str]:
    return (entry["at"][0], entry["at"][1], entry["by"], entry["text"])
