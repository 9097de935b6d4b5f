"""Results for the site: published summaries of three suites, a large round made up, and hostile ones."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from results import RESULT, SYSTEM, result, summary_results

from levelfield.results.model import Direction, Processors, Provenance, Result, Verification

TRAINING = ("bert", "dlrm", "maskrcnn", "minigo", "resnet", "ssd", "rnnt", "unet3d")


def published(shared: Path) -> tuple[Result, ...]:
    """What the published summaries of inference v2.0, training v1.1 and tiny v0.7 hold."""
    truth = shared / "groundtruth"
    return (
        *summary_results(truth / "inference-v2.0-summary.csv"),
        *training_results(truth / "training-v1.1-summary.csv"),
        *tiny_results(truth / "tiny-v0.7.csv"),
    )


def training_results(path: Path) -> Iterator[Result]:
    """The official summary of training: a column for each benchmark."""
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            hosts, count = int(row["host_processors_count"]), int(row["accelerators_count"])
            system = replace(
                SYSTEM,
                id=row["system"],
                name=row["system"],
                type="",
                nodes=None,
                host=Processors(model=row["host_processor_model_name"], per_node=None, total=hosts),
                accelerator=Processors(model=row["accelerator_model_name"], per_node=None, total=count),
                accelerator_memory="",
                interconnect="",
                software=row["framework"],
                operating_system="",
            )
            for benchmark in TRAINING:
                if row[benchmark]:
                    place = f"{row['submitter']}/results/{row['system']}/{benchmark}/{row['framework']}"
                    yield replace(
                        RESULT,
                        round="training-v1.1",
                        division=row["division"],
                        availability=row["availability"],
                        submitter=row["submitter"],
                        system=system,
                        benchmark=benchmark,
                        model_used=benchmark,
                        scenario="",
                        metric="minutes to train",
                        value=float(row[benchmark]),
                        unit="minutes",
                        direction=Direction.LOWER,
                        accuracy=(),
                        latencies_ns=(),
                        provenance=Provenance(
                            source="training_v1.1", commit="", path=place, sha256="", url=row["details_url"]
                        ),
                    )


def tiny_results(path: Path) -> Iterator[Result]:
    """Throughput and energy of tiny."""
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            value = row["printed"] or row["recomputed"]
            lower = "uJ" in row["unit"]
            if value and row["mode"] == ("energy" if lower else "performance"):
                place = f"{row['division']}/{row['submitter']}/{row['system']}/{row['benchmark']}/{row['mode']}"
                system = replace(
                    SYSTEM,
                    id=row["system"],
                    name=row["system"],
                    type="",
                    nodes=1,
                    host=Processors(model="", per_node=1, total=1),
                    accelerator=Processors(model="", per_node=None, total=None),
                    accelerator_memory="",
                    interconnect="",
                    software="",
                    operating_system="",
                )
                yield replace(
                    RESULT,
                    round="tiny-v0.7",
                    division=row["division"],
                    submitter=row["submitter"],
                    system=system,
                    benchmark=row["benchmark"],
                    model_used=row["benchmark"],
                    scenario="SingleStream",
                    metric=row["metric"],
                    value=float(value),
                    unit=row["unit"],
                    direction=Direction.LOWER if lower else Direction.HIGHER,
                    accuracy=(),
                    latencies_ns=(),
                    provenance=Provenance(source="tiny_v0.7", commit="", path=place, sha256="", url=""),
                )


BENCHMARKS = ("resnet50", "ssd-resnet34", "bert-99", "bert-99.9", "rnnt", "3d-unet-99", "dlrm-99")
SCENARIOS = {
    "Offline": ("Samples/s", Direction.HIGHER),
    "Server": ("Queries/s", Direction.HIGHER),
    "SingleStream": ("Latency (ms)", Direction.LOWER),
}


def synthetic(count: int, rounds: tuple[str, ...] = ("inference-v1.1", "inference-v2.0")) -> tuple[Result, ...]:
    """So many results of systems that grow, drawn with a fixed seed."""
    draw = random.Random(2022)
    found: list[Result] = []
    number = 0
    while len(found) < count:
        number += 1
        submitter = f"Submitter {number % 23:02d}"
        chips = 2 ** draw.randrange(5)
        chip = draw.choice(("Chip A100", "Chip T4", "Chip MI250", "Chip QAIC100", "Chip Gaudi2"))
        system = {
            "id": f"system-{number}",
            "name": f"{chips} {chip}, server {number}",
            "type": draw.choice(("datacenter", "edge")),
            "nodes": 1,
            "accelerator": Processors(model=chip, per_node=chips, total=chips),
            "software": f"Runtime {draw.randrange(1, 5)}.{draw.randrange(10)}",
        }
        round_name = rounds[number % len(rounds)]
        for benchmark in BENCHMARKS:
            for scenario, (unit, direction) in SCENARIOS.items():
                speed = chips * draw.lognormvariate(6.5, 0.5)
                value = 1000 / speed if unit.startswith("Latency") else speed * (0.8 if scenario == "Server" else 1)
                watts = 90 + 250 * chips * draw.uniform(0.7, 1.1) if number % 3 == 0 else None
                latency = unit.startswith("Latency")
                found.append(
                    result(
                        system=system,
                        round=round_name,
                        division="open" if number % 11 == 0 else "closed",
                        submitter=submitter,
                        benchmark=benchmark,
                        model_used=benchmark,
                        scenario=scenario,
                        value=round(value, 4),
                        unit=unit,
                        direction=direction,
                        power_value=None if watts is None else round(watts / (speed if latency else 1), 4),
                        power_unit="" if watts is None else "Joules" if latency else "Watts",
                        verification=Verification.UNVERIFIED if number % 17 == 0 else Verification.VERIFIED,
                        inferred=number % 29 == 0 and scenario == "Server",
                    )
                )
    return tuple(found[:count])


HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked=1'>"


def hostile() -> tuple[Result, ...]:
    """Names that are markup, formulas or enormous; numbers that are none; results that are there twice."""
    long_name = "n" * 10_000
    return (
        result(system={"id": HOSTILE, "name": HOSTILE}, submitter=HOSTILE, notes=HOSTILE, benchmark="</script>"),
        result(system={"id": "../../etc", "name": "'; window.hacked = 1; '"}, submitter="../..", value=math.nan),
        result(system={"id": long_name, "name": long_name}, submitter="Long", value=math.inf),
        result(system={"id": "=cmd", "name": '=HYPERLINK("http://x")'}, submitter="+1", value=-5.0, power_value=-1.0),
        result(system={"id": "a b", "name": "twin"}, submitter="Twin", value=0.0, power_value=math.nan, power_unit="W"),
        result(system={"id": "a-b", "name": "twin"}, submitter="Twin", value=1e-300),
        result(system={"id": "a-b", "name": "twin"}, submitter="Twin", value=1e300),
        result(system={"id": "\udcff", "name": "not \udcff UTF-8 \u2028 \u202e"}, submitter="", scenario="", unit=""),
        result(system={"id": "bare", "name": "", "type": "", "nodes": None}, division="", availability="", accuracy=()),
    )  # fmt: skip
