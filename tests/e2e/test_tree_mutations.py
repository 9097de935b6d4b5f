"""One thing wrong in a valid tree gives exactly the finding that it must; a valid tree gives none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tree_mutations import CONSEQUENCES, MUTATIONS, Mutation
from valid_tree import ORGANISATION, SYSTEM, write_valid_tree

from levelfield.rules.load import load
from levelfield.submission.engine import Selection
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.inference.check_round import check_round
from levelfield.submission.report import Report
from levelfield.submission.sources.open import open_source

OWN_LOADGEN = ("INF071", Severity.NOTE)
"""That levelfield's own load generator measured is said of every result, valid or not."""


def checked(tree: Path) -> Report:
    return check_round(open_source(str(tree)), load("inference-v2.0"), Selection(), jobs=1)


def findings(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if (finding.code, finding.severity) != OWN_LOADGEN]


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_valid_tree(tmp_path_factory.mktemp("valid"))


def linked(tree: Path, target: Path) -> Path:
    """A copy whose files are shared until they are changed."""
    shutil.copytree(tree, target, copy_function=os.link)
    return target


def test_a_valid_tree_gives_none(valid: Path) -> None:
    report = checked(valid)
    assert findings(report) == []
    assert len(report.results) == 4
    assert not any(result.void for result in report.results)
    assert (report.official_results, report.official_no_results) == (4, 0)
    # compilance and errors, as the official checker counts them
    assert {row.cells[21:23] for row in report.official_rows} == {("1", "0")}


def test_lower_case_and_spaced_folders_are_no_finding(valid: Path, tmp_path: Path) -> None:
    tree = linked(valid, tmp_path / "tree")
    base = tree / "closed" / ORGANISATION
    for room in ("results", "measurements", "compliance"):
        for folder in list((base / room / SYSTEM / "resnet50").iterdir()):
            folder.rename(folder.with_name(folder.name.lower()))
        (base / room / SYSTEM).rename(base / room / "a virtual system")
    for path in list((base / "measurements").rglob(f"{SYSTEM}_*.json")):
        path.rename(path.with_name(path.name.replace(f"{SYSTEM}_", "a virtual system_")))
    (base / "systems" / f"{SYSTEM}.json").rename(base / "systems" / "a virtual system.json")
    report = checked(tree)
    assert findings(report) == []
    assert report.official_results == 4


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutation_gives_exactly_its_finding(valid: Path, tmp_path: Path, mutation: Mutation) -> None:
    tree = linked(valid, tmp_path / "tree")
    mutation.change(tree)
    found = findings(checked(tree))
    assert {finding.code for finding in found} == {mutation.code, *CONSEQUENCES.get(mutation.name, ())}
    assert mutation.path in {finding.path for finding in found if finding.code == mutation.code}


def test_there_are_enough_of_them() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(set(names)) == len(names)
    assert set(CONSEQUENCES) <= set(names)
    assert len([name for name in names if name not in CONSEQUENCES]) >= 60
