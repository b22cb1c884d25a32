"""
The queue 投递队列: what is put once goes out once, as fast as a robot takes it, whoever is killed or in a hurry.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from server.channels.outgoing import Outgoing
from server.core.channels import Channel
from server.storage.deliveries import Sought
from server.usecases.deliver import LEASE_MS, Delivered
from server.usecases.forget_deliveries import KEEP_DAYS, forget_deliveries
from server.usecases.manage_calendar import Said
from server.usecases.manage_channels import close_channel
from tests.server.office import DISTRICT, Office
from tests.server.postmen import GROUP, HOUR, NOW, SECOND, Postman, begin, lying, put, run


@pytest.fixture(name="postman")
def ready_postman() -> Postman:
    """A postman who brings everything where it belongs."""
    return Postman()


@pytest.fixture(autouse=True)
def opened(office: Office) -> None:
    """The street's group has a robot."""
    begin(office, GROUP)


def test_what_is_queued_twice_goes_out_once(office: Office, postman: Postman) -> None:
    """A job that is repeated after a crash asks for the same again."""
    assert put(office, "report-1") == put(office, "report-1") == 1
    assert run(office, postman, NOW) == Delivered(sent=1)
    assert run(office, postman, NOW + HOUR) == Delivered()
    assert put(office, "report-1") == 1
    assert run(office, postman, NOW + HOUR) == Delivered()
    [one] = postman.carried
    assert one.text == "【创卫日报】河北街道\n今日巡查：路段3个。"
    [sent] = lying(office)
    assert (sent.id, sent.state, sent.attempts, sent.problem) == (one.id, "sent", 1, None)


def test_a_robot_hears_twenty_a_minute_and_no_more(office: Office, postman: Postman) -> None:
    """Whatever has been queued, in whatever window of a minute, also after a restart."""
    for n in range(50):
        put(office, f"report-{n}")
    sent: list[tuple[int, int]] = []
    for tick in range(0, 200, 10):
        sent.append((tick, run(office, postman, NOW + tick * SECOND).sent))
    for tick, _ in sent:
        assert sum(count for other, count in sent if tick <= other < tick + 60) <= 20
    assert sum(count for _, count in sent) == 50
    assert sent[0] == (0, 20)


def test_one_channel_that_is_down_holds_up_no_other(office: Office, postman: Postman) -> None:
    """It rests for a minute; what waits for it keeps its attempts."""
    begin(office, Channel("broken", "webhook", DISTRICT, ("all",)), Channel("post", "mail", DISTRICT, ("all",)))
    postman.problems = {"broken": "unreachable"}
    for n in range(6):
        put(office, f"report-{n}")
    assert run(office, postman, NOW) == Delivered(sent=12, again=1)
    assert sum(one.channel == "broken" for one in postman.carried) == 1
    assert sorted(one.attempts for one in lying(office, "broken")) == [0, 0, 0, 0, 0, 1]
    assert run(office, postman, NOW + 30 * SECOND) == Delivered()
    postman.problems = {}
    assert run(office, postman, NOW + 62 * SECOND) == Delivered(sent=6)


def test_one_channel_over_which_the_program_stumbles_holds_up_no_other(office: Office, postman: Postman) -> None:
    """Whatever sends by it raises: the others' messages go, and its own comes again when the lease has run out."""
    begin(office, Channel("broken", "webhook", DISTRICT, ("all",)))
    put(office, "report-1")

    class Stumbling(Postman):
        """Falls over one channel."""

        def send(self, out: Outgoing) -> str | None:
            """Carry one message, or fall."""
            if out.channel == "broken":
                raise ValueError(out.body)
            return super().send(out)

    assert run(office, Stumbling(), NOW) == Delivered(sent=1)
    assert run(office, postman, NOW + LEASE_MS + SECOND) == Delivered(sent=1)


def test_whoever_is_killed_while_sending_sends_again_under_the_same_id(office: Office, postman: Postman) -> None:
    """At least once: nobody can know whether it arrived; while the lease lasts nobody else takes it up."""
    put(office, "report-1")

    def killed() -> None:
        raise KeyboardInterrupt

    postman.on_the_way = killed
    with pytest.raises(KeyboardInterrupt):
        run(office, postman, NOW)
    postman.on_the_way = lambda: None
    assert run(office, postman, NOW + LEASE_MS - SECOND) == Delivered()
    assert run(office, postman, NOW + LEASE_MS + SECOND) == Delivered(sent=1)
    first, again = postman.carried
    assert first == again


