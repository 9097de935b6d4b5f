"""PWR013 to PWR016, PWR018: are there samples, enough of them, of this session, and do they agree with the daemon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from levelfield.formats.power_session import FileName
from levelfield.formats.power_time import format_power_time
from levelfield.formats.spl_log import Reading, SplLog, parse_sample
from levelfield.rules.power_check import PowerCheck
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.check import SessionCheck, finding
from levelfield.submission.power.session import Part, Phase, PowerSession
from levelfield.submission.report import CheckText
from levelfield.units import NS_PER_S, format_number

__all__ = ["DAEMON_SUMMARY", "FIXED_RANGES", "GAPS", "OWN_SAMPLES", "SAMPLES"]

LARGEST_GAP_NS = 3 * NS_PER_S
"""Beyond it we warn: samples come once a second, and the largest gap in 288 published sessions is 3.11 s."""
ENERGY_FRACTION = 0.01
"""By which mean power times duration and the energy from the times of the samples may differ before we warn."""
MOST_UNSEEN = 10
"""Samples that the daemon may have taken after the last one in the file; 4 at most in 106 published runs."""
ROUNDING_WATTS = 1e-6
"""What six decimals of a mean may be off by, twice over."""
RANGE_FRACTION = 1e-6


def _judge_samples(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    power, samples = session.testing.power, session.testing.samples
    assert power is not None
    assert samples is not None
    window = f"between {format_power_time(power.begin_ns)} and {format_power_time(power.end_ns)}"
    if power.sample_count == 0:
        yield _testing(session, "PWR013", Severity.VOID, f"no sample {window}", "about one a second")
    if power.non_finite_count:
        found = f"{power.non_finite_count} of {power.sample_count} samples under load without a number of watts"
        yield _testing(session, "PWR013", Severity.VOID, found, "a number, or the mean is none")
    if power.non_positive_count:
        found = f"{power.non_positive_count} of {power.sample_count} samples under load with 0 W or less"
        if power.mean_watts is not None and power.positive_mean_watts is not None:
            found += (
                f"; the mean is {format_number(power.mean_watts, digits=6)} W with them and "
                f"{format_number(power.positive_mean_watts, digits=6)} W without"
            )
        yield _testing(session, "PWR013", Severity.WARNING, found, "more than 0 W")
    if power.backward_count:
        found = f"{power.backward_count} samples that are not later than the one before"
        yield _testing(session, "PWR013", Severity.WARNING, found, "samples in order of time")
    for phase in (session.ranging, session.testing):
        yield from _damaged(session, phase)


def _damaged(session: PowerSession, phase: Phase) -> Iterator[Finding]:
    if phase.samples is None or not phase.samples.damaged:
        return
    first, count = phase.samples.damaged[0], phase.samples.damaged_count
    found = f"{count} {'line that is no sample' if count == 1 else 'lines that are no samples'}, first {first.text!r}"
    severity = Severity.VOID if phase is session.testing else Severity.ERROR
    file = FileName.TESTING_SPL if phase is session.testing else FileName.RANGING_SPL
    yield finding(
        session,
        "PWR013",
        severity,
        file,
        line=first.number,
        found=found,
        expected="samples; the official tools stop there",
    )


def _judge_gaps(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    power = session.testing.power
    assert power is not None
    if power.sample_count == 0:
        return
    if power.largest_gap_ns > LARGEST_GAP_NS:
        at = format_power_time(power.largest_gap_at_ns)
        found = f"{power.largest_gap_ns / NS_PER_S:.2f} s without a sample under load, from {at}"
        yield _testing(session, "PWR014", Severity.WARNING, found, f"at most {LARGEST_GAP_NS // NS_PER_S} s")
    apart = power.trapezoid_fraction
    if apart is not None and abs(apart) > ENERGY_FRACTION:
        found = f"energy from the times of the samples {apart:+.2%} from mean power times duration"
        yield _testing(session, "PWR014", Severity.WARNING, found, f"within {ENERGY_FRACTION:.0%}")


def _judge_summary(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    """The daemon may have taken some samples after the last one that was kept, never fewer."""
    assert session.ptd_log is not None
    for phase, file in ((session.ranging, FileName.RANGING_SPL), (session.testing, FileName.TESTING_SPL)):
        run = next((run for run in session.ptd_log.runs if run.mark == _mark(session, phase)), None)
        if run is None or run.mean_watts is None or run.valid_count is None or phase.samples is None:
            continue
        watts = _valid(phase.samples.watts, with_errors=bool(run.error_count))
        if not len(watts):
            continue
        beyond = run.valid_count - len(watts)
        with np.errstate(over="ignore"):
            total = float(watts.sum())
        found = (
            f"{phase.name}: {len(watts)} valid samples with a mean of {format_number(total / len(watts), digits=7)} W"
        )
        if not 0 <= beyond <= MOST_UNSEEN or not _accounts_for(run.mean_watts * run.valid_count - total, watts, beyond):
            said = format_number(run.mean_watts, digits=7)
            expected = f"the {said} W that PTDaemon says of its {run.valid_count}"
            yield finding(session, "PWR015", Severity.VOID, file, found=found, expected=expected)


def _valid(watts: NDArray[np.float64], *, with_errors: bool) -> NDArray[np.float64]:
    """Samples that the daemon counts as valid: one with an error is logged as -1 or without a number."""
    valid: NDArray[np.float64] = watts[np.isfinite(watts) & ((watts != -1) | (not with_errors))]
    return valid


def _accounts_for(unseen_watts: float, watts: NDArray[np.float64], count: int) -> bool:
    """Whether so many samples beyond those in the file may add up to what the daemon counted more."""
    slack = ROUNDING_WATTS * (len(watts) + count)
    lowest, highest = min(0.0, float(watts.min())), max(0.0, float(watts.max()))
    return 2 * lowest * count - slack <= unseen_watts <= 2 * highest * count + slack


def _judge_ranges(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    assert session.server is not None
    assert session.ranging.samples is not None
    highest = dict(zip("VA", _highest(session.ranging.samples, session.contents[FileName.RANGING_SPL]), strict=True))
    for name, unit in (("V", "V"), ("A", "A")):
        commands = [m.command for m in session.server.ptd_messages if m.command.startswith(f"SR,{name},")]
        given = commands[1].rpartition(",")[2] if len(commands) > 1 else ""
        try:
            value = float(given)
        except ValueError:
            found = f"testing with {commands[1] if len(commands) > 1 else f'no second command SR,{name}'}"
            yield _server(session, "PWR016", found, "the highest value of ranging as a fixed range")
            continue
        if value < highest[name] * (1 - RANGE_FRACTION):
            found = f"testing with {commands[1]}"
            yield _server(session, "PWR016", found, f"at least the {highest[name]:.6f} {unit} seen while ranging")


def _highest(samples: SplLog, spl: bytes) -> tuple[float, float]:
    """Highest volts and amps; of an analyzer with several channels, of any of them."""
    columns = (samples.volts, samples.amps)
    if len(samples) and samples.volts.max() <= 0:
        found: list[Reading] = []
        for line in spl.splitlines():
            try:
                found += parse_sample(line).channels
            except ValueError:
                continue
        columns = (np.array([one.volts for one in found]), np.array([one.amps for one in found]))
    volts, amps = (float(column[np.isfinite(column)].max(initial=0.0)) for column in columns)
    return volts, amps


def _judge_marks(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    assert session.server is not None
    for phase, file in ((session.ranging, FileName.RANGING_SPL), (session.testing, FileName.TESTING_SPL)):
        mark = _mark(session, phase)
        if phase.samples is not None and (other := [one for one in phase.samples.marks if one != mark]):
            found = f"samples with the mark {other[0][:80]!r}"
            yield finding(session, "PWR018", Severity.VOID, file, found=found, expected=f"all with {mark!r}")


def _mark(session: PowerSession, phase: Phase) -> str:
    return "" if session.server is None else f"{session.server.session_name}_{phase.name}"


def _testing(session: PowerSession, code: str, severity: Severity, found: str, expected: str) -> Finding:
    return finding(session, code, severity, FileName.TESTING_SPL, found=found, expected=expected)


def _server(session: PowerSession, code: str, found: str, expected: str) -> Finding:
    return finding(session, code, Severity.WARNING, FileName.SERVER_JSON, found=found, expected=expected)


SAMPLES = SessionCheck(
    text=CheckText(
        code="PWR013",
        title="Samples under load",
        why="Power is the mean of the samples between power_begin and power_end; without numbers there is none.",
        clause="mlcommons/inference, tools/submission/submission-checker.py, check_power_dir at v2.0",
        example="No line of run_1/spl.txt lies in the load, or one says `Watts,nan`.",
        fix="Measure again; check clocks, ranges and the cable of the analyzer.",
        official=False,
    ),
    needs=(Part.TESTING_LOAD, Part.TESTING_SAMPLES),
    judge=_judge_samples,
)
GAPS = SessionCheck(
    text=CheckText(
        code="PWR014",
        title="Sampling without gaps",
        why="Power in a gap is not known, and the mean takes the rest for it.",
        clause="our own: PTDaemon samples once a second",
        example="5.00 s without a sample under load.",
        fix="Relieve the director, or fix the connection of the analyzer, and measure again.",
        official=False,
    ),
    needs=(Part.TESTING_LOAD, Part.TESTING_SAMPLES),
    judge=_judge_gaps,
)
DAEMON_SUMMARY = SessionCheck(
    text=CheckText(
        code="PWR015",
        title="Samples agree with PTDaemon's own summary",
        why="The daemon logs number and mean of the samples of each run; a sample file that was changed does not fit.",
        clause="our own: `Avg watts .., samples ..` in ptd_logs.txt",
        example="spl.txt has a mean of 98.0 W, the daemon says 100.0 W.",
        fix="Hand in the files as the tool wrote them.",
        official=False,
    ),
    needs=(Part.SERVER, Part.PTD_LOG),
    judge=_judge_summary,
)
FIXED_RANGES = SessionCheck(
    text=CheckText(
        code="PWR016",
        title="Ranges of testing come from ranging",
        why="Testing must run with fixed ranges that hold the highest volts and amps seen while ranging.",
        clause="mlcommons/power-dev, ptd_client_server/lib/server.py at f7b3b51 (the range is the maximum of ranging)",
        example="Testing with SR,A,0.5 after 0.8 A while ranging.",
        fix="Measure with the unchanged tool, ranging first.",
        official=False,
    ),
    needs=(Part.SERVER, Part.RANGING_SAMPLES),
    judge=_judge_ranges,
)
OWN_SAMPLES = SessionCheck(
    text=CheckText(
        code="PWR018",
        title="Samples of this session",
        why="Each sample carries the name of its session and phase.",
        clause="mlcommons/power-dev, ptd_client_server/lib/server.py at f7b3b51 (samples are chosen by mark)",
        example="run_1/spl.txt has samples with the mark of another session.",
        fix="Hand in the sample files of the session.",
        official=False,
    ),
    needs=(Part.SERVER,),
    judge=_judge_marks,
)
