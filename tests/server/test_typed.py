"""What operators type: days, times, codes and areas as people say them, at the real commands."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from schemas.moments import day_of
from server.commands import main
from server.commands.common import now_ms
from server.commands.typed import area_named, moment_named
from server.storage.store import Store
from server.usecases.mistakes import Mistake
from tests.server.empty_office import empty_office, store_of

AREAS = ("210902005,河北街道", "210902003,和平街道", "210902005001,河北社区", "210902003001,益民社区")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An office at whose server an operator sits."""
    folder = tmp_path_factory.mktemp("typed")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GRIDWARD_DATABASE_URL", f"sqlite:///{folder / 'gridward.db'}")
        patched.setenv("GRIDWARD_PHOTOS", str(folder / "photos"))
        with empty_office(f"sqlite:///{folder / 'gridward.db'}") as app:
            table = folder / "areas.csv"
            table.write_text("".join(f"{line}\n" for line in ("代码,名称", *AREAS)), encoding="utf-8")
            typed("import", "divisions", str(table))
            yield store_of(app)


def typed(*line: str, code: int = 0) -> str:
    """Type a command; it must end with *code*; return what it says."""
    result = CliRunner().invoke(main, line, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_an_area_by_its_name(office: Store) -> None:
    """The whole name, how it begins where only one begins so, or its code; else the names there are."""
    with office.work("210902", writing=False) as work:
        for said, code in (("河北街道", "210902005"), ("和平", "210902003"), ("210902005", "210902005"), (None, None)):
            assert area_named(work, said) == code
        with pytest.raises(Mistake, match="可能是：河北街道 210902005、河北社区 210902005001"):
            area_named(work, "河北")
    assert "没有叫“天堂”的区划" in typed("patrol", "plan", "--area", "天堂", code=1)
    assert "共 0 条" in typed("patrol", "plan", "--area", "河北街道")


@pytest.mark.parametrize("said", ["今天", "today"])
def test_a_day_as_it_is_said(office: Store, said: str) -> None:
    today = day_of(now_ms())
    assert typed("patrol", "plan", "--on", said) == typed("patrol", "plan", "--on", today)
    assert "不是日期" in typed("patrol", "plan", "--on", "上周", code=2)


def test_a_moment_as_it_is_said() -> None:
    today = day_of(now_ms())
    assert moment_named("20:00") == moment_named(f"{today} 20点") == moment_named(f"{today}T20:00:00+08:00")
    assert moment_named("明天8点半") == moment_named("明天 8:30")
    assert moment_named("明天 8点半") - moment_named("今天 8:30") == 86_400_000


def test_a_code_in_small_letters_and_a_time_with_one_digit(office: Store) -> None:
    assert "R02 巡查未完成" in typed("reminders", "set", "r02", "--at", "8点半", "--reason", "提前")
    assert "08:30" in typed("reminders", "show", "r02")
    assert "不是时刻" in typed("reminders", "snow", "--until", "早上", code=2)


def test_an_interval_by_its_chinese_name(office: Store) -> None:
    assert typed("patrol", "set", "商户=5", "--reason", "夏季") == typed("patrol", "set", "shop=5", "--reason", "夏季")


def test_a_text_is_no_name(office: Store) -> None:
    """Typing the text where the name belongs used to rename the reminder."""
    said = typed("reminders", "set", "R04", "--zh", "【交办】{number}请整改", "--reason", "改", code=1)
    assert "--text-zh" in said
    assert "交办" in typed("reminders", "show", "R04")


def test_a_state_in_chinese(office: Store) -> None:
    assert "共 0 条" in typed("reminders", "log", "--state", "失败")
    assert "共 0 份" in typed("ranks", "list", "--state", "公示")


def test_a_job_that_is_not_there_is_told_by_what_is_near(office: Store) -> None:
    assert "weekly_scores" in typed("jobs", "pause", "weekly", "--as", "钱伟", code=1)
