"""Reports for tests: one with everything in it, and any that the types allow."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification
from levelfield.submission.finding import Finding, Severity, Skipped
from levelfield.submission.report import CheckText, OfficialRow, Report

HOSTILE = "caf\udce9 \x00\x1b[31m<b a='1'>\"]]>&amp;{0}\r\n,=1+1\ufffe\U0001f600"
"""What any text of a foreign file may hold."""

SYSTEM = System(
    id="a100x8",
    name="DGX A100",
    type="datacenter",
    nodes=2,
    host=Processors(model="EPYC 7742", per_node=2, total=4),
    accelerator=Processors(model="A100-SXM-80GB", per_node=8, total=16),
    accelerator_memory="80 GB",
    interconnect="NVLink",
    software="TensorRT 8.4",
    operating_system="Ubuntu 20.04",
    hardware_notes="hw",
    software_notes="sw",
)
RESULT = Result(
    round="inference-v2.0",
    division="closed",
    availability="available",
    submitter="Acme",
    system=SYSTEM,
    benchmark="resnet50",
    model_used="resnet50_int8",
    scenario="Offline",
    metric="samples per second",
    value=12558.5,
    unit="Samples/s",
    direction=Direction.HIGHER,
    accuracy=(("Top-1", 76.1),),
    accuracy_target=75.7,
    latencies_ns=(("50.00", 1000), ("99.00", 2500)),
    power_value=None,
    power_unit="Watts",
    inferred=False,
    verification=Verification.VERIFIED,
    compliant=None,
    void=True,
    findings=("INF012", "INF040"),
    run_minutes=(1.5, 2.0),
    weight_types="int8",
    notes="none",
    provenance=Provenance(
        source="round", commit="c0ffee", path="closed/Acme/results/a100x8", sha256="ab12", url="https://example.org/x"
    ),
)
LOG = "closed/Acme/results/a100x8/resnet50/Offline/performance/run_1/mlperf_log_detail.txt"
REPORT = Report(
    source="round.zip",
    round="inference-v2.0",
    rules_sha256="0" * 64,
    version="0.1.0",
    official=False,
    selected=(),
    ignored=("INF099",),
    checks=(
        CheckText(
            code="INF012",
            title="Seeds are those of the round",
            why="Other seeds make other queries.",
            clause="rules 1.2",
            example="seed 1",
            fix="Take the official mlperf.conf.",
            official=True,
        ),
        CheckText(code="INF013", title="Duration", why="w", clause="c", example="e", fix="f", official=False),
    ),
    findings=(
        Finding(
            code="INF012", severity=Severity.VOID, path=LOG, line=12, found="1", expected="2", hint="h", subject="s"
        ),
        Finding(code="INF012", severity=Severity.WARNING, path="closed/A", found="a {b}", expected="c"),
        Finding(code="INF050", severity=Severity.NOTE, path="", found="x", expected="y"),
    ),
    findings_left_out=3,
    skipped=(Skipped(code="INF013", subject="closed/Acme", reason="no log"),),
    results=(RESULT,),
    official_columns=("Organization", "SystemName", "Result"),
    official_rows=(OfficialRow(cells=("Acme", 'DGX "A100", 2', "12558.5")),),
    official_results=1,
    official_no_results=0,
    files=7,
    bytes_read=1234,
)


def hostile(record: Any) -> Any:
    """The record with ``HOSTILE`` in place of every text."""
    if isinstance(record, Enum):
        return record
    if isinstance(record, str):
        return HOSTILE
    if isinstance(record, tuple):
        return tuple(hostile(item) for item in record)
    if is_dataclass(record):
        return replace(record, **{field.name: hostile(getattr(record, field.name)) for field in fields(record)})  # type: ignore[type-var]
    return record


HOSTILE_REPORT: Report = replace(hostile(REPORT), round="inference-v2.0", official_columns=REPORT.official_columns)


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, lone surrogates and numbers that are none included."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(any_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(any_of, arguments))
    if NoneType in arguments:
        return st.none() | any_of(arguments[0])
    if is_dataclass(hint):
        return st.builds(hint, **{name: any_of(inner) for name, inner in get_type_hints(hint).items()})
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    return {str: st.text(st.characters(), max_size=6), int: st.integers(), float: st.floats(), bool: st.booleans()}[
        hint
    ]


REPORTS: st.SearchStrategy[Report] = any_of(Report)
