"""A case on its way: who usually does what, so that a story begins where its matter begins 案件流转."""

from typing import Any

from sync_client.client import FieldClient
from tests.server.office import GRID_7
from tests.stories.situations.play import Ending, Scene
from tests.stories.situations.things import case

AFTER = "整改后"
#: The usual way: who takes which act, and what comes with it.
_WAY: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("accepted", "zhao", "accept", {}),
    ("dispatched", "qian", "dispatch", {"lead": GRID_7}),
    ("handling", "li", "sign", {}),
    ("rectified", "li", "submit", {"measure": "已清理"}),
    ("verified", "zhao", "pass", {}),
    ("closed", "qian", "close", {}),
)
_MINUTES = 5


def brought_to(scene: Scene, state: str, *readers: str, lead: str = GRID_7, **fields: Any) -> str:
    """
    Let there be a case that Gao reported and that has come as far as *state*; everybody concerned knows.

    Until handed in it is Li's; every step takes five minutes, the first one at five past eight.
    """
    one = case(scene, "gao", **({"position": scene.place()} | fields))
    scene.tablets(*readers, "gao")
    scene.meet("gao")
    for reached, who, act, details in _WAY if state != "reported" else ():
        scene.later(minutes=_MINUTES)
        step(scene, who, one, act, **(details | ({"lead": lead} if act == "dispatch" else {})))
        if reached == state:
            break
    scene.meet(*readers, *readers)
    return one


def step(scene: Scene, who: str, one: str, act: str, /, **more: Any) -> None:
    """Let somebody learn how the case stands, take an act, and hand it in; a submission has its photo."""
    scene.tablets(who)
    scene.meet(who)
    take(scene, who, one, act, **more)
    scene.meet(who)


def take(scene: Scene, who: str, one: str, act: str, /, **more: Any) -> FieldClient:
    """Let somebody take an act where he is, with or without signal."""
    [tablet] = scene.tablets(who)
    if act == "submit":
        evidence = more.pop("evidence", None) or [after_photo(scene, who, one)]
        more = {"measure": "已清理"} | more | {"evidence": evidence}
    if act == "return":
        more = {"reason": "仍有垃圾", "code": "not_done", "evidence": [scene.sha("仍有")]} | more
    tablet.act(one, act, more.pop("reason", None), more.pop("evidence", ()), **more)
    return tablet


def after_photo(scene: Scene, who: str, one: str, called: str = "", **more: Any) -> str:
    """Let somebody take a photo of after, where the problem was; return its fingerprint."""
    [tablet] = scene.tablets(who)
    known = {"role": "after", "taken_at": scene.moment(), "position": scene.place()}
    photo = scene.photo(called or f"{AFTER}{who}{scene.moment()[11:16]}", **(known | more))
    tablet.edit(one, add={"photos": [photo]})
    return str(photo["sha256"])


def way(end: Ending, called: str = "问题") -> list[str]:
    """Return the acts that were carried out, in order; those that moved the case led on from one another."""
    timeline = end[called].get("timeline", [])
    moving = [entry for entry in timeline if entry["from"] != entry["to"]]
    assert [entry["from"] for entry in moving[1:]] == [entry["to"] for entry in moving[:-1]]
    assert not moving or moving[-1]["to"] == end[called]["status"]
    return [entry["act"] for entry in timeline]


def late(end: Ending, called: str = "问题") -> list[tuple[str, str]]:
    """Return the acts kept beside the case: which, and why in Chinese."""
    return [(entry["act"], entry["zh"]) for entry in end[called].get("late_acts", [])]
