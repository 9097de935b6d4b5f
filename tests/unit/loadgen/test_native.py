"""Our own typed settings: ``levelfield.toml`` and ``key=value``."""

from __future__ import annotations

import pytest

from levelfield.errors import ConfigError
from levelfield.loadgen.native import command_line_layer, native_keys, native_layer
from levelfield.terms import Mode, Scenario


def values(layer):
    return {value.name: value.value for value in layer.values}


def toml(tmp_path, text):
    path = tmp_path / "levelfield.toml"
    path.write_text(text)
    return path


def test_values_are_typed_and_in_the_files_units(tmp_path) -> None:
    text = """
[settings]
mode = "AccuracyOnly"
min_duration = 600000
qsl_rng_seed = "18446744073709551615"
performance_issue_same = false
[settings.Server]
target_qps = 12
target_latency = 0.5
target_latency_percentile = 99
coalesce_queries = true
num_issue_query_threads = 2
[settings.Offline]
target_qps = 4000.5
"""
    layer = native_layer(toml(tmp_path, text), scenario=Scenario.SERVER)
    assert values(layer) == {
        "mode": Mode.ACCURACY,
        "min_duration_ms": 600000,
        "qsl_rng_seed": 18446744073709551615,
        "performance_issue_same": False,
        "server_target_qps": 12.0,
        "server_target_latency_ns": 500_000,
        "server_target_latency_percentile": 0.99,
        "server_coalesce_queries": True,
        "server_num_issue_query_threads": 2,
    }
    assert [value.origin.rsplit(":")[-1] for value in layer.values] == ["3", "4", "5", "6", "8", "9", "10", "11", "12"]
    offline = native_layer(toml(tmp_path, text), scenario=Scenario.OFFLINE)
    assert values(offline)["offline_expected_qps"] == 4000.5


def test_other_tables_are_not_our_business(tmp_path) -> None:
    assert native_layer(toml(tmp_path, "[backend]\nthreads = 2\n"), scenario=Scenario.SERVER).values == ()


def test_all_problems_with_file_and_line(tmp_path) -> None:
    text = """[settings]
min_duration = 1.5
mode = "Accuracy"
qsl_rng_seed = -1
print_timestamps = 1
target_qps = 5
min_duratoin = 5

[settings.Server]  # the limits
target_qps = "12"
target_latency = -1
target_latency_percentile = 990
samples_per_query = 8

[settings.Ofline]
target_qps = 5

[settings.Offline]
target_qps = 0
"""
    path = toml(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        native_layer(path, scenario=Scenario.SERVER)
    found = [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]
    assert found == [
        "2: min_duration: found 1.5, expected a whole number (milliseconds), 0 or more.",
        (
            "3: mode: found 'Accuracy', expected one of SubmissionRun, AccuracyOnly, PerformanceOnly, "
            "FindPeakPerformance (nearest: 'AccuracyOnly')."
        ),
        "4: qsl_rng_seed: found -1, expected an unsigned 64-bit number.",
        "5: print_timestamps: found 1, expected true or false.",
        "6: target_qps does not belong here, expected it in [settings.Server] or [settings.Offline].",
        "7: unknown key 'min_duratoin' in [settings] (nearest: 'min_duration').",
        "10: target_qps: found '12', expected a number above 0.",
        "11: target_latency: found -1, expected milliseconds, 0 or more.",
        "12: target_latency_percentile: found 990, expected a percentage from 0 to 100.",
        "13: samples_per_query does not belong here, expected it in [settings.MultiStream].",
        "15: unknown scenario 'Ofline' (nearest: 'Offline').",
        "19: target_qps: found 0, expected a number above 0.",
    ]


def test_toml_errors_name_file_and_line(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"levelfield\.toml is not TOML: .*line 2"):
        native_layer(toml(tmp_path, "[settings]\nmin_duration 5\n"), scenario=Scenario.SERVER)
    with pytest.raises(ConfigError, match=r"levelfield\.toml:1: settings: expected a table"):
        native_layer(toml(tmp_path, "settings = 5\n"), scenario=Scenario.SERVER)


def test_inline_tables_and_dotted_keys_have_a_line_too(tmp_path) -> None:
    path = toml(tmp_path, "[settings]\nServer.target_qps = 'x'\nOffline = { target_qps = 'y' }\n")
    with pytest.raises(ConfigError) as caught:
        native_layer(path, scenario=Scenario.SERVER)
    assert [str(problem).split(": ")[0] for problem in caught.value.problems] == [f"{path}:2", f"{path}:3"]


def test_nothing_finer_than_a_nanosecond(tmp_path) -> None:
    path = toml(tmp_path, "[settings.Server]\ntarget_latency = 0.0000005\n")
    with pytest.raises(ConfigError, match="expected milliseconds that are whole nanoseconds"):
        native_layer(path, scenario=Scenario.SERVER)


def test_command_line() -> None:
    pairs = ["target_qps=12.5", "mode=FindPeakPerformance", " min_duration = 5000 ", "coalesce_queries=true"]
    layer = command_line_layer(pairs, scenario=Scenario.SERVER)
    assert values(layer) == {
        "server_target_qps": 12.5,
        "mode": Mode.FIND_PEAK,
        "min_duration_ms": 5000,
        "server_coalesce_queries": True,
    }
    assert {value.origin for value in layer.values} == {"command line"}


def test_command_line_problems_come_together() -> None:
    pairs = ["target_qps", "=5", "target_qsp=5", "target_qps=fast", "min_duration=nan"]
    with pytest.raises(ConfigError) as caught:
        command_line_layer(pairs, scenario=Scenario.SERVER)
    assert list(caught.value.problems) == [
        "'target_qps': expected key=value.",
        "'=5': expected key=value.",
        "'target_qsp=5': unknown key 'target_qsp' for Server (nearest: 'target_qps').",
        "'target_qps=fast': found 'fast', expected a number above 0.",
        "'min_duration=nan': found nan, expected a whole number (milliseconds), 0 or more.",
    ]


def test_keys_of_a_scenario_are_those_of_loadgens_files() -> None:
    assert native_keys(Scenario.OFFLINE)["target_qps"] == "offline_expected_qps"
    assert "target_qps" not in native_keys(None)
    assert not any(key.startswith("test05") for key in native_keys(Scenario.SERVER))
