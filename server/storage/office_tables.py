"""
The tables of reminders and of the office's day 提醒与日报表.

As in ``server.storage.tables``, ``district`` leads every key, and times are milliseconds since 1970-01-01 UTC.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text

from server.storage.tables import Base

_DISTRICT = String(6)
_UUID = String(36)
_UNSENT = text("notice IS NULL AND over_ms IS NULL")
_WAITING = text("next_ms IS NOT NULL")

# -- what the district said of itself 区县设置 ----------------------------------------------------------

#: Every number that an office may want otherwise: patrol intervals, quiet hours, weights. Rows are only ever
#: added: ``n`` counts the words of a district, and the last one under a name counts.
district_setting = Table(
    "district_setting",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("name", String(40), nullable=False),
    # As JSON; nothing: the word before it is taken back, and the standard counts.
    Column("said", Text),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# -- jobs 定时任务 --------------------------------------------------------------------------------------

#: How far each job of a district is done, and whether somebody paused it.
job = Table(
    "job",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("name", String(40), primary_key=True),
    # When the job was first seen here: what was due before is nobody's.
    Column("begun_ms", BigInteger, nullable=False),
    # Every period up to here is done, or was passed over by the job's policy.
    Column("done_ms", BigInteger, nullable=False),
    Column("paused_ms", BigInteger),
    Column("paused_by", Text),
    # When it last ran, for how long, and how that ended: done, failed, passed_over.
    Column("ran_ms", BigInteger),
    Column("took_ms", BigInteger),
    Column("outcome", String(12)),
    Column("said", Text),
)

#: The fence: what was done once is done, whoever leads. One row for each job, period and target, written in the
#: very transaction that does it.
job_run = Table(
    "job_run",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("period_ms", BigInteger, primary_key=True),
    Column("target", String(60), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Index("job_run_time", "district", "at_ms"),
)

# -- reminders 提醒 -------------------------------------------------------------------------------------

#: The reminders as the district wants them, over the standard ones; rows are only ever added, a code's last counts.
reminder = Table(
    "reminder",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("code", String(20), nullable=False),
    # As JSON; nothing: the district takes its own words back, and the standard counts.
    Column("said", Text),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

#: What somebody is to be reminded of, once: its key is the fence. It waits until it goes out in a notice.
reminder_item = Table(
    "reminder_item",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("code", String(20), primary_key=True),
    # The day, or the moment, of what is reminded of.
    Column("period", String(40), primary_key=True),
    # Whom and of what: a person's id, the record's; of a later step the step, too.
    Column("target", String(100), primary_key=True),
    Column("person", _UUID, nullable=False),
    # The record, or the place, it is about.
    Column("subject", String(40)),
    # Where its notice lies.
    Column("grid", String(15), nullable=False),
    Column("step", Integer, nullable=False),
    Column("critical", Boolean, nullable=False),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    # The notice it went out in, and when that was acknowledged.
    Column("notice", _UUID),
    Column("sent_ms", BigInteger),
    Column("acked_ms", BigInteger),
    # When what it is about was found to be over: then it is not sent, and no step follows.
    Column("over_ms", BigInteger),
    # When the next step is to be taken, unless it is acknowledged or over by then.
    Column("next_ms", BigInteger),
    Index("reminder_unsent", "district", "person", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
    Index("reminder_next", "district", "next_ms", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("reminder_notice", "district", "notice"),
    Index("reminder_person", "district", "person", "sent_ms"),
    Index("reminder_subject", "district", "subject", "code", "period"),
    Index("reminder_time", "district", "made_ms"),
)

#: The ways out of the office: robots, mail, webhooks. Rows are only ever added, the last of a name counts.
channel = Table(
    "channel",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("name", String(40), nullable=False),
    # As JSON, without any secret: those are in the environment. Nothing: the channel is closed.
    Column("said", Text),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

#: What goes out by a channel, and what became of it 投递记录.
delivery = Table(
    "delivery",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("id", _UUID, primary_key=True),
    Column("channel", String(40), nullable=False),
    # Whom it is for, where it is for one person; the notice or the report it tells of.
    Column("person", _UUID),
    Column("about", String(60)),
    Column("critical", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    # waiting, sending, sent, failed, dropped
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger),
    Column("ended_ms", BigInteger),
    # Why the last attempt failed: the kind of failure, never the address.
    Column("problem", Text),
    Index("delivery_next", "district", "next_ms", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("delivery_time", "district", "made_ms"),
    Index("delivery_channel", "district", "channel", "ended_ms"),
)

# -- documents 台账导出 ---------------------------------------------------------------------------------

#: Which documents went out of the office: who took what, when, how many cases of it, with whole telephone numbers
#: or not. Rows are only ever added.
document_export = Table(
    "document_export",
    Base.metadata,
    Column("district", _DISTRICT, primary_key=True),
    Column("id", _UUID, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("person", _UUID, nullable=False),
    Column("device", _UUID, nullable=False),
    # xlsx, csv, geojson
    Column("format", String(10), nullable=False),
    # What was asked for, as JSON.
    Column("asked", Text, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("pictures", Integer, nullable=False),
    Column("phones", Integer, nullable=False),
    Index("document_export_time", "district", "at_ms"),
)
