"""The page of a search for the peak: latency over throughput, and the path that was taken."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TypeAlias

from levelfield.files import write_atomically
from levelfield.inference.peak import Found, NotFound, Peak, Probe
from levelfield.inference.report.chart import BOTTOM, LEFT, RIGHT, TOP, Plot, duration_axis, line
from levelfield.inference.report.page import document, page_script
from levelfield.inference.report.words import FOOTNOTE, LEGEND
from levelfield.page.axis import Axis, linear_axis
from levelfield.page.markup import Markup, element, table
from levelfield.units import format_compact, format_ns, format_number, format_rate, percentile_name

__all__ = ["outcome_of", "render_peak", "write_peak_report"]

LOG_FROM_RATIO = 12.0
MEDIAN = "50.00"
Points: TypeAlias = list[tuple[float, float]]


def write_peak_report(path: Path, peak: Peak) -> None:
    """Write the page of a search.

    Raises:
        OutputError: The file cannot be written.
    """
    write_atomically(path, render_peak(peak))


def outcome_of(peak: Peak) -> str:
    """What the search gave, in a sentence."""
    match peak.step:
        case Found(rate=rate, high=high, within_tolerance=within):
            above = "no rate above it was tried" if high is None else f"{format_rate(high, 'queries/s')} is not valid"
            left = "" if within else "; the probes were used up before the two came together"
            return f"The highest valid rate is {format_rate(rate, 'queries/s')}: {above}{left}."
        case NotFound(why=why):
            return f"No peak was found: {why}"
        case _:
            return f"The search is not over: {len(peak.probes)} probes so far."


def render_peak(peak: Peak) -> str:
    """The page as text; the same search gives the same text."""
    plot = latency_over_throughput(peak)
    body = element(
        "body",
        element(
            "header",
            element("p", "levelfield · inference · peak", class_="eyebrow"),
            element("h1", peak.benchmark),
            element("p", outcome_of(peak), class_="outcome"),
        ),
        element(
            "main",
            element(
                "section",
                element("h2", "Latency over throughput"),
                element("div", plot.figure(), class_="plots")
                if plot is not None
                else element("p", "Too few probes were run to their end for a plot.", class_="muted"),
                class_="run",
            ),
            element("section", element("h2", "The path"), _path(peak), class_="run"),
            id="results",
        ),
        element("footer", element("p", element("strong", FOOTNOTE)), element("p", LEGEND)),
        element("div", id="tip", role="status", hidden=True),
        page_script(),
    )
    return document(f"{peak.benchmark}: peak", body)


def latency_over_throughput(peak: Peak) -> Plot | None:
    """Median and judged percentile of every probe that was run to its end, by its rate; ``None`` for fewer than two."""
    judged = f"{peak.percentile * 100:.2f}"
    whole = sorted(
        (
            probe
            for probe in peak.probes
            if not probe.abandoned and {judged, MEDIAN} <= set(probe.latency_percentiles_ns)
        ),
        key=lambda probe: probe.rate,
    )
    if len(whole) < 2:
        return None
    tails = [float(probe.latency_percentiles_ns[judged]) for probe in whole]
    medians = [float(probe.latency_percentiles_ns[MEDIAN]) for probe in whole]
    lowest, highest = min(medians), max(*tails, float(peak.limit_ns))
    low = _round_low(whole[0].rate, whole[-1].rate)
    x = linear_axis("queries per second", whole[-1].rate, low=low, start=LEFT, end=RIGHT, word=format_compact)
    y = duration_axis(
        "latency, {unit}", lowest, highest * 1.02, start=BOTTOM, end=TOP, log=highest / lowest > LOG_FROM_RATIO
    )
    name = percentile_name(peak.percentile)
    return Plot(
        identifier="latency-over-throughput",
        title="Latency over throughput",
        description=f"Median and {name} latency of {len(whole)} probes by their rate, and the limit of "
        f"{format_ns(peak.limit_ns)}. {outcome_of(peak)}",
        x=x,
        y=y,
        marks=_marks(
            peak,
            x,
            y,
            medians=[(x.at(probe.rate), y.at(value)) for probe, value in zip(whole, medians, strict=True)],
            tails=[(x.at(probe.rate), y.at(value)) for probe, value in zip(whole, tails, strict=True)],
        ),
        legend=(
            ("curve", "median"),
            ("high", name),
            ("target", f"limit {format_ns(peak.limit_ns)}"),
            ("percentile", "highest valid rate"),
        ),
        head=("queries/s", "verdict", "median", name),
        rows=tuple(
            (format_number(probe.rate), _verdict(probe), format_ns(median), format_ns(tail))
            for probe, median, tail in zip(whole, medians, tails, strict=True)
        ),
        places=tuple(x.at(probe.rate) for probe in whole),
    )


def _round_low(least: float, most: float) -> float:
    """Where the axis of rates begins: 0, or a round rate below the least where all are near each other."""
    if least < 0.7 * most or least == most:
        return 0.0
    step: float = 10.0 ** math.floor(math.log10(most - least))
    return step * math.floor(least / step)


def _marks(peak: Peak, x: Axis, y: Axis, *, medians: Points, tails: Points) -> tuple[Markup, ...]:
    limit = y.at(peak.limit_ns)
    marks = [
        line(medians, "curve"),
        line(tails, "curve high"),
        *(element("circle", class_="dot", cx=px, cy=py, r=3) for px, py in tails),
        element("line", class_="flag target", x1=LEFT, x2=RIGHT, y1=limit, y2=limit),
    ]
    if isinstance(peak.step, Found):
        place = x.at(peak.step.rate)
        marks.append(element("line", class_="flag percentile", x1=place, x2=place, y1=TOP, y2=BOTTOM))
    return tuple(marks)


def _verdict(probe: Probe) -> str:
    if probe.valid:
        return "valid"
    return "disturbed" if probe.disturbed else "given up" if probe.abandoned else "not valid"


def _path(peak: Peak) -> Markup:
    return table(
        ("probe", "queries/s", "verdict", "completed/s", "p99", "late", "queries", "why"),
        [
            (
                str(number) + (" (full length)" if probe.full and not peak.bounds.probes_are_full else ""),
                format_number(probe.rate),
                _verdict(probe),
                format_number(probe.completed_per_s),
                format_ns(probe.latency_percentiles_ns["99.00"]) if "99.00" in probe.latency_percentiles_ns else "none",
                f"{probe.over_limit:,}",
                f"{probe.queries:,} of {probe.planned_queries:,}",
                probe.why,
            )
            for number, probe in enumerate(peak.probes, start=1)
        ],
        label="Every rate that was tried, in order",
        class_="numbers",
    )
