"""What the files of a submission say, each parsed once: frozen records without any judgement."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeAlias, TypeVar, overload

from levelfield.formats.loadgen_scan import ScannedLog
from levelfield.frozen import frozen
from levelfield.rules.model import AccuracyMetric

__all__ = ["AccuracyText", "JsonFile", "JsonScalar", "RunLog", "Verification", "parse_json_file"]

JsonScalar: TypeAlias = "str | int | float | bool | None"
Value = TypeVar("Value")
REFERENCE_SCORE = r"^(?:reference|TEST04-A) score = (\S+)"
TEST_SCORE = r"^(?:test|TEST04-B) score = (\S+)"
HASH_LINE = re.compile(r"hash=([\w\d]+)$")


class Key(Generic[Value]):
    """A key of the detail log; what a log holds there is read once, and then an attribute of it."""

    def __init__(self, key: str, read: Callable[[ScannedLog, str], Value]) -> None:
        self.key = key
        self._read = read
        self._name = ""

    def __set_name__(self, owner: type[RunLog], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, log: None, owner: type[RunLog]) -> Key[Value]: ...
    @overload
    def __get__(self, log: RunLog, owner: type[RunLog]) -> Value: ...
    def __get__(self, log: RunLog | None, owner: type[RunLog]) -> Key[Value] | Value:
        if log is None:
            return self
        value = vars(log)[self._name] = self._read(log.scan, self.key)
        return value


def _integer(key: str) -> Key[int]:
    return Key(key, ScannedLog.integer)


def _number(key: str) -> Key[float]:
    return Key(key, ScannedLog.number)


def _text(key: str) -> Key[str]:
    return Key(key, ScannedLog.text)


def _flag(key: str) -> Key[bool]:
    return Key(key, ScannedLog.flag)


class RunLog:
    """A detail log of one run. Reading what it does not hold, or holds otherwise, raises a ``FormatError``."""

    def __init__(self, scan: ScannedLog, data: bytes) -> None:
        self.scan = scan
        self._data = data

    @cached_property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self._data).hexdigest()

    @property
    def path(self) -> str:
        """The file."""
        return self.scan.path

    version = _text("loadgen_version")
    git_status = _text("loadgen_git_status_message")
    test_datetime = _text("test_datetime")
    system_name = _text("sut_name")
    library_count = _integer("qsl_reported_total_count")
    library_performance_count = _integer("qsl_reported_performance_count")

    scenario = _text("effective_scenario")
    mode = _text("effective_test_mode")
    samples_per_query = _integer("effective_samples_per_query")
    target_qps = _number("effective_target_qps")
    target_latency_ns = _integer("effective_target_latency_ns")
    target_percentile = _number("effective_target_latency_percentile")
    min_duration_ms = _integer("effective_min_duration_ms")
    max_duration_ms = _integer("effective_max_duration_ms")
    min_query_count = _integer("effective_min_query_count")
    max_query_count = _integer("effective_max_query_count")
    min_sample_count = _integer("effective_min_sample_count")
    qsl_seed = _integer("effective_qsl_rng_seed")
    sample_index_seed = _integer("effective_sample_index_rng_seed")
    schedule_seed = _integer("effective_schedule_rng_seed")
    accuracy_log_seed = _integer("effective_accuracy_log_rng_seed")
    accuracy_log_probability = _number("effective_accuracy_log_probability")
    accuracy_log_sampling_target = _integer("effective_accuracy_log_sampling_target")
    issue_unique = _flag("effective_performance_issue_unique")
    issue_same = _flag("effective_performance_issue_same")
    issue_same_index = _integer("effective_performance_issue_same_index")
    performance_sample_count = _integer("effective_performance_sample_count")
    sample_count_override = _integer("requested_performance_sample_count_override")

    generated_query_count = _integer("generated_query_count")
    generated_samples_per_query = _integer("generated_samples_per_query")
    generated_duration_ns = _integer("generated_query_duration")

    validity = _text("result_validity")
    query_count = _integer("result_query_count")
    min_duration_met = _flag("result_min_duration_met")
    min_queries_met = _flag("result_min_queries_met")
    latency_met = _flag("result_perf_constraints_met")
    over_latency_count = _integer("result_overlatency_query_count")
    early_stopping_met = _flag("early_stopping_met")
    early_stopping_text = _text("early_stopping_result")
    early_stopping_ss_ns = _integer("early_stopping_latency_ss")
    early_stopping_ms_ns = _integer("early_stopping_latency_ms")
    rate_with_overhead = _number("result_qps_with_loadgen_overhead")
    rate_without_overhead = _number("result_qps_without_loadgen_overhead")
    scheduled_rate = _number("result_scheduled_samples_per_sec")
    completed_rate = _number("result_completed_samples_per_sec")
    offline_rate = _number("result_samples_per_second")
    min_latency_ns = _integer("result_min_latency_ns")
    mean_latency_ns = _integer("result_mean_latency_ns")
    max_latency_ns = _integer("result_max_latency_ns")
    mean_query_latency_ns = _integer("result_mean_query_latency_ns")
    max_query_latency_ns = _integer("result_max_query_latency_ns")
    power_begin = _text("power_begin")
    power_end = _text("power_end")

    @property
    def commit(self) -> str:
        """The revision of the load generator: ``0ec69f587d`` of ``2.0 @ 0ec69f587d``."""
        return self.version.rpartition("@")[2].strip()

    @property
    def is_audit(self) -> bool:
        """Whether the load generator said that it took settings from an audit file."""
        return any("Found Audit Config file" in event.value_text for event in self.scan.warnings)

    def latency_ns(self, percentile: str, *, of_queries: bool = False) -> int:
        """A percentile of the latencies, by its label: ``90.00``; ns."""
        return self.scan.integer(self.latency_key(percentile, of_queries=of_queries))

    @staticmethod
    def latency_key(percentile: str, *, of_queries: bool = False) -> str:
        """The key of a percentile."""
        return f"result_{percentile}_percentile_{'per_query_' if of_queries else ''}latency_ns"

    def loaded_sets(self) -> list[tuple[int, bytes]]:
        """Line and spelling of each set of samples that was loaded, in order."""
        return self.scan.every("loaded_qsl_set")


@frozen
class JsonFile:
    """A JSON object with plain values: a system description, a measurement's description."""

    path: str
    values: dict[str, JsonScalar]
    """By published name; empty where the file cannot be read."""
    problem: str = ""
    """Why the file is not a JSON object of plain values; empty where it is."""
    line: int = 0
    """Where the problem is, from 1; 0 for the whole file."""

    def text(self, name: str) -> str:
        """A value as text; empty where it is absent or null."""
        value = self.values.get(name)
        return "" if value is None else value.strip() if isinstance(value, str) else str(value)


