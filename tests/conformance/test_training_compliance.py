"""Verdicts on every log of the published training round against those of the official checker.

mlcommons/logging at beaf26d, run beside on the same 325 logs with ruleset 1.1.0, refuses eight. It agreed with ours on
all of them, on 144 damaged copies of them, and on 8,526 damaged copies of the small logs of tests/samples.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

from levelfield.rules import load_training
from levelfield.submission.finding import Severity
from levelfield.submission.training.log import JudgedLog, judge_log, judge_seeds

REFUSED = {
    "Baidu/results/1_node_8_A100_NGC21.05_MXNet/resnet/result_4.txt": 0.75752,
    "Baidu/results/1_node_8_A100_PaddlePaddle/resnet/result_3.txt": 0.75794,
    "Fujitsu/results/gx_A100x4_mxnet_NGC_21.09/resnet/result_2.txt": 0.75824,
    "Graphcore/results/ipu-pod128-TF1/resnet/result_3.txt": 0.758860078125,
    "Graphcore/results/ipu-pod16-TF1/resnet/result_0.txt": 0.75846025390625,
    "Graphcore/results/ipu-pod256-TF1/resnet/result_4.txt": 0.758600078125,
    "Graphcore/results/ipu-pod64-TF1/resnet/result_3.txt": 0.7573000781250001,
    "HPE/results/HPE-ProLiant-XL675d-Gen10-Plus_A100-SXM4-80GB_mxnet/resnet/result_3.txt": 0.75786,
}


@cache
def judged(data: Path) -> dict[str, JudgedLog]:
    root = data / "rounds" / "training_v1.1"
    rules = load_training("training-v1.1")
    return {
        path.relative_to(root).as_posix(): judge_log(
            path.relative_to(root).as_posix(),
            path.read_bytes(),
            rules=rules,
            benchmark_folder=path.parent.name,
            division="",
        )
        for path in sorted(root.glob("*/results/*/*/result_*.txt"))
    }


def test_the_runs_that_do_not_count(shared_data: Path) -> None:
    logs = judged(shared_data)
    assert len(logs) == 325
    assert {path for path, log in logs.items() if not log.compliant} == set(REFUSED)
    for path, last in REFUSED.items():
        log = logs[path]
        assert not log.counts
        assert log.failure.startswith(f"no evaluation that reaches the target; the last is {last}, expected top-1")
        assert (log.status, log.quality) == ("aborted", (last,))
        assert [one.code for one in log.findings if one.severity is Severity.ERROR] == ["TRN023", "TRN024"]
    assert all(
        log.counts and log.reached for path, log in logs.items() if path not in REFUSED and log.division == "closed"
    )


def test_what_else_is_found(shared_data: Path) -> None:
    """Repeated lines and names of weights; no evaluation is out of place, no hyperparameter against the text."""
    findings = Counter((one.code, str(one.severity)) for log in judged(shared_data).values() for one in log.findings)
    assert findings == {
        ("TRN013", "warning"): 400,
        ("TRN023", "error"): 8,
        ("TRN024", "error"): 8,
        ("TRN027", "warning"): 215,
    }
    skipped = Counter((one.code, one.reason) for log in judged(shared_data).values() for one in log.skipped)
    assert skipped == {("TRN025", "epoch_num does not tell the evaluations apart"): 10}


def test_seeds_of_every_folder(shared_data: Path) -> None:
    """No collision; the runs of two folders log two seeds each."""
    folders: dict[str, list[JudgedLog]] = {}
    for path, log in judged(shared_data).items():
        folders.setdefault(path.rpartition("/")[0], []).append(log)
    found = {path: [one.code for one in judge_seeds(path, logs)] for path, logs in folders.items()}
    assert len(found) == 35
    assert Counter(code for codes in found.values() for code in codes) == {"TRN033": 2}
    assert sum(not any(log.seeds for log in logs) for logs in folders.values()) == 12


def test_figures_of_convergence_where_loggers_disagree(shared_data: Path) -> None:
    """Habana writes samples into epoch_num, Fujitsu into train_samples, Google the size of the corpus.

    Google's metadata have a member train_samples_since_beginning, on whose lines the official search by text ends.
    """
    logs = judged(shared_data)

    def figures(path: str) -> tuple[float | None, float | None, float | None]:
        found = logs[path].figures
        return found.epoch_num, found.train_samples, found.train_samples_as_text

    assert figures("Intel-HabanaLabs/results/HLS-1H-N2/bert/result_0.txt") == (2_851_520, 1_500_800, 1_500_800)
    assert figures("Fujitsu/results/gx_A100x4_pytorch_NGC_21.09/bert/result_0.txt") == (1, 6_000_128, 6_000_128)
    assert figures("Google/results/tpu-v4-2048-JAX/bert/result_0.txt") == (1, 156_725_653, None)
    assert figures("Graphcore/results/ipu-pod16-POPART-closed/bert/result_0.txt")[1] == 2_626_598
