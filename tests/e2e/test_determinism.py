"""The same seeds issue the same samples at the same times; every result says what it takes to repeat it."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import fields
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import Library
from small_runs import ArraySystem, run_in, settings_of, whole

from levelfield import __version__
from levelfield.cli.app import run as levelfield
from levelfield.loadgen import FunctionSystem, IssuingChoice, Measurement, Seeds
from levelfield.terms import DrawVariant, Mode, Profile, Scenario

SEEDS = Seeds(qsl=11, sample_index=22, schedule=33, accuracy_log=44)


def issued(folder: Path, scenario: Scenario, system: Any = None, **changes: Any) -> Measurement:
    """The performance phase of a run, from its record."""
    issuing = changes.pop("issuing", IssuingChoice.INLINE)
    library = Library(*changes.pop("sizes", (1000, 64)))
    settings = settings_of(scenario, **{"seeds": SEEDS, "min_duration_ms": 30, "min_query_count": 300, **changes})
    run_in(folder, system or ArraySystem(), settings, library=library, issuing=issuing)
    return whole(folder)[-1]


def same(one: Measurement, other: Measurement) -> bool:
    """Whether both issue the same samples in the same order, as far as both go."""
    count = min(one.sample_count, other.sample_count)
    assert count >= 200
    return bool(
        np.array_equal(one.loaded_set, other.loaded_set)
        and np.array_equal(one.sample_indices[:count], other.sample_indices[:count])
    )


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("scenario", list(Scenario))
def test_same_seeds_issue_the_same_samples(tmp_path: Path, scenario: Scenario, profile: Profile) -> None:
    first = issued(tmp_path / "1", scenario, profile=profile)
    # Another system, with other latencies and threads: what is asked of it does not depend on how it answers.
    with FunctionSystem(lambda indices: None, workers=2, batch_size=3) as system:
        second = issued(tmp_path / "2", scenario, system, profile=profile)
    assert same(first, second)
    if scenario is Scenario.SERVER:
        assert first.scheduled_ns.tolist() == second.scheduled_ns.tolist()


# In Offline the loaded set is issued in its own order, again and again, so that only its own seed counts.
@pytest.mark.parametrize(
    ("scenario", "seed"),
    [(scenario, "qsl") for scenario in Scenario]
    + [(scenario, "sample_index") for scenario in Scenario if scenario is not Scenario.OFFLINE],
)
def test_another_seed_issues_others(tmp_path: Path, scenario: Scenario, seed: str) -> None:
    assert {field.name for field in fields(Seeds)} == {"qsl", "sample_index", "schedule", "accuracy_log"}
    other = Seeds(**{**{name: getattr(SEEDS, name) for name in Seeds.__slots__}, seed: 99})
    assert not same(issued(tmp_path / "1", scenario), issued(tmp_path / "2", scenario, seeds=other))


def test_schedule_seed_moves_the_times_alone(tmp_path: Path) -> None:
    other = Seeds(qsl=11, sample_index=22, schedule=99, accuracy_log=44)
    first, second = issued(tmp_path / "1", Scenario.SERVER), issued(tmp_path / "2", Scenario.SERVER, seeds=other)
    assert same(first, second)
    count = min(first.query_count, second.query_count)
    assert not np.array_equal(first.scheduled_ns[:count], second.scheduled_ns[:count])


def test_draw_variants_differ(tmp_path: Path) -> None:
    # Draws from a few items hardly ever do: the variants round differently at the edges of equal shares.
    sizes = (50_000, 20_000)
    first = issued(tmp_path / "1", Scenario.OFFLINE, draw_variant=DrawVariant.CLASSIC, sizes=sizes)
    second = issued(tmp_path / "2", Scenario.OFFLINE, draw_variant=DrawVariant.LEMIRE, sizes=sizes)
    assert not same(first, second)


@pytest.mark.parametrize("scenario", list(Scenario))
def test_accuracy_runs_repeat_too(tmp_path: Path, scenario: Scenario) -> None:
    orders = []
    for name in "12":
        run_in(
            tmp_path / name,
            ArraySystem(),
            settings_of(scenario, mode=Mode.ACCURACY, seeds=SEEDS),
            library=Library(total_sample_count=100, performance_sample_count=30),
        )
        orders.append([measurement.sample_indices.tolist() for measurement in whole(tmp_path / name)])
    assert orders[0] == orders[1]
    assert sorted({index for part in orders[0] for index in part}) == list(range(100))


def test_result_names_what_it_takes_to_repeat_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    levelfield(["inference", "run", "-b", "resnet50", "-s", "Server", "--duration", "0.2", "--out", "out",
                "--no-accuracy", "--set", "accuracy_log_rng_seed=7"])  # fmt: skip
    (result,) = json.loads(Path("out/result.json").read_text())["results"]
    rule_file = files("levelfield.rules").joinpath("data", "inference", "v2.0.toml").read_bytes()
    assert result["rules"] == {
        "name": "inference-v2.0",
        "sha256": hashlib.sha256(rule_file).hexdigest(),
        "profile": "v2.0",
        "draw_variant": "classic",
    }
    # The seeds of the round, as published in its mlperf.conf.
    assert result["seeds"] == {
        "qsl_rng_seed": 6655344265603136530,
        "sample_index_rng_seed": 15863379492028895792,
        "schedule_rng_seed": 12662793979680847247,
        "accuracy_log_rng_seed": 7,
    }
    assert result["software"]["levelfield"] == __version__
    assert result["software"]["python"].endswith(platform.python_version())
    assert result["software"]["numpy"] == version("numpy")
    assert result["software"]["onnxruntime"] == version("onnxruntime")
    assert result["backend"]["version"] == version("onnxruntime")
    model = next((Path(__file__).parents[2] / "src").rglob(result["backend"]["model"]))
    assert result["backend"]["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert result["schema"] == "levelfield.inference-result/1"
    assert result["lateness"]["issuing_mode"] in {"inline", "process"}
    assert result["system"]["host_processor_model_name"]
