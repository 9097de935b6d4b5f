"""The official configuration written from the rules says to LoadGen what the rules say."""

from __future__ import annotations

from levelfield.formats.loadgen_conf import evaluate, parse
from levelfield.formats.loadgen_conf_traps import traps
from levelfield.loadgen.layers import rules_layer
from levelfield.loadgen.official_conf import audit_config, mlperf_conf
from levelfield.rules import load
from levelfield.terms import Edition, Profile

RULES = load("inference-v2.0")


def test_every_rule_is_read_back() -> None:
    text = mlperf_conf(RULES)
    assert traps(text, path="mlperf.conf", profile=Profile.V2_0) == ()
    conf = parse(text)
    for benchmark in RULES:
        for rule in benchmark.rules:
            model, scenario = rule.config_model, rule.runs_as
            found = evaluate(conf, model=model, scenario=scenario, profile=Profile.V2_0, official=True)
            read = {assignment.key.setting: assignment.value for assignment in found.assignments}
            for value in rules_layer(RULES, rule, edition=Edition.FULL).values:
                assert read.get(value.name, False) == value.value, (benchmark.name, scenario, value.name)


def test_some_lines_as_in_the_published_file() -> None:
    lines = mlperf_conf(RULES).splitlines()
    for line in (
        "*.*.qsl_rng_seed = 6655344265603136530",
        "resnet50.Server.target_latency = 15",
        "ssd-resnet34.MultiStream.target_latency = 528",
        "bert.SingleStream.target_latency_percentile = 90",
        "dlrm.Offline.min_query_count = 24576",
        "3d-unet.Offline.sample_concatenate_permutation = 1",
        "3d-unet.Offline.performance_sample_count_override = 0",
        "resnet50.Offline.target_qps = 1.0",
        "rnnt.Server.min_duration = 600000",
    ):
        assert line in lines


def test_audit_config() -> None:
    text = audit_config(RULES.rule("ssd-resnet34", "Offline").audit("TEST01"))
    assert text.splitlines()[1:] == [
        "*.*.mode = 2",
        "*.*.accuracy_log_rng_seed = 720381539243781796",
        "*.*.accuracy_log_sampling_target = 256",
    ]
    for benchmark in RULES:
        for audit in benchmark.rule("Server").audits:
            assert traps(audit_config(audit), path=audit.name, profile=Profile.V2_0) == ()
