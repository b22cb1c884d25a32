"""
Imports point one way: ``server → schemas ← sync_client``, and inside the server downwards.

The rules are the four tables at the top; to add one, add a line. Below them stand the checks, and the
planted violations which prove that every table bites.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.imports import Use, modules_in, uses_in

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "sync_client", "server")

# What of our own each part may import beside itself; the longest name that fits a module decides.
MAY_IMPORT: dict[str, set[str]] = {
    "schemas": set(),
    "sync_client": {"schemas"},
    "server": {"schemas"},  # app and commands put the parts together
    "server.commands": {"server", "schemas"},
    "server.demo": {"server", "schemas"},
    "server.api": {
        "server.settings",
        "server.values",
        "server.reports",
        "server.usecases",
        "server.core",
        "server.storage",
        "schemas",
    },
    "server.jobs": {"server.values", "server.usecases", "server.core", "server.storage", "schemas"},
    "server.usecases": {
        "server.values",
        "server.reports",
        "server.channels",
        "server.pictures",
        "server.core",
        "server.storage",
        "schemas",
    },
    "server.reports": {"server.values", "server.pictures", "server.core", "server.storage", "schemas"},
    "server.channels": {"server.values", "schemas"},
    "server.core": {"server.values", "schemas"},
    "server.pictures": {"server.values", "schemas"},
    "server.storage": {"server.values", "schemas"},
    "server.values": {"schemas"},
    "server.settings": {"schemas"},
}

# Whoever installs only the client gets these and the standard library.
MAY_INSTALL = {
    "schemas": {"marshmallow", "msgspec", "PIL", "pillow_heif"},
    "sync_client": {
        *("click", "keyring", "marshmallow", "msgspec", "PIL", "rich", "sqlcipher3", "urllib3", "zstandard"),
    },
}

# Code that decides without touching anything: values in, value out.
PURE = ("schemas", "server.core", "server.values")
IMPURE = (
    *("builtins.open", "builtins.print", "builtins.input"),
    *("os", "pathlib", "io", "shutil", "tempfile", "glob", "subprocess", "logging", "structlog"),
    *(
        "time",
        "random",
        "secrets",
        "uuid.uuid1",
        "uuid.uuid4",
        "datetime.datetime.now",
        "datetime.date.today",
    ),
    *("datetime.datetime.utcnow", "datetime.datetime.today"),
    *("socket", "http", "urllib", "urllib3", "requests", "asyncio", "threading", "multiprocessing"),
    *("sqlite3", "sqlalchemy", "flask_sqlalchemy", "psycopg", "flask", "flask_smorest", "apscheduler"),
)

# A picture's bytes are read from memory as from a file: nothing is opened.
MAY_TOUCH = {"schemas.pictures": ("io",)}

# What only some may know, and nobody else in the three packages.
ONLY = {
    "flask.request": {"server.api"},
    "flask": {"server.api", "server.app", "server.commands", "server.storage"},
    "flask_smorest": {"server.api", "server.app"},
    "sqlalchemy": {"server.storage"},
    "flask_sqlalchemy": {"server.storage"},
    "alembic": {"server.storage"},
    "psycopg": {"server.storage"},
    "sqlite3": {"server.storage", "sync_client"},
    "apscheduler": {"server.jobs"},
    "os.environ": {"server.settings"},
    "os.getenv": {"server.settings"},
    "socket": {"sync_client.transport", "server.commands.serving"},
    "http.client": {"sync_client.transport"},
    "urllib.request": {"sync_client.transport"},
    "urllib3": {"sync_client.transport"},
    "PIL": {"schemas.pictures", "sync_client.pictures", "sync_client.demo.picture", "server.pictures"},
    "pillow_heif": {"schemas.pictures"},
    "boto3": {"server.storage"},
    "botocore": {"server.storage"},
    "dhash": {"server.pictures"},
    "apprise": {"server.channels"},
    "xlsxwriter": {"server.reports"},
    "keyring": {"sync_client.sealing"},
    "sqlcipher3": {"sync_client.sealing"},
}


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_keep_to_the_tables(package: str) -> None:
    """Nothing in the project reaches where it must not."""
    found = list(violations(ROOT, package))
    assert not found, "\n".join(found)


def test_every_part_of_the_server_has_its_line() -> None:
    """A new package inside the server says first which way it points."""
    parts = {f"server.{init.parent.name}" for init in (ROOT / "server").glob("*/__init__.py")}
    assert parts <= MAY_IMPORT.keys()


def violations(root: Path, *packages: str) -> Iterator[str]:
    """Yield one sentence for each use that breaks a table."""
    for module, file in modules_in(root, *packages).items():
        for use in uses_in(module, file):
            yield from (f"{use}: {reason}" for reason in reasons_against(use))


def reasons_against(use: Use) -> Iterator[str]:
    """Yield every reason why *use* should not be."""
    top = use.name.partition(".")[0]
    part = longest(MAY_IMPORT, use.module)
    if top in (*PACKAGES, "tests") and not within(use.name, {part, *MAY_IMPORT[part]}):
        yield f"{part} may import only {listed({part, *MAY_IMPORT[part]})}"
    for package, allowed in MAY_INSTALL.items():
        ours = top in (*PACKAGES, "builtins", "tests")
        if within(use.module, [package]) and not ours and top not in sys.stdlib_module_names | allowed:
            yield f"{package} installs only {listed(allowed)}"
    allowed_here = MAY_TOUCH.get(use.module, ())
    if within(use.module, PURE) and within(use.name, IMPURE) and not within(use.name, allowed_here):
        yield f"{listed(PURE)} decide without touching anything"
    known = longest(ONLY, use.name)
    if known and not within(use.module, ONLY[known]):
        yield f"only {listed(ONLY[known])} may know {known}"


def within(name: str, parents: Iterable[str]) -> bool:
    """Tell whether the dotted *name* is one of *parents* or lies below one."""
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def longest(parents: Iterable[str], name: str) -> str:
    """Return the most exact of *parents* that *name* lies within, or nothing."""
    return max((parent for parent in parents if within(name, [parent])), key=len, default="")


def listed(names: Iterable[str]) -> str:
    """Return *names* as a person would list them."""
    return ", ".join(sorted(names))


PLANTED = {
    "the client knows the server": ("sync_client/client.py", "from server.core import merge"),
    "the server knows the client": ("server/api/sync.py", "import sync_client"),
    "the shared language knows the server": ("schemas/wire.py", "from server import settings"),
    "the product knows its tests": ("server/demo/play.py", "from tests import postgres"),
    "core knows storage": ("server/core/merge.py", "from ..storage import records"),
    "storage knows core": ("server/storage/records.py", "import server.core.merge"),
    "storage knows a use-case": (
        "server/storage/records.py",
        "from server.usecases import receive",
    ),
    "a use-case knows the API": ("server/usecases/serve.py", "from server.api import problems"),
    "the API knows the app": ("server/api/sync.py", "from server.app import create_app"),
    "an import hidden in a function": ("server/core/merge.py", "def late():\n    import server.storage"),
    "an import for types only": (
        "server/core/merge.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from server.storage import Row",
    ),
    "an install the tablet lacks": ("schemas/wire.py", "import numpy"),
    "the client needs a server part": (
        "sync_client/testing.py",
        "from werkzeug.test import Client",
    ),
    "core reads the clock": ("server/core/due.py", "from datetime import datetime\nlate = datetime.now()"),
    "core reads today": ("server/core/due.py", "import datetime as dt\nday = dt.date.today()"),
    "a schema rolls dice": ("schemas/clock.py", "import random"),
    "a schema reads a file": ("schemas/grid.py", "names = open('names.csv')"),
    "core logs": ("server/core/merge.py", "import logging"),
    "a use-case reads the request": ("server/usecases/serve.py", "from flask import request"),
    "the app reads the request": ("server/app.py", "import flask\nasked = flask.request.json"),
    "the API writes SQL": ("server/api/cases.py", "from sqlalchemy import select"),
    "a use-case schedules": ("server/usecases/remind.py", "from apscheduler.schedulers import background"),
    "the app reads the environment": ("server/app.py", "import os\nhome = os.environ['HOME']"),
    "another client module opens sockets": ("sync_client/retry.py", "import urllib3.util"),
}


@pytest.mark.parametrize(("file", "source"), PLANTED.values(), ids=PLANTED)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, source: str) -> None:
    """Each kind of wrong import is caught, and the message says where it stands."""
    found = planted(tmp_path, file, source)
    assert found
    assert all(sentence.startswith(Path(file).with_suffix("").as_posix().replace("/", ".")) for sentence in found)


ALLOWED = {
    "downwards": ("server/api/sync.py", "from flask import request\nfrom server.usecases import receive"),
    "beside": ("server/core/merge.py", "from .decisions import Decision\nfrom . import deadlines"),
    "shared": ("sync_client/client.py", "from schemas.mutations import Mutation"),
    "a clock handed in": ("server/core/due.py", "def late(clock):\n    return clock.now()"),
    "dates without a clock": (
        "schemas/clock.py",
        "from datetime import datetime\nday = datetime(2026, 1, 1)",
    ),
    "the one who may": ("server/settings.py", "import os\nhome = os.environ['HOME']"),
}


@pytest.mark.parametrize(("file", "source"), ALLOWED.values(), ids=ALLOWED)
def test_an_honest_import_is_left_alone(tmp_path: Path, file: str, source: str) -> None:
    """The rules forbid no more than they say."""
    assert planted(tmp_path, file, source) == []


def test_a_message_says_where_what_and_why(tmp_path: Path) -> None:
    """Whoever breaks a rule reads which line to change and which rule it is."""
    [sentence] = planted(tmp_path, "server/core/merge.py", "\nimport random")
    assert sentence == (
        "server.core.merge:2 uses random: schemas, server.core, server.values decide without touching anything"
    )


def planted(root: Path, file: str, source: str) -> list[str]:
    """Write *source* to *file* below *root* and return what is wrong with it."""
    target = root / file
    target.parent.mkdir(parents=True)
    target.write_text(source, encoding="utf-8")
    return list(violations(root, *PACKAGES))
