"""The plots of one run. Lines are told apart by kind and label as well as by colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from levelfield.inference.report.chart import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Plot,
    area,
    duration_axis,
    line,
)
from levelfield.inference.report.run import ReportedRun, completed_queries, completion_times_ns
from levelfield.inference.report.series import Rates, bands_of, histogram_of, quantile, rates_of, tail_of
from levelfield.loadgen.ports import IntArray
from levelfield.page.axis import Axis, linear_axis
from levelfield.page.markup import Markup, element
from levelfield.terms import Scenario
from levelfield.units import format_compact, format_ns, format_number, percentile_name

__all__ = ["MARKED", "lateness_plot", "plots_of"]

MARKED = (0.5, 0.9, 0.99, 0.999)
"""Percentiles that are marked in the distribution."""
FEWEST = 10
"""Queries that it takes for a plot to say more than a list."""
EVERY_QUERY_UP_TO = 1_500
"""Up to so many queries a plot over time shows each of them; beyond, quantiles of stretches."""
LOG_FROM_RATIO = 12.0
"""Above this ratio of largest to smallest value an axis of durations is logarithmic."""
LABEL_WIDTH, LABEL_HEIGHT = 46.0, 13.0


def plots_of(run: ReportedRun, prefix: str) -> list[Plot]:
    """What the latencies show; nothing where too few queries completed.

    Args:
        run: The run.
        prefix: Starts the identifiers, unique on the page.
    """
    due, latencies = completed_queries(run)
    if not len(latencies) or (len(latencies) < FEWEST and run.result.scenario is not Scenario.OFFLINE):
        return []
    rate = _throughput_over_time(run, f"{prefix}-throughput")
    if run.result.scenario is Scenario.OFFLINE:
        return [_completions_over_time(run, f"{prefix}-completions"), rate]
    ascending = np.sort(latencies)
    return [
        _distribution(run, ascending, f"{prefix}-distribution"),
        _tail(run, ascending, f"{prefix}-tail"),
        _latency_over_time(run, due, latencies, f"{prefix}-latency"),
        rate,
    ]


def lateness_plot(run: ReportedRun, prefix: str) -> Plot | None:
    """The load generator's own lateness; ``None`` where queries have no due time or are too few."""
    bound = run.result.lateness.bound_ns
    if bound is None or len(run.issue_delay_ns) < FEWEST:
        return None
    return _over_time(
        run.scheduled_ns,
        run.issue_delay_ns,
        identifier=f"{prefix}-lateness",
        title="Lateness over time",
        what="How much later than due queries were issued",
        limit=("bound of p99", bound),
        name="lateness",
    )


def _distribution(run: ReportedRun, ascending: IntArray, identifier: str) -> Plot:
    shape = histogram_of(ascending)
    target = run.result.performance.target_latency_ns
    low, high = float(shape.edges_ns[0]), float(shape.edges_ns[-1])
    if target:
        low, high = min(low, target / 1.1), max(high, target * 1.1)
    x = duration_axis("latency, {unit}", low, high, start=LEFT, end=RIGHT, log=True)
    shares = shape.counts / len(ascending) * 100
    y = linear_axis("share of queries, %", float(shares.max()), start=BOTTOM, end=TOP + 22, word=lambda v: f"{v:g}")
    edges = [x.at(float(edge)) for edge in shape.edges_ns]
    outline = [(edges[0], BOTTOM)]
    for left, right, share in zip(edges[:-1], edges[1:], shares, strict=True):
        outline += [(left, y.at(float(share))), (right, y.at(float(share)))]
    outline.append((edges[-1], BOTTOM))
    marks = [(percentile_name(p), quantile(ascending, p), "percentile") for p in MARKED]
    if target:
        marks.append(("target", target, "target"))
    told = ", ".join(f"{name} {format_ns(value)}" for name, value, _ in marks)
    cumulated = np.cumsum(shape.counts) / len(ascending) * 100
    return Plot(
        identifier=identifier,
        title="How latency is distributed",
        description=f"Histogram of query latency on a logarithmic axis. {told}.",
        x=x,
        y=y,
        marks=(area(outline, "filled"), *_flags(x, marks)),
        legend=_target_legend(run) if target else (),
        head=("from", "to", "queries", "share", "within"),
        rows=tuple(
            (format_ns(a), format_ns(b), f"{count:,}", f"{share:.2f} %", f"{within:.2f} %")
            for a, b, count, share, within in zip(
                shape.edges_ns[:-1], shape.edges_ns[1:], shape.counts, shares, cumulated, strict=True
            )
        ),
        places=tuple((a + b) / 2 for a, b in pairwise(edges)),
    )


def _flags(x: Axis, marks: Sequence[tuple[str, int, str]]) -> list[Markup]:
    """Vertical lines with their names above, on as many rows as it takes for none to cover another."""
    found, ends = [], [-math.inf] * 4
    for name, value, class_ in sorted(marks, key=lambda mark: mark[1]):
        place = x.at(value)
        row = next((number for number, end in enumerate(ends) if place - LABEL_WIDTH / 2 > end), 0)
        ends[row] = place + LABEL_WIDTH / 2
        top = TOP - 8 + LABEL_HEIGHT * row
        found += [
            element("line", class_=f"flag {class_}", x1=place, x2=place, y1=top + 3, y2=BOTTOM),
            element("text", name, class_=f"flag-name {class_}", x=place, y=top, text_anchor="middle"),
        ]
    return found


