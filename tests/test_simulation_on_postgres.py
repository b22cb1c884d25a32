"""
Plays on a real PostgreSQL: commits in drawn orders, errors of the database's own, and nobody misses a change.

``python -m pytest -m long tests/test_simulation_on_postgres.py`` plays thirty seeds.
"""

from pathlib import Path

import pytest

from server.storage.feeds import FeedStore, Head
from tests.simulation.commit_orders import AFTER_NUMBERS, BEFORE_COMMIT, BEFORE_NUMBERS, CUT, DEADLOCK, SERIALISATION
from tests.simulation.on_postgres import Play, plan
from tests.simulation.on_postgres_checks import quiet, reader_missed, wrongs
from tests.simulation.patching import put_in_place

pytestmark = pytest.mark.postgres
SEEDS = range(1, 31)


def played(seed: int, url: str, folder: Path, **size: int) -> tuple[Play, list[str]]:
    """Play *seed*; return the play, with its tablets closed, and what did not hold."""
    play = Play(plan(seed, **size), url, folder)
    try:
        play.furnish()
        found: list[str] = []
        for number, now in enumerate(play.plan.rounds):
            play.conductor.tell(f"round {number}: {dict(now.parts)}")
            play.happen(now)
            found += reader_missed(play)
        quiet(play)
        return play, found + wrongs(play)
    except Exception as error:
        error.add_note(story(play, []))
        raise
    finally:
        play.town.close()
        play.town.office.store.engine.dispose()


def story(play: Play, found: list[str]) -> str:
    """Return what went wrong and what was done, for whoever has to find out why."""
    return "\n".join(
        [f"seed {play.plan.seed}: {play.plan.tablets}", *found, *play.conductor.told, str(play.conductor.counts)]
    )


def test_a_small_play_ends_well(postgres_url: str, tmp_path: Path) -> None:
    """Four tablets, two rounds."""
    play, found = played(2, postgres_url, tmp_path, rounds=2, most=3)
    assert not found, story(play, found)
    assert play.conductor.counts["committed"] > 0


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
def test_plays_end_well(seed: int, postgres_url: str, tmp_path: Path) -> None:
    """Four to eight tablets at once."""
    play, found = played(seed, postgres_url, tmp_path)
    assert not found, story(play, found)


def test_thirty_seeds_draw_every_moment_and_every_error() -> None:
    """A plan follows from its seed, and no kind of trouble is left out."""
    assert plan(7) == plan(7)
    rounds = [now for seed in SEEDS for now in plan(seed).rounds]
    parts = [part for now in rounds for part in now.parts.values()]
    assert {part.moment for part in parts} == {BEFORE_NUMBERS, AFTER_NUMBERS, BEFORE_COMMIT}
    assert {part.fault.state for part in parts if part.fault} == {SERIALISATION, DEADLOCK, CUT}
    assert any(part.fault and part.fault.at == 0 for part in parts), "a COMMIT that fails"
    assert {now.rival for now in rounds} == {True, False}
    assert {len(plan(seed).tablets) for seed in SEEDS} == {3, 4, 5, 6, 7}, "and one that reads"


@pytest.mark.long
def test_numbers_taken_first_are_found(postgres_url: str, tmp_path: Path) -> None:
    """As a sequence gives them: given for good at once, whoever commits before or after; readers pass some over."""
    real = FeedStore.take

    def first(self: FeedStore, feed: str, count: int) -> Head:
        with self._connection.engine.begin() as connection:
            return real(FeedStore(connection, self._district, self._pens), feed, count)

    with put_in_place(FeedStore, "take", first):
        play, found = played(3, postgres_url, tmp_path)
    checks = {wrong.partition(":")[0] for wrong in found}
    assert {"reader_missed", "numbers_without_gaps", "chains_hold"} <= checks, story(play, found)
