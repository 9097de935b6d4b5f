"""One system-under-test script, run with the wheel and with levelfield: what it sees and what the logs say is equal.

The script is ``sut_script.py``; only the name of the module that it imports differs. Every case runs once in a
process of its own with each module.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("mlperf_loadgen", reason="the wheel mlcommons-loadgen is not installed")

SCRIPT = Path(__file__).with_name("sut_script.py")
SOURCE = Path(__file__).parents[2] / "src"
MODULES = {"wheel": "mlperf_loadgen", "ours": "levelfield.compat.mlperf_loadgen"}
TIMEOUT_S = 40
SCENARIOS = ("SingleStream", "MultiStream", "Server", "Offline")
SEEDS = (
    (0, 0, 0),
    (2085463073848966840, 2747215439041700203, 16159082839903944936),
    (12786827339337101903, 12640797754436136668, 3135815929913719677),
)
VOLATILE = {
    "power_begin",
    "power_end",
    "test_datetime",
    "get_sut_name_duration_ns",
}
"""Values that say when and how fast."""
VOLATILE_BEGINNINGS = ("loadgen_", "logger_", "result_", "early_", "error_")
"""Build facts, the log writer's own counters, measured results, and error texts (compared as keys only)."""

OWN_FILES = {"case.json", "observed.json"}
WHEEL_ONLY = ("Logging allocation detected", "CAS failed.")
"""Warnings about the wheel's own log buffer, one for each thread that met it; ours keeps numbers."""


def settings_of(scenario: str, mode: str = "PerformanceOnly", seeds: int = 1, **more: object) -> dict[str, object]:
    """Settings of a short test whose length does not depend on the machine."""
    qsl, sample_index, schedule = SEEDS[seeds]
    return {
        "scenario": scenario,
        "mode": mode,
        "qsl_rng_seed": qsl,
        "sample_index_rng_seed": sample_index,
        "schedule_rng_seed": schedule,
        "min_duration_ms": 300 if scenario == "Server" else 0,
        "min_query_count": 700 if scenario == "MultiStream" else 130,
        "server_target_qps": 2000.0,
        "server_target_latency_ns": 20_000_000_000,
        **more,
    }


