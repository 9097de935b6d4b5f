"""The rules of one round of an inference suite, as frozen values.

A rule set answers two kinds of question. What holds in the round as a whole: seeds, audits, folder layout,
required fields. And what holds for one benchmark in one scenario: :meth:`RuleSet.rule` gives a
:class:`ScenarioRule` in which everything is resolved, with the clause of each value.

Nothing here computes more than a bound from a reference and a fraction; who judges is the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from enum import StrEnum
from typing import TypeAlias

from levelfield.errors import nearest
from levelfield.frozen import frozen
from levelfield.rules.layout import CsvFormat, ExtraFiles, Fields, OfficialCheck, Place, PlaceName, Reaction
from levelfield.terms import Availability, Division, DrawVariant, Profile, Scenario, Suite

__all__ = [
    "AccuracyMetric",
    "Audit",
    "AuditSetting",
    "Benchmark",
    "Citation",
    "Document",
    "Guess",
    "InferenceKind",
    "InferredResult",
    "LatencyLimit",
    "LimitKind",
    "MappedBy",
    "MappedFolder",
    "ResultField",
    "RuleFile",
    "RuleSet",
    "ScenarioRule",
    "Seeds",
    "Sizes",
    "Source",
    "SuiteScenarios",
    "Thresholds",
]

Document: TypeAlias = "dict[str, Document | list[Document] | str | int | float | bool]"
"""A rule file as TOML reads it. Only the loader and ``diff`` look inside."""


class LimitKind(StrEnum):
    """Which latency a limit is for."""

    LATENCY = "latency"
    """From the query's due time to its completion."""
    TTFT = "time to first token"
    TPOT = "time per output token"


class InferenceKind(StrEnum):
    """How a result is computed from the log of another scenario."""

    SCALED = "scaled"
    """``factor`` times the field."""
    SAMPLES_PER_LATENCY = "samples-per-latency"
    """``factor`` times samples per query, per second of the field, which is a latency in ns."""


class MappedBy(StrEnum):
    """How a folder name was recognised as a benchmark."""

    NAME = "name"
    ALIAS = "alias"
    GUESS = "guess"


@frozen
class Source:
    """A public repository at a revision."""

    key: str
    """The short name in the rule file."""
    repository: str
    """``mlcommons/inference``."""
    revision: str
    """Tag or commit."""
    date: str
    """ISO 8601."""

    def __str__(self) -> str:
        """``mlcommons/inference@v2.0 (33894a19)``."""
        return f"{self.repository}@{self.revision}"


@frozen
class Citation:
    """The clause that a value comes from."""

    key: str
    document: str
    """A file in the source."""
    section: str
    """Heading, symbol or lines in it."""
    source: Source

    @property
    def clause(self) -> str:
        """File and section: ``inference_rules.adoc, Scenarios``."""
        return f"{self.document.rpartition('/')[2]}, {self.section}"

    def __str__(self) -> str:
        """Clause and source on one line."""
        return f"{self.clause} ({self.source})"


@frozen
class Seeds:
    """The round's official seeds, unsigned 64-bit."""

    qsl: int
    sample_index: int
    schedule: int
    citation: Citation


@frozen
class LatencyLimit:
    """What the tail of a latency must not exceed."""

    kind: LimitKind
    limit_ns: int
    percentile: float
    """Fraction of queries that must keep it: 0.99."""
    citation: Citation


@frozen
class AccuracyMetric:
    """One accuracy number with its bounds. A benchmark may have several; all must hold."""

    key: str
    """The checker's name: ``acc``."""
    name: str
    """For people: ``top-1 accuracy``."""
    unit: str
    pattern: str
    """Regular expression for a line of ``accuracy.txt``; group 1 is the number."""
    reference: float | None
    """What the reference model reaches, where bounds are fractions of it."""
    fraction: float | None
    lower: float
    """The value must be at least this."""
    upper: float | None
    """The value must be at most this."""
    delta_fraction: float | None
    """How far two runs of the same system may differ, where the round says so for this metric."""
    note: str
    citation: Citation

    def holds(self, value: float) -> bool:
        """Whether an unrounded value is within the bounds."""
        return value >= self.lower and (self.upper is None or value <= self.upper)


