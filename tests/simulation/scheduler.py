"""
What happens, drawn from a seed 调度: first what kind of play it is, then event after event.

Drawing knows nothing of the town: a plan is data, and stays the same whatever becomes of it. Which faults a
play knows at all is drawn first ("swarm testing", Groce et al., ISSTA 2012): one that never loses its power
meets states that ten which always do would not.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sync_client.photos.policy import WAYS
from tests.server.office import ELSEWHERE, GRID_7, GRID_8
from tests.simulation import actors, case_actors, checks, faults, operators, photos, rescues
from tests.simulation.actors import Event
from tests.simulation.depots import PlayDepot
from tests.simulation.drivers import Harm
from tests.simulation.network import FINE, MISHAPS
from tests.simulation.pictures import COUNT, WITH_COPY
from tests.simulation.server import WORKERS

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
#: How long people take between two things they do, ms.
_PAUSES = (200, 1_000, 5_000, 60_000, 600_000, 5 * _HOUR_MS, _DAY_MS, 26 * _HOUR_MS)
#: Somebody is away for weeks, or longer than anything but the history is kept.
_AWAY = (10 * _DAY_MS, 40 * _DAY_MS, 200 * _DAY_MS)
#: Who work in one grid, and so write over one another.
_TEAM = ("li", "wang", "li", "wang", "feng", "zhao")
#: In so many plays somebody takes photos.
_WITH_PHOTOS = 0.35
_CLERKS = ("feng", "zhao", "qian", "hua", "chen")


@dataclass(frozen=True, slots=True)
class Step:
    """One event, and how long after the one before it comes."""

    pause_ms: int
    event: Event


@dataclass(frozen=True, slots=True)
class Plan:
    """
    One play.

    Attributes:
        people: Who works on each tablet.
        page_records: How many records the tablets ask for at once.
        guests: Whether the depot takes photos' parts from tablets itself.
    """

    seed: int
    people: tuple[tuple[str, ...], ...]
    page_records: int
    steps: tuple[Step, ...]
    guests: bool = False


def plan(seed: int, steps: int | None = None) -> Plan:
    """Return the play of *seed*, with so many *steps* where they are given."""
    dice = random.Random(f"plan {seed}")
    crowd = dice.random()
    count = dice.randint(15, 40) if crowd < 0.005 else dice.randint(6, 10) if crowd < 0.04 else dice.randint(2, 4)
    team = _TEAM if dice.random() < 0.5 else WORKERS
    people = tuple(_staff(dice, team) for _ in range(count))
    length = steps or dice.randint(15, 45) + 2 * count
    page_records, drawing = dice.choice((2, 5, 50)), Drawing(dice, count)
    return Plan(seed, people, page_records, drawing.steps(length), drawing.guests)


def _staff(dice: random.Random, team: tuple[str, ...]) -> tuple[str, ...]:
    first = dice.choice(team)
    if dice.random() < 0.75:
        return (first,)
    return first, dice.choice([name for name in WORKERS if name != first])


class Drawing:
    """Draws the events of one play."""

    def __init__(self, dice: random.Random, tablets: int) -> None:
        self._dice = dice
        self._tablets = tablets
        self._serial = 0
        self._harms = [kind for kind in ("kill", "power", "full", "undone", "locked") if dice.random() < 0.5]
        self._office = [kind for kind in ("kill", "power", "full", "locked") if dice.random() < 0.4]
        self._mishaps = [kind for kind in MISHAPS if dice.random() < 0.5]
        self._badness = dice.choice((0.0, 0.1, 0.3, 0.5))
        self._pauses = dice.sample(_PAUSES, 3)
        self._fields = dice.sample(list(actors.Edit.WRITERS), dice.choice((2, 4, 11)))
        self._away = dice.choice((0.0, 0.0, 0.02, 0.05))
        self.guests = dice.random() < 0.4
        # Some of them in each play, one with a copy among them.
        self._pictures = [*dice.sample(range(COUNT), dice.choice((1, 3, 8))), dice.choice(WITH_COPY)]
        # Who takes photos also sends them.
        self._cameras = dice.sample(range(tablets), dice.choice((1, 2)))
        self._weights = self._swarm()
        self._beside: list[Callable[[], Event]] = [self._create, self._edit, self._edit, self._sync]
        if self._build in self._weights:
            # While parts are on their way: another snapshot, records elsewhere, another history.
            self._beside += [self._build, self._build, self._move_records]
            self._beside += [self._restore] if self._restore in self._weights else []
        # While parts are on their way: syncs, other photos, other tablets with the same ones; the depot loses some.
        drawn = (self._restore, self._collect, self._tidy, self._lose, self._lose, self._lose, self._edit)
        self._beside_photos = [self._send, self._take_photo, self._sync]
        self._beside_photos += [draw for draw in drawn if draw in self._weights]

    def _swarm(self) -> dict[Callable[[], Event], float]:
        always: dict[Callable[[], Event], float] = {self._create: 6, self._edit: 20, self._sync: 24}
        beside: dict[Callable[[], Event], float] = {
            self._void: 2, self._act: 4, self._group: 3, self._take_off: 2, self._switch: 3, self._put_aside: 1,
            self._check: 3, self._late: 2, self._verify: 1, self._admit: 1,
        }  # fmt: skip
        themes: tuple[dict[Callable[[], Event], float], ...] = (
            {self._clock: 6},
            {self._die: 6, self._restart: 4},
            {self._save: 5, self._put_back: 4, self._copy: 2},
            {self._backup: 5, self._restore: 4},
            {self._replicate: 6, self._failover: 4},
            {self._move: 5, self._promote: 3, self._admit: 3},
            {self._move_records: 7, self._housekeeping: 3},
            {self._stop: 3, self._revoke: 3, self._admit: 3, self._readmit: 5, self._move: 2},
            {self._settle: 10, self._act: 6, self._edit: 24, self._sync: 30},
            {self._housekeeping: 8, self._verify: 3},
            {self._other_version: 8, self._move: 3, self._move_records: 3},
            {self._check: 10, self._correct: 4, self._act: 5, self._create: 14, self._edit: 24},
            {self._export: 9, self._carry: 8, self._bring_in: 5, self._revoke: 1},
            {self._export: 9, self._carry: 9, self._save: 4, self._put_back: 3, self._copy: 1},
            {self._build: 7, self._hand_out: 4, self._move: 3, self._create: 14, self._sync: 30},
        )
        drawn = {draw: weight for draw, weight in beside.items() if self._dice.random() < 0.6}
        of_photos = self._swarm_of_photos() if self._dice.random() < _WITH_PHOTOS else {}
        for theme in self._dice.sample(themes, 1 if of_photos else self._dice.randint(1, 3)):
            drawn |= theme
        return always | drawn | of_photos

    def _swarm_of_photos(self) -> dict[Callable[[], Event], float]:
        always: dict[Callable[[], Event], float] = {
            self._take_photo: 24, self._send: 24, self._create: 4, self._edit: 5, self._sync: 12,
        }  # fmt: skip
        beside: dict[Callable[[], Event], float] = {
            self._tidy: 14, self._policy: 4, self._trouble: 5, self._lose: 5, self._collect: 6, self._retain: 3,
            self._rubbish: 1, self._take_off: 5, self._check: 4, self._late: 5,
        }  # fmt: skip
        return always | {draw: weight for draw, weight in beside.items() if self._dice.random() < 0.5}

    def steps(self, count: int) -> tuple[Step, ...]:
        """Return so many steps; where photos are taken at all, some are at once, lest the rest have nothing to do."""
        rounds = 2 if self._send in self._weights else 0
        first = [[self._take_photo] * self._dice.randint(1, 3) + [self._send] for _ in range(rounds)]
        begun = [Step(self._pause(), draw()) for draws in first for draw in draws]
        return (*begun, *(Step(self._pause(), self._event()) for _ in range(count - len(begun))))

    def _pause(self) -> int:
        return self._dice.choice(_AWAY if self._dice.random() < self._away else self._pauses)

    def _event(self) -> Event:
        [draw] = self._dice.choices(list(self._weights), list(self._weights.values()))
        return draw()

    # -- what it is made of ---------------------------------------------------------------------------

    def _tablet(self) -> int:
        return self._dice.randrange(self._tablets)

    def _pick(self) -> int:
        return self._dice.randrange(1 << 16)

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _harm(self, kinds: list[str], most: int, chance: float) -> Harm | None:
        if not kinds or self._dice.random() >= chance:
            return None
        kind = self._dice.choice(kinds)
        at = 1 if kind == "locked" and kinds is self._harms else self._dice.randint(1, most)
        return Harm(kind, at, kind in ("kill", "power") and self._dice.random() < 0.5)

    def _deaths(self) -> list[str]:
        """What an operator's own work knows of; other trouble he sees, and asks again."""
        return [kind for kind in self._office if kind in ("kill", "power")]

    # -- people ---------------------------------------------------------------------------------------

    def _create(self) -> Event:
        kind = self._dice.choices(("shop", "case", "cleaning_day"), (5, 4, 1))[0]
        return actors.Create(self._tablet(), kind, self._pick(), self._next(), self._harm(self._harms, 9, 0.15))

    def _edit(self) -> Event:
        what = self._dice.choice(self._fields)
        return actors.Edit(self._tablet(), self._pick(), what, self._next(), self._harm(self._harms, 9, 0.1))

    def _void(self) -> Event:
        return actors.Void(self._tablet(), self._pick(), self._next(), self._harm(self._harms, 14, 0.2))

    def _act(self) -> Event:
        act = self._dice.choice(("accept", "refuse", "merge"))
        tablet, pick, serial = self._tablet(), self._pick(), self._next()
        harm = self._harm(self._harms, 9, 0.1)
        # Mostly somebody does what is open to him, so that cases come far.
        on = case_actors.CarryOn(tablet, pick, serial, harm)
        return actors.ActOn(tablet, pick, act, serial, harm) if pick % 4 == 0 else on

    def _group(self) -> Event:
        count = self._dice.randint(2, 4)
        return actors.Group(self._tablet(), self._pick(), count, self._next(), self._harm(self._harms, 25, 0.4))

    def _check(self) -> Event:
        return checks.CheckShop(self._tablet(), self._pick(), self._next(), self._harm(self._harms, 14, 0.15))

    def _correct(self) -> Event:
        void = self._dice.random() < 0.2
        return checks.Correct(self._tablet(), self._pick(), self._next(), void, self._harm(self._harms, 14, 0.15))

    def _take_off(self) -> Event:
        return actors.TakeOff(self._tablet(), self._pick(), self._harm(self._harms, 9, 0.1))

    def _switch(self) -> Event:
        return actors.Switch(self._tablet(), self._pick(), self._harm(self._harms, 4, 0.1))

    def _put_aside(self) -> Event:
        return actors.PutAside(self._tablet(), self._pick())

    def _sync(self) -> Event:
        mishaps = tuple(self._mishap() for _ in range(self._dice.randint(1, 4)))
        meanwhile = self._dice.random() < 0.2
        return actors.Sync(
            self._tablet(),
            mishaps if any(mishap != FINE for mishap in mishaps) else (),
            self._harm(self._harms, 40, 0.25),
            self._harm(self._office, 30, 0.2),
            self._dice.randint(1, 9) if "kill" in self._harms and self._dice.random() < 0.1 else 0,
            self._dice.choice(self._beside)() if meanwhile else None,
            self._dice.randint(0, 4) if meanwhile else 0,
        )

    def _mishap(self) -> str:
        bad = self._mishaps and self._dice.random() < self._badness
        return self._dice.choice(self._mishaps) if bad else FINE

    # -- photos ---------------------------------------------------------------------------------------

    def _camera(self) -> int:
        return self._dice.choice(self._cameras) if self._dice.random() < 0.8 else self._tablet()

    def _take_photo(self) -> Event:
        origin: Literal["camera", "gallery"] = "gallery" if self._dice.random() < 0.2 else "camera"
        picture = self._dice.choice(self._pictures)
        return photos.TakePhoto(self._camera(), self._pick(), picture, origin, self._harm(self._harms, 16, 0.2))

    def _rubbish(self) -> Event:
        return photos.TakeRubbish(self._camera(), self._pick(), self._dice.choice(self._pictures))

    def _send(self) -> Event:
        mishaps = tuple(self._mishap() for _ in range(self._dice.randint(1, 12)))
        meanwhile = self._dice.random() < 0.35
        return photos.SendPhotos(
            self._camera(),
            mishaps if any(mishap != FINE for mishap in mishaps) else (),
            self._harm(self._harms, 60, 0.25),
            self._harm(self._office, 22, 0.5),
            self._dice.randint(1, 20) if "kill" in self._harms and self._dice.random() < 0.1 else 0,
            self._dice.choice(self._beside_photos)() if meanwhile else None,
            self._dice.randint(0, 5) if meanwhile else 0,
            self._dice.choices(photos.SendPhotos.AIMS, (1, 1, 3))[0],
            self._dice.choice(("wifi", "wifi", "mobile", None)),
            self._dice.random() < 0.2,
            self._dice.random() < 0.6,
            self._troubles() if self._trouble in self._weights and self._dice.random() < 0.3 else (),
        )

    def _tidy(self) -> Event:
        mishaps = (self._mishap(),)
        days, now = self._dice.choice((0, 2, 40)), self._dice.random() < 0.5
        harm = self._harm(self._harms, 20, 0.3)
        return photos.Tidy(self._camera(), days, now, mishaps if mishaps != (FINE,) else (), harm)

    def _policy(self) -> Event:
        copies, originals = (self._dice.choice(WAYS) for _ in range(2))
        return photos.SetPolicy(self._camera(), copies, originals, self._dice.choice((0, 0, 1, 30)))

    def _trouble(self) -> Event:
        return photos.DepotTroubles(self._troubles())

    def _troubles(self) -> tuple[str, ...]:
        fine = ["fine"] * self._dice.randrange(14)
        drawn = [self._dice.choice(PlayDepot.TROUBLES) for _ in range(self._dice.randint(1, 3))]
        return (*fine, *drawn)

    def _lose(self) -> Event:
        return photos.DepotLoses(self._pick(), self._dice.choices(("part", "spoil", "whole"), (4, 4, 3))[0])

    def _collect(self) -> Event:
        return photos.Collect(self._dice.choice((0, 1, 3)), self._harm(self._deaths(), 25, 0.3))

    def _retain(self) -> Event:
        originals, everything = self._dice.choice(((1, 0), (1, 3), (0, 2)))
        days, harm = self._dice.choice((0, 2, 4)), self._harm(self._deaths(), 20, 0.2)
        return photos.Retain(originals, everything, days, harm)

    # -- faults ---------------------------------------------------------------------------------------

    def _clock(self) -> Event:
        return faults.ClockJump(self._tablet(), self._dice.choice([*faults.JUMPS, "right", "stopped"]))

    def _other_version(self) -> Event:
        return faults.OtherVersion(self._tablet(), self._dice.choice((2, 999, 0)))

    def _die(self) -> Event:
        return faults.Die(self._tablet(), self._dice.choice(("kill", "power")))

    def _late(self) -> Event:
        return faults.LateArrival(self._pick())

    def _restart(self) -> Event:
        return faults.ServerRestart(self._dice.choice(("kill", "power")))

    def _save(self) -> Event:
        return faults.SaveImage(self._tablet())

    def _put_back(self) -> Event:
        return faults.PutBack(self._pick(), self._dice.random() < 0.3)

    def _copy(self) -> Event:
        return faults.CopyTablet(self._tablet(), self._dice.random() < 0.3)

    # -- by hand --------------------------------------------------------------------------------------

    def _export(self) -> Event:
        return rescues.Export(self._tablet(), self._dice.random() < 0.5, self._harm(self._harms, 9, 0.15))

    def _carry(self) -> Event:
        return rescues.Carry(self._tablet(), self._pick(), self._harm(self._harms, 9, 0.2))

    def _bring_in(self) -> Event:
        return rescues.BringIn(self._pick(), self._dice.random() < 0.3)

    # -- the operator ---------------------------------------------------------------------------------

    def _move(self) -> Event:
        to = self._dice.choice((GRID_7, GRID_8, ELSEWHERE))
        return operators.MovePerson(self._dice.choice(("li", "wang", "sun", "he")), to)

    def _stop(self) -> Event:
        return operators.StopPerson(self._dice.choice(WORKERS))

    def _promote(self) -> Event:
        role, area = self._dice.choice(
            (("grid_leader", GRID_7), ("community", "210902005003"), ("street", "210902005"))
        )
        return operators.Promote(self._dice.choice(WORKERS), role, area)

    def _admit(self) -> Event:
        return operators.Admit(self._tablet(), self._dice.choice(WORKERS))

    def _backup(self) -> Event:
        return operators.Backup()

    def _restore(self) -> Event:
        return operators.Restore(self._pick(), self._dice.random() < 0.4)

    def _replicate(self) -> Event:
        return operators.Replicate()

    def _failover(self) -> Event:
        return operators.Failover(self._dice.random() < 0.3)

    def _move_records(self) -> Event:
        return operators.MoveRecords(self._pick(), self._dice.choice(operators.PLACES), self._dice.random() < 0.3)

    def _revoke(self) -> Event:
        return operators.Revoke(self._tablet())

    def _readmit(self) -> Event:
        return operators.Readmit(self._pick(), self._dice.choice(_CLERKS))

    def _settle(self) -> Event:
        return operators.Settle(self._pick(), self._dice.choice(_CLERKS))

    def _housekeeping(self) -> Event:
        return operators.Housekeeping(self._dice.choice((1, 30, 180)))

    def _build(self) -> Event:
        return operators.BuildSnapshots(self._dice.random() < 0.7, self._harm(self._deaths(), 12, 0.2))

    def _hand_out(self) -> Event:
        return operators.HandOut(self._dice.choice(WORKERS))

    def _verify(self) -> Event:
        return operators.Verify(self._tablet())
