"""What the logs must say, computed a second time from the raw record alone, with none of levelfield's arithmetic.

Percentiles by sorting and indexing (``trunc(n * p)``), early stopping by SciPy's regularised incomplete beta function,
one query more at a time as the rule words it, and the two texts written out by hand from the rules of LoadGen's logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc

from levelfield.loadgen import Measurement

FRACTIONS = (0.5, 0.9, 0.95, 0.97, 0.99, 0.999)
NAMES = ("50.00", "90.00", "95.00", "97.00", "99.00", "99.90")
RULE = "=" * 48


@dataclass(frozen=True)
class Spread:
    """Latencies, sorted."""

    ordered: list[int]

    @classmethod
    def of(cls, values: np.ndarray) -> Spread:
        return cls(np.sort(values.astype(np.int64)).tolist())

    def at(self, fraction: float) -> int:
        return self.ordered[int(len(self.ordered) * fraction)]

    def detail(self, kind: str, per_query: str = "") -> Iterator[tuple[str, str]]:
        for key, value in (
            (f"result_min_{kind}latency_ns", self.ordered[0]),
            (f"result_max_{kind}latency_ns", self.ordered[-1]),
            (f"result_mean_{kind}latency_ns", sum(self.ordered) // len(self.ordered)),
        ):
            yield key, str(value)
        for name, fraction in zip(NAMES, FRACTIONS, strict=True):
            yield f"result_{name}_percentile_{per_query or kind}latency_ns", str(self.at(fraction))

    def summary(self) -> list[str]:
        return [
            f"Min latency (ns)                : {self.ordered[0]}",
            f"Max latency (ns)                : {self.ordered[-1]}",
            f"Mean latency (ns)               : {sum(self.ordered) // len(self.ordered)}",
            *(
                f"{name} percentile latency (ns)   : {self.at(fraction)}"
                for name, fraction in zip(NAMES, FRACTIONS, strict=True)
            ),
        ]


def within_needed(over: int, fraction: float, *, start: int = 1) -> int:
    """h(t): the fewest queries within the bound that outweigh ``over`` beyond it, by trying one after the other."""
    within = start
    while betainc(within, over + 1, fraction) >= 1 - 0.99:
        within += 1
    return within


def most_over(queries: int, fraction: float) -> int:
    """t*: the largest t with h(t) + t <= queries; 0 if there is none."""
    over, within = 0, 1
    while True:
        within = within_needed(over + 1, fraction, start=within)  # it takes more within to outweigh more beyond
        if within + over + 1 > queries:
            return over
        over += 1


def g(value: float) -> str:
    return f"{value:g}"


def flag(value: bool) -> str:
    return "true" if value else "false"


class Expected:
    """The expected texts of one performance phase."""

    def __init__(self, measurement: Measurement) -> None:
        m = self.m = measurement
        e = self.e = measurement.effective
        self.v6 = e.requested.profile.value == "v6"
        self.scenario = e.scenario.value
        latencies = m.latency_ns.astype(np.int64)
        self.n = len(latencies)
        self.samples = Spread.of(latencies)
        per_query = latencies.reshape(-1, m.samples_per_query).max(axis=1)
        self.queries = Spread.of(per_query)
        self.query_count = len(m.scheduled_ns)
        due = m.scheduled_ns.astype(np.int64)
        self.last_due = int(due[-1])
        self.last_issued = self.last_due + int(m.issue_delay_ns[-1])
        self.last_done = self.last_due + int(per_query[-1])
        self.ended = int((due + per_query).max())
        self.target = e.target_latency_percentile
        self.over = sum(latency > e.target_latency_ns for latency in self.samples.ordered)
        minimum_ns = e.min_duration_ms * 1_000_000
        self.constraint = self.scenario != "Server" or self.samples.at(self.target) <= e.target_latency_ns
        reached = {"Server": self.last_due, "Offline": self.samples.ordered[-1]}.get(self.scenario, self.last_issued)
        self.duration = reached >= minimum_ns
        self.count = self.query_count >= e.min_query_count and self.n >= e.min_sample_count
        self.stopping, self.stopping_text, self.estimate, self.estimate_99 = self._early_stopping()
        self.valid = self.constraint and self.duration and self.count and self.stopping

    # --- early stopping -----------------------------------------------------------------------------------

    def _name(self, fraction: float) -> str:
        return f"{fraction * 100:.1f}th" if self.v6 else f"{fraction * 100:.0f}th"

    def _early_stopping(self) -> tuple[bool, str, int, int]:
        n = self.query_count
        if self.scenario == "Offline":
            return True, "", 0, 0
        if self.scenario == "Server":
            missing = within_needed(self.over, self.target) + self.over - n
            if missing <= 0:
                return True, " * Run successful.", 0, 0
            text = (
                f" * Run unsuccessful.\n * Processed {n} queries.\n"
                f" * Would need to run at least {missing} more queries,\n"
                " with the run being successful if every additional\n query were under latency."
            )
            return False, text, 0, 0
        spread = self.queries if self.scenario == "MultiStream" else self.samples
        minimum = within_needed(1, self.target) + 1
        estimate_99, minimum_99 = 0, within_needed(1, 0.99) + 1
        if n >= minimum_99:
            estimate_99 = spread.ordered[n - most_over(n, 0.99)]
        if n < minimum:
            text = f" * Only processed {n} queries.\n * Need to process at least {minimum} queries for early stopping."
            return False, text, 0, estimate_99
        over = most_over(n, self.target)
        estimate = spread.ordered[n - over]
        text = (
            f" * Processed at least {minimum} queries ({n}).\n * Would discard {over - 1} highest latency queries.\n"
            f" * Early stopping {self._name(self.target)} percentile estimate: {estimate}"
        )
        if self.scenario == "SingleStream":
            name = self._name(0.99)
            text += (
                f"\n * Early stopping {name} percentile estimate: {estimate_99}"
                if n >= minimum_99
                else f"\n * Not enough queries processed for {name} percentile\n early stopping estimate "
                f"(would need to process at\n least {minimum_99} total queries)."
            )
        return True, text, estimate, estimate_99

    # --- the detail log -----------------------------------------------------------------------------------

    def detail(self) -> list[tuple[str, str]]:
        """Key and value, as spelled, of every line from ``result_validity`` on."""
        return list(self._detail())

    def _detail(self) -> Iterator[tuple[str, str]]:
        server = self.scenario == "Server"
        yield "result_validity", '"VALID"' if self.valid else '"INVALID"'
        if server:
            yield "result_perf_constraints_met", flag(self.constraint)
        yield "result_min_duration_met", flag(self.duration)
        yield "result_min_queries_met", flag(self.count)
        yield "early_stopping_met", flag(self.stopping)
        if not self.valid:
            yield "result_invalid_reason", f'"{self._reason()}"'
        yield "early_stopping_result", '"' + self.stopping_text.replace("\n", " ") + '"'
        yield "result_query_count", str(self.query_count)
        if server:
            yield "result_overlatency_query_count", str(self.over)
        match self.scenario:
            case "SingleStream":
                yield "result_qps_with_loadgen_overhead", g(self.qps_with())
                yield "result_qps_without_loadgen_overhead", g(self.qps_without())
                yield "early_stopping_latency_ss", str(self.estimate)
                yield "early_stopping_latency_ms", str(self.estimate_99)
            case "MultiStream":
                yield from self.queries.detail("query_", "per_query_")
                yield "early_stopping_latency_ms", str(self.estimate)
            case "Server":
                yield "result_scheduled_samples_per_sec", g(self.scheduled_rate())
                yield "result_completed_samples_per_sec", g(self.completed_rate())
            case "Offline":
                yield "result_samples_per_second", g(self.offline_rate())
        yield from self.samples.detail("")
        if self.v6:
            yield "num_errors", str(len(self.m.errors))

    def _reason(self) -> str:
        text = "" if self.constraint else "Reduce target QPS to improve latency. "
        return text if self.duration else f"{text}{self._longer()} "

    def _longer(self) -> str:
        if self.scenario == "Server":
            return "Increase the target QPS so the loadgen pre-generates more queries."
        return "Increase expected QPS so the loadgen pre-generates a larger (coalesced) query."

    def qps_with(self) -> float:
        return (self.n - 1) / (self.last_issued / 1e9)

    def qps_without(self) -> float:
        return 1 / (sum(self.samples.ordered) // self.n / 1e9)

    def scheduled_rate(self) -> float:
        return (self.n - 1) / (self.last_due / 1e9)

    def completed_rate(self) -> float:
        return (self.n - 1) / (self.last_done / 1e9)

    def offline_rate(self) -> float:
        return self.n / (self.samples.ordered[-1] / 1e9)

    # --- the summary --------------------------------------------------------------------------------------

    def summary(self, system_name: str) -> str:
        """The summary up to the test parameters."""
        yes = {True: "Yes", False: "NO"}
        lines = [RULE, "MLPerf Results Summary", RULE]
        lines += [f"SUT name : {system_name}", f"Scenario : {self.scenario}", "Mode     : PerformanceOnly"]
        lines.append(self._headline())
        lines.append(f"Result is : {'VALID' if self.valid else 'INVALID'}")
        if self.scenario == "Server":
            lines.append(f"  Performance constraints satisfied : {yes[self.constraint]}")
        lines.append(f"  Min duration satisfied : {yes[self.duration]}")
        lines.append(f"  Min queries satisfied : {yes[self.count]}")
        lines.append(f"  Early stopping satisfied: {yes[self.stopping]}")
        if not self.valid:
            lines.append("Recommendations:")
            lines += [] if self.constraint else [" * Reduce target QPS to improve latency."]
            lines += [] if self.duration else [f" * {self._longer()}"]
        if self.scenario != "Offline":
            lines += ["Early Stopping Result:", self.stopping_text]
        lines += ["", RULE, "Additional Stats", RULE, *self._rates()]
        lines += (self.queries if self.scenario == "MultiStream" else self.samples).summary()
        return "\n".join([*lines, "", RULE, "Test Parameters Used", RULE, ""])

    def _headline(self) -> str:
        match self.scenario:
            case "SingleStream":
                return f"{self._name(self.target)} percentile latency (ns) : {self.samples.at(self.target)}"
            case "MultiStream":
                return f"{self._name(self.target)} percentile latency (ns) : {self.queries.at(self.target)}"
            case "Server" if self.v6:
                return f"Completed samples per second    : {self.completed_rate():.2f}"
            case "Server":
                return f"Scheduled samples per second : {self.scheduled_rate():.2f}"
        return f"Samples per second: {g(self.offline_rate())}"

    def _rates(self) -> list[str]:
        match self.scenario:
            case "SingleStream":
                return [
                    f"QPS w/ loadgen overhead         : {self.qps_with():.2f}",
                    f"QPS w/o loadgen overhead        : {self.qps_without():.2f}",
                    "",
                ]
            case "MultiStream":
                return ["Per-query latency:  "]
            case "Server" if self.v6:
                return [f"Scheduled samples per second : {self.scheduled_rate():.2f}"]
            case "Server":
                return [f"Completed samples per second    : {self.completed_rate():.2f}", ""]
        return []
