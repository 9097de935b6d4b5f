"""The verdict that a revision of the official ``compliance/check.py`` gives, so that ours can be held beside it.

Its behaviour is followed on purpose where it is odd: the first fault ends a check and hides the rest; a warning raised
early passes over a later failure; any damage is a failure of the check that met it; c4b3ad8 does not look at warnings
within 800 s of either end of the load (its tolerance of 800 ms, taken as seconds) and knows a text about uncertainty
that the daemon does not write; f7b3b51 shifts the times of the daemon's log by the server's time zone. Our own checks
are in ``checks/``.

It reads the JSON files as they are, not our records: a field of the wrong type fails one check there, not all. Source:
mlcommons/power-dev, ``compliance/check.py`` at f7b3b51, 362382f and c4b3ad8.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from levelfield.formats.power_session import FileName
from levelfield.formats.power_time import parse_power_time
from levelfield.rules.power_check import PowerCheck
from levelfield.submission.power.outcome import OFFICIAL_NAMES, CheckOutcome, Outcome
from levelfield.submission.power.protocol import (
    DAYLIGHT_SAVING_S,
    EXPECTED_REPLIES,
    MEASUREMENTS,
    NOTHING_TO_STOP,
    RESTORING_VOLTS,
    TWO_CHANNELS,
)
from levelfield.units import NS_PER_S

__all__ = ["OfficialVerdict", "official_verdict"]

REQUIRED_FIELDS = ("version", "timezone", "modules", "sources", "messages", "uuid", "session_name", "results", "phases")
LOADGEN_STAMP = re.compile(r"\d*-\d*-\d* \d*:\d*:\d*\.\d*")
LOG_STAMP = re.compile(r"^\d\d-\d\d-\d\d\d\d \d\d:\d\d:\d\d.\d\d\d")
UNCERTAINTY_ON = re.compile(r"Uncertainty checking for Yokogawa\S+ is activated")
UNCERTAINTY_TOO_HIGH = re.compile(r"Uncertainty \d+.\d+%, which is above 1.00% limit for the last sample!")
STAMP_FORMAT = "%m-%d-%Y %H:%M:%S.%f"


class _Failed(Exception):  # noqa: N818 - an outcome, not an error
    """The check fails."""


class _Warned(Exception):  # noqa: N818
    """The check passes with a warning, and looks at nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialVerdict:
    """What one revision says."""

    revision: str
    outcomes: tuple[CheckOutcome, ...]

    @property
    def passed(self) -> bool:
        """Whether it would exit with 0."""
        return all(one.outcome in {Outcome.PASS, Outcome.WARNING} for one in self.outcomes)


def official_verdict(read: Callable[[str], bytes | None], revision: PowerCheck) -> OfficialVerdict:
    """The verdict of a revision.

    Args:
        read: The bytes of a file by its name inside the session (``power/client.json``); ``None`` where there is none.
        revision: Which one.
    """
    files = _Files(read)
    try:
        client, server = (files.description(name) for name in (FileName.CLIENT_JSON, FileName.SERVER_JSON))
    except Exception as error:  # noqa: BLE001 - it stops before its first check then
        reason = f"the session cannot be opened: {error}"
        return OfficialVerdict(
            revision=revision.name,
            outcomes=tuple(CheckOutcome(name=name, outcome=Outcome.FAIL, reason=reason) for name in OFFICIAL_NAMES),
        )
    checks: tuple[Callable[[], None], ...] = (
        lambda: _sources(client, revision),
        lambda: _sources(server, revision),
        lambda: _ptd_messages(server["ptd_messages"], revision),
        lambda: _uuids(client["uuid"], server["uuid"]),
        lambda: _require(client["session_name"] == server["session_name"], "the session names differ"),
        lambda: _times(files, client["phases"], server["phases"], revision),
        lambda: _messages(client["messages"], server["messages"]),
        lambda: _results(files, client["results"], server["results"]),
        lambda: _ptd_log(files, server, revision),
        lambda: _configuration(server["ptd_config"], revision),
        lambda: _require(server.get("debug", False) is False, "the server ran in debug mode"),
    )
    return OfficialVerdict(
        revision=revision.name,
        outcomes=tuple(_outcome(name, check) for name, check in zip(OFFICIAL_NAMES, checks, strict=True)),
    )


