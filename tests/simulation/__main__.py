"""Plays seeds from the command line; ``--help`` says how."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.simulation.mutants import MUTANTS, Found, hunt
from tests.simulation.running import Played, play_seed
from tests.simulation.shrinking import shrink


def main() -> int:
    """Do what the command line asks for; return 1 where anything failed."""
    asked = _arguments()
    if asked.mutants is not None:
        return _mutants(asked.mutants, asked.jobs)
    if asked.seed is not None:
        return _one(asked.seed, asked.steps, _numbers(asked.keep), with_trace=asked.trace, shrinks=not asked.whole)
    first, _, last = asked.seeds.partition("-")
    return _many(range(int(first), int(last or first) + 1), asked.steps, asked.jobs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="play one seed; where it fails, shrink it")
    parser.add_argument("--trace", action="store_true", help="with --seed: tell everything that happened")
    parser.add_argument("--keep", default="", metavar="3,7-12", help="with --seed: play these steps alone")
    parser.add_argument("--whole", action="store_true", help="with --seed: do not shrink")
    parser.add_argument("--steps", type=int, help="how many steps a play has, instead of as many as its seed says")
    parser.add_argument("--seeds", default="1-200", metavar="1-200", help="play many seeds")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes play at a time")
    parser.add_argument("--mutants", nargs="*", metavar="NAME", help="plant bugs, all or these, and see them found")
    return parser.parse_args()


def _numbers(text: str) -> list[int] | None:
    if not text:
        return None
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def spans(numbers: Iterable[int]) -> str:
    """Return *numbers* as the command line takes them: 3,7-12."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _one(seed: int, steps: int | None, keep: list[int] | None, *, with_trace: bool, shrinks: bool) -> int:
    played = play_seed(seed, steps, keep)
    if played.broken and keep is None and shrinks:
        _tell_shrunk(played, steps)
    elif with_trace or played.broken:
        print(played.trace, end="")
    print(f"seed {seed}: {played.broken or 'all well'}, {played.steps} steps, {played.seconds:.2f} s")
    return bool(played.broken)


def _tell_shrunk(played: Played, steps: int | None) -> None:
    found = shrink(played, steps)
    length = f" --steps {steps}" if steps else ""
    print(f"seed {played.seed} breaks {played.broken}: {played.seen}")
    print(f"{len(found.keep)} of {played.steps} steps are enough ({found.plays} plays):\n{found.played.trace}")
    print(f"again: python -m tests.simulation --seed {played.seed}{length} --keep {spans(found.keep)}\n")


def _many(seeds: range, steps: int | None, jobs: int) -> int:
    began = time.perf_counter()
    harm: Counter[str] = Counter()
    played_steps, count, failed = 0, 0, list[Played]()
    for played in _all_played(seeds, steps, jobs):
        harm.update(played.harm)
        count, played_steps = count + 1, played_steps + played.steps
        if played.broken:
            failed.append(played)
            print(f"seed {played.seed} breaks {played.broken}: {played.seen[:300]}", flush=True)
        elif sys.stdout.isatty() and not count % 25:
            print(f"\r{count} seeds", end="", flush=True)
    _tell_totals(harm, count, played_steps, time.perf_counter() - began)
    for played in failed[:3]:
        _tell_shrunk(played, steps)
    return bool(failed)


def _all_played(seeds: range, steps: int | None, jobs: int) -> Iterator[Played]:
    if jobs == 1:
        yield from (play_seed(seed, steps) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(partial(play_seed, steps=steps), seeds, chunksize=20)


def _tell_totals(harm: Counter[str], seeds: int, steps: int, seconds: float) -> None:
    for kind, times in sorted(harm.items()):
        print(f"{times:>9}  {kind}")
    rate = seconds / seeds if seeds else 0
    print(f"{seeds} seeds, {steps} steps, {harm.total()} faults in {seconds:.0f} s ({rate:.2f} s a seed)")


def _mutants(names: list[str], jobs: int) -> int:
    unknown = set(names) - {one.name for one in MUTANTS}
    if unknown:
        print(f"no such mutant: {', '.join(sorted(unknown))}")
        return 1
    wanted = [place for place, one in enumerate(MUTANTS) if not names or one.name in names]
    survived = 0
    with ProcessPoolExecutor(jobs) as pool:
        for place, found in zip(wanted, pool.map(_hunted, wanted), strict=True):
            survived += found[2] is None
            seeds, seed, invariant = found
            told = f"{seeds:>4} seeds  {invariant} (seed {seed})" if invariant else "SURVIVED"
            print(f"{MUTANTS[place].name:<36} {told:<60} {MUTANTS[place].story}", flush=True)
    print(f"{len(wanted)} mutants, {survived} survived")
    return bool(survived)


def _hunted(place: int) -> tuple[int, int, str | None]:
    found: Found = hunt(MUTANTS[place])
    return found.seeds, found.seed, found.invariant


if __name__ == "__main__":
    sys.exit(main())
