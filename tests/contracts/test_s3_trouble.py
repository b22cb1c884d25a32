"""A store that breaks, answers slowly or not at all: asked again or told, and never anything half."""

import time
from collections.abc import Callable, Iterator

import pytest

from server.storage.depot import DepotFull, DepotTrouble, Missing
from server.storage.depot.bucket import Patience, Place, S3Depot
from tests.contracts.depots import MIB, photo
from tests.contracts.faulty import FaultyWay
from tests.s3 import LocalS3

HASTE = Patience(connect_s=1, read_s=0.5, attempts=2)
KEY, OTHER = photo("aa"), photo("bb")
BEFORE = bytes(range(256)) * 1000


@pytest.fixture
def way(bucket: Place) -> Iterator[FaultyWay]:
    """The way to the S3 server, still without faults."""
    assert bucket.endpoint
    with FaultyWay(bucket.endpoint).open() as way:
        yield way


@pytest.fixture
def straight(bucket: Place) -> S3Depot:
    """The depot by the direct way, to see what really lies there."""
    depot = S3Depot(bucket)
    depot.put(KEY, BEFORE)
    return depot


@pytest.fixture
def depot(bucket: Place, way: FaultyWay) -> S3Depot:
    """The same depot by the way on which things go wrong."""
    return S3Depot(bucket._replace(endpoint=way.url), HASTE)


VERBS: dict[str, tuple[Callable[[S3Depot], object], object]] = {
    "put": (lambda depot: depot.put(OTHER, BEFORE), None),
    "replace": (lambda depot: depot.put(KEY, b"new"), None),
    "read": (lambda depot: b"".join(depot.read(KEY)), BEFORE),
    "range": (lambda depot: b"".join(depot.read(KEY, 5, 900)), BEFORE[5:900]),
    "size": (lambda depot: depot.size(KEY), len(BEFORE)),
    "size of nothing": (lambda depot: depot.size(OTHER), None),
    "list": (lambda depot: [lying.key for lying in depot.lying("")], [KEY]),
    "delete": (lambda depot: depot.delete([KEY]), None),
    "delete more": (lambda depot: depot.delete([KEY, OTHER]), None),
}


@pytest.mark.parametrize("fault", ["500", "503", "cut", "lost"])
def test_one_fault_is_not_noticed(straight: S3Depot, depot: S3Depot, way: FaultyWay, fault: str) -> None:
    """What fails once is asked again, and done once more where the first answer was lost."""
    for verb, (ask, expected) in VERBS.items():
        straight.put(KEY, BEFORE)
        straight.delete([OTHER])
        way.faults.append(fault)
        assert ask(depot) == expected, verb
        assert not way.faults
        if verb == "put":
            assert b"".join(straight.read(OTHER)) == BEFORE
        if verb == "replace":
            assert b"".join(straight.read(KEY)) == b"new"
        if verb.startswith("delete"):
            assert straight.size(KEY) is None


@pytest.mark.parametrize("fault", ["500", "503", "cut", "half"])
def test_a_store_that_stays_broken_is_told(
    straight: S3Depot, depot: S3Depot, way: FaultyWay, s3: LocalS3, fault: str
) -> None:
    """Never "not there" for something that cannot be asked, never a list that is too short, nothing half."""
    way.always = fault
    for verb, (ask, _) in VERBS.items():
        if fault == "half" and verb not in ("put", "replace"):
            continue  # these have no body
        with pytest.raises(DepotTrouble) as told:
            ask(depot)
        assert s3.keys.secret not in str(told.value), verb
        assert "X-Amz" not in str(told.value), verb
    assert [lying.key for lying in straight.lying("")] == [KEY]
    assert b"".join(straight.read(KEY)) == BEFORE


def test_a_slow_store_is_not_waited_for(straight: S3Depot, depot: S3Depot, way: FaultyWay) -> None:
    """A process has few threads: after some seconds the tablet comes again instead."""
    way.always = "slow"
    began = time.monotonic()
    with pytest.raises(DepotTrouble):
        depot.size(KEY)
    assert time.monotonic() - began < 3
    way.always = ""
    way.faults.append("slow")
    assert depot.size(KEY) == len(BEFORE)


def test_a_put_whose_answer_is_lost_every_time_lies_there_whole(
    straight: S3Depot, depot: S3Depot, way: FaultyWay
) -> None:
    """We cannot know that it arrived; it did, and it is whole."""
    way.always = "lost"
    with pytest.raises(DepotTrouble):
        depot.put(OTHER, BEFORE)
    assert b"".join(straight.read(OTHER)) == BEFORE


def test_bytes_changed_on_their_way_are_not_kept(straight: S3Depot, depot: S3Depot, way: FaultyWay) -> None:
    """The store compares the MD5 that goes with every PUT of ours."""
    way.always = "changed"
    for key in (OTHER, KEY):
        with pytest.raises(DepotTrouble, match="BadDigest"):
            depot.put(key, b"the photo")
    assert straight.size(OTHER) is None
    assert b"".join(straight.read(KEY)) == BEFORE


