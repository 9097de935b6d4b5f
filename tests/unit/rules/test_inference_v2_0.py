"""Every number of MLPerf Inference v2.0, written out by hand from the specification's tables."""

from __future__ import annotations

import pytest

from levelfield.rules import LimitKind, load
from levelfield.rules.layout import PlaceName, Reaction
from levelfield.rules.model import InferenceKind, MappedBy
from levelfield.terms import Division, DrawVariant, Profile, Scenario, Suite

RULES = load("inference-v2.0")
DATACENTER, EDGE = frozenset({Suite.DATACENTER}), frozenset({Suite.EDGE})
TABLE = [
    # name, checker's name, P, total, datacenter, edge, Server limit in ms, metric, target
    ("resnet50", "resnet", 1024, 50000, "Server Offline", "SingleStream MultiStream Offline", 15, "acc", 75.6954),
    ("ssd-mobilenet", "ssd-small", 256, 5000, "", "SingleStream MultiStream Offline", None, "mAP", 21.78),
    ("ssd-resnet34", "ssd-large", 64, 5000, "Server Offline", "SingleStream MultiStream Offline", 100, "mAP", 19.8),
    ("3d-unet-99", "3d-unet-99", 42, 42, "Offline", "SingleStream Offline", None, "DICE", 0.8546769),
    ("3d-unet-99.9", "3d-unet-99.9", 42, 42, "Offline", "SingleStream Offline", None, "DICE", 0.86244669),
    ("rnnt", "rnnt", 2513, 2513, "Server Offline", "SingleStream Offline", 1000, "WER", 91.62252),
    ("bert-99", "bert-99", 10833, 10833, "Server Offline", "SingleStream Offline", 130, "F1", 89.96526),
    ("bert-99.9", "bert-99.9", 10833, 10833, "Server Offline", "", 130, "F1", 90.783126),
    ("dlrm-99", "dlrm-99", 204800, 330067, "Server Offline", "", 30, "AUC", 79.4475),
    ("dlrm-99.9", "dlrm-99.9", 204800, 330067, "Server Offline", "", 30, "AUC", 80.16975),
]


def test_benchmarks_are_the_ten_of_the_round() -> None:
    assert [benchmark.name for benchmark in RULES] == [row[0] for row in TABLE]


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_benchmark_is_as_published(row) -> None:
    name, checker, performance, total, datacenter, edge, limit_ms, metric, target = row
    benchmark = RULES.benchmark(name)
    assert benchmark.checker_name == checker
    assert RULES.benchmark(checker) is benchmark
    for suites, expected in ((DATACENTER, datacenter), (EDGE, edge)):
        found = benchmark.in_suites(suites)
        assert " ".join(found.required if found else ()) == expected
    rule = benchmark.rule("Server")
    assert (rule.sizes.performance, rule.sizes.accuracy, rule.sizes.dataset) == (performance, total, total)
    limit = rule.limit(LimitKind.LATENCY)
    assert (limit.limit_ns if limit else None) == (limit_ms * 1_000_000 if limit_ms else None)
    assert [found.key for found in rule.accuracy] == [metric]
    assert rule.accuracy[0].lower == pytest.approx(target, abs=1e-12)
    assert rule.accuracy[0].upper is None
    for scenario in ("SingleStream", "MultiStream", "Offline"):
        assert benchmark.rule(scenario).limits == ()


def test_targets_are_the_checkers_products_to_the_last_bit() -> None:
    assert RULES.rule("resnet50", "Offline").accuracy[0].lower == 76.46 * 0.99
    assert RULES.rule("rnnt", "Offline").accuracy[0].lower == (100 - 7.452) * 0.99
    assert RULES.rule("3d-unet-99.9", "Offline").accuracy[0].lower == 0.86331 * 0.999


def test_a_system_for_both_suites_needs_the_union() -> None:
    found = RULES.benchmark("resnet50").in_suites(DATACENTER | EDGE)
    assert found is not None
    assert set(found.required) == {"SingleStream", "MultiStream", "Server", "Offline"}
    assert RULES.benchmark("dlrm-99").in_suites(EDGE) is None


