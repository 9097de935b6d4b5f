from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from levelfield.errors import SettingsError
from levelfield.inference.capacity import Capacity
from levelfield.inference.plan import QUICK_DURATION_MS, Plan, plan_scenario
from levelfield.inference.request import RunRequest
from levelfield.loadgen.settings import Server
from levelfield.rules.load import load
from levelfield.terms import DrawVariant, Profile, Scenario

RULES = load("inference-v2.0")


def plan(scenario: Scenario, *, per_s: float | None = None, **asked: object) -> Plan:
    request = RunRequest(benchmark="resnet50", scenarios=(scenario,), out=Path("out"), **asked)  # type: ignore[arg-type]
    capacity = None if per_s is None else Capacity(per_s=per_s, finished_ns=np.zeros(0, np.int64))
    return plan_scenario(request, RULES, RULES.rule("resnet50", scenario), capacity=capacity)


@pytest.mark.parametrize("scenario", Scenario)
def test_quick_run_is_short_and_says_so(scenario: Scenario) -> None:
    found = plan(scenario).configured
    assert found.settings.min_duration_ms == QUICK_DURATION_MS[scenario]
    line = found.line("min_duration_ms")
    assert line.origin == "quick run (the rule needs --official)"
    assert "600 s" in line.overridden[0] or "600000" in line.overridden[0]


def test_official_run_has_the_rounds_values() -> None:
    settings = plan(Scenario.SERVER, official=True).configured.settings
    assert settings.min_duration_ms == 600_000
    assert settings.min_query_count == 270_336
    assert settings.seeds.qsl == 6655344265603136530
    assert isinstance(settings.load, Server)
    assert settings.load.target_latency_ns == 15_000_000
    assert settings.profile is Profile.V2_0
    assert settings.variant is DrawVariant.CLASSIC


def test_rate_starts_from_the_measured_capacity_and_the_user_overrides_it() -> None:
    measured = plan(Scenario.SERVER, per_s=1000.0).configured
    assert isinstance(measured.settings.load, Server)
    assert measured.settings.load.target_qps == 300.0
    assert "measured" in measured.line("server_target_qps").origin
    asked = plan(Scenario.SERVER, per_s=1000.0, settings=("target_qps=750",)).configured
    assert isinstance(asked.settings.load, Server)
    assert asked.settings.load.target_qps == 750.0
    assert asked.line("server_target_qps").origin == "command line"


@pytest.mark.parametrize(
    ("scenario", "settings", "names"),
    [
        (Scenario.SERVER, ("target_latency=20", "qsl_rng_seed=1"), ["target_latency", "qsl_rng_seed"]),
        (Scenario.SINGLE_STREAM, ("min_duration=1000",), ["min_duration"]),
        (Scenario.MULTI_STREAM, ("samples_per_query=4",), ["samples_per_query"]),
    ],
)
def test_official_run_refuses_what_the_rules_fix(
    scenario: Scenario, settings: tuple[str, ...], names: list[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        plan(scenario, official=True, settings=settings)
    for name in names:
        assert any(name in problem for problem in caught.value.problems), caught.value.problems


def test_user_conf_that_is_written_gives_the_same_settings_when_read(tmp_path: Path) -> None:
    first = plan(Scenario.SERVER, per_s=1234.0)
    path = tmp_path / "user.conf"
    path.write_text(first.user_conf)
    again = plan(Scenario.SERVER, user_conf=(path,))
    assert again.configured.settings == first.configured.settings
    assert again.configured.line("server_target_qps").origin.endswith("user.conf:2")
