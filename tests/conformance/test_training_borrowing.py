"""Hyperparameters of published entries, compared as a borrower in the review of the round would have."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.rules import load_training
from levelfield.submission.training.borrowing import Borrowing, Verdict, compare, side_of
from levelfield.submission.training.entry_logs import entry_logs

RULES = load_training("training-v1.1")
HPE = "HPE/results/HPE-ProLiant-XL675d-Gen10-Plus_A100-SXM4-80GB_mxnet"
FUJITSU = "Fujitsu/results/gx_A100x4_mxnet_NGC_21.09"
HABANA = "Intel-HabanaLabs/results"


@pytest.fixture
def compared(shared_data: Path):
    def compared(ours: str, donor: str) -> Borrowing:
        sides = []
        for path in (ours, donor):
            with entry_logs(str(shared_data / "rounds/training_v1.1" / path)) as (name, logs):
                sides.append(side_of(name, logs, RULES))
        return compare(*sides, RULES)

    return compared


def differing(found: Borrowing) -> dict[str, tuple[object, object]]:
    return {one.key: (one.ours, one.donor) for one in found.compared if not one.same}


def test_an_entry_is_a_whole_borrowing_of_itself(compared) -> None:
    found = compared(f"{HPE}/ssd", f"{HPE}/ssd/result_1.txt")
    assert (found.verdict, differing(found)) == (Verdict.WHOLE, {})
    assert (found.ours.runs, found.donor.runs) == (5, 1)


def test_two_submitters_with_one_rate_apart(compared) -> None:
    found = compared(f"{FUJITSU}/resnet", f"{HPE}/resnet")
    assert found.verdict is Verdict.PARTIAL
    assert differing(found) == {
        "global_batch_size": ((1632,), (3264,)),
        "lars_opt_base_learning_rate": ((7.4,), (10.5,)),
    }


def test_an_entry_whose_runs_have_two_rates(compared) -> None:
    found = compared(f"{HABANA}/HLS-1H-N2/resnet", f"{HABANA}/HLS-1H-N4/resnet")
    assert found.ours.values["lars_opt_base_learning_rate"] in {(9.0, 9.1), (9.1, 9.0)}
    assert "The runs of OURS differ among themselves in lars_opt_base_learning_rate." in found.remarks
    assert any("Both are of Habana" in remark for remark in found.remarks)


def test_a_donor_in_the_open_division(compared) -> None:
    found = compared("Fujitsu/results/gx_A100x4_pytorch_NGC_21.09/bert", "Samsung")
    assert found.verdict is Verdict.NONE
    assert len(differing(found)) == 11
