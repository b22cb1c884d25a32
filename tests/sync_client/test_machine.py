"""Two tablets in bad weather: after the storm everybody shows what the office has, and nothing came twice."""

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sync_client.client import FieldClient
from sync_client.errors import Unreachable
from sync_client.testing import FINE, FlakyTransport, InProcessTransport, Weather
from tests.sync_client.tablets import LI, WANG, Workshop, shop
from tests.sync_client.test_stories import same_as_office

STORM = Weather(0.15, 0.15, 0.15, 0.1, 0.1, 0.05, 0.1)
WHO = st.integers(0, 1)


class BadWeather(RuleBasedStateMachine):
    """Recording, syncing, reopening and wrong clocks, in any order."""

    @initialize(seed=st.integers(0, 2**16))
    def set_out(self, seed: int) -> None:
        """Enrol two tablets while the weather is fine."""
        self.folder = tempfile.TemporaryDirectory()
        self.workshop = Workshop(Path(self.folder.name))
        self.workshop.office.page = 4
        self.networks = [FlakyTransport(InProcessTransport(self.workshop.office), seed + i, FINE) for i in range(2)]
        self.tablets = [self.open(i) for i in range(2)]
        self.wrote: list[set[str]] = [set(), set()]
        for network in self.networks:
            network.weather = STORM

    def open(self, who: int) -> FieldClient:
        """Open one of the two tablets."""
        return self.workshop.tablet("李王"[who], WANG if who else LI, self.networks[who])

    @rule(who=WHO, name=st.sampled_from(["老王修车", "王记修车行"]))
    def record(self, who: int, name: str) -> None:
        """Record a shop."""
        self.wrote[who].add(shop(self.tablets[who], name))

    @rule(who=WHO, pick=st.integers(0, 99), address=st.sampled_from(["河北街12号", "东风路3号", None]))
    def correct(self, who: int, pick: int, address: str | None) -> None:
        """Correct one of the shops on the tablet."""
        known = self.tablets[who].find("shop").records
        if known:
            self.tablets[who].edit(known[pick % len(known)], address=address, add={"remark": ["看过"]})

    @rule(who=WHO)
    def meet(self, who: int) -> None:
        """Try to sync."""
        with suppress(Unreachable):
            self.tablets[who].sync()

    @rule(who=WHO)
    def restart(self, who: int) -> None:
        """End the program and start it again."""
        self.tablets[who].close()
        self.tablets[who] = self.open(who)

    @rule(seconds=st.sampled_from([-90_000, -1, 1, 60, 90_000]))
    def clock_jumps(self, seconds: int) -> None:
        """Set the tablets' clock."""
        self.workshop.wall.forward(seconds)

    @invariant()
    def nobody_loses_his_own_work(self) -> None:
        """Whatever a worker recorded he sees, sent or not."""
        for tablet, wrote in zip(getattr(self, "tablets", ()), getattr(self, "wrote", ()), strict=False):
            assert all(tablet.holds(name) for name in wrote)

    def teardown(self) -> None:
        """The storm is over: two rounds, and everybody agrees."""
        if not hasattr(self, "tablets"):
            return
        try:
            self.everybody_agrees()
        finally:
            self.workshop.close()
            self.folder.cleanup()

    def everybody_agrees(self) -> None:
        """Hold every tablet against the office once the weather is fine."""
        office = self.workshop.office
        for network in self.networks:
            network.weather = FINE
        for tablet in self.tablets * 2:
            tablet.sync()
        for tablet, wrote in zip(self.tablets, self.wrote, strict=True):
            same_as_office(tablet, office)
            assert tablet.status().waiting == 0
            assert wrote <= office.records.keys()
        assert len(office.applied()) == len(set(office.applied()))


TestBadWeather = BadWeather.TestCase
TestBadWeather.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
