"""The watermark: what it says, that it can be read, and that it leaves the picture to be seen."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from schemas.pictures import look
from sync_client.pictures import fonts
from sync_client.pictures.captions import Known, caption
from sync_client.pictures.fonts import MISSING, drawable, runs_of, width_of
from sync_client.pictures.watermark import MOST_COVERED, Marked, watermarked
from sync_client.values import Record
from tests.pictures import saved

GRID = "210902005003007"
AREAS = {GRID[:9]: "新兴街道", GRID[:12]: "河北社区", GRID: "第七网格"}
KNOWN = Known("老王修车，和平路", "李伟", AREAS.get)
PHOTO: dict[str, Any] = {
    "sha256": "0" * 64,
    "role": "after",
    "item": "H4",
    "taken_at": "2020-07-18T00:15:30+00:00",
    "origin": "gallery",
    "position": {"lat": 42.0189, "lon": 121.6542, "crs": "wgs84", "accuracy_m": 8},
}
LINES = ["整改后 H4 垃圾乱堆", "老王修车，和平路", "2020-07-18 08:15:30", "新兴街道 河北社区 第七网格", "记录人 李伟"]


def check(**fields: Any) -> Record:
    """Return a check of a shop."""
    return Record("shop_check", "0" * 36, GRID, 1, (0, 0), "", {"form_version": "shop-1", **fields})


# -- what it says -------------------------------------------------------------------------------------


def test_it_says_what_who_where_and_when() -> None:
    """In Beijing time, with names as people use them, the most important first."""
    lines = caption(check(), PHOTO, KNOWN)
    assert lines == [
        "整改后 H4 垃圾乱堆（暴露垃圾）",
        "老王修车，和平路",
        "2020-07-18 08:15:30",
        "新兴街道 河北社区 第七网格",
        "记录人 李伟",
        "42.018900, 121.654200 ±8 米",
        "相册导入",
    ]


@pytest.mark.parametrize(
    ("fields", "photo", "line"),
    [
        ({"no_fix_reason": "indoors"}, {"position": None}, "无定位：室内或地下"),
        ({}, {"position": None}, "照片无定位"),
        ({}, {"taken_at": None}, "拍摄时间不详"),
        ({}, {"position": {"lat": 42.0, "lon": 121.6, "crs": "gcj02"}}, "42.000000, 121.600000 GCJ-02（火星坐标）"),
        ({}, {"flags": ["mock_position"]}, "42.018900, 121.654200 ±8 米（模拟定位）"),
        ({}, {"item": None, "role": "overview"}, "全景"),
    ],
)
def test_it_says_what_is_not_known(fields: dict[str, Any], photo: dict[str, Any], line: str) -> None:
    """No position is told with its reason, and a simulated one never passes for a measured one."""
    assert line in caption(check(**fields), PHOTO | photo, KNOWN)


def test_nobody_is_named_who_is_not_known() -> None:
    """A grid without a name is told by its code; a photo taken just now says nothing of a gallery."""
    lines = caption(check(), PHOTO | {"origin": "camera"}, Known("", "", dict[str, str]().get))
    assert f"网格 {GRID}" in lines
    assert not any("记录人" in line or "相册" in line for line in lines)


# -- how it is drawn ----------------------------------------------------------------------------------


def drawn(width: int, height: int, colour: Any = "white", lines: list[str] = LINES) -> tuple[Marked, Image.Image]:
    """Return the watermark on a picture of one colour, and the picture it gave."""
    marked = watermarked(saved(Image.new("RGB", (width, height), colour), "PNG"), lines)
    return marked, Image.open(io.BytesIO(marked.jpeg)).convert("L")


def luminance(grey: int) -> float:
    """Return how bright a grey of 0 to 255 is to the eye, 0 to 1."""
    return float((grey / 255) ** 2.2)


@pytest.mark.parametrize("ground", [0, 90, 255])
def test_it_can_be_read_on_any_ground(ground: int) -> None:
    """White letters on a dark band: a contrast of 7 to 1 at the least, on snow as at night."""
    marked, picture = drawn(960, 720, (ground,) * 3)
    band = picture.crop((4, 720 - 60, 260, 720 - 4))
    shades = sorted(band.tobytes())
    # Letters take less than half of it.
    dark, light = shades[len(shades) // 2], shades[-1]
    assert (luminance(light) + 0.05) / (luminance(dark) + 0.05) >= 7
    assert picture.getpixel((950, 10)) == pytest.approx(ground, abs=4)
    assert not marked.left_out


@pytest.mark.parametrize(
    ("width", "height"), [(1_920, 1_440), (1_440, 1_920), (640, 480), (32, 24), (1_920, 300), (200, 1_900), (1_900, 40)]
)
def test_it_covers_a_fifth_at_the_most(width: int, height: int) -> None:
    """Whatever the picture's shape; a tiny one is enlarged until letters can be read."""
    marked, picture = drawn(width, height)
    assert 0 < marked.covered <= MOST_COVERED
    touched = sum(value < 200 for value in picture.tobytes()) / (picture.width * picture.height)
    assert touched <= MOST_COVERED
    assert max(picture.size) >= 640
    assert picture.width / picture.height == pytest.approx(width / height, rel=0.1)


