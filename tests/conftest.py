"""Fixtures of the whole suite."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Nothing here is about time: a machine may stand still for seconds.
settings.register_profile("levelfield", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("levelfield")

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
    """Leave out what trains for minutes and was not asked for.

    Of the tests that train a shipped model again, those stay whose module ``LEVELFIELD_REBUILD`` names; 1 = all. Tests
    of the training suite whose names begin with ``test_long`` stay where ``LEVELFIELD_TRAIN`` is 1.
    """
    wanted = os.environ.get("LEVELFIELD_REBUILD", "1")
    others = [
        item
        for item in items
        if (item.name.startswith("test_rebuild") and wanted != "1" and wanted not in item.nodeid)
        or (item.name.startswith("test_long") and os.environ.get("LEVELFIELD_TRAIN") != "1")
    ]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
