"""One thing entered twice: shops that look alike, problems reported by two. A person says whether they are one."""

from typing import Any

import pytest

from tests.server.office import person_id
from tests.stories.situations.play import Scene, ends, one_end
from tests.stories.situations.things import case, check_shop, shop
from tests.stories.town import Town


def two_shops(scene: Scene, north_m: float, one: dict[str, Any], other: dict[str, Any]) -> tuple[str, str]:
    """Li and Wang each register a shop, without signal, so many metres from each other."""
    li, wang = scene.tablets("li", "wang")
    first = shop(scene, li, "李登记的", position=scene.place(), **one)
    scene.later(minutes=20)
    second = shop(scene, wang, "王登记的", position=scene.place(north_m), **other)
    return first, second


ALIKE = [
    (8, {"name": "老王修车"}, {"name": "老王修车行"}),
    (8, {"name": "老王修车", "door_no": "17号"}, {"name": "便民修车", "door_no": "17 号"}),
    (5_000, {"name": "老王修车", "code": "S-017"}, {"name": "便民修车", "code": "S-017"}),
]
NOT_ALIKE = [
    (60, {"name": "老王修车"}, {"name": "老王修车行"}),
    (8, {"name": "老王修车"}, {"name": "王记面馆"}),
    (8, {"name": "便民超市1店"}, {"name": "便民超市2店"}),
]


def owned(scene: Scene, fields: dict[str, Any]) -> dict[str, Any]:
    """Return *fields* with a number that no other playing uses."""
    return fields | {"code": scene.own(fields["code"])} if "code" in fields else fields