def test_a_long_name_is_wrapped_and_shrinks() -> None:
    """Sixty characters on an upright picture: all of it is there."""
    name = "阜新市海州区新兴街道解放大街与和平路交叉口东北角老王汽车修理美容装潢配件批发零售服务有限责任公司（总店）"
    marked, _ = drawn(720, 960, lines=[*LINES, name])
    assert not marked.left_out
    assert not marked.lacking


@settings(max_examples=25, deadline=None)
@given(lines=st.lists(st.text(max_size=80), max_size=9), width=st.integers(1, 900), height=st.integers(1, 900))
def test_no_words_and_no_shape_break_it(lines: list[str], width: int, height: int) -> None:
    """Emoji, marks of direction, half surrogates, nothing: a sound picture, with a fifth covered at the most."""
    lines = [line.encode("utf-8", "replace").decode() for line in lines]
    marked = watermarked(saved(Image.new("RGB", (width, height)), "PNG"), lines)
    assert look(marked.jpeg).kind == "jpeg"
    assert marked.covered <= MOST_COVERED


# -- letters ------------------------------------------------------------------------------------------


@pytest.fixture
def shipped_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A tablet without any Chinese font of its own."""
    only = fonts.places()[:1]
    fonts.forget()
    monkeypatch.setattr(fonts, "places", lambda: only)
    yield
    fonts.forget()


def test_the_shipped_font_has_what_is_written_here(shipped_alone: None) -> None:
    """Street signs, rare given names, traditional signboards, figures and units: no tablet lacks them."""
    for text in (
        *LINES,
        "堃喆垚珺玥琤翀祎旻彧甯芃玟犇骉焱",
        "老張記餐館 廣東燒臘",
        "±8 米 ㎡ ℃ №1 Café",
        "“”‘’—…·、《》【】",
    ):
        assert drawable(text) == (text, "")
    assert {font.path for text in LINES for _, font in runs_of(text, 20)} == {fonts.places()[0][0]}


def test_a_sign_that_no_font_has_is_told(shipped_alone: None) -> None:
    """A mark stands in its place, as printers set it, and whoever drew is told which it was; never an empty box."""
    assert drawable("老\U000209e7记") == (f"老{MISSING}记", "\U000209e7")
    marked, _ = drawn(640, 480, lines=["老\U000209e7记", "😀😀"])
    assert marked.lacking == "\U000209e7😀"


def test_what_has_no_shape_is_left_out() -> None:
    """Marks of direction and joiners in a name somebody typed; line ends become blanks."""
    assert drawable("老\u202e王\u200d修\ufe0f车\n二店")[0] == "老王修车 二店"


def test_signs_take_room(shipped_alone: None) -> None:
    """What is drawn is as wide as was reckoned: Chinese signs are as wide as they are high."""
    assert width_of("老王修车", 40) == pytest.approx(160, abs=2)
    assert width_of("", 40) == 0
