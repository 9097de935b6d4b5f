"""A valid closed submission tree of round v2.0, measured by our own load generator in virtual time.

Ten minutes of each run pass in a second: the clock moves only when the system under test says so. Logs, seeds, sample
order, early stopping and audits are those of real runs; only the system (a service time with seeded jitter) and its
accuracy are made up. Everything about the tree is valid, so that one change makes exactly one thing wrong.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fakes import FakeClock, Library

from levelfield.loadgen.configure import configure
from levelfield.loadgen.layers import Layer, Rank, conf_layer, rules_layer, values_layer
from levelfield.loadgen.logs import LogOptions
from levelfield.loadgen.measurement import Event, Severity
from levelfield.loadgen.official_conf import mlperf_conf
from levelfield.loadgen.ports import Completions, IntArray
from levelfield.loadgen.run import IssuingChoice, RunOptions, run_test
from levelfield.rules.load import load
from levelfield.rules.model import Audit, RuleSet, ScenarioRule
from levelfield.terms import Edition, Mode, Scenario, Validity

__all__ = ["SYSTEM", "VirtualSystem", "write_valid_tree"]

ORGANISATION, SYSTEM, IMPLEMENTATION = "Example", "virtual", "levelfield"
QUERIES = {Scenario.SINGLE_STREAM: 1024, Scenario.MULTI_STREAM: 662, Scenario.SERVER: 6000, Scenario.OFFLINE: 1}
AUDIT_FOUND = Event(
    key="warning_generic_message",
    text="Found Audit Config file (audit.config). Overriding TestSettings from audit.config file.",
    severity=Severity.WARNING,
)
"""What LoadGen says of a run whose settings an audit changed."""
LOAD: dict[Scenario, dict[str, int | float]] = {
    Scenario.SINGLE_STREAM: {"single_stream_expected_latency_ns": 40_000_000},
    Scenario.MULTI_STREAM: {"multi_stream_expected_latency_ns": 80_000_000},
    Scenario.SERVER: {"server_target_qps": 25.0},
    Scenario.OFFLINE: {"offline_expected_qps": 60.0},
}


@dataclass
class VirtualSystem:
    """Takes a service time for each sample, a little different each time, and answers with a class number."""

    clock: FakeClock
    sample_ns: int
    name: str = SYSTEM
    seed: int = 1

    def __post_init__(self) -> None:
        self._jitter = np.random.default_rng(self.seed)

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        share = 1 + 0.05 * self._jitter.random()
        self.clock.pass_ns(int(self.sample_ns * len(ids) * share))
        complete(ids, (indices % 1000).astype("<f4").reshape(-1, 1))

    def flush(self) -> None:
        pass


def write_valid_tree(root: Path, *, scenarios: tuple[Scenario, ...] = tuple(Scenario), audits: bool = True) -> Path:
    """Write ``closed/Example`` below ``root``: ``resnet50`` on one system, in these scenarios."""
    rules = load("inference-v2.0")
    benchmark = rules.benchmark("resnet50")
    closed = root / "closed" / ORGANISATION
    suites = "datacenter,edge" if len(scenarios) == 4 else "edge"
    write(closed / "systems" / f"{SYSTEM}.json", json.dumps(system_description(suites), indent=2))
    write(closed / "code" / "resnet50" / IMPLEMENTATION / "README.md", "How the results were made.\n")
    for scenario in scenarios:
        rule = benchmark.rule(scenario)
        measurements = closed / "measurements" / SYSTEM / "resnet50" / scenario
        write(measurements / "mlperf.conf", mlperf_conf(rules))
        write(measurements / "user.conf", f"# what the run adds\nresnet50.{scenario}.min_duration = 600000\n")
        write(measurements / "README.md", "How to run this.\n")
        write(measurements / f"{SYSTEM}_{IMPLEMENTATION}_{scenario}.json", json.dumps(MEASUREMENT, indent=2))
        results = closed / "results" / SYSTEM / "resnet50" / scenario
        run(rules, rule, Mode.PERFORMANCE, results / "performance" / "run_1")
        accuracy(rules, rule, results / "accuracy")
        for audit in rule.audits if audits else ():
            folder = closed / "compliance" / SYSTEM / "resnet50" / scenario / audit.name
            write_audit(rules, rule, audit, folder, results)
    return root


def run(
    rules: RuleSet, rule: ScenarioRule, mode: Mode, folder: Path, *, audit: Path | None = None, seed: int = 1
) -> None:
    """One run of the virtual system, its logs in ``folder``."""
    folder.mkdir(parents=True)
    layers: list[Layer] = [
        rules_layer(rules, rule, edition=Edition.FULL),
        values_layer(Rank.WORKLOAD, LOAD[rule.runs_as], origin="test"),
        values_layer(Rank.USER, {"min_query_count": QUERIES[rule.runs_as]}, origin="test"),
    ]
    if audit is not None:
        layers.append(conf_layer(audit, Rank.AUDIT, model=rule.config_model, profile=rules.profile))
    settings = configure(layers, scenario=rule.runs_as, profile=rules.profile, draw_variant=rules.draw_variant).settings
    clock = FakeClock(poll_ns=1_000)
    library = Library(total_sample_count=rule.sizes.dataset, performance_sample_count=rule.sizes.performance)
    sample_ns = 20_000_000 if rule.runs_as is Scenario.OFFLINE else 5_000_000
    if rule.runs_as is Scenario.SINGLE_STREAM:
        sample_ns = 40_000_000
    done = run_test(
        VirtualSystem(clock, 5_000_000 if mode is Mode.ACCURACY else sample_ns, seed=seed),
        library,
        replace(settings, mode=mode),
        logs=LogOptions(folder=folder),
        options=RunOptions(
            keeper=clock.keeper(margin_ns=0),
            wall_ns=clock.now,
            issuing=IssuingChoice.INLINE,
            events=() if audit is None else (AUDIT_FOUND,),
        ),
    )
    # TEST04 issues each sample once (A) and so ends before its time: the rules look at its score only.
    assert done.validity is Validity.VALID or "TEST04" in str(folder), done.performance and done.performance.outcome


def accuracy(rules: RuleSet, rule: ScenarioRule, folder: Path) -> None:
    """An accuracy run, its line, and its log cut as the round's tool cuts it."""
    run(rules, rule, Mode.ACCURACY, folder)
    write(folder / "accuracy.txt", "accuracy=76.100%, good=38050, total=50000\n")
    truncate(folder)


