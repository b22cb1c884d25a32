"""What two workers' edits of one shop become, seen from the wire."""

from tests.server.office import GRID_7, GRID_8, STREET, Office

SHOP = "0197f3a0-0000-7000-8000-0000000000a1"


def new_shop(**fields: object) -> dict[str, object]:
    return {"name": "老王修车", "category": "repair", **fields}


def test_a_worker_reads_what_another_wrote(office: Office) -> None:
    li, wang = office.device("li"), office.device("wang")
    [outcome] = li.push(li.mutation("create", "shop", SHOP, set=new_shop()))
    assert (outcome.outcome, outcome.version, outcome.feed) == ("applied", 1, STREET)

    assert wang.pull()[SHOP]["fields"]["name"] == "老王修车"


def test_a_devices_own_clean_writes_do_not_travel_back(office: Office) -> None:
    li = office.device("li")
    li.push()
    li.push(li.mutation("create", "shop", SHOP, set=new_shop()))
    assert SHOP not in li.pull()

    li.cursors.clear()
    assert SHOP in li.pull()


def test_different_fields_of_one_shop_are_both_kept(office: Office) -> None:
    li, wang = office.device("li"), office.device("wang")
    li.push(li.mutation("create", "shop", SHOP, set=new_shop()))
    seen = wang.pull()[SHOP]["version"]

    [renamed] = li.push(li.mutation("patch", "shop", SHOP, base=seen, set={"name": "王记修车行"}))
    [called] = wang.push(wang.mutation("patch", "shop", SHOP, base=seen, set={"operator_phone": "13804180000"}))
    # Wang had not seen the new name: her own edit stands, and the whole record comes down to her.
    assert (renamed.outcome, called.outcome) == ("applied", "merged")

    fields = li.pull()[SHOP]["fields"]
    assert (fields["name"], fields["operator_phone"]) == ("王记修车行", "13804180000")
    assert wang.pull()[SHOP]["fields"] == fields


def test_two_names_for_one_door_wait_for_a_person(office: Office) -> None:
    li, wang = office.device("li"), office.device("wang")
    li.push(li.mutation("create", "shop", SHOP, set=new_shop()))
    seen = wang.pull()[SHOP]["version"]

    li.push(li.mutation("patch", "shop", SHOP, base=seen, set={"name": "王记修车行"}))
    wang.clock_ms += 5_000
    [outcome] = wang.push(wang.mutation("patch", "shop", SHOP, base=seen, set={"name": "老王汽修"}))

    assert outcome.outcome == "conflict"
    assert outcome.decisions
    assert outcome.decisions[0]["reason"] == "a_person_decides"
    with office.store.work("210902") as work:
        [conflict] = work.conflicts.open()
    assert (conflict.record, conflict.field, conflict.kind) == (SHOP, "name", "person")


def test_a_push_sent_again_changes_nothing_and_is_answered_as_before(office: Office) -> None:
    li = office.device("li")
    first = li.mutation("create", "shop", SHOP, set=new_shop())
    second = li.mutation("patch", "shop", SHOP, set={"door_no": "3"})
    once = li.push(first, second)
    again = li.push(first, second)
    assert [(o.n, o.outcome, o.version) for o in again] == [(o.n, o.outcome, o.version) for o in once]
    with office.store.work("210902") as work:
        assert work.feeds.heads()[STREET] == 2


def test_a_number_used_for_another_payload_keeps_both(office: Office) -> None:
    li = office.device("li")
    li.push(li.mutation("create", "shop", SHOP, set=new_shop()))
    li.n = 0
    [outcome] = li.push(li.mutation("create", "shop", SHOP[:-1] + "2", set=new_shop(name="别的店")))
    assert outcome.problem
    assert outcome.problem["code"] == "number_reused"


