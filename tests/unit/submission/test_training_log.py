"""One log, judged: a good one of each benchmark, then one thing wrong at a time, with the line and the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from training_logs import (
    GOOD,
    HYPERPARAMETERS,
    Line,
    changed,
    data_of,
    run_lines,
    without,
)

from levelfield.rules import load_training
from levelfield.submission.finding import Severity
from levelfield.submission.training.compliance import LOG_CHECKS
from levelfield.submission.training.log import JudgedLog, judge_log

RULES = load_training("training-v1.1")
PATH = "Acme/results/rocket/resnet/result_0.txt"
NAN = math.nan


def judge(data: bytes, *, folder: str = "resnet", division: str = "") -> JudgedLog:
    return judge_log(PATH, data, rules=RULES, benchmark_folder=folder, division=division)


def judged(lines: list[Line], **known: str) -> JudgedLog:
    return judge(data_of(lines), **known)


def codes(log: JudgedLog) -> list[tuple[str, str, int]]:
    return [(finding.code, str(finding.severity), finding.line) for finding in log.findings]


def line_of(lines: list[Line], key: str, number: int = 0) -> int:
    """Where a line stands in the file, whose first line is other output."""
    return [index for index, line in enumerate(lines) if line.key == key][number] + 2


@pytest.mark.parametrize("benchmark", sorted(HYPERPARAMETERS))
@pytest.mark.parametrize("division", ["closed", "open"])
def test_a_good_log(benchmark: str, division: str) -> None:
    log = judged(run_lines(benchmark, division=division))
    assert log.findings == ()
    assert (log.compliant, log.counts, log.failure, log.reached) == (True, True, "", True)
    assert (log.benchmark, log.division, log.minutes, log.status) == (benchmark, division, 10.0, "success")
    assert (log.launched_ms, log.init_minutes) == (0, 5.0)


def test_what_a_score_needs() -> None:
    lines = changed(run_lines("bert"), "train_samples", value=[2_600_000])
    log = judged(lines)
    assert log.batch_size == 448
    assert [(one.progress, one.quality, one.reached) for one in log.evaluations] == [
        (150_080, (0.1,), False),
        (300_160, (0.7201,), True),
    ]
    assert log.quality == (0.7201,)
    assert log.figures.epoch_num == 300_160
    assert log.figures.train_samples == 2_600_000
    assert log.figures.train_samples_as_text == 2_600_000
    assert (log.bytes_read, len(log.sha256)) == (len(data_of(lines)), 64)


def test_figures_are_those_before_the_stop() -> None:
    lines = run_lines("bert")
    lines += [
        Line(key="eval_accuracy", value=0.73, time_ms=9e6, metadata={"epoch_num": 450_240}),
        Line(key="note", value=17, time_ms=9e6, metadata={"of": "train_samples"}),
    ]
    log = judged(lines)
    assert (log.figures.epoch_num, log.figures.train_samples_as_text) == (300_160, 1281167)
    stop = lines.pop(next(index for index, line in enumerate(lines) if line.key == "run_stop"))
    log = judged([*lines, stop])
    assert (log.figures.epoch_num, log.figures.train_samples, log.figures.train_samples_as_text) == (
        450_240,
        1281167,
        17,
    )


@pytest.mark.parametrize(
    ("noise", "figure"),
    [
        (b"train_samples " * 3, 1281167),
        (b'train_samples :::MLLOG {"key": "x", "time_ms": 1, "value": 3, "metadata": {}}', 1281167),
        (b'x :::MLLOG {"key": "x", "time_ms": 1, "value": 3, "metadata": {"n": "train_samples"}}', 3),
        (b'x\r:::MLLOG {"key": "train_samples_seen", "time_ms": 1, "value": 4, "metadata": {}}\rx', 4),
        (b":::MLLOG train_samples", None),
        (b'run_stop\n:::MLLOG {"key": "x", "time_ms": 1, "value": 5, "metadata": {"n": "train_samples"}}', 5),
    ],
)
def test_the_figure_that_a_search_by_text_finds(noise: bytes, figure: float | None) -> None:
    lines = run_lines("bert")
    before, after = data_of(lines[:-1]), data_of(lines[-1:])
    assert judge(before + noise + b"\n" + after).figures.train_samples_as_text == figure


def test_a_search_by_text_looks_at_each_line_once() -> None:
    """Many lines, and many words in one line, without a token: minutes, if the search went back each time."""
    words = b"run_stop train_samples " * 40_000
    data = data_of(run_lines("bert"))
    assert judge(words + words.replace(b" ", b"\n") + data + words).figures.train_samples_as_text == 1281167


def test_several_qualities_come_in_the_order_of_the_targets() -> None:
    log = judged(run_lines("maskrcnn", quality={"SEGM": 0.34, "BBOX": 0.378, "other": 1}))
    assert (log.quality, log.reached, log.findings) == ((0.378, 0.34), True, ())


def test_the_first_start_and_stop_count_and_others_are_warned_of() -> None:
    lines = run_lines()
    stop = next(line for line in lines if line.key == "run_stop")
    log = judged([*lines, replace(stop, time_ms=5e9)])
    assert (log.minutes, log.compliant) == (10.0, True)
    assert codes(log) == [("TRN013", "warning", len(lines) + 2)]


def test_a_run_that_is_aborted_and_misses_its_target() -> None:
    log = judged(run_lines(quality=0.7589, status="aborted"))
    assert (log.compliant, log.counts, log.reached, log.minutes) == (False, False, False, 10.0)
    assert [(one.code, one.severity) for one in log.findings] == [
        ("TRN023", Severity.ERROR),
        ("TRN024", Severity.ERROR),
    ]
    assert log.failure == (
        "no evaluation that reaches the target; the last is 0.7589, expected top-1 accuracy ≥ 0.759 (and 1 more)"
    )
    assert (log.status, log.stops_unsuccessful) == ("aborted", 1)


def test_a_run_that_is_aborted_after_its_target_is_warned_of() -> None:
    log = judged(run_lines(status="aborted"))
    assert [(one.code, one.severity) for one in log.findings] == [("TRN024", Severity.WARNING)]
    assert log.counts
    assert codes(judged(run_lines(division="open", quality=0.2, status="aborted")))[0][:2] == ("TRN024", "warning")


RESNET = run_lines()
BASE = run_lines("ssd")
Make = Callable[[], list[Line]]


def moved(lines: list[Line], key: str, before: str) -> list[Line]:
    """A line put before the first of another key."""
    rest = without(lines, key)
    at = next(index for index, line in enumerate(rest) if line.key == before)
    return [*rest[:at], *(line for line in lines if line.key == key), *rest[at:]]


def also(lines: list[Line], key: str, **fields: object) -> list[Line]:
    """The first line of a key once more after itself, with other fields."""
    at = next(index for index, line in enumerate(lines) if line.key == key)
    return [*lines[: at + 1], replace(lines[at], **fields), *lines[at + 1 :]]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "code", "found", "expected"),
    [
        (without(BASE, "gradient_accumulation_steps"), "TRN011", "no gradient_accumulation_steps", "one line"),
        (without(BASE, "cache_clear"), "TRN011", "no cache_clear", "at least one line"),
        (without(BASE, "max_samples"), "TRN011", "no max_samples", "one line"),
        (
            also(BASE, "max_samples", value=50),
            "TRN011",
            "max_samples in 2 lines with different values: 1, 50",
            "one value",
        ),
        (also(BASE, "submission_org", value=NAN), "TRN011", "different values: 'Acme', nan", "one value"),
        (without(BASE, "block_stop"), "TRN012", "neither block_stop nor epoch_stop", "lines of one of them"),
        (moved(BASE, "init_start", "run_start"), "TRN014", "init_start after init_stop in line", "init_start before"),
        (
            moved(BASE, "init_start", "run_start"),
            "TRN014",
            "init_stop before any init_start",
            "init_stop after init_start",
        ),
        (
            moved(BASE, "init_stop", "train_samples"),
            "TRN014",
            "init_stop after run_start in line",
            "init_stop before run_start",
        ),
        (moved(BASE, "run_stop", "run_start"), "TRN014", "run_stop before any run_start", "run_stop after run_start"),
        (
            moved(BASE, "block_start", "init_stop"),
            "TRN014",
            "block_start before any run_start",
            "block_start after run_start",
        ),
        (run_lines("ssd", init_minutes=30), "TRN015", "initialised for 30.00 minutes", "less than 30 minutes"),
        (run_lines("ssd", init_minutes=NAN), "TRN015", "initialised for nan minutes", "less than 30 minutes"),
        (changed(BASE, "submission_division", value="ajar"), "TRN017", "submission_division 'ajar'", "closed or open"),
        (changed(BASE, "submission_division", value=["closed"]), "TRN017", "['closed']", "closed or open"),
        (
            changed(BASE, "submission_benchmark", value="ssd300"),
            "TRN017",
            "submission_benchmark 'ssd300'",
            "one of bert, dlrm",
        ),
        (
            changed(BASE, "submission_status", value="rented"),
            "TRN018",
            "submission_status 'rented'",
            "one of cloud, onprem",
        ),
        (changed(BASE, "submission_org", value=""), "TRN018", "submission_org ''", "a value that is not empty"),
        (changed(BASE, "eval_samples", value=""), "TRN018", "eval_samples ''", "a value that is not empty"),
        (changed(BASE, "max_samples", value=7), "TRN018", "max_samples 7", "one of 1, 50"),
        (changed(BASE, "max_samples", value=None), "TRN018", "max_samples null", "one of 1, 50"),
        (changed(BASE, "max_samples", value="x" * 999), "TRN018", "xxx…", "one of 1, 50"),
        (
            changed(BASE, "opt_learning_rate_decay_boundary_epochs", value=50),
            "TRN018",
            "epochs 50",
            "a second boundary of 50",
        ),
        (
            changed(BASE, "eval_start", metadata={}),
            "TRN019",
            "eval_start without epoch_num",
            "epoch_num in its metadata",
        ),
        (
            changed(BASE, "eval_start", metadata=None),
            "TRN019",
            "eval_start without epoch_num",
            "epoch_num in its metadata",
        ),
        (changed(BASE, "run_stop", metadata={}), "TRN019", "run_stop without status", "status in its metadata"),
        (
            changed(BASE, "block_start", metadata={"first_epoch_num": 1, "epoch_count": 0}),
            "TRN019",
            "block_start with epoch_count 0",
            "epoch_count > 0 in its metadata",
        ),
        (run_lines("ssd", quality="high"), "TRN022", "eval_accuracy 'high', which is no number", "a number"),
        (run_lines("ssd", quality={"BBOX": 0.3}), "TRN022", "which is no number", "a number"),
        (run_lines("maskrcnn", quality=0.4), "TRN022", "0.4 without BBOX and SEGM", "an object with BBOX and SEGM"),
        (run_lines("maskrcnn", quality={"BBOX": 0.4}), "TRN022", "without SEGM", "an object with BBOX and SEGM"),
        (
            run_lines("maskrcnn", quality={"BBOX": 0.4, "SEGM": "x"}),
            "TRN022",
            "'x', which is no number",
            "an object with",
        ),
        (run_lines("ssd", quality=1.0), "TRN023", "the last is 1.0", "box AP ≥ 0.23"),
        (run_lines("ssd", quality=NAN), "TRN023", "the last is nan", "box AP ≥ 0.23"),
        (run_lines("rnnt", quality=0.0), "TRN023", "the last is 0.0", "word error rate ≤ 0.058"),
        (
            run_lines("maskrcnn", quality={"BBOX": 0.378, "SEGM": 0.338}),
            "TRN023",
            "0.338",
            "box AP ≥ 0.377 and mask AP ≥ 0.339",
        ),
    ],
)
def test_what_makes_a_log_not_compliant(lines: list[Line], code: str, found: str, expected: str) -> None:
    log = judged(lines)
    assert not log.compliant
    assert not log.counts
    (finding,) = [one for one in log.findings if one.code == code and found in one.found]
    assert finding.severity is Severity.ERROR
    assert finding.expected.startswith(expected)
    assert (finding.path, finding.subject) == (PATH, "Acme/results/rocket/resnet")
    assert ", expected " in log.failure


def test_lines_are_told() -> None:
    lines = also(changed(BASE, "max_samples", value=7), "max_samples", value=8)
    assert [(one.code, one.line) for one in judged(lines).findings] == [
        ("TRN018", line_of(lines, "max_samples")),
        ("TRN011", line_of(lines, "max_samples", 1)),
        ("TRN018", line_of(lines, "max_samples", 1)),
    ]


@pytest.mark.parametrize(
    ("lines", "code", "severity", "found"),
    [
        (also(BASE, "submission_org"), "TRN013", "warning", "submission_org in 2 equal lines"),
        (changed(RESNET, "lars_opt_momentum", value=0.93), "TRN020", "note", "lars_opt_momentum 0.93"),
        (changed(BASE, "opt_learning_rate_decay_boundary_epochs", value=[41, 55]), "TRN020", "note", "[41, 55]"),
        (run_lines(weights=False), "TRN027", "warning", "no weights_initialization"),
        (also(RESNET, "weights_initialization"), "TRN027", "warning", "beyond: 'bn0_beta'"),
        (also(RESNET, "weights_initialization", metadata={"tensor": "x"}), "TRN027", "warning", "beyond: 'x'"),
        (
            [*RESNET[:19], *[line for line in RESNET[19:] if line.key != "weights_initialization"]],
            "TRN027",
            "warning",
            "missing: 'bn0_gamma', 'conv0_weight', 'fc1_bias', 'fc1_weight', 'stage1_unit1_bn1_beta' and 155 more",
        ),
    ],
)
def test_what_a_log_is_told_of_and_complies_with(lines: list[Line], code: str, severity: str, found: str) -> None:
    log = judged(lines)
    assert log.compliant
    assert log.counts
    (finding,) = log.findings
    assert (finding.code, str(finding.severity)) == (code, severity)
    assert found in finding.found


@pytest.mark.parametrize(
    "lines",
    [
        run_lines("ssd", init_minutes=29.99999),
        also(BASE, "init_start", time_ms=10),
        changed(run_lines("minigo"), "block_start", metadata={}),
        without(run_lines("minigo"), "train_samples"),
        moved(run_lines("minigo"), "block_start", "init_stop"),
        also(run_lines("minigo"), "actual_selfplay_games_per_generation", value=9000),
        changed(run_lines("rnnt"), "train_samples", value=""),
        [*without(run_lines("ssd", division="open"), "train_samples"), Line(key="train_samples", value=5)],
        run_lines("ssd", division="open", quality=0.2),
        run_lines("resnet", division="open", quality=True)[:-3] + run_lines("resnet", division="open")[-3:],
        [*BASE, Line(key="throughput", value="fast", metadata=None)],
        [*BASE, Line(key="max_samplez", value=9)],
    ],
)
def test_what_is_allowed(lines: list[Line]) -> None:
    assert judged(lines).findings == ()


def test_the_time_of_initialisation_is_that_since_the_first_start() -> None:
    """However late the other processes start."""
    lines = also(run_lines("ssd", init_minutes=31), "init_start", time_ms=20 * 60_000)
    assert [one.code for one in judged(lines).findings] == ["TRN015"]


def test_the_optimizer_brings_its_keys() -> None:
    lines = changed(RESNET, "opt_name", value="sgd")
    missing = [one.found for one in judged(lines).findings if one.code == "TRN011"]
    assert missing == [
        "no sgd_opt_base_learning_rate",
        "no sgd_opt_end_learning_rate",
        "no sgd_opt_learning_rate_decay_poly_power",
        "no sgd_opt_learning_rate_decay_steps",
        "no sgd_opt_weight_decay",
        "no sgd_opt_momentum",
        "no model_bn_span",
        "no opt_learning_rate_warmup_epochs",
    ]


def test_tensors_that_cannot_be_sorted() -> None:
    lines = also(RESNET, "weights_initialization", metadata={"tensor": 3})
    assert ("TRN026", "error", 0) in codes(judged(lines))
    assert not judged(lines).compliant


@pytest.mark.parametrize("minutes", [-1, 0, NAN, math.inf])
def test_a_time_that_cannot_be_counted_is_ours_to_refuse(minutes: float) -> None:
    log = judged(run_lines(minutes=minutes))
    assert (log.compliant, log.counts, log.minutes) == (True, False, None)
    assert [one.code for one in log.findings] == ["TRN016"]


def test_another_division_than_the_description_has() -> None:
    assert [one.code for one in judged(RESNET, division="open").findings] == ["TRN021"]
    assert judged(RESNET, division="closed").findings == ()


def test_where_the_log_says_no_division_or_benchmark_the_caller_does() -> None:
    lines = without(without(RESNET, "submission_division"), "submission_benchmark")
    log = judged(lines, folder="resnet", division="closed")
    assert [one.found for one in log.findings] == ["no submission_division", "no submission_benchmark"]
    assert (log.division, log.benchmark, log.reached) == ("closed", "", True)
    log = judged(lines, folder="other", division="")
    assert (log.evaluations[-1].quality, log.reached, log.compliant) == (None, False, False)


# ----------------------------------------------------------------------------------------------------- evaluations


def evaluated(benchmark: str, *positions: float, **logged: object) -> JudgedLog:
    lines = run_lines(benchmark)
    for key, value in logged.items():
        lines = changed(lines, key, value=value)
    at = next(index for index, line in enumerate(lines) if line.key == "eval_accuracy")
    rest = without(lines, "eval_accuracy")
    marks = [Line(key="eval_accuracy", value=GOOD[benchmark], metadata={"epoch_num": one}) for one in positions]
    return judged([*rest[:at], *marks, *rest[at:]])


@pytest.mark.parametrize(
    ("benchmark", "positions", "logged"),
    [
        ("resnet", (3, 7, 11), {}),
        ("resnet", (3, 3, 7, 7), {}),
        ("resnet", (4, 8), {}),
        ("ssd", (5, 10, 15), {}),
        ("ssd", (10, 5), {}),
        ("bert", (150_080, 300_160, 450_240), {}),
        ("bert", (150_080, 300_160, 450_240, 600_128), {}),
        ("bert", (175_104, 350_208), {"global_batch_size": 3072}),
        ("dlrm", (0.95, 1.0, 1.05), {}),
        ("unet3d", (1050, 1071, 1092), {}),
        ("unet3d", (875, 893), {}),
        ("unet3d", (1313, 1340), {"global_batch_size": 64}),
        ("maskrcnn", (1, 2, 3), {}),
        ("minigo", (1, 2), {}),
    ],
)
def test_evaluations_where_they_should_be(
    benchmark: str, positions: tuple[float, ...], logged: dict[str, object]
) -> None:
    assert evaluated(benchmark, *positions, **logged).findings == ()


@pytest.mark.parametrize(
    ("benchmark", "positions", "logged", "found", "expected"),
    [
        ("resnet", (3, 8, 12), {}, "5 epochs between evaluations", "one every 4 epochs"),
        ("resnet", (9, 13), {}, "the first evaluation at 9 epochs", "one every 4 epochs"),
        ("ssd", (5, 6), {}, "1 epochs between evaluations", "one every 5 epochs"),
        ("bert", (150_080, 450_240), {}, "300160 samples between evaluations", "one every 150000 samples"),
        ("bert", (409_600, 819_200), {}, "the first evaluation at 409600 samples", "one every 150000 samples"),
        ("dlrm", (0.1, 0.2), {}, "0.1 epochs between evaluations", "one every 0.05 epochs"),
        (
            "unet3d",
            (1000, 1020),
            {},
            "the first evaluation at 1000 epochs",
            "the first at 875, one every 18 epochs, none after 8750 or the first at 1050, one every 21 epochs, ",
        ),
        ("unet3d", (1000, 10020), {"global_batch_size": 84}, "9020 epochs between", "the first at 1000, one every 20"),
        (
            "unet3d",
            tuple(range(1000, 10021, 20)),
            {"global_batch_size": 84},
            "an evaluation at 10020 epochs",
            "the first at 1000",
        ),
    ],
)
def test_evaluations_elsewhere_are_warned_of(
    benchmark: str, positions: tuple[float, ...], logged: dict[str, object], found: str, expected: str
) -> None:
    log = evaluated(benchmark, *positions, **logged)
    (finding,) = log.findings
    assert (finding.code, finding.severity) == ("TRN025", Severity.WARNING)
    assert finding.found.startswith(found)
    assert finding.expected.startswith(expected)
    assert log.compliant


@pytest.mark.parametrize(
    ("benchmark", "positions", "logged", "reason"),
    [
        ("bert", (1, 1, 1), {}, "epoch_num does not tell the evaluations apart"),
        ("bert", ("a", None, [1]), {}, "epoch_num does not tell the evaluations apart"),
        ("bert", (150_080, 300_160), {"global_batch_size": "many"}, "the log has no global_batch_size"),
    ],
)
def test_evaluations_that_nobody_can_place(
    benchmark: str, positions: tuple[float, ...], logged: dict[str, object], reason: str
) -> None:
    log = evaluated(benchmark, *positions, **logged)
    assert log.findings == ()
    assert [(one.code, one.reason) for one in log.skipped] == [("TRN025", reason)]


# ----------------------------------------------------------------------------------------------------- damaged logs


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        (b":::MLLOG {oops", "a line that is no event: no JSON at character 2"),
        (b":::MLLOG ", "a line that is no event: no JSON"),
        (b":::MLLOG [1]", "found list, expected an object"),
        (b":::MLLOG null", "found NoneType, expected an object"),
        (b':::MLLOG {"key": "a"}', "time_ms missing"),
        (b':::MLLOG {"key": "a", "time_ms": "noon"}', "time_ms: found 'noon'"),
        (b':::MLLOG {"key": "a", "time_ms": 1, "metadata": {}}', "an event with value missing"),
        (b':::MLLOG {"key": "a", "time_ms": 1}', "an event with value and metadata missing"),
        (b":::MLLOG " + b"[" * 100_000, "nested too deep"),
    ],
)
def test_a_damaged_line_of_any_key(extra: bytes, found: str) -> None:
    log = judge(data_of(RESNET) + extra + b"\n")
    (finding,) = log.findings
    assert (finding.code, finding.line) == ("TRN010", len(RESNET) + 2)
    assert found in finding.found
    assert (log.compliant, log.readable) == (False, False)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n", b"\r"),
        lambda data: b"\n".join(b"[1,3]<stdout>: " + line for line in data.split(b"\n")),
        lambda data: b"\n".join(b":::MLLOG {broken " + line for line in data.split(b"\n") if b"MLLOG" in line),
        lambda data: data.replace(b"some output", b"\xe9\xff\x00 55%|##\r 60%|###"),
        lambda data: data + b"x" * 4_000_000 + b"\n",
        lambda data: data + b':::MLLOG {"key": 5, "time_ms": 1, "value": 1, "metadata": null}\n',
        lambda data: data.replace(b'"time_ms": 1000000,', b'"time_ms": "1e6",'),
        lambda data: data.replace(b":::MLLOG ", b":::MLLOG \t"),
    ],
)
def test_what_real_logs_have(change: Callable[[bytes], bytes]) -> None:
    log = judge(change(data_of(RESNET)))
    assert log.findings == ()
    assert (log.minutes, log.compliant) == (10.0, True)


@pytest.mark.parametrize("data", [b"", b"no log", bytes(range(256)) * 100])
def test_no_log_at_all(data: bytes) -> None:
    log = judge(data)
    assert log.failure.startswith("no line of a training log, expected lines that begin with :::MLLOG")
    assert (log.compliant, log.minutes, log.evaluations, log.batch_size) == (False, None, (), None)


def test_a_flood_of_one_kind_is_counted() -> None:
    lines = [*BASE, *[Line(key="eval_start", metadata={})] * 1000, *[Line(key="eval_stop", metadata={})] * 3]
    found = [one for one in judged(lines).findings if one.code == "TRN019"]
    assert len(found) == 20 + 1 + 3
    (more,) = [one for one in found if "more" in one.found]
    assert more.found == "980 lines more of the same"
    assert more.line == len(BASE) + 22


def test_a_log_that_is_cut_off_by_the_bound_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.formats.mllog.MAX_EVENTS", 40)
    log = judged(RESNET)
    assert "events or" in log.findings[0].found
    assert not log.compliant


def test_every_check_says_what_it_is() -> None:
    texts = [check.text for check in LOG_CHECKS]
    assert [text.code for text in texts] == sorted({text.code for text in texts})
    assert all(text.code.startswith("TRN0") for text in texts)
    for text in texts:
        assert text.title[0].isupper()
        assert all(part.endswith((".", "…")) or text.official for part in (text.why, text.fix)), text.code
        assert text.clause
        assert text.example
    assert len({text.title for text in texts}) == len(texts)