def _tail(run: ReportedRun, ascending: IntArray, identifier: str) -> Plot:
    tail = tail_of(ascending)
    performance = run.result.performance
    target, at = performance.target_latency_ns, performance.target_percentile
    values = [float(value) for value in tail.latencies_ns]
    low, high = min(values[0], target or math.inf), max(values[-1], target or 0)
    y = duration_axis(
        "latency, {unit}", low, high * 1.02, start=BOTTOM, end=TOP, log=high / max(low, 1) > LOG_FROM_RATIO
    )
    nines = max(1.0, tail.most_nines)
    x = Axis(
        title="share of queries, every nine as wide as the last",
        low=0.0,
        high=1 - 10 ** -(nines + 1e-9),
        start=LEFT,
        end=RIGHT,
        transform=_nines,
        ticks=tuple((p, name) for p, name in NINES if _nines(p) <= nines + 1e-6),
    )
    points = [(x.at(float(p)), y.at(v)) for p, v in zip(tail.fractions, values, strict=True)]
    corners = [points[0]]
    for (_, before), (place, after) in pairwise(points):
        corners += [(place, before), (place, after)]
    marks = [line(corners, "curve")]
    if target:
        marks.append(element("line", class_="flag target", x1=LEFT, x2=RIGHT, y1=y.at(target), y2=y.at(target)))
    if at:
        place = x.at(at)
        marks += [
            element("line", class_="flag percentile", x1=place, x2=place, y1=TOP, y2=BOTTOM),
            element("circle", class_="dot", cx=place, cy=y.at(quantile(ascending, at)), r=4),
        ]
    return Plot(
        identifier=identifier,
        title="Latency by percentile",
        description=f"Latency by percentile, from {format_ns(values[0])} at the fastest to {format_ns(values[-1])} at "
        "the slowest; every further nine takes the same width.",
        x=x,
        y=y,
        marks=tuple(marks),
        legend=(
            *((("percentile", f"judged at {percentile_name(at)}"),) if at else ()),
            *(_target_legend(run) if target else ()),
        ),
        head=("share of queries", "latency at most"),
        rows=tuple(
            (f"{p * 100:.{max(1, math.ceil(_nines(p)))}f} %", format_ns(v))
            for p, v in zip(map(float, tail.fractions), values, strict=True)
        ),
        places=tuple(place for place, _ in points),
    )


