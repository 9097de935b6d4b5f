"""The settings of one scenario: the rules, what quick mode shortens, what the user says, and a rate to start from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from levelfield.formats.loadgen_conf import Line, write
from levelfield.inference.capacity import Capacity
from levelfield.inference.request import RunRequest
from levelfield.loadgen.configure import Configured, configure
from levelfield.loadgen.layers import Layer, Rank, conf_layer, locks_of, rules_layer, values_layer
from levelfield.loadgen.native import command_line_layer, native_keys, native_layer
from levelfield.loadgen.official_conf import mlperf_conf
from levelfield.loadgen.setting_names import SettingValue
from levelfield.loadgen.settings import MultiStream, Offline, Server, Settings, SingleStream
from levelfield.rules.model import RuleSet, ScenarioRule
from levelfield.terms import Mode, Scenario
from levelfield.units import NS_PER_MS, NS_PER_S, format_rate

__all__ = ["Plan", "plan_scenario"]

QUICK_DURATION_MS = {
    Scenario.SINGLE_STREAM: 4_000,
    Scenario.MULTI_STREAM: 4_000,
    Scenario.SERVER: 10_000,
    Scenario.OFFLINE: 4_000,
}
"""Server is judged by what one query in a hundred meets: in four seconds one pause of 45 ms is as much."""
QUICK_QUERIES = {
    Scenario.SINGLE_STREAM: 1_024,
    Scenario.MULTI_STREAM: 662,
    Scenario.SERVER: 1_024,
    Scenario.OFFLINE: 1_024,
}
"""MultiStream: the least that early stopping can judge a 99th percentile from. Offline: samples of the one query."""
OFFLINE_SLACK = 1.5
"""The one query must last for the minimum duration even if the system turns out to be faster than in the short try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One scenario, configured."""

    rule: ScenarioRule
    configured: Configured
    mlperf_conf: str
    """The round's own values, in LoadGen's format."""
    user_conf: str
    """What this run adds to them, in LoadGen's format."""

    def settings(self, mode: Mode) -> Settings:
        """The settings for a mode."""
        return replace(self.configured.settings, mode=mode)


def plan_scenario(request: RunRequest, rules: RuleSet, rule: ScenarioRule, *, capacity: Capacity | None) -> Plan:
    """Configure a scenario.

    Args:
        request: What the user asks.
        rules: The round.
        rule: Its rule for the benchmark and scenario.
        capacity: What the system was seen to take; ``None`` = not known yet.

    Raises:
        ConfigError: A configuration file or a setting on the command line cannot be read.
        SettingsError: Something that the rules fix was changed in an official run.
    """
    scenario = rule.runs_as
    layers: list[Layer] = [rules_layer(rules, rule, edition=request.edition)]
    if capacity is not None:
        origin = f"measured: this system takes {format_rate(capacity.per_s)} when it is never without work"
        layers.append(values_layer(Rank.WORKLOAD, _expected(scenario, rule, capacity), origin=origin))
    if not request.official:
        quick = {"min_duration_ms": QUICK_DURATION_MS[scenario], "min_query_count": QUICK_QUERIES[scenario]}
        layers.append(values_layer(Rank.QUICK, quick, origin="quick run (the rule needs --official)"))
    layers += [
        conf_layer(path, Rank.USER, model=rule.config_model, profile=rules.profile) for path in request.user_conf
    ]
    if request.native_conf is not None:
        layers.append(native_layer(request.native_conf, scenario=scenario))
    if request.audit_conf is not None:
        layers.append(conf_layer(request.audit_conf, Rank.AUDIT, model=rule.config_model, profile=rules.profile))
    pairs = [pair for pair in request.settings if not _is_for_another(pair, scenario, request.scenarios)]
    if request.duration_s is not None and 0 <= request.duration_s < math.inf:  # else RunRequest.problems says so
        pairs.append(f"min_duration={round(request.duration_s * 1000)}")
    layers.append(command_line_layer(pairs, scenario=scenario))
    configured = configure(
        layers,
        scenario=scenario,
        profile=rules.profile,
        draw_variant=rules.draw_variant,
        locks=locks_of(rules, rule, edition=request.edition) if request.official else (),
    )
    return Plan(
        rule=rule,
        configured=configured,
        mlperf_conf=mlperf_conf(rules),
        user_conf=_user_conf(rule, configured.settings),
    )


def _is_for_another(pair: str, scenario: Scenario, asked: tuple[Scenario, ...]) -> bool:
    """Whether ``key=value`` means nothing in this scenario but something in another that runs too."""
    key = pair.partition("=")[0].strip()
    return key not in native_keys(scenario) and any(key in native_keys(other) for other in asked)


def _expected(scenario: Scenario, rule: ScenarioRule, capacity: Capacity) -> dict[str, SettingValue]:
    """What load to expect, from the capacity."""
    match scenario:
        case Scenario.SINGLE_STREAM:
            return {"single_stream_expected_latency_ns": round(NS_PER_S / capacity.per_s)}
        case Scenario.MULTI_STREAM:
            return {"multi_stream_expected_latency_ns": round(NS_PER_S * rule.samples_per_query / capacity.per_s)}
        case Scenario.SERVER:
            limit = rule.limit()
            rate = capacity.server_rate(None if limit is None else limit.limit_ns, rule.percentile)
            return {"server_target_qps": float(f"{rate:.3g}")}
        case Scenario.OFFLINE:
            return {"offline_expected_qps": float(f"{OFFLINE_SLACK * capacity.best_per_s:.4g}")}


def _user_conf(rule: ScenarioRule, settings: Settings) -> str:
    """The expected load and the durations, as a submitter's ``user.conf`` states them."""
    load = settings.load
    values: dict[str, int | float] = {}
    match load:
        case SingleStream() | MultiStream():
            values["target_latency"] = load.expected_latency_ns / NS_PER_MS
        case Server():
            values["target_qps"] = load.target_qps
            values["target_latency"] = load.target_latency_ns // NS_PER_MS
        case Offline():
            values["target_qps"] = load.expected_qps
    values["min_duration"] = settings.min_duration_ms
    values["min_query_count"] = settings.min_query_count
    lines = [Line(comment="What this run sets beside the round's own configuration; times are milliseconds.")]
    lines += [
        Line(model=rule.config_model, scenario=rule.runs_as, key=key, value=value) for key, value in values.items()
    ]
    return write(lines)
