"""
Whether a mutation may be taken in: read it, know its type, check what it writes 校验.

The same lines run on the tablet before a mutation enters the journal and on the server when it
arrives, so that a worker hears of a mistake while still standing in front of the door. The way of a
good mutation is the fast one of ``schemas.derived``; only a refusal takes the time to be explained.
"""

import re
from collections.abc import Iterable
from typing import Any, NoReturn

import msgspec

from schemas import machines, upcasts, wire
from schemas.explain import Errors, errors_of_fields, errors_of_value, fault, unstorable
from schemas.gates import Gate, gate_of
from schemas.lenient import read_leniently
from schemas.mutations import MAX_MUTATION_BYTES, Act, Mutation, MutationSchema, decode_mutation
from schemas.problems import Refusal
from schemas.records import RecordType
from schemas.registry import TYPES
from schemas.workflow import MACHINES

#: How many lists and objects may stand inside each other in a mutation, itself included.
MAX_DEPTH = 32

#: NUL as JSON can carry it; a raw one is no JSON.
_NUL = b"\\u0000"
_VERBS = ("set", "add", "remove", "share")
_FIRST_NUMBER = re.compile(rb'\s*\{\s*"n"\s*:\s*([1-9][0-9]{0,15})(?![0-9.eE])')


def validate(raw: bytes | msgspec.Raw) -> tuple[Mutation, RecordType]:
    """
    Return the mutation *raw* holds and the type of its record, both known to be good.

    Raises:
        Refusal: As ``read_mutation``, ``type_of`` and ``check`` raise it.
    """
    mutation = read_mutation(raw)
    kind = type_of(mutation)
    check(mutation, kind)
    return mutation, kind


def write_mutation(mutation: Mutation) -> bytes:
    """
    Return *mutation*, made here, as the bytes to keep and send; what the server would refuse is refused now.

    Raises:
        Refusal: As ``validate`` raises it.
    """
    # Before encoding too: JSON has no NaN, and what it would write instead is a null.
    check(mutation, type_of(mutation))
    try:
        raw = wire.encode(mutation)
    except UnicodeEncodeError:
        _refuse_unstorable(unstorable(msgspec.to_builtins(mutation)))
    # What it writes was checked above; this finds what only shows in the bytes: their number, a NUL.
    read_mutation(raw)
    return raw


def read_mutation(raw: bytes | msgspec.Raw) -> Mutation:
    """
    Return the mutation that *raw* (JSON) holds, its fields in today's shape.

    Every text in it can be stored. What it writes is not checked yet; see ``check``.

    Raises:
        Refusal: ``record_too_large``; ``invalid_fields`` where a field holds text that cannot be
            stored; ``malformed_mutation``, with errors per path where the JSON could be read.
    """
    text = bytes(raw)
    if len(text) > MAX_MUTATION_BYTES:
        raise Refusal("record_too_large")
    try:
        mutation = decode_mutation(text)
    except (ValueError, RecursionError) as error:
        _explain_unreadable(text, error)
    # Counting brackets settles it for all but the longest: no pit is deeper than they are many.
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _is_deep(mutation):
        _malformed(f"> {MAX_DEPTH} levels", {})
    if b"\\" in text and _NUL in text:  # one byte is looked for ten times as fast as six
        _refuse_unstorable(unstorable(msgspec.to_builtins(mutation)))
    known = TYPES.get(mutation.type)
    if known is not None and mutation.schema < known.schema.schema_version:
        today = upcasts.upcast(mutation.type, mutation.schema, mutation.set)
        return msgspec.structs.replace(mutation, set=today, schema=known.schema.schema_version)
    return mutation


def peek_number(raw: bytes | msgspec.Raw) -> int | None:
    """Return the number of a mutation that cannot be read, as far as it can be made out."""
    text = bytes(raw)
    try:
        number = _decode_number(text).n
    except (ValueError, RecursionError):
        found = _FIRST_NUMBER.match(text)
        number = int(found[1]) if found else _number_of(read_leniently(text))
    return number if type(number) is int and 0 < number < 1 << 53 else None


