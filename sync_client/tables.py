"""
What the tablet's file holds 本机数据表, and how older files become today's.

``record`` holds what the worker sees; what the server said stays beside it in ``base`` only while waiting
work lies over it. So a record nobody on this tablet touched is one plain row, which a first sync can
write by the thousand, and a list never has to fold anything.
"""

#: Marks the file as one of ours ("GWTB").
APPLICATION_ID = 0x47575442

_FIRST = """
CREATE TABLE device (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    install TEXT NOT NULL,
    device TEXT,
    token TEXT,
    district TEXT,
    epoch TEXT,
    person TEXT,
    role TEXT,
    last_n INTEGER NOT NULL DEFAULT 0,
    clock_ms INTEGER NOT NULL DEFAULT 0,
    clock_counter INTEGER NOT NULL DEFAULT 0,
    offset_ms INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE journal (
    n INTEGER PRIMARY KEY,
    install TEXT NOT NULL,
    record_id TEXT NOT NULL,
    op TEXT NOT NULL,
    payload BLOB NOT NULL,
    offset_ms INTEGER NOT NULL,
    group_first INTEGER,
    parked TEXT,
    outcome TEXT,
    version INTEGER,
    answer TEXT,
    settled_ms INTEGER,
    told INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX journal_open ON journal (record_id, n) WHERE outcome IS NULL;
CREATE INDEX journal_told ON journal (outcome, n) WHERE told = 1;

CREATE TABLE record (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    grid TEXT NOT NULL,
    feed TEXT NOT NULL,
    version INTEGER NOT NULL,
    born INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    at_counter INTEGER NOT NULL,
    by TEXT NOT NULL,
    void INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    subject TEXT,
    status TEXT,
    time TEXT,
    acts TEXT,
    follows TEXT,
    fields TEXT NOT NULL,
    base TEXT
);
CREATE INDEX record_grid ON record (type, grid);
CREATE INDEX record_time ON record (type, time);
CREATE INDEX record_subject ON record (type, subject) WHERE subject IS NOT NULL;
CREATE INDEX record_status ON record (type, status) WHERE status IS NOT NULL;
CREATE INDEX record_unknown ON record (follows) WHERE version = 0;

CREATE TABLE cursor (
    feed TEXT PRIMARY KEY,
    cursor TEXT,
    generation INTEGER NOT NULL,
    reading INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE person (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    pin TEXT
) WITHOUT ROWID;

CREATE TABLE original (
    sha256 TEXT NOT NULL,
    record_id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    captured_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (sha256, record_id)
) WITHOUT ROWID;

CREATE TABLE draft (key TEXT PRIMARY KEY, data TEXT NOT NULL, saved_ms INTEGER NOT NULL) WITHOUT ROWID;
"""

_TELLINGS = """
CREATE TABLE telling (
    row INTEGER PRIMARY KEY,
    feed TEXT NOT NULL,
    version INTEGER NOT NULL,
    part INTEGER NOT NULL,
    person TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    told INTEGER NOT NULL DEFAULT 1,
    UNIQUE (feed, version, part, person)
);
CREATE INDEX journal_decided ON journal (n) WHERE outcome IN ('merged', 'conflict')
"""

# again: the number under which it was recorded again. place: where that one stands among its record's, for its
# own number came later than it. before: what had been said of it, while it is offered again. device: as which
# device of the office's it was settled, where that is another than today's.
_AGAIN = """
ALTER TABLE journal ADD COLUMN again INTEGER;
ALTER TABLE journal ADD COLUMN place INTEGER;
ALTER TABLE journal ADD COLUMN before TEXT;
ALTER TABLE journal ADD COLUMN device TEXT;

CREATE TABLE carried (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    device TEXT NOT NULL,
    taken_ms INTEGER NOT NULL,
    mutations INTEGER NOT NULL,
    body BLOB,
    answer TEXT
) WITHOUT ROWID
"""

# parts: the SHA-256 of each part, behind blanks, once they were reckoned. sent: the numbers of the parts that the
# office is known to have; tried: of those that ever set out. removed: its file was taken off the tablet. seen: what
# was told of it was put aside. A use is told once the office has answered for it; asked: behind which sync it did
# not know the record yet. What was kept before there were copies travels as it is.
_PHOTOS = """
CREATE TABLE photo_file (
    sha256 TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    state TEXT NOT NULL,
    parts TEXT NOT NULL DEFAULT '',
    sent TEXT NOT NULL DEFAULT '',
    tried TEXT NOT NULL DEFAULT '',
    captured_ms INTEGER NOT NULL,
    verified_ms INTEGER,
    problem TEXT,
    seen INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX photo_file_open ON photo_file (state) WHERE state <> 'verified';

CREATE TABLE photo_use (
    sha256 TEXT NOT NULL,
    record_id TEXT NOT NULL,
    of TEXT NOT NULL DEFAULT '',
    told INTEGER NOT NULL DEFAULT 0,
    asked TEXT,
    PRIMARY KEY (sha256, record_id, of)
) WITHOUT ROWID;
CREATE INDEX photo_use_copies ON photo_use (of) WHERE of <> '';
CREATE INDEX photo_use_open ON photo_use (sha256) WHERE told = 0;
CREATE INDEX photo_use_record ON photo_use (record_id);

INSERT INTO photo_file (sha256, bytes, state, captured_ms)
    SELECT sha256, max(bytes), min(state), min(captured_ms) FROM original GROUP BY sha256;
INSERT INTO photo_use (sha256, record_id) SELECT sha256, record_id FROM original;
DROP TABLE original
"""

#: Entry *i* turns a file of version *i* into one of version *i + 1*; entries are never edited.
MIGRATIONS: tuple[str, ...] = (_FIRST, _TELLINGS, _AGAIN, _PHOTOS)
