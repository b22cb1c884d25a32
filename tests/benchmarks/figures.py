"""
Figures as they are printed and written down: a value, a ratio to the floor, the budget, the verdict 指标.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report; ``ok`` is None where there is no budget to hold it against."""

    what: str
    measured: str
    budget: str = ""
    ok: bool | None = None


def median_s(action: Callable[[], object], runs: int) -> float:
    """Return the median duration of *action* in seconds, after one run that is not counted."""
    action()
    durations = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations)


def print_figures(title: str, figures: Sequence[Figure]) -> None:
    """Print *figures* as a table."""
    table = Table(title=title, title_justify="left", show_lines=False)
    for heading in ("指标 figure", "实测 measured", "预算 budget", ""):
        table.add_column(heading)
    for figure in figures:
        verdict = "" if figure.ok is None else ("[green]✓[/]" if figure.ok else "[red]✗ 未达到 missed[/]")
        table.add_row(figure.what, figure.measured, figure.budget, verdict)
    Console(width=140).print(table)
