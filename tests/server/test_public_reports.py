"""Public reports 随手拍: taken without a login, followed by code, and silent about who sent them."""

import base64
import hashlib
import io
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from PIL import Image
from sqlalchemy import select

from schemas.directory import area_id
from schemas.ids import derived_id
from server.app import create_app
from server.core.importing.wanted import Wanted
from server.core.sources import codes
from server.core.sources.masking import masked, without_numbers
from server.settings import Settings
from server.storage.depot import keys
from server.storage.depot.memory import MemoryDepot
from server.storage.redactions import Redaction
from server.storage.tables import Base
from server.usecases.bring_in import bring_in
from tests.pictures import saved, scene
from tests.server.office import DISTRICT, GRID_7, STREET, Office, open_office, person_id

NOON = 1_595_044_800_000
PHONE = "13841812345"


class Clock:
    """The office's clock, moved by hand."""

    def __init__(self) -> None:
        self.ms = NOON

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(database_url: str, clock: Clock) -> Iterator[Office]:
    """A district with one street in its directory."""
    opened = open_office(database_url, clock)
    street = Wanted("area", area_id(STREET), STREET, {"code": STREET, "name": "河北街道", "level": "street"})
    bring_in(opened.store, DISTRICT, [street], NOON)
    yield opened
    opened.store.engine.dispose()


def picture(shade: int = 120) -> bytes:
    """A small photo that says where it was taken, and by which telephone."""
    image = Image.new("RGB", (64, 48), (shade, 90, 60))
    for x in range(64):
        image.putpixel((x, (x * shade) % 48), (x * 4 % 256, shade, 255 - shade))
    exif = Image.Exif()
    exif[271] = "Reporter's own telephone"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def send(office: Office, address: str = "10.1.1.1", photo: bytes | None = None, **said: Any) -> Any:
    """Report from *address* with a form, as a telephone's browser does."""
    form: dict[str, Any] = {"text": "垃圾堆在门口三天了", "place": "河北路12号门前", "street": STREET, **said}
    form = {name: value for name, value in form.items() if value is not None}
    if photo is not None:
        form["photo"] = (io.BytesIO(photo), "IMG_1.jpg")
    return office.app.test_client().post(
        "/v1/public/reports", data=form, content_type="multipart/form-data", environ_base={"REMOTE_ADDR": address}
    )


def follow(office: Office, code: str, address: str = "10.1.1.1") -> Any:
    return office.app.test_client().get(f"/v1/public/reports/{code}", environ_base={"REMOTE_ADDR": address})


def the_case(office: Office) -> Any:
    with office.store.work(DISTRICT, writing=False) as work:
        [case] = work.records.of_types({"case"})
        return case


def act(office: Office, who: str, case: str, name: str, **parts: Any) -> None:
    device = office.device(who)
    stands = office.record(case)
    assert stands is not None
    told = {"name": name, "evidence": [], **parts}
    device.clock_ms = NOON + stands.version * 1_000
    [outcome] = device.push(device.mutation("act", "case", case, grid=STREET, base=stands.version, act=told))
    after = office.record(case)
    assert after is not None
    assert after.fields["timeline"][-1]["act"] == name, outcome


def ask(office: Office, device: Any, method: str, path: str, **given: Any) -> Any:
    told = {"Authorization": f"Bearer {device.token}", "Content-Type": "application/json"}
    client = office.app.test_client()
    if method == "get":
        return client.get(path, headers=told)
    return client.post(path, data=msgspec.json.encode(given), headers=told)