NINES = (
    (0.5, "50 %"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (0.9999, "99.99 %"),
    (0.99999, "5 nines"),
    (0.999999, "6 nines"),
    (0.9999999, "7 nines"),
)


def _nines(fraction: float) -> float:
    return -math.log10(max(1e-12, 1 - fraction))


def _latency_over_time(run: ReportedRun, due: IntArray, latencies: IntArray, identifier: str) -> Plot:
    target = run.result.performance.target_latency_ns
    return _over_time(
        due,
        latencies,
        identifier=identifier,
        title="Latency over time",
        what="Latency of queries by when they were due",
        limit=("target", target) if target else None,
        name="latency",
    )


def _over_time(
    times: IntArray,
    values: IntArray,
    *,
    identifier: str,
    title: str,
    what: str,
    limit: tuple[str, int] | None,
    name: str,
) -> Plot:
    """Every query where they are few, else quantiles of stretches of time."""
    each = len(values) <= EVERY_QUERY_UP_TO
    bands = bands_of(times, values, per_band=40) if each else bands_of(times, values)
    lowest = max(1.0, float(values.min() if each else bands.p10_ns.min()))
    highest = max(float(bands.max_ns.max()), float(limit[1]) if limit else 0.0, 2.0)
    x = duration_axis("time since the start, {unit}", 0, max(1.0, float(times[-1])), start=LEFT, end=RIGHT, log=False)
    y = duration_axis(
        f"{name}, {{unit}}", lowest, highest, start=BOTTOM, end=TOP, log=highest / lowest > LOG_FROM_RATIO
    )
    places = [x.at(float(time)) for time in bands.times_ns]

    def path(heights: IntArray) -> list[tuple[float, float]]:
        return [(place, y.at(float(height))) for place, height in zip(places, heights, strict=True)]

    if each:
        spots = " ".join(
            f"M{x.at(float(t)):.1f} {y.at(float(v)):.1f}h0"
            for t, v in zip(times.tolist(), values.tolist(), strict=True)
        )
        marks = [element("path", class_="spots", d=spots), line(path(bands.p50_ns), "curve")]
        legend = [("most", "each query"), ("curve", "median")]
    else:
        marks = [
            area([*path(bands.p10_ns), *reversed(path(bands.p90_ns))], "band"),
            line(path(bands.p50_ns), "curve"),
            line(path(bands.p99_ns), "curve high"),
            *(element("circle", class_="most", cx=px, cy=py, r=1.6) for px, py in path(bands.max_ns)),
        ]
        legend = [("curve", "median"), ("band", "p10 to p90"), ("high", "p99"), ("most", "maximum")]
    if limit:
        place = y.at(limit[1])
        marks.append(element("line", class_="flag target", x1=LEFT, x2=RIGHT, y1=place, y2=place))
        legend.append(("target", f"{limit[0]} {format_ns(limit[1])}"))
    return Plot(
        identifier=identifier,
        title=title,
        description=f"{what}. The largest is {format_ns(float(bands.max_ns.max()))}.",
        x=x,
        y=y,
        marks=tuple(marks),
        legend=tuple(legend),
        head=("at", "queries", "p10", "median", "p90", "p99", "maximum"),
        rows=tuple(
            (format_ns(time), f"{count:,}", *(format_ns(value) for value in quantiles))
            for time, count, *quantiles in zip(
                bands.times_ns,
                bands.counts,
                bands.p10_ns,
                bands.p50_ns,
                bands.p90_ns,
                bands.p99_ns,
                bands.max_ns,
                strict=True,
            )
        ),
        places=tuple(places),
    )


def _throughput_over_time(run: ReportedRun, identifier: str) -> Plot:
    times = completion_times_ns(run)
    end = int(times.max())
    done = rates_of(times, end_ns=end)
    offered = None
    if run.result.scenario is Scenario.SERVER:
        offered = rates_of(run.scheduled_ns, end_ns=end, most=len(done.per_s))
    mean = run.result.performance.samples_per_s
    highest = max(float(done.per_s.max()), mean, float(offered.per_s.max()) if offered else 0)
    x = duration_axis("time since the start, {unit}", 0, end, start=LEFT, end=RIGHT, log=False)
    y = linear_axis("samples completed per second", highest, start=BOTTOM, end=TOP, word=format_compact)
    outline = _steps(x, y, done)
    marks = [area([(LEFT, BOTTOM), *outline, (outline[-1][0], BOTTOM)], "band"), line(outline, "curve")]
    legend = [("curve", "completed")]
    head = ["at", "completed per second"]
    columns = [[format_ns(time) for time in done.times_ns], [format_number(value) for value in done.per_s]]
    if offered is not None and len(offered.per_s) == len(done.per_s):
        marks.append(line(_steps(x, y, offered), "curve high"))
        legend.append(("high", "due"))
        head.append("due per second")
        columns.append([format_number(value) for value in offered.per_s])
    marks.append(element("line", class_="flag percentile", x1=LEFT, x2=RIGHT, y1=y.at(mean), y2=y.at(mean)))
    legend.append(("percentile", f"mean {format_number(mean)} per second"))
    return Plot(
        identifier=identifier,
        title="Throughput over time",
        description=f"Samples completed per second in stretches of {format_ns(done.width_ns)}; "
        f"the mean of the whole run is {format_number(mean)} per second.",
        x=x,
        y=y,
        marks=tuple(marks),
        legend=tuple(legend),
        head=tuple(head),
        rows=tuple(zip(*columns, strict=True)),
        places=tuple(x.at(float(time)) for time in done.times_ns),
    )


def _completions_over_time(run: ReportedRun, identifier: str) -> Plot:
    """Offline: one query holds all samples, so what matters is how evenly they complete."""
    ascending = np.sort(completion_times_ns(run))
    count, end = len(ascending), int(ascending[-1])
    times = np.linspace(0, end, 101)
    shares = np.searchsorted(ascending, times, side="right") / count * 100
    x = duration_axis("time since the start, {unit}", 0, end, start=LEFT, end=RIGHT, log=False)
    y = linear_axis("samples complete, %", 100.0, start=BOTTOM, end=TOP, word=lambda v: f"{v:g}")
    points = [(x.at(float(time)), y.at(float(share))) for time, share in zip(times, shares, strict=True)]
    even = [(LEFT, y.at(0)), (x.at(end), y.at(100))]
    return Plot(
        identifier=identifier,
        title="Samples complete over time",
        description=f"Share of the {count:,} samples that are complete at each moment; the last at {format_ns(end)}. "
        "A straight line is an even pace.",
        x=x,
        y=y,
        marks=(area([*points, (points[-1][0], BOTTOM)], "band"), line(even, "flag percentile"), line(points, "curve")),
        legend=(("curve", "samples complete"), ("percentile", "an even pace")),
        head=("at", "samples complete"),
        rows=tuple((format_ns(time), f"{share:.1f} %") for time, share in zip(times, shares, strict=True)),
        places=tuple(place for place, _ in points),
    )


def _steps(x: Axis, y: Axis, rates: Rates) -> list[tuple[float, float]]:
    half = rates.width_ns / 2
    return [
        (x.at(float(time) + side), y.at(float(rate)))
        for time, rate in zip(rates.times_ns, rates.per_s, strict=True)
        for side in (-half, half)
    ]


def _target_legend(run: ReportedRun) -> tuple[tuple[str, str], ...]:
    target = run.result.performance.target_latency_ns
    return (("target", f"target {format_ns(target)}"),) if target else ()
