"""A small valid submission in memory: two benchmarks, every scenario, all audits, one result with power.

Every number is made up and fits the others; sets and schedule are drawn from the round's seeds. Tests take the files,
change one, and see which check says so.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from levelfield.errors import InputError
from levelfield.formats.loadgen_line import detail_line
from levelfield.formats.loadgen_summary import Section, closing_lines, format_section
from levelfield.rules import load
from levelfield.stats.sample_sets import cut_into_sets, library_order
from levelfield.submission.sources.port import Entry, Refused
from levelfield.terms import DrawVariant

RULES = load("inference-v2.0")
QSL, SAMPLE_INDEX, SCHEDULE = 6655344265603136530, 15863379492028895792, 12662793979680847247
TEST05_SEEDS = (313588358309856706, 471397156132239067, 413914573387865862)
SYSTEM = "closed/Org/systems/box.json"
SSD = "closed/Org/results/box/ssd-resnet34"
UNET = "closed/Org/results/box/3d-unet-99"
AUDITS = {"ssd-resnet34": ("TEST01", "TEST04-A", "TEST04-B", "TEST05"), "3d-unet-99": ("TEST01", "TEST05")}
DETAIL, SUMMARY = "mlperf_log_detail.txt", "mlperf_log_summary.txt"
Values = dict[str, object]
MS, S = 1_000_000, 1_000_000_000


@dataclass
class MemorySource:
    """A source whose files are in memory."""

    content: Mapping[str, bytes]
    refusals: tuple[Refused, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Sizes of files that are said to be larger than they are."""
    name: str = "memory"
    revision: str = ""

    def files(self) -> tuple[Entry, ...]:
        entries = (Entry(path, self.sizes.get(path, len(data))) for path, data in self.content.items())
        return tuple(sorted(entries, key=lambda entry: entry.path))

    def refused(self) -> tuple[Refused, ...]:
        return self.refusals

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        if path not in self.content:
            raise InputError(f"{path} cannot be read: No such file.")
        return self.content[path][:limit]

    def reopened(self) -> MemorySource:
        return self

    def close(self) -> None:
        pass


@functools.cache
def sets(seed: int, library: int, size: int, padding: int) -> list[list[int]]:
    order = library_order(seed, DrawVariant.CLASSIC, library)
    return [indices.tolist() for indices in cut_into_sets(order, size=size, padding=padding)]


def settings(scenario: str, library: int, size: int, **changed: object) -> Values:
    """What a log says before its run."""
    offline = scenario == "Offline"
    equal = library == 42
    values: Values = {
        "loadgen_version": "2.0 @ 0ec69f587d",
        "loadgen_git_status_message": "",
        "sut_name": "box",
        "qsl_reported_total_count": library,
        "qsl_reported_performance_count": size,
        "effective_scenario": scenario,
        "effective_test_mode": "PerformanceOnly",
        "effective_samples_per_query": {"MultiStream": 8, "Offline": 66_024 if equal else 66_000}.get(scenario, 1),
        "effective_target_qps": {"Server": 1000, "Offline": 100}.get(scenario, 14.0),
        "effective_target_latency_ns": 100 * MS if scenario == "Server" else 0,
        "effective_target_latency_percentile": 0.9 if scenario == "SingleStream" else 0.99,
        "effective_min_duration_ms": 600_000,
        "effective_max_duration_ms": 0,
        "effective_min_query_count": {"Server": 270_336, "Offline": 1}.get(scenario, 1050 if equal else 1024),
        "effective_max_query_count": 0,
        "effective_qsl_rng_seed": QSL,
        "effective_sample_index_rng_seed": SAMPLE_INDEX,
        "effective_schedule_rng_seed": SCHEDULE,
        "effective_accuracy_log_rng_seed": 0,
        "effective_accuracy_log_probability": 0,
        "effective_accuracy_log_sampling_target": 0,
        "effective_performance_issue_unique": False,
        "effective_performance_issue_same": False,
        "effective_performance_issue_same_index": 0,
        "effective_performance_sample_count": size,
    }
    values["effective_min_sample_count"] = (
        values["effective_samples_per_query"] if offline else 8 * 1024 if scenario == "MultiStream" else 1024
    )
    return {**values, **changed}


