"""LoadGen's configuration files, read as LoadGen reads them and written so that it reads them back."""

from __future__ import annotations

import math

import pytest

from levelfield.errors import ConfigError, InputError
from levelfield.formats.loadgen_conf import KEYS, Line, as_double, as_u64, evaluate, parse, read, write
from levelfield.terms import Profile, Scenario


def settings_of(text, *, model="resnet50", scenario="Server", profile=Profile.V6, **more):
    found = evaluate(parse(text), model=model, scenario=scenario, profile=profile, **more)
    return {assignment.key.setting: assignment.value for assignment in found.assignments}


@pytest.mark.parametrize(
    ("text", "unsigned", "double"),
    [
        ("5", 5, 5.0),
        ("+7", 7, 7.0),
        ("0x10", 16, 16.0),
        ("0X1f", 31, 31.0),
        ("010", 8, 10.0),
        ("08", 0, 8.0),
        ("0.5", 0, 0.5),
        (".5", 0, 0.5),
        ("5.", 5, 5.0),
        ("1e3", 1, 1000.0),
        ("99.9", 99, 99.9),
        ("0x1.8p1", 1, 3.0),
        ("0x.8", 0, 0.5),
        ("-5", 18446744073709551611, -5.0),
        ("18446744073709551616", 18446744073709551615, 18446744073709551616.0),
        ("-18446744073709551616", 18446744073709551615, -18446744073709551616.0),
        ("1e400", 1, math.inf),
        ("-inf", 0, -math.inf),
        ("Infinity", 0, math.inf),
    ],
)
def test_numbers_are_read_as_the_c_library_does(text, unsigned, double) -> None:
    assert as_u64(text) == unsigned
    assert as_double(text) == double


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(as_double("nan(abc)"))
    assert as_u64("nan") == 0


def test_units() -> None:
    text = """
        *.Server.target_latency = 15
        *.Server.target_latency_percentile = 99
        *.SingleStream.target_latency = 0.5
        *.*.min_duration = 600000
        *.*.accuracy_log_probability = 10
    """
    found = settings_of(text, profile=Profile.V2_0)
    assert found == {
        "server_target_latency_ns": 15_000_000,
        "server_target_latency_percentile": 0.99,
        "single_stream_expected_latency_ns": 500_000.0,
        "min_duration_ms": 600000,
        "accuracy_log_probability": 0.1,
    }


def test_the_most_specific_key_holds() -> None:
    lines = ["*.*.min_duration = 4", "resnet50.*.min_duration = 3", "*.Server.min_duration = 2"]
    lines.append("resnet50.Server.min_duration = 1")
    for expected in (1, 2, 3, 4):
        assert settings_of("\n".join(lines))["min_duration_ms"] == expected
        lines.pop()


def test_a_model_name_may_hold_dots() -> None:
    assert settings_of("bert-99.9.Server.target_qps = 3", model="bert-99.9") == {"server_target_qps": 3.0}


def test_keys_of_fixed_scenarios_are_read_whatever_runs() -> None:
    assert settings_of("*.Offline.target_qps = 3", scenario="Server") == {"offline_expected_qps": 3.0}


def test_lines_that_do_nothing() -> None:
    text = (
        "# words\n#words\nk=v\nk\nk #\nk =\nk # = 5\n\n*.*.min_duration=5\n*.*.unknown = 5\n*.server.target_qps = 5\n"
    )
    assert settings_of(text) == {}


def test_the_last_value_and_the_last_line_win() -> None:
    assert settings_of("*.*.min_duration = 5 6\n*.*.min_duration = 7 8") == {"min_duration_ms": 8}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("k = 5 # note", "user.conf:2: found '#', expected a number."),
        ("k = five", "user.conf:2: found 'five', expected a number."),
        ("k : 5", "user.conf:2: found ':' after the key, expected '='."),
        ("# ok\n#not ok", "user.conf:3: found 'ok' after the key, expected '='."),
        ("k = 0b11", "user.conf:2: found '0b11', expected a number."),
    ],
)
def test_what_loadgen_rejects_is_rejected_as_a_whole(line, problem) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("*.*.min_duration = 5\n" + line)
    assert list(caught.value.problems) == [problem]