@frozen
class Sizes:
    """Three sample counts that only sometimes are the same number."""

    dataset: int
    """Items in the whole set."""
    accuracy: int
    """How many of them the accuracy run covers."""
    performance: int
    """The least number that a performance run must have loaded."""


@frozen
class ResultField:
    """Where the headline number is found, and in which unit it is published."""

    key: str
    """In the detail log."""
    divisor: int
    """The log's number divided by this is in ``unit``: 1 000 000 for ns to ms."""
    unit: str
    """As the summary table spells it: ``Latency (ms)``."""
    higher_is_better: bool
    power_unit: str


@frozen
class AuditSetting:
    """One line of an audit's ``audit.config``, in that file's own key and unit."""

    key: str
    value: int | float


@frozen
class Thresholds:
    """What an audit's outcome is held against; what does not apply is ``None``."""

    performance_fraction: float | None = None
    """The score may differ by this share, either way."""
    faster_fraction: float | None = None
    """The score may be better by this share at most."""
    relaxed_fraction: float | None = None
    """Takes the place of the two above where latencies are very short."""
    relaxed_up_to_ns: tuple[tuple[str, int], ...] = ()
    """By scenario: the reference latency up to which the relaxed share applies."""
    accuracy_fraction: float | None = None
    """Two accuracy scores may differ by this share."""
    score_min: float | None = None
    """The accuracy of the audited run must reach this."""
    output_tokens_min: float | None = None
    """Least mean number of output tokens."""
    output_tokens_max: float | None = None
    entropy_fraction: float | None = None
    """Normalised entropies of matched samples may differ by this share."""

    def relaxed(self, scenario: str, latency_ns: float) -> bool:
        """Whether a reference latency is so short that the relaxed share applies."""
        return any(name == scenario and latency_ns <= bound for name, bound in self.relaxed_up_to_ns)


@frozen
class Audit:
    """A compliance test as it applies to one benchmark."""

    name: str
    """``TEST01``, also the folder's name."""
    title: str
    compared_with: str | None
    """``performance``, or the audit whose run is the reference; ``None`` where nothing is compared."""
    settings: tuple[AuditSetting, ...]
    thresholds: Thresholds
    files: tuple[str, ...]
    """What the audit's folder must hold besides its logs."""
    citation: Citation

    def setting(self, key: str) -> int | float | None:
        """The value of one line of ``audit.config``, or ``None``."""
        return next((line.value for line in self.settings if line.key == key), None)


@frozen
class ScenarioRule:
    """Everything that the round fixes for one benchmark in one scenario."""

    benchmark: str
    scenario: str
    """The name of the scenario folder: one of LoadGen's, or one of the round's own (``Interactive``)."""
    runs_as: Scenario
    """What LoadGen runs for it."""
    config_model: str
    """The benchmark's name in LoadGen's configuration files: ``bert`` for ``bert-99``."""
    percentile: float | None
    """The tail that counts, as a fraction; ``None`` where there is none (Offline)."""
    samples_per_query: int
    min_duration_ns: int
    """0 where the round waives it."""
    min_queries: int
    """As the official configuration sets it; with ``early_stopping`` fewer are accepted."""
    min_samples: int
    """In one query (Offline)."""
    early_stopping: bool
    """Whether the early-stopping condition decides, in place of the hard minimum of queries."""
    equal_issue: bool
    """Whether every sample is issued equally often (``sample_concatenate_permutation``)."""
    token_latencies: bool
    """Whether token latencies must be measured."""
    limits: tuple[LatencyLimit, ...]
    sizes: Sizes
    performance_sample_count_override: int
    """As the official configuration sets it; 0 = all that the sample library has."""
    accuracy: tuple[AccuracyMetric, ...]
    result: ResultField
    audits: tuple[Audit, ...]
    placeholder_latency_ns: int | None
    """What the official configuration holds until the user says what to expect."""
    placeholder_qps: float | None
    citations: tuple[tuple[str, Citation], ...]
    """By field name of the rule file: ``min_duration_ns``."""

    def citation(self, field_name: str) -> Citation:
        """The clause of one value, by its name in the rule file.

        Raises:
            KeyError: There is no such value here; the name is wrong in the code.
        """
        return dict(self.citations)[field_name]

    def limit(self, kind: LimitKind = LimitKind.LATENCY) -> LatencyLimit | None:
        """The limit of one kind, if the round has one here."""
        return next((limit for limit in self.limits if limit.kind is kind), None)

    def audit(self, name: str) -> Audit:
        """One audit of this benchmark.

        Raises:
            UsageError: It is not required here; the message names the nearest one.
        """
        for audit in self.audits:
            if audit.name.lower() == name.lower():
                return audit
        raise nearest(name, [audit.name for audit in self.audits], what=f"audit of {self.benchmark}")


