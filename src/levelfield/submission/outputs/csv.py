"""The report as CSV: exactly as the official checker writes its summary, and in full."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator
from pathlib import Path

from levelfield.files import write_atomically
from levelfield.results.model import Result
from levelfield.rules import load
from levelfield.submission.outputs.spelling import printable
from levelfield.submission.report import Report

__all__ = ["LONG_COLUMNS", "write_long_csv", "write_official_csv"]


def write_official_csv(report: Report, path: Path) -> None:
    """Write what the official checker of the round would write with ``--csv``, byte for byte but for the row order.

    That tool pastes the cells together: some columns always stand in quotes, none is ever escaped. A quote inside a
    cell therefore breaks its line, here as there; :func:`write_long_csv` is the file that any reader can take apart.

    Raises:
        OutputError: The file cannot be written.
    """
    quoted = frozenset(load(report.round).csv.quoted)
    write_atomically(path, _official(report, tuple(name in quoted for name in report.official_columns)))


def write_long_csv(report: Report, path: Path) -> None:
    """Write all results with every field and the codes of their findings: RFC 4180, UTF-8, by path, void ones marked.

    What is not known is an empty cell, numbers have as many digits as they need. Control characters other than tab
    and line ends are written as escapes.

    Raises:
        OutputError: The file cannot be written.
    """
    write_atomically(path, _long(report))


def _official(report: Report, quoted: tuple[bool, ...]) -> Iterator[str]:
    yield ",".join(report.official_columns) + "\n"
    for row in report.official_rows:
        cells = zip(row.cells, quoted, strict=True)
        yield ",".join(f'"{cell}"' if in_quotes else cell for cell, in_quotes in cells) + "\n"


def _long(report: Report) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)  # the default dialect is RFC 4180: CRLF, quotes where needed, doubled inside
    writer.writerow(LONG_COLUMNS)
    yield line.getvalue()
    for result in sorted(report.results, key=lambda result: (result.provenance.path, result.key)):
        line.seek(0)
        line.truncate()
        writer.writerow([_cell(value(result)) for value in LONG_COLUMNS.values()])
        yield line.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if math.isnan(value):
            return "NaN"
        case float() if math.isinf(value):
            return "INF" if value > 0 else "-INF"
        case float():
            return repr(value)
        case _:
            return printable(str(value))


def _pairs(pairs: tuple[tuple[str, float | int], ...]) -> str:
    return " ".join(f"{name}={_cell(value)}" for name, value in pairs)


LONG_COLUMNS: dict[str, Callable[[Result], object]] = {
    "round": lambda result: result.round,
    "official": lambda result: result.official,
    "division": lambda result: result.division,
    "availability": lambda result: result.availability,
    "submitter": lambda result: result.submitter,
    "system_id": lambda result: result.system.id,
    "system_name": lambda result: result.system.name,
    "system_type": lambda result: result.system.type,
    "nodes": lambda result: result.system.nodes,
    "processor": lambda result: result.system.host.model,
    "processors_per_node": lambda result: result.system.host.per_node,
    "processors_total": lambda result: result.system.host.total,
    "accelerator": lambda result: result.system.accelerator.model,
    "accelerators_per_node": lambda result: result.system.accelerator.per_node,
    "accelerators_total": lambda result: result.system.accelerator.total,
    "accelerator_memory": lambda result: result.system.accelerator_memory,
    "interconnect": lambda result: result.system.interconnect,
    "software": lambda result: result.system.software,
    "operating_system": lambda result: result.system.operating_system,
    "hardware_notes": lambda result: result.system.hardware_notes,
    "software_notes": lambda result: result.system.software_notes,
    "benchmark": lambda result: result.benchmark,
    "model_used": lambda result: result.model_used,
    "scenario": lambda result: result.scenario,
    "metric": lambda result: result.metric,
    "value": lambda result: result.value,
    "unit": lambda result: result.unit,
    "direction": lambda result: result.direction.value,
    "accuracy": lambda result: _pairs(result.accuracy),
    "accuracy_target": lambda result: result.accuracy_target,
    "latencies_ns": lambda result: _pairs(result.latencies_ns),
    "power_value": lambda result: result.power_value,
    "power_unit": lambda result: result.power_unit,
    "inferred": lambda result: result.inferred,
    "verification": lambda result: result.verification.value,
    "compliant": lambda result: result.compliant,
    "void": lambda result: result.void,
    "findings": lambda result: " ".join(result.findings),
    "run_minutes": lambda result: " ".join(map(_cell, result.run_minutes)),
    "weight_types": lambda result: result.weight_types,
    "notes": lambda result: result.notes,
    "edition": lambda result: result.edition,
    "source": lambda result: result.provenance.source,
    "source_commit": lambda result: result.provenance.commit,
    "source_path": lambda result: result.provenance.path,
    "sha256": lambda result: result.provenance.sha256,
    "url": lambda result: result.provenance.url,
}
"""The columns of the long table, in order, and what stands in them."""