@pytest.mark.parametrize(("start", "stop"), [(0, None), (7, None), (7, MIB)])
def test_an_answer_that_ends_early_is_no_answer(
    straight: S3Depot, depot: S3Depot, way: FaultyWay, start: int, stop: int | None
) -> None:
    """Whoever reads gets all of it or an error, never less in silence."""
    data = BEFORE * 3
    straight.put(OTHER, data)
    way.faults.append("short")
    got = b""
    with pytest.raises(DepotTrouble):  # noqa: PT012  # pieces come until it breaks
        for piece in depot.read(OTHER, start, stop):
            got += piece
    assert len(got) < len(data) - start
    assert data[start:].startswith(got)
    assert b"".join(depot.read(OTHER, start, stop)) == data[start:stop]


def test_a_range_that_is_none_is_refused(straight: S3Depot, depot: S3Depot, way: FaultyWay) -> None:
    """A store that answers with something else than was asked for must not pass for one that did."""
    way.faults.append("unranged")
    with pytest.raises(DepotTrouble, match="ranges"):
        depot.read(KEY, 5, 10)


def test_a_list_breaks_off_with_an_error(
    straight: S3Depot, depot: S3Depot, way: FaultyWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Housekeeping deletes what no row knows; a list that ended early would not harm it, one of the rows would."""
    monkeypatch.setattr("server.storage.depot.bucket._PAGE", 1)
    straight.put(OTHER, b"x")
    way.faults.extend(["", "500", "500"])
    listed = depot.lying("")
    assert next(listed).key == KEY
    with pytest.raises(DepotTrouble):
        next(listed)


def test_a_full_store_says_so(straight: S3Depot, depot: S3Depot, way: FaultyWay) -> None:
    """An operator can do something about it."""
    way.always = "507"
    with pytest.raises(DepotFull):
        depot.put(OTHER, b"x")


def test_a_store_that_deletes_one_by_one_is_enough(straight: S3Depot, depot: S3Depot, way: FaultyWay) -> None:
    """Some know no deletion of many; they are asked for it once only."""
    straight.put(OTHER, b"x")
    way.faults.append("501")
    depot.delete([KEY, OTHER])
    assert list(straight.lying("")) == []
    depot.delete([KEY, OTHER])
    assert [seen.method for seen in way.seen] == ["POST", "DELETE", "DELETE", "DELETE", "DELETE"]


def test_requests_are_such_as_every_store_understands(straight: S3Depot, depot: S3Depot, way: FaultyWay) -> None:
    """No checksums in trailers, no chunks; the length and the MD5 are told beforehand."""
    depot.put(OTHER, BEFORE)
    [seen] = way.seen
    names = {name.lower(): value for name, value in seen.headers.items()}
    assert names["content-length"] == str(len(BEFORE))
    assert "content-md5" in names
    assert not [name for name in names if name.startswith(("x-amz-checksum", "x-amz-sdk", "x-amz-trailer"))]
    assert "chunked" not in (names.get("content-encoding", "") + names.get("transfer-encoding", ""))


def every_verb_is_trouble(depot: S3Depot) -> set[str]:
    """Return what the verbs say, each of which must be trouble."""
    told = set()
    for ask, _ in VERBS.values():
        with pytest.raises(DepotTrouble) as trouble:
            ask(depot)
        told.add(str(trouble.value))
    return told


def test_wrong_keys_are_trouble_and_not_absence(
    straight: S3Depot, bucket: Place, s3: LocalS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator's typing error must not look as if all photos were gone."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    told = every_verb_is_trouble(S3Depot(bucket, HASTE))
    assert any("SignatureDoesNotMatch" in sentence for sentence in told)
    assert not any("not-the-secret" in sentence for sentence in told)


def test_no_keys_say_which_to_set(bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the variables."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert all("AWS_ACCESS_KEY_ID" in sentence for sentence in every_verb_is_trouble(S3Depot(bucket, HASTE)))
    with pytest.raises(DepotTrouble, match="AWS_ACCESS_KEY_ID"):
        S3Depot(bucket, HASTE).invite(KEY, 1, 60)


def test_a_bucket_that_is_not_there_holds_nothing_back(bucket: Place) -> None:
    """It can neither be read nor written; only a question for one size cannot tell the two apart."""
    nowhere = S3Depot(bucket._replace(bucket="no-such-bucket"), HASTE)
    for verb in ("put", "read", "range", "list"):
        with pytest.raises(DepotTrouble, match="NoSuchBucket"):
            VERBS[verb][0](nowhere)


def test_nobody_at_the_address_is_trouble(bucket: Place, way: FaultyWay) -> None:
    """The store's machine is down."""
    with FaultyWay("http://127.0.0.1:1").open() as gone:
        address = gone.url
    told = every_verb_is_trouble(S3Depot(bucket._replace(endpoint=address), Patience(1, 1, 1)))
    assert not any(address in sentence for sentence in told)


def test_what_is_there_is_not_gone_after_all_this(straight: S3Depot) -> None:
    """Absence is said in one way only."""
    with pytest.raises(Missing):
        straight.read(OTHER)
    assert straight.size(OTHER) is None
