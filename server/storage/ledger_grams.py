"""
The index over the ledger's text 检索索引: every two neighbouring characters of it, by which rare words are found.

Two, because most Chinese words have two and no space stands between them. Each character that is not of ASCII is kept
alone as well; letters and digits are not, for they stand nearly everywhere. PostgreSQL keeps these grams as a vector
under a GIN index; SQLite as words in a table of FTS5, which three triggers hold to ``ledger_text``. Where its build
has no FTS5 there is no such table, and whoever searches reads all texts. The index only says where a word may stand:
whether it does is asked of the text. Whoever changes what a gram is has the rows rebuilt in the same step.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from server.storage.bulk import mark

#: Nothing that a text is split at stands in a pair, and no word that is looked for holds any of it but control signs.
_RUN = re.compile(r"[^\s\x00-\x1f\x7f]+")
#: So many pairs of what is looked for narrow it down enough.
_MOST = 24
#: What everything begins with that only SQLite's tables have.
_PREFIX = "ledger_gram"
_SIGNS = "".join(chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum())


def grams(text: str) -> frozenset[str]:
    """Return every two neighbouring characters of *text*, and each that is not of ASCII alone."""
    runs = _RUN.findall(text)
    return frozenset(_pairs(runs)) | {sign for run in runs for sign in run if not sign.isascii()}


def asked(words: Iterable[str]) -> list[str]:
    """Return some of what stands among the grams of every text that holds all *words*; empty: nothing is known."""
    runs = [run for word in words for run in _RUN.findall(word)]
    found = sorted({*_pairs(runs), *(run for run in runs if len(run) == 1 and not run.isascii())})
    return found[:: len(found) // _MOST + 1]


def _pairs(runs: Iterable[str]) -> Iterator[str]:
    return (run[at : at + 2] for run in runs for at in range(len(run) - 1))


class GramIndex:
    """
    The index as one connection has it.

    Attributes:
        value: What stands for the grams of a text in an INSERT; ``kept`` is bound to it.
        column: What stands for them in a SELECT; ``read`` takes it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._postgres = connection.dialect.name == "postgresql"
        m = mark(connection)
        self.value = f"array_to_tsvector({m}::text[])" if self._postgres else m
        self.column = "tsvector_to_array(grams)" if self._postgres else "grams"

    def kept(self, text: str) -> object:
        """Return what is bound to ``value`` for *text*."""
        found = sorted(grams(text))
        return found if self._postgres else " ".join(found)

    def read(self, column: str | list[str]) -> frozenset[str]:
        """Return the grams that stand in the table, as ``column`` selects them."""
        return frozenset(column.split(" ") if isinstance(column, str) else column) - {""}

    def question(self, words: Iterable[str]) -> str | None:
        """Return what the index is asked for *words*; None where there is no index, or nothing to ask it."""
        terms = asked(words)
        if not terms or not self._there():
            return None
        if self._postgres:
            return " & ".join(_quoted(term.replace("\\", "\\\\"), "'") for term in terms)
        return " ".join(_quoted(term, '"') for term in terms)

    def candidates(self) -> str:
        """Return the texts ``t`` that answer a question, as a FROM with the one condition to bind it to."""
        if self._postgres:
            return "ledger_text t WHERE t.grams @@ %s::tsquery"
        return "ledger_gram g CROSS JOIN ledger_text t WHERE g.ledger_gram MATCH ? AND t.ledger_gram_n = g.rowid"

    def _there(self) -> bool:
        return self._postgres or (is_laid(self._connection) and has_fts5(self._connection))


def _quoted(term: str, sign: str) -> str:
    return sign + term.replace(sign, sign * 2) + sign


# -- SQLite's own -------------------------------------------------------------------------------------

_TOKENS = f"ascii tokenchars {_quoted(_SIGNS, chr(39))}"
_TABLE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS ledger_gram USING fts5(grams, content = 'ledger_text', "
    f"content_rowid = 'ledger_gram_n', detail = none, columnsize = 0, tokenize = {_quoted(_TOKENS, chr(39))})"
)
_DELETE = "INSERT INTO ledger_gram (ledger_gram, rowid, grams) VALUES ('delete', old.ledger_gram_n, old.grams);"
_INSERT = "INSERT INTO ledger_gram (rowid, grams) VALUES (new.ledger_gram_n, new.grams);"
_TRIGGERS = {
    "ledger_gram_comes": f"AFTER INSERT ON ledger_text BEGIN {_INSERT} END",
    "ledger_gram_goes": f"AFTER DELETE ON ledger_text BEGIN {_DELETE} END",
    "ledger_gram_changes": f"AFTER UPDATE ON ledger_text BEGIN {_DELETE} {_INSERT} END",
}
_FILL = "INSERT INTO ledger_gram (ledger_gram) VALUES ('rebuild')"


def compared(dialect: str) -> Callable[..., bool]:
    """Return what tells Alembic whether to compare something: all but what either database has for its index alone."""
    sqlite = dialect == "sqlite"
    return lambda _object, name, *_: not (sqlite and name is not None and name.startswith(_PREFIX))


def has_fts5(connection: Connection) -> bool:
    """Say whether this build of SQLite knows FTS5."""
    sql = "SELECT COUNT(*) FROM pragma_module_list WHERE name = 'fts5'"
    return bool(connection.exec_driver_sql(sql).scalar_one())


def is_laid(connection: Connection) -> bool:
    """Say whether SQLite's index is there and follows the texts."""
    sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger_text' AND name LIKE ?"
    found: int = connection.exec_driver_sql(sql, (f"{_PREFIX}%",)).scalar_one()
    return found == len(_TRIGGERS)


def is_as_it_should_be(connection: Connection) -> bool:
    """Say whether the database has the index that it can have; without looking into it."""
    return connection.dialect.name != "sqlite" or is_laid(connection) == has_fts5(connection)


def lay(connection: Connection) -> None:
    """
    Lay SQLite's index where it is missing, and fill it; needs a transaction.

    A file that comes from a build with FTS5 to one without loses the triggers, so that one can write to it.
    """
    if is_as_it_should_be(connection):
        return
    for name in _TRIGGERS:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
    if has_fts5(connection):
        connection.exec_driver_sql(_TABLE)
        connection.exec_driver_sql(_FILL)
        for name, what in _TRIGGERS.items():
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {what}")


def is_sound(connection: Connection) -> bool:
    """Say whether SQLite's index holds what the texts hold; reads all of both, and nobody writes meanwhile."""
    if connection.dialect.name != "sqlite" or not (is_laid(connection) and has_fts5(connection)):
        return True
    try:
        connection.exec_driver_sql("INSERT INTO ledger_gram (ledger_gram, rank) VALUES ('integrity-check', 1)")
    except DatabaseError as error:
        if "malformed" not in str(error.orig):
            raise
        return False
    return True


def refill(connection: Connection) -> None:
    """Fill SQLite's index anew from the texts."""
    connection.exec_driver_sql(_FILL)