def test_two_that_deliver_at_once_send_everything_once(office: Office, postman: Postman) -> None:
    """While one is sending, the other finds nothing that is his, and nothing beyond the pace."""
    for n in range(30):
        put(office, f"report-{n}")
    other = Postman()

    def meanwhile() -> None:
        if not other.carried:
            run(office, other, NOW)

    postman.on_the_way = meanwhile
    run(office, postman, NOW)
    ids = [one.id for one in postman.carried + other.carried]
    assert len(set(ids)) == len(ids) == 20
    assert other.carried


def test_many_that_deliver_at_once_keep_to_the_pace_together(office: Office) -> None:
    """Each robot is asked twenty times in all, whoever asks; nothing is sent twice."""
    for n in range(40):
        put(office, f"report-{n}")
    postmen = [Postman() for _ in range(4)]
    with ThreadPoolExecutor(len(postmen)) as pool:
        done = list(pool.map(lambda postman: run(office, postman, NOW), postmen))
    ids = [one.id for postman in postmen for one in postman.carried]
    assert len(set(ids)) == len(ids) == sum(one.sent for one in done) == 20


def test_a_closed_channel_sends_nothing_more(office: Office, postman: Postman) -> None:
    """What waits for it is dropped, and so is what somebody queues at the very moment."""
    put(office, "report-1")
    assert close_channel(office.store, DISTRICT, "hebei", Said("群已解散", "", NOW)) == 1
    assert run(office, postman, NOW) == Delivered()
    assert put(office, "report-2") == 0
    assert [(one.state, one.problem) for one in lying(office)] == [("dropped", "closed")]


def test_a_closed_channel_lets_go_of_what_somebody_died_over(office: Office, postman: Postman) -> None:
    """Killed while sending, then closed: once the lease has run out nobody looks at it again, and it is forgotten."""
    put(office, "report-1")

    def killed() -> None:
        raise KeyboardInterrupt

    postman.on_the_way = killed
    with pytest.raises(KeyboardInterrupt):
        run(office, postman, NOW)
    close_channel(office.store, DISTRICT, "hebei", Said("群已解散", "", NOW))
    run(office, Postman(), NOW + LEASE_MS + SECOND)
    assert [(one.state, one.next_ms) for one in lying(office)] == [("dropped", None)]
    with office.store.work(DISTRICT, writing=False) as work:
        assert work.deliveries.channels_due(NOW + 30 * 24 * HOUR) == []


def test_a_clock_that_was_a_year_ahead_for_an_hour_silences_no_channel(office: Office, postman: Postman) -> None:
    """Sent, failed and queued under it: once it is right again everything goes, at the usual pace."""
    ahead = NOW + 365 * 24 * HOUR
    for n in range(20):
        put(office, f"report-{n}", at_ms=ahead)
    run(office, postman, ahead + SECOND)
    postman.problems = {"hebei": "unreachable"}
    put(office, "failed", at_ms=ahead + HOUR)
    run(office, postman, ahead + HOUR + SECOND)
    postman.problems = {}
    put(office, "queued", at_ms=ahead + HOUR)
    put(office, "right")
    assert run(office, postman, NOW + SECOND).sent == 3


def test_the_log_forgets_what_was_over_half_a_year_ago(office: Office, postman: Postman) -> None:
    """What still waits stays, however old it is."""
    put(office, "report-1")
    run(office, postman, NOW)
    put(office, "report-2")
    assert forget_deliveries(office.store, DISTRICT, NOW + KEEP_DAYS * 24 * HOUR) == 0
    assert forget_deliveries(office.store, DISTRICT, NOW + KEEP_DAYS * 24 * HOUR + 1) == 1
    assert [one.about for one in lying(office)] == ["report-2"]


def test_the_log_is_read_page_by_page(office: Office) -> None:
    """The newest first; what was queued at one moment stands in one order, whichever page it falls on."""
    for n in range(5):
        put(office, f"report-{n}")
    with office.store.work(DISTRICT, writing=False) as work:
        whole = work.deliveries.find(Sought())
        first = work.deliveries.find(Sought(limit=2))
        rest = work.deliveries.find(Sought(channel="hebei", state="waiting", after=(first[1].made_ms, first[1].id)))
        assert work.deliveries.find(Sought(state="sent")) == []
    assert first + rest == whole
    assert len(whole) == 5
