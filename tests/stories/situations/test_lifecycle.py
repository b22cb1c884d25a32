"""The life of a case, from found to struck off, while people work at it without signal."""

from functools import partial

from tests.server.office import GRID_7, GRID_8, person_id
from tests.stories.situations.casework import brought_to, late, step, take, way
from tests.stories.situations.play import Scene, ends, one_end, play
from tests.stories.town import Town

USUAL = ["accept", "dispatch", "sign", "submit", "pass", "close"]


def test_from_found_to_struck_off(town: Town) -> None:
    """Found, accepted, given out, put right, looked at by somebody else, struck off: one fixed, one gone."""

    def story(scene: Scene) -> None:
        brought_to(scene, "closed", "li")

    end = play(town, story, ())
    assert end["问题"]["status"] == "closed"
    assert way(end) == USUAL
    case = end["问题"]
    assert (case["lead"], case["owner_person"], case["measure"]) == (GRID_7, person_id("li"), "已清理")
    assert (case["rectified_by"], case["verified_by"], case["closed_by"]) == tuple(
        map(person_id, ("li", "zhao", "qian"))
    )
    assert (case["dispatched_at"], case["due_at"]) == ("+600s", f"+{600 + 4 * 3600}s")
    assert not end.disputes
    assert not any(end.heard.values())


# -- office_return_stands ---------------------------------------------------------------------------


def returned_meanwhile(scene: Scene) -> None:
    """Li has handed it in and Zheng returns it; Wang, away since before, cleans again and hands it in too."""
    one = brought_to(scene, "handling", "wang")
    step(scene, "li", one, "submit", measure="扫了一遍")
    scene.tablets("zheng")
    scene.meet("zheng")
    scene.later(minutes=20)
    take(scene, "zheng", one, "return")
    scene.later(minutes=20)
    take(scene, "wang", one, "submit", measure="又清运一车")
    scene.arrive()


def test_office_return_stands(town: Town) -> None:
    """
    The return stands and counts, whoever arrived first; Wang's photos are there, her submission is kept.

    Why it was not carried out is told by what the office knew when it arrived.
    """
    found = ends(town, returned_meanwhile, "wang", "zheng")
    for end in found.values():
        case = end["问题"]
        assert (case["status"], case["return_count"], case.get("measure")) == ("handling", 1, None)
        assert way(end) == ["accept", "dispatch", "sign", "submit", "return"]
        assert [act for act, _ in late(end)] == ["submit"]
        assert case["late_acts"][0]["details"] == {"measure": "又清运一车"}
        assert case["late_acts"][0]["evidence"][0] in {photo["sha256"] for photo in case["photos"]}
        assert {photo["role"] for photo in case["photos"]} == {"after"}
    assert late(found["zheng", "wang"]) == [("submit", "操作时尚不知已退回返工，所附材料留用")]
    said = found["zheng", "wang"].heard
    assert (
        said["wang"]
        == said["zheng"]
        == {
            ("问题", "status", "workflow"): (
                "某号：仍为“整改中”，王芳 08:55 的“提交整改”没有执行：操作时尚不知已退回返工，所附材料留用。"
                "这一操作记入该问题的迟到操作。"
            )
        }
    )


def test_what_was_kept_is_the_next_submission(town: Town) -> None:
    """Wang reads of the return, and hands in what she has already done with one touch."""

    def story(scene: Scene) -> None:
        returned_meanwhile(scene)
        one = scene.id_of("问题")
        [wang] = scene.tablets("wang")
        scene.meet("wang")
        [submit] = [act for act in wang.next_acts(one) if act.name == "submit"]
        assert submit.offered is not None
        scene.later(minutes=5)
        wang.act(one, "submit", evidence=submit.offered.evidence, **submit.offered.details)
        scene.meet("wang")

    end = play(town, story, ("zheng", "wang"))
    assert (end["问题"]["status"], end["问题"]["measure"]) == ("rectified", "又清运一车")
    assert end["问题"]["handlers"] == sorted(map(person_id, ("li", "wang")))


# -- reassign_wins ----------------------------------------------------------------------------------