def test_a_passer_by_reports_and_hears_what_became_of_it(office: Office) -> None:
    """One photo, one place, one sentence; the code says in words how it stands, and why it was refused."""
    answered = send(office, photo=picture())
    assert answered.status_code == 201, answered.json
    code = answered.json["code"]
    assert follow(office, code).json["state"] == "received"

    case = the_case(office)
    assert (case.fields["source"], case.grid, case.fields["status"]) == ("public", STREET, "reported")
    assert case.fields["photos"][0]["role"] == "before"
    wide = code.replace("-", " ").lower()
    act(office, "qian", case.id, "accept")
    assert follow(office, wide).json["state"] == "accepted"

    second = send(office, photo=picture(40), place="五一路口", text="井盖坏了").json["code"]
    other = next(id_ for id_ in cases(office) if id_ != case.id)
    act(office, "qian", other, "refuse", reason="不在本区范围")
    told = follow(office, second).json
    assert told["state"] == "refused"
    assert "不在本区范围" in told["zh"]


def cases(office: Office) -> list[str]:
    with office.store.work(DISTRICT, writing=False) as work:
        return [case.id for case in work.records.of_types({"case"})]


def test_a_picture_of_several_megabytes_comes_by_the_form(office: Office) -> None:
    """As telephones take them: far more than a form is read in at once."""
    large = saved(scene(7, 1600, 1200), "PNG", compress_level=0)
    assert len(large) > 5_000_000
    form = {"content_type": "multipart/form-data; boundary=x"}
    answered = office.app.test_client().post("/v1/public/reports", data=by_hand(large), **form)
    assert answered.status_code == 201, answered.json


def test_the_same_by_json(office: Office) -> None:
    """An app sends the picture in base64, and a position."""
    body = {"text": "积水", "lat": 42.02, "lon": 121.65, "crs": "wgs84", "problem_class": "standing_water",
            "photo": base64.b64encode(picture()).decode()}  # fmt: skip
    answered = office.app.test_client().post("/v1/public/reports", json=body)
    assert answered.status_code == 201, answered.json
    case = the_case(office)
    assert (case.grid, case.fields["problem_class"]) == (DISTRICT, "standing_water")
    assert case.fields["position"] == {"lat": 42.02, "lon": 121.65, "crs": "wgs84"}


def test_two_who_saw_the_same_are_suggested_as_one(office: Office) -> None:
    """Near, of one class and on one day: a person decides whether it is one problem."""
    there = {"lat": "42.02", "lon": "121.65", "crs": "wgs84", "problem_class": "exposed_garbage"}
    for shade in (120, 30):
        assert send(office, photo=picture(shade), **there).status_code == 201
    assert [conflict.kind for conflict in office.conflicts()] == ["duplicate"]


