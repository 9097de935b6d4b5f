"""A measured session: its files read once into records, for the checks and the metric."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from levelfield.errors import InputError
from levelfield.formats.loadgen_line import Value, parse_line
from levelfield.formats.power_session import FileName, SessionFile, parse_session_file
from levelfield.formats.power_time import parse_power_time
from levelfield.formats.ptd_log import PtdLog, read_ptd_log
from levelfield.formats.spl_log import SplLog, read_spl
from levelfield.frozen import frozen
from levelfield.submission.power.metric import MeasuredPower, power_in_window
from levelfield.units import format_bytes

__all__ = ["LARGEST_FILE_BYTES", "FileProblem", "Load", "Part", "Phase", "PowerSession", "read_session"]

LARGEST_FILE_BYTES = 32 * 1024 * 1024
"""A larger file is not looked into: a session of ten hours has logs of ten megabytes."""


class Part(StrEnum):
    """What a check may need."""

    CLIENT = "power/client.json"
    SERVER = "power/server.json"
    PTD_LOG = "power/ptd_logs.txt"
    RANGING_LOAD = "the load's begin and end in ranging/mlperf_log_detail.txt"
    RANGING_SAMPLES = "ranging/spl.txt"
    TESTING_LOAD = "the load's begin and end in run_1/mlperf_log_detail.txt"
    TESTING_SAMPLES = "run_1/spl.txt"


@frozen
class Load:
    """When LoadGen's load ran."""

    begin_ns: int
    """``power_begin``, since the epoch."""
    end_ns: int
    """``power_end``."""

    @property
    def duration_ns(self) -> int:
        """From begin to end."""
        return self.end_ns - self.begin_ns


@frozen
class Phase:
    """Ranging or testing: what LoadGen and the analyzer wrote."""

    name: str
    """``ranging`` or ``testing``."""
    folder: str
    """``ranging`` or ``run_1``."""
    load: Load | None
    """``None`` where the detail log is missing or does not say it."""
    samples: SplLog | None
    """``None`` where the file is missing."""
    power: MeasuredPower | None
    """Between the load's begin and end."""
    scenario: str
    """``effective_scenario`` of the detail log; empty where it does not say it."""
    query_count: int | None
    """``result_query_count`` of the detail log."""


@frozen
class FileProblem:
    """A file that is there and cannot be used."""

    file: FileName
    found: str
    expected: str


@frozen
class PowerSession:
    """Everything that the checks look at."""

    folder: str
    """In the source, POSIX: the one that holds ``power``, ``ranging`` and ``run_1``."""
    subject: str
    """The folder of the result that the session measures."""
    client: SessionFile | None
    server: SessionFile | None
    ranging: Phase
    testing: Phase
    ptd_log: PtdLog | None
    contents: dict[FileName, bytes]
    """Of the files that are there."""
    problems: tuple[FileProblem, ...]

    def has(self, part: Part) -> bool:
        """Whether a part could be read."""
        match part:
            case Part.CLIENT:
                return self.client is not None
            case Part.SERVER:
                return self.server is not None
            case Part.PTD_LOG:
                return self.ptd_log is not None
            case Part.RANGING_LOAD:
                return self.ranging.load is not None
            case Part.RANGING_SAMPLES:
                return self.ranging.samples is not None
            case Part.TESTING_LOAD:
                return self.testing.load is not None
            case Part.TESTING_SAMPLES:
                return self.testing.samples is not None

    def path(self, file: str) -> str:
        """The path in the source of a file of the session."""
        return f"{self.folder}/{file}" if self.folder else file