def test_reassign_wins(town: Town) -> None:
    """
    The street gives the case to the urban department while Li, away, puts it right and hands it in.

    The department keeps it in every order. What Li did is kept with his photos, for the department to see; he has
    had a hand in it, and it is not his to verify.
    """

    def story(scene: Scene) -> None:
        one = brought_to(scene, "handling", "li", "qian")
        scene.later(minutes=20)
        take(scene, "qian", one, "reassign", lead="dept_urban", reason="属城管管辖")
        scene.later(minutes=20)
        take(scene, "li", one, "submit")
        scene.arrive()

    end = one_end(town, story, "li", "qian")
    case = end["问题"]
    assert (case["status"], case["lead"], case.get("owner_person"), case.get("measure")) == (
        "dispatched", "dept_urban", None, None,
    )  # fmt: skip
    assert late(end) == [("submit", "另有人已改派，以其为准")]
    assert [photo["role"] for photo in case["photos"]] == ["after"]
    assert case["handlers"] == [person_id("li")]
    assert [lead["unit"] for lead in case["leads"]] == [GRID_7, "dept_urban"]
    said = "某号：按街道钱伟 08:35 的“改派”办理，位阶高的为准。李明 08:55 的“提交整改”记入该问题的迟到操作。"
    assert end.heard["li"] == end.heard["qian"] == {("问题", "status", "workflow"): said}


def test_who_had_it_before_comes_too_late(town: Town) -> None:
    """The new holder has signed for it when Li's submission arrives: it is kept, and both are told why."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "handling", "li", "qian")
        step(scene, "qian", one, "reassign", lead="dept_urban", reason="属城管管辖")
        step(scene, "xu", one, "sign")
        scene.later(minutes=5)
        take(scene, "li", one, "submit")
        scene.arrive()

    end = play(town, story, ("li",))
    assert (end["问题"]["status"], end["问题"]["owner_person"]) == ("handling", person_id("xu"))
    assert late(end) == [("submit", "已改派其他单位")]
    said = "某号：仍为“整改中”，李明 08:20 的“提交整改”没有执行：已改派其他单位。这一操作记入该问题的迟到操作。"
    assert end.heard["li"] == end.heard["xu"] == {("问题", "status", "workflow"): said}


def test_who_never_had_it_has_no_right_to_it(town: Town) -> None:
    """Song of the housing office signs for what was given to the grid: refused, and kept in quarantine."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "dispatched", "song")
        song = take(scene, "song", one, "sign")
        scene.arrive()
        assert [(refused.problem or {})["code"] for refused in song.outbox().attention] == ["not_in_charge"]
        scene.leave("song")

    assert play(town, story, ("song",))["问题"]["status"] == "dispatched"


# -- later_observation_reopens ----------------------------------------------------------------------


def struck_off_and_photographed(scene: Scene, *, photo_first: bool) -> None:
    """The street strikes a case off; Wang, away, photographs the place before that, or afterwards."""
    one = brought_to(scene, "verified", "wang", "qian")
    [wang] = scene.tablets("wang")
    scene.later(minutes=30)
    for photographing in (photo_first, not photo_first):
        if photographing:
            wang.edit(one, add={"photos": [scene.photo("还在", taken_at=scene.moment())]})
        else:
            take(scene, "qian", one, "close")
        scene.later(minutes=30)
    scene.arrive()


def test_later_observation_reopens(town: Town) -> None:
    """Taken half an hour after striking off, the photo is put before the street, whichever arrived first."""
    end = one_end(town, partial(struck_off_and_photographed, photo_first=False), "wang", "qian")
    assert (end["问题"]["status"], len(end["问题"]["photos"])) == ("closed", 2)
    assert end.disputes == {("问题", "photos", "notice")}
    assert (
        end.heard["qian"]
        == end.heard["wang"]
        == {
            ("问题", "photos", "later_observation_reopens"): (
                "某号：已提请街道重新处理。王芳交来 09:25 拍的现场照片，晚于“已销号”（钱伟 08:55）。照片已加入问题。"
            )
        }
    )


def test_a_photo_taken_before_the_end_is_evidence_only(town: Town) -> None:
    """It joins the case, and nobody has to look at it again."""
    end = one_end(town, partial(struck_off_and_photographed, photo_first=True), "wang", "qian")
    assert (end["问题"]["status"], len(end["问题"]["photos"])) == ("closed", 2)
    assert not end.disputes


