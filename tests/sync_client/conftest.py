"""One office, and a workshop full of tablets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_client.client import FieldClient
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import WANG, Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """Where tablets come from."""
    made = Workshop(tmp_path)
    yield made
    made.close()


@pytest.fixture
def office(workshop: Workshop) -> TinyOffice:
    """The office that the tablets of the workshop meet."""
    return workshop.office


@pytest.fixture
def li(workshop: Workshop) -> FieldClient:
    """Li 李 with his tablet."""
    return workshop.tablet("李")


@pytest.fixture
def wang(workshop: Workshop) -> FieldClient:
    """Wang 王 with hers."""
    return workshop.tablet("王", WANG)
