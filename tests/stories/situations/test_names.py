"""Two people write into one register entry: names, telephones, and what a check says of a shop's state."""

from tests.stories.situations.play import Scene, one_end
from tests.stories.situations.things import check_shop, old_shop
from tests.stories.town import Town


def test_field_merge(town: Town) -> None:
    """Li renames the shop, Wang notes its telephone: nobody is in anybody's way, and nobody is told anything."""

    def story(scene: Scene) -> None:
        li, wang = scene.tablets("li", "wang")
        shop = old_shop(scene, "li", "wang")
        li.edit(shop, name="王记修车行")
        scene.later(minutes=10)
        wang.edit(shop, operator_phone="13804180001")
        li.edit(shop, door_no="17号")
        scene.arrive()

    end = one_end(town, story, "li", "wang")
    assert (end["店"]["name"], end["店"]["door_no"], end["店"]["operator_phone"]) == (
        "王记修车行",
        "17号",
        "13804180001",
    )
    assert not end.disputes
    assert not any(end.heard.values())


# -- ask_person -------------------------------------------------------------------------------------


def two_names(scene: Scene, hours: float = 1, other: str = "wang") -> str:
    """Li puts one name over the door, somebody else another some time later; neither saw the other's."""
    li, second = scene.tablets("li", other)
    shop = old_shop(scene, "li", other)
    li.edit(shop, name="老王修车")
    scene.later(hours=hours)
    second.edit(shop, name="王记修车行")
    scene.arrive()
    return shop


def test_ask_person(town: Town) -> None:
    """Equals within a day: both names are kept, the older is shown, and both hear of it in one and the same way."""

    def story(scene: Scene) -> None:
        two_names(scene)

    end = one_end(town, story, "li", "wang")
    assert end["店"]["name"] == "老王修车"
    assert end.disputes == {("店", "name", "person")}
    said = (
        "老王修车：店名待社区认定，两者都保留；认定前显示较早的“老王修车”（李明 08:00）。"
        "另有王芳 09:00 写的“王记修车行”。"
    )
    assert end.heard["li"] == end.heard["wang"] == {("店", "name", "authority"): said}


def test_three_names_are_one_dispute(town: Town) -> None:
    """Also Gao writes a name before any of them is back: all three stand, and the oldest is shown."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang")
        for tablet, name in zip(
            scene.tablets("li", "wang", "gao"), ("老王修车", "王记修车行", "便民修车"), strict=True
        ):
            scene.later(minutes=30)
            tablet.edit(shop, name=name)
        scene.arrive()

    end = one_end(town, story, "li", "wang", "gao")
    assert end["店"]["name"] == "老王修车"
    assert end.disputes == {("店", "name", "person")}
    said = (
        "老王修车：店名待社区认定，3 种写法都保留；认定前显示较早的“老王修车”（李明 08:30）。"
        "另有王芳 09:00 写的“王记修车行”、高伟 09:30 写的“便民修车”。"
    )
    assert all(end.heard[name] == {("店", "name", "authority"): said} for name in ("li", "wang", "gao"))


def test_a_day_apart_the_later_name_stands(town: Town) -> None:
    """Twenty-five hours later it is not a race any more, but a new sign."""

    def story(scene: Scene) -> None:
        two_names(scene, hours=25)

    end = one_end(town, story, "li", "wang")
    assert (end["店"]["name"], end.disputes) == ("王记修车行", frozenset())
    said = (
        "王记修车行：店名现为“王记修车行”（王芳 第3天 09:00），后写的为准。"
        "李明 第2天 08:00 写的“老王修车”保留在历史第 … 号。"
    )
    assert end.heard["li"] == end.heard["wang"] == {("店", "name", "authority"): said}


def test_the_higher_rank_names_the_shop(town: Town) -> None:
    """The grid leader's name is shown, whoever was first; the worker's is kept beside it as a suggestion."""

    def story(scene: Scene) -> None:
        two_names(scene, other="feng")

    end = one_end(town, story, "li", "feng")
    assert end["店"]["name"] == "王记修车行"
    assert end.disputes == {("店", "name", "suggestion")}
    said = (
        "王记修车行：店名现为“王记修车行”（网格长冯刚 09:00），位阶高的为准。"
        "李明 08:00 写的“老王修车”已列为建议，待社区采纳。"
    )
    assert end.heard["li"] == end.heard["feng"] == {("店", "name", "authority"): said}


def test_the_community_picks_and_the_dispute_is_over(town: Town) -> None:
    """Zhao, who sees both names, writes the one that is right."""

    def story(scene: Scene) -> None:
        shop = two_names(scene)
        [zhao] = scene.tablets("zhao")
        scene.meet("zhao")
        scene.later(minutes=10)
        zhao.edit(shop, name="王记修车行")
        scene.meet("zhao", "li", "wang")

    end = one_end(town, story, "li", "wang")
    assert (end["店"]["name"], end.disputes) == ("王记修车行", frozenset())


def test_a_name_the_community_never_saw_joins_the_dispute(town: Town) -> None:
    """Zhao picks while Gao is still away with a third name of the same morning: rank decides, and Gao hears of it."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang", "zhao")
        for tablet, name in zip(
            scene.tablets("li", "wang", "gao"), ("老王修车", "王记修车行", "便民修车"), strict=True
        ):
            tablet.edit(shop, name=name)
            scene.later(minutes=30)
        scene.send("li", "wang")
        scene.meet("zhao")
        [zhao] = scene.tablets("zhao")
        zhao.edit(shop, name="王记修车行")
        scene.arrive()

    # Li and Wang hear of Gao's name only where it came before hers had ended their dispute.
    end = one_end(town, story, "gao", "zhao", told=False)
    assert end["店"]["name"] == "王记修车行"
    assert end.disputes == {("店", "name", "suggestion")}
    assert ("店", "name", "authority") in end.heard["gao"]


