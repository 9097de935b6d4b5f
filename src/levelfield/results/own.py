"""Our own runs as results: the ``result.json`` that ``levelfield inference run`` writes, read as a format.

The schemas are ``levelfield.inference-run/1`` (a file with the results of a run) and ``levelfield.inference-result/1``.
An own result is unverified. Its unit and the way that is better come from the rules of its round.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from levelfield.errors import FormatError, InputError
from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification
from levelfield.rules import RuleSet, load
from levelfield.terms import Validity

__all__ = ["RESULT_SCHEMA", "RUN_SCHEMA", "is_own_run", "own_results", "read_own_run"]

RUN_SCHEMA = "levelfield.inference-run/1"
RESULT_SCHEMA = "levelfield.inference-result/1"
LIMIT_BYTES = 64 << 20
"""A run of all benchmarks writes less than one MiB."""
Value = TypeVar("Value")
_UNITS = {"ms": ("Latency (ms)",), "samples/s": ("Samples/s", "Queries/s")}
"""Our unit, and the round's names for it."""


def is_own_run(document: object) -> bool:
    """Whether a JSON document is a run of ours, of any version of its schema."""
    schema = document.get("schema") if isinstance(document, dict) else None
    return isinstance(schema, str) and schema.startswith(("levelfield.inference-run/", "levelfield.inference-result/"))


def read_own_run(path: Path) -> tuple[Result, ...]:
    """Read a ``result.json``, one result for each scenario that was measured.

    Raises:
        InputError: It cannot be read, is no such file, or is incomplete; every problem is listed.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(content) > LIMIT_BYTES:
        raise FormatError(path, "size", f"more than {LIMIT_BYTES >> 20} MiB", "the result.json of a run")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(path, "content", str(error) or "too deep nesting", "JSON") from error
    name = "/".join(path.absolute().parts[-2:])
    return own_results(document, shown=str(path), name=name, sha256=hashlib.sha256(content).hexdigest())


def own_results(document: object, *, shown: str, name: str, sha256: str) -> tuple[Result, ...]:
    """The results of a parsed file.

    Args:
        document: What JSON gave.
        shown: The file, for errors.
        name: The file, for provenance, without what stands above it on this machine.
        sha256: Of the file.

    Raises:
        InputError: It is no such file, or is incomplete; every problem is listed.
        UsageError: Its round is not known here.
    """
    top = _Fields(document if isinstance(document, dict) else {}, "", [])
    match top.raw("schema"):
        case schema if schema == RUN_SCHEMA:
            parts = top.items("results")
        case schema if schema == RESULT_SCHEMA:
            parts = [top]
        case schema:
            raise FormatError(shown, "schema", repr(schema), f"{RUN_SCHEMA} or {RESULT_SCHEMA}")
    # Several runs of one folder's name are sources of their own: the time of the first measurement tells them apart.
    started = min((part.text("started") for part in parts), default="")
    rules = {part.fields("rules").text("name"): (part.text("benchmark"), part.text("scenario")) for part in parts}
    results: list[Result] = []
    if not top.problems and all(rules) and all(all(words) for words in rules.values()):
        results = [_result(part, source=f"{name} of {started}", sha256=sha256) for part in parts]
    if top.problems:
        raise InputError(f"{shown} is not a complete result of a run.", problems=top.problems)
    if not results:
        raise InputError(
            f"{shown} holds no performance result.",
            hint="A run with --accuracy-only has none; run it again without that option.",
        )
    return tuple(results)


class _Fields:
    """One JSON object; what is missing or of another type is collected with its place."""

    def __init__(self, values: Mapping[str, object], place: str, problems: list[str]) -> None:
        self._values = values
        self._place = place
        self.problems = problems

    def raw(self, name: str) -> object:
        return self._values.get(name)

    def get(self, name: str, kind: type[Value], default: Value, what: str) -> Value:
        value = self._values.get(name)
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        found = f"found {_short(value)}" if name in self._values else "missing"
        self.problems.append(f"{self._place}{name}: {found}, expected {what}.")
        return default

    def text(self, name: str) -> str:
        return self.get(name, str, "", "text")

    def truth(self, name: str) -> bool:
        return self.get(name, bool, False, "true or false")

    def number(self, name: str) -> float:
        value = self.get(name, int | float, 0.0, "a number")  # type: ignore[arg-type]
        try:
            return float(value)
        except OverflowError:
            self.problems.append(f"{self._place}{name}: found a whole number too large, expected a number.")
            return 0.0

    def fields(self, name: str) -> _Fields:
        return _Fields(self.get(name, dict, {}, "an object"), f"{self._place}{name}.", self.problems)

    def items(self, name: str) -> list[_Fields]:
        found = self.get(name, list, [], "an array")
        return [
            _Fields(item if isinstance(item, dict) else {}, f"{self._place}{name}[{index}].", self.problems)
            for index, item in enumerate(found)
        ]

    def numbers(self, name: str) -> tuple[tuple[str, int], ...]:
        values = self.get(name, dict, {}, "an object of numbers")
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values.values()):
            self.problems.append(f"{self._place}{name}: found {_short(values)}, expected an object of whole numbers.")
            return ()
        return tuple((str(key), value) for key, value in values.items())

    def texts(self) -> dict[str, str]:
        return {str(key): value for key, value in self._values.items() if isinstance(value, str)}


def _result(run: _Fields, *, source: str, sha256: str) -> Result:
    rules = load(run.fields("rules").text("name"))
    benchmark, scenario = run.text("benchmark"), run.text("scenario")
    metric, verdict, system = run.fields("metric"), run.fields("verdict"), run.fields("system").texts()
    accuracy = run.fields("accuracy") if run.raw("accuracy") is not None else None
    unmet = [condition.text("name") for condition in verdict.items("conditions") if not condition.truth("met")]
    missed = accuracy is not None and not accuracy.truth("passed")
    folder = _folder(run, benchmark, scenario)
    return Result(
        round=rules.name,
        division=system.get("division", ""),
        availability=system.get("status", ""),
        submitter=system.get("submitter", ""),
        system=_system(system, folder),
        benchmark=benchmark,
        model_used=benchmark,
        scenario=scenario,
        metric=metric.text("name"),
        value=math.nan if metric.raw("value") is None else metric.number("value"),
        unit=_unit(metric, rules, benchmark, scenario),
        direction=Direction.HIGHER if metric.truth("higher_is_better") else Direction.LOWER,
        accuracy=() if accuracy is None else ((accuracy.text("metric"), accuracy.number("value")),),
        accuracy_target=None if accuracy is None else accuracy.number("target"),
        latencies_ns=run.fields("performance").numbers("latency_percentiles_ns"),
        power_value=None,
        power_unit="",
        inferred=False,
        verification=Verification.UNVERIFIED,
        compliant=None,
        void=verdict.text("validity") != Validity.VALID or missed,
        findings=tuple(dict.fromkeys([*unmet, *(["accuracy"] if missed else [])])),
        weight_types=run.fields("backend").texts().get("precision", ""),
        notes="",
        edition=run.text("edition"),
        official=run.truth("official"),
        provenance=Provenance(source=source, commit="", path=folder, sha256=sha256, url=""),
    )


def _unit(metric: _Fields, rules: RuleSet, benchmark: str, scenario: str) -> str:
    """The round's name for the unit."""
    unit = metric.text("unit")
    names = _UNITS.get(unit, ())
    wanted = rules.rule(benchmark, scenario).result.unit
    if wanted not in names and unit:
        metric.problems.append(f"metric.unit: found {unit!r}, expected one for the round's {wanted!r}.")
    return wanted