def truncate(folder: Path) -> None:
    log = folder / "mlperf_log_accuracy.json"
    text = log.read_text()
    with (folder / "accuracy.txt").open("a") as stream:
        stream.write(f"hash={hashlib.sha256(log.read_bytes()).hexdigest()}\n")
    log.write_text(f"{text[:4096]}\n\n...\n\n{text[-4096:]}")


def write_audit(rules: RuleSet, rule: ScenarioRule, audit: Audit, folder: Path, results: Path) -> None:
    """One audit of a scenario, judged as passed (its numbers say so too)."""
    conf = folder.parent / f"{audit.name}.config"
    write(conf, "".join(f"*.*.{line.key} = {line.value}\n" for line in audit.settings))
    run(rules, rule, Mode.PERFORMANCE, folder / "performance" / "run_1", audit=conf, seed=2)
    conf.unlink()
    log = folder / "performance" / "run_1" / "mlperf_log_accuracy.json"
    if audit.name == "TEST01":
        (folder / "accuracy").mkdir()
        log.rename(folder / "accuracy" / "mlperf_log_accuracy.json")
        write(folder / "accuracy" / "accuracy.txt", "accuracy=76.100%, good=38050, total=50000\n")
        truncate(folder / "accuracy")
        write(folder / "verify_accuracy.txt", "TEST PASS\n")
    else:
        log.unlink()
    if audit.name != "TEST04-B":
        write(folder / "verify_performance.txt", "TEST PASS\n")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


MEASUREMENT = {
    "input_data_types": "fp32",
    "retraining": "N",
    "starting_weights_filename": "resnet50_v1.onnx",
    "weight_data_types": "fp32",
    "weight_transformations": "none",
}


def system_description(suites: str) -> dict[str, str]:
    """A description that says something in every field."""
    fields = load("inference-v2.0").fields.system
    return dict.fromkeys(fields, "as stated") | {
        "division": "closed",
        "submitter": ORGANISATION,
        "status": "available",
        "system_name": "Virtual system",
        "system_type": suites,
        "number_of_nodes": "1",
        "host_processors_per_node": "1",
        "host_processor_core_count": "8",
        "host_processor_model_name": "Virtual processor",
        "host_memory_capacity": "64 GB",
        "host_memory_configuration": "8x 8GB DDR4 ECC",
        "accelerators_per_node": "0",
        "accelerator_model_name": "",
        "hw_notes": "",
        "sw_notes": "",
    }
