"""``levelfield inference peak``: the highest valid Server rate, and what other scenarios should expect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from levelfield.cli.run_options import RunOptionsGiven, request_of, run_options

if TYPE_CHECKING:
    from levelfield.inference.peak import Peak, Probe
    from levelfield.inference.peak_run import PeakRun

__all__ = ["command"]


@click.command(name="peak")
@run_options
@click.option(
    "--scenario",
    "-s",
    multiple=True,
    default=("Server",),
    show_default=True,
    help="Server for the search, others for what they should expect; may be repeated; 'all' for all four.",
)
@click.option("--probes", type=int, default=12, show_default=True, help="Most rates to try.")
@click.option(
    "--tolerance", type=float, default=0.01, show_default=True, help="How near the next rate that fails must be."
)
@click.option(
    "--probe-duration",
    type=float,
    metavar="SECONDS",
    help="How long to try a rate.  [default: as long as the run, or 60]",
)
@click.option("--json", "as_json", is_flag=True, help="Print peak.json.")
def command(
    *,
    scenario: tuple[str, ...],
    probes: int,
    tolerance: float,
    probe_duration: float | None,
    as_json: bool,
    **given: Unpack[RunOptionsGiven],
) -> int:
    """Find the highest Server rate that is valid; --qps says where to start.

    A rate that cannot become valid is given up at once. A search that was stopped, or killed, goes on with the same
    command.

    \b
    levelfield inference peak -b resnet50
    levelfield inference peak -b resnet50 -s all --out peak
    levelfield inference peak -b resnet50 --official --probe-duration 60
    """  # noqa: D301 - click's mark for lines that stay as they are
    import os
    import sys
    from dataclasses import replace

    from levelfield.cli.choices import scenarios_of
    from levelfield.cli.progress import Progress
    from levelfield.inference.peak_run import PeakOptions, find_peak

    request = request_of(given, scenarios=scenarios_of(scenario))
    if given["out"] is None:
        request = replace(request, out=Path(f"levelfield-peak-{given['benchmark']}"))
    progress = Progress(sys.stderr, os.environ)

    def show(peak: Peak, probe: Probe) -> None:
        progress.close()
        if not as_json:
            click.echo(_line(peak, probe))

    options = PeakOptions(tolerance=tolerance, most_probes=probes, probe_s=probe_duration)
    try:
        run = find_peak(request, options, listener=progress, on_probe=show)
    finally:
        progress.close()
    _close(run, as_json=as_json)
    return 130 if run.interrupted else 0 if run.holds else 1


def _line(peak: Peak, probe: Probe) -> str:
    from levelfield.units import format_ns, format_number

    sign = "✓ valid" if probe.valid else "✗ given up" if probe.abandoned else "✗ not valid"
    sign = "? disturbed" if probe.disturbed else sign
    colour = "green" if probe.valid else "red"
    tail = probe.latency_percentiles_ns.get("99.00")
    latency = "" if tail is None else f"p99 {format_ns(tail)}, "
    full = ", full length" if probe.full and not peak.bounds.probes_are_full else ""
    disturbed = "; the load generator itself was late" if probe.disturbed else ""
    verdict = click.style(f"{sign:<12}", fg=colour)
    rate = f"{len(peak.probes):>3}  {format_number(probe.rate):>9} queries/s"
    return f"{rate}  {verdict} {latency}{probe.over_limit:,} late of {probe.queries:,}{full}{disturbed}"


def _close(run: PeakRun, *, as_json: bool) -> None:
    from levelfield.inference.report.peak import outcome_of, write_peak_report

    report = run.file.with_name("peak.html")
    if run.peak.probes:
        write_peak_report(report, run.peak)
    if as_json:
        click.echo(json.dumps(json.loads(run.file.read_text()), indent=2, ensure_ascii=False))
    else:
        if run.peak.probes or "Server" in run.peak.asked["scenarios"]:
            click.echo(outcome_of(run.peak))
        for name, value in run.peak.expected.items():
            scenario, _, key = name.partition(".")
            click.echo(
                f"{scenario} should expect {key} = {value:g}{' ms' if key == 'target_latency' else ' samples/s'}."
            )
        places = [("report", report if run.peak.probes else None), ("search", run.file), ("user.conf", run.user_conf)]
        for name, path in places:
            if path is not None:
                click.echo(f"{name:<12}{path}")
    if run.interrupted:
        click.echo("levelfield: interrupted; the same command goes on from here.", err=True)
