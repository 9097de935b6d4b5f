"""Run folders that are made once; each test that changes one gets a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from packaged_runs import made_official, short_run, with_audits

from levelfield.submission.package.request import PackageRequest
from levelfield.terms import Division
from levelfield.workloads.task import Precision

SYSTEM_JSON = '{"status": "available", "system_type": "datacenter,edge", "system_name": "Host One", "cooling": "air"}'


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short real run of the mini edition, int8, in all four scenarios."""
    return short_run(tmp_path_factory.mktemp("measured") / "run", precision=Precision.INT8)


@pytest.fixture(scope="session")
def _official(tmp_path_factory: pytest.TempPathFactory, measured: Path) -> Path:
    folder = tmp_path_factory.mktemp("official") / "run"
    shutil.copytree(measured, folder)
    return with_audits(made_official(folder))


@pytest.fixture
def mini(tmp_path: Path, measured: Path) -> Path:
    """A copy of the real run."""
    return Path(shutil.copytree(measured, tmp_path / "mini"))


@pytest.fixture
def official(tmp_path: Path, _official: Path) -> Path:
    """A copy of the run that says: full, official, VALID, audited."""
    return Path(shutil.copytree(_official, tmp_path / "run"))


@pytest.fixture
def request_for(tmp_path: Path) -> Callable[..., PackageRequest]:
    """Makes a request: folders, then what differs from a plain closed one."""
    statements = tmp_path / "system.json"
    statements.write_text(SYSTEM_JSON)

    def make(*folders: Path, **changes: object) -> PackageRequest:
        values = {
            "folders": folders,
            "organisation": "Example",
            "division": Division.CLOSED,
            "out": tmp_path / "tree",
            "system_json": statements,
            **changes,
        }
        return PackageRequest(**values)  # type: ignore[arg-type]

    return make
