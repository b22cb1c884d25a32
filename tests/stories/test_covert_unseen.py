"""
Whoever gets hold of the id of a covert finding 暗访 is told what he is told of an id that nobody ever gave out.

What he wrote about it is not lost: it waits, as for any record that is still to come, and is judged after the release.
"""

from typing import Any

import msgspec

from schemas.ids import derived_id
from server.usecases.release_covert import release
from tests.server.office import DISTRICT, GRID_7, STREET, RawDevice
from tests.server.photographs import Porter, offer
from tests.stories.test_covert import STREET_SIDE, ask, covert_visit, photo
from tests.stories.town import MORNING, Town

NOBODYS = derived_id("record", "nobody ever made this")


def written(device: RawDevice, record: str, main: str) -> list[bytes]:
    """Everything somebody may write about a case or check whose id he knows, under its type or another."""
    at = {"grid": GRID_7, "base": 1}
    return [
        device.mutation("patch", "case", record, set={"description": "没有的事"}, **at),
        device.mutation("patch", "shop_check", record, add={"remark": ["没有的事"]}, **at),
        device.mutation("patch", "shop", record, set={"name": "没有的店"}, **at),
        device.mutation("act", "case", record, act={"name": "accept", "evidence": []}, **at),
        device.mutation("act", "case", record, act={"name": "没有", "evidence": []}, **at),
        device.mutation("void", "case", record, **at),
        device.mutation("act", "case", main, act={"name": "merge", "evidence": [], "into": record}, **at),
    ]


def answers(town: Town, name: str, record: str, main: str) -> list[Any]:
    """Return what a fresh device of somebody is answered, without the id he asked about and the device's own."""
    device = town.office.device(name)
    device.clock_ms = MORNING
    told = device.push(*written(device, record, main))
    return [str(msgspec.to_builtins(one)).replace(record, "ID") for one in told]


def test_the_office_answers_as_for_what_is_not_there(town: Town) -> None:
    """Word for word, whatever is written, to everybody of the street; and says otherwise to the inspector."""
    check, case = covert_visit(town, "2020-08-01")
    [main] = [one.id for one in town.tablet("li").find("case") if one.id != case]
    for name in STREET_SIDE:
        nothing = answers(town, name, NOBODYS, main)
        assert "held" in nothing[0]
        for record in (check, case):
            assert answers(town, name, record, main) == nothing, name
    assert answers(town, "zhou", case, main) != answers(town, "zhou", NOBODYS, main)


def posted(town: Town, name: str, path: str, body: bytes) -> tuple[int, str]:
    """Return status and body of what somebody asks at the desk."""
    told = {"Authorization": f"Bearer {town.office.device(name).token}", "Content-Type": "application/json"}
    answered = town.office.app.test_client().post(path, data=body, headers=told)
    return answered.status_code, answered.get_data(as_text=True)


ASKED: list[tuple[str, Any]] = [
    ("/v1/cases/{id}/acts", {"act": "accept"}),
    ("/v1/cases/{main}/acts", {"act": "merge", "into": "{id}"}),
    ("/v1/cases/dispatch", {"cases": [{"id": "{id}"}], "lead": STREET}),
    ("/v1/public-reports/{id}/reporter", {"why": "回访"}),
    ("/v1/public-reports/{id}/answer", {"answer": "adopted", "reply": "好"}),
]


def test_the_desk_answers_as_for_what_is_not_there(town: Town) -> None:
    """The same status and the same words."""
    _, case = covert_visit(town, "2020-08-01")
    [main] = [one.id for one in town.tablet("li").find("case") if one.id != case]
    for name in ("qian", "li"):
        for path, given in ASKED:
            told = []
            for record in (case, NOBODYS):
                body = msgspec.json.encode(given).replace(b"{id}", record.encode())
                status, text = posted(town, name, path.format(id=record, main=main), body)
                assert status < 500
                told.append((status, text.replace(record, "ID")))
            assert told[0] == told[1], (name, path)


READ = (
    "/v1/cases/{id}", "/v1/cases/{id}/next-acts", "/v1/records/{id}/photos", "/v1/records/{id}/photos/pair",
    "/v1/public-reports/views?report={id}", "/v1/photos/views?record={id}", "/v1/conflicts/{id}",
)  # fmt: skip


def test_whoever_asks_reads_the_same_as_of_what_is_not_there(town: Town) -> None:
    """A case, its photos, who looked at it; and a photo that is offered for it waits for its record."""
    _, case = covert_visit(town, "2020-08-01")
    for name in ("qian", "li"):
        device = town.office.device(name)
        for path in READ:
            told = [ask(town, device, path.format(id=record)) for record in (case, NOBODYS)]
            texts = [one.get_data(as_text=True).replace(case, "ID").replace(NOBODYS, "ID") for one in told]
            assert (told[0].status_code, texts[0]) == (told[1].status_code, texts[1]), (name, path)
        plans = [Porter(device).plan(offer(record, photo(70))) for record in (case, NOBODYS)]
        assert plans[0] == plans[1], name


def test_what_was_written_waits_and_is_taken_after_the_release(town: Town) -> None:
    """The worker's tablet offers it again by itself; nothing of it is lost, and nobody hears of it before."""
    _, case = covert_visit(town, "2020-08-01")
    li = town.office.device("li")
    li.clock_ms = MORNING
    remark = li.mutation("patch", "case", case, grid=GRID_7, base=1, add={"remark": ["已派人清理"]})
    [waits] = li.push(remark)
    assert (waits.outcome, waits.waits_for) == ("held", case)
    release(town.office.store, DISTRICT, [case], None, town.now_ms)
    [taken] = li.push(remark)
    assert taken.outcome in ("applied", "merged"), taken.problem
    assert [one["text"] for one in town.on_server(case)["remark"]] == ["已派人清理"]