@frozen
class SuiteScenarios:
    """Which scenarios a closed submission of a benchmark has in a suite."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    """Of each group at least one."""
    accuracy_only: tuple[str, ...] = ()
    """Needed, but without a performance result."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every scenario that may occur, each once."""
        groups = (self.required, self.optional, *self.one_of, self.accuracy_only)
        return tuple(dict.fromkeys(name for group in groups for name in group))

    def __or__(self, other: SuiteScenarios) -> SuiteScenarios:
        """What a system for both suites has: required where either requires."""
        required = tuple(dict.fromkeys((*self.required, *other.required)))
        return SuiteScenarios(
            required=required,
            optional=tuple(s for s in dict.fromkeys((*self.optional, *other.optional)) if s not in required),
            one_of=tuple(
                group for group in dict.fromkeys((*self.one_of, *other.one_of)) if not set(group) & set(required)
            ),
            accuracy_only=tuple(
                s for s in dict.fromkeys((*self.accuracy_only, *other.accuracy_only)) if s not in required
            ),
        )


@frozen
class Benchmark:
    """One benchmark of the round."""

    name: str
    """The folder name: ``resnet50``."""
    checker_name: str
    """What the official checker calls it: ``resnet``."""
    aliases: tuple[str, ...]
    """Further folder names that the round maps to it."""
    title: str
    model: str
    dataset: str
    suites: tuple[tuple[Suite, SuiteScenarios], ...]
    both_suites: SuiteScenarios | None
    """For a ``datacenter,edge`` system, where it is not simply the union."""
    extra_files: tuple[ExtraFiles, ...]
    notes: tuple[str, ...]
    """Where public sources disagree, and which one is applied."""
    rules: tuple[ScenarioRule, ...]

    def in_suites(self, suites: frozenset[Suite]) -> SuiteScenarios | None:
        """The scenarios for a system of these suites; ``None`` where the benchmark is in none of them."""
        if len(suites) == len(Suite) and self.both_suites is not None:
            return self.both_suites if self.both_suites.names else None
        found = [scenarios for suite, scenarios in self.suites if suite in suites]
        return None if not found else found[0] if len(found) == 1 else found[0] | found[1]

    def rule(self, scenario: str) -> ScenarioRule:
        """What holds in one scenario.

        Raises:
            UsageError: The benchmark has no such scenario; the message names the nearest one.
        """
        for rule in self.rules:
            if rule.scenario.lower() == scenario.lower():
                return rule
        raise nearest(scenario, [rule.scenario for rule in self.rules], what=f"scenario of {self.name}")


@frozen
class Guess:
    """A benchmark for folder names that contain any of some words."""

    contains: tuple[str, ...]
    benchmark: str


@frozen
class MappedFolder:
    """Which benchmark a folder name stands for, and how sure that is."""

    benchmark: Benchmark
    by: MappedBy