@pytest.mark.parametrize(("north_m", "one", "other"), ALIKE, ids=["name", "door", "number"])
def test_duplicate_suggest(town: Town, north_m: float, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Near and alike in name, behind one door, or under one number: a pair for the community; both stay usable."""

    def story(scene: Scene) -> None:
        first, second = two_shops(scene, north_m, *(owned(scene, fields) for fields in (one, other)))
        check_shop(scene, "li", first, "李的检查")
        check_shop(scene, "wang", second, "王的检查")
        scene.arrive()

    end = one_end(town, story, "li", "wang")
    assert end.disputes == {("李登记的", "王登记的", "duplicate")}
    assert (end["李的检查"]["target_id"], end["王的检查"]["target_id"]) == ("李登记的", "王登记的")


@pytest.mark.parametrize(("north_m", "one", "other"), NOT_ALIKE, ids=["far", "names", "branches"])
def test_neighbours_are_no_pair(town: Town, north_m: float, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Too far, called otherwise, or the second branch of a chain: nobody is bothered."""

    def story(scene: Scene) -> None:
        two_shops(scene, north_m, one, other)
        scene.arrive()

    assert not one_end(town, story, "li", "wang").disputes


def test_the_community_says_the_two_are_one(town: Town) -> None:
    """Zhao merges Wang's entry into Li's: the pair is over, and checks of either stand with Li's."""

    def story(scene: Scene) -> None:
        first, second = two_shops(scene, 8, {"name": "老王修车"}, {"name": "老王修车行"})
        [zhao] = scene.tablets("zhao")
        scene.meet("li", "wang", "zhao")
        check_shop(scene, "wang", second, "王的检查")
        zhao.edit(second, merged_into=first)
        scene.arrive()

    end = one_end(town, story, "zhao", "wang")
    assert not end.disputes
    assert (end["王的检查"]["target_id"], end["王的检查"]["original_target_id"]) == ("李登记的", "王登记的")


def test_the_community_says_they_are_two(town: Town) -> None:
    """Two shops after all: they are not suggested again, also when Li corrects a name (told as of then)."""

    def story(scene: Scene) -> None:
        first, second = two_shops(scene, 8, {"name": "老王修车"}, {"name": "老王修车行"})
        li, zhao = scene.tablets("li", "zhao")
        scene.meet("li", "wang", "zhao")
        scene.later(minutes=30)
        zhao.edit(second, add={"distinct_from": [first]})
        li.edit(first, name="老王修车铺")
        scene.arrive()

    end = one_end(town, story, "zhao", "li", told=False)
    assert not end.disputes


def test_a_corrected_name_ends_the_pair(town: Town) -> None:
    """Li finds that the sign reads otherwise: nobody has to decide any more, be he back before Wang or after her."""

    def story(scene: Scene) -> None:
        first, _ = two_shops(scene, 8, {"name": "老王修车"}, {"name": "老王修车行"})
        [li] = scene.tablets("li")
        li.edit(first, name="兰州拉面")
        scene.arrive()

    assert not one_end(town, story, "li", "wang").disputes


# -- merge_suggest ----------------------------------------------------------------------------------


def two_cases(scene: Scene, north_m: float = 20, later_h: float = 1, **other: Any) -> tuple[str, str]:
    """Li and Wang report what may be one heap of waste."""
    first = case(scene, "li", "李上报的", position=scene.place(), photos=[scene.photo("李拍")], remark=["墙根一堆"])
    scene.later(hours=later_h)
    second = case(
        scene,
        "wang",
        "王上报的",
        position=scene.place(north_m),
        photos=[scene.photo("王拍")],
        remark=["还没清"],
        **other,
    )
    return first, second


def test_merge_suggest(town: Town) -> None:
    """One class, twenty metres and one hour apart: a suggested pair; both cases go their way until somebody decides."""

    def story(scene: Scene) -> None:
        two_cases(scene)
        scene.arrive()

    end = one_end(town, story, "li", "wang")
    assert end.disputes == {("李上报的", "王上报的", "duplicate")}
    assert end["李上报的"]["status"] == end["王上报的"]["status"] == "reported"


@pytest.mark.parametrize(
    "apart", [{"north_m": 200}, {"later_h": 25}, {"problem_class": "piling"}], ids=["far", "a day", "another class"]
)
def test_two_problems_are_no_pair(town: Town, apart: dict[str, Any]) -> None:
    """Too far, too late, or something else: two problems."""

    def story(scene: Scene) -> None:
        two_cases(scene, **apart)
        scene.arrive()

    assert not one_end(town, story, "li", "wang").disputes


def join(scene: Scene, who: str, joined: str, into: str) -> None:
    """Let somebody join a case to another."""
    [tablet] = scene.tablets(who)
    tablet.act(joined, "merge", into=into)


def test_a_case_joined_to_another_leaves_nothing_behind(town: Town) -> None:
    """
    Zhao joins Wang's case to Li's while Wang adds another photo to hers.

    Li's has all photos and remarks and names Wang as a reporter, whoever was first; Wang hears where hers went.
    """

    def story(scene: Scene) -> None:
        first, second = two_cases(scene)
        scene.tablets("zhao")
        scene.meet("li", "wang", "zhao")
        scene.later(minutes=20)
        [wang] = scene.tablets("wang")
        wang.edit(second, add={"photos": [scene.photo("王又拍")], "remark": ["下午还在"]})
        join(scene, "zhao", second, first)
        scene.arrive()

    end = one_end(town, story, "zhao", "wang")
    main, joined = end["李上报的"], end["王上报的"]
    assert (joined["status"], joined["merged_into"]) == ("merged", "李上报的")
    assert {photo["sha256"] for photo in main["photos"]} == {end.scene.sha(name) for name in ("李拍", "王拍", "王又拍")}
    assert [entry["text"] for entry in main["remark"]] == ["墙根一堆", "还没清", "下午还在"]
    assert main["reporters"] == [person_id("wang")]
    assert not end.disputes
    said = "“暴露垃圾一堆”：已并入“暴露垃圾一堆”（赵敏 09:20 并案）。照片、备注和上报人都带了过去，首报人是李明。"
    assert end.heard["li"] == end.heard["wang"] == {("王上报的", "merged_into", "merge"): said}


def test_joined_the_two_ways_round_one_case_stays(town: Town) -> None:
    """Zhao joins Wang's case to Li's, Zheng Li's to Wang's: the first stands, the other is kept as a late act."""

    def story(scene: Scene) -> None:
        first, second = two_cases(scene)
        scene.tablets("zhao", "zheng")
        scene.meet("li", "wang", "zhao", "zheng")
        join(scene, "zhao", second, first)
        join(scene, "zheng", first, second)
        scene.arrive()

    for order, end in ends(town, story, "zhao", "zheng").items():
        main, joined = ("李上报的", "王上报的") if order[0] == "zhao" else ("王上报的", "李上报的")
        assert (end[joined]["status"], end[joined]["merged_into"]) == ("merged", main)
        assert end[main]["status"] == "reported"
        assert [act["act"] for act in end[main]["late_acts"]] == ["merge"]
        assert len(end[main]["photos"]) == 2
