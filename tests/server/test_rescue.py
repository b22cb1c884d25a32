"""Rescue packages at the server: what a colleague's tablet, an operator, and somebody with bad intentions bring."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.ids import derived_id
from schemas.release import ALPHABET, code_of
from schemas.rescue import MAC, MANIFEST, joined, mac_of
from server.commands import main
from server.usecases.enrol_device import ALPHABET as ENROLMENT
from server.usecases.enrol_device import token_hash
from tests.server.office import DISTRICT, GRID_8, Office, RawDevice, open_office

SHOP = derived_id("rescue", "shop")
PICTURE = b"\xff\xd8\xff\xe0 the pavement before the shop"
MADE_MS = 1_595_030_400_000


def manifest_of(device: RawDevice, lines: list[bytes], /, **changes: Any) -> bytes:
    """Return the manifest of a package with one part, as *device* would write it."""
    body = joined(lines)
    part = {
        "name": "mutations/0001.jsonl", "install": device.install, "offset_ms": 0, "first": 1, "last": len(lines),
        "mutations": len(lines), "size": len(body), "sha256": hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    told = {
        "format": 1, "district": DISTRICT, "device": device.id, "made_ms": MADE_MS, "offset_ms": 0, "whole": False,
        "last": len(lines), "parts": [part], "photos": [], "drafts": None, "app": None,
    }  # fmt: skip
    return wire.canonical(told | changes)


def asked(device: RawDevice, lines: list[bytes], manifest: bytes | None = None, /, **changes: Any) -> dict[str, Any]:
    """Return the request that carries a package of *device*."""
    body = manifest or manifest_of(device, lines)
    told = {
        "manifest": msgspec.Raw(body),
        "mac": mac_of(token_hash(device.token), body),
        "part": "mutations/0001.jsonl",
        "mutations": [msgspec.Raw(line) for line in lines],
    }
    return told | changes


def carry(carrier: RawDevice, body: Any, **headers: str) -> Any:
    """Post what *carrier* carries, and return the raw response."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    told = {"Authorization": f"Bearer {carrier.token}", "Content-Type": "application/json"} | headers
    return carrier.office.app.test_client().post("/v1/rescue", data=data, headers=told)


def a_shop(device: RawDevice) -> list[bytes]:
    """Return two changes that *device* could not send."""
    return [
        device.mutation("create", "shop", SHOP, set={"name": "老王修车", "category": "repair"}),
        device.mutation("patch", "shop", SHOP, set={"operator_phone": "13804180000"}),
    ]


def zipped(device: RawDevice, lines: list[bytes], path: Path, /, *, photo: bytes | None = None, **changes: Any) -> Path:
    """Write a package as *device* would."""
    photos = []
    if photo is not None:
        name = hashlib.sha256(photo).hexdigest()
        photos = [{"sha256": name, "records": [SHOP], "size": len(photo), "state": "here"}]
        photos.append({"sha256": "0" * 64, "records": [SHOP], "size": 7, "state": "missing"})
    body = manifest_of(device, lines, **({"photos": photos} | changes))
    files = {
        MANIFEST: body,
        MAC: mac_of(token_hash(device.token), body).encode(),
        "mutations/0001.jsonl": joined(lines),
    }
    if photo is not None:
        files[f"photos/{hashlib.sha256(photo).hexdigest()}"] = photo
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


# -- carried ----------------------------------------------------------------------------------------


def test_a_colleague_brings_it_and_both_are_answered(office: Office) -> None:
    """As often as it comes; the carrier needs no right to the place where it was recorded."""
    li, sun = office.device("li"), office.device("sun")
    body = asked(li, a_shop(li))
    for _ in range(2):
        answer = carry(sun, body)
        assert answer.status_code == 200
        told = answer.get_json()
        assert told["device"] == li.id
        assert told["outcomes"] == [{"n": 1, "outcome": "applied", "count": 2, "feed": "210902005", "version": 1}]
    found = office.record(SHOP)
    assert found
    assert found.device == li.id
    assert [outcome.outcome for outcome in li.push(*li.sent)] == ["applied", "applied"]
    assert [n for _, n, _ in office.taken(li.id)] == [1, 2]


