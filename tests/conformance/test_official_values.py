"""The official values that FromConfig brings along are those that the wheel has compiled in."""

from __future__ import annotations

import pytest

from levelfield.compat import mlperf_loadgen as ours
from levelfield.compat.loadgen.conf import official_values

wheel = pytest.importorskip("mlperf_loadgen", reason="the wheel mlcommons-loadgen is not installed")

MODELS = sorted({entry.key.split(".")[0] for entry in official_values().entries} - {"*"})
SCENARIOS = ("SingleStream", "MultiStream", "Server", "Offline")


def everything(settings: object) -> dict[str, object]:
    names = [name for name in dir(settings) if not name.startswith("_") and name != "FromConfig"]
    return {name: repr(getattr(settings, name)) for name in names}


def test_there_are_the_published_models() -> None:
    assert len(MODELS) == 29
    assert {"resnet50", "3d-unet", "gpt-oss-120b-interactive"} <= set(MODELS)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("model", [*MODELS, "*", "unknown"])
def test_official_values_equal_the_wheel(model: str, scenario: str) -> None:
    mine, theirs = ours.TestSettings(), wheel.TestSettings()
    assert mine.FromConfig("", model, scenario, 0) == theirs.FromConfig("", model, scenario, 0) == 0
    assert everything(mine) == everything(theirs)


def test_values_written_out() -> None:
    settings = ours.TestSettings()
    settings.FromConfig("", "resnet50", "Server", 0)
    assert settings.server_target_latency_ns == 15_000_000
    assert settings.qsl_rng_seed == 2085463073848966840
    assert settings.performance_sample_count_override == 1024
    settings = ours.TestSettings()
    settings.FromConfig("", "llama2-70b-interactive", "Server", 0)
    assert (settings.ttft_latency, settings.tpot_latency) == (450_000_000, 40_000_000)
