"""Scores of a training round from a tree: the good one literally, then one thing wrong at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from plain_source import PlainTree
from training_rounds import RULES, bert_log, system, training_log, training_tree

from levelfield.errors import InputError, UsageError
from levelfield.results.model import Direction, Processors, Verification
from levelfield.rules.rcp import load_rcp
from levelfield.stats.olympic_window import Median
from levelfield.stats.rcp import Floor, Method, Status
from levelfield.stats.rcp_figure import FigureMode
from levelfield.submission.engine import Selection
from levelfield.submission.reading import MAX_FILE_BYTES
from levelfield.submission.sources.port import Entry
from levelfield.submission.training.check_round import check_training
from levelfield.submission.training.checks import TRAINING
from levelfield.submission.training.judging import Judging
from levelfield.submission.training.report import TrainingReport
from levelfield.submission.training.score import FolderScore

FOLDER = "Acme/results/rocket/resnet"
Tree = Mapping[str, bytes | InputError]


def check(tree: Tree, **judging: object) -> TrainingReport:
    chosen = replace(Judging.of_round(RULES), **judging)  # type: ignore[arg-type]
    return check_training(PlainTree(tree), RULES, judging=chosen)


def found(report: TrainingReport) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.path, finding.severity.value) for finding in report.findings]


def logs(make: Callable[[int], bytes], count: int = 5, folder: str = FOLDER) -> dict[str, bytes]:
    return {f"{folder}/result_{i}.txt": make(i) for i in range(count)}


def alone(tree: Tree) -> FolderScore:
    (score,) = check(tree).scores
    return score


def test_a_whole_submission() -> None:
    report = check(training_tree())
    assert report.findings == ()
    assert report.skipped == ()
    assert not report.fails
    (result,) = report.results
    assert (result.value, result.unit, result.metric) == (12.0, "minutes", "minutes to train")
    assert result.direction is Direction.LOWER
    assert result.run_minutes == (10.0, 11.0, 12.0, 13.0, 14.0)
    assert (result.round, result.division, result.availability) == ("training-v1.1", "closed", "onprem")
    assert (result.submitter, result.system.id, result.system.name) == ("Acme Corp", "rocket", "Rocket 2")
    assert result.system.host == Processors(model="CPU X", per_node=2, total=4)
    assert result.system.accelerator == Processors(model="GPU Y", per_node=8, total=16)
    assert (result.system.software, result.system.accelerator_memory) == ("TensorFlow 2", "80 GB")
    assert (result.benchmark, result.model_used, result.scenario) == ("resnet", "resnet", "")
    assert result.accuracy == (("top-1 accuracy", 0.7595),)
    assert result.accuracy_target == 0.759
    assert (result.void, result.findings, result.compliant) == (False, (), None)
    assert result.notes == "Convergence test, set 1.1.0: pass."
    assert result.verification is Verification.UNKNOWN
    assert (result.provenance.path, result.provenance.commit) == (FOLDER, "abc123")
    assert len(result.provenance.sha256) == 64


def test_the_record_of_a_folder() -> None:
    score = alone(training_tree())
    assert (score.path, score.organisation, score.system, score.benchmark) == (FOLDER, "Acme", "rocket", "resnet")
    assert (score.runs, score.runs_required, score.failed, score.windows) == (5, 5, (), ())
    assert (score.score, score.official_score) == (12.0, 12.0)
    assert score.low is not None
    assert score.high is not None
    assert 10 < score.low < 12 < score.high < 14
    assert score.variation == pytest.approx(0.1317616)
    assert (score.batch_size, score.figures, score.unit, score.figure_source) == (
        3264,
        (36,) * 5,
        "epochs",
        "epoch_num",
    )
    assert (score.points, score.convergence.status, score.convergence.method) == ("1.1.0", Status.PASS, Method.EXACT)
    assert (score.convergence.mean, score.convergence.floor) == (36, pytest.approx(34.5526, abs=5e-5))
    assert score.convergence.margin == pytest.approx(36 / 34.55261595 - 1)


def test_the_official_side() -> None:
    report = check(training_tree())
    assert report.official_columns[:4] == ("division", "availability", "submitter", "system")
    assert report.official_columns[9:17] == ("bert", "dlrm", "maskrcnn", "minigo", "resnet", "ssd", "rnnt", "unet3d")
    url = "https://github.com/mlcommons/training_results_v1.1/blob/master/Acme Corp"
    (row,) = report.official_rows
    assert row.cells == (
        *("closed", "onprem", "Acme Corp", "Rocket 2", "CPU X", "4", "GPU Y", "16", "TensorFlow 2"),
        *("", "", "", "", "12.0", "", "", ""),
        *(f"{url}/systems/Rocket 2.json", f"{url}/benchmarks"),
    )
    assert (report.official_results, report.official_no_results) == (1, 0)
    (package,) = report.official_packages
    assert (package.path, package.passed, package.problems) == ("Acme", True, ())


def test_runs_are_numbered_not_sorted_by_text() -> None:
    tree = {**training_tree(), **logs(lambda i: bert_log(10 + i, seed=i), 11, "Acme/results/rocket/bert")}
    assert check(tree).results[0].run_minutes[-1] == 20.0


def test_a_source_that_is_the_submitters_own_folder() -> None:
    tree = {path.removeprefix("Acme/"): data for path, data in training_tree().items()}
    report = check(tree)
    assert report.findings == ()
    (result,) = report.results
    assert (result.value, result.submitter, result.provenance.path) == (12.0, "Acme Corp", "results/rocket/resnet")
    assert [package.path for package in report.official_packages] == ["."]


def test_logs_without_a_submission_around_them() -> None:
    """They tell their benchmark and division themselves; there is no system to look for."""
    tree = {path.rpartition("/")[2]: data for path, data in logs(lambda i: training_log(10 + i, seed=i)).items()}
    report = check({"notes.txt": b"", **tree})
    assert report.findings == ()
    (score,) = report.scores
    assert (score.path, score.benchmark, score.division, score.score) == (".", "resnet", "closed", 12.0)
    assert (report.official_rows, report.official_packages) == ((), ())


@pytest.mark.parametrize("failed", [0, 4])
@pytest.mark.parametrize(
    ("log", "failure"),
    [
        (training_log(1, quality=0.7589), "no evaluation that reaches the target; the last is 0.7589"),
        (training_log(1, quality=1.0), "no evaluation that reaches the target"),
        (training_log(1, quality=0.7589, status="aborted"), "no evaluation that reaches the target"),
        (training_log(1, without=["run_stop"]), "run_stop"),
        (training_log(1, without=["init_start"]), "init_start"),
        (training_log(1, init_minutes=30), "30"),
        (training_log(1)[:-20], "JSON"),
        (b"", "no line"),
        (InputError("the archive is damaged."), "the archive is damaged."),
    ],
)
def test_a_run_that_does_not_count_is_the_slowest(log: bytes | InputError, failure: str, failed: int) -> None:
    """Its one minute would be the fastest. Left are 4 good runs, of which the fastest is dropped; nothing must be
    mended, since the rules allow one failure."""
    path = f"{FOLDER}/result_{failed}.txt"
    report = check({**training_tree(), path: log})
    (finding,) = (one for one in report.findings if one.code == "TRN004")
    assert (finding.severity.value, finding.path) == ("warning", path)
    (score,) = report.scores
    (run,) = score.failed
    assert run.path == path
    assert failure in run.reason
    assert score.score == score.official_score == (13.0 if failed == 0 else 12.0)
    assert len(score.run_minutes) == 4
    assert score.high == float("inf")
    assert report.results[0].notes.startswith("1 of 5 runs do not count.")
    # A log that does not show its seeds fails the seed check, here as officially.
    assert {code for code, _, severity in found(report) if severity == "error"} <= {"TRN030", "TRN031"}


def test_29_minutes_59_of_initialisation_are_allowed() -> None:
    tree = {**training_tree(), f"{FOLDER}/result_0.txt": training_log(10, init_minutes=29.99)}
    assert check(tree).findings == ()


def test_more_failures_than_are_dropped_leave_no_score() -> None:
    report = check({**training_tree(), f"{FOLDER}/result_0.txt": b"", f"{FOLDER}/result_1.txt": b"x"})
    assert report.results == ()
    assert ("TRN005", FOLDER, "void") in found(report)
    assert {severity for code, _, severity in found(report) if code == "TRN010"} == {"error"}
    (score,) = report.scores
    assert (score.score, score.official_score, score.low, len(score.failed)) == (None, None, None, 2)
    assert (report.official_results, report.official_no_results) == (0, 1)
    assert score.convergence.method is Method.TOO_MANY_FAILED
    (package,) = report.official_packages
    assert package.problems == (
        f"{FOLDER}: 2 logs do not comply, expected 1 at most",
        f"{FOLDER}: RCP: Insufficient convergence",
    )


def test_open_submissions_have_no_target_and_no_convergence_test() -> None:
    changes = logs(lambda i: training_log(10 + i, division="open", quality=0.5, last_epoch=8, seed=i))
    report = check({**training_tree(), **changes, "Acme/systems/rocket.json": system(division="open")})
    assert report.findings == ()
    assert report.results[0].accuracy == (("top-1 accuracy", 0.5),)
    assert report.results[0].notes == ""
    convergence = report.scores[0].convergence
    assert (convergence.status, convergence.method) == (Status.NOT_APPLICABLE, Method.NOT_TESTED)
    assert report.official_folders[0].rcp_passed is None


def test_open_submissions_are_tested_where_that_is_asked_for() -> None:
    changes = logs(lambda i: training_log(10 + i, division="open", quality=0.76, last_epoch=8, seed=i))
    tree = {**training_tree(), **changes, "Acme/systems/rocket.json": system(division="open")}
    report = check(tree, points_for_all=True)
    assert found(report) == [("TRN095", FOLDER, "error")]


def test_both_parts_of_a_quality_are_asked_for_on_one_line() -> None:
    def made(i: int) -> bytes:
        quality = {"BBOX": 0.378, "SEGM": 0.338 if i == 2 else 0.34}
        return training_log(10, benchmark="maskrcnn", quality=quality, batch_size=96, last_epoch=14, seed=i)

    folder = "Acme/results/rocket/mask"
    report = check({"Acme/systems/rocket.json": system(), **logs(made, folder=folder)})
    (score,) = report.scores
    assert [run.path for run in score.failed] == [f"{folder}/result_2.txt"]
    (result,) = report.results
    assert (result.benchmark, result.model_used) == ("maskrcnn", "mask")
    assert result.accuracy == (("box AP", 0.378), ("mask AP", 0.34))


def test_more_runs_than_asked_for_are_scored_by_their_median_window() -> None:
    """Launched in the reverse order of their numbers, so 20 13 14 11 12 10; official tools score all six."""
    minutes = [10, 12, 11, 14, 13, 20]
    tree = {
        **training_tree(),
        **logs(lambda i: training_log(minutes[i], seed=i, launched_ms=1e6 * (6 - i)), 6),
    }
    report = check(tree)
    (score,) = report.scores
    assert [(one.first, one.score) for one in score.windows] == [(0, 13.0), (1, 12.0)]
    assert (score.score, score.official_score, score.ambiguous, score.low) == (12.0, 12.5, True, None)
    assert found(report) == [("TRN003", FOLDER, "error"), ("TRN089", FOLDER, "warning")]
    assert check(tree, median=Median.UPPER).scores[0].score == 13.0
    assert report.results[0].value == 12.0


def test_a_median_window_without_a_score_is_void() -> None:
    def made(i: int) -> bytes:
        return training_log(10 + i, seed=i, launched_ms=1e6 * i, quality=0.1 if i in {2, 3} else 0.76)

    report = check({**training_tree(), **logs(made, 6)})
    assert report.results == ()
    finding = next(one for one in report.findings if one.code == "TRN005")
    assert finding.found == "2 windows of 5 runs, the median one without a score"


def test_fewer_runs() -> None:
    tree = {path: data for path, data in training_tree().items() if not path.endswith("result_4.txt")}
    report = check(tree)
    assert found(report) == [("TRN003", FOLDER, "error")]
    assert report.findings[0].found == "4 runs"
    assert report.results[0].value == 11.5
    assert report.official_packages[0].problems == (f"{FOLDER}: 4 logs, expected 5",)


# --------------------------------------------------------------------------------------------------- convergence


def with_last_epoch(last_epoch: int, batch_size: float = 3264) -> dict[str, bytes]:
    made = logs(lambda i: training_log(10 + i, seed=i, last_epoch=last_epoch, batch_size=batch_size))
    return {**training_tree(), **made}


def test_convergence_that_is_too_fast() -> None:
    report = check(with_last_epoch(32))
    assert found(report) == [("TRN095", FOLDER, "error")]
    (finding,) = report.findings
    assert finding.found == "a mean of 32.0000 epochs (batch size 3264)"
    assert finding.expected == "34.5526 or more (exact in set 1.1.0)"
    (result,) = report.results
    assert (result.void, result.value) == (False, 12.0)
    assert result.notes.startswith("Convergence test, set 1.1.0: fail. The mean 32.0000 is below the floor 34.5526")
    assert report.official_packages[0].problems == (f"{FOLDER}: RCP: RCP found",)


@pytest.mark.parametrize(
    ("batch_size", "last_epoch", "status", "method"),
    [
        (3264, 36, "pass", "exact"),
        (10240, 44, "pass", "interpolated"),
        (10240, 40, "fail", "interpolated"),
        (408, 36, "pass", "below the smallest"),
        (408, 32, "missing", "below the smallest"),
        (131072, 36, "missing", "above the largest"),
    ],
)
def test_batch_sizes_with_and_without_points(batch_size: int, last_epoch: int, status: str, method: str) -> None:
    report = check(with_last_epoch(last_epoch, batch_size))
    convergence = report.scores[0].convergence
    assert (convergence.status, convergence.method) == (status, method)
    expected = {"pass": [], "fail": ["TRN095"], "missing": ["TRN096"]}[status]
    assert [code for code, _, _ in found(report)] == expected
    assert report.official_folders[0].rcp_passed is (status == "pass")


def test_the_verdict_depends_on_the_set() -> None:
    tree = with_last_epoch(44, 49152)
    assert check(tree).scores[0].convergence.method is Method.EXACT
    report = check(tree, points=load_rcp("1.1.0-rc3"))
    assert (report.scores[0].points, report.scores[0].convergence.method) == ("1.1.0-rc3", Method.INTERPOLATED)


def test_the_official_search_for_the_floor() -> None:
    floor = check(training_tree(), floor=Floor.BISECT).scores[0].convergence.floor
    assert floor == pytest.approx(34.55263658670279, abs=1e-12)


def test_a_failed_run_counts_as_the_slowest_here_too() -> None:
    aborted = training_log(99, quality=0.1, last_epoch=30, status="aborted")
    tree = {**with_last_epoch(35), f"{FOLDER}/result_1.txt": aborted}
    assert check(tree).scores[0].convergence.mean == 35


def test_a_batch_size_of_its_own_in_one_log() -> None:
    tree = {**training_tree(), f"{FOLDER}/result_1.txt": training_log(11, seed=1, batch_size=4096)}
    report = check(tree)
    assert found(report) == [("TRN092", FOLDER, "error")]
    assert report.findings[0].found == "global_batch_size 3264, 4096"
    assert report.scores[0].batch_size is None


BERT = "Acme/results/rocket/bert"


def bert(**changes: object) -> dict[str, bytes]:
    made = logs(lambda i: bert_log(10 + i, seed=i, **changes), 10, BERT)
    return {"Acme/systems/rocket.json": system(), **made}


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({"last_epoch": 1, "train_samples": 2_600_000}, "train_samples"),
        ({"last_epoch": 1, "train_samples": [2_600_000]}, "train_samples"),
        ({"last_epoch": 2_600_000, "train_samples": 156_725_653}, "epoch_num"),
    ],
)
def test_figures_of_bert_are_found_where_the_log_has_them(changes: dict[str, object], source: str) -> None:
    (score,) = check(bert(**changes)).scores
    assert (score.figures, score.figure_source, score.unit) == ((2_600_000,) * 10, source, "samples")
    assert score.convergence.status is Status.PASS


def test_the_official_modes_have_one_place_for_all() -> None:
    tree = bert(last_epoch=1, train_samples=2_600_000)
    epochs, samples = (check(tree, figure=mode) for mode in (FigureMode.EPOCH_NUM, FigureMode.TRAIN_SAMPLES))
    assert (epochs.scores[0].convergence.status, samples.scores[0].convergence.status) == (Status.FAIL, Status.PASS)
    assert [report.official_folders[0].rcp_passed for report in (epochs, samples, check(tree))] == [False, True, False]


def test_figures_that_cannot_be_told() -> None:
    report = check(bert(last_epoch=1, train_samples=156_725_653))
    codes = [code for code, _, _ in found(report) if code != "TRN081"]
    assert codes == ["TRN093"] * 10
    assert report.scores[0].convergence.method is Method.NO_FIGURE
    assert report.scores[0].figures == (None,) * 10
    assert "epoch_num 1 and train_samples 156,725,653" in report.scores[0].convergence.explanation


def test_figures_from_two_places() -> None:
    tree = {**bert(), f"{BERT}/result_3.txt": bert_log(13, seed=3, last_epoch=2_600_000, train_samples=1)}
    report = check(tree)
    assert ("TRN094", BERT, "warning") in found(report)
    assert report.scores[0].figure_source == "epoch_num and train_samples"


# -------------------------------------------------------------------------------------------------------- engine


@pytest.mark.parametrize("jobs", [1, 3])
def test_work_in_several_processes_gives_the_same(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.submission.training.check_round.BYTES_OF_A_PROCESS", 1)
    tree = {**training_tree(), **bert(), "Acme/results/rocket/ssd/result_0.txt": b"x"}
    assert check_training(PlainTree(tree), RULES, jobs=jobs) == check_training(PlainTree(tree), RULES)


def test_checks_can_be_selected_and_ignored() -> None:
    tree = {**with_last_epoch(32), f"{FOLDER}/.stray": b""}

    def codes(**words: list[str]) -> list[str]:
        arguments = {"select": [], "ignore": [], **words}
        selection = Selection.parse(TRAINING.texts, official=False, **arguments)
        report = check_training(PlainTree(tree), RULES, selection)
        assert {text.code for text in report.checks} >= {finding.code for finding in report.findings}
        return [finding.code for finding in report.findings]

    assert codes() == ["TRN095", "TRN006"]
    assert codes(ignore=["TRN095"]) == ["TRN006"]
    assert codes(select=["TRN095,TRN003"]) == ["TRN095"]
    assert codes(select=["official"]) == ["TRN095", "TRN006"]
    with pytest.raises(UsageError, match="Unknown check 'TRN999'"):
        codes(select=["TRN999"])


def test_a_file_that_is_too_large_is_not_read() -> None:
    path = f"{FOLDER}/result_0.txt"

    class Huge(PlainTree):
        def files(self) -> tuple[Entry, ...]:
            return tuple(Entry(one.path, MAX_FILE_BYTES + 1) if one.path == path else one for one in super().files())

        def read(self, path: str, *, limit: int | None = None) -> bytes:
            assert path != f"{FOLDER}/result_0.txt"
            return super().read(path, limit=limit)

    report = check_training(Huge(training_tree()), RULES)
    (run,) = report.scores[0].failed
    assert "has 67,108,865 bytes, expected 67,108,864 at most." in run.reason


def test_a_flood_of_findings_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.submission.engine.KEPT_OF_A_CODE", 3)
    report = check({**training_tree(), **{f"{FOLDER}/.stray_{i}": b"" for i in range(10)}})
    assert [code for code, _, _ in found(report)] == ["TRN006"] * 3
    assert report.findings_left_out == 7


# ---------------------------------------------------------------------------------------------------------- mini


def test_runs_of_a_mini_edition_never_pass_as_results_of_a_round() -> None:
    """One of them is enough. Their convergence can be tested against points of one's own."""
    tree = {**training_tree(), f"{FOLDER}/result_2.txt": training_log(12, seed=2, platform="levelfield mini on box")}
    report = check(tree)
    # The mini points that ship have none of this batch size.
    assert found(report) == [("TRN096", FOLDER, "error"), ("TRN097", FOLDER, "error")]
    (result,) = report.results
    assert (result.edition, result.official) == ("mini", False)
    assert report.scores[0].edition == "mini"
    assert check(training_tree()).results[0].edition == "full"


