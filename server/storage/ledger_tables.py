"""
The tables of the ledger 台账表: the calendar, campaigns and limits of a district.

As in ``server.storage.tables``, ``district`` leads every key, and times are milliseconds since 1970-01-01 UTC.
Days are those of Asia/Shanghai, written 2020-07-18.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Table, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR

from server.storage.tables import Base, where_given

_DISTRICT = String(6)
_DAY = String(10)

# -- calendar and limits 日历与时限 --------------------------------------------------------------------
# Rows are only ever added: ``n`` counts the words of a district, and the last one on a matter counts.

#: What the district said of one day, or of a year (2027) whose holidays it has entered in full.
calendar_day = Table(
    "calendar_day",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("day", _DAY, nullable=False),
    # work, off, stop; of a year: known. Nothing: the word before it is taken back.
    Column("word", String(5)),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

#: When every day is a duty day 百日会战; the last row of a name counts.
campaign_period = Table(
    "campaign_period",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("first", _DAY, nullable=False),
    # Nothing: it was called off before it began.
    Column("last", _DAY),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

#: How much time a class of problems is allowed, from one day until another; over the standard table.
time_limit = Table(
    "time_limit",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("problem_class", String(40), nullable=False),
    # 1 to 4; 0: all of them.
    Column("grade", Integer, nullable=False),
    # Empty: the class as such.
    Column("variant", String(20), nullable=False),
    Column("amount", Float, nullable=False),
    Column("clock", String(20), nullable=False),
    Column("valid_from", _DAY, nullable=False),
    Column("valid_to", _DAY),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# -- dispatch 派遣规则 ----------------------------------------------------------------------------------

#: Which unit leads which problems where; over the standard rules, rows are only ever added.
dispatch_rule = Table(
    "dispatch_rule",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("n", Integer, primary_key=True),
    # What a rule is about; empty: of every kind.
    Column("problem_class", String(40), nullable=False),
    Column("target", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("side", String(20), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("area", String(15), nullable=False),
    # Who: nothing where the district takes its own rules on this matter back.
    Column("functional", String(40)),
    Column("leads", String(20)),
    # Units that help, as a JSON list.
    Column("assist", Text, nullable=False),
    Column("valid_from", _DAY, nullable=False),
    Column("valid_to", _DAY),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# -- the ledger 问题台账 --------------------------------------------------------------------------------
_RETURNED = text("returns > 0")
_RUNNING = text("status IN ('dispatched', 'handling')")

# Follows from the records, in the same transaction; ``gridward-server ledger rebuild`` makes it anew.

#: One narrow row for each case: what lists sort and filter by, and what is counted. See ``server.storage.ledger``.
ledger_row = Table(
    "ledger_row",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("id", String(36), primary_key=True),
    # What lists sort by, and are filtered by most, first: a reader of many rows stops there.
    Column("grid", String(15), nullable=False),
    Column("void", Boolean, nullable=False),
    Column("status", String(12), nullable=False),
    Column("found_ms", BigInteger, nullable=False),
    # Never for what has no date, so that it stands last.
    Column("due_ms", BigInteger, nullable=False),
    Column("yellow_ms", BigInteger, nullable=False),
    # Whether more time was asked for and nobody has answered 延期待批.
    Column("asked", Boolean, nullable=False),
    Column("problem_class", String(40), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("source", String(30), nullable=False),
    Column("lead", String(40)),
    Column("owner", String(36)),
    Column("closed_ms", BigInteger),
    Column("rectified_ms", BigInteger),
    Column("dispatched_ms", BigInteger),
    Column("returns", Integer, nullable=False),
    Column("extensions", Integer, nullable=False),
    Column("submits", Integer, nullable=False),
    Column("reopens", Integer, nullable=False),
    Column("functional_unit", String(40)),
    Column("territorial_unit", String(15)),
    # Units that help, with a space before and behind each.
    Column("assist", Text),
    Column("case_no", String(40)),
    # The record's, by which it is told whether this row still follows from it.
    Column("feed", String(9), nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ledger_found", "district", "found_ms", "id"),
    Index("ledger_due", "district", "due_ms", "id"),
    where_given("ledger_closed", "closed_ms", "district", "closed_ms", "id"),
    where_given("ledger_number", "case_no", "district", "case_no", "id"),
    # What is in hand, of which most is asked for by its date.
    Index("ledger_running", "district", "due_ms", "id", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    Index("ledger_returned", "district", "returns", "id", sqlite_where=_RETURNED, postgresql_where=_RETURNED),
)

#: What a case is found by 检索: its words folded, and their pinyin initials. Apart, because acts change none of it.
ledger_text = Table(
    "ledger_text",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("text", Text, nullable=False),
    # Its pairs of characters, for the index; SQLite has a number for each row beside. See ``ledger_grams``.
    Column("grams", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    Index("ledger_grams", "grams", postgresql_using="gin"),
)

# -- sources 问题来源 -------------------------------------------------------------------------------------

#: What the public reported 随手拍. A problem is a case of the same id; a suggestion stands here alone.
public_report = Table(
    "public_report",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("id", String(36), primary_key=True),
    # Of the code by which its reporter asks; the code itself is kept nowhere.
    Column("code_hash", LargeBinary, nullable=False),
    # problem, suggestion
    Column("kind", String(12), nullable=False),
    Column("grid", String(15), nullable=False),
    Column("place", Text),
    # Empty for a problem: the case says it.
    Column("text", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    # adopted, declined; of a suggestion alone.
    Column("answer", String(12)),
    Column("reply", Text),
    Column("answered_by", String(36)),
    Column("answered_ms", BigInteger),
    Index("public_report_code", "district", "code_hash", unique=True),
    Index("public_report_time", "district", "at_ms"),
)

#: Who reported a case 举报人, where he left a way to reach him. In no record, feed, history, log or export.
reporter = Table(
    "reporter",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    # The case's, or the suggestion's.
    Column("id", String(36), primary_key=True),
    # public, hotline
    Column("channel", String(8), nullable=False),
    Column("contact", Text, nullable=False),
    Column("entered_by", String(36)),
    Column("at_ms", BigInteger, nullable=False),
)

#: Who looked at a reporter's contact, when and why; one row each time.
reporter_view = Table(
    "reporter_view",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("reporter", String(36), nullable=False),
    Column("person", String(36), nullable=False),
    Column("device", String(36), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Index("reporter_view_time", "district", "at_ms"),
)

# -- numbers 编号 ---------------------------------------------------------------------------------------

#: How far each series of numbers has been given out; a row is locked until the commit that takes of it.
number_series = Table(
    "number_series",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    # A number without its digits: XC-20200718-#
    Column("series", String(60), primary_key=True),
    # Behind a restoration: what tells its numbers from those that were lost.
    Column("mark", String(12), nullable=False),
    Column("last", BigInteger, nullable=False),
)

#: How far each series was known to be when its history was lost; above that, tablets bring back what they had.
number_former = Table(
    "number_former",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("series", String(60), primary_key=True),
    Column("mark", String(12), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

#: Numbers of a lost history that records have again; none is given back twice.
number_returned = Table(
    "number_returned",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("number", String(60), primary_key=True),
    Column("record", String(36), nullable=False),
)

#: What the numbers of a district begin with; rows are only ever added, the last one counts.
number_letters = Table(
    "number_letters",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("cases", String(8), nullable=False),
    Column("orders", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# -- escalation 升级 ------------------------------------------------------------------------------------

#: What is proposed where time ran out; see ``server.storage.escalations``.
escalation = Table(
    "escalation",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    # The case; of level 4 the unit.
    Column("about", String(40), primary_key=True),
    Column("level", Integer, primary_key=True),
    # The how-manieth time: what a person signed or dismissed is never written over.
    Column("turn", Integer, primary_key=True),
    Column("id", String(36), nullable=False),
    # proposed, signed, dismissed, fallen
    Column("state", String(10), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("noticed_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("returns", Integer, nullable=False),
    Column("why_zh", Text, nullable=False),
    Column("why_en", Text, nullable=False),
    Column("by", String(36)),
    Column("at_ms", BigInteger),
    Column("reason", Text),
    Index("escalation_id", "district", "id", unique=True),
    Index("escalation_open", "district", "state", "level", "since_ms"),
)