def cases() -> dict[str, dict[str, object]]:
    """Every case by name."""
    found: dict[str, dict[str, object]] = {}
    for scenario in SCENARIOS:
        for mode in ("PerformanceOnly", "AccuracyOnly"):
            for seeds in range(len(SEEDS)):
                found[f"{scenario}-{mode}-seeds{seeds}"] = {"settings": settings_of(scenario, mode, seeds)}
        found[f"{scenario}-SubmissionRun"] = {"settings": settings_of(scenario, "SubmissionRun")}
        for mode in ("PerformanceOnly", "AccuracyOnly"):
            # Sizes that do not divide: a last set that is smaller, MultiStream padding.
            found[f"{scenario}-{mode}-workers"] = {
                "settings": settings_of(scenario, mode),
                "workers": 3,
                "batch": 4,
                "samples": [101, 27],
            }
        found[f"{scenario}-fast"] = {"settings": settings_of(scenario), "system": "fast"}
        found[f"{scenario}-sampled"] = {
            "settings": settings_of(scenario, accuracy_log_probability=0.3, accuracy_log_rng_seed=720381539243781796)
        }
        found[f"{scenario}-target"] = {"settings": settings_of(scenario, accuracy_log_sampling_target=25)}
        for name in ("performance_issue_unique", "performance_issue_same", "sample_concatenate_permutation"):
            found[f"{scenario}-{name}"] = {
                "settings": settings_of(scenario, performance_issue_same_index=3, **{name: True})
            }
        for mode in ("PerformanceOnly", "AccuracyOnly"):
            found[f"{scenario}-{mode}-tokens"] = {
                "settings": settings_of(
                    scenario,
                    mode,
                    use_token_latencies=True,
                    ttft_latency=10_000_000_000,
                    tpot_latency=10_000_000_000,
                ),
                "tokens": True,
            }
    found["infer-tokens"] = {
        "settings": settings_of("Offline", infer_token_latencies=True, token_latency_scaling_factor=69)
    }
    found["qdl"] = {"settings": settings_of("Server"), "system": "qdl"}
    for mode in ("PerformanceOnly", "AccuracyOnly"):
        found[f"response-cb-{mode}"] = {
            "settings": settings_of("Offline", mode, accuracy_log_probability=0.2),
            "response_cb": True,
            "batch": 7,
        }
    found["overrides"] = {
        "settings": settings_of(
            "Server", performance_sample_count_override=13, accuracy_sample_count_override=50, mode="SubmissionRun"
        )
    }
    found["test05"] = {
        "settings": settings_of(
            "SingleStream",
            "AccuracyOnly",
            test05=True,
            test05_qsl_rng_seed=11,
            test05_sample_index_rng_seed=12,
            test05_schedule_rng_seed=13,
        )
    }
    found["coalesced"] = {"settings": settings_of("Server", server_coalesce_queries=True)}
    audit = "*.*.mode = 2\n*.*.accuracy_log_rng_seed = 720381539243781796\n*.*.accuracy_log_sampling_target = 24\n"
    audit += "*.*.min_query_count = 90\n*.Server.target_qps = 300\nresnet50.*.min_query_count = 7\n"
    for scenario in ("SingleStream", "Server"):
        found[f"{scenario}-audit"] = {
            "settings": settings_of(scenario, "AccuracyOnly"),
            "files": {"audit.config": audit},
        }
    found["audit-rejected"] = {
        "settings": settings_of("Offline"),
        "files": {"audit.config": "*.*.min_query_count = many\n"},
    }
    user = "*.Server.target_qps = 350.5\n*.Server.min_duration = 200\n*.Offline.target_qps = 10000\n"
    user += "*.Offline.min_duration = 5\nresnet50.*.max_query_count = 0\n*.*.qsl_rng_seed = 5\n"
    for scenario in ("Server", "Offline"):
        found[f"{scenario}-user-conf"] = {
            "settings": {"scenario": scenario, "server_target_latency_ns": 20_000_000_000},
            "samples": [2000, 1500],
            "files": {"user.conf": user},
            "from_config": [["user.conf", "resnet50", scenario, 1]],
        }
    found["several-confs"] = {
        "settings": settings_of("SingleStream"),
        "files": {"user.conf": "*.*.mode = 9\n", "broken.conf": "a b\n*.*.x = y\n*.*.min_duration = 3\n"},
        "from_config": [
            ["user.conf", "gptj", "SingleStream", 1],
            ["missing.conf", "gptj", "SingleStream", 1],
            ["broken.conf", "gptj", "SingleStream", 2],
            ["", "bert", "SingleStream", 0],
        ],
    }
    found["log-settings"] = {
        "settings": settings_of("SingleStream"),
        "log": {
            "enable_trace": False,
            "outdir": "there",
            "prefix": "my_",
            "suffix": "_log",
            "copy_detail_to_stdout": True,
            "copy_summary_to_stdout": True,
        },
    }
    found["dated-logs"] = {"settings": settings_of("SingleStream"), "log": {"prefix_with_datetime": True}}
    return found


CASES = cases()


@dataclass(frozen=True)
class Ran:
    """What one run left behind."""

    observed: dict[str, object]
    detail: list[dict[str, object]]
    summary: list[str]
    accuracy: list[dict[str, object]]
    files: list[str]
    """Without empty ones: the wheel leaves an empty trace file where no trace is asked for."""
    stdout: str

    @property
    def keys(self) -> list[object]:
        return [line["key"] for line in self.detail]


def read(folder: Path, stdout: str) -> Ran:
    logs = [path for path in folder.rglob("*") if path.suffix in {".txt", ".json"} and path.name not in OWN_FILES]
    (detail,) = (path for path in logs if "detail" in path.name)
    (summary,) = (path for path in logs if "summary" in path.name)
    (accuracy,) = (path for path in logs if "accuracy" in path.name)
    every = detail.read_text().splitlines()
    lines = [line for line in every if not any(warning in line for warning in WHEEL_ONLY)]
    said = without_warnings(summary.read_text(), len(every) - len(lines))
    return Ran(
        observed=json.loads((folder / "observed.json").read_text()),
        detail=[json.loads(line.removeprefix(":::MLLOG ")) for line in lines],
        summary=said.splitlines(),
        accuracy=json.loads(accuracy.read_text() or "[]"),
        files=sorted(re.sub(r"\d+", "#", str(path.relative_to(folder))) for path in logs if path.stat().st_size),
        stdout=stdout,
    )


def without_warnings(summary: str, dropped: int) -> str:
    """The summary as it would be with so many warnings fewer."""
    found = re.search(r"^(\d+) warnings? encountered", summary, re.MULTILINE)
    if not dropped or found is None:
        return summary
    left = int(found[1]) - dropped
    text = f"{left} warning{'s' if left > 1 else ''} encountered. See detailed log."
    text = text if left else "No warnings encountered during test."
    return re.sub(r"^\d+ warnings? encountered.*$", text, summary, count=1, flags=re.MULTILINE)