def test_the_street_opens_it_again(town: Town) -> None:
    """The same case, with half the time and one relapse more against its unit; within fifteen days, not later."""

    def story(scene: Scene, days: int) -> None:
        one = brought_to(scene, "closed", "qian", "zhao")
        scene.later(days=days)
        take(scene, "zhao", one, "reopen", reason="又有垃圾")
        scene.arrive()

    end = play(town, partial(story, days=15), ("zhao",))
    case = end["问题"]
    assert (case["status"], case["reopen_count"], case.get("closed_at")) == ("handling", 1, None)
    begun = 30 * 60 + 15 * 86_400
    assert case["due_at"] == f"+{begun + 2 * 3600}s"
    end = play(town, partial(story, days=16), ("zhao",))
    assert end["问题"]["status"] == "closed"
    assert late(end) == [("reopen", "销号已超过15日，请另行上报")]


# -- stricter_wins ----------------------------------------------------------------------------------


def judged(scene: Scene, verdicts: dict[str, str]) -> None:
    """Let people look at a case that was handed in, each for himself, a quarter of an hour apart."""
    one = brought_to(scene, "rectified", *verdicts)
    for who, act in verdicts.items():
        take(scene, who, one, act)
        scene.later(minutes=15)
    scene.arrive()


def test_stricter_wins(town: Town) -> None:
    """Zhao passes it, Zheng at the next desk returns it: returned, in both orders, and both hear of it."""
    end = one_end(town, partial(judged, verdicts={"zhao": "pass", "zheng": "return"}), "zhao", "zheng")
    case = end["问题"]
    assert (case["status"], case["return_count"], case.get("verified_by")) == ("handling", 1, None)
    assert late(end) == [("pass", "另有人已退回返工，以其为准")]
    said = "某号：按郑华 08:35 的“退回返工”办理，同级之间从严。赵敏 08:20 的“核查通过”记入该问题的迟到操作。"
    assert end.heard["zhao"] == end.heard["zheng"] == {("问题", "status", "workflow"): said}


def test_the_higher_rank_prevails_over_the_stricter(town: Town) -> None:
    """The district office passes what the community returns: passed, and no return is counted."""
    end = one_end(town, partial(judged, verdicts={"zhao": "return", "chen": "pass"}), "zhao", "chen")
    case = end["问题"]
    assert (case["status"], case.get("return_count"), case["verified_by"]) == ("verified", None, person_id("chen"))
    assert case["rectified_by"] == person_id("li")
    assert late(end) == [("return", "另有人已核查通过，以其为准")]


def test_the_inspector_returns_what_others_passed(town: Town) -> None:
    """He could do so knowingly; not knowing of it, the pass is kept beside the case in both orders."""
    end = one_end(town, partial(judged, verdicts={"zhao": "pass", "zhou": "return"}), "zhao", "zhou")
    assert (end["问题"]["status"], end["问题"]["return_count"]) == ("handling", 1)
    assert late(end) == [("pass", "另有人已退回返工，以其为准")]


def test_nobody_s_rank_lets_him_verify_his_own_work(town: Town) -> None:
    """Chen of the district office has put it right herself; her pass does not prevail over Zhao's return."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "dispatched", "chen", lead="210902")
        step(scene, "chen", one, "sign")
        scene.later(minutes=5)
        step(scene, "chen", one, "submit")
        scene.tablets("zhao")
        scene.meet("zhao")
        take(scene, "zhao", one, "return")
        scene.later(minutes=5)
        take(scene, "chen", one, "pass")
        scene.arrive()

    found = ends(town, story, "zhao", "chen")
    for end in found.values():
        assert (end["问题"]["status"], end["问题"]["return_count"]) == ("handling", 1)
        assert late(end) == [("pass", "整改人不能自行核查或销号")]


def test_what_was_handed_in_anew_is_not_passed_unseen(town: Town) -> None:
    """Zhao saw what was returned since and handed in again: her pass was about another day's work."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "rectified", "zhao", "zheng")
        step(scene, "zheng", one, "return")
        scene.later(minutes=5)
        step(scene, "li", one, "submit", measure="再次清理")
        take(scene, "zhao", one, "pass")
        scene.arrive()

    end = play(town, story, ("zhao",))
    assert (end["问题"]["status"], late(end)) == (
        "rectified", [("pass", "操作时尚不知已提交整改，所附材料留用")],
    )  # fmt: skip


