"""Every setting by the name that LoadGen's ``TestSettings`` gives it, with its unit and its place in our settings.

These names stand in result files and tables; the shorter ones of configuration files (``target_latency``) are keys,
which name a setting together with a scenario.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from levelfield.loadgen.settings import Settings, default_load
from levelfield.terms import Mode, Scenario

__all__ = ["SETTINGS", "Setting", "SettingValue", "Unit", "replaced", "setting", "shown", "starting_from", "value_of"]

SettingValue: TypeAlias = "int | float | bool | Mode"


class Unit(Enum):
    """What a setting counts."""

    NS = "ns"
    MS = "ms"
    FRACTION = "%"
    PER_S = "/s"
    COUNT = ""
    FLAG = "flag"
    MODE = "mode"
    SEED = "seed"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting."""

    name: str
    """``server_target_latency_ns``."""
    part: str
    """Where it lies: "" = in Settings itself, else ``load``, ``seeds`` or ``tokens``."""
    field: str
    """The field there."""
    unit: Unit
    whole: bool
    """Whether it is an integer."""
    scenario: Scenario | None = None
    """The only scenario that has it."""


SINGLE, MULTI, SERVER, OFFLINE = Scenario
ROWS: tuple[tuple[str, str, str, Unit, bool, Scenario | None], ...] = (
    ("mode", "", "mode", Unit.MODE, True, None),
    ("single_stream_expected_latency_ns", "load", "expected_latency_ns", Unit.NS, False, SINGLE),
    ("single_stream_target_latency_percentile", "load", "target_latency_percentile", Unit.FRACTION, False, SINGLE),
    ("multi_stream_expected_latency_ns", "load", "expected_latency_ns", Unit.NS, False, MULTI),
    ("multi_stream_target_latency_percentile", "load", "target_latency_percentile", Unit.FRACTION, False, MULTI),
    ("multi_stream_samples_per_query", "load", "samples_per_query", Unit.COUNT, True, MULTI),
    ("server_target_qps", "load", "target_qps", Unit.PER_S, False, SERVER),
    ("server_target_latency_ns", "load", "target_latency_ns", Unit.NS, True, SERVER),
    ("server_target_latency_percentile", "load", "target_latency_percentile", Unit.FRACTION, False, SERVER),
    ("server_coalesce_queries", "load", "coalesce_queries", Unit.FLAG, True, SERVER),
    ("server_max_async_queries", "load", "max_async_queries", Unit.COUNT, True, SERVER),
    ("server_num_issue_query_threads", "load", "issue_query_threads", Unit.COUNT, True, SERVER),
    (
        "server_find_peak_qps_decimals_of_precision",
        "load",
        "find_peak_qps_decimals_of_precision",
        Unit.COUNT,
        True,
        SERVER,
    ),
    ("server_find_peak_qps_boundary_step_size", "load", "find_peak_qps_boundary_step_size", Unit.NUMBER, False, SERVER),
    ("offline_expected_qps", "load", "expected_qps", Unit.PER_S, False, OFFLINE),
    ("min_duration_ms", "", "min_duration_ms", Unit.MS, True, None),
    ("max_duration_ms", "", "max_duration_ms", Unit.MS, True, None),
    ("min_query_count", "", "min_query_count", Unit.COUNT, True, None),
    ("max_query_count", "", "max_query_count", Unit.COUNT, True, None),
    ("qsl_rng_seed", "seeds", "qsl", Unit.SEED, True, None),
    ("sample_index_rng_seed", "seeds", "sample_index", Unit.SEED, True, None),
    ("schedule_rng_seed", "seeds", "schedule", Unit.SEED, True, None),
    ("accuracy_log_rng_seed", "seeds", "accuracy_log", Unit.SEED, True, None),
    ("accuracy_log_probability", "", "accuracy_log_probability", Unit.FRACTION, False, None),
    ("accuracy_log_sampling_target", "", "accuracy_log_sampling_target", Unit.COUNT, True, None),
    ("print_timestamps", "", "print_timestamps", Unit.FLAG, True, None),
    ("performance_issue_unique", "", "performance_issue_unique", Unit.FLAG, True, None),
    ("performance_issue_same", "", "performance_issue_same", Unit.FLAG, True, None),
    ("performance_issue_same_index", "", "performance_issue_same_index", Unit.COUNT, True, None),
    ("performance_sample_count_override", "", "performance_sample_count_override", Unit.COUNT, True, None),
    ("accuracy_sample_count_override", "", "accuracy_sample_count_override", Unit.COUNT, True, None),
    ("sample_concatenate_permutation", "", "sample_concatenate_permutation", Unit.FLAG, True, None),
    ("use_token_latencies", "tokens", "use", Unit.FLAG, True, None),
    ("server_ttft_latency", "tokens", "ttft_latency_ns", Unit.NS, True, SERVER),
    ("server_tpot_latency", "tokens", "tpot_latency_ns", Unit.NS, True, SERVER),
    ("infer_token_latencies", "tokens", "infer", Unit.FLAG, True, None),
    ("token_latency_scaling_factor", "tokens", "scaling_factor", Unit.NUMBER, False, None),
)
SETTINGS: tuple[Setting, ...] = tuple(
    Setting(name=name, part=part, field=field, unit=unit, whole=whole, scenario=scenario)
    for name, part, field, unit, whole, scenario in ROWS
)
"""In the order in which people read them."""


NO_LIMIT_IF_ZERO = {"max_duration_ms", "max_query_count", "server_max_async_queries"}


def setting(name: str) -> Setting:
    """A setting by name.

    Raises:
        KeyError: There is none; the name is wrong in the code.
    """
    for known in SETTINGS:
        if known.name == name:
            return known
    raise KeyError(name)


def value_of(settings: Settings, which: Setting) -> SettingValue:
    """The value of a setting."""
    part = getattr(settings, which.part) if which.part else settings
    value: SettingValue = getattr(part, which.field)
    return value


def replaced(settings: Settings, values: dict[str, SettingValue]) -> Settings:
    """Settings with other values, by setting name. Settings that the scenario does not have are left out."""
    parts: dict[str, dict[str, SettingValue]] = {}
    for name, value in values.items():
        which = setting(name)
        if which.scenario in {None, settings.scenario}:
            parts.setdefault(which.part, {})[which.field] = value
    own = parts.pop("", {})
    nested = {part: replace(getattr(settings, part), **fields) for part, fields in parts.items()}
    return replace(settings, **own, **nested)  # type: ignore[arg-type]


def starting_from(scenario: Scenario) -> Settings:
    """LoadGen's defaults for a scenario."""
    return Settings(load=default_load(scenario))


def shown(name: str, value: SettingValue) -> str:
    """A value with its unit, as people read it: ``15 ms``, ``99 %``, ``600 s``, ``yes``."""
    if isinstance(value, Mode):
        return value.value
    if name in NO_LIMIT_IF_ZERO and value == 0:
        return "none"
    match setting(name).unit:
        case Unit.NS:
            return f"{value / 1_000_000:.10g} ms"
        case Unit.MS:
            return f"{value / 1000:.10g} s"
        case Unit.FRACTION:
            return f"{value * 100:.10g} %"
        case Unit.PER_S:
            return f"{value:.10g} /s"
        case Unit.FLAG:
            return "yes" if value else "no"
        case Unit.NUMBER:
            return f"{value:.10g}"
        case Unit.COUNT | Unit.SEED | Unit.MODE:
            return str(value)