def test_nobody_finds_the_reporter(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """The contact lies in a table of its own: in no record, feed, history, quarantine or log."""
    answered = send(office, photo=picture(), contact=PHONE, text=f"来电{PHONE}", place="老李 138 4181 2345 门前")
    assert answered.status_code == 201
    shown = office.device("qian", "li", "dong", "chen").pull()
    assert PHONE not in str(shown)
    assert any("138****2345" in str(record) for record in shown.values())
    with office.store.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = str(connection.execute(select(table)).all())
            assert (PHONE in rows) == (table.name == "reporter"), table.name
            assert "138 4181" not in rows
    assert PHONE not in "".join(capsys.readouterr())


def test_only_the_office_sees_the_reporter_and_every_look_is_noted(office: Office) -> None:
    """Street and district may; the worker, the department and whoever answers for the case may not."""
    send(office, photo=picture(), contact=PHONE)
    case = the_case(office)
    path = f"/v1/public-reports/{case.id}/reporter"
    for name in ("li", "dong", "zhou", "wu", "zhao"):
        assert ask(office, office.device(name), "post", path, why="想看").status_code == 404, name
    qian, chen = office.device("qian"), office.device("chen")
    seen = ask(office, qian, "post", path, why="回访")
    assert (seen.json["contact"], seen.json["masked"]) == (PHONE, "138****2345")
    assert ask(office, qian, "post", path, why="  ").status_code == 400

    act(office, "qian", case.id, "accept")
    act(office, "chen", case.id, "dispatch", details={"lead": STREET})
    refused = ask(office, qian, "post", path, why="回访")
    assert refused.json["code"] == "reporter_hidden"
    assert ask(office, chen, "post", path, why="回访").status_code == 200
    with office.store.work(DISTRICT, writing=False) as work:
        views = work.public_reports.views(case.id, 10)
    assert sorted(view.person for view in views) == sorted([person_id("qian"), person_id("chen")])


def test_a_suggestion_is_answered_once_with_a_reason(office: Office) -> None:
    """献计献策: adopted or not, and its author reads why."""
    answered = send(office, kind="suggestion", text="早市增设垃圾桶", place=None)
    assert answered.status_code == 201, answered.json
    code = answered.json["code"]
    assert cases(office) == []
    qian = office.device("qian")
    [listed] = ask(office, qian, "get", "/v1/public-reports?unanswered=1").json["reports"]
    assert listed["text"] == "早市增设垃圾桶"
    path = f"/v1/public-reports/{listed['id']}/answer"
    assert ask(office, office.device("li"), "post", path, answer="adopted", reply="好").status_code == 404
    assert ask(office, qian, "post", path, answer="adopted", reply="下周增设6个").status_code == 200
    assert ask(office, qian, "post", path, answer="declined", reply="不").json["code"] == "report_answered"
    told = follow(office, code).json
    assert (told["state"], told["zh"]) == ("answered", "已采纳：下周增设6个")
    assert ask(office, qian, "get", "/v1/public-reports?unanswered=1").json["reports"] == []


def test_a_list_shows_each_office_its_own(office: Office) -> None:
    """Another street's office reads nothing of ours, and who reported is in no list."""
    send(office, photo=picture(), contact=PHONE)
    [listed] = ask(office, office.device("qian"), "get", "/v1/public-reports").json["reports"]
    assert listed["has_contact"] is True
    assert PHONE not in str(listed)
    office.posted("qian", "210902006")
    assert ask(office, office.device("qian"), "get", "/v1/public-reports").json["reports"] == []
    assert ask(office, office.device("li"), "get", "/v1/public-reports").status_code == 403


LONG = "字" * 121

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("no photo", {"photo": None}, "photo"),
    ("121 characters", {"text": LONG}, "text"),
    ("blank", {"text": "   "}, "text"),
    ("NUL", {"text": "a\x00b"}, "text"),
    ("no place at all", {"place": None}, "place"),
    ("half a position", {"lat": "42"}, "position"),
    ("a position that is none", {"lat": "nan", "lon": "1", "crs": "wgs84"}, "lat"),
    ("far north", {"lat": "1e9", "lon": "1", "crs": "wgs84"}, "lat"),
    ("no street of ours", {"street": "210902099"}, "street"),
    ("a street elsewhere", {"street": "110101001"}, "street"),
    ("a grid", {"street": GRID_7}, "street"),
    ("no district of ours", {"district": "110101"}, "district"),
    ("a class nobody knows", {"problem_class": "'; DROP TABLE record"}, "problem_class"),
    ("somebody else's word", {"source": "national"}, "source"),
    ("a state", {"status": "closed"}, "status"),
    ("a contact without end", {"contact": "1" * 61}, "contact"),
    ("a kind nobody knows", {"kind": "praise"}, "kind"),
    ("a suggestion with a picture", {"kind": "suggestion"}, "photo"),
]


def test_what_is_wrong_is_said_in_words_and_nothing_is_kept(office: Office) -> None:
    """Each fault by the name of its field; no record, no report, no 500."""
    for n, (what, said, field) in enumerate(WRONG):
        answered = send(office, f"10.2.1.{n}", **({"photo": picture()} | said))
        assert answered.status_code == 400, what
        assert any(path.startswith(field) for path in answered.json["errors"]), (what, answered.json)
    assert cases(office) == []


def by_hand(photo: bytes) -> bytes:
    """A form as bytes: the test client would leave a file behind for a large one."""
    words = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\na\r\n' for name in ("text", "place"))
    head = '--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
    return words.encode() + head.encode() + photo + b"\r\n--x--\r\n"


