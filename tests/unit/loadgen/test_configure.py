"""Settings from layers: precedence, provenance, locks."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.errors import ConfigError, InputError, SettingsError
from levelfield.loadgen.configure import configure
from levelfield.loadgen.layers import Bound, Lock, Rank, conf_layer, locks_of, rules_layer, values_layer
from levelfield.loadgen.native import command_line_layer, native_layer
from levelfield.loadgen.settings import MultiStream, Offline, Server, SingleStream, impossible
from levelfield.rules import load, load_file
from levelfield.terms import Edition, Mode, Profile, Scenario

RULES = load("inference-v2.0")
V6_1 = load_file(Path(__file__).parents[1] / "rules" / "data" / "v6.1-excerpt.toml")


def conf(tmp_path, text, rank=Rank.USER, *, name="user.conf", model="resnet50", profile=Profile.V2_0, strict=True):
    path = tmp_path / name
    path.write_text(text)
    return conf_layer(path, rank, model=model, profile=profile, strict=strict)


def of_rules(benchmark="resnet50", scenario="Server", edition=Edition.FULL, rules=RULES):
    return rules_layer(rules, rules.rule(benchmark, scenario), edition=edition)


def locks(benchmark="resnet50", scenario="Server", edition=Edition.FULL, rules=RULES):
    return locks_of(rules, rules.rule(benchmark, scenario), edition=edition)


def server(layers, **more):
    return configure(layers, **{"scenario": Scenario.SERVER, "profile": Profile.V2_0} | more)


def test_without_layers_all_is_default() -> None:
    found = server([])
    assert found.settings.load == Server()
    assert {line.origin for line in found.lines} == {"default"}


def test_the_round_sets_what_its_official_configuration_holds() -> None:
    found = server([of_rules()])
    assert found.settings.load == Server(target_qps=1.0, target_latency_ns=15_000_000, target_latency_percentile=0.99)
    assert found.settings.min_duration_ms == 600_000
    assert found.settings.min_query_count == 270_336
    assert found.settings.performance_sample_count_override == 1024
    assert found.settings.seeds.qsl == 6655344265603136530
    assert found.settings.seeds.accuracy_log == 0
    line = found.line("server_target_latency_ns")
    assert line.value == "15 ms"
    assert line.origin == "rules:inference-v2.0 § submission-checker.py, MODEL_CONFIG v2.0, latency-constraint"
    assert [(file.path, file.sha256) for file in found.files] == [("inference-v2.0", RULES.sha256)]


@pytest.mark.parametrize(
    ("benchmark", "scenario", "load_of", "queries", "equal"),
    [
        ("resnet50", Scenario.SINGLE_STREAM, SingleStream(expected_latency_ns=1e7), 1024, False),
        ("ssd-resnet34", Scenario.MULTI_STREAM, MultiStream(expected_latency_ns=5.28e8), 270336, False),
        ("3d-unet-99.9", Scenario.OFFLINE, Offline(expected_qps=1.0), 24576, True),
    ],
)
def test_rules_of_the_other_scenarios(benchmark, scenario, load_of, queries, equal) -> None:
    found = configure([of_rules(benchmark, scenario)], scenario=scenario, profile=Profile.V2_0)
    assert found.settings.load == load_of
    assert found.settings.min_query_count == queries
    assert found.settings.sample_concatenate_permutation is equal


def test_a_mini_edition_brings_its_own_sample_count() -> None:
    found = server([of_rules(edition=Edition.MINI)])
    assert found.settings.performance_sample_count_override == 0


def test_precedence_and_what_was_overridden(tmp_path) -> None:
    toml = tmp_path / "levelfield.toml"
    toml.write_text("[settings.Server]\ntarget_qps = 40\n")
    layers = [
        command_line_layer(["target_qps=60"], scenario=Scenario.SERVER),
        conf(tmp_path, "*.*.mode = 2\n*.Server.target_qps = 50", Rank.AUDIT, name="audit.config"),
        native_layer(toml, scenario=Scenario.SERVER),
        conf(tmp_path, "*.Server.target_qps = 30"),
        values_layer(Rank.QUICK, {"server_target_qps": 25.0}, origin="quick"),
        conf(tmp_path, "\n*.Server.target_qps = 20", Rank.OFFICIAL, name="mlperf.conf"),
        values_layer(Rank.WORKLOAD, {"server_target_qps": 10.0}, origin="mini"),
        of_rules(),
    ]
    line = server(layers).line("server_target_qps")
    assert (line.value, line.origin) == ("60 /s", "command line")
    assert line.overridden == (
        "1 /s (rules:inference-v2.0 § mlperf.conf, key = value lines)",
        "10 /s (mini)",
        f"20 /s ({tmp_path}/mlperf.conf:2)",
        "25 /s (quick)",
        f"30 /s ({tmp_path}/user.conf:1)",
        f"40 /s ({toml}:2)",
        f"50 /s ({tmp_path}/audit.config:2)",
    )
    values = []
    while layers:
        values.append(server(layers).settings.load.target_qps)
        layers.pop(0)
    assert values == [60, 50, 40, 30, 25, 20, 10, 1]


def test_a_wildcard_of_the_user_overrides_a_model_of_the_official_file(tmp_path) -> None:
    official = conf(tmp_path, "resnet50.Server.target_latency = 15", Rank.OFFICIAL, name="mlperf.conf")
    found = server([official, conf(tmp_path, "*.Server.target_latency = 12")])
    assert found.settings.load.target_latency_ns == 12_000_000


def test_values_of_other_scenarios_are_left_out(tmp_path) -> None:
    found = server([conf(tmp_path, "*.Offline.target_qps = 7\n*.Server.target_qps = 8")])
    assert found.settings.load == Server(target_qps=8.0)
    with pytest.raises(KeyError):
        found.line("offline_expected_qps")


def test_audit_is_applied_with_wildcards_only_and_warns(tmp_path) -> None:
    text = "*.*.mode = 2\n*.*.accuracy_log_sampling_target = 4096\nresnet50.*.min_query_count = 5\n"
    found = server([of_rules(), conf(tmp_path, text, Rank.AUDIT, name="audit.config")], locks=locks())
    assert found.settings.accuracy_log_sampling_target == 4096
    assert found.settings.min_query_count == 270_336
    assert found.is_audit
    assert found.files[-1].sha256 in found.warnings[0]
    assert "this run is an audit" in found.warnings[0]


def test_audit_may_change_what_is_locked(tmp_path) -> None:
    text = "*.*.qsl_rng_seed = 313588358309856706\n*.*.performance_issue_same = 1"
    found = server([of_rules(), conf(tmp_path, text, Rank.AUDIT, name="audit.config")], locks=locks())
    assert found.settings.seeds.qsl == 313588358309856706
    assert found.settings.performance_issue_same


def test_seeds_in_a_users_file_follow_the_profile(tmp_path) -> None:
    text = "*.*.qsl_rng_seed = 5"
    assert server([of_rules(), conf(tmp_path, text)]).settings.seeds.qsl == 5
    found = server([of_rules(), conf(tmp_path, text)], profile=Profile.V6)
    assert found.settings.seeds.qsl == 6655344265603136530
    path = tmp_path / "user.conf"
    assert found.warnings == (f"{path}:1: qsl_rng_seed is taken from the official file only, and ignored here.",)
    official = server([conf(tmp_path, text, Rank.OFFICIAL)], profile=Profile.V6)
    assert official.settings.seeds.qsl == 5


def test_a_second_user_file_is_an_error_of_v6(tmp_path) -> None:
    layers = [conf(tmp_path, "*.Server.target_qps = 2"), conf(tmp_path, "*.Server.target_qps = 3", name="b.conf")]
    assert server(layers).warnings == ()
    assert "second user.conf" in server(layers, profile=Profile.V6).warnings[0]
    with pytest.raises(SettingsError, match=r"b\.conf: a second user\.conf, expected one at most"):
        server(layers, profile=Profile.V6, locks=locks())


def test_test05_of_the_official_file_replaces_mode_and_seeds(tmp_path) -> None:
    text = "*.*.test05 = 1\n*.*.qsl_rng_seed = 1\n*.*.test05_qsl_rng_seed = 2\n*.*.test05_schedule_rng_seed = 3"
    official = conf(tmp_path, text, Rank.OFFICIAL, name="mlperf.conf", profile=Profile.V6)
    user = conf(tmp_path, "*.*.mode = 1", profile=Profile.V6)
    found = server([official, user], profile=Profile.V6)
    assert found.settings.mode is Mode.PERFORMANCE
    assert (found.settings.seeds.qsl, found.settings.seeds.sample_index, found.settings.seeds.schedule) == (2, 0, 3)
    assert server([conf(tmp_path, text, profile=Profile.V6)], profile=Profile.V6).settings.seeds.qsl == 0


def test_all_violations_are_reported_at_once_with_file_and_line(tmp_path) -> None:
    text = """*.*.qsl_rng_seed = 5