@frozen
class InferredResult:
    """A scenario that edge systems may claim from the logs of another one."""

    source: str
    target: str
    field: str
    """In the detail log of the source."""
    kind: InferenceKind
    factor: int
    power_factor: int
    citation: Citation


@frozen
class RuleFile:
    """A file that the rules were read from."""

    name: str
    """Below ``rules/data``, or the path that was given."""
    sha256: str


@frozen
class RuleSet:
    """The rules of one round."""

    name: str
    """``inference-v2.0``."""
    family: str
    version: str
    extends: str | None
    profile: Profile
    """Whose semantics LoadGen follows in this round."""
    draw_variant: DrawVariant
    divisions: tuple[Division, ...]
    availabilities: tuple[Availability, ...]
    accuracy_log_max_bytes: int
    loadgen_revisions: tuple[str, ...]
    """Commits of LoadGen that belong to the round, ten digits each; empty where the round does not say."""
    early_stopping_prototypes: tuple[str, ...]
    """Those of them whose early stopping is not the rule's yet."""
    seeds: Seeds
    scenarios: tuple[str, ...]
    """The scenario folders of the round."""
    benchmarks: tuple[Benchmark, ...]
    guesses: tuple[Guess, ...]
    inferred: tuple[InferredResult, ...]
    audits: tuple[str, ...]
    places: tuple[Place, ...]
    fields: Fields
    csv: CsvFormat
    official: tuple[OfficialCheck, ...]
    sources: tuple[Source, ...]
    files: tuple[RuleFile, ...]
    """The base first; each round names the files that make it up."""
    sha256: str
    """Of the rule file; with bases, of the hashes of all files in order."""
    document: Document = field(repr=False, compare=False)
    """The whole round as one document, bases merged in."""

    def __iter__(self) -> Iterator[Benchmark]:
        """The benchmarks in the order of the rule file."""
        return iter(self.benchmarks)

    def benchmark(self, name: str) -> Benchmark:
        """A benchmark by folder name, checker name or alias, in any case.

        Raises:
            UsageError: There is none; the message names the nearest one.
        """
        wanted = name.lower()
        for benchmark in self.benchmarks:
            if wanted in {benchmark.name.lower(), benchmark.checker_name.lower()}:
                return benchmark
        for benchmark in self.benchmarks:
            if wanted in {alias.lower() for alias in benchmark.aliases}:
                return benchmark
        raise nearest(name, [benchmark.name for benchmark in self.benchmarks], what="benchmark")

    def rule(self, benchmark: str, scenario: str) -> ScenarioRule:
        """What holds for a benchmark in a scenario.

        Raises:
            UsageError: Either is unknown.
        """
        return self.benchmark(benchmark).rule(scenario)

    def map_folder(self, folder: str) -> MappedFolder | None:
        """Which benchmark a folder of a submission stands for, by the round's own steps.

        Exact name, then alias, then the checker's guesses by part of the name; ``None`` where nothing fits.
        """
        for benchmark in self.benchmarks:
            if folder in {benchmark.name, benchmark.checker_name}:
                return MappedFolder(benchmark=benchmark, by=MappedBy.NAME)
        for benchmark in self.benchmarks:
            if folder in benchmark.aliases:
                return MappedFolder(benchmark=benchmark, by=MappedBy.ALIAS)
        for guess in self.guesses:
            if any(word in folder for word in guess.contains):
                return MappedFolder(benchmark=self.benchmark(guess.benchmark), by=MappedBy.GUESS)
        return None

    def place(self, name: PlaceName) -> Place | None:
        """A place of the layout, if the round has it."""
        return next((place for place in self.places if place.name is name), None)

    def reaction(self, condition: str) -> Reaction:
        """What the official checker does where a condition fails; what is not listed is not looked at."""
        return next((check.reaction for check in self.official if check.condition == condition), Reaction.IGNORE)
