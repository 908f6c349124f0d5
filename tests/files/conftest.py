"""A folder for files in each test."""

from pathlib import Path

import pytest

from tests.files.support import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    place = tmp_path / "exports"
    place.mkdir()
    return Folder(place)