*.Server.target_latency = 16
*.Server.target_latency_percentile = 90
*.*.min_duration = 599999
*.*.performance_sample_count_override = 1023
*.*.performance_issue_unique = 1
*.*.sample_concatenate_permutation = 1
"""
    layers = [of_rules(), conf(tmp_path, text), command_line_layer(["target_latency=14"], scenario=Scenario.SERVER)]
    with pytest.raises(SettingsError) as caught:
        server(layers, locks=locks())
    path = tmp_path / "user.conf"
    found = {problem.split(": ")[0]: problem for problem in caught.value.problems}
    assert sorted(found) == [f"{path}:{line}" for line in range(1, 8)]
    assert found[f"{path}:1"].endswith("found 5, expected exactly 6655344265603136530 (mlperf.conf, seeds).")
    assert "server_target_latency_ns: found 16 ms, expected at most 15 ms (" in found[f"{path}:2"]
    assert "server_target_latency_percentile: found 90 %, expected exactly 99 % (" in found[f"{path}:3"]
    assert "min_duration_ms: found 599.999 s, expected at least 600 s (" in found[f"{path}:4"]
    assert "found 1023, expected 0 or at least 1024 (" in found[f"{path}:5"]


def test_the_harder_side_is_allowed(tmp_path) -> None:
    text = """*.Server.target_latency = 14