MINI = """
format = 1
set = "levelfield-mini-1"
ruleset = "1.1.0"
source = { repository = "levelfield", revision = "-", date = "2026-01-01", license = "Apache-2.0" }
units = { resnet = "epochs" }
[points.resnet.64]
id = "resnet_mini_64"
figures = [20, 20, 20, 22, 20, 22, 20, 22, 20, 22]
"""


@pytest.mark.parametrize(("last_epoch", "status"), [(20, "pass"), (12, "fail")])
def test_mini_runs_are_tested_against_points_of_their_own(
    last_epoch: int, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the open division too, where they are; never against the round's."""
    platform = "levelfield mini on box"
    made = logs(lambda i: training_log(1 + i, seed=i, division="open", batch_size=64, last_epoch=last_epoch,
                                       platform=platform))  # fmt: skip
    tree = {**training_tree(), **made, "Acme/systems/rocket.json": system(division="open")}
    without = check(tree).scores[0]
    assert (without.convergence.method, without.points) in {
        (Method.NOT_TESTED, ""),
        (Method.EXACT, "levelfield-mini-1"),
    }
    path = tmp_path / "mini.toml"
    path.write_text(MINI)
    monkeypatch.setattr("levelfield.submission.training.judging.MINI_SET", str(path))
    monkeypatch.setattr("levelfield.submission.training.judging.rcp_sets", lambda: (str(path),))
    score = check(tree).scores[0]
    assert (score.convergence.status, score.convergence.method) == (status, Method.EXACT)
    assert score.points == "levelfield-mini-1"
