"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The research data beside the checkout; the test is skipped where it is absent."""
    folder = Path(os.environ.get("EMOTION_RECOGNITION_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no research data at {folder}: set EMOTION_RECOGNITION_SHARED to its folder")
    return folder


@pytest.fixture(scope="session")
def shared_data(shared: Path) -> Path:
    """The folder that holds one subfolder a data set."""
    return shared / "data"