*.*.min_duration = 600001
*.*.min_query_count = 10
*.*.performance_sample_count_override = 2048
*.Server.target_qps = 1000
"""
    found = server([of_rules(), conf(tmp_path, text)], locks=locks())
    assert found.settings.min_query_count == 10


def test_offline_needs_its_samples(tmp_path) -> None:
    layers = [of_rules(scenario="Offline"), conf(tmp_path, "*.Offline.min_query_count = 24575")]
    with pytest.raises(SettingsError, match="min_query_count: found 24575, expected at least 24576"):
        configure(layers, scenario=Scenario.OFFLINE, profile=Profile.V2_0, locks=locks(scenario="Offline"))


def test_multistream_keeps_its_eight(tmp_path) -> None:
    layers = [conf(tmp_path, "*.MultiStream.samples_per_query = 4")]
    with pytest.raises(SettingsError, match="multi_stream_samples_per_query: found 4, expected exactly 8"):
        configure(layers, scenario=Scenario.MULTI_STREAM, profile=Profile.V2_0, locks=locks(scenario="MultiStream"))


def test_an_undone_attempt_is_still_one(tmp_path) -> None:
    layers = [
        conf(tmp_path, "*.*.min_duration = 1"),
        command_line_layer(["min_duration=600000"], scenario=Scenario.SERVER),
    ]
    with pytest.raises(SettingsError, match=r"user\.conf:1"):
        server(layers, locks=locks())


@pytest.mark.parametrize(
    ("bound", "below", "at", "above", "zero"),
    [
        (Bound.EQUAL, False, True, False, False),
        (Bound.AT_LEAST, False, True, True, False),
        (Bound.AT_LEAST_OR_ZERO, False, True, True, True),
        (Bound.AT_MOST, True, True, False, True),
    ],
)
def test_bounds(bound, below, at, above, zero) -> None:
    lock = Lock(name="min_query_count", bound=bound, value=10, clause="x")
    assert [lock.allows(value) for value in (9, 10, 11, 0)] == [below, at, above, zero]


def test_token_limits_take_the_place_of_the_latency(tmp_path) -> None:
    layer = of_rules("llama2-70b-99.9", "Interactive", rules=V6_1)
    user = conf(tmp_path, "*.Server.ttft_latency = 451\n*.Server.tpot_latency = 40", profile=Profile.V6)
    found = server([layer], profile=Profile.V6)
    assert found.settings.tokens.use
    assert found.settings.tokens.ttft_latency_ns == 450_000_000
    assert found.settings.tokens.tpot_latency_ns == 40_000_000
    assert found.settings.load.target_latency_ns == 0
    assert impossible(found.settings) == []
    with pytest.raises(SettingsError) as caught:
        server([layer, user], profile=Profile.V6, locks=locks("llama2-70b-99.9", "Interactive", rules=V6_1))
    assert len(caught.value.problems) == 1
    assert "server_ttft_latency: found 451 ms, expected at most 450 ms" in caught.value.problems[0]


def test_accuracy_sample_count_of_the_round() -> None:
    found = server([of_rules("gpt-oss-120b", rules=V6_1)], profile=Profile.V6)
    assert found.settings.accuracy_sample_count_override == 4395


def test_settings_of_later_releases_are_not_listed_for_v2() -> None:
    names = {line.name for line in server([]).lines}
    assert "use_token_latencies" not in names
    assert "use_token_latencies" in {line.name for line in server([], profile=Profile.V6).lines}


def test_strict_reading_can_be_left_out(tmp_path) -> None:
    text = "*.Server.target_latency = 0.5\n*.Server.target_qps=9"
    with pytest.raises(ConfigError) as caught:
        conf(tmp_path, text)
    assert len(caught.value.problems) == 2
    assert server([conf(tmp_path, text, strict=False)]).settings.load.target_latency_ns == 0


def test_unknown_settings_of_a_layer_are_errors_in_the_code() -> None:
    with pytest.raises(KeyError):
        values_layer(Rank.QUICK, {"min_duration": 5}, origin="quick")


def test_missing_files_are_named(tmp_path) -> None:
    with pytest.raises(InputError, match=r"user\.conf cannot be read"):
        conf_layer(tmp_path / "user.conf", Rank.USER, model="*", profile=Profile.V6)
    with pytest.raises(InputError, match=r"levelfield\.toml cannot be read"):
        native_layer(tmp_path / "levelfield.toml", scenario=Scenario.SERVER)
