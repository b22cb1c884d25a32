"""
Pens instead of names on every record, what records are found by, disputes that people settle, tellings.

Revision: 0002
After: 0001

The record table is written anew rather than changed in place: every row shrinks, and the rewrite gives
the room back. All rules of an old field or mark are written out here, as they were on that day.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from schemas import wire
from schemas.ids import derived_id
from schemas.likeness import cell_of
from server.storage.pens import number_of

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

PAGE = 2_000
SUBJECTS = {
    "case": "target_id",
    "shop_check": "target_id",
    "street_check": "target_id",
    "parking_check": "target_id",
    "shop": "segment_id",
    "parking_area": "segment_id",
}
BY_PLACE = ("case", "shop")
RANKS = {
    "grid_worker": 1,
    "department": 1,
    "grid_leader": 2,
    "community": 3,
    "street": 4,
    "district_office": 5,
    "inspector": 6,
}
SETTLED_ZH, SETTLED_EN = "此项争议已由后来的修改裁定。", "This dispute was settled by a later edit."

#: What the last change and the creation of a record say of themselves stands in the history.
OLD_RECORDS = sa.text("""
    SELECT r.district, r.id, r.type, r.feed, r.grid, r.version, r.born, r.code,
           r.origin_ms, r.origin_counter, r.origin_device, r.origin_by, r.origin_rank,
           r.at_ms, r.at_counter, r."by", r.device, r.clean, r.void, r.received_ms, r.fields, r.marks,
           last.role AS last_role, last.version AS last_version, first.corrected_ms, first.clamped
    FROM record r
    LEFT JOIN history last ON last.district = r.district AND last.feed = r.feed AND last.version = r.version
    LEFT JOIN history first ON first.district = r.district AND first.feed = r.feed AND first.version = r.born
    WHERE (r.district, r.id) > (:district, :id) ORDER BY r.district, r.id LIMIT :page
""")
DECIDED = sa.text("""
    SELECT h.district, h.record, h.decisions FROM history h
    WHERE h.decisions IS NOT NULL AND EXISTS (
        SELECT 1 FROM conflict c WHERE c.district = h.district AND c.record = h.record AND NOT c.open)
    ORDER BY h.district, h.feed, h.version
