"""Configuration files are read as the wheel ``mlcommons-loadgen`` reads them, setting by setting.

``TestSettings.FromConfig(..., conf_type=2)`` applies a file alone; with ``conf_type=1`` the compiled-in official file
comes first, which only the first call of a process does, so that is tried in a process of its own.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import mlperf_loadgen as wheel
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from levelfield.errors import ConfigError
from levelfield.formats.loadgen_conf import KEYS, evaluate, parse
from levelfield.terms import Profile, Scenario

WHEEL_NAMES = {"server_ttft_latency": "ttft_latency", "server_tpot_latency": "tpot_latency"}
MODES = ("SubmissionRun", "AccuracyOnly", "PerformanceOnly", "FindPeakPerformance")
NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "4",
    "08",
    "010",
    "0x10",
    "0X1F",
    "0x1.8p3",
    "0x.8",
    "1e3",
    "1E+3",
    "1e400",
    "0.5",
    ".5",
    "5.",
    "+7",
    "-5",
    "-0",
    "-0.5",
    "99.9",
    "nan",
    "-nan",
    "nan(a_1)",
    "inf",
    "-inf",
    "infinity",
    "2147483648",
    "4294967297",
    "18446744073709551615",
    "18446744073709551616",
    "-18446744073709551617",
]
NOT_NUMBERS = ["word", "0x", "0b11", "1e", "1_0", "nan(", "#", "=", "-", "+", ".", "5five"]
PLACES = ["*", *Scenario]


def of_wheel(found: object) -> dict[str, object]:
    names = [name for name in dir(found) if not name.startswith("_") and name not in {"FromConfig", "scenario"}]
    values = {name: getattr(found, name) for name in names}
    return values | {"mode": MODES.index(values["mode"].name)}


DEFAULTS = of_wheel(wheel.TestSettings())


def of_ours(text: str, model: str, scenario: str) -> tuple[int, dict[str, object]]:
    try:
        found = evaluate(parse(text), model=model, scenario=scenario, profile=Profile.V6)
    except ConfigError:
        return -22, DEFAULTS
    return 0, DEFAULTS | {WHEEL_NAMES.get(a.key.setting, a.key.setting): a.value for a in found.assignments}


def assert_equal(ours: dict[str, object], theirs: dict[str, object]) -> None:
    for name, value in theirs.items():
        mine = ours[name]
        both_nan = isinstance(value, float) and math.isnan(value) and math.isnan(mine)  # type: ignore[arg-type]
        assert mine == value or both_nan, name


@st.composite
def a_line(draw: st.DrawFn) -> str:
    key = draw(st.sampled_from(KEYS)).name
    model, place = draw(st.sampled_from(["*", "m", "bert-99.9", "x"])), draw(st.sampled_from(PLACES))
    values = draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=2))
    values += draw(st.sampled_from([[]] * 30 + [[word] for word in NOT_NUMBERS]))
    equals = draw(st.sampled_from([" = "] * 9 + ["\t=\v", "=", " # = "]))
    return f"{model}.{place}.{key}{equals}{' '.join(values)}" + draw(st.sampled_from(["", "\r", " ", "\f"]))


@given(
    st.lists(a_line() | st.sampled_from(["", "# comment", "#comment"]), max_size=12),
    st.sampled_from(["m", "bert-99.9", "*"]),
    st.sampled_from(list(Scenario)),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_generated_files_are_read_as_the_wheel_does(tmp_path: Path, lines, model, scenario) -> None:
    path = tmp_path / "audit.config"
    path.write_text("\n".join(lines), newline="")
    theirs = wheel.TestSettings()
    returned = theirs.FromConfig(str(path), model, scenario, 2)
    expected, ours = of_ours("\n".join(lines), model, scenario)
    assert returned == expected
    assert_equal(ours, of_wheel(theirs))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.scenario or 'any'}-{key.name}")
def test_every_key_sets_what_it_sets_in_the_wheel(tmp_path, key) -> None:
    place = key.scenario or "*"
    for number in ("1", "3", "0.5", "010", "-5"):
        text = f"*.*.use_token_latencies = 1\n*.*.infer_token_latencies = 1\n*.{place}.{key.name} = {number}\n"
        path = tmp_path / "audit.config"
        path.write_text(text)
        theirs = wheel.TestSettings()
        assert theirs.FromConfig(str(path), "m", key.scenario or "Server", 2) == 0
        _, ours = of_ours(text, "m", key.scenario or "Server")
        assert_equal(ours, of_wheel(theirs))


SCRIPT = """
import json, sys
import mlperf_loadgen as wheel
settings = wheel.TestSettings()
returned = settings.FromConfig(sys.argv[1], sys.argv[2], sys.argv[3], 1)
names = ["qsl_rng_seed", "accuracy_log_probability", "min_duration_ms", "server_target_latency_ns", "server_target_qps",
         "performance_sample_count_override"]
print(json.dumps([returned, {name: getattr(settings, name) for name in names}]))
"""


def test_seeds_of_a_user_file_are_ignored_in_v6(tmp_path) -> None:
    path = tmp_path / "user.conf"
    path.write_text("*.*.qsl_rng_seed = 5\n*.*.accuracy_log_probability = 10\n*.Server.target_latency = 3\n")
    argv = [sys.executable, "-c", SCRIPT, str(path), "resnet50", "Server"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path)
    returned, theirs = json.loads(done.stdout)
    assert returned == 0
    assert theirs["qsl_rng_seed"] > 5  # the official one of the wheel's round
    assert theirs["accuracy_log_probability"] == 0.0
    assert theirs["server_target_latency_ns"] == 3_000_000
    _, ours = of_ours(path.read_text(), "resnet50", "Server")
    assert ours["qsl_rng_seed"] == DEFAULTS["qsl_rng_seed"]
    assert ours["server_target_latency_ns"] == 3_000_000
