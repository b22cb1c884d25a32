"""The doorkeeper 门卫: so many at a time, so many waiting, everybody else sent away with a moment of his own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from schemas import wire
from schemas.problems import Refusal
from server.api.doorkeeper import LONGEST_S, SLOWEST, SPREAD, Doorkeeper
from server.settings import NEXT_SYNC_AFTER_S, Settings
from tests.server.office import Office


@dataclass
class Watch:
    """A stop-watch that moves only when told to, in seconds."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def tablet(number: int) -> bytes:
    """What tells one tablet from another."""
    return number.to_bytes(32, "big")


def sent_away(door: Doorkeeper, who: bytes) -> int:
    """Knock where there is no room, and return after how many seconds to come again."""
    with pytest.raises(Refusal) as refused:
        door.look_in(who)
    assert refused.value.code == "busy"
    assert refused.value.retry_after_s is not None
    return refused.value.retry_after_s


def test_nobody_is_sent_away_while_there_is_room() -> None:
    """Four at work, and the fifth waits until one of them goes."""
    door = Doorkeeper(4, 1)
    with ExitStack() as inside:
        for number in range(3):
            inside.enter_context(door.let_in(tablet(number)))
        fourth = ExitStack()
        fourth.enter_context(door.let_in(tablet(4)))
        through = threading.Event()

        def knock() -> None:
            with door.let_in(tablet(5)):
                through.set()

        waiting = threading.Thread(target=knock)
        waiting.start()
        assert not through.wait(0.05)
        fourth.close()
        assert through.wait(2)
        waiting.join()
    assert (door.figures.let_in, door.figures.sent_away) == (5, 0)
    assert (door.figures.most_working, door.figures.most_waiting) == (4, 1)


def test_whoever_waits_first_goes_first() -> None:
    """Nobody who comes later slips in between."""
    door = Doorkeeper(1, 10)
    order: list[int] = []

    def knock(number: int) -> None:
        with door.let_in(tablet(number)):
            order.append(number)

    threads = []
    with door.let_in(tablet(99)):
        for number in range(8):
            threads.append(threading.Thread(target=knock, args=(number,)))
            threads[-1].start()
            until(lambda: door.figures.most_waiting == len(threads))
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def until(true: Callable[[], bool]) -> None:
    """Wait a moment for another thread."""
    pause = threading.Event()
    for _ in range(400):
        if true():
            return
        pause.wait(0.005)
    raise AssertionError


def test_a_full_room_sends_away_at_once_and_the_room_never_grows() -> None:
    """Forty knock at a door for two and three."""
    door = Doorkeeper(2, 3)
    leave, knocked = threading.Event(), threading.Barrier(40)

    def knock(number: int) -> str:
        knocked.wait()
        try:
            with door.let_in(tablet(number)):
                leave.wait(5)
                return "in"
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(knock, number) for number in range(40)]
        until(lambda: sum(answer.done() for answer in answers) == 35)
        leave.set()
    told = [answer.result() for answer in answers]
    assert (told.count("in"), told.count("busy")) == (5, 35)
    assert door.figures.most_waiting == 3
    assert door.figures.most_working == 2


def test_whoever_waits_too_long_is_sent_away_after_all() -> None:
    """And his place in the line is free again."""
    door = Doorkeeper(1, 1, wait_s=0.05)
    with door.let_in(tablet(1)):
        for number in (2, 3):
            with pytest.raises(Refusal), door.let_in(tablet(number)):
                raise AssertionError
    with door.let_in(tablet(2)):
        assert door.figures.sent_away == 2


def test_a_sync_that_fails_frees_its_place() -> None:
    """However it ended."""
    door = Doorkeeper(1, 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), door.let_in(tablet(1)):
            raise ZeroDivisionError
    with door.let_in(tablet(1)):
        assert door.figures.let_in == 4