def test_a_copied_journal_is_taken_under_another_install_only(office: Office) -> None:
    """
    Two copies of one tablet: what one brings beside a used number is not taken for the other's hand.

    Under its new install it counts as written by somebody who has not seen what the first copy wrote.
    """
    li = office.device("li")
    li.push(li.mutation("create", "shop", SHOP, set=new_shop()))
    li.push(li.mutation("patch", "shop", SHOP, base=1, set={"address": "河北街12号"}))
    li.n = 1
    late = li.mutation("patch", "shop", SHOP, base=1, set={"address": "河北街14号"})
    newer = li.mutation("patch", "shop", SHOP, base=1, set={"door_no": "3"})
    first, second = li.push(late, newer)
    assert [(o.outcome, (o.problem or {})["code"]) for o in (first, second)] == [("rejected", "number_reused")] * 2

    li.install = "second"
    again = [
        li.mutation("patch", "shop", SHOP, base=1, set=fields) for fields in ({"address": "南街1号"}, {"door_no": "3"})
    ]
    assert [outcome.outcome for outcome in li.push(*again)] == ["merged", "merged"]
    assert sorted(office.refused(li.id)) == [(2, "number_reused", late), (3, "number_reused", newer)]


def test_a_change_that_two_copies_held_is_taken_once(office: Office) -> None:
    """Recorded before the copy was made, delivered by one of them; the other brings it under its own install."""
    li = office.device("li")
    li.push(li.mutation("create", "shop", SHOP, set=new_shop()))
    both = li.mutation("patch", "shop", SHOP, base=1, add={"remark": ["门前台阶破损"]})
    [once] = li.push(both)
    li.install = "second"
    [again] = li.push(both)
    assert (once.outcome, again.outcome) == ("applied", "noop")


def test_one_bad_mutation_does_not_stop_the_others(office: Office) -> None:
    li = office.device("li")
    other = SHOP[:-1] + "2"
    outcomes = li.push(
        li.mutation("create", "shop", SHOP, set=new_shop(category="马戏团")),
        li.mutation("patch", "shop", SHOP, set={"door_no": "3"}),
        li.mutation("create", "shop", other, set=new_shop()),
    )
    assert [o.outcome for o in outcomes] == ["rejected", "rejected", "applied"]
    assert [o.problem["code"] for o in outcomes if o.problem] == ["invalid_fields", "depends_on_refused"]


def test_an_edit_of_a_record_nobody_has_sent_yet_waits_for_it(office: Office) -> None:
    li, wang = office.device("li"), office.device("wang")
    patch = wang.mutation("patch", "shop", SHOP, base=0, set={"door_no": "3"})
    [held] = wang.push(patch)
    assert (held.outcome, held.waits_for) == ("held", SHOP)

    li.push(li.mutation("create", "shop", SHOP, set=new_shop()))
    [taken] = wang.push(patch)
    assert taken.outcome == "merged"


def test_a_group_is_taken_all_or_none(office: Office) -> None:
    li = office.device("li")
    group = [1, 2]
    outcomes = li.push(
        li.mutation("create", "shop", SHOP, set=new_shop(), group=group),
        li.mutation("create", "shop", SHOP[:-1] + "2", set=new_shop(category="马戏团"), group=group),
    )
    assert [o.problem["code"] for o in outcomes if o.problem] == ["group_refused", "invalid_fields"]
    assert SHOP not in office.device("wang").pull()


def test_a_worker_sees_his_grid_and_nothing_of_the_next(office: Office) -> None:
    li, sun, qian = office.device("li"), office.device("sun"), office.device("qian")
    li.push(li.mutation("create", "shop", SHOP, set=new_shop()))
    assert SHOP not in sun.pull()
    assert SHOP in qian.pull()
    [outcome] = li.push(li.mutation("create", "shop", SHOP[:-1] + "2", grid=GRID_8, set=new_shop()))
    assert outcome.problem
    assert outcome.problem["code"] == "outside_area"
    assert GRID_7 != GRID_8
