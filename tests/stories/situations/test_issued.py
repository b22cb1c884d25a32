"""What was issued stays as it was issued; what changes it afterwards is told by the next issue."""

from tests.server.office import DISTRICT, STREET
from tests.stories.evening import MONDAY, SUNDAY, at, close, report, told, with_names, with_shops
from tests.stories.ground import check
from tests.stories.town import Town


def test_issued_is_frozen(town: Town) -> None:
    """
    Sunday's report is out when a check of Sunday arrives.

    Its figures stay, on the office's computers too; Monday's corrects them, by the number of the one it corrects, and
    the district's own report tells the district office.
    """
    with_names(town)
    li, [one, other] = with_shops(town, 2)
    chen = town.tablet("chen")
    at(town, SUNDAY, "11:00")
    check(li, "li", one, town.now_ms)
    town.sync("li")
    at(town, SUNDAY, "17:45")
    check(li, "li", other, town.now_ms)
    close(town, SUNDAY)
    issued = report(town, SUNDAY)
    chen.sync()

    town.sync("li")
    close(town, MONDAY)
    chen.sync()

    assert report(town, SUNDAY) == issued
    assert (told(issued).counts.shops, told(issued).counts.checks) == (1, 1)
    [late] = told(report(town, MONDAY)).late
    assert (late.day, late.report_no, late.checks, late.cases) == (SUNDAY, issued["report_no"], 1, 1)
    assert (late.was, late.now) == ((2, 1), (2, 2))
    line = f"7月19日（{issued['report_no']}）补报检查1次、问题1件（1人），完成率由50%更正为100%。"
    assert line in report(town, MONDAY, STREET)["text_zh"]
    read = {one.fields["day"]: one.fields for one in chen.find("day_report", where={"area": DISTRICT})}
    assert f"补报更正：河北街道{line}" in read[MONDAY]["text_zh"]
    assert read[SUNDAY] == report(town, SUNDAY, DISTRICT)
