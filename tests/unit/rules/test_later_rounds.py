"""Today's rounds fit the same file format and the same loader."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.rules import LimitKind, diff, load, load_file
from levelfield.rules.layout import PlaceName, Reaction
from levelfield.rules.model import MappedBy
from levelfield.terms import Division, DrawVariant, Profile, Scenario, Suite

DATA = Path(__file__).parent / "data"
V6_1 = load_file(DATA / "v6.1-excerpt.toml")
V2_1 = load_file(DATA / "v2.1.toml")
DATACENTER = frozenset({Suite.DATACENTER})
BOTH = frozenset(Suite)


def test_round_as_a_whole() -> None:
    assert (V6_1.name, V6_1.profile, V6_1.draw_variant) == ("inference-v6.1", Profile.V6, DrawVariant.LEMIRE)
    assert V6_1.seeds.qsl == 2085463073848966840
    assert Division.NETWORK in V6_1.divisions
    assert V6_1.scenarios == ("SingleStream", "MultiStream", "Server", "Offline", "Interactive")
    assert V6_1.reaction("seeds") is Reaction.VOID


@pytest.mark.parametrize(
    ("benchmark", "scenario", "ttft_ms", "tpot_ms"),
    [
        ("llama2-70b-99.9", "Server", 2000, 200),
        ("llama2-70b-99.9", "Interactive", 450, 40),
        ("gpt-oss-120b", "Server", 3000, 80),
        ("gpt-oss-120b", "Interactive", 2000, 15),
    ],
)
def test_token_limits(benchmark, scenario, ttft_ms, tpot_ms) -> None:
    rule = V6_1.rule(benchmark, scenario)
    assert rule.token_latencies
    limits = {limit.kind: limit for limit in rule.limits}
    assert limits[LimitKind.TTFT].limit_ns == ttft_ms * 1_000_000
    assert limits[LimitKind.TPOT].limit_ns == tpot_ms * 1_000_000
    assert limits[LimitKind.TTFT].percentile == 0.99
    assert limits[LimitKind.TTFT].citation.section == "LLM_LATENCY_LIMITS"


def test_interactive_is_a_folder_that_runs_server() -> None:
    rule = V6_1.rule("llama2-70b-99.9", "interactive")
    assert (rule.scenario, rule.runs_as) == ("Interactive", Scenario.SERVER)
    assert rule.config_model == "llama2-70b-interactive"


def test_server_or_interactive() -> None:
    found = V6_1.benchmark("llama2-70b-99.9").in_suites(DATACENTER)
    assert found is not None
    assert found.required == ("Offline",)
    assert found.one_of == (("Interactive", "Server"),)


def test_suites_that_are_not_the_union() -> None:
    sdxl = V6_1.benchmark("stable-diffusion-xl")
    assert sdxl.in_suites(DATACENTER) is None
    found = sdxl.in_suites(BOTH)
    assert found is not None
    assert found.required == ("SingleStream", "Offline", "Server")


def test_several_metrics_with_lower_and_upper_bounds() -> None:
    metrics = {metric.key: metric for metric in V6_1.rule("llama2-70b-99.9", "Offline").accuracy}
    assert list(metrics) == ["ROUGE1", "ROUGE2", "ROUGEL", "TOKENS_PER_SAMPLE"]
    assert metrics["ROUGE1"].lower == 44.4312 * 0.999
    assert metrics["TOKENS_PER_SAMPLE"].upper == 294.45 * 1.1
    assert not metrics["TOKENS_PER_SAMPLE"].holds(330.0)
    clip = V6_1.rule("stable-diffusion-xl", "Offline").accuracy[0]
    assert (clip.lower, clip.upper, clip.delta_fraction) == (31.68631873, 31.81331801, 0.01)


def test_target_by_scenario() -> None:
    assert V6_1.rule("qwen3-vl-235b-a22b", "Server").accuracy[0].lower == 0.7903 * 0.99
    interactive = V6_1.rule("qwen3-vl-235b-a22b", "Interactive")
    assert interactive.accuracy[0].lower == 0.7878 * 0.99
    assert interactive.sizes.accuracy == 8000
    assert interactive.limit().limit_ns == 1_500_000_000  # type: ignore[union-attr]


def test_three_sample_counts() -> None:
    gpt = V6_1.rule("gpt-oss-120b", "Offline").sizes
    assert (gpt.dataset, gpt.accuracy, gpt.performance) == (6396, 4395, 6396)
    wan = V6_1.rule("wan-2.2-t2v-a14b", "Offline")
    assert (wan.sizes.dataset, wan.sizes.performance) == (248, 50)
    assert wan.performance_sample_count_override == 248


def test_units_by_benchmark_and_scenario() -> None:
    assert V6_1.rule("llama2-70b-99.9", "Server").result.unit == "Tokens/s"
    assert V6_1.rule("e2e-rag-qna", "Offline").result.unit == "Tasks/s"
    assert V6_1.rule("e2e-rag-db", "Offline").result.unit == "Samples/s"
    wan = V6_1.rule("wan-2.2-t2v-a14b", "SingleStream").result
    assert (wan.unit, wan.divisor) == ("Latency (s)", 1_000_000_000)
    edge = V6_1.rule("llama3.1-8b-edge", "SingleStream").result
    assert edge.key == "result_90.00_percentile_latency_ns"


def test_minimum_duration_is_waived() -> None:
    assert V6_1.rule("e2e-rag-qna", "Offline").min_duration_ns == 0
    assert V6_1.rule("resnet50", "Offline").min_duration_ns == 600_000_000_000


def test_audits_by_benchmark() -> None:
    def audits(name: str) -> list[str]:
        return [audit.name for audit in V6_1.rule(name, "Offline").audits]

    assert audits("resnet50") == ["TEST01", "TEST04"]
    assert audits("llama2-70b-99.9") == ["TEST06"]
    assert audits("gpt-oss-120b") == ["TEST07", "TEST09"]
    assert audits("dlrm-v3") == ["TEST08"]
    gpt = V6_1.rule("gpt-oss-120b", "Server")
    assert gpt.audit("TEST07").thresholds.score_min == 60.698
    assert gpt.audit("TEST07").setting("accuracy_log_sampling_target") == 990
    assert gpt.audit("TEST09").thresholds.output_tokens_max == 1406.02
    assert V6_1.rule("e2e-rag-qna", "Offline").audit("TEST09").thresholds.output_tokens_min == 246.43
    assert V6_1.rule("dlrm-v3", "Server").audit("TEST08").thresholds.entropy_fraction == 0.001
    assert V6_1.rule("wan-2.2-t2v-a14b", "Offline").audit("TEST04").setting("min_query_count") == 20


def test_other_layout() -> None:
    measurements, code = V6_1.place(PlaceName.MEASUREMENTS), V6_1.place(PlaceName.CODE)
    assert measurements is not None
    assert measurements.required == ("measurements.json", "user.conf", "README.md")
    assert code is not None
    assert code.path.endswith("/src")
    assert V6_1.place(PlaceName.NAMEPLATE_POWER) is not None
    assert V6_1.benchmark("wan-2.2-t2v-a14b").extra_files[0].names[:2] == ("130", "106")


def test_a_round_states_only_what_differs() -> None:
    assert V2_1.extends == "inference-v2.0"
    assert [benchmark.name for benchmark in V2_1][-1] == "retinanet"
    assert V2_1.rule("retinanet", "Server").limit().limit_ns == 100_000_000  # type: ignore[union-attr]
    assert V2_1.rule("3d-unet-99.9", "Offline").accuracy[0].lower == 0.86170 * 0.999
    assert V2_1.rule("bert-99", "Server") == load("inference-v2.0").rule("bert-99", "Server")
    assert V2_1.seeds.schedule == 299063814864929621
    assert [audit.name for audit in V2_1.rule("resnet50", "Offline").audits] == ["TEST01", "TEST05", "TEST04"]
    found = V2_1.map_folder("ssd-resnet34")
    assert found is not None
    assert (found.benchmark.name, found.by) == ("retinanet", MappedBy.ALIAS)


def test_a_round_names_all_its_files() -> None:
    base = load("inference-v2.0")
    assert [file.sha256 for file in V2_1.files][:1] == [base.sha256]
    assert V2_1.files[1].name.endswith("v2.1.toml")
    assert V2_1.sha256 not in {file.sha256 for file in V2_1.files}


def test_diff_lists_what_a_round_changes() -> None:
    changes = {str(change).split(":")[0]: change for change in diff(load("inference-v2.0"), V2_1)}
    assert changes["seeds.qsl"].before == "6655344265603136530"
    assert changes["seeds.qsl"].after == "14284205019438841327"
    assert changes["benchmarks.ssd-mobilenet"].after is None
    assert changes["benchmarks.retinanet"].before is None
    assert str(changes["benchmarks.3d-unet-99.accuracy.DICE.reference"]).endswith("0.86331 -> 0.8617")
    assert not any("bert" in path for path in changes)


def test_diff_of_a_round_with_itself_is_empty() -> None:
    assert diff(V6_1, V6_1) == ()
