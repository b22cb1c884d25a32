"""Two people add to one thing: photos, remarks, counts, helpers. Nothing is lost, and nothing counted twice."""

from schemas.fold import total_of
from tests.server.office import GRID_7, person_id
from tests.stories.situations.play import Scene, ends, one_end
from tests.stories.situations.things import check_shop, old_shop, opened_by
from tests.stories.town import Town


def test_set_union(town: Town) -> None:
    """Both photograph the front, one picture the same file: three photos, each once."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang")
        li, wang = scene.tablets("li", "wang")
        li.edit(shop, add={"photos": [scene.photo("门面"), scene.photo("牌匾")]})
        wang.edit(shop, add={"photos": [scene.photo("牌匾"), scene.photo("门前")]})
        scene.arrive()

    end = one_end(town, story, "li", "wang")
    assert [photo["sha256"] for photo in end["店"]["photos"]] == sorted(
        end.scene.sha(name) for name in ("门面", "牌匾", "门前")
    )
    assert not end.disputes


def test_a_photo_that_somebody_else_added_meanwhile_stays(town: Town) -> None:
    """Li takes his photo away while Wang adds the very file: he had not seen hers, so it stays."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang")
        li, wang = scene.tablets("li", "wang")
        li.edit(shop, add={"photos": [scene.photo("门面")]})
        scene.meet("li", "wang")
        wang.edit(shop, remove={"photos": [scene.sha("门面")]})
        wang.edit(shop, add={"photos": [scene.photo("门面", role="overview")]})
        li.edit(shop, remove={"photos": [scene.sha("门面")]})
        scene.arrive()

    end = one_end(town, story, "li", "wang", told=False)
    assert [photo["role"] for photo in end["店"]["photos"]] == ["overview"]


def test_whoever_took_a_photo_hears_that_it_was_taken_away(town: Town) -> None:
    """Wang has seen Li's photo and deletes it while he notes a telephone: it goes, and he is told by whom."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang")
        li, wang = scene.tablets("li", "wang")
        li.edit(shop, add={"photos": [scene.photo("门面")]})
        scene.meet("li", "wang")
        wang.edit(shop, remove={"photos": [scene.sha("门面")]})
        li.edit(shop, operator_phone="13804180000")
        scene.arrive()

    end = one_end(town, story, "li", "wang", told=False)
    assert not end["店"]["photos"]
    [said] = end.heard["li"].values()
    assert "已由王芳" in said
    assert "删除" in said


def test_whose_check_is_voided_hears_of_it(town: Town) -> None:
    """Qian voids Li's check as a double entry while Li adds a photo to it: the photo joins it, and it stays void."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "qian")
        check = check_shop(scene, "li", shop)
        scene.meet("li", "qian")
        li, qian = scene.tablets("li", "qian")
        qian.void(check, reason="重复录入")
        li.edit(check, add={"photos": [scene.photo("门面")]})
        scene.arrive()

    end = one_end(town, story, "li", "qian", told=False)
    assert [photo["sha256"] for photo in end["检查"]["photos"]] == [end.scene.sha("门面")]
    [said] = end.heard["li"].values()
    assert "已由钱伟" in said
    assert "作废" in said


def test_append_both(town: Town) -> None:
    """Two remarks, each signed and dated, in the order they were written; the same words of two people are two."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang")
        for tablet, text in zip(scene.tablets("li", "wang", "li"), ("已劝导", "老板不在", "老板不在"), strict=True):
            tablet.edit(shop, add={"remark": [text]})
            scene.later(minutes=1)
        scene.arrive()

    end = one_end(town, story, "li", "wang")
    assert [(entry["by"], entry["text"]) for entry in end["店"]["remark"]] == [
        (person_id("li"), "已劝导"), (person_id("wang"), "老板不在"), (person_id("li"), "老板不在"),
    ]  # fmt: skip
    assert not end.disputes
    assert not any(end.heard.values())


# -- the cleaning day -------------------------------------------------------------------------------


def cleaning_day(scene: Scene, *helpers: str) -> str:
    """Let the grid leader call a cleaning day that everybody knows of."""
    [feng] = scene.tablets("feng")
    scene.tablets(*helpers)
    day = scene.called("清扫日", feng.create("cleaning_day", grid=GRID_7, held_on="2020-07-25", theme="清理楼道"))
    scene.meet("feng", *helpers)
    scene.later(hours=1)
    return day


def test_per_device_share(town: Town) -> None:
    """Li counts on two tablets, Wang on hers, and Li corrects himself: the total is the sum of what each last said."""

    def story(scene: Scene) -> None:
        day = cleaning_day(scene, "li", "li/2", "wang")
        li, spare, wang = scene.tablets("li", "li/2", "wang")
        li.edit(day, share={"waste_t": 1.5, "ads_removed": 12})
        spare.edit(day, share={"waste_t": 0.3})
        wang.edit(day, share={"waste_t": 2.1, "ads_removed": 5})
        li.edit(day, share={"waste_t": 1.2})
        scene.arrive()

    end = one_end(town, story, "li", "li/2", "wang")
    assert len(end["清扫日"]["waste_t"]) == 3
    assert total_of(dict(end["清扫日"]["waste_t"])) == 3.6
    assert total_of(dict(end["清扫日"]["ads_removed"])) == 17
    assert not end.disputes


def test_sign_in_union(town: Town) -> None:
    """Li signs in on his own tablet and on the grid leader's list: two people came, not three."""

    def story(scene: Scene) -> None:
        day = cleaning_day(scene, "li")
        li, feng = scene.tablets("li", "feng")
        li.edit(day, add={"signed_in": [person_id("li")]})
        feng.edit(day, add={"signed_in": [person_id("li"), person_id("wang")]})
        scene.arrive()

    end = one_end(town, story, "li", "feng")
    assert end["清扫日"]["signed_in"] == sorted([person_id("li"), person_id("wang")])
    assert not end.disputes
    assert not any(end.heard.values())


# -- evidence_holds ---------------------------------------------------------------------------------


def test_evidence_holds(town: Town) -> None:
    """
    Li deletes a photo of his check while the case it opened stands on it.

    Whether the street has struck the case off when his deletion arrives, decides: before that the photo stays,
    and he is told; afterwards it goes. The case keeps it in any event.
    """

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "qian")
        check = check_shop(
            scene, "li", shop, items={"H4": 0.5}, photos=[scene.photo("堆", item="H4"), scene.photo("门前", item="H1")]
        )
        case = opened_by(scene, "li", check)
        scene.meet("li", "qian")
        scene.later(minutes=20)
        li, qian = scene.tablets("li", "qian")
        li.edit(check, remove={"photos": [scene.sha("堆"), scene.sha("门前")]})
        qian.act(case.id, "refuse", reason="不属本街道")
        scene.arrive()

    found = ends(town, story, "li", "qian")
    held, gone = found["li", "qian"], found["qian", "li"]
    assert [photo["item"] for photo in held["检查"]["photos"]] == ["H4"]
    assert held.disputes == {("检查", "photos", "notice")}
    said = held.heard["li"]["检查", "photos", "evidence_holds"]
    assert said.endswith("没有删除，未了结的问题以它为证。李明 08:20 的删除记在历史第 … 号。")
    assert gone["检查"]["photos"] == []
    assert not gone.disputes
    for end in (held, gone):
        assert [photo["item"] for photo in end["问题"]["photos"]] == ["H4"]
