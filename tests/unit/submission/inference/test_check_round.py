"""The check of a round by several processes, some of them made before there was anything to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_round import RULES, small_round

from levelfield.submission.crew import Crew
from levelfield.submission.engine import Selection
from levelfield.submission.inference import check_round as module
from levelfield.submission.inference.check_round import check_round
from levelfield.submission.report import Report
from levelfield.submission.sources.folder import FolderSource
from levelfield.submission.sources.open import open_source


@pytest.fixture(autouse=True)
def may_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.submission.crew._may_fork", lambda: True)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("round")
    for path, data in small_round().items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


@pytest.fixture(scope="module")
def alone(tree: Path) -> Report:
    return check_round(FolderSource(tree), RULES, Selection())


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_a_process_that_was_made_ahead_changes_nothing(
    tree: Path, alone: Report, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BYTES_OF_A_PROCESS", 1)
    loaded: list[int] = []
    with Crew(size=2, ahead=lambda: loaded.append(1)) as crew:
        assert check_round(FolderSource(tree), RULES, Selection(), jobs=jobs, crew=crew) == alone
    assert not loaded  # it did so itself, not this one


@pytest.mark.parametrize("jobs", [2, 3])
def test_processes_that_are_made_when_files_are_listed_change_nothing(
    tree: Path, alone: Report, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BYTES_OF_A_PROCESS", 1)
    assert check_round(FolderSource(tree), RULES, Selection(), jobs=jobs) == alone


def test_a_small_tree_is_checked_alone(tree: Path, alone: Report) -> None:
    with Crew(size=2) as crew:
        assert check_round(FolderSource(tree), RULES, Selection(), jobs=2, crew=crew) == alone
        assert crew.share(sum, [1, 2], float) == [3]  # no task that another process would know


def test_a_source_that_cannot_be_listed_leaves_no_process(tmp_path: Path) -> None:
    source = open_source(str(tmp_path))
    tmp_path.rmdir()
    with Crew(size=2) as crew, pytest.raises(Exception, match="cannot be read as a folder"):
        check_round(source, RULES, Selection(), jobs=2, crew=crew)
