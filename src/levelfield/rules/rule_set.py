"""From a whole rule document to a :class:`RuleSet`. All problems are reported at once, each with its path."""

from __future__ import annotations

import re

from levelfield.errors import RulesError
from levelfield.rules.citations import cite, read_citations, read_sources
from levelfield.rules.document import shown_path
from levelfield.rules.layout import CsvFormat, ExtraFiles, Fields, OfficialCheck, Place, PlaceName, Reaction
from levelfield.rules.model import (
    Benchmark,
    Citation,
    Document,
    Guess,
    InferenceKind,
    InferredResult,
    RuleFile,
    RuleSet,
    ScenarioRule,
    Seeds,
    SuiteScenarios,
)
from levelfield.rules.scenario_rule import (
    Shared,
    check_audit_part,
    check_cites,
    check_rule_table,
    scenario_rule,
)
from levelfield.rules.table import Problems, Table
from levelfield.terms import Availability, Division, DrawVariant, Profile, Suite

__all__ = ["FAMILY", "FORMAT", "build"]

FORMAT = 1
"""Version of the file format. History: 1 (0.1.0) the first."""
FAMILY = "inference"
BOTH_SUITES = "datacenter,edge"
SUITES_OF = (*Suite, BOTH_SUITES)


def build(document: Document, *, name: str, extends: str | None, files: tuple[RuleFile, ...], sha256: str) -> RuleSet:
    """Read a document, bases merged in.

    Args:
        document: The whole round.
        name: ``inference-v2.0``.
        extends: The name of the round that it was made from, if any.
        files: What it was read from, the base first.
        sha256: See :attr:`RuleSet.sha256`.

    Raises:
        RulesError: It does not hold together; every problem is listed with the path of its field.
    """
    problems = Problems()
    top = Table(document, (), problems)
    if top.integer("format") != FORMAT:
        top.wrong("format", f"{FORMAT}")
    top.known("family", [FAMILY], "family")
    sources = read_sources(top)
    citations = read_citations(top, sources)
    shared = Shared(
        citations=citations,
        metrics=top.table("metrics"),
        audits=top.table("audits"),
        scenarios=tuple(top.table("scenarios").values),
    )
    tables = dict(top.table("benchmarks").tables())
    _check_shared(top, shared)
    for table in tables.values():
        _check_benchmark(table, tables, shared)
    _check_names(tables, problems)
    the_round = top.table("round")
    rules = RuleSet(
        name=name,
        family=FAMILY,
        version=top.text("version"),
        extends=extends,
        profile=the_round.choice("profile", Profile),
        draw_variant=the_round.choice("draw_variant", DrawVariant),
        divisions=the_round.choices("divisions", Division),
        availabilities=the_round.choices("availabilities", Availability),
        accuracy_log_max_bytes=the_round.integer("accuracy_log_max_bytes", at_least=1),
        loadgen_revisions=the_round.texts("loadgen_revisions"),
        early_stopping_prototypes=the_round.texts("early_stopping_prototypes"),
        seeds=_seeds(top.table("seeds"), citations),
        scenarios=shared.scenarios,
        guesses=tuple(_guess(table, list(tables)) for table in top.array("guesses")),
        inferred=tuple(_inferred(table, shared) for table in top.array("inferred")),
        audits=tuple(shared.audits.values),
        places=tuple(_place(table) for _, table in top.table("places").tables()),
        fields=_fields(top.table("fields")),
        csv=_csv(top.table("csv")),
        official=tuple(_official(top.table("official"))),
        sources=tuple(sources.values()),
        files=files,
        sha256=sha256,
        document=document,
        # Last, because what refers to a broken table cannot be put together.
        benchmarks=() if problems.found else tuple(_benchmark(table, tables, top, shared) for table in tables.values()),
    )
    the_round.finish()
    top.finish()
    if problems.found:
        raise RulesError(
            f"The rule file {files[-1].name} does not hold together.", problems=dict.fromkeys(problems.found)
        )
    return rules


# ------------------------------------------------------------------------------------------ what is shared