class Runs:
    """Both runs of each case, made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ran: dict[str, tuple[Ran, Ran]] = {}

    def both(self, name: str) -> tuple[Ran, Ran]:
        if name not in self._ran:
            started = {kind: self._start(name, kind) for kind in MODULES}
            self._ran[name] = (self._finish(name, "wheel", started), self._finish(name, "ours", started))
        return self._ran[name]

    def _start(self, name: str, kind: str) -> subprocess.Popen[str]:
        folder = self._folder / name / kind
        (folder / "there").mkdir(parents=True)
        case = CASES[name]
        for file, text in case.get("files", {}).items():
            (folder / file).write_text(text)
        (folder / "case.json").write_text(json.dumps(case))
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), MODULES[kind], "case.json"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _finish(self, name: str, kind: str, started: dict[str, subprocess.Popen[str]]) -> Ran:
        process = started[kind]
        try:
            stdout, stderr = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            for each in started.values():
                each.kill()
                each.communicate()
            raise
        assert process.returncode == 0, f"{kind}: {stderr}"
        return read(self._folder / name / kind, stdout)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("compat"))


@pytest.mark.parametrize("name", CASES)
def test_callbacks_see_the_same(runs: Runs, name: str) -> None:
    wheel, ours = runs.both(name)
    if name == "coalesced":  # which queries are due together depends on the clock
        flat = [[index for query in ran.observed["issued"] for index in query] for ran in (wheel, ours)]
        assert flat[0] == flat[1]
    else:
        assert ours.observed["issued"] == wheel.observed["issued"]
    assert ours.observed["calls"] == wheel.observed["calls"]
    assert ours.observed["response_cb"] == wheel.observed["response_cb"]
    assert ours.observed["from_config"] == wheel.observed["from_config"]


@pytest.mark.parametrize("name", CASES)
def test_detail_log_has_the_same_keys_in_the_same_order(runs: Runs, name: str) -> None:
    wheel, ours = runs.both(name)
    assert ours.keys == wheel.keys


@pytest.mark.parametrize("name", CASES)
def test_settings_schedule_and_loaded_sets_are_logged_with_the_same_values(runs: Runs, name: str) -> None:
    wheel, ours = runs.both(name)
    compared = {}
    for kind, ran in (("wheel", wheel), ("ours", ours)):
        compared[kind] = [
            (line["key"], line["value"])
            for line in ran.detail
            if line["key"] not in VOLATILE and not str(line["key"]).startswith(VOLATILE_BEGINNINGS)
        ]
    assert compared["ours"] == compared["wheel"]


def labels(lines: list[str]) -> list[str]:
    """The lines with measured numbers blanked; those of settings keep theirs."""
    settings_from = next((i for i, line in enumerate(lines) if line.startswith("Test Parameters Used")), len(lines))
    return [re.sub(r"\d[\d.e+-]*", "#", line) for line in lines[:settings_from]] + lines[settings_from:]


@pytest.mark.parametrize("name", CASES)
def test_summary_has_the_same_lines(runs: Runs, name: str) -> None:
    wheel, ours = runs.both(name)
    assert labels(ours.summary) == labels(wheel.summary)


@pytest.mark.parametrize("name", CASES)
def test_accuracy_log_has_the_same_entries(runs: Runs, name: str) -> None:
    wheel, ours = runs.both(name)
    if CASES[name].get("workers"):
        for ran in (wheel, ours):
            ran.accuracy.sort(key=lambda entry: entry["seq_id"])
    assert ours.accuracy == wheel.accuracy
    if "AccuracyOnly" in name and "audit" not in name:
        assert ours.accuracy


@pytest.mark.parametrize("name", ["log-settings", "dated-logs", "Server-PerformanceOnly-seeds0"])
def test_the_same_files_and_output_appear(runs: Runs, name: str) -> None:
    wheel, ours = runs.both(name)
    assert ours.files == wheel.files
    printed = [[re.sub(r"[^A-Za-z].*", "", line) for line in ran.stdout.splitlines()] for ran in (wheel, ours)]
    assert sorted(printed[0]) == sorted(printed[1])


def test_cases_log_what_they_are_about(runs: Runs) -> None:
    """The comparisons above would hold between two empty logs too."""
    _, ours = runs.both("several-confs")
    assert ours.keys[:4] == ["error_invalid_config"] * 4
    assert ours.observed["from_config"] == [0, -2, -22, 0]
    _, ours = runs.both("Server-sampled")
    assert 0 < len(ours.accuracy) < len(ours.observed["issued"])
    _, ours = runs.both("Server-PerformanceOnly-tokens")
    assert "result_first_token_min_latency_ns" in ours.keys
    _, ours = runs.both("response-cb-AccuracyOnly")
    assert ours.observed["response_cb"] == 100
