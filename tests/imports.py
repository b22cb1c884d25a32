"""
Who imports what: reads Python files without running them.

``tests/test_import_directions.py`` holds the rules; this module only finds out what there is to judge.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# These reach outside without an import.
OUTSIDE = ("open", "print", "input")


@dataclass(frozen=True)
class Use:
    """One place where *module* reaches for *name*: something it imports, or a dotted name it mentions."""

    module: str
    name: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} uses {self.name}"


def modules_in(root: Path, *packages: str) -> dict[str, Path]:
    """Return every module of *packages* below *root*, by its dotted name."""
    files = (file for package in packages for file in sorted((root / package).rglob("*.py")))
    return {dotted_name(file.relative_to(root)): file for file in files}


def dotted_name(file: Path) -> str:
    """Return the name by which *file*, relative to the root, is imported."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def uses_in(module: str, file: Path) -> Iterator[Use]:
    """Yield everything that *module* imports or reaches through an import, wherever in the file."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    known: dict[str, str] = {}
    for imported in imports_in(tree, package):
        known[imported.local] = imported.stands_for
        yield Use(module, imported.name, imported.line)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (reached := reached_name(node, known)):
            yield Use(module, reached, node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OUTSIDE:
            yield Use(module, f"builtins.{node.func.id}", node.lineno)


@dataclass(frozen=True)
class Imported:
    """One name brought in: ``import os.path`` makes ``os`` known, and uses ``os.path``."""

    local: str
    stands_for: str
    name: str
    line: int


def imports_in(tree: ast.AST, package: str) -> Iterator[Imported]:
    """Yield each name that an import statement brings into a module of *package*."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield Imported(alias.asname or top, alias.name if alias.asname else top, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{absolute(node, package)}.{alias.name}"
                yield Imported(alias.asname or alias.name, name, name, node.lineno)


def absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the full name of the source: ``from ..core`` inside ``server.api`` is ``server.core``."""
    if node.level == 0:
        return node.module or ""
    above = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*above, *filter(None, [node.module])])


def reached_name(node: ast.Attribute, known: Mapping[str, str]) -> str | None:
    """Return ``datetime.datetime.now`` for ``datetime.now`` after ``from datetime import datetime``."""
    parts = [node.attr]
    inner = node.value
    while isinstance(inner, ast.Attribute):
        parts.insert(0, inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name) or inner.id not in known:
        return None
    return ".".join([known[inner.id], *parts])