# -- first_received_leads ---------------------------------------------------------------------------


def given_out_twice(scene: Scene, to: dict[str, str]) -> None:
    """Let people give one case to a unit each, without knowing of each other."""
    one = brought_to(scene, "accepted", *to)
    for who, unit in to.items():
        take(scene, who, one, "dispatch", lead=unit)
        scene.later(minutes=10)
    scene.arrive()


def test_first_received_leads(town: Town) -> None:
    """Two desks of one rank give it to two units: who was heard first leads, the other assists."""
    to = {"zhao": GRID_7, "zheng": "dept_urban"}
    for order, end in ends(town, partial(given_out_twice, to=to), *to).items():
        case, first, second = end["问题"], *order
        assert (case["status"], case["lead"], case["assist"]) == ("dispatched", to[first], [to[second]])
        assert late(end) == [("dispatch", "另有人已派遣，以其为准")]
        assert end.heard["zhao"] == end.heard["zheng"]
        assert end.heard["zhao"]


def test_a_higher_rank_overrules_who_leads(town: Town) -> None:
    """The street's unit leads in every order, the community's assists, and the time runs from the street's word."""
    to = {"zhao": GRID_7, "qian": "dept_urban"}
    end = one_end(town, partial(given_out_twice, to=to), *to)
    case = end["问题"]
    assert (case["lead"], case["assist"], case["dispatched_at"]) == ("dept_urban", [GRID_7], "+900s")
    assert [lead["unit"] for lead in case["leads"]] == ["dept_urban"]
    assert case["due_at"] == f"+{900 + 4 * 3600}s"


def test_who_was_signed_for_still_leads(town: Town) -> None:
    """The grid has signed for it when another desk's dispatch arrives: the other unit assists all the same."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "accepted", "zhao", "zheng")
        take(scene, "zheng", one, "dispatch", lead="dept_urban")
        step(scene, "zhao", one, "dispatch", lead=GRID_7)
        step(scene, "li", one, "sign")
        scene.arrive()

    end = play(town, story, ("zheng",))
    assert (end["问题"]["status"], end["问题"]["lead"], end["问题"]["assist"]) == ("handling", GRID_7, ["dept_urban"])
    assert [act for act, _ in late(end)] == ["dispatch"]


# -- sent back --------------------------------------------------------------------------------------


def test_sent_back_twice_the_district_office_decides(town: Town) -> None:
    """Neither the grid nor housing says it is theirs: the street may not give it out a third time, and no unit may."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "dispatched", "song", "qian", "xu")
        step(scene, "feng", one, "send_back", reason="不归网格", suggested="dept_housing")
        step(scene, "qian", one, "dispatch", lead="dept_housing")
        step(scene, "song", one, "send_back", reason="不归住建", suggested="dept_urban")
        step(scene, "qian", one, "dispatch", lead="dept_urban")
        step(scene, "chen", one, "dispatch", lead="dept_urban")
        step(scene, "xu", one, "send_back", reason="不归城管")
        scene.arrive()

    end = play(town, story, ())
    case = end["问题"]
    assert (case["status"], case["lead"]) == ("dispatched", "dept_urban")
    assert [(one["kind"], one["suggested"]) for one in case["requests"]] == [
        ("send_back", "dept_housing"), ("send_back", "dept_urban"),
    ]  # fmt: skip
    assert late(end) == [
        ("dispatch", "已两次回退，由区创卫办指定"), ("send_back", "区创卫办已指定，不能再回退"),
    ]  # fmt: skip
    assert way(end) == ["accept", "dispatch", "send_back", "dispatch", "send_back", "dispatch"]


def test_the_new_holder_has_the_whole_time(town: Town) -> None:
    """What the wrong one used is not charged to the right one."""

    def story(scene: Scene) -> None:
        one = brought_to(scene, "dispatched", "qian")
        scene.later(hours=1)
        step(scene, "feng", one, "send_back", reason="不归网格")
        scene.later(hours=1)
        step(scene, "qian", one, "dispatch", lead=GRID_8)

    case = play(town, story, ())["问题"]
    assert case["dispatched_at"] == "+7800s"
    assert case["due_at"] == f"+{7800 + 4 * 3600}s"