def test_what_is_wrong_with_one_change_is_said_of_that_one(office: Office) -> None:
    """It lies in quarantine as if the tablet had brought it itself."""
    li, wang = office.device("li"), office.device("wang")
    lines = [*a_shop(li), li.mutation("create", "shop", derived_id("x"), grid=GRID_8, set={"name": "老李粮油"})]
    told = carry(wang, asked(li, lines)).get_json()
    assert [(o["n"], o["outcome"]) for o in told["outcomes"]] == [(1, "applied"), (3, "rejected")]
    assert [(n, code) for n, code, _ in office.refused(li.id)] == [(3, "invalid_fields")]


def test_a_carrier_that_was_revoked_delivers_nothing(office: Office) -> None:
    """Nor does one that never was enrolled."""
    li, wang = office.device("li"), office.device("wang")
    body = asked(li, a_shop(li))
    office.revoke(wang)
    assert carry(wang, body).get_json()["code"] == "device_revoked"
    wang.token = f"{DISTRICT}.nobody"
    assert carry(wang, body).get_json()["code"] == "not_enrolled"
    assert office.record(SHOP) is None


def forged(li: RawDevice, lines: list[bytes]) -> dict[str, Any]:
    """Let somebody change a word, and the manifest with it, but not the proof."""
    body = manifest_of(li, [lines[0].replace("老王".encode(), "老李".encode()), lines[1]])
    other = [lines[0].replace("老王".encode(), "老李".encode()), lines[1]]
    return asked(li, other, body, mac=mac_of(token_hash(li.token), manifest_of(li, lines)))


BAD: dict[str, tuple[Callable[[RawDevice, list[bytes]], Any], int, str]] = {
    "another word": (forged, 403, "rescue_not_proven"),
    "no proof": (lambda li, lines: asked(li, lines, mac=""), 403, "rescue_not_proven"),
    "a proof of no ASCII": (lambda li, lines: asked(li, lines, mac="证"), 403, "rescue_not_proven"),
    "a change less": (lambda li, lines: asked(li, lines, mutations=[msgspec.Raw(lines[0])]), 400, "rescue_damaged"),
    "no changes": (lambda li, lines: asked(li, lines, mutations=[]), 400, "rescue_damaged"),
    "another part": (lambda li, lines: asked(li, lines, part="mutations/0002.jsonl"), 400, "rescue_damaged"),
    "a path": (lambda li, lines: asked(li, lines, part="../../etc/passwd"), 400, "rescue_damaged"),
    "another district": (
        lambda li, lines: asked(li, lines, manifest_of(li, lines, district="210903")), 403, "rescue_foreign",
    ),
    "an unknown device": (
        lambda li, lines: asked(li, lines, manifest_of(li, lines, device=derived_id("nobody"))),
        404,
        "rescue_device_unknown",
    ),
    "no device": (
        lambda li, lines: asked(li, lines, manifest_of(li, lines, device=None, district=None)),
        404,
        "rescue_device_unknown",
    ),
    "a newer format": (lambda li, lines: asked(li, lines, manifest_of(li, lines, format=9)), 400, "rescue_too_new"),
    "an install of NUL": (
        lambda li, lines: asked(li, lines, manifest_of(li, lines).replace(b':"first"', b':"\\u0000"')),
        400,
        "rescue_damaged",
    ),
    "an install of the office's": (
        lambda li, lines: asked(li, lines, manifest_of(li, lines).replace(b':"first"', b':"desk"')),
        400,
        "rescue_damaged",
    ),
    "a manifest of pits": (
        lambda li, lines: msgspec.json.encode(asked(li, lines)).replace(b'{"app"', b"[" * 90_000 + b'{"app"', 1),
        400,
        "malformed_body",
    ),
    "no JSON": (lambda *_: b"PK\x03\x04", 400, "malformed_body"),
    "an empty body": (lambda *_: b"", 400, "malformed_body"),
    "a list": (lambda *_: [], 400, "invalid_request"),
    "nothing in it": (lambda *_: {}, 400, "invalid_request"),
    "a manifest of another kind": (lambda li, lines: asked(li, lines, manifest=[1]), 400, "rescue_damaged"),
    "501 changes": (lambda li, lines: asked(li, lines, mutations=[{}] * 501), 400, "invalid_request"),
    "nine megabytes": (lambda *_: b" " * (9 << 20), 413, "too_large"),
}  # fmt: skip