def results(scenario: str, spq: object) -> Values:
    """What a log says after its run."""
    latencies = {"min": 60, "50.00": 69, "90.00": 75, "95.00": 78, "97.00": 80, "99.00": 82, "99.90": 90, "max": 99}
    values: Values = {"power_begin": "02-07-2022 11:10:00.000", "power_end": "02-07-2022 11:22:00.000"}
    values |= {"result_validity": "VALID"}
    if scenario == "Server":
        values["result_perf_constraints_met"] = True
    values |= {"result_min_duration_met": True, "result_min_queries_met": True}
    text99 = "  * Early stopping 99th percentile estimate: 83000000"
    match scenario:
        case "SingleStream":
            values |= {
                "early_stopping_met": True,
                "early_stopping_result": " * Processed at least 64 queries (10000).  * Would discard 929 highest "
                f"latency queries.  * Early stopping 90th percentile estimate: 75500000{text99}",
                "result_query_count": 10_000,
                "result_qps_with_loadgen_overhead": 14.2,
                "result_qps_without_loadgen_overhead": 14.2857,
                "early_stopping_latency_ss": 75_500_000,
                "early_stopping_latency_ms": 83_000_000,
            }
        case "MultiStream":
            values |= {
                "early_stopping_met": True,
                "early_stopping_result": " * Processed at least 662 queries (10000).  * Would discard 76 highest "
                f"latency queries.{text99}",
                "result_query_count": 10_000,
                "result_min_query_latency_ns": 60 * MS,
                "result_max_query_latency_ns": 99 * MS,
                "result_mean_query_latency_ns": 70 * MS,
                **{
                    f"result_{label}_percentile_per_query_latency_ns": value * MS
                    for label, value in latencies.items()
                    if label[0].isdigit()
                },
                "early_stopping_latency_ms": 83_000_000,
            }
        case "Server":
            values |= {
                "early_stopping_met": True,
                "early_stopping_result": " * Run successful.",
                "result_query_count": 600_079,
                "result_overlatency_query_count": 0,
                "result_scheduled_samples_per_sec": 600_078 / 600.000228718,
                "result_completed_samples_per_sec": 600_078 / 600.070,
            }
        case _:
            values |= {
                "early_stopping_met": True,
                "early_stopping_result": "",
                "result_query_count": 1,
                "result_samples_per_second": int(str(spq)) / 660.0,
            }
            latencies = {label: value * 660_000 // 99 for label, value in latencies.items()}
    values["result_min_latency_ns"] = latencies["min"] * MS
    values["result_max_latency_ns"] = 660 * S if scenario == "Offline" else latencies["max"] * MS
    values["result_mean_latency_ns"] = latencies["50.00"] * MS + (MS if scenario != "Offline" else 0)
    for label, value in latencies.items():
        if label[0].isdigit():
            values[f"result_{label}_percentile_latency_ns"] = value * MS
    return values


GENERATED = {"SingleStream": 16_801, "MultiStream": 16_801, "Server": 600_079, "Offline": 1}


def detail(values: Values, *, audit: bool = False) -> bytes:
    """A detail log."""
    lines = []
    for key, value in values.items():
        if key == "loaded":
            for loaded in value:  # type: ignore[attr-defined]
                lines.append(("loaded_qsl_set", loaded, False))
            continue
        lines.append((key, value, False))
        if audit and key == "qsl_reported_performance_count":
            said = "Found Audit Config file (audit.config). Overriding TestSettings from audit.config file."
            lines.append(("warning_generic_message", said, True))
    return "".join(
        detail_line(
            key, value, time_ns=1000 * number, file="loadgen.cc", line_no=number, pid=7, tid=7, is_warning=warning
        ).text()
        + "\n"
        for number, (key, value, warning) in enumerate(lines, start=1)
    ).encode()


def summary(values: Values, *, warnings: int = 0) -> bytes:
    """The summary of the same run."""

    def shown(key: str) -> str:
        value = values[key]
        return f"{value:g}" if isinstance(value, float) else str(value)

    scenario = str(values["effective_scenario"])
    head = {
        "SingleStream": ("90th percentile latency (ns)", "result_90.00_percentile_latency_ns"),
        "MultiStream": ("99th percentile latency (ns)", "result_99.00_percentile_per_query_latency_ns"),
        "Server": ("Scheduled samples per second", "result_scheduled_samples_per_sec"),
        "Offline": ("Samples per second", "result_samples_per_second"),
    }[scenario]
    first = [
        f"SUT name : {values['sut_name']}",
        f"Scenario : {scenario}",
        f"Mode     : {values['effective_test_mode']}",
    ]
    first += [f"{head[0]} : {shown(head[1])}", f"Result is : {values['result_validity']}"]
    of = "query_" if scenario == "MultiStream" else ""
    extra = [
        f"{word} latency (ns) : {values[f'result_{word.lower()}_{of}latency_ns']}" for word in ("Min", "Max", "Mean")
    ]
    per = "per_query_" if of else ""
    extra += [
        f"{label} percentile latency (ns) : {values[f'result_{label}_percentile_{per}latency_ns']}"
        for label in ("50.00", "90.00", "95.00", "97.00", "99.00", "99.90")
    ]
    for label, key in (
        ("QPS w/ loadgen overhead", "result_qps_with_loadgen_overhead"),
        ("QPS w/o loadgen overhead", "result_qps_without_loadgen_overhead"),
        ("Completed samples per second", "result_completed_samples_per_sec"),
    ):
        if key in values:
            extra.append(f"{label} : {shown(key)}")
    names = (
        ("samples_per_query", ""), ("target_latency", " (ns)"), ("min_duration", " (ms)"), ("min_query_count", ""),
        ("qsl_rng_seed", ""), ("sample_index_rng_seed", ""), ("schedule_rng_seed", ""),
        ("accuracy_log_sampling_target", ""), ("performance_sample_count", ""),
    )  # fmt: skip
    used = [
        f"{name}{unit} : {values[f'effective_{name}' + {' (ns)': '_ns', ' (ms)': '_ms'}.get(unit, '')]}"
        for name, unit in names
    ]
    sections = (("MLPerf Results Summary", first), ("Additional Stats", extra), ("Test Parameters Used", used))
    text = "\n".join(format_section(Section(title=title, lines=tuple(lines))) for title, lines in sections)
    return (text + closing_lines(warning_count=warnings, error_count=0)).encode()


def performance(scenario: str, library: int, size: int, **changed: object) -> Values:
    """All values of a performance run, in order."""
    values = settings(scenario, library, size, **changed)
    padding = 7 if scenario == "MultiStream" else 0
    size = int(str(values["effective_performance_sample_count"]))
    values["loaded"] = sets(int(str(values["effective_qsl_rng_seed"])), library, size, padding)[:1]
    spq = values["effective_samples_per_query"]
    values["generated_query_count"] = GENERATED[scenario]
    values["generated_samples_per_query"] = spq
    values["generated_query_duration"] = 600_000_232_315 if scenario == "Server" else 1_200_000_000_000
    return {**values, **results(scenario, spq)}


def accuracy_values(scenario: str, library: int, size: int) -> Values:
    values = settings(scenario, library, size, effective_test_mode="AccuracyOnly")
    values["loaded"] = sets(QSL, library, size, 7 if scenario == "MultiStream" else 0)
    return values


def with_run(files: dict[str, bytes], folder: str, values: Values, *, audit: bool = False) -> None:
    """Put both logs of a run into a folder."""
    files[f"{folder}/{DETAIL}"] = detail(values, audit=audit)
    files[f"{folder}/{SUMMARY}"] = summary(values, warnings=int(audit))


TRUNCATED = b"[" + b"x" * 4095 + b"\n\n...\n\n" + b"x" * 4095 + b"]"
ACCURACY_TEXT = {
    "ssd-resnet34": "mAP=20.116%",
    "3d-unet-99": "Accuracy: mean = 0.86331, kidney = 0.9342, tumor = 0.7924",
}
SIZES = {"ssd-resnet34": (5000, 64), "3d-unet-99": (42, 42)}


def audit_changes(name: str, benchmark: str) -> Values:
    target = 256 if benchmark == "ssd-resnet34" else 64
    return {
        "TEST01": {
            "effective_accuracy_log_rng_seed": 720381539243781796,
            "effective_accuracy_log_sampling_target": target,
        },
        "TEST04-A": {"effective_performance_issue_unique": True},
        "TEST04-B": {"effective_performance_issue_same": True, "effective_performance_issue_same_index": 3},
        "TEST05": dict(
            zip(
                ("effective_qsl_rng_seed", "effective_sample_index_rng_seed", "effective_schedule_rng_seed"),
                TEST05_SEEDS,
                strict=True,
            )
        ),
    }[name]


def score(values: Values) -> object:
    keys = {
        "SingleStream": "result_90.00_percentile_latency_ns",
        "MultiStream": "result_99.00_percentile_per_query_latency_ns",
        "Server": "result_scheduled_samples_per_sec",
        "Offline": "result_samples_per_second",
    }
    return values[keys[str(values["effective_scenario"])]]


def _audits(files: dict[str, bytes], benchmark: str, scenario: str, reference: Values) -> None:
    library, size = SIZES[benchmark]
    for name in AUDITS[benchmark]:
        folder = f"closed/Org/compliance/box/{benchmark}/{scenario}/{name}"
        values = performance(scenario, library, size, **audit_changes(name, benchmark))
        values["test_datetime"] = f"2022-02-07T12:00:00Z {benchmark} {scenario} {name}"
        if scenario == "Server" and name == "TEST05":
            values["generated_query_count"], values["generated_query_duration"] = SCHEDULE_OF_TEST05
            values["result_query_count"] = SCHEDULE_OF_TEST05[0]
            rate = (SCHEDULE_OF_TEST05[0] - 1) * S / SCHEDULE_OF_TEST05[1]
            values["result_scheduled_samples_per_sec"], values["result_completed_samples_per_sec"] = rate, rate
        with_run(files, f"{folder}/performance/run_1", values, audit=True)
        names = ("TEST04-A", "TEST04-B") if name == "TEST04-A" else ("reference", "test")
        if name != "TEST04-B":
            said = f"{names[0]} score = {score(reference):.10g}\n{names[1]} score = {score(values):.10g}\nTEST PASS\n"
            files[f"{folder}/verify_performance.txt"] = said.encode()
        if name == "TEST01":
            files[f"{folder}/verify_accuracy.txt"] = (
                b"num_perf_log_data_mismatch = 0\nnum_missing_qsl_idxs = 0\nTEST PASS\n"
            )
            files[f"{folder}/accuracy/mlperf_log_accuracy.json"] = TRUNCATED
            files[f"{folder}/accuracy/accuracy.txt"] = b"hash=" + b"ab" * 32 + b"\n"


SCHEDULE_OF_TEST05 = (0, 0)


@functools.cache
def small_round() -> dict[str, bytes]:
    """The files by path. Copy before changing."""
    global SCHEDULE_OF_TEST05  # noqa: PLW0603 - drawn once, when first needed
    from levelfield.stats.arrivals import PoissonArrivals

    SCHEDULE_OF_TEST05 = PoissonArrivals(TEST05_SEEDS[2], 1000).extent(600 * S, 270_336, 1)
    files: dict[str, bytes] = {}
    description = dict.fromkeys(RULES.fields.system, "said") | {
        "division": "closed",
        "submitter": "Org",
        "status": "available",
        "system_name": "Box",
        "system_type": "datacenter,edge",
        "number_of_nodes": 1,
        "host_processors_per_node": 2,
        "host_processor_core_count": 16,
        "accelerators_per_node": 0,
        "accelerator_model_name": "",
        "host_memory_configuration": "ECC DDR4",
    }
    files[SYSTEM] = json.dumps(description, indent=1).encode()
    for benchmark, scenarios in (
        ("ssd-resnet34", ("SingleStream", "MultiStream", "Server", "Offline")),
        ("3d-unet-99", ("SingleStream", "Offline")),
    ):
        library, size = SIZES[benchmark]
        files[f"closed/Org/code/{benchmark}/tvm/README.md"] = b"code"
        for scenario in scenarios:
            place = f"box/{benchmark}/{scenario}"
            measured = f"closed/Org/measurements/{place}"
            fields = dict.fromkeys(RULES.fields.measurement, "fp32")
            files[f"{measured}/box_tvm_{scenario}.json"] = json.dumps(fields).encode()
            for name in ("mlperf.conf", "user.conf", "README.md"):
                files[f"{measured}/{name}"] = b"# nothing\n"
            values = performance(scenario, library, size)
            values["test_datetime"] = f"2022-02-07T11:00:00Z {benchmark} {scenario}"
            result = f"closed/Org/results/{place}"
            with_run(files, f"{result}/performance/run_1", values)
            run = accuracy_values(scenario, library, size)
            files[f"{result}/accuracy/{DETAIL}"] = detail(run)
            files[f"{result}/accuracy/{SUMMARY}"] = closing_lines(warning_count=0, error_count=0).encode()
            files[f"{result}/accuracy/mlperf_log_accuracy.json"] = TRUNCATED
            said = f"{ACCURACY_TEXT[benchmark]}\nhash={hashlib.sha256(place.encode()).hexdigest()}\n"
            files[f"{result}/accuracy/accuracy.txt"] = said.encode()
            _audits(files, benchmark, scenario, values)
    power = f"{SSD}/SingleStream/performance"
    spl = "".join(f"Time,02-07-2022 11:{minute:02}:30.000,Watts,100.5,Volts,230\n" for minute in range(9, 24)).encode()
    files[f"{power}/run_1/spl.txt"] = spl
    for name in (DETAIL, SUMMARY):
        files[f"{power}/ranging/{name}"] = files[f"{power}/run_1/{name}"]
    files[f"{power}/ranging/spl.txt"] = spl
    for name in ("client.json", "client.log", "ptd_logs.txt", "server.json", "server.log"):
        files[f"{power}/power/{name}"] = b"{}"
    return files


Change = Callable[[dict[str, bytes]], None]


def replaced(path: str, old: str, new: str) -> Change:
    """Replace a text in a file, where it must be."""

    def change(files: dict[str, bytes]) -> None:
        assert old.encode() in files[path], f"{path} holds no {old!r}"
        files[path] = files[path].replace(old.encode(), new.encode())

    return change


def removed(path: str) -> Change:
    """Remove a file, or every file below a folder."""

    def change(files: dict[str, bytes]) -> None:
        gone = [name for name in files if name == path or name.startswith(f"{path}/")]
        assert gone, path
        for name in gone:
            del files[name]

    return change


def moved(old: str, new: str) -> Change:
    """Move a folder, or a file."""

    def change(files: dict[str, bytes]) -> None:
        gone = [name for name in files if name == old or name.startswith(f"{old}/")]
        assert gone, old
        for name in gone:
            files[new + name[len(old) :]] = files.pop(name)

    return change


def everywhere(old: str, new: str) -> Change:
    """Replace a part of every path."""

    def change(files: dict[str, bytes]) -> None:
        gone = [name for name in files if old in name]
        assert gone, old
        for name in gone:
            files[name.replace(old, new)] = files.pop(name)

    return change


def added(path: str, data: bytes = b"x") -> Change:
    """Add a file."""

    def change(files: dict[str, bytes]) -> None:
        files[path] = data

    return change