def test_hostile_bodies_are_refused(office: Office) -> None:
    """No picture, a bomb, too many bytes, too many parts, no JSON: a problem each time, never a 500."""
    client, form = office.app.test_client(), {"content_type": "multipart/form-data"}
    elsewhere = (f"10.9.{n}.1" for n in range(50))

    def code(**asked: Any) -> str:
        answered = client.post("/v1/public/reports", environ_base={"REMOTE_ADDR": next(elsewhere)}, **asked)
        assert 400 <= answered.status_code < 500, answered.data
        return str((answered.json or {})["code"])

    said = {"text": "脏", "place": "门前"}
    assert code(data=said | {"photo": (io.BytesIO(b"<svg onload=alert(1)>"), "x.jpg")}, **form) == "photo_kind_unknown"
    cut = picture()[:-200]
    assert code(data=said | {"photo": (io.BytesIO(cut), "x.jpg")}, **form) in ("photo_damaged", "invalid_request")
    big = b"\xff\xd8\xff" + b"0" * (10 * 1024 * 1024 + 100_000)
    assert code(data=by_hand(big), content_type="multipart/form-data; boundary=x") == "too_large"
    just = by_hand(big[: 10 * 1024 * 1024 + 1])
    assert code(data=just, content_type="multipart/form-data; boundary=x") == "photo_too_large"
    assert code(data={f"f{n}": "x" for n in range(40)}, **form) == "too_large"
    assert code(data={"text": "x" * 70_000}, **form) == "invalid_request"
    long = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * 700_000 + b"\r\n--x--\r\n"
    assert code(data=long, content_type="multipart/form-data; boundary=x") == "too_large"
    assert (
        code(data=said | {"photo": [(io.BytesIO(picture()), "a.jpg"), (io.BytesIO(picture()), "b.jpg")]}, **form)
        == "invalid_request"
    )
    assert code(data=b"{", content_type="application/json") == "malformed_body"
    assert code(data=b"[" * 100_000, content_type="application/json") == "malformed_body"
    assert code(json=[1]) == "invalid_request"
    assert code(json={"text": 3}) == "invalid_request"
    assert code(json=said | {"photo": "not base64!"}) == "invalid_request"
    assert code(json=said | {"photo": 7}) == "invalid_request"
    assert code(data=b"text=a", content_type="application/x-www-form-urlencoded") == "unsupported_media_type"
    assert code(data=b"--x\r\n", content_type="multipart/form-data; boundary=x") == "invalid_request"
    assert code(data=b"junk", content_type="multipart/form-data") in ("invalid_request", "malformed_body")
    assert cases(office) == []


def test_an_address_reports_five_times_a_minute(office: Office) -> None:
    """The sixth is sent away; another address is not, and one IPv6 line counts as one."""
    answers = [send(office, photo=picture(n), text=f"第{n}处").status_code for n in range(6)]
    assert answers == [201] * 5 + [429]
    assert send(office, "10.1.1.2", photo=picture(99)).status_code == 201
    line = [send(office, f"2001:db8::{n:x}", photo=picture(n)).status_code for n in range(1, 7)]
    assert line == [201] * 5 + [429]


def test_codes_are_not_to_be_guessed(office: Office) -> None:
    """A wrong code and what is none are answered alike, and after ten of them nothing is."""
    assert send(office, photo=picture()).status_code == 201
    for code in ("AAAA-AAAA-AAAA", "x", "%00", "1" * 60, "000000000000"):
        assert follow(office, code).json["code"] == "report_unknown", code
    for _ in range(5):
        follow(office, "AAAA-AAAA-AAAB")
    assert follow(office, "AAAA-AAAA-AAAC").status_code == 429
    assert follow(office, "AAAA-AAAA-AAAC", "10.1.1.9").status_code == 404


def test_a_code_is_read_however_it_is_typed() -> None:
    """Twelve signs of thirty: 58 bits, every sign from every place."""
    shown = codes.code_of(bytes(range(24)))
    assert codes.read_code(shown.lower().replace("-", "　")) == shown.replace("-", "")
    assert codes.read_code(shown[:-1]) is None
    seen = {sign for n in range(200) for sign in codes.code_of(n.to_bytes(2, "big") * 12) if sign != "-"}
    assert seen == set(codes.ALPHABET)