@pytest.mark.parametrize(("bad", "status", "code"), BAD.values(), ids=BAD)
def test_what_is_not_right_is_refused_whole(
    office: Office, bad: Callable[[RawDevice, list[bytes]], Any], status: int, code: str
) -> None:
    """With one reason, and nothing of it taken."""
    li, wang = office.device("li"), office.device("wang")
    answer = carry(wang, bad(li, a_shop(li)))
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.mimetype == "application/problem+json"
    assert office.record(SHOP) is None
    assert office.refused(li.id) == []


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office of its own, for a thousand questions."""
    return open_office(f"sqlite:///{tmp_path_factory.mktemp('office') / 'gridward.db'}")


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
_NESTED = st.lists(_PLAIN, max_size=3) | st.dictionaries(st.text(max_size=8), _PLAIN, max_size=3)
_JSON: st.SearchStrategy[Any] = _PLAIN | _NESTED | st.lists(_NESTED, max_size=3)


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_body_breaks_the_server(quiet: Office, data: st.DataObject) -> None:
    """A package with anything in the place of anything is refused by a problem of ours."""
    li = quiet.device("li")
    lines = a_shop(li)
    told = msgspec.json.decode(manifest_of(li, lines))
    name = data.draw(st.sampled_from([*sorted(told), "part"]))
    if name == "part":
        told["parts"][0] |= {data.draw(st.sampled_from(sorted(told["parts"][0]))): data.draw(_JSON)}
    else:
        told[name] = data.draw(_JSON)
    answer = carry(li, asked(li, lines, wire.canonical(told)))
    assert answer.status_code < 500, answer.get_data(as_text=True)
    assert answer.status_code == 200 or answer.get_json()["code"]


# -- by command -------------------------------------------------------------------------------------


@pytest.fixture
def type_(office: Office, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """An operator at the office's server."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", office.store.engine.url.render_as_string(hide_password=False))

    def types(*words: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, list(words))
        assert done.exit_code == code, done.output
        return done

    return types


def test_an_operator_takes_a_package_in(office: Office, type_: Callable[..., Result], tmp_path: Path) -> None:
    """He sees whose it is first, then what became of it; and that a picture no record names stays in the file."""
    li = office.device("li")
    path = zipped(li, a_shop(li), tmp_path / "li.zip", photo=PICTURE)
    shown = type_("rescue", "show", str(path)).output
    assert "签名属实" in shown
    assert "平板0" in shown
    assert office.record(SHOP) is None
    for _ in range(2):
        said = type_("rescue", "import", str(path)).output
        assert "2 条已接收" in said
        assert "1 张照片的记录尚未入库" in said
        assert "保存该文件" in said
        assert "1 张照片不在包里" in said
    assert [n for _, n, _ in office.taken(li.id)] == [1, 2]


def test_a_bad_file_keeps_no_good_one_out(office: Office, type_: Callable[..., Result], tmp_path: Path) -> None:
    """Each is told by itself; the exit code says that one was refused."""
    li = office.device("li")
    good = zipped(li, a_shop(li), tmp_path / "good.zip")
    bad = tmp_path / "bad.zip"
    bad.write_bytes(good.read_bytes()[:-9])
    told = json.loads(type_("rescue", "import", "--json", str(bad), str(good), code=1).output)
    assert told[0]["problem"]["code"] == "rescue_damaged"
    assert told[1]["outcomes"] == {"applied": 2}
    said = type_("rescue", "show", str(bad), code=1).output
    assert "救援包不完整" in said


