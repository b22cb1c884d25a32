"""
An address to PUT one part to, straight into the store: good for exactly that, and for a while.

All of this is the store's own checking, and stores differ; so what came by such an address counts for nothing until
the server has read every byte of it and compared its hash.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from server.storage.depot import Depot, Invitation, keys
from server.storage.depot.bucket import Place, S3Depot
from server.storage.depot.folder import FolderDepot
from server.storage.depot.memory import MemoryDepot
from tests.contracts.depots import DISTRICT, OTHER, SHA
from tests.s3 import LocalS3

PART = keys.part(DISTRICT, SHA, 3)
BODY = b"half a megabyte of a photo"


@pytest.fixture
def office(bucket: Place) -> S3Depot:
    """The depot that invites."""
    return S3Depot(bucket)


@pytest.fixture
def tablet() -> Iterator[urllib3.PoolManager]:
    """Whoever sends: it knows no key and no token of ours."""
    pool = urllib3.PoolManager(retries=False, timeout=10)
    yield pool
    pool.clear()


def invited(depot: Depot, key: str = PART, size: int = len(BODY), seconds: int = 60) -> Invitation:
    """Return an invitation that there must be."""
    invitation = depot.invite(key, size, seconds)
    assert invitation is not None
    return invitation


def sent(tablet: urllib3.PoolManager, invitation: Invitation, body: bytes = BODY, method: str = "PUT") -> int:
    """Return what the store says to it, as a status."""
    return tablet.request(method, invitation.url, body=body, headers=invitation.headers).status


def test_whoever_was_invited_puts_once_or_twice(office: S3Depot, tablet: urllib3.PoolManager) -> None:
    """No token goes along; a repetition after a lost answer is the same again."""
    invitation = invited(office)
    assert sent(tablet, invitation) == 200
    assert sent(tablet, invitation) == 200
    assert b"".join(office.read(PART)) == BODY
    assert [(lying.key, lying.size) for lying in office.lying(keys.parts(DISTRICT, SHA))] == [(PART, len(BODY))]


def test_an_invitation_is_for_one_length(office: S3Depot, tablet: urllib3.PoolManager) -> None:
    """Neither more nor less, nor without saying how much: a store must not be filled up by whoever has an address."""
    invitation = invited(office)
    assert parse_qs(urlsplit(invitation.url).query)["X-Amz-SignedHeaders"] == ["content-length;host"]
    for other in (BODY + b"!", BODY[:-1], b"", bytes(1_000_000)):
        assert sent(tablet, invitation, other) == 403
    chunked = tablet.request("PUT", invitation.url, body=iter([BODY[:5], BODY[5:]]), chunked=True)
    assert chunked.status == 403
    assert office.size(PART) is None


def test_an_invitation_is_for_one_key_and_one_verb(office: S3Depot, tablet: urllib3.PoolManager) -> None:
    """It opens no other part, no other photo, and shows nobody what lies there."""
    invitation = invited(office)
    office.put(keys.whole(DISTRICT, OTHER), BODY)
    for place in (keys.part(DISTRICT, SHA, 4), keys.whole(DISTRICT, OTHER)):
        elsewhere = invitation._replace(url=invitation.url.replace(PART, place))
        assert elsewhere != invitation
        assert sent(tablet, elsewhere) == 403
    assert sent(tablet, invitation) == 200
    for method in ("GET", "HEAD", "DELETE", "POST"):
        assert sent(tablet, invitation, b"", method) in (400, 403, 405, 501), method
    assert b"".join(office.read(PART)) == BODY


def test_a_forged_invitation_is_none(office: S3Depot, tablet: urllib3.PoolManager) -> None:
    """Whatever is changed in the address, the signature does not hold any more."""
    url = invited(office).url
    flipped = "0" if url[-1] != "0" else "1"
    for forged in (
        url[:-1] + flipped,
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        url.replace("content-length%3Bhost", "host"),
        url.partition("&X-Amz-Signature")[0],
        url.partition("?")[0],
    ):
        assert forged != url
        assert sent(tablet, Invitation(forged, {})) in (400, 403), forged
    assert office.size(PART) is None


def test_an_invitation_ends(office: S3Depot, tablet: urllib3.PoolManager) -> None:
    """After its seconds the tablet has to plan anew."""
    invitation = invited(office, seconds=1)
    time.sleep(2.1)
    assert sent(tablet, invitation) in (400, 403)
    assert office.size(PART) is None


def test_our_secret_stays_ours(office: S3Depot, s3: LocalS3) -> None:
    """The address names who signed, never what with."""
    invitation = invited(office)
    assert s3.keys.access in invitation.url
    assert s3.keys.secret not in repr(invitation)


def test_tablets_are_sent_to_the_public_address(bucket: Place, tablet: urllib3.PoolManager) -> None:
    """The server may reach the store by another way than tablets do; the signature is for theirs."""
    assert bucket.endpoint
    public = bucket.endpoint.replace("127.0.0.1", "localhost")
    office = S3Depot(bucket._replace(public_endpoint=public))
    invitation = invited(office)
    assert invitation.url.startswith(f"{public}/{bucket.bucket}/")
    assert sent(tablet, invitation) == 200
    assert office.size(PART) == len(BODY)


@pytest.mark.parametrize(
    ("addressing", "begin"),
    [("path", "https://s3.example/evidence/fuxin/"), ("virtual", "https://evidence.s3.example/fuxin/")],
)
def test_the_bucket_stands_where_the_store_wants_it(s3: LocalS3, addressing: str, begin: str) -> None:
    """Some stores know it only as part of the host's name."""
    place = Place("evidence", "fuxin/", None, "https://s3.example", region="cn-north-1")
    office = S3Depot(place._replace(addressing="virtual" if addressing == "virtual" else "path"))
    invitation = invited(office)
    assert invitation.url.startswith(begin)
    assert "cn-north-1" in invitation.url


def test_nobody_is_invited_to_where_he_cannot_go(bucket: Place, tmp_path: Path) -> None:
    """Into a folder, or to a store without a public address: there the server puts every part itself."""
    assert S3Depot(bucket._replace(public_endpoint=None)).invite(PART, 1, 60) is None
    assert FolderDepot(tmp_path).invite(PART, 1, 60) is None
    assert MemoryDepot().invite(PART, 1, 60) is None
    told = MemoryDepot(inviting=lambda key, size, seconds: Invitation(f"{key} {size} {seconds}", {}))
    assert invited(told, size=7).url == f"{PART} 7 60"