def test_numbers_in_what_people_write_are_masked() -> None:
    """A mobile, one with blanks, a landline; what is no number stays."""
    assert masked("+86 138 4181 2345") == "138****2345"
    said = "老李13841812345，或0418-3309188，门牌1234567890123"
    assert without_numbers(said) == "老李138****2345，或041****9188，门牌1234567890123"


def test_the_page_works_without_a_script(office: Office) -> None:
    """Report by the form, be told what is missing, read the code, ask by it; nothing of it is loaded from elsewhere."""
    client = office.app.test_client()
    page = client.get("/report")
    text = page.get_data(as_text=True)
    assert "<script" not in text
    assert "河北街道" in text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    form: dict[str, Any] = {"district": DISTRICT, "kind": "problem", "text": "<b>脏</b>", "place": "", "street": "",
                            "problem_class": "", "contact": "", "photo": (io.BytesIO(b""), "")}  # fmt: skip
    missing = client.post("/report", data=form, content_type="multipart/form-data")
    assert missing.status_code == 400
    assert "照片：请附一张照片" in missing.get_data(as_text=True)
    form |= {"place": "门前", "photo": (io.BytesIO(picture()), "a.jpg")}
    taken = client.post("/report", data=form, content_type="multipart/form-data")
    assert taken.status_code == 201, taken.get_data(as_text=True)
    code = taken.get_data(as_text=True).partition('class="code">')[2].partition("<")[0]
    told = client.get(f"/report/status?code={code}").get_data(as_text=True)
    assert "已收到，等待受理" in told
    wrong = client.get("/report/status?code=%3Cscript%3E")
    assert wrong.status_code == 404
    assert "<script>" not in wrong.get_data(as_text=True)


def test_the_photo_of_after_is_shown_once_it_was_published(office: Office) -> None:
    """Struck off: the words come at once, the picture when the office has painted over whoever is in it."""
    code = send(office, photo=picture()).json["code"]
    case = the_case(office)
    after = hashlib.sha256(picture(77)).hexdigest()
    with office.store.work(DISTRICT) as work:
        record = work.records.locked([case.id])[case.id]
        record.fields |= {"status": "closed", "photos": [*case.fields["photos"], {"sha256": after, "role": "after"}]}
        work.records.write([record])
        work.commit()
    told = follow(office, code).json
    assert (told["state"], told["photo"]) == ("put_right", None)
    photo = f"/v1/public/reports/{code}/photo.jpg"
    assert b"photo_not_published" in office.app.test_client().get(photo).data
    drawn = Redaction(derived_id("drawn"), after, case.id, "[]", person_id("qian"), case.id, NOON, "f" * 64, 3)
    office.depot.put(keys.published(DISTRICT, drawn.id), b"jpg")
    with office.store.work(DISTRICT) as work:
        work.redactions.add(drawn)
        work.commit()
    assert follow(office, code).json["photo"] == photo
    assert office.app.test_client().get(photo).data == b"jpg"


def test_behind_a_proxy_each_caller_is_himself(database_url: str) -> None:
    """With one proxy its last entry is believed, and nothing that a caller writes before it."""
    opened = open_office(database_url, lambda: NOON)
    told = Settings(database_url, proxies=1)
    app = create_app(told, lambda: NOON, MemoryDepot(lambda: NOON))
    answers = [
        app.test_client().post(
            "/v1/public/reports", json={}, headers={"X-Forwarded-For": f"10.0.0.{n}, 10.7.7.7"}
        ).status_code
        for n in range(6)
    ]  # fmt: skip
    assert answers == [400] * 5 + [429]
    other = app.test_client().post("/v1/public/reports", json={}, headers={"X-Forwarded-For": "10.7.7.8"})
    assert other.status_code == 400
    opened.store.engine.dispose()
    app.extensions["gridward"].engine.dispose()
