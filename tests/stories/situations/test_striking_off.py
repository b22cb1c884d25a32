"""Striking off, and all it asks for; what is fixed at once; who signs what came from above."""

from typing import Any

import pytest

from tests.server.office import person_id
from tests.stories.situations.casework import after_photo, brought_to, late, step, take, way
from tests.stories.situations.play import Scene, play
from tests.stories.situations.things import case, check_shop, old_shop, opened_by
from tests.stories.town import Town


@pytest.fixture
def town(town_on_sqlite: Town) -> Town:
    """One database is enough: nothing here depends on who arrives first."""
    return town_on_sqlite


def test_what_came_from_above_takes_two_signatures(town: Town) -> None:
    """The district office signs, then an inspector, and first somebody looks for its like."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "verified", "qian", source="city")
        step(scene, "qian", one, "close")  # no sweep yet
        step(scene, "qian", one, "report_sweep", found=3)
        step(scene, "qian", one, "close")  # not hers
        step(scene, "zhou", one, "close")  # not yet his
        step(scene, "chen", one, "close")
        assert town.on_server(one)["status"] == "verified"
        step(scene, "chen", one, "close")  # one person is not two
        step(scene, "zhou", one, "close")

    end = play(town, story, ())
    signed = end["问题"]["first_signature"]
    assert (end["问题"]["status"], signed["by"], end["问题"]["closed_by"]) == (
        "closed", person_id("chen"), person_id("zhou"),
    )  # fmt: skip
    assert end["问题"]["sweep"]["found"] == 3
    assert [why for _, why in late(end)] == [
        "销号条件不齐：未报举一反三结果", "须先由区创卫办签字", "须先由区创卫办签字", "须由督查员第二签字",
    ]  # fmt: skip
    assert way(end)[-3:] == ["report_sweep", "close", "close"]


def test_an_inspector_strikes_off_nothing_else(town: Town) -> None:
    def story(scene: Scene) -> None:
        one = brought_to(scene, "verified", "zhou")
        take(scene, "zhou", one, "close")
        scene.arrive()

    assert late(play(town, story, ("zhou",))) == [("close", "此案由街道或区创卫办销号")]


def test_an_instruction_is_answered_first(town: Town) -> None:
    """The leading group writes on a case; until somebody answers, it is not struck off."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "handling", "qian")
        step(scene, "lu", one, "instruct", reason="请查明原因并报告", reply_by="2020-12-31")
        step(scene, "li", one, "submit")
        step(scene, "zhao", one, "pass")
        step(scene, "qian", one, "close")
        step(scene, "qian", one, "reply", reason="系临时堆放，已约谈")
        step(scene, "qian", one, "reply", reason="再报")
        step(scene, "qian", one, "close")

    end = play(town, story, ())
    [instruction] = end["问题"]["instructions"]
    assert (instruction["by"], instruction["reply"], instruction["replied_by"]) == (
        person_id("lu"), "系临时堆放，已约谈", person_id("qian"),
    )  # fmt: skip
    assert end["问题"]["status"] == "closed"
    assert late(end) == [("close", "销号条件不齐：有批示未回复"), ("reply", "没有待回复的批示")]


@pytest.mark.parametrize(
    ("photo", "missing"),
    [
        ({"taken_at": None}, "整改后照片不是派遣之后所拍"),
        ({"position": None}, "整改后照片不在问题点位50米之内"),
        ({"far": True}, "整改后照片不在问题点位50米之内"),
        ({"role": "near"}, "缺整改后照片"),
    ],
)
def test_all_that_is_missing_is_named(town: Town, photo: dict[str, Any], missing: str) -> None:
    """The verifier was content; the street's word on it still needs the proof."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "handling", "qian")
        more = {"position": scene.place(80)} if photo.get("far") else photo
        evidence = after_photo(scene, "li", one, "照片", **more)
        step(scene, "li", one, "submit", evidence=[evidence])
        step(scene, "zhao", one, "pass")
        step(scene, "qian", one, "close")

    end = play(town, story, ())
    assert late(end) == [("close", f"销号条件不齐：{missing}")]
    assert end["问题"]["status"] == "verified"


def test_without_a_fix_a_reason_for_it_serves(town: Town) -> None:
    def story(scene: Scene) -> None:
        one = brought_to(scene, "handling", "qian")
        evidence = after_photo(scene, "li", one, "照片", position=None)
        step(scene, "li", one, "submit", evidence=[evidence], no_fix_reason="indoors")
        step(scene, "zhao", one, "pass")
        step(scene, "qian", one, "close")

    assert play(town, story, ())["问题"]["status"] == "closed"


# -- 立行立改 -----------------------------------------------------------------------------------------


def shown(scene: Scene) -> list[dict[str, Any]]:
    """Return a photo of before and one of after, ten minutes later."""
    before = scene.photo("之前", role="before", taken_at=scene.moment())
    scene.later(minutes=10)
    after = scene.photo("之后", role="after", taken_at=scene.moment(), position=scene.place())
    return [before, after]


def test_fixed_on_the_spot(town: Town) -> None:
    """Zhao of the community sweeps it up herself: it has only to be verified, by somebody else."""

    def story(scene: Scene) -> None:
        photos = shown(scene)
        one = case(scene, "zhao", position=scene.place(), fixed_on_spot=True, photos=photos)
        scene.meet("zhao")
        step(scene, "zhao", one, "pass")
        step(scene, "feng", one, "pass")
        step(scene, "qian", one, "close")

    end = play(town, story, ())
    assert (end["问题"]["status"], end["问题"]["measure"], end["问题"]["rectified_at"]) == (
        "closed",
        "立行立改",
        "+600s",
    )
    assert late(end) == [("pass", "整改人不能自行核查或销号")]
    assert way(end) == ["pass", "close"]


def test_who_says_that_it_was_put_right_does_not_verify_it(town: Town) -> None:
    """Gao reports it; Zhao comes by, sweeps it up, and says so with both photos: it is Feng's to verify, not hers."""

    def story(scene: Scene) -> None:
        one = case(scene, "gao", position=scene.place())
        scene.meet("gao")
        [zhao] = scene.tablets("zhao")
        scene.meet("zhao")
        zhao.edit(one, set={"fixed_on_spot": True}, add={"photos": shown(scene)})
        scene.meet("zhao")
        assert town.on_server(one)["status"] == "rectified"
        step(scene, "zhao", one, "pass")
        step(scene, "feng", one, "pass")

    end = play(town, story, ())
    assert (end["问题"]["status"], end["问题"]["verified_by"]) == ("verified", person_id("feng"))
    assert late(end) == [("pass", "整改人不能自行核查或销号")]


