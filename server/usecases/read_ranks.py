"""
Read red and black lists 查看榜单: which there are, and one of them with everything in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec import Struct

from schemas.explain import errors_of_value
from schemas.fields import Id
from schemas.problems import Refusal
from schemas.ranks import MARK_REASONS, MARKS, RANK_KINDS, RANK_STATES
from schemas.records import Fields
from server.core.assessing import rights, words
from server.storage.assessing import Head
from server.storage.unit_of_work import UnitOfWork
from server.usecases import keep_lists
from server.usecases.assess_shops import SHOPS, passed_since
from server.usecases.at_the_desk import Desk
from server.usecases.name_units import unit_names
from server.values import Record

MAX_LIMIT = 100


class ListedRanks(Struct, frozen=True):
    """A list in brief: which, of when, and how it stands; moments as records write them."""

    id: str
    kind: str
    kind_zh: str
    group: str
    group_name: str | None
    first_day: str
    last_day: str
    status: str
    status_zh: str
    data_until: str
    list_no: str | None
    objections_until: str | None


class RankListPage(Struct, frozen=True):
    """The lists that a desk reads, the latest first."""

    lists: list[ListedRanks]


class RankRow(Struct, frozen=True):
    """
    One row as it was frozen; points and rates as they are printed, null where nothing was counted.

    Attributes:
        put_right_on: The day on which a shop passed again, noted beside the row 已整改.
        figures: The counts that the score was made of.
    """

    about: str
    name: str
    place: str | None
    grade: int | None
    rank: int | None
    score: str | None
    mark: str | None
    mark_zh: str | None
    why_zh: list[str]
    put_right_on: str | None
    rates: dict[str, str | None]
    figures: dict[str, int]


class RankCorrection(Struct, frozen=True):
    """What an issued list would say otherwise 更正; points as they are printed, null where it would not be ranked."""

    list_no: str | None
    first_day: str
    about: str
    name: str
    was: str | None
    now: str | None


class RankWord(Struct, frozen=True):
    """What somebody said of a list: an objection, a signature, a withdrawal."""

    by: str
    name: str | None
    at: str
    text: str | None
    about: str | None = None


class RankFile(Struct, frozen=True):
    """One list with everything in it; ``may`` is what the desk's people may do with it now."""

    head: ListedRanks
    rows: list[RankRow]
    left_out: int
    corrections: list[RankCorrection]
    objections: list[RankWord]
    signature: RankWord | None
    withdrawal: RankWord | None
    may: list[str]
    text_zh: list[str]
    text_en: list[str]


@dataclass(frozen=True, slots=True)
class Sought:
    """Which lists are looked for; nothing given: any of the last half year."""

    kind: str | None = None
    group: str | None = None
    status: str | None = None
    limit: int = 50


def list_ranks(work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int) -> RankListPage:
    """Return the lists that *desk* reads: of its areas, of what lies in them, and the district's."""
    heads = [
        one
        for one in work.assessing.lists(work.district, now_ms - keep_lists.LOOKED_BACK_MS)
        if _sees(desk, one.group, now_ms)
        and sought.kind in (None, one.kind)
        and sought.group in (None, one.group)
        and sought.status in (None, one.status)
    ][: sought.limit]
    names = unit_names(work, {one.group for one in heads})
    return RankListPage([told_head(one, names) for one in heads])


def show_ranks(work: UnitOfWork, desk: Desk, id_: str, now_ms: int) -> RankFile:
    """
    Return one list, with the shops noted that have passed since.

    Raises:
        Refusal: ``rank_list_unknown``.
    """
    record = known(work, desk, id_, now_ms)
    fields = record.fields
    names = unit_names(work, {record.grid, work.district})
    passed = passed_since(work, record) if fields["kind"] == SHOPS else {}
    group = _called(work, names, record.grid)
    people = work.people.names(set(_people(fields)))
    return RankFile(
        told_head(head_of(record), names), [_told_row(row, passed) for row in fields.get("rows") or ()],
        fields.get("left_out") or 0, [_told_correction(one) for one in fields.get("corrections") or ()],
        [_word(one, people) for one in fields.get("objections") or ()], _maybe(fields.get("signature"), people),
        _maybe(fields.get("withdrawal"), people), rights.may(desk.people.values(), fields, now_ms),
        words.in_chinese(fields, group, passed), words.in_english(fields, group, passed),
    )  # fmt: skip


# -- telling ------------------------------------------------------------------------------------------


def in_words(work: UnitOfWork, fields: Fields, group: str) -> list[str]:
    """Return a list of units in words, line by line, as groups are told it."""
    return words.in_chinese(fields, _called(work, unit_names(work, {group}), group), {})


def _called(work: UnitOfWork, names: Mapping[str, str], group: str) -> str:
    return names.get(group) or (work.numbers.district_name() if group == work.district else "") or group


def known(work: UnitOfWork, desk: Desk, id_: str, now_ms: int) -> Record:
    """
    Return a list that *desk* reads.

    Raises:
        Refusal: ``rank_list_unknown``.
    """
    record = None if errors_of_value(Id(), id_) else work.records.get([id_]).get(id_)
    if record is None or record.type != keep_lists.TYPE or record.void or not _sees(desk, record.grid, now_ms):
        raise Refusal("rank_list_unknown")
    return record


def _sees(desk: Desk, place: str, now_ms: int) -> bool:
    """Say whether a list at *place* is read: as a record at such a code reaches a tablet."""
    view = desk.view(now_ms)
    return view.sees(place) or (bool(view.areas) and place == desk.district)


def head_of(record: Record) -> Head:
    """Return a list in brief."""
    fields = record.fields
    return Head(
        fields["kind"], record.grid, fields["first_day"], fields["last_day"], fields["turn"], fields["status"],
        fields["data_until"], fields.get("list_no"), fields.get("objections_until"), record.id,
    )  # fmt: skip


def told_head(head: Head, names: Mapping[str, str]) -> ListedRanks:
    """Return a list in brief as it is told; *names* are those of areas."""
    return ListedRanks(
        head.id, head.kind, RANK_KINDS[head.kind], head.group, names.get(head.group), head.first_day, head.last_day,
        head.status, RANK_STATES[head.status], head.data_until, head.list_no, head.objections_until,
    )  # fmt: skip


def _told_row(row: Fields, passed: Mapping[str, str]) -> RankRow:
    mark, score = row.get("mark"), row.get("score")
    return RankRow(
        row["about"], row["name"], row.get("place"), row.get("grade"), row.get("rank"),
        None if score is None else words.points(score), mark, MARKS[mark] if mark else None,
        [MARK_REASONS[one] for one in row.get("why") or ()], passed.get(row["about"]) or row.get("put_right_on"),
        words.rates_of(row["figures"]), {name: count for name, count in row["figures"].items() if count is not None},
    )  # fmt: skip


def _told_correction(one: Fields) -> RankCorrection:
    was, now = (None if one.get(name) is None else words.points(one[name]) for name in ("was", "now"))
    return RankCorrection(one.get("list_no"), one["first_day"], one["about"], one["name"], was, now)


def _people(fields: Fields) -> Iterable[str]:
    said = [*(fields.get("objections") or ()), fields.get("signature"), fields.get("withdrawal")]
    return (one["by"] for one in said if one)


def _maybe(said: Fields | None, people: Mapping[str, str]) -> RankWord | None:
    return _word(said, people) if said else None


def _word(said: Fields, people: Mapping[str, str]) -> RankWord:
    text = said.get("text") or said.get("reason")
    return RankWord(said["by"], people.get(said["by"]), said["at"], text, said.get("unit"))
