"""
Bugs planted to be found 变异: each a plausible wrong version of one real function, taken from how such systems fail.

A simulator that finds nothing may be blind. Each mutant has to be found by some invariant within
``MOST_SEEDS`` plays; one that survives is a promise that nobody checks.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.simulation.running import play_seed

MOST_SEEDS = 500
Plant = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A planted bug: its name, how real systems came by it, and what plants it for as long as a block runs."""

    name: str
    story: str
    plant: Plant


@dataclass(frozen=True, slots=True)
class Found:
    """How a mutant fared: after how many seeds, by which invariant; 0 and None for one that survived."""

    mutant: Mutant
    seeds: int
    seed: int
    invariant: str | None


MUTANTS: list[Mutant] = []


def mutant(story: str) -> Callable[[Callable[[], Iterator[None]]], Plant]:
    """Let the function be a mutant, told by *story*."""

    def keep(plants: Callable[[], Iterator[None]]) -> Plant:
        plant = contextmanager(plants)
        MUTANTS.append(Mutant(plants.__name__, story, plant))
        return plant

    return keep


def hunt(planted: Mutant, seeds: Callable[[], Iterator[int]] = lambda: iter(range(1, MOST_SEEDS + 1))) -> Found:
    """Play seed after seed with *planted* in place, until one fails that does not fail without it."""
    for count, seed in enumerate(seeds(), 1):
        with planted.plant():
            played = play_seed(seed)
        if played.broken and play_seed(seed).broken is None:
            return Found(planted, count, seed, played.broken)
    return Found(planted, 0, 0, None)