def _check_shared(top: Table, shared: Shared) -> None:
    """The tables that benchmarks refer to."""
    check_cites(top.table("cites"), shared)
    if not shared.scenarios:
        top.wrong("scenarios", "at least one scenario")
    if not _keys(top, "benchmarks"):
        top.wrong("benchmarks", "at least one benchmark")
    defaults = top.table("defaults")
    for table in (defaults, *(table for _, table in top.table("scenarios").tables())):
        check_rule_table(table, shared)
        table.finish()
    for _, metric in shared.metrics.tables():
        metric.text("name")
        metric.text("unit")
        _check_pattern(metric)
        metric.finish()
    for _, audit in shared.audits.tables():
        _check_audit(audit, shared)


def _check_pattern(metric: Table) -> None:
    try:
        groups = re.compile(metric.text("pattern")).groups
    except re.error as error:
        metric.wrong("pattern", f"a regular expression ({error})")
        return
    if groups != 1:
        metric.wrong("pattern", "a regular expression with one group, the number")


def _check_audit(audit: Table, shared: Shared) -> None:
    audit.text("title")
    cite(audit, shared.citations)
    if "compared_with" in audit:
        audit.known("compared_with", ["performance", *shared.audits.values], "audit")
    check_audit_part(audit, shared)


# ---------------------------------------------------------------------------------------------- benchmarks


def _keys(table: Table, key: str) -> list[str]:
    value = table.values.get(key, {})
    return list(value) if isinstance(value, dict) else []


def _check_benchmark(table: Table, tables: dict[str, Table], shared: Shared) -> None:
    table.text("title")
    if "like" in table:
        base = table.known("like", [name for name in tables if name != table.path[-1]], "benchmark")
        if base in tables and "like" in tables[base]:
            table.wrong("like", "a benchmark that is not itself like another one")
    else:
        table.text("model")
        table.text("dataset")
    for name in ("checker_name", "model", "dataset"):
        if name in table:
            table.text(name)
    table.texts("aliases")
    table.texts("notes")
    _suites(table, shared)
    for extra in table.array("extra_files"):
        _extra_files(extra)
    check_rule_table(table, shared)
    scenarios = table.table("scenarios")
    for name, scenario in scenarios.tables():
        scenarios.check_known(name, shared.scenarios, "scenario")
        check_rule_table(scenario, shared)
        scenario.finish()
    table.finish()


def _check_names(tables: dict[str, Table], problems: Problems) -> None:
    """No folder name may stand for two benchmarks."""
    owner: dict[str, str] = {}
    for name, table in tables.items():
        aliases = table.values.get("aliases", [])
        words = [name, table.values.get("checker_name", name), *(aliases if isinstance(aliases, list) else [])]
        for word in dict.fromkeys(str(word).lower() for word in words):
            if word in owner:
                problems.add(table.path, f"the name {word!r} belongs to {owner[word]} already.")
            owner[word] = name


def _suites(table: Table, shared: Shared) -> dict[str, SuiteScenarios]:
    suites = table.table("suites")
    found = {}
    for name, entry in suites.tables():
        suites.check_known(name, SUITES_OF, "suite")
        groups = entry.values.get("one_of", [])
        entry.seen.add("one_of")
        if not isinstance(groups, list) or not all(isinstance(group, list) and group for group in groups):
            entry.wrong("one_of", "a list of lists of scenarios")
            groups = []
        scenarios = SuiteScenarios(
            required=entry.texts("required"),
            optional=entry.texts("optional"),
            one_of=tuple(tuple(str(word) for word in group) for group in groups),
            accuracy_only=entry.texts("accuracy_only"),
        )
        for scenario in scenarios.names:
            entry.check_known(scenario, shared.scenarios, "scenario")
        entry.finish()
        found[name] = scenarios
    return found


def _extra_files(table: Table) -> ExtraFiles:
    extra = ExtraFiles(folder=table.text("folder"), names=table.texts("names", required=True))
    table.finish()
    return extra


