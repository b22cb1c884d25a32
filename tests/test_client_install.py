"""A tablet installs ``gridward`` alone: nothing of the server's comes along, and nothing is missed."""

import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from tests.imports import modules_in

ROOT = Path(__file__).parent.parent

# Tried in a process of its own, because here the server's packages are long since imported.
IMPORT_WITHOUT = """
import importlib, sys

refused, modules = sys.argv[1].split(), sys.argv[2].split()

class Refuser:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"a tablet has no {name}", name=name)

sys.meta_path.insert(0, Refuser())
for module in modules:
    importlib.import_module(module)
"""


def test_the_base_install_asks_for_nothing_of_the_server() -> None:
    """The two lists of requirements have nothing in common."""
    assert required(extra=None)
    assert required(extra="server")
    assert not required(extra=None) & (required(extra="server") | required(extra="zstd"))


def test_the_client_imports_without_the_server_s_packages() -> None:
    """Every module of the tablet loads where only the base install is."""
    names = required(extra="server") | {"server", "werkzeug"}
    refused = " ".join(name.replace("-", "_") for name in names)
    modules = " ".join(modules_in(ROOT, "schemas", "sync_client"))
    command = [sys.executable, "-c", IMPORT_WITHOUT, refused, modules]
    tried = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr


def test_an_import_of_the_server_s_would_be_noticed() -> None:
    """The experiment above can fail."""
    command = [sys.executable, "-c", IMPORT_WITHOUT, "flask", "flask"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "a tablet has no flask" in tried.stderr


@pytest.mark.long
def test_a_real_install_of_the_client_works(tmp_path: Path) -> None:
    """From nothing to ``gridward --help``, with only what is pinned for a tablet."""
    for name in ("bootstrap.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for name in ("requirements", "schemas", "sync_client", "server"):
        (tmp_path / name).symlink_to(ROOT / name)
    subprocess.run([sys.executable, "bootstrap.py", "client"], cwd=tmp_path, check=True)
    programs = tmp_path / ".venv/bin"
    subprocess.run([programs / "gridward", "--help"], cwd=tmp_path, check=True)
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([programs / "python", "-c", "import flask"], cwd=tmp_path, check=True)


def required(extra: str | None) -> set[str]:
    """Return the names that the distribution asks for, in the base install or under *extra* alone."""
    lines = [line.partition(";") for line in requires("gridward") or []]
    wanted = "" if extra is None else f"extra == '{extra}'"
    return {package_name(line) for line, _, marker in lines if marker.strip() == wanted}


def package_name(requirement: str) -> str:
    """Return ``flask-smorest`` for ``flask-smorest>=0.47``."""
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0].lower()