@pytest.mark.parametrize(
    "row",
    [
        ("SingleStream", 0.9, 1, 1024, 1, True, "early_stopping_latency_ss", "Latency (ms)", False, "Joules"),
        ("MultiStream", 0.99, 8, 270336, 1, True, "early_stopping_latency_ms", "Latency (ms)", False, "Joules"),
        ("Server", 0.99, 1, 270336, 1, True, "result_scheduled_samples_per_sec", "Queries/s", True, "Watts"),
        ("Offline", None, 1, 1, 24576, False, "result_samples_per_second", "Samples/s", True, "Watts"),
    ],
)
def test_run_rules_are_as_published(row) -> None:
    scenario, percentile, per_query, queries, samples, early, field, unit, more, power = row
    for benchmark in RULES:
        rule = benchmark.rule(scenario)
        assert rule.runs_as is Scenario(scenario)
        assert rule.min_duration_ns == 600_000_000_000
        assert (rule.percentile, rule.samples_per_query) == (percentile, per_query)
        assert (rule.min_queries, rule.min_samples, rule.early_stopping) == (queries, samples, early)
        result = rule.result
        assert (result.key, result.unit, result.higher_is_better, result.power_unit) == (field, unit, more, power)
        assert result.divisor == (1 if more else 1_000_000)
        assert rule.equal_issue is benchmark.name.startswith("3d-unet")
        assert not rule.token_latencies


def test_placeholders_are_those_of_the_official_configuration() -> None:
    assert RULES.rule("resnet50", "SingleStream").placeholder_latency_ns == 10_000_000
    assert RULES.rule("resnet50", "MultiStream").placeholder_latency_ns == 80_000_000
    assert RULES.rule("ssd-resnet34", "MultiStream").placeholder_latency_ns == 528_000_000
    assert RULES.rule("resnet50", "Server").placeholder_qps == 1.0
    assert RULES.rule("bert-99.9", "Offline").config_model == "bert"
    assert RULES.rule("3d-unet-99", "Offline").performance_sample_count_override == 0
    assert RULES.rule("dlrm-99", "Offline").performance_sample_count_override == 204800


def test_seeds_and_profile() -> None:
    assert RULES.seeds.qsl == 6655344265603136530
    assert RULES.seeds.sample_index == 15863379492028895792
    assert RULES.seeds.schedule == 12662793979680847247
    assert (RULES.profile, RULES.draw_variant) == (Profile.V2_0, DrawVariant.CLASSIC)
    assert RULES.divisions == (Division.CLOSED, Division.OPEN)
    assert RULES.accuracy_log_max_bytes == 10240


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("resnet50", 4096),
        ("bert-99", 4096),
        ("bert-99.9", 4096),
        ("dlrm-99", 4096),
        ("rnnt", 4096),
        ("ssd-mobilenet", 1024),
        ("ssd-resnet34", 256),
        ("3d-unet-99", 64),
        ("3d-unet-99.9", 64),
    ],
)
def test_test01_logs_as_many_samples_as_published(name, target) -> None:
    audit = RULES.rule(name, "Offline").audit("TEST01")
    assert audit.setting("mode") == 2
    assert audit.setting("accuracy_log_rng_seed") == 720381539243781796
    assert audit.setting("accuracy_log_sampling_target") == target
    assert audit.thresholds.performance_fraction == 0.10
    assert audit.thresholds.accuracy_fraction == (0.001 if name.endswith("99.9") else 0.01)
    assert audit.files == ("verify_accuracy.txt", "verify_performance.txt")


def test_audits_by_benchmark() -> None:
    for benchmark in RULES:
        names = [audit.name for audit in benchmark.rule("Offline").audits]
        caching = ["TEST04-A", "TEST04-B"] if benchmark.name in {"resnet50", "ssd-mobilenet", "ssd-resnet34"} else []
        assert names == ["TEST01", *caching, "TEST05"]


def test_caching_and_seed_audits() -> None:
    rule = RULES.rule("resnet50", "SingleStream")
    a, b, seeds = rule.audit("TEST04-A"), rule.audit("TEST04-B"), rule.audit("TEST05")
    assert (a.setting("performance_issue_unique"), a.compared_with) == (1, None)
    assert (b.setting("performance_issue_same"), b.setting("performance_issue_same_index")) == (1, 3)
    assert (b.compared_with, b.thresholds.faster_fraction) == ("TEST04-A", 0.10)
    assert seeds.setting("qsl_rng_seed") == 313588358309856706
    assert seeds.setting("sample_index_rng_seed") == 471397156132239067
    assert seeds.setting("schedule_rng_seed") == 413914573387865862
    assert (seeds.thresholds.performance_fraction, seeds.thresholds.relaxed_fraction) == (0.05, 0.20)