def _benchmark(table: Table, tables: dict[str, Table], top: Table, shared: Shared) -> Benchmark:
    name = table.path[-1]
    base = tables[table.text("like")] if "like" in table else table
    suites = _suites(table, shared)
    return Benchmark(
        name=name,
        checker_name=table.text("checker_name", name),
        aliases=table.texts("aliases"),
        title=table.text("title"),
        model=(table if "model" in table else base).text("model"),
        dataset=(table if "dataset" in table else base).text("dataset"),
        suites=tuple((suite, suites[suite]) for suite in Suite if suite in suites),
        both_suites=suites.get(BOTH_SUITES),
        extra_files=tuple(_extra_files(extra) for extra in table.array("extra_files")),
        notes=table.texts("notes"),
        rules=_rules(name, [table] if base is table else [base, table], top, shared),
    )


def _rules(name: str, tables: list[Table], top: Table, shared: Shared) -> tuple[ScenarioRule, ...]:
    """One rule per scenario of the round: the open division may use any."""
    rules, found = [], {}
    for scenario in shared.scenarios:
        layers: list[Document] = [{"cites": top.table("cites").values}, top.table("defaults").values]
        layers.append(top.table("scenarios").table(scenario).values)
        for table in tables:
            layers += [table.values, table.table("scenarios").table(scenario).values]
        local = Problems()
        rules.append(scenario_rule(name, scenario, layers, shared, local))
        found[scenario] = local.found
    everywhere = set.intersection(*(set(texts) for texts in found.values()))
    path = shown_path(("benchmarks", name))
    for scenario, texts in found.items():
        top.problems.found += [
            text if text in everywhere else text.replace(path, f"{path}.scenarios.{scenario}", 1) for text in texts
        ]
    return tuple(rules)


# ------------------------------------------------------------------------------------ the round as a whole


def _seeds(table: Table, citations: dict[str, Citation]) -> Seeds:
    seeds = Seeds(
        qsl=table.seed("qsl"),
        sample_index=table.seed("sample_index"),
        schedule=table.seed("schedule"),
        citation=cite(table, citations),
    )
    table.finish()
    return seeds


def _guess(table: Table, benchmarks: list[str]) -> Guess:
    guess = Guess(
        contains=table.texts("contains", required=True), benchmark=table.known("benchmark", benchmarks, "benchmark")
    )
    table.finish()
    return guess


def _inferred(table: Table, shared: Shared) -> InferredResult:
    inferred = InferredResult(
        source=table.known("source", shared.scenarios, "scenario"),
        target=table.known("target", shared.scenarios, "scenario"),
        field=table.text("field"),
        kind=table.choice("kind", InferenceKind),
        factor=table.integer("factor", at_least=1),
        power_factor=table.integer("power_factor", at_least=1, default=1),
        citation=cite(table, shared.citations),
    )
    table.finish()
    return inferred


def _place(table: Table) -> Place:
    names = Table({"name": table.path[-1]}, table.path, table.problems)
    place = Place(
        name=names.choice("name", PlaceName),
        path=table.text("path"),
        required=table.texts("required"),
        optional=table.texts("optional"),
        one_of=table.texts("one_of"),
        with_power=table.texts("with_power"),
    )
    table.finish()
    return place


def _fields(table: Table) -> Fields:
    fields = Fields(
        system=table.texts("system", required=True),
        system_not_empty=table.texts("system_not_empty"),
        system_power=table.texts("system_power"),
        system_network=table.texts("system_network"),
        measurement=table.texts("measurement", required=True),
    )
    for name in fields.system_not_empty:
        table.check_known(name, fields.system, "field", "system_not_empty")
    table.finish()
    return fields


def _csv(table: Table) -> CsvFormat:
    csv = CsvFormat(columns=table.texts("columns", required=True), quoted=table.texts("quoted"))
    for name in csv.quoted:
        table.check_known(name, csv.columns, "column", "quoted")
    table.finish()
    return csv


def _official(table: Table) -> list[OfficialCheck]:
    return [OfficialCheck(condition=key, reaction=table.choice(key, Reaction)) for key in table.values]