def test_the_moments_are_spread_over_a_window_that_grows_with_the_queue() -> None:
    """Five hundred tablets: each its own moment, as far apart as the work takes, and no more than ten minutes."""
    watch = Watch()
    door = Doorkeeper(2, 0, watch)
    with ExitStack() as inside:
        inside.enter_context(door.let_in(tablet(1)))
        inside.enter_context(door.let_in(tablet(2)))
        early = [sent_away(door, tablet(number)) for number in range(50)]
        late = [sent_away(door, tablet(number)) for number in range(50, 500)]
    assert max(early) < max(late) <= 500 * 0.2 / 2 * 1.1 + 1
    # The last hundred found nearly the same queue, and still come all over the window.
    assert max(late[-100:]) - min(late[-100:]) > 0.8 * max(late)
    in_second = [late.count(second) for second in set(late)]
    assert max(in_second) < 5 * 450 / len(in_second)
    with door.let_in(tablet(1)):
        pass


def test_who_has_come_again_is_no_longer_expected() -> None:
    """The window shrinks as time goes by."""
    watch = Watch()
    door = Doorkeeper(1, 0, watch)
    with door.let_in(tablet(1)):
        for number in range(300):
            sent_away(door, tablet(number))
        busy = door.next_sync_s(300, tablet(1))
        watch.now += LONGEST_S + 2
        assert sent_away(door, tablet(1)) <= 2
    watch.now += LONGEST_S + 2
    calm = door.next_sync_s(300, tablet(1))
    assert busy > 300 * (1 + SPREAD)
    assert 300 * (1 - SPREAD) <= calm <= 300 * (1 + SPREAD)


def test_nobody_is_sent_away_for_longer_than_ten_minutes() -> None:
    """Also where one sync takes a minute and a thousand wait."""
    watch = Watch()
    door = Doorkeeper(1, 0, watch)
    for _ in range(60):
        with door.let_in(tablet(1)):
            watch.now += 60
    with door.let_in(tablet(1)):
        moments = [sent_away(door, tablet(number)) for number in range(1_000)]
        assert LONGEST_S / 2 < max(moments) <= LONGEST_S + 1
        assert door.next_sync_s(300, tablet(1)) <= 300 * SLOWEST * (1 + SPREAD)


def test_idle_tablets_come_at_moments_of_their_own() -> None:
    """A fifth earlier or later, another moment each time, three digits as ever."""
    watch = Watch()
    door = Doorkeeper(4, 16, watch)
    moments = [door.next_sync_s(NEXT_SYNC_AFTER_S, tablet(number)) for number in range(300)]
    assert 240 <= min(moments) < 250
    assert 350 < max(moments) <= 360
    watch.now += 60
    assert door.next_sync_s(NEXT_SYNC_AFTER_S, tablet(7)) != moments[7]


def test_a_busy_server_answers_in_the_shape_of_every_problem(office: Office) -> None:
    """503 with both languages and Retry-After; a ping and the tablet's next try go through."""
    li = office.device("li")
    door: Doorkeeper = office.app.extensions["gridward.door"]
    client = office.app.test_client()
    headers = {"Authorization": f"Bearer {li.token}"}
    asked = {"protocol": 1, "install": "k3J9a"}
    settings: Settings = office.app.config["GRIDWARD"]
    with ExitStack() as inside:
        for number in range(settings.syncs_at_once):
            inside.enter_context(door.let_in(tablet(number)))
        door._room = 0
        refused = client.post("/v1/sync", json=asked, headers=headers)
        assert refused.status_code == 503
        assert wire.decode_json(refused.data)["code"] == "busy"
        assert wire.decode_json(refused.data)["message_zh"]
        assert int(refused.headers["Retry-After"]) >= 1
        # Somebody else's work costs as much as one's own.
        assert client.post("/v1/rescue", json={}, headers=headers).status_code == 503
        assert client.get("/v1/ping?nonce=a").status_code == 200
    answer = client.post("/v1/sync", json=asked, headers=headers)
    assert answer.status_code == 200
    after = wire.decode_response(answer.data).next_sync_after_s
    assert NEXT_SYNC_AFTER_S * (1 - SPREAD) <= after <= NEXT_SYNC_AFTER_S * (1 + SPREAD)


def test_the_settings_say_how_many() -> None:
    """And the defaults fit a process of a few cores."""
    assert Settings.from_environment({}).syncs_at_once == 4
    told = Settings.from_environment({"GRIDWARD_SYNCS_AT_ONCE": "2", "GRIDWARD_SYNCS_WAITING": "0"})
    assert (told.syncs_at_once, told.syncs_waiting) == (2, 0)