def test_short_latencies_relax_the_audits() -> None:
    rule = RULES.rule("resnet50", "SingleStream")
    test01, test05 = rule.audit("TEST01").thresholds, rule.audit("TEST05").thresholds
    assert test01.relaxed("SingleStream", 200_000)
    assert not test01.relaxed("SingleStream", 200_001)
    assert test01.relaxed("MultiStream", 1_600_000)
    assert not test05.relaxed("MultiStream", 1_600_000)
    assert not test01.relaxed("Offline", 1)


def test_results_that_edge_systems_may_infer() -> None:
    pairs = {(found.source, found.target): found for found in RULES.inferred}
    assert set(pairs) == {("SingleStream", "MultiStream"), ("SingleStream", "Offline"), ("MultiStream", "Offline")}
    assert pairs["SingleStream", "MultiStream"].factor == 8
    assert pairs["MultiStream", "Offline"].kind is InferenceKind.SAMPLES_PER_LATENCY


@pytest.mark.parametrize(
    ("folder", "benchmark", "by"),
    [
        ("resnet50", "resnet50", MappedBy.NAME),
        ("resnet", "resnet50", MappedBy.NAME),
        ("ssd-large", "ssd-resnet34", MappedBy.NAME),
        ("mobilenet", "resnet50", MappedBy.ALIAS),
        ("ssd_resnet101_v1_fpn_640x640", "ssd-mobilenet", MappedBy.ALIAS),
        ("rcnn-nas-lowproposals-coco", "ssd-resnet34", MappedBy.ALIAS),
        ("yolov5", "ssd-mobilenet", MappedBy.GUESS),
        ("mobilenet-v3", "resnet50", MappedBy.GUESS),
        ("efficientnet-b0", "resnet50", MappedBy.GUESS),
        ("ssd-mobilenet-quantised", "ssd-mobilenet", MappedBy.GUESS),
        ("faster_rcnn_x", "ssd-mobilenet", MappedBy.GUESS),
        ("vit", None, None),
    ],
)
def test_folder_names_map_as_the_checker_does(folder, benchmark, by) -> None:
    found = RULES.map_folder(folder)
    assert (found and (found.benchmark.name, found.by)) == (benchmark and (benchmark, by))


def test_every_value_has_a_clause_and_a_source() -> None:
    for benchmark in RULES:
        for rule in benchmark.rules:
            assert rule.citation("min_duration_ns").clause == "inference_rules.adoc, Scenarios"
            assert all(citation.source.revision for _, citation in rule.citations)
    limit = RULES.rule("resnet50", "Server").limits[0]
    assert str(limit.citation) == (
        "submission-checker.py, MODEL_CONFIG v2.0, latency-constraint (mlcommons/inference@v2.0 (33894a19))"
    )


def test_the_two_dice_references_are_told_apart() -> None:
    assert "0.86330" in RULES.rule("3d-unet-99.9", "Offline").accuracy[0].note


def test_submission_fields_and_layout() -> None:
    assert len(RULES.fields.system) == 33
    assert len(RULES.fields.system_power) == 14
    assert len(RULES.fields.measurement) == 5
    assert len(RULES.csv.columns) == 27
    assert RULES.csv.columns[21] == "compilance"
    place = RULES.place(PlaceName.PERFORMANCE)
    assert place is not None
    assert place.required == ("mlperf_log_summary.txt", "mlperf_log_detail.txt")
    assert place.with_power == ("spl.txt",)
    assert RULES.place(PlaceName.ENDPOINT) is None
    assert RULES.reaction("seeds") is Reaction.LOG
    assert RULES.reaction("performance-sample-count") is Reaction.VOID
    assert RULES.reaction("phase of the moon") is Reaction.IGNORE


def test_accuracy_holds_from_the_bound_on() -> None:
    metric = RULES.rule("ssd-mobilenet", "Offline").accuracy[0]
    assert metric.holds(22 * 0.99)
    assert not metric.holds(21.7799)
