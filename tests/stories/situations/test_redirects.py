"""Shops that turn out to be one, and the checks made of them meanwhile."""

from tests.stories.situations.play import Scene, one_end
from tests.stories.situations.things import check_shop, grow_old, opened_by, shop
from tests.stories.town import Town


def shops(scene: Scene, readers: tuple[str, ...], **names: str) -> list[str]:
    """Let there be old shops, called and named so."""
    [gao] = scene.tablets("gao")
    made = []
    for called, name in names.items():
        made.append(shop(scene, gao, called, name=name))
        scene.later(minutes=1)
    grow_old(scene, *readers)
    return made


def test_follow_redirect(town: Town) -> None:
    """
    Li checks a shop that the community, meanwhile, finds to be another one's old entry.

    Whoever is first, the check stands with the survivor and keeps the number it was made with; and Li hears
    where his check went.
    """

    def story(scene: Scene) -> None:
        [zhao] = scene.tablets("zhao")
        old, new = shops(scene, ("zhao", "li"), 旧条目="老王修车", 新条目="王记修车行")
        zhao.edit(old, merged_into=new)
        scene.later(minutes=10)
        check_shop(scene, "li", old, items={"H1": 2})
        scene.arrive()

    end = one_end(town, story, "zhao", "li")
    assert (end["检查"]["target_id"], end["检查"]["original_target_id"]) == ("新条目", "旧条目")
    assert end["旧条目"]["merged_into"] == "新条目"
    said = "门前三包检查：已转到“王记修车行”名下，因为“老王修车”并入了它。内容不变，原对象的编号也留着。"
    assert end.heard["li"] == {("检查", "target_id", "follow_redirect"): said}


def test_a_case_goes_where_its_check_goes(town: Town) -> None:
    """Waste in front of the old entry is a problem of the one that is left."""

    def story(scene: Scene) -> None:
        [zhao] = scene.tablets("zhao")
        old, new = shops(scene, ("zhao", "li"), 旧条目="老王修车", 新条目="王记修车行")
        zhao.edit(old, merged_into=new)
        check = check_shop(scene, "li", old, items={"H4": 0.5})
        opened_by(scene, "li", check)
        scene.arrive()

    end = one_end(town, story, "zhao", "li")
    for thing in ("检查", "问题"):
        assert (end[thing]["target_id"], end[thing]["original_target_id"]) == ("新条目", "旧条目")


def test_a_chain_of_mergers_leads_to_its_end(town: Town) -> None:
    """Two offices merge one after the other without knowing it: the check ends where both lead."""

    def story(scene: Scene) -> None:
        zhao, qian = scene.tablets("zhao", "qian")
        one, two, three = shops(scene, ("zhao", "qian", "li"), 甲="老王修车", 乙="王记修车行", 丙="便民修车")
        zhao.edit(one, merged_into=two)
        qian.edit(two, merged_into=three)
        check_shop(scene, "li", one)
        scene.arrive()

    end = one_end(town, story, "zhao", "qian", "li")
    assert (end["检查"]["target_id"], end["检查"]["original_target_id"]) == ("丙", "甲")


def test_two_offices_that_merge_a_pair_both_ways_leave_the_older(town: Town) -> None:
    """Each merges the other's favourite away: the entry made first stays, in every order."""

    def story(scene: Scene) -> None:
        zhao, qian = scene.tablets("zhao", "qian")
        first, second = shops(scene, ("zhao", "qian", "li"), 先登记="老王修车", 后登记="王记汽修")
        zhao.edit(first, merged_into=second)
        qian.edit(second, merged_into=first)
        check_shop(scene, "li", second)
        scene.arrive()

    end = one_end(town, story, "zhao", "qian", "li")
    assert (end["检查"]["target_id"], end["检查"]["original_target_id"]) == ("先登记", "后登记")


def test_a_merger_undone_leaves_the_check_as_it_was_made(town: Town) -> None:
    """Zhao merges, and an hour later finds she was wrong: the check is back where it belongs, as if never moved."""

    def story(scene: Scene) -> None:
        [zhao] = scene.tablets("zhao")
        old, new = shops(scene, ("zhao", "li"), 旧条目="老王修车", 新条目="王记修车行")
        zhao.edit(old, merged_into=new)
        scene.later(minutes=10)
        check_shop(scene, "li", old)
        scene.later(minutes=60)
        zhao.edit(old, merged_into=None)
        scene.arrive()

    end = one_end(town, story, "zhao", "li", told=False)
    assert end["检查"]["target_id"] == "旧条目"
    assert not end["检查"].get("original_target_id")


def test_a_merger_undone_later_brings_the_check_back(town: Town) -> None:
    """The check has long moved when the mistake is found."""

    def story(scene: Scene) -> None:
        [zhao] = scene.tablets("zhao")
        old, new = shops(scene, ("zhao", "li"), 旧条目="老王修车", 新条目="王记修车行")
        zhao.edit(old, merged_into=new)
        check_shop(scene, "li", old)
        scene.arrive()
        scene.later(hours=3)
        assert town.on_server(scene.id_of("检查"))["target_id"] == new
        zhao.edit(old, merged_into=None)
        scene.send("zhao")

    end = one_end(town, story, "zhao", "li")
    assert end["检查"]["target_id"] == "旧条目"
    assert ("检查", "target_id", "follow_redirect") in end.heard["li"]
