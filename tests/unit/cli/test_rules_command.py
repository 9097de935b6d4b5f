"""``levelfield rules``: what is printed, and how wrong names are answered."""

from __future__ import annotations

import json

import pytest

from levelfield.cli.app import run


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")


def printed(capsys, *arguments) -> str:
    assert run(["rules", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_list(capsys) -> None:
    text = printed(capsys, "list")
    assert "training-v1.1" in text
    assert "minutes to train" in text
    assert "inference-v2.0" in text
    assert "LoadGen v2.0" in text


def test_list_as_json(capsys) -> None:
    found, *others = json.loads(printed(capsys, "list", "--json"))
    assert [other["name"] for other in others] == ["mobile-v2.0", "tiny-v0.7", "training-v1.1"]
    assert found["name"] == "inference-v2.0"
    assert len(found["benchmarks"]) == 10
    assert found["seeds"]["qsl"] == 6655344265603136530


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--scenario", "Server"],
        ["--benchmark", "resnet50"],
        ["--benchmark", "3d-unet-99.9", "--scenario", "offline"],
    ],
)
def test_tables_fit_eighty_columns(capsys, arguments) -> None:
    text = printed(capsys, "show", "inference-v2.0", *arguments)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "…" not in text


def test_show_a_round(capsys) -> None:
    lines = printed(capsys, "show", "inference-v2.0").splitlines()
    row = next(line for line in lines if "ssd-resnet34" in line)
    assert row.split() == ["ssd-resnet34", "mAP", "≥", "19.8", "Srv", "100", "ms", "Srv,", "Off", "SS,", "MS,", "Off"]
    row = next(line for line in lines if "270,336" in line and "Server" in line)
    assert row.split() == ["Server", "p99", "600", "s", "270,336*", "1", "a", "query", "Queries/s"]
    assert any("12662793979680847247" in line for line in lines)


def test_show_one_scenario_of_a_benchmark_with_its_clauses(capsys) -> None:
    text = printed(capsys, "show", "inference-v2.0", "--benchmark", "resnet", "--scenario", "server")
    assert "≥ 75.6954 %" in text
    assert "p99 ≤ 15 ms" in text
    assert "latency-constraint" in text
    assert "mlcommons/inference@v2.0 (33894a19)" in text
    assert "SingleStream" not in text.split("Server", 2)[2]


def test_disagreeing_sources_are_told(capsys) -> None:
    assert "0.86330" in printed(capsys, "show", "inference-v2.0", "--benchmark", "3d-unet-99")


def test_show_as_json(capsys) -> None:
    arguments = ["show", "inference-v2.0", "--benchmark", "resnet50", "--scenario", "Server", "--json"]
    found = json.loads(printed(capsys, *arguments))
    (benchmark,) = found["benchmarks"]
    assert list(benchmark["scenarios"]) == ["Server"]
    rule = benchmark["scenarios"]["Server"]
    assert rule["limits"] == [{"kind": "latency", "limit_ns": 15000000, "percentile": 0.99}]
    assert rule["accuracy"][0]["lower"] == 76.46 * 0.99
    assert rule["clauses"]["latency_limit_ns"].startswith("submission-checker.py")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["show", "inference-v2"], "Unknown rule set 'inference-v2'.\n  Did you mean 'inference-v2.0'?"),
        (["show", "inference-v2.0", "--benchmark", "resnet5"], "Did you mean 'resnet50'?"),
        (["show", "inference-v2.0", "--scenario", "Sever"], "Did you mean 'Server'?"),
        (["show", "training-v1.1", "--benchmark", "berd"], "Did you mean 'bert'?"),
        (["show", "training-v1.1", "--scenario", "Server"], "training-v1.1 has no scenarios."),
        (["show", "mobile-v2.0", "--scenario", "Ofline"], "Did you mean 'Offline'?"),
        (["show", "mobile-v2.0", "--scenario", "Offline", "--benchmark", "mosaic"], "mosaic is not run in Offline."),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(capsys, arguments, answer) -> None:
    assert run(["rules", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert answer in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["training-v1.1"],
        ["training-v1.1", "--benchmark", "maskrcnn"],
        ["tiny-v0.7"],
        ["tiny-v0.7", "--benchmark", "ad"],
        ["mobile-v2.0"],
        ["mobile-v2.0", "--scenario", "Offline"],
        ["mobile-v2.0", "--benchmark", "mosaic"],
    ],
)
def test_other_rounds_fit_eighty_columns(capsys, arguments) -> None:
    text = printed(capsys, "show", *arguments)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "…" not in text


def test_show_a_round_of_training(capsys) -> None:
    lines = printed(capsys, "show", "training-v1.1").splitlines()
    row = next(line for line in lines if "unet3d" in line)
    assert row.split() == ["unet3d", "mean", "DICE", "≥", "0.908", "40,", "mean", "of", "32", "3D", "U-Net"]
    assert any("less than 30 minutes" in line for line in lines)
    assert any("mlcommons/logging@beaf26d" in line for line in lines)


def test_show_a_benchmark_of_training_with_its_clauses(capsys) -> None:
    text = printed(capsys, "show", "training-v1.1", "--benchmark", "rnnt")
    assert "> 0, ≤ 0.058" in text
    assert "10, of which 1 may fail" in text
    assert "training_rules.adoc, Benchmark Results" in text
    assert "every 1 epochs" in text
    assert "opt_weight_decay: 0.001" in text
    assert "7 tensors" in text
    text = printed(capsys, "show", "training-v1.1", "--benchmark", "resnet")
    assert "lars_opt_momentum: 0.9 below a batch of 32k" in text


def test_what_training_logs_say_as_json(capsys) -> None:
    found = json.loads(printed(capsys, "show", "training-v1.1", "--benchmark", "unet3d", "--json"))
    log = found["benchmarks"][0]["log"]
    assert log["closed"]["train_samples"] == {"occurs": "once", "value": "168"}
    assert log["closed"]["opt_name"] == {"occurs": "once", "value": "any value"}
    assert (len(log["weights"]), log["chosen"], log["advice"]["oversampling"]) == (50, [], "0.4")
    assert log["evaluated"]["every"] == "ceil(20 * 168 / samples_per_epoch)"
    free = ["global_batch_size", "gradient_accumulation_steps", "model_bn_span"]
    assert log["borrowing"] == {"free": free, "never": []}


def test_an_unverified_target_says_so(capsys) -> None:
    text = printed(capsys, "show", "mobile-v2.0", "--benchmark", "deeplabV3+")
    assert "unverified" in text
    assert "unverified" not in printed(capsys, "show", "mobile-v2.0", "--benchmark", "mosaic")


def test_other_rounds_as_json(capsys) -> None:
    found = json.loads(printed(capsys, "show", "tiny-v0.7", "--benchmark", "kws01", "--json"))
    (benchmark,) = found["benchmarks"]
    assert (benchmark["name"], benchmark["files"], benchmark["classes"]) == ("kws", 1000, 12)
    assert benchmark["targets"][0]["at_least"] == 90
    assert [one["unit"] for one in found["measures"]] == ["inf/s", "uJ/inf"]
    found = json.loads(printed(capsys, "show", "mobile-v2.0", "--scenario", "offline", "--json"))
    assert [one["name"] for one in found["benchmarks"]] == ["mobilenetEdgeTPU"]
