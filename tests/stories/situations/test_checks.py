"""Two people's checks of one thing are two facts; what becomes of corrections, scores, and the ground they stand on."""

from collections.abc import Sequence
from functools import partial

from schemas.checks.common import counted_score
from tests.server.office import person_id
from tests.stories.situations.play import Scene, one_end
from tests.stories.situations.things import (
    check_parking,
    check_shop,
    check_street,
    grow_old,
    make,
    old_shop,
    opened_by,
)
from tests.stories.town import Town


def test_same_id_once(town: Town) -> None:
    """However often its answer was lost, a check is there once, with one case, and nobody has to know."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang")
        check = check_shop(scene, "li", shop, items={"H4": 0.5}, photos=[scene.photo("堆", item="H4")])
        opened_by(scene, "li", check)
        scene.arrive()
        scene.send("li", "li")

    end = one_end(town, story, "li", "wang")
    assert end["问题"]["check_id"] == "检查"
    assert not end.disputes
    assert not any(end.heard.values())
    assert end.scene.written("检查") == ["create"]


def test_keep_both(town: Town) -> None:
    """
    Li and Wang check one shop on one day, and so does the inspector.

    All stand as they were made; the inspector's score is the day's, and the grid leader has one notice to read.
    """

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang", "zhou")
        for who, stains in (("li", 2), ("zhou", 3), ("wang", 0)):
            check_shop(scene, who, shop, f"{who}的检查", items={"H1": stains})
            scene.later(minutes=40)
        scene.arrive()

    end = one_end(town, story, "li", "wang", "zhou")
    assert [end[f"{who}的检查"]["items"]["H1"] for who in ("li", "zhou", "wang")] == [2, 3, 0]
    [(check, field, kind)] = end.disputes
    assert (field, kind) == ("score", "notice")
    assert end.listed(check, field) == (
        "无名店：第2天有 3 次检查，都有效；当日得分取 92.2 分（周涛）。李明 08:00 查得 94.8 分、"
        "周涛 08:40 查得 92.2 分、王芳 09:20 查得 100.0 分。有督查取督查，否则取较晚的。"
    )


def test_without_an_inspector_the_later_score_is_the_days(town: Town) -> None:
    """Two grid workers, an hour apart: it is Wang's, who was there later."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang")
        check_shop(scene, "li", shop, "早检查", items={"H1": 2})
        scene.later(hours=1)
        check_shop(scene, "wang", shop, "晚检查")
        scene.arrive()

    end = one_end(town, story, "li", "wang")
    [(check, field, kind)] = end.disputes
    assert (field, kind) == ("score", "notice")
    assert end.listed(check, field) == (
        "无名店：第2天有 2 次检查，都有效；当日得分取 100.0 分（王芳）。李明 08:00 查得 94.8 分、"
        "王芳 09:00 查得 100.0 分。有督查取督查，否则取较晚的。"
    )


def test_checks_of_two_days_are_nobodys_business(town: Town) -> None:
    """At eleven at night and at one in the morning: each is its own day's score."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang")
        scene.later(hours=15)
        check_shop(scene, "li", shop, "前一天")
        scene.later(hours=2)
        check_shop(scene, "wang", shop, "后一天")
        scene.arrive()

    assert not one_end(town, story, "li", "wang").disputes


def test_snapshot_not_sum(town: Town) -> None:
    """Twelve vehicles, fifteen, nine: the day's figure is fifteen, never thirty-six, and nobody has to decide."""

    def story(scene: Scene) -> None:
        [gao] = scene.tablets("gao")
        area = make(scene, gao, "停车区", "parking_area", name="站前人行道", kind="sidewalk")
        grow_old(scene, "li", "wang", "zhou")
        for who, vehicles in (("li", 12), ("wang", 15), ("zhou", 9)):
            check_parking(scene, who, area, f"{who}的清点", motor_total=vehicles)
            scene.later(minutes=40)
        scene.arrive()

    end = one_end(town, story, "li", "wang", "zhou")
    assert [end[f"{who}的清点"]["motor_total"] for who in ("li", "wang", "zhou")] == [12, 15, 9]
    assert not end.disputes
    last = max(end.scene.rows(), key=lambda row: row.record)
    assert (last.kind, last.rule) == ("decided", "snapshot_not_sum")
    assert '"most":15' in last.detail
    assert "36" not in end.listed(end.scene.names[last.record], "motor_total")


# -- revision_on_top, locked_becomes_note -----------------------------------------------------------


