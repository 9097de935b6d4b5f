"""Where the settings of a run come from: one layer per source, each value with its origin.

Nothing is decided here; :mod:`levelfield.loadgen.configure` lays the layers over each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from pathlib import Path
from typing import TypeAlias

from levelfield.formats.loadgen_conf import ConfFile, read
from levelfield.formats.loadgen_conf_traps import read_strict
from levelfield.loadgen.setting_names import SettingValue, setting
from levelfield.rules.model import LimitKind, RuleSet, ScenarioRule
from levelfield.terms import Edition, Profile, Scenario
from levelfield.units import NS_PER_MS

__all__ = [
    "Bound",
    "ConfLayer",
    "Layer",
    "Lock",
    "Rank",
    "Value",
    "ValueLayer",
    "conf_layer",
    "locks_of",
    "rules_layer",
    "values_layer",
]


class Rank(IntEnum):
    """Precedence: a later one overrides an earlier one."""

    DEFAULT = 0
    RULES = 1
    WORKLOAD = 2
    """What the edition of a benchmark brings: the mini edition's own latency limit."""
    OFFICIAL = 3
    """``mlperf.conf``."""
    QUICK = 4
    """Short durations for a try-out."""
    USER = 5
    """``user.conf``."""
    NATIVE = 6
    """Our own ``levelfield.toml``."""
    AUDIT = 7
    """``audit.config``."""
    COMMAND_LINE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value for one setting."""

    name: str
    """As LoadGen's ``TestSettings`` has it: ``server_target_latency_ns``."""
    value: SettingValue
    """In the setting's own unit."""
    origin: str
    """``levelfield.toml:7``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLayer:
    """Values that mean the same for every run."""

    rank: Rank
    values: tuple[Value, ...]
    path: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfLayer:
    """A file of LoadGen's format, whose meaning depends on model, scenario and profile."""

    rank: Rank
    conf: ConfFile
    model: str
    """How the file's keys name the benchmark; ``*`` for ``audit.config``."""
    sha256: str

    @property
    def path(self) -> str:
        """The file."""
        return self.conf.path


Layer: TypeAlias = ValueLayer | ConfLayer


class Bound(Enum):
    """How a rule fixes a value."""

    EQUAL = "exactly"
    AT_LEAST = "at least"
    AT_LEAST_OR_ZERO = "0 or at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A value that the user may not change, or only to the harder side."""

    name: str
    bound: Bound
    value: SettingValue
    clause: str

    def allows(self, value: SettingValue) -> bool:
        """Whether a value is within the rule."""
        assert not isinstance(value, str)
        assert not isinstance(self.value, str)
        match self.bound:
            case Bound.EQUAL:
                return value == self.value
            case Bound.AT_LEAST:
                return value >= self.value
            case Bound.AT_LEAST_OR_ZERO:
                return value == 0 or value >= self.value
            case Bound.AT_MOST:
                return value <= self.value


def values_layer(rank: Rank, values: Mapping[str, SettingValue], *, origin: str) -> ValueLayer:
    """A layer of plain values: what a workload or the quick mode brings.

    Args:
        rank: Whose values these are.
        values: By setting name (``min_duration_ms``), in the setting's own unit.
        origin: What to show: ``quick``.

    Raises:
        KeyError: A name is no setting.
    """
    return ValueLayer(
        rank=rank,
        values=tuple(Value(name=setting(name).name, value=value, origin=origin) for name, value in values.items()),
    )