def read_session(read: Callable[[str], bytes | None], *, folder: str, subject: str | None = None) -> PowerSession:
    """Read a session. What is missing or damaged is kept as such; nothing is raised for it.

    Args:
        read: The bytes of a file by its name inside the session; ``None`` where there is none.
        folder: Where the session lies in the source, for the findings.
        subject: The folder of the result; by default the session's own.
    """
    contents: dict[FileName, bytes] = {}
    problems: list[FileProblem] = []
    for name in FileName:
        data = read(name)
        if data is not None and len(data) > LARGEST_FILE_BYTES:
            limit = format_bytes(LARGEST_FILE_BYTES)
            problems.append(FileProblem(file=name, found=f"more than {limit}", expected=f"at most {limit}"))
        elif data is not None:
            contents[name] = data
    ptd_log = contents.get(FileName.PTD_LOGS)
    return PowerSession(
        folder=folder,
        subject=folder if subject is None else subject,
        client=_record(contents, FileName.CLIENT_JSON, problems),
        server=_record(contents, FileName.SERVER_JSON, problems),
        ranging=_phase("ranging", contents, FileName.RANGING_DETAIL, FileName.RANGING_SPL, problems),
        testing=_phase("testing", contents, FileName.TESTING_DETAIL, FileName.TESTING_SPL, problems),
        ptd_log=None if ptd_log is None else read_ptd_log(ptd_log),
        contents=contents,
        problems=tuple(problems),
    )


def _record(contents: dict[FileName, bytes], file: FileName, problems: list[FileProblem]) -> SessionFile | None:
    if file not in contents:
        if not any(problem.file is file for problem in problems):
            problems.append(FileProblem(file=file, found="no such file", expected="the record of the session"))
        return None
    try:
        return parse_session_file(contents[file], source=file, server=file is FileName.SERVER_JSON)
    except InputError as error:
        told = error.problems or (error.message,)
        problems += [FileProblem(file=file, found=one, expected="a complete session record") for one in told]
        return None


def _phase(
    name: str, contents: dict[FileName, bytes], detail: FileName, spl: FileName, problems: list[FileProblem]
) -> Phase:
    log = contents.get(detail)
    load = None if log is None else _load(log, detail, problems)
    samples = read_spl(contents[spl]) if spl in contents else None
    scenario = _value(log, "effective_scenario") if log is not None else None
    query_count = _value(log, "result_query_count") if log is not None else None
    return Phase(
        name=name,
        folder=detail.partition("/")[0],
        load=load,
        samples=samples,
        power=None if samples is None or load is None else power_in_window(samples, load.begin_ns, load.end_ns),
        scenario=scenario if isinstance(scenario, str) else "",
        query_count=_whole(query_count),
    )


def _load(log: bytes, file: FileName, problems: list[FileProblem]) -> Load | None:
    moments = []
    for key in ("power_begin", "power_end"):
        value = _value(log, key)
        try:
            moments.append(parse_power_time(value if isinstance(value, str) else ""))
        except ValueError:
            found = f"no {key}" if value is None else f"{key} {value!r}"
            problems.append(FileProblem(file=file, found=found, expected="a time as 02-25-2022 01:07:00.820"))
    if len(moments) < 2:
        return None
    if moments[0] >= moments[1]:
        problems.append(
            FileProblem(file=file, found="power_end that is not later than power_begin", expected="a load that lasts")
        )
        return None
    return Load(begin_ns=moments[0], end_ns=moments[1])


def _value(log: bytes, key: str) -> Value:
    """The value of the first event with a key, found without reading the other lines; ``None`` where there is none."""
    wanted = f'"{key}"'.encode()
    at = log.find(wanted)
    while at >= 0:
        start, end = log.rfind(b"\n", 0, at) + 1, log.find(b"\n", at)
        end = len(log) if end < 0 else end
        try:
            event = parse_line(log[start:end].decode("utf-8", "backslashreplace").rstrip("\r"))
            if event is not None and event.key == key:
                return event.value
        except ValueError:
            pass
        at = log.find(wanted, end)
    return None


def _whole(value: Value) -> int | None:
    """A number, also one in quotes: five published logs of round v2.0 have such."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= 18:
        return int(value)
    return value if type(value) is int else None
