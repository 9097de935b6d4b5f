"""Fixtures of the whole suite."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the published rounds; tests that need it are skipped where it is absent."""
    path = Path(os.environ.get("LEVELFIELD_SHARED", CHECKOUT / ".." / "shared")) / "data"
    if not path.is_dir():
        pytest.skip(f"real rounds are absent: {path} does not exist; set LEVELFIELD_SHARED")
    return path


def pytest_configure() -> None:
    """Take interrupts, which a background job has ignored: tests send them to processes that inherit this."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the tests that train a shipped model again, leave those whose module ``LEVELFIELD_REBUILD`` names; 1 = all."""
    wanted = os.environ.get("LEVELFIELD_REBUILD", "1")
    if wanted == "1":
        return
    others = [item for item in items if item.name.startswith("test_rebuild") and wanted not in item.nodeid]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