def test_flags_differ_in_what_is_true() -> None:
    text = "*.*.performance_issue_same = 2\n*.*.sample_concatenate_permutation = 2\n*.Server.coalesce_queries = 0"
    assert settings_of(text) == {
        "performance_issue_same": True,
        "sample_concatenate_permutation": False,
        "server_coalesce_queries": False,
    }


def test_an_unknown_mode_changes_nothing() -> None:
    assert settings_of("*.*.mode = 4") == {}
    assert settings_of("*.*.mode = 3") == {"mode": 3}


def test_token_limits_need_their_switch() -> None:
    text = "*.Server.ttft_latency = 2000"
    assert settings_of(text) == {}
    assert settings_of(text, true_before=frozenset({"use_token_latencies"})) == {"server_ttft_latency": 2_000_000_000}
    switched = settings_of(text + "\n*.*.use_token_latencies = 1")
    assert switched == {"use_token_latencies": True, "server_ttft_latency": 2_000_000_000}
    assert settings_of(text + "\n*.*.use_token_latencies = 1", profile=Profile.V2_0) == {}


def test_seeds_come_from_any_file_in_v2_and_from_the_official_one_in_v6() -> None:
    text = "*.*.qsl_rng_seed = 5\n*.*.accuracy_log_rng_seed = 6"
    assert settings_of(text, profile=Profile.V2_0) == {"qsl_rng_seed": 5, "accuracy_log_rng_seed": 6}
    assert settings_of(text, official=True) == {"qsl_rng_seed": 5, "accuracy_log_rng_seed": 6}
    assert settings_of(text) == {"accuracy_log_rng_seed": 6}
    refused = evaluate(parse(text), model="*", scenario="Server", profile=Profile.V6).refused
    assert [(found.key.name, found.entry.line) for found in refused] == [("qsl_rng_seed", 1)]


def test_every_scenario_key_names_its_scenario() -> None:
    fixed = {(key.name, key.scenario) for key in KEYS if key.scenario}
    assert ("target_qps", Scenario.OFFLINE) in fixed
    assert ("target_qps", Scenario.SERVER) in fixed
    assert len({key.setting for key in KEYS}) == len(KEYS)


def test_read_names_a_missing_file(tmp_path) -> None:
    with pytest.raises(InputError, match=r"user\.conf cannot be read: No such file"):
        read(tmp_path / "user.conf")


def test_read_keeps_going_over_bytes_that_are_not_utf_8(tmp_path) -> None:
    (tmp_path / "user.conf").write_bytes(b"# caf\xe9 au lait\r\n*.Server.target_qps = 5\r\n")
    found = evaluate(read(tmp_path / "user.conf"), model="*", scenario="Server", profile=Profile.V6)
    assert [assignment.value for assignment in found.assignments] == [5.0]


def test_write() -> None:
    lines = [
        Line(comment="two\nlines"),
        Line(),
        Line(key="qsl_rng_seed", value=18446744073709551615),
        Line(model="resnet50", scenario="Server", key="target_qps", value=1.5, comment="why"),
        Line(key="performance_issue_same", value=True),
    ]
    assert write(lines) == (
        "# two\n# lines\n\n*.*.qsl_rng_seed = 18446744073709551615\n# why\nresnet50.Server.target_qps = 1.5\n"
        "*.*.performance_issue_same = 1\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        Line(key="a b"),
        Line(key="a", model=""),
        Line(key="a", model="#"),
        Line(key="a", value=-1),
        Line(key="a", value=1 << 64),
        Line(key="a", value=math.nan),
        Line(key="a", value=math.inf),
    ],
)
def test_write_refuses_what_would_be_read_otherwise(line) -> None:
    with pytest.raises(ValueError, match=r"cannot be written|does not fit"):
        write([line])