def test_fixed_on_the_spot_and_not_good(town: Town) -> None:
    """Nobody has answered for it so far: it is given out like any other, and the reporter does not verify it either."""

    def story(scene: Scene) -> None:
        one = case(scene, "gao", position=scene.place(), fixed_on_spot=True, photos=shown(scene))
        scene.meet("gao")
        step(scene, "feng", one, "return")
        assert town.on_server(one)["status"] == "accepted"
        step(scene, "qian", one, "dispatch", lead="210902005003007")
        step(scene, "li", one, "sign")
        scene.later(minutes=5)
        step(scene, "li", one, "submit")
        step(scene, "zhao", one, "pass")
        step(scene, "qian", one, "close")

    end = play(town, story, ())
    assert (end["问题"]["status"], end["问题"]["return_count"]) == ("closed", 1)


def test_a_check_whose_finding_was_put_right_at_once(town: Town) -> None:
    """Li marks it 当场整改 and takes both photos, the second after the check was saved: nobody is sent there."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li")
        photos = [scene.photo("堆", item="H4", taken_at=scene.moment())]
        check = check_shop(
            scene, "li", shop, items={"H4": 0.5}, notes={"H4": {"fixed_at_once": True}}, photos=photos,
            position=scene.place(), no_fix_reason=None,
        )  # fmt: skip
        opened_by(scene, "li", check)
        scene.meet("li")
        assert town.on_server(scene.id_of("问题"))["status"] == "reported"
        scene.later(minutes=10)
        [li] = scene.tablets("li")
        after = scene.photo("清后", item="H4", role="after", taken_at=scene.moment(), position=scene.place())
        li.edit(check, add={"photos": [after]})
        scene.arrive()
        assert li.read(scene.id_of("问题"))["status"] == "rectified"
        step(scene, "zhao", scene.id_of("问题"), "pass")
        step(scene, "qian", scene.id_of("问题"), "close")

    end = play(town, story, ("li",))
    case = end["问题"]
    assert (case["status"], case["fixed_on_spot"], case["measure"]) == ("closed", True, "立行立改")
    assert not late(end)


# -- relapse ----------------------------------------------------------------------------------------


def test_after_a_relapse_old_photos_prove_nothing(town: Town) -> None:
    """It was struck off and came back; the photo of the first time does not strike it off again."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "closed", "zhao")
        scene.later(days=1)
        step(scene, "zhao", one, "reopen", reason="又堆上了")
        scene.later(hours=1)
        [old] = [photo["sha256"] for photo in town.on_server(one)["photos"]]
        step(scene, "li", one, "submit", evidence=[old], measure="已清理")
        step(scene, "zhao", one, "pass")
        step(scene, "qian", one, "close")

    end = play(town, story, ())
    assert late(end) == [("close", "销号条件不齐：整改后照片不是派遣之后所拍")]


def test_later_than_fifteen_days_it_is_a_new_case(town: Town) -> None:
    """That names the old one, and goes its own way."""

    def story(scene: Scene) -> None:
        old = brought_to(scene, "closed", "zhao")
        scene.later(days=20)
        case(scene, "gao", "新案", position=scene.place(), reopened_from=old)
        scene.meet("gao", "zhao")

    end = play(town, story, ())
    assert (end["新案"]["reopened_from"], end["新案"]["status"]) == ("问题", "reported")
    assert end["问题"]["status"] == "closed"