def test_revision_on_top(town: Town) -> None:
    """The inspector corrects the score while Li corrects his items: his score is the original, the other counts."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "zhou", "qian")
        check = check_shop(scene, "li", shop, items={"H1": 2})
        scene.meet("li", "zhou", "qian")
        scene.later(minutes=30)
        li, zhou = scene.tablets("li", "zhou")
        items = li.read(check)["items"]
        li.edit(check, items=items | {"H1": 3})
        scene.later(minutes=30)
        revision = {"score": 700, "reason": "漏记乱堆杂物", "by": person_id("zhou"), "at": scene.moment()}
        zhou.edit(check, score_revision=revision)
        scene.arrive()

    # Which of Li's scores the sentence calls the original goes by whether his correction was there already.
    end = one_end(town, story, "li", "zhou")
    check = dict(end["检查"])
    assert check["items"]["H1"] == 3
    assert (check["score_revision"]["score"], counted_score(check)) == (700, 700)
    assert check["score"] > 700
    assert end.disputes == {("检查", "score_revision", "notice")}
    [said] = end.heard["li"].values()
    assert said.startswith("某号：得分以督查为准，计 70.0 分（周涛 09:00）。理由：漏记乱堆杂物。李明的原分 9")


def test_locked_becomes_note(town: Town) -> None:
    """
    Twenty-five hours after it was received Li still corrects his check, and adds a photo.

    The check stays; what he proposed stands beside it as his remark, the photo with the others, and the grid
    leader sees it.
    """

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang", "feng")
        check = check_shop(scene, "li", shop, items={"H1": 2}, remark=["已劝导"])
        scene.meet("li", "wang", "feng")
        scene.later(hours=25)
        li, wang = scene.tablets("li", "wang")
        items = li.read(check)["items"]
        li.edit(check, set={"items": items | {"H1": 5}}, add={"photos": [scene.photo("补拍", item="H1")]})
        wang.edit(check, add={"remark": ["下午复查"]})
        scene.arrive()

    end = one_end(town, story, "li", "wang")
    check = end["检查"]
    assert check["items"]["H1"] == 2
    assert [photo["role"] for photo in check["photos"]] == ["near"]
    own, proposed, other = sorted(entry["text"] for entry in check["remark"])
    assert (own, proposed) == ("下午复查", "已劝导")
    assert other.startswith("锁定后更正建议：")
    assert "H1 2→5" in other
    assert end.disputes == {("检查", "items", "notice")}
    assert end.heard["li"] == {
        ("检查", "items", "locked_becomes_note"): (
            "某号：检查已锁定，没有改动。李明 第3天 09:00 的更正（地面污渍垃圾 2→5）存为检查的备注。"
        )
    }


def test_a_correction_made_in_time_counts_however_late_it_arrives(town: Town) -> None:
    """Li corrected it after twenty-three hours and found a network after thirty."""

    def story(scene: Scene) -> None:
        shop = old_shop(scene, "li", "wang")
        check = check_shop(scene, "li", shop, items={"H1": 2})
        scene.meet("li", "wang")
        scene.later(hours=23)
        li, wang = scene.tablets("li", "wang")
        li.edit(check, items=li.read(check)["items"] | {"H1": 5})
        wang.edit(check, add={"remark": ["下午复查"]})
        scene.later(hours=7)
        scene.arrive()

    end = one_end(town, story, "li", "wang")
    assert end["检查"]["items"]["H1"] == 5
    assert not end.disputes


# -- form_at_time -----------------------------------------------------------------------------------


def graded(scene: Scene, grades: Sequence[tuple[int, int]] = (), check_at_h: int = 3) -> None:
    """Li checks a street of grade 2 after some hours; the street office gives it *grades*, each at its hour."""
    [gao, qian] = scene.tablets("gao", "qian")
    street = make(scene, gao, "路段", "street_segment", name="解放大街", kind="arterial", road_grade=2, width_m=9)
    grow_old(scene, "qian", "li")
    began = scene.town.now_ms
    for at_h, grade in sorted([*grades, (check_at_h, 0)]):
        scene.town.now_ms = began + at_h * 3_600_000
        if grade:
            qian.edit(street, road_grade=grade)
        else:
            check_street(scene, "li", street, items={"A1": 60})
    scene.later(minutes=10)
    scene.arrive()


def test_form_at_time(town: Town) -> None:
    """The grade was changed an hour before the check, or an hour after: it is scored by its own, and says so."""
    as_before = one_end(town, graded, "qian", "li")["检查"]["score"]
    for at_h in (2, 4):
        end = one_end(town, partial(graded, grades=[(at_h, 1)]), "qian", "li")
        assert (end["路段"]["road_grade"], end["检查"]["road_grade"]) == (1, 2)
        assert end["检查"]["basis_changed"] == ["road_grade"]
        assert end["检查"]["score"] == as_before
        assert not end.disputes
        assert end.heard["li"] in ({}, {("检查", "road_grade", "form_at_time"): changed(at_h)})


def changed(at_h: int) -> str:
    """Return what is said of a check whose street was given grade 1 at that hour."""
    return (
        "解放大街：得分不变，保洁等级仍按检查时的“2”计。"
        f"登记资料现为“1”（钱伟 {8 + at_h:02}:00），检查已注明“依据已调整”。"
    )


def test_a_grade_changed_back_or_much_later_is_no_other_ground(town: Town) -> None:
    """There and back again around the check, or changed two days after: the check says nothing of it."""
    for grades in ([(2, 1), (4, 2)], [(51, 1)]):
        end = one_end(town, partial(graded, grades=grades), "qian", "li", told=False)
        assert "basis_changed" not in end["检查"]
