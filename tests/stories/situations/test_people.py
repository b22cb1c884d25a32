"""People who are moved or stopped while they are away, and clocks that are wrong."""

from datetime import datetime, timedelta

from schemas import wire
from schemas.roles import Role
from tests.server.office import GRID_7, GRID_8, person_id
from tests.stories.situations.hearing import said_on
from tests.stories.situations.play import Scene, ends, one_end
from tests.stories.situations.things import check_shop, old_shop, opened_by
from tests.stories.town import Town


def new_worker(scene: Scene) -> str:
    """Let somebody begin in the seventh grid; another in each playing, since he will not stay."""
    name = f"he-{scene.number}"
    scene.town.hire(name, "何平", Role.GRID_WORKER, GRID_7)
    scene.words[person_id(name)] = "何平"
    return name


def away(scene: Scene, he: str) -> str:
    """Let him check a shop without signal, with waste in front of it; return the shop."""
    shop = old_shop(scene, he, "wang")
    [tablet] = scene.tablets(he)
    tablet.edit(shop, add={"remark": ["老板不在"]})
    check = check_shop(scene, he, shop, role="grid_worker", items={"H4": 0.5})
    opened_by(scene, he, check)
    scene.later(minutes=30)
    return shop


def test_observer_scope_kept(town: Town) -> None:
    """
    He checks a shop, and is moved to the next grid before he finds a network.

    What he wrote belongs to the grid where he stood, and he is told so; the case it opened is Wang's business
    now, who works there, whether her own edit of the shop came before his or after.
    """

    def story(scene: Scene) -> None:
        he = new_worker(scene)
        shop = away(scene, he)
        town.office.end_grants(he, town.now_ms)
        town.post(he, Role.GRID_WORKER, GRID_8)
        scene.later(minutes=30)
        [wang] = scene.tablets("wang")
        wang.edit(shop, door_no="17号")
        scene.arrive(he=lambda: town.sync(he))
        told = {(scene.names[said.record], said.rule) for said in said_on(town.tablet(he))}
        assert ("检查", "observer_scope_kept") in told
        scene.leave(he)

    end = one_end(town, story, "he", "wang")
    assert end["问题"]["status"] == "reported"
    assert end.disputes == {("检查", "grid", "notice")}
    check = town.office.record(end.scene.id_of("检查"))
    assert check is not None
    assert check.grid == GRID_7
    assert town.tablet("wang").holds(end.scene.id_of("问题"))


def test_quarantine(town: Town) -> None:
    """
    He is away with a remark and a check when his account is stopped.

    What reached the office before that stays; afterwards all of it lies in quarantine, word for word, and
    nothing of it in the records.
    """

    def story(scene: Scene) -> None:
        he = new_worker(scene)
        away(scene, he)
        scene.arrive(he=lambda: town.sync(he), stop=lambda: town.office.stop(he, town.now_ms))
        device = town.tablet(he).status().device or ""
        kept = town.office.refused(device)
        assert {code for _, code, _ in kept} <= {"person_stopped"}
        assert {payload for _, _, payload in kept} in (set(), town.gates[he].passed)
        assert len(kept) == (2 if scene.order[0] == "stop" else 0)
        assert len(town.office.taken(device)) == 2 - len(kept)
        scene.leave(he)

    found = ends(town, story, "he", "stop", told=False)
    before, after = found["he", "stop"], found["stop", "he"]
    assert before.things.keys() == {"店", "检查", "问题"}
    assert [entry["by"] for entry in before["店"]["remark"]] == ["何平"]
    assert after.things.keys() == {"店"}
    assert "remark" not in after["店"]


def test_corrected_time(town: Town) -> None:
    """
    Li's clock has jumped three hours ahead: he notes the door number at nine, Wang another at ten.

    His tablet claims noon; the server puts that right. Wang wrote later, so hers is shown; what Li's clock
    claimed stays in his check, beside by how much it was wrong, and he is told.
    """

    def story(scene: Scene) -> None:
        li, wang = scene.tablets("li", "wang")
        shop = old_shop(scene, "li", "wang")
        ahead = timedelta(hours=3)
        town.wrong_ms["li"] = int(ahead.total_seconds() * 1000)
        li.edit(shop, door_no="17号")
        claimed = datetime.fromisoformat(scene.moment()) + ahead
        check_shop(scene, "li", shop, observed_at=claimed.isoformat())
        scene.later(hours=1)
        wang.edit(shop, door_no="19号")
        scene.arrive()
        del town.wrong_ms["li"]

    end = one_end(town, story, "li", "wang")
    assert end["店"]["door_no"] == "19号"
    assert end["检查"]["clock_offset_s"] == -3 * 3600
    noon = (48 + 3) * 3600
    assert end["检查"]["observed_at"] == f"+{noon}s"
    said = "无名店：检查时间按 08:00 算，平板时钟快了 3 小时。平板记的 11:00 也留着。"
    assert end.heard["li"]["检查", "observed_at", "corrected_time"] == said
    said = (
        "无名店：门牌号现为“19号”（王芳 09:00），后写的为准。李明 08:00 写的“17号”保留在历史第 … 号。"
        "两台平板的时钟可能不准，先后仅供参考。"
    )
    assert end.heard["li"]["店", "door_no", "authority"] == end.heard["wang"]["店", "door_no", "authority"] == said
    [row] = [row for row in end.scene.rows() if row.field == "door_no"]
    assert wire.decode_json(row.detail)["certainty"] == "clock_uncertain"
    assert not end.disputes