def parse_json_file(data: bytes, *, path: str) -> JsonFile:
    """Read a JSON object of plain values; what is wrong is kept as a text."""
    try:
        found = json.loads(data.decode().removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        return JsonFile(path=path, values={}, problem=f"byte {error.start} is not UTF-8")
    except json.JSONDecodeError as error:
        return JsonFile(path=path, values={}, problem=f"no JSON: {error.msg}", line=error.lineno)
    except RecursionError:
        return JsonFile(path=path, values={}, problem="nested too deeply")
    if not isinstance(found, dict):
        return JsonFile(path=path, values={}, problem=f"a {type(found).__name__}, no object", line=1)
    values = {name: value for name, value in found.items() if not isinstance(value, list | dict)}
    nested = [name for name in found if name not in values]
    problem = f"the value of {nested[0]!r} is a {type(found[nested[0]]).__name__}, no plain value" if nested else ""
    return JsonFile(path=path, values=values, problem=problem)


@frozen
class AccuracyText:
    """``accuracy.txt``: what the accuracy script printed, and the hash of the whole accuracy log."""

    path: str
    values: tuple[tuple[str, str], ...]
    """Achieved accuracy by metric, as printed."""
    hash: str | None
    line: int
    """Of the first metric; 0 where there is none."""
    hash_line: int

    def value(self, metric: str) -> str | None:
        """What was achieved in a metric, as printed."""
        return dict(self.values).get(metric)

    @classmethod
    def parse(cls, data: bytes, metrics: tuple[AccuracyMetric, ...], *, path: str) -> AccuracyText:
        """Read the file as the official checker does.

        The first match of a metric together with the hash ends the scan; before that, a later match takes the place
        of an earlier one.
        """
        patterns = [(metric.key, re.compile(metric.pattern)) for metric in metrics]
        found: dict[str, str] = {}
        digest, place, digest_place = None, 0, 0
        for number, text in enumerate(_lines(data), start=1):
            for key, pattern in patterns:
                if match := pattern.match(text):
                    found[key] = match[1]
                    place = number
            if match := HASH_LINE.match(text):
                digest, digest_place = match[1], number
            if digest and len(found) == len(patterns):
                break
        return cls(path=path, values=tuple(found.items()), hash=digest, line=place, hash_line=digest_place)


def _lines(data: bytes) -> list[str]:
    """The lines of a text file as Python opens it."""
    return data.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n").split("\n")


@frozen
class Verification:
    """What a script of a compliance test printed."""

    path: str
    passed: bool
    """Whether ``TEST PASS`` occurs."""
    reference_score: str
    """As printed; empty where it is not."""
    test_score: str

    @classmethod
    def parse(cls, data: bytes, *, path: str) -> Verification:
        """Read ``verify_performance.txt`` or ``verify_accuracy.txt``."""
        text = data.decode("utf-8", "backslashreplace")
        reference, test = (re.search(pattern, text, re.MULTILINE) for pattern in (REFERENCE_SCORE, TEST_SCORE))
        return cls(
            path=path,
            passed="TEST PASS" in text,
            reference_score=reference[1] if reference else "",
            test_score=test[1] if test else "",
        )
