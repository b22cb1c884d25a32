"""Files copied and put back, an office put back and cut off, in any order: what a file still holds is never lost."""

import random
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from schemas import wire
from sync_client.client import FieldClient
from sync_client.errors import Unreachable
from sync_client.testing import FINE, FlakyTransport, InProcessTransport, Weather
from sync_client.values import Progress
from tests.sync_client.tablets import LI, WANG, Workshop, shop
from tests.sync_client.test_crashes import Killed
from tests.sync_client.test_new_install import same_change
from tests.sync_client.test_stories import record_together, same_as_office

STORM = Weather(0.1, 0.2, 0.1, 0.05, 0.05, 0.0, 0.05)
#: Li's tablet, a copy of its file, and Wang's.
NAMES = ("李", "李二", "王")
WHO = st.sampled_from(NAMES)


class Histories(RuleBasedStateMachine):
    """Three tablets, two of them of one file, an image of each, and an office with a backup."""

    @initialize(seed=st.integers(0, 2**16), page=st.integers(2, 5))
    def set_out(self, seed: int, page: int) -> None:
        """Enrol two tablets, and copy one."""
        self.folder = tempfile.TemporaryDirectory()
        self.workshop = Workshop(Path(self.folder.name))
        self.workshop.office.page = page
        self.dice = random.Random(seed)
        self.network = FlakyTransport(InProcessTransport(self.workshop.office), seed, FINE)
        self.tablets: dict[str, FieldClient] = {}
        for name in ("李", "王"):
            shop(self.open(name), f"{name}的第一家店")
        self.keep_image("李")
        self.put_back("李", "李二")
        self.keep_image("李二")
        self.keep_image("王")
        self.backup = self.workshop.office.back_up()
        self.epochs = 1
        self.network.weather = STORM

    def open(self, name: str) -> FieldClient:
        """Open somebody's tablet."""
        self.tablets[name] = self.workshop.tablet(name, WANG if name == "王" else LI, self.network)
        return self.tablets[name]

    def file_of(self, name: str) -> Path:
        """Return somebody's file."""
        return self.workshop.folder / f"{name}.db"

    @rule(who=WHO, count=st.integers(1, 3))
    def record(self, who: str, count: int) -> None:
        """Record shops, several as one group."""
        record_together(self.tablets[who], *(f"{who}{self.dice.random()}" for _ in range(count)))

    @rule(who=WHO, field=st.sampled_from(["name", "address", "operator_phone"]))
    def correct(self, who: str, field: str) -> None:
        """Correct one of the shops on the tablet."""
        known = self.tablets[who].find("shop").records
        if known:
            value = f"139{self.dice.randrange(10**8):08}" if field == "operator_phone" else f"{self.dice.random()}"
            one = self.dice.choice(known)
            self.tablets[who].edit(one, set={field: value}, add={"remark": [f"{who}{self.dice.random()}"]})

    @rule(who=WHO)
    def meet(self, who: str) -> None:
        """Try to sync."""
        with suppress(Unreachable):
            self.tablets[who].sync()

    @rule(who=WHO, steps=st.integers(1, 12))
    def killed(self, who: str, steps: int) -> None:
        """Try to sync, and be killed after so many steps."""
        left = [None] * steps

        def watch(progress: Progress) -> None:
            del progress
            left.pop()
            if not left:
                raise Killed

        with suppress(Unreachable, Killed):
            self.tablets[who].sync(watch)
        self.tablets[who].close()
        self.open(who)

    @rule(who=WHO)
    def keep_image(self, who: str) -> None:
        """Keep an image of somebody's file."""
        self.tablets[who].close()
        shutil.copy(self.file_of(who), self.file_of(who).with_suffix(".image"))
        self.open(who)

    @rule(whose=st.sampled_from(["李", "李二"]), into=st.sampled_from(["李", "李二"]))
    def put_back(self, whose: str, into: str) -> None:
        """Put one of the twins' files back to an image of either."""
        if into in self.tablets:
            self.tablets[into].close()
        shutil.copy(self.file_of(whose).with_suffix(".image"), self.file_of(into))
        self.open(into)

    @rule()
    def back_up(self) -> None:
        """Let the office make a backup."""
        self.backup = self.workshop.office.back_up()

    @rule()
    def restore(self) -> None:
        """Put the office back to its backup."""
        self.epochs += 1
        self.workshop.office.restore(self.backup, f"epoch-{self.epochs}")

    @rule(seconds=st.integers(1, 3_600))
    def time_goes_on(self, seconds: int) -> None:
        """Let time pass, everywhere."""
        self.workshop.wall.forward(seconds)
        self.workshop.office.now_ms += seconds * 1000

    @rule(looks=st.booleans())
    def another_server(self, looks: bool) -> None:
        """Let the office tell of its epoch by refusing, or by answering."""
        self.workshop.office.looks_at_epoch = looks

    def teardown(self) -> None:
        """The storm is over: a few rounds, and everybody agrees."""
        if not hasattr(self, "epochs"):
            return
        try:
            self.everything_is_there()
        finally:
            self.workshop.close()
            self.folder.cleanup()

    def everything_is_there(self) -> None:
        """Hold every file against the office once the weather is fine."""
        office = self.workshop.office
        self.network.weather = FINE
        for name in NAMES * 4:
            self.tablets[name].sync()
        taken = [str(same_change(wire.decode_json(payload))) for _, payload in office.applied()]
        # Two files that hold one change, whose number a third has used, record it again each under its own; what
        # it says is in the record once all the same.
        for kept in office.records.values():
            said = [entry["text"] for entry in kept.fields.get("remark", ())]
            assert len(said) == len(set(said))
        refused = {str(same_change(wire.decode_json(payload))) for _, _, payload, _ in office.quarantine}
        for name in NAMES:
            same_as_office(self.tablets[name], office)
            assert self.tablets[name].outbox().waiting == ()
            for (payload,) in self.tablets[name]._db.all("SELECT payload FROM journal WHERE again IS NULL"):
                assert str(same_change(wire.decode_json(payload))) in refused.union(taken)
            assert self.tablets[name].sync().pushed == 0


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