def _outcome(name: str, check: Callable[[], None]) -> CheckOutcome:
    try:
        check()
    except _Warned as warning:
        return CheckOutcome(name=name, outcome=Outcome.WARNING, reason=str(warning))
    except _Failed as failure:
        return CheckOutcome(name=name, outcome=Outcome.FAIL, reason=str(failure))
    except Exception as error:  # noqa: BLE001 - there, any exception is a failure
        return CheckOutcome(name=name, outcome=Outcome.FAIL, reason=f"{type(error).__name__}: {error}")
    return CheckOutcome(name=name, outcome=Outcome.PASS)


class _Files:
    """The files of a session as that program opens them: text, UTF-8, any line end."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read

    def sha1(self, name: str) -> str | None:
        data = self._read(name)
        return None if data is None else hashlib.sha1(data, usedforsecurity=False).hexdigest()

    def lines(self, name: str) -> list[str]:
        data = self._read(name)
        if data is None:
            _fail(f"{name} is missing")
        return data.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def description(self, name: str) -> dict[str, Any]:
        found = json.loads("\n".join(self.lines(name)))
        absent = [field for field in REQUIRED_FIELDS if field not in found.keys()]  # noqa: SIM118 - a list has no keys
        _require(not absent, f"{name} lacks {', '.join(absent)}")
        return dict(found)

    def load(self, phase: str) -> tuple[float, float]:
        """Begin and end of the load, in seconds since the epoch; the last ones before both are known."""
        begin = end = None
        for line in self.lines(f"{phase}/mlperf_log_detail.txt"):
            lower = line.lower()
            if "power_begin" in lower:
                begin = _seconds(LOADGEN_STAMP, line)
            elif "power_end" in lower:
                end = _seconds(LOADGEN_STAMP, line)
            if begin and end:
                break
        if begin is None or end is None:
            _fail(f"{phase}: power_begin or power_end is missing")
        return begin, end


def _fail(reason: str) -> NoReturn:
    raise _Failed(reason)


def _require(condition: object, reason: str) -> None:
    if not condition:
        raise _Failed(reason)


def _seconds(pattern: re.Pattern[str], line: str, shift_s: int = 0) -> float:
    found = pattern.search(line)
    if not found or not found[0]:
        _fail(f"no time in {line.strip()!r}")
    return _epoch_s(found[0]) + shift_s


def _epoch_s(stamp: str) -> float:
    """As ``strptime`` reads it, which takes some spellings more than ours and is ten times slower."""
    try:
        return parse_power_time(stamp) / NS_PER_S
    except ValueError:
        return datetime.strptime(stamp, STAMP_FORMAT).replace(tzinfo=UTC).timestamp()


def _sources(file: dict[str, Any], revision: PowerCheck) -> None:
    _require(any(file["sources"] == known.sha1_by_file for known in revision.sources), "unknown sources")


def _ptd_messages(messages: Any, revision: PowerCheck) -> None:
    identity = next((one["reply"] for one in messages if one["cmd"] == "Identify"), "")
    _require(len(identity), "no reply to Identify")
    found = re.search(r"(?<=version=)(.+?)-", identity)
    version, model = found[1] if found else "", identity.split(",")[0]
    _require(version in revision.daemon_versions, f"PTDaemon {version!r} is not supported")
    _require(model in revision.device_types, f"analyzer {model!r} is not supported")
    for command, reply in EXPECTED_REPLIES:
        _replies(messages, command, reply)
    first = messages[2]["reply"]
    amps, volts = f"SR,A,{_initial_range(first, 1)}", f"SR,V,{_initial_range(first, 3)}"
    _require(amps in [_nth(messages, "SR,A", place) for place in revision.restoring_amps], f"{amps} was not sent")
    _require(_nth(messages, "SR,V", RESTORING_VOLTS) == volts, f"{volts} was not sent")


def _replies(messages: Any, command: str, expected: str) -> None:
    stops = 0
    for one in messages:
        if not one["cmd"].startswith(command):
            continue
        if one["cmd"] == "Stop":
            if stops == MEASUREMENTS:
                expected = NOTHING_TO_STOP  # and of every later command
            stops += 1
        _require(one["reply"] == expected, f"{one['cmd']}: reply {one['reply']!r} in place of {expected!r}")


def _initial_range(reply: str, place: int) -> str:
    parts = reply.split(",")
    return parts[place + 1] if parts[place] == "0" and float(parts[place + 1]) > 0 else "Auto"


def _nth(messages: Any, command: str, place: int) -> Any:
    found = [one["cmd"] for one in messages if one["cmd"].startswith(command)]
    if len(found) < place:
        _fail(f"command {place} that begins with {command} is missing")
    return found[place - 1]


def _uuids(client: Any, server: Any) -> None:
    for role in ("client", "server"):
        _require(uuid.UUID(client[role]) == uuid.UUID(server[role]), f"the uuid of the {role} differs")


def _times(files: _Files, client: Any, server: Any, revision: PowerCheck) -> None:
    phases = (("ranging", "ranging"), ("testing", "run_1"))
    for name, _ in phases:
        _require(len(client[name]) == len(server[name]), f"{name}: the numbers of marks differ")
        for number, (ours, theirs) in enumerate(zip(client[name], server[name], strict=True), start=1):
            apart_s, tolerance_s = abs(ours[0] - theirs[0]), revision.clock_tolerance_ns / 1e9
            close = apart_s < tolerance_s or (revision.clock_tolerance_included and apart_s <= tolerance_s)
            _require(close, f"{name}: the clocks differ by {apart_s * 1000:.0f} ms at mark {number}")
    loads = [files.load(folder) for _, folder in phases]
    for (name, _), load in zip(phases, loads, strict=True):
        for moment in load:
            _require(
                any(client[name][1][0] < moment - shift < client[name][2][0] for shift in (0, DAYLIGHT_SAVING_S)),
                f"{name}: the load is outside the phase",
            )
    ranging_s, testing_s = (end - begin for begin, end in loads)
    if revision.duration_difference is not None:
        difference = abs(ranging_s - testing_s) / max(ranging_s, testing_s)
        _require(difference < revision.duration_difference, "the loads of ranging and testing differ in length")
    if revision.shorter_testing_warns is not None and (
        (ranging_s - testing_s) / ranging_s > revision.shorter_testing_warns
    ):
        raise _Warned("the testing load is much shorter than the ranging load")
    if revision.power_drop is not None:
        ranging, testing = (_mean_power(files, folder, load) for (_, folder), load in zip(phases, loads, strict=True))
        percent = round((testing / ranging - 1) * 100, 2)
        _require(percent > -100 * revision.power_drop, f"power of testing is {percent} % of that of ranging")


def _mean_power(files: _Files, phase: str, load: tuple[float, float]) -> float:
    begin, end = load
    watts = []
    for line in files.lines(f"{phase}/spl.txt"):
        if line.startswith("Time"):
            fields = line.split(",")
            if begin < _epoch_s(fields[1]) < end:
                value, _ = float(fields[3]), float(fields[9])
                watts += [value] if value > 0 else []
    return round(sum(watts) / len(watts), 5) if watts else -1.0


def _messages(client: Any, server: Any) -> None:
    _require(len(client) == len(server), "the numbers of messages differ")
    for ours, theirs in zip(client, server, strict=True):
        _require(ours["cmd"] == theirs["cmd"], f"command {ours['cmd']!r} is {theirs['cmd']!r} on the server")
        if ours["cmd"] != "time":
            _require(ours["reply"] == theirs["reply"], f"the replies to {ours['cmd']!r} differ")
    said = re.search(r"mlcommons\/power client v(\d+)$", server[0]["cmd"])
    replied = re.search(r"mlcommons\/power server v(\d+)$", server[0]["reply"])
    _require(said and replied and said[1] == replied[1], "the versions of client and server differ")


def _results(files: _Files, client: Any, server: Any) -> None:
    covered = [name for name in FileName if not name.endswith(".json")]
    recorded_c, recorded_s = ({name: one[name] for name in covered if name in one.keys()} for one in (client, server))  # noqa: SIM118
    on_disk = {name: digest for name in covered if (digest := files.sha1(name)) is not None}
    for name in recorded_c.keys() & recorded_s.keys():
        _require(recorded_c[name] == recorded_s[name], f"{name}: client and server recorded different hashes")
    recorded = recorded_c | recorded_s
    _require(recorded.keys() == on_disk.keys(), "files and recorded hashes are not the same set")
    for name, digest in on_disk.items():
        _require(recorded[name] == digest, f"{name} is not the file that was recorded")
    _require(len(on_disk) == len(covered), "files are missing")


def _ptd_log(files: _Files, server: dict[str, Any], revision: PowerCheck) -> None:
    load = files.load("run_1")
    zone_s = int(server["timezone"])
    shift_s = 0 if revision.log_in_utc else zone_s
    lines = files.lines(FileName.PTD_LOGS)
    start, stop = _ranging_interval(lines, f": Go with mark {server['session_name'] + '_ranging'!r}", shift_s)
    line = next((line for line in lines if UNCERTAINTY_ON.search(line)), None)
    if line is None:
        _fail("the daemon did not check the uncertainty")
    _require(_seconds(LOG_STAMP, line, shift_s) < start, "the daemon checked the uncertainty only after ranging began")
    for line in lines:
        _complaint(line, revision, (start, stop), load, shift_s)


def _ranging_interval(lines: Sequence[str], go: str, shift_s: int) -> tuple[float, float]:
    start = None
    for line in lines:
        if LOG_STAMP.search(line) is None:
            continue
        moment = _seconds(LOG_STAMP, line, shift_s)
        text = line[23:].strip()
        if not start and text == go:
            start = moment
        if start and text == ": Completed test":
            return start, moment
    _fail("ranging is not found in the daemon's log")


def _complaint(
    line: str, revision: PowerCheck, ranging: tuple[float, float], load: tuple[float, float], shift_s: int
) -> None:
    """Judge a line with a warning, an error or both."""
    if found := re.search("(?<=WARNING:).+", line):
        moment = _seconds(LOG_STAMP, line, shift_s)
        if load[0] + revision.log_margin_s < moment < load[1] - revision.log_margin_s:
            too_high = revision.uncertainty_voids and UNCERTAINTY_TOO_HIGH.search(found[0].strip())
            _require(not too_high, f"{line.strip()!r} under load")
            raise _Warned(f"{line.strip()!r} under load")
    if found := re.search("(?<=ERROR:).+", line):
        moment = _seconds(LOG_STAMP, line, shift_s)
        text = found[0].strip()
        if text in revision.accepted_errors:
            raise _Warned(f"{line.strip()!r}, which is accepted")
        _require(ranging[0] < moment < ranging[1], f"{line.strip()!r} outside ranging")
        if not text.startswith(revision.ranging_errors):
            raise _Warned(f"{line.strip()!r} while ranging")


def _configuration(found: Any, revision: PowerCheck) -> None:
    for one in [found] if revision.one_configuration else found:
        number = one["device_type"]
        _require(number in revision.device_types.values(), f"device type {number} is not supported")
        if number == TWO_CHANNELS:
            command = one["command"]
            channels = command[command.index("-c") + 1] if "-c" in command else ""
            two = len(channels.split(",")) == 2 and one["channel"] and len(one["channel"]) == 2
            _require(two, "two channels are needed")