def _folder(run: _Fields, benchmark: str, scenario: str) -> str:
    """The folder of the result in its tree, as the files of the run have it."""
    files = run.raw("files")
    paths = (
        [entry.get("path") for entry in files.values() if isinstance(entry, dict)] if isinstance(files, dict) else []
    )
    for path in paths:
        parts = str(path).split("/")
        if len(parts) > 4 and parts[0] == "results":
            return "/".join(parts[:4])
    return f"results/unknown/{benchmark}/{scenario}"


def _system(system: Mapping[str, str], folder: str) -> System:
    nodes = _count(system.get("number_of_nodes", ""))
    return System(
        id=folder.split("/")[1],
        name=system.get("system_name") or system.get("host_processor_model_name") or folder.split("/")[1],
        type=system.get("system_type", ""),
        nodes=nodes,
        host=_processors(system, "host_processor_model_name", "host_processors_per_node", nodes),
        accelerator=_processors(system, "accelerator_model_name", "accelerators_per_node", nodes),
        accelerator_memory=system.get("accelerator_memory_capacity", ""),
        interconnect=system.get("accelerator_interconnect", ""),
        software=system.get("framework", ""),
        operating_system=system.get("operating_system", ""),
        hardware_notes=system.get("hw_notes", ""),
        software_notes=system.get("sw_notes", ""),
    )


def _processors(system: Mapping[str, str], model: str, count: str, nodes: int | None) -> Processors:
    per_node = _count(system.get(count, ""))
    total = None if per_node is None or nodes is None else per_node * nodes
    return Processors(model=system.get(model, ""), per_node=per_node, total=total)


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _short(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