def conf_layer(path: Path, rank: Rank, *, model: str, profile: Profile, strict: bool = True) -> ConfLayer:
    """A file of LoadGen's format.

    Args:
        path: The file.
        rank: ``OFFICIAL``, ``USER`` or ``AUDIT``.
        model: How its keys name the benchmark (:attr:`ScenarioRule.config_model`). ``audit.config`` is applied with
            ``*`` whatever is given, as LoadGen does: lines for one model have no effect there.
        profile: Whose release reads it.
        strict: Refuse lines that LoadGen would not read as meant.

    Raises:
        InputError: It cannot be opened.
        ConfigError: It cannot be read; every line at fault is listed.
    """
    conf = read_strict(path, profile=profile) if strict else read(path)
    return ConfLayer(
        rank=rank,
        conf=conf,
        model="*" if rank is Rank.AUDIT else model,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def rules_layer(rules: RuleSet, rule: ScenarioRule, *, edition: Edition) -> ValueLayer:
    """What a round sets for a benchmark in a scenario: the content of its official configuration.

    Args:
        rules: The round.
        rule: Its rule for the benchmark and scenario.
        edition: Sample counts are those of the full edition; a mini one brings its own.
    """
    values = []

    def add(name: str, value: SettingValue | None, field: str) -> None:
        if value is not None:
            values.append(Value(name=name, value=value, origin=f"rules:{rules.name} § {rule.citation(field).clause}"))

    for name, seed in _seeds(rules):
        values.append(Value(name=name, value=seed, origin=f"rules:{rules.name} § {rules.seeds.citation.clause}"))
    match rule.runs_as:
        case Scenario.SINGLE_STREAM:
            add("single_stream_expected_latency_ns", _float(rule.placeholder_latency_ns), "placeholder_latency_ns")
            add("single_stream_target_latency_percentile", rule.percentile, "percentile")
        case Scenario.MULTI_STREAM:
            add("multi_stream_expected_latency_ns", _float(rule.placeholder_latency_ns), "placeholder_latency_ns")
            add("multi_stream_target_latency_percentile", rule.percentile, "percentile")
            add("multi_stream_samples_per_query", rule.samples_per_query, "samples_per_query")
        case Scenario.SERVER:
            add("server_target_qps", rule.placeholder_qps, "placeholder_qps")
            add("server_target_latency_percentile", rule.percentile, "percentile")
            limit = rule.limit()
            # With token limits the end-to-end latency is not judged; the official files set it to 0.
            if rule.limit(LimitKind.TTFT):
                add("server_target_latency_ns", 0, "ttft_limit_ns")
            elif limit:
                add("server_target_latency_ns", limit.limit_ns, "latency_limit_ns")
            else:
                add("server_target_latency_ns", rule.placeholder_latency_ns, "placeholder_latency_ns")
        case Scenario.OFFLINE:
            add("offline_expected_qps", rule.placeholder_qps, "placeholder_qps")
    offline = rule.runs_as is Scenario.OFFLINE
    add("min_duration_ms", rule.min_duration_ns // NS_PER_MS, "min_duration_ns")
    # In Offline the configuration's query count is what LoadGen takes for the samples of its one query.
    add(
        "min_query_count",
        rule.min_samples if offline else rule.min_queries,
        "min_samples" if offline else "min_queries",
    )
    add("sample_concatenate_permutation", rule.equal_issue, "equal_issue")
    if edition is Edition.FULL:
        field = "performance_sample_count_override"
        add(field, rule.performance_sample_count_override, field if _has(rule, field) else "performance_samples")
        if rule.sizes.accuracy != rule.sizes.dataset:
            add("accuracy_sample_count_override", rule.sizes.accuracy, "accuracy_samples")
    if rule.token_latencies:
        add("use_token_latencies", value=True, field="token_latencies")
        for name, kind, field in TOKEN_LIMITS:
            limit = rule.limit(kind)
            if limit:
                add(name, limit.limit_ns, field)
    return ValueLayer(rank=Rank.RULES, values=tuple(values), path=rules.name, sha256=rules.sha256)


TOKEN_LIMITS = (
    ("server_ttft_latency", LimitKind.TTFT, "ttft_limit_ns"),
    ("server_tpot_latency", LimitKind.TPOT, "tpot_limit_ns"),
)


def locks_of(rules: RuleSet, rule: ScenarioRule, *, edition: Edition) -> tuple[Lock, ...]:
    """What a submitter of the closed division may not change, or only to the harder side.

    The minimum number of queries is not among it where early stopping decides; the expected load never is.
    """
    locks = [
        Lock(name=name, bound=Bound.EQUAL, value=seed, clause=rules.seeds.citation.clause)
        for name, seed in _seeds(rules)
    ]

    def lock(name: str, bound: Bound, value: SettingValue | None, field: str) -> None:
        if value is not None:
            locks.append(Lock(name=name, bound=bound, value=value, clause=rule.citation(field).clause))

    match rule.runs_as:
        case Scenario.SINGLE_STREAM:
            lock("single_stream_target_latency_percentile", Bound.EQUAL, rule.percentile, "percentile")
        case Scenario.MULTI_STREAM:
            lock("multi_stream_target_latency_percentile", Bound.EQUAL, rule.percentile, "percentile")
            lock("multi_stream_samples_per_query", Bound.EQUAL, rule.samples_per_query, "samples_per_query")
        case Scenario.SERVER:
            lock("server_target_latency_percentile", Bound.EQUAL, rule.percentile, "percentile")
            limit = rule.limit()
            if limit:
                lock("server_target_latency_ns", Bound.AT_MOST, limit.limit_ns, "latency_limit_ns")
        case Scenario.OFFLINE:
            lock("min_query_count", Bound.AT_LEAST, rule.min_samples, "min_samples")
    if not rule.early_stopping and rule.runs_as is not Scenario.OFFLINE:
        lock("min_query_count", Bound.AT_LEAST, rule.min_queries, "min_queries")
    lock("min_duration_ms", Bound.AT_LEAST, rule.min_duration_ns // NS_PER_MS, "min_duration_ns")
    lock("sample_concatenate_permutation", Bound.EQUAL, rule.equal_issue, "equal_issue")
    locks += [
        Lock(name=name, bound=Bound.EQUAL, value=False, clause="for audits only")
        for name in ("performance_issue_unique", "performance_issue_same")
    ]
    if edition is Edition.FULL:
        override = "performance_sample_count_override"
        lock(override, Bound.AT_LEAST_OR_ZERO, rule.sizes.performance, "performance_samples")
    if rule.token_latencies:
        lock("use_token_latencies", Bound.EQUAL, value=True, field="token_latencies")
        for name, kind, field in TOKEN_LIMITS:
            limit = rule.limit(kind)
            if limit:
                lock(name, Bound.AT_MOST, limit.limit_ns, field)
    return tuple(locks)


def _seeds(rules: RuleSet) -> tuple[tuple[str, int], ...]:
    seeds = rules.seeds
    return (
        ("qsl_rng_seed", seeds.qsl),
        ("sample_index_rng_seed", seeds.sample_index),
        ("schedule_rng_seed", seeds.schedule),
    )


def _has(rule: ScenarioRule, field: str) -> bool:
    return any(name == field for name, _ in rule.citations)


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)