def type_of(mutation: Mutation) -> RecordType:
    """
    Return the record type *mutation* is about.

    Raises:
        Refusal: ``unknown_type``.
    """
    kind = TYPES.get(mutation.type)
    if kind is None:
        raise Refusal("unknown_type", type=mutation.type)
    return kind


def check(mutation: Mutation, kind: RecordType) -> None:
    """
    Refuse *mutation* unless it writes what its operation may write, by the right verbs, with good values.

    Whether its texts can be stored was settled by ``read_mutation``.

    Raises:
        Refusal: ``malformed_mutation`` where the operation does not go with its parts,
            ``field_is_derived``, ``wrong_verb``, ``together_incomplete`` or ``invalid_fields``.
    """
    match mutation.op:
        case "create":
            _check_create(mutation, gate_of(kind))
        case "patch":
            _check_patch(mutation, gate_of(kind))
        case "act":
            _refuse_parts(mutation, _VERBS)
            if mutation.act is None:
                _malformed("act", fault("required", "必填", "is required", "act"))
            _check_act(mutation.act, kind)
        case "void":
            _refuse_parts(mutation, (*_VERBS, "act", "settles"))


def _check_act(act: Act, kind: RecordType) -> None:
    """Refuse an act that its workflow does not know, or that lacks what has to come with it."""
    machine = MACHINES.get(kind.machine)
    if machine is None:
        return  # whoever takes it in says that the type knows no acts
    known = machine.acts.get(act.name)
    if known is None:
        raise Refusal("act_unknown", act=act.name)
    found: Errors = {}
    for name, value in act.details.items():
        if name not in known.takes:
            found |= fault("unknown", "此操作没有这一项", "this act has no such detail", "details", name)
        elif value is not None:
            found |= errors_of_value(known.takes[name], value, "details", name)
    _refuse_fields(found)
    missing = machines.lacking(machine, act)
    if missing is not None:
        raise Refusal("act_incomplete", why_zh=missing.zh, why_en=missing.en)


def _check_create(mutation: Mutation, gate: Gate) -> None:
    if mutation.base or mutation.remove or mutation.act is not None or mutation.settles is not None:
        _refuse_parts(mutation, ("base", "remove", "act", "settles"))
    _check_verbs(mutation, gate)
    if not gate.fits_create(mutation.set):
        _refuse_fields(errors_of_fields(gate.settable, mutation.set, partial=False))
    if gate.needs:
        missing = gate.needs - mutation.add.keys() - mutation.share.keys()
        _refuse_fields({name: [_REQUIRED] for name in sorted(missing)})
    if mutation.add or mutation.share:
        _check_entries(mutation, gate)


def _check_patch(mutation: Mutation, gate: Gate) -> None:
    if mutation.act is not None:
        _refuse_parts(mutation, ("act",))
    _check_verbs(mutation, gate)
    if not gate.fits_patch(mutation.set):
        _refuse_fields(errors_of_fields(gate.settable, mutation.set, partial=True))
    if mutation.add or mutation.remove or mutation.share:
        _check_entries(mutation, gate)


# -- by the right verb ------------------------------------------------------------------------------


def _check_verbs(mutation: Mutation, gate: Gate) -> None:
    written = mutation.set
    if not gate.barred.isdisjoint(written):
        _refuse_barred(gate.barred & written.keys(), gate)
    for group in gate.groups:
        if not group.isdisjoint(written) and not group <= written.keys():
            raise Refusal("together_incomplete", fields="、".join(sorted(group)))


def _check_entries(mutation: Mutation, gate: Gate) -> None:
    for name, elements in mutation.add.items():
        entry = gate.elements.get(name)
        if entry is None or not entry.fits_each(elements):
            _refuse_entries(mutation, gate)
    for name, amount in mutation.share.items():
        entry = gate.shares.get(name)
        if entry is None or not entry.fits_each([amount]):
            _refuse_entries(mutation, gate)
    if mutation.remove:
        _refuse_entries(mutation, gate)


