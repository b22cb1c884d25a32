"""A case that the office decides while people go on working at it: refusals, reassignments, contradictions."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from tests.server.office import person_id
from tests.stories.situations.play import Ending, Scene, ends, one_end
from tests.stories.situations.things import case
from tests.stories.town import Town

DESCRIBED = "暴露垃圾一堆"


def known_case(scene: Scene, *readers: str, **fields: Any) -> str:
    """Let there be a case that Gao reported an hour ago and everybody knows."""
    one = case(scene, "gao", description=DESCRIBED, **fields)
    scene.tablets(*readers)
    scene.meet("gao", *readers)
    scene.later(hours=1)
    return one


def late_acts(end: Ending) -> list[tuple[str, str]]:
    """Return the acts kept beside the case: whose, and which."""
    return [(act["by"], act["act"]) for act in end["问题"].get("late_acts", ())]


# -- refused ----------------------------------------------------------------------------------------


def test_the_street_s_refusal_stands(town: Town) -> None:
    """
    The street refuses a case; Li, away, hands in a photo and a remark, and the community accepts it.

    The street's word stands in every order. What Li handed in joins the case, and the acceptance is kept as a
    late act with who and when.
    """

    def story(scene: Scene) -> None:
        one = known_case(scene, "li", "zhao", "qian")
        li, zhao, qian = scene.tablets("li", "zhao", "qian")
        photo = scene.photo("清理后", role="after", taken_at=scene.moment())
        li.edit(one, add={"photos": [photo], "remark": ["已清理"]})
        scene.later(minutes=20)
        qian.act(one, "refuse", reason="不属本街道")
        scene.later(minutes=20)
        zhao.act(one, "accept")
        scene.arrive()

    end = one_end(town, story, "li", "qian", "zhao")
    assert end["问题"]["status"] == "refused"
    assert late_acts(end) == [(person_id("zhao"), "accept")]
    assert [photo["role"] for photo in end["问题"]["photos"]] == ["after"]
    assert [entry["text"] for entry in end["问题"]["remark"]] == ["已清理"]
    assert end.disputes == {("问题", "status", "notice")}
    said = "某号：按街道钱伟 09:20 的“不予立案”办理，位阶高的为准。赵敏 09:40 的“立案”记入该问题的迟到操作。"
    assert end.heard["zhao"] == end.heard["qian"] == {("问题", "status", "workflow"): said}


def test_who_knew_of_the_decision_comes_too_late(town: Town) -> None:
    """Zhao has read that the case was refused and accepts it all the same: no state allows it, and it is kept."""

    def story(scene: Scene) -> None:
        one = known_case(scene, "li", "zhao", "qian")
        li, zhao, qian = scene.tablets("li", "zhao", "qian")
        qian.act(one, "refuse", reason="不属本街道")
        scene.meet("qian", "zhao")
        scene.later(minutes=20)
        zhao.act(one, "accept")
        li.edit(one, add={"remark": ["已清理"]})
        scene.arrive()

    end = one_end(town, story, "li", "zhao")
    assert end["问题"]["status"] == "refused"
    assert late_acts(end) == [(person_id("zhao"), "accept")]
    assert end.heard["zhao"] == {
        ("问题", "status", "workflow"): (
            "某号：仍为“不予立案”，赵敏 09:20 的“立案”来迟，没有执行。这一操作记入该问题的迟到操作。"
        )
    }


# -- another department -----------------------------------------------------------------------------


def test_another_department_by_the_higher_rank(town: Town) -> None:
    """
    The street gives the case to housing; Li, away, gives it to the market office, with a photo and a remark.

    Housing keeps it, in every order; Li's photo and remark join the case, his proposal stands beside it.
    """

    def story(scene: Scene) -> None:
        one = known_case(scene, "li", "qian", functional_unit="dept_urban")
        li, qian = scene.tablets("li", "qian")
        qian.edit(one, functional_unit="dept_housing")
        scene.later(minutes=20)
        li.edit(
            one, set={"functional_unit": "dept_market"}, add={"photos": [scene.photo("现场")], "remark": ["在市场门口"]}
        )
        scene.arrive()

    end = one_end(town, story, "li", "qian")
    assert end["问题"]["functional_unit"] == "dept_housing"
    assert len(end["问题"]["photos"]) == len(end["问题"]["remark"]) == 1
    assert end.disputes == {("问题", "functional_unit", "suggestion")}
    said = (
        "某号：属事责任部门现为“住建局”（街道钱伟 09:00），位阶高的为准。"
        "李明 09:20 写的“市场监管局”已列为建议，待街道采纳。"
    )
    assert end.heard["li"] == end.heard["qian"] == {("问题", "functional_unit", "authority"): said}


# -- seen afterwards --------------------------------------------------------------------------------


def refused_and_photographed(scene: Scene, *, photo_first: bool) -> None:
    """The street refuses a case; Li, away, takes a photo of it before that, or afterwards."""
    one = known_case(scene, "li", "qian")
    li, qian = scene.tablets("li", "qian")
    for photographing in (photo_first, not photo_first):
        if photographing:
            li.edit(one, add={"photos": [scene.photo("还在", taken_at=scene.moment())]})
        else:
            qian.act(one, "refuse", reason="现场未见")
        scene.later(minutes=30)
    scene.arrive()


def test_seen_after_the_refusal(town: Town) -> None:
    """Taken half an hour after the refusal, the photo is put before the street, whichever arrived first."""
    end = one_end(town, partial(refused_and_photographed, photo_first=False), "li", "qian")
    assert (end["问题"]["status"], len(end["问题"]["photos"])) == ("refused", 1)
    assert end.disputes == {("问题", "photos", "notice")}
    assert end.heard["li"] == {
        ("问题", "photos", "later_observation_reopens"): (
            "某号：已提请街道重新处理。李明交来 09:30 拍的现场照片，晚于“不予立案”（钱伟 09:00）。照片已加入问题。"
        )
    }


def test_a_photo_taken_before_the_refusal_is_evidence_only(town: Town) -> None:
    """It joins the case, and nobody has to look at it again."""
    end = one_end(town, partial(refused_and_photographed, photo_first=True), "li", "qian")
    assert (end["问题"]["status"], len(end["问题"]["photos"])) == ("refused", 1)
    assert not end.disputes


# -- accepted and refused ---------------------------------------------------------------------------


def decided(scene: Scene, acts: Mapping[str, str]) -> None:
    """Let people take their acts on one case, a quarter of an hour apart, without knowing of each other."""
    one = known_case(scene, *acts)
    for who, act in acts.items():
        [tablet] = scene.tablets(who)
        tablet.act(one, act, reason="不属本街道" if act == "refuse" else None)
        scene.later(minutes=15)
    scene.arrive()


def test_accepted_and_refused_at_two_desks(town: Town) -> None:
    """Zhao accepts, Zheng at the next desk refuses: no problem leaves the ledger by a race, and both hear of it."""
    end = one_end(town, partial(decided, acts={"zhao": "accept", "zheng": "refuse"}), "zhao", "zheng")
    assert end["问题"]["status"] == "accepted"
    assert late_acts(end) == [(person_id("zheng"), "refuse")]
    assert end.disputes == {("问题", "status", "notice")}
    said = "某号：按赵敏 09:00 的“立案”办理，同级之间从严。郑华 09:15 的“不予立案”记入该问题的迟到操作。"
    assert end.heard["zhao"] == end.heard["zheng"] == {("问题", "status", "workflow"): said}


def test_the_higher_rank_prevails_over_the_stricter(town: Town) -> None:
    """The street refuses what the community accepts: the street's word, in both orders."""
    end = one_end(town, partial(decided, acts={"zhao": "accept", "qian": "refuse"}), "zhao", "qian")
    assert end["问题"]["status"] == "refused"
    assert late_acts(end) == [(person_id("zhao"), "accept")]
    said = "某号：按街道钱伟 09:15 的“不予立案”办理，位阶高的为准。赵敏 09:00 的“立案”记入该问题的迟到操作。"
    assert end.heard["zhao"] == end.heard["qian"] == {("问题", "status", "workflow"): said}


def test_three_decide_and_the_inspector_prevails(town: Town) -> None:
    """Community and street refuse, the inspector accepts: accepted, and both refusals are kept, whoever was first."""
    acts = {"zhao": "refuse", "qian": "refuse", "zhou": "accept"}
    found = ends(town, partial(decided, acts=acts), *acts)
    for end in found.values():
        assert end["问题"]["status"] == "accepted"
        assert sorted(late_acts(end)) == sorted((person_id(name), "refuse") for name in ("zhao", "qian"))