""")
Row = dict[str, Any]
Key = tuple[str, str, str, str]


def upgrade() -> None:
    """Create what is new, and move what is there."""
    _create_pen()
    _create_rules()
    _create_telling()
    op.add_column("history", sa.Column("rules", sa.String(length=12), nullable=True))
    op.create_index("history_record", "history", ["district", "record"])
    # The old records say of what type a dispute is, and who made the two of a pair.
    disputes = _disputes()
    _renew_records()
    op.drop_table("conflict")
    _create_conflict()
    _insert("conflict", disputes)


def downgrade() -> None:
    """Refuse: the chains of the history cover what the older tables have no room for."""
    raise RuntimeError("there is no way back from 0002: restore the backup that was taken before it")


# -- tables -----------------------------------------------------------------------------------------


def _create_pen() -> None:
    op.create_table(
        "pen",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", "number"),
    )
    op.create_index("pen_device", "pen", ["district", "device"])


def _create_rules() -> None:
    op.create_table(
        "rules",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("mark", sa.String(length=12), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("declared", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district", "type", "mark"),
    )


def _create_telling() -> None:
    op.create_table(
        "telling",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district", "feed", "version", "part", "person"),
    )


def _create_conflict() -> None:
    op.create_table(
        "conflict",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("field", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("settled", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "record", "field", "kind"),
    )
    op.create_index("conflict_id", "conflict", ["district", "id"], unique=True)
    op.create_index("conflict_open", "conflict", ["district", "open", "opened_ms", "id"])
    _create_index_where("conflict_pair", "conflict", ["district", "field"], "kind = 'duplicate'")


def _create_record() -> None:
    op.create_table(
        "record_next",
        sa.Column("district", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("feed", sa.String(length=9), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("pen", sa.BigInteger(), nullable=False),
        sa.Column("origin_ms", sa.BigInteger(), nullable=True),
        sa.Column("origin_pen", sa.BigInteger(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("at_counter", sa.Integer(), nullable=False),
        sa.Column("origin_counter", sa.Integer(), nullable=True),
        sa.Column("firm", sa.Boolean(), nullable=False),
        sa.Column("clean", sa.Boolean(), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("subject", sa.String(length=36), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "id"),
    )


def _create_index_where(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


# -- records ----------------------------------------------------------------------------------------


def _renew_records() -> None:
    _create_record()
    pens: dict[tuple[str, int], Row] = {}
    for page in _old_records():
        _insert("record_next", [_new_record(row, pens) for row in page])
    _insert("pen", list(pens.values()))
    op.drop_table("record")
    op.rename_table("record_next", "record")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX record_next_pkey RENAME TO record_pkey")
    op.create_index("record_feed", "record", ["district", "feed", "version"])
    _create_index_where("record_code", "record", ["district", "type", "code"], "code IS NOT NULL")
    _create_index_where("record_subject", "record", ["district", "subject", "at_ms"], "subject IS NOT NULL")
    _create_index_where("record_cell", "record", ["district", "type", "cell", "at_ms"], "cell IS NOT NULL")


def _old_records() -> Iterator[Sequence[Row]]:
    district = id_ = ""
    while page := _rows(OLD_RECORDS, district=district, id=id_, page=PAGE):
        yield page
        district, id_ = page[-1]["district"], page[-1]["id"]


def _new_record(old: Row, pens: dict[tuple[str, int], Row]) -> Row:
    names = ("district", "id", "type", "feed", "grid", "version", "born", "at_ms", "at_counter", "received_ms")
    fields = wire.decode_json(old["fields"])
    subject = fields.get(SUBJECTS.get(old["type"], ""))
    return {name: old[name] for name in (*names, "code", "fields", "marks")} | {
        "clean": bool(old["clean"]),
        "void": bool(old["void"]),
        "firm": not (old["corrected_ms"] or old["clamped"]),
        "subject": subject if isinstance(subject, str) else None,
        "cell": cell_of(fields.get("position")) if old["type"] in BY_PLACE else None,
        **_stamps(old, pens),
    }


def _stamps(old: Row, pens: dict[tuple[str, int], Row]) -> Row:
    made = (old["origin_device"], old["origin_by"], old["origin_rank"])
    origin = _pen(old["district"], made, pens)
    untouched = (old["at_ms"], old["at_counter"], old["device"], old["by"])
    if untouched == (old["origin_ms"], old["origin_counter"], *made[:2]):
        return {"pen": origin, "origin_ms": None, "origin_counter": None, "origin_pen": None}
    pen = _pen(old["district"], (old["device"], old["by"], _last_rank(old)), pens)
    stamp = {"origin_ms": old["origin_ms"], "origin_counter": old["origin_counter"]}
    return {"pen": pen, **stamp, "origin_pen": origin}


def _last_rank(old: Row) -> int:
    if old["last_version"] is None and old["by"] == old["origin_by"]:
        return int(old["origin_rank"])
    return RANKS.get(old["last_role"] or "", 0)


def _pen(district: str, pen: tuple[str, str, int], pens: dict[tuple[str, int], Row]) -> int:
    number = number_of(*pen)
    device, by, rank = pen
    pens[district, number] = {"district": district, "number": number, "device": device, "by": by, "rank": rank}
    return number


# -- disputes ---------------------------------------------------------------------------------------


def _disputes() -> list[Row]:
    """Return every dispute as it will stand; of a pair that stood twice, the one that is open."""
    old = _rows(sa.text('SELECT * FROM conflict ORDER BY "open", changed_ms'))
    decided = _decided()
    found: dict[Key, Row] = {}
    for row in old:
        new = _pair(row) if row["kind"] == "duplicate" else _dispute(row, decided)
        found[new["district"], new["record"], new["field"], new["kind"]] = new
    return list(found.values())


def _dispute(old: Row, decided: dict[Key, Row]) -> Row:
    detail = wire.decode_json(old["detail"])
    settler = detail.get("settled_by")
    if settler is not None:
        # What was in dispute had been overwritten; the history still knows it.
        detail = decided.get((old["district"], old["record"], old["field"], old["kind"]), detail)
    candidates = [detail[part] for part in ("kept",) if part in detail] + detail.get("others", [])
    people = {candidate["by"] for candidate in candidates} | ({settler} if settler else set())
    of_type = _rows(
        sa.text("SELECT type FROM record WHERE district = :district AND id = :record"),
        district=old["district"], record=old["record"],
    )  # fmt: skip
    type_name = of_type[0]["type"] if of_type else ""
    return _row(old, type_name, people, detail) | {"settled": _settled(old, settler)}


def _settled(old: Row, settler: str | None) -> str | None:
    if settler is None:
        return None
    told = {"by": settler, "at_ms": old["changed_ms"], "choice": "edit", "zh": SETTLED_ZH, "en": SETTLED_EN}
    return wire.canonical(told).decode()


def _pair(old: Row) -> Row:
    """Return a likely pair as it is listed now: under the younger record, whichever came first to the office."""
    younger, older = sorted((old["record"], old["field"]), reverse=True)
    made = {
        row["id"]: row
        for row in _rows(
            sa.text(
                "SELECT id, type, feed, grid, born, origin_ms, origin_counter, origin_by, origin_rank FROM record "
                "WHERE district = :district AND id IN (:younger, :older)"
            ),
            district=old["district"], younger=younger, older=older,
        )
    }  # fmt: skip
    place = made.get(younger, old)
    detail = {
        "field": older, "rule": "duplicate_suggest", "reason": "same_number", "outcome": "noted",
        "certainty": "ordered", "rules": "",
        "kept": _told(made[older]) if older in made else {"value": older},
        "others": [_told(made[younger]) if younger in made else {"value": younger}],
    }  # fmt: skip
    people = {row["origin_by"] for row in made.values()}
    turned = old | {"record": younger, "field": older, "feed": place["feed"], "grid": place["grid"]}
    return _row(turned, place.get("type", ""), people, detail)


def _told(record: Row) -> Row:
    at = [record["origin_ms"], record["origin_counter"]]
    return {
        "value": record["id"], "by": record["origin_by"], "at": at, "rank": record["origin_rank"],
        "version": record["born"],
    }  # fmt: skip


def _row(old: Row, type_name: str, people: set[str], detail: Row) -> Row:
    return old | {
        "id": derived_id("conflict", old["record"], old["field"], old["kind"]),
        "type": type_name,
        "open": bool(old["open"]),
        "opened_ms": old["changed_ms"],
        "people": wire.canonical(sorted(people)).decode(),
        "rule": detail.get("rule", ""),
        "detail": wire.canonical(detail).decode(),
        "settled": None,
    }


def _decided() -> dict[Key, Row]:
    """Return the last decision about every field that a closed dispute may have been over."""
    found: dict[Key, Row] = {}
    for row in op.get_bind().execute(DECIDED).mappings():
        for decision in wire.decode_json(row["decisions"]):
            kind = "person" if decision["outcome"] == "open" else "suggestion"
            if kind == "person" or decision["reason"] == "higher_rank":
                found[row["district"], row["record"], decision["field"], kind] = decision
    return found


# -- rows -------------------------------------------------------------------------------------------


def _rows(statement: sa.TextClause, **values: Any) -> list[Row]:
    return [dict(row) for row in op.get_bind().execute(statement, values).mappings()]


def _insert(name: str, rows: Sequence[Row]) -> None:
    if rows:
        table = sa.table(name, *(sa.column(column) for column in rows[0]))
        op.get_bind().execute(sa.insert(table), list(rows))
