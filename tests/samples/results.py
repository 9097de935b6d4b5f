"""Results by hand, and those of the official summary of a published round."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification

SYSTEM = System(
    id="box-8",
    name="Big Box",
    type="datacenter",
    nodes=2,
    host=Processors(model="Host 9000", per_node=2, total=4),
    accelerator=Processors(model="Chip A100", per_node=4, total=8),
    accelerator_memory="80 GB",
    interconnect="Link",
    software="Runtime 1.0",
    operating_system="Linux 6",
    hardware_notes="",
    software_notes="",
)
RESULT = Result(
    round="inference-v2.0",
    division="closed",
    availability="available",
    submitter="Acme",
    system=SYSTEM,
    benchmark="resnet50",
    model_used="resnet50",
    scenario="Offline",
    metric="samples per second",
    value=8000.0,
    unit="Samples/s",
    direction=Direction.HIGHER,
    accuracy=(("acc", 76.1),),
    accuracy_target=75.695,
    latencies_ns=(("50.00", 1_000_000), ("99.00", 2_000_000)),
    power_value=None,
    power_unit="",
    inferred=False,
    verification=Verification.VERIFIED,
    compliant=True,
    void=False,
    findings=(),
    provenance=Provenance(
        source="round", commit="", path="closed/Acme/results/box-8/resnet50/Offline", sha256="", url=""
    ),
)


def result(*, system: Mapping[str, Any] | None = None, source: str | None = None, **changes: Any) -> Result:
    """:data:`RESULT` with changes; the path follows from them, as in a tree."""
    made = replace(RESULT, system=replace(SYSTEM, **(system or {})), **changes)
    if "provenance" not in changes:
        folder = f"{made.division}/{made.submitter}/results/{made.system.id}/{made.model_used}/{made.scenario}"
        made = replace(made, provenance=replace(RESULT.provenance, path=folder, source=source or "round"))
    return made


def accelerators(count: int, nodes: int = 1, **changes: Any) -> dict[str, Any]:
    """What a system with so many accelerators in each node says."""
    model = changes.pop("model", "Chip A100")
    return {
        "nodes": nodes,
        "accelerator": Processors(model=model, per_node=count, total=count * nodes),
        "host": Processors(model="Host 9000", per_node=2, total=2 * nodes),
        "id": f"box-{nodes}x{count}",
        **changes,
    }


ROUND_NAMES = {"resnet": "resnet50", "ssd-small": "ssd-mobilenet", "ssd-large": "ssd-resnet34"}
"""What the checker calls a benchmark, and its name in the round."""
SUMMARY_METRICS = {
    "Samples/s": ("samples per second", Direction.HIGHER),
    "Queries/s": ("queries per second", Direction.HIGHER),
    "Latency (ms)": ("latency", Direction.LOWER),
}


def summary_results(path: Path) -> tuple[Result, ...]:
    """The official summary of inference v2.0: a row of power is joined to the row of performance at the same place."""
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    power = {row["Location"]: row for row in rows if row["Units"] in {"Watts", "Joules"}}
    found = []
    for row in rows:
        if row["Units"] in SUMMARY_METRICS:
            found.append(_summary_result(row, power.get(row["Location"])))
    assert len(found) + len(power) == len(rows)
    return tuple(found)


def _summary_result(row: Mapping[str, str], power: Mapping[str, str] | None) -> Result:
    metric, direction = SUMMARY_METRICS[row["Units"]]
    nodes, per_node, hosts = (
        int(row[name]) for name in ("number_of_nodes", "accelerators_per_node", "host_processors_per_node")
    )
    scenario = row["Scenario"]
    return replace(
        RESULT,
        division=row["Division"],
        availability=row["Availability"],
        submitter=row["Organization"],
        system=replace(
            SYSTEM,
            id=row["Platform"],
            name=row["SystemName"],
            type=row["SystemType"],
            nodes=nodes,
            host=Processors(model=row["host_processor_model_name"], per_node=hosts, total=hosts * nodes),
            accelerator=Processors(
                model=row["accelerator_model_name"].removeprefix("-"), per_node=per_node, total=per_node * nodes
            ),
            accelerator_memory="",
            interconnect="",
            software=row["framework"],
            operating_system=row["operating_system"],
        ),
        benchmark=ROUND_NAMES.get(row["MlperfModel"], row["MlperfModel"]),
        model_used=row["Model"],
        scenario=scenario,
        metric=metric,
        value=float(row["Result"]),
        unit=row["Units"],
        direction=direction,
        accuracy=(("accuracy", float(row["Accuracy"])),) if row["Accuracy"] else (),
        accuracy_target=None,
        latencies_ns=(),
        power_value=float(power["Result"]) if power else None,
        power_unit=power["Units"] if power else "",
        inferred=row["inferred"] == "1",
        notes=row["notes"],
        provenance=Provenance(source="inference_v2.0", commit="", path=row["Location"], sha256="", url=""),
    )