def test_without_a_proof_only_an_operators_word_counts(
    office: Office, type_: Callable[..., Result], tmp_path: Path
) -> None:
    """And it is said that it was his word."""
    li, wang = office.device("li"), office.device("wang")
    path = zipped(li, a_shop(li), tmp_path / "li.zip")
    li.token = wang.token
    path = zipped(li, li.sent, tmp_path / "li.zip")
    said = type_("rescue", "import", str(path), code=1).output
    assert "签名核对不上" in said
    assert "--trust" in said
    assert office.record(SHOP) is None
    assert "凭操作员核实收下" in type_("rescue", "import", "--trust", str(path)).output
    assert [n for _, n, _ in office.taken(li.id)] == [1, 2]


def test_a_device_nobody_knows_fills_the_quarantine_alone(
    office: Office, type_: Callable[..., Result], tmp_path: Path
) -> None:
    """Its people are not admitted to it; with an operator's word every change is kept, word for word."""
    li = office.device("li")
    lost = derived_id("lost in a fire")
    path = zipped(li, a_shop(li), tmp_path / "li.zip", device=lost)
    assert "设备台账中没有" in type_("rescue", "import", str(path), code=1).output
    for _ in range(2):
        assert "2 条进隔离区" in type_("rescue", "import", "--trust", str(path)).output
    assert [(n, code) for n, code, _ in office.refused(lost)] == [
        (1, "not_admitted_person"),
        (2, "not_admitted_person"),
    ]
    assert [payload for _, _, payload in office.refused(lost)] == li.sent


def test_another_districts_package_is_sent_home(office: Office, type_: Callable[..., Result], tmp_path: Path) -> None:
    li = office.device("li")
    path = zipped(li, a_shop(li), tmp_path / "li.zip", district="210903")
    assert "救援包属于 210903" in type_("rescue", "import", str(path), code=1).output


def test_a_revoked_devices_package_is_kept_unjudged(
    office: Office, type_: Callable[..., Result], tmp_path: Path
) -> None:
    """Once, however often it is brought."""
    li = office.device("li")
    path = zipped(li, a_shop(li), tmp_path / "li.zip")
    office.revoke(li)
    for _ in range(2):
        said = type_("rescue", "import", str(path)).output
        assert "平板已停用" in said
        assert "2 条进隔离区" in said
    assert [(n, code) for n, code, _ in office.refused(li.id)] == [(1, "device_revoked"), (2, "device_revoked")]


def test_an_operator_reads_out_a_release_code(office: Office, type_: Callable[..., Result]) -> None:
    """For the very tablet that shows the challenge, and he is told what it will do."""
    li, wang = office.device("li"), office.device("wang")
    end = li.id.replace("-", "")[-6:].upper()
    said = type_("devices", "release", "平板0", f"r482913{end.lower()}").output
    code = code_of(token_hash(li.token), li.id, f"R-482913-{end}", "reset")
    assert f"{code[:4]}-{code[4:]}" in said
    assert "准许清空平板" in said
    assert "准许人员退出" in type_("devices", "release", li.id, f"L-482913-{end}").output
    for wrong in ("R-482913", "X-482913-" + end, "482913", "R-48291x-" + end, ""):
        assert "申请码不对" in type_("devices", "release", li.id, wrong, code=1).output
    assert "申请码不对" in type_("devices", "release", wang.id, f"R-482913-{end}", code=1).output
    assert "0 台设备" in type_("devices", "release", "平板9", f"R-482913-{end}", code=1).output


def test_release_codes_use_the_letters_of_enrolment_codes() -> None:
    """People know them."""
    assert ALPHABET == ENROLMENT


def test_a_package_in_memory_is_read_like_one_on_a_disk(office: Office, tmp_path: Path) -> None:
    """What the helpers of this file write is what the product reads."""
    from schemas.rescue import opened

    li = office.device("li")
    body = zipped(li, a_shop(li), tmp_path / "li.zip", photo=PICTURE).read_bytes()
    found = opened(io.BytesIO(body))
    assert (found.manifest.mutations, len(found.manifest.photos)) == (2, 2)