def test_a_colleague_who_saw_the_new_name_does_not_pick(town: Town) -> None:
    """Wang has seen Li's name of this morning and writes another: that is for the community, not for Wang."""

    def story(scene: Scene) -> None:
        li, wang = scene.tablets("li", "wang")
        shop = old_shop(scene, "li", "wang")
        li.edit(shop, name="老王修车")
        scene.meet("li", "wang")
        scene.later(hours=2)
        wang.edit(shop, name="王记修车行")
        li.edit(shop, door_no="17号")
        scene.arrive()

    end = one_end(town, story, "li", "wang")
    assert end["店"]["name"] == "老王修车"
    assert end.disputes == {("店", "name", "person")}


# -- observation_beats_status -----------------------------------------------------------------------


def closed_and_checked(scene: Scene, *, closed_first: bool, seen_open: bool = True) -> str:
    """The community marks a shop closed; Li checks it an hour later, or an hour before."""
    [zhao] = scene.tablets("zhao")
    shop = old_shop(scene, "zhao", "li")
    for closing in (closed_first, not closed_first):
        if closing:
            zhao.edit(shop, status="closed")
        else:
            check_shop(scene, "li", shop, open_now=seen_open)
        scene.later(hours=1)
    return shop


def test_observation_beats_status(town: Town) -> None:
    """Closed in the register at nine, seen open at ten: the check stands, and to open the shop is suggested."""

    def story(scene: Scene) -> None:
        closed_and_checked(scene, closed_first=True)
        scene.arrive()

    end = one_end(town, story, "zhao", "li")
    assert (end["店"]["status"], end["检查"]["open_now"]) == ("closed", True)
    assert end.disputes == {("店", "status+seen", "suggestion")}
    assert end.listed("店", "status+seen") == (
        "无名店：建议状态改为“营业”，待社区采纳，现仍为“已关闭”（赵敏 08:00）。李明 09:00 检查时见其营业，检查有效。"
    )


def test_a_shop_that_no_later_check_saw_open_is_closed(town: Town) -> None:
    """Seen open before it closed, or seen shut afterwards: there is nothing to suggest."""

    def before(scene: Scene) -> None:
        closed_and_checked(scene, closed_first=False)
        scene.arrive()

    def seen_shut(scene: Scene) -> None:
        closed_and_checked(scene, closed_first=True, seen_open=False)
        scene.arrive()

    for story in (before, seen_shut):
        end = one_end(town, story, "zhao", "li")
        assert (end["店"]["status"], end.disputes) == ("closed", frozenset())


def test_the_suggestion_ends_when_the_shop_is_opened(town: Town) -> None:
    """Zhao opens the shop again, told so by the check or before it comes: nothing is left to do."""

    def story(scene: Scene) -> None:
        shop = closed_and_checked(scene, closed_first=True)
        [zhao] = scene.tablets("zhao")
        zhao.edit(shop, status="open")
        scene.arrive()

    end = one_end(town, story, "zhao", "li")
    assert (end["店"]["status"], end.disputes) == ("open", frozenset())
