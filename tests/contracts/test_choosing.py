"""Which depot the settings name, and what they may not say."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.settings import Settings
from server.storage.depot.bucket import Place, S3Depot
from server.storage.depot.choosing import Misnamed, depot_of
from server.storage.depot.folder import FolderDepot


def settings(**variables: str) -> Settings:
    """Return what the environment says."""
    return Settings.from_environment({f"GRIDWARD_{name.upper()}": value for name, value in variables.items()})


def test_a_folder_beside_the_database_unless_something_else_is_said(tmp_path: Path) -> None:
    """Nothing has to be set; an empty variable is as good as none."""
    for said in (settings(data=str(tmp_path)), settings(data=str(tmp_path), photos="")):
        depot = depot_of(said)
        assert isinstance(depot, FolderDepot)
        assert str(depot) == str(tmp_path / "photos")
    assert not (tmp_path / "photos").exists()


@pytest.mark.parametrize("path", ["/srv/photos", "photos", "c:/photos", "./s3:/x", "照片"])
def test_a_path_is_a_folder(path: str) -> None:
    """A single letter before the colon is a drive."""
    assert isinstance(depot_of(settings(photos=path)), FolderDepot)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"photos": "s3://evidence"}, Place("evidence", "")),
        ({"photos": "s3://evidence/"}, Place("evidence", "")),
        ({"photos": "s3://evidence/fuxin"}, Place("evidence", "fuxin/")),
        ({"photos": "s3://evidence/fuxin/photos/"}, Place("evidence", "fuxin/photos/")),
        (
            {"photos": "s3://evidence", "s3_endpoint": "http://10.0.0.9:9000/", "s3_region": "cn-1"},
            Place("evidence", "", "http://10.0.0.9:9000", None, "cn-1", "path"),
        ),
        (
            {
                "photos": "s3://evidence",
                "s3_endpoint": "https://s3.internal.example",
                "s3_public_endpoint": "https://s3.example",
                "s3_addressing": "virtual",
            },
            Place("evidence", "", "https://s3.internal.example", "https://s3.example", None, "virtual"),
        ),
    ],
)
def test_a_bucket_and_where_it_is(said: dict[str, str], place: Place) -> None:
    """All that a store of one's own, or a cloud's, needs to be told."""
    depot = depot_of(settings(**said))
    assert isinstance(depot, S3Depot)
    assert depot.place == place


NONSENSE = [
    *("s3:/x", "s3:", "s3://", "s3:///x", "s3://B", "s3://Evidence", "s3://evidence?x=1", "s3://evidence/a b"),
    *("s3://evidence/../x", "s3://evidence//x", "s3://evidence/x//", "s3://user:password@evidence/x", "s3://-x-"),
    *("http://10.0.0.9/photos", "file:///srv/photos", "minio://evidence", "S3://evidence", "ftp:x", "a\0b"),
]


@pytest.mark.parametrize("photos", NONSENSE)
def test_nonsense_is_refused_before_anything_is_kept_there(photos: str) -> None:
    """A folder called ``s3:`` would fill up the system's disk for weeks."""
    with pytest.raises(Misnamed) as told:
        depot_of(settings(photos=photos))
    assert "GRIDWARD_PHOTOS" in told.value.zh
    assert "GRIDWARD_PHOTOS" in told.value.en


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("s3_endpoint", bad) for bad in ("minio:9000", "http://", "ftp://x", "http://x/y", "http://u:secret@x")),
        *(("s3_public_endpoint", bad) for bad in ("s3.example", "http://x:99999", "http://x?y", "http://x#y")),
        ("s3_addressing", "subdomain"),
    ],
)
def test_a_wrong_address_is_told_by_its_name(name: str, value: str) -> None:
    """And a password in it is not said again."""
    with pytest.raises(Misnamed, match=f"GRIDWARD_{name.upper()}") as told:
        depot_of(settings(photos="s3://evidence", **{name: value}))
    assert "secret" not in str(told.value)


def test_an_address_holds_for_a_sensible_time() -> None:
    """Neither too short for a slow line nor at odds with what stores allow."""
    assert settings(photo_parts_s="1").photo_parts_s == 60
    assert settings().photo_parts_s == 900


def test_a_folder_does_not_pay_for_s3(tmp_path: Path) -> None:
    """Half a second and many megabytes, in every process."""
    ask = (
        "import sys; from server.storage.depot.choosing import depot_of; from server.settings import Settings; "
        f"depot_of(Settings('sqlite://', photos={str(tmp_path)!r})); "
        "print([name for name in sys.modules if name.startswith(('boto', 'types_boto'))])"
    )
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