def _refuse_entries(mutation: Mutation, gate: Gate) -> None:
    """Refuse what is wrong with the entries of *mutation*, if anything is."""
    _refuse_entry_names(mutation, gate)
    found: Errors = {}
    for name, elements in mutation.add.items():
        found |= gate.elements[name].errors_of(elements, name)
    for name, keys in mutation.remove.items():
        found |= gate.elements[name].key_errors_of(keys, name)
    for name, amount in mutation.share.items():
        found |= errors_of_value(gate.shares[name].field, amount, name)
    _refuse_fields(found)


def _refuse_entry_names(mutation: Mutation, gate: Gate) -> None:
    added = mutation.add.keys() - gate.elements.keys()
    removed = mutation.remove.keys() - gate.removable
    shared = mutation.share.keys() - gate.shares.keys()
    _refuse_barred(added | removed | shared, gate)


def _refuse_barred(names: set[str] | frozenset[str], gate: Gate) -> None:
    derived = names & gate.derived
    if derived:
        raise Refusal("field_is_derived", fields="、".join(sorted(derived)))
    if names:
        raise Refusal("wrong_verb", fields="、".join(sorted(names)))


def _refuse_parts(mutation: Mutation, names: tuple[str, ...]) -> None:
    found: Errors = {}
    for name in names:
        if getattr(mutation, name):
            found |= fault("operation", f"“{mutation.op}”不带此项", f"has no place in '{mutation.op}'", name)
    if found:
        _malformed("、".join(found), found)


# -- saying no --------------------------------------------------------------------------------------

_REQUIRED = {"code": "required", "zh": "必填", "en": "is required"}


def _refuse_fields(errors: Errors) -> None:
    """Refuse for *errors*; where marshmallow finds none, its word counts: it is the definition."""
    if errors:
        raise Refusal("invalid_fields", errors)


def _malformed(why: str, errors: Errors) -> NoReturn:
    raise Refusal("malformed_mutation", errors or None, why=why)


def _refuse_unstorable(found: Errors) -> None:
    """Refuse for *found*, paths from the mutation's root: a field's fault, or the envelope's."""
    if not found:
        return
    by_verb = {path: path.partition(".") for path in found}
    if all(verb in _VERBS and name for verb, _, name in by_verb.values()):
        raise Refusal("invalid_fields", {name: found[path] for path, (_, _, name) in by_verb.items()})
    _malformed("、".join(found), found)


def _is_deep(mutation: Mutation) -> bool:
    level: list[Any] = [mutation.set, mutation.add]
    for _ in range(MAX_DEPTH - 1):
        level = [inner for outer in level if isinstance(outer, (dict, list)) for inner in _entries(outer)]
        if not level:
            return False
    return any(isinstance(outer, (dict, list)) for outer in level)


def _entries(outer: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return outer.values() if isinstance(outer, dict) else outer


def _explain_unreadable(text: bytes, error: Exception) -> NoReturn:
    value = read_leniently(text)
    if value is None:
        _malformed("JSON", {})
    if not isinstance(value, dict):
        _malformed("JSON", fault("invalid", "应为对象", "must be an object"))
    found = errors_of_fields(_DEFINITION, value, partial=False)
    if found:
        _malformed("、".join(found), found)
    _refuse_unstorable(unstorable(value))
    _malformed(str(error), {})


def _number_of(value: Any) -> Any:
    return value.get("n") if isinstance(value, dict) else None


class _Numbered(msgspec.Struct):
    """A mutation of which only the number matters."""

    n: Any = None


_decode_number = msgspec.json.Decoder(_Numbered).decode
_DEFINITION = MutationSchema()

# All of them now, by the one thread that imports: see ``derived``. A bad declaration fails here too.
for _kind in TYPES.values():
    gate_of(_kind)
