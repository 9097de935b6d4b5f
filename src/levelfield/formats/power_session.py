"""The two records of a measured session, ``power/client.json`` and ``power/server.json``, and its other files.

Client and server each write down every command and reply, their marks in time, and the hashes of the files that they
made; the server adds what it said to PTDaemon. Source: mlcommons/power-dev,
``ptd_client_server/lib/{client,server,summary}.py`` at f7b3b51 (``ptd_config`` is one object there) and c4b3ad8 (a list
of them).
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias, TypeVar, cast

from levelfield.errors import InputError
from levelfield.frozen import frozen

__all__ = [
    "AnalyzerSetup",
    "FileName",
    "Mark",
    "Message",
    "PtdMessage",
    "SessionFile",
    "parse_session_file",
]


class FileName(StrEnum):
    """The files of a session, relative to its folder."""

    CLIENT_JSON = "power/client.json"
    CLIENT_LOG = "power/client.log"
    PTD_LOGS = "power/ptd_logs.txt"
    SERVER_JSON = "power/server.json"
    SERVER_LOG = "power/server.log"
    RANGING_DETAIL = "ranging/mlperf_log_detail.txt"
    RANGING_SUMMARY = "ranging/mlperf_log_summary.txt"
    RANGING_SPL = "ranging/spl.txt"
    TESTING_DETAIL = "run_1/mlperf_log_detail.txt"
    TESTING_SUMMARY = "run_1/mlperf_log_summary.txt"
    TESTING_SPL = "run_1/spl.txt"


@frozen
class Message:
    """A command from client to server and the reply."""

    command: str
    reply: str


@frozen
class PtdMessage:
    """A command from the server to PTDaemon and the reply."""

    command: str
    reply: str


@frozen
class Mark:
    """A moment of a phase, on two clocks."""

    epoch_s: float
    monotonic_s: float


@frozen
class AnalyzerSetup:
    """How PTDaemon was started for one analyzer."""

    command: tuple[str, ...]
    device_type: int
    """PTDaemon's number of the analyzer."""
    channels: tuple[int, ...]
    """First channel and their number; empty for an analyzer with one."""


@frozen
class SessionFile:
    """One of the two records."""

    version: str
    timezone_s: int
    """The negative of the offset from UTC."""
    sha1_by_source: dict[str, str]
    """Of the tool's own files."""
    messages: tuple[Message, ...]
    client_uuid: str
    server_uuid: str
    session_name: str
    sha1_by_file: dict[str, str]
    """Of the files of the session that this side made; neither covers the two records."""
    ranging: tuple[Mark, ...]
    """Before start, after its reply, after the load, after stop."""
    testing: tuple[Mark, ...]
    ptd_messages: tuple[PtdMessage, ...]
    """Of the server; the client has none."""
    analyzers: tuple[AnalyzerSetup, ...]
    """Of the server; the client has none."""
    one_setup: bool
    """Whether ``ptd_config`` is one object and not a list."""
    debug: bool
    """Whether the server cut its waiting times short."""


LATEST_S = 9e9
"""Beyond it, nanoseconds do not fit into 64 bits."""
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Kind = TypeVar("Kind")


def parse_session_file(data: bytes, *, source: str, server: bool) -> SessionFile:
    """Read one of the records.

    Args:
        data: The content of the file.
        source: Which file, for the error.
        server: Whether it is the server's, which has more fields.

    Raises:
        InputError: It is not JSON, or fields are missing or of another type; every one of them is listed.
    """
    try:
        document = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{source}, byte {error.start}: found 0x{data[error.start]:02x}, expected UTF-8.") from error
    except RecursionError as error:
        raise InputError(f"{source}: found JSON that is nested too deeply, expected a session record.") from error
    except ValueError as error:
        raise InputError(f"{source}: found what is not JSON ({error}), expected a session record.") from error
    if not isinstance(document, dict):
        raise InputError(f"{source}: found {_shown(document)}, expected a JSON object.")
    problems: list[str] = []
    record = _record(_Reader(document, "", problems), server=server)
    if problems:
        raise InputError(f"{source} is no complete session record.", problems=problems)
    return record


def _record(top: _Reader, *, server: bool) -> SessionFile:
    identities, phases = top.table("uuid"), top.table("phases")
    top.texts_by_name("modules")
    setup = top.values.get("ptd_config") if server else []
    one_setup = isinstance(setup, dict)
    setups = [top.table("ptd_config")] if one_setup else top.array("ptd_config") if server else []
    return SessionFile(
        version=top.text("version"),
        timezone_s=top.whole("timezone"),
        sha1_by_source=top.texts_by_name("sources"),
        messages=tuple(Message(command=one.text("cmd"), reply=one.text("reply")) for one in top.array("messages")),
        client_uuid=identities.text("client"),
        server_uuid=identities.text("server"),
        session_name=top.text("session_name"),
        sha1_by_file=top.texts_by_name("results"),
        ranging=phases.marks("ranging"),
        testing=phases.marks("testing"),
        ptd_messages=tuple(
            PtdMessage(command=one.text("cmd"), reply=one.text("reply"))
            for one in (top.array("ptd_messages") if server else [])
        ),
        analyzers=tuple(
            AnalyzerSetup(
                command=one.texts("command"), device_type=one.whole("device_type"), channels=one.channels("channel")
            )
            for one in setups
        ),
        one_setup=one_setup,
        debug=top.values.get("debug", False) is not False,
    )


class _Reader:
    """One object of the document. A wrong field notes a problem and gives a stand-in, so that reading goes on."""

    def __init__(self, values: Mapping[str, Json], path: str, problems: list[str]) -> None:
        self.values = values
        self.path = path
        self.problems = problems

    def text(self, key: str) -> str:
        return self._of(key, str, "a text") or ""

    def whole(self, key: str) -> int:
        value = self.values.get(key)
        if type(value) is int:
            return value
        self._wrong(key, "a whole number")
        return 0

    def texts(self, key: str) -> tuple[str, ...]:
        found = self._of(key, list, "a list of texts") or []
        if not all(isinstance(one, str) for one in found):
            self._wrong(key, "a list of texts")
            return ()
        return tuple(cast("list[str]", found))

    def channels(self, key: str) -> tuple[int, ...]:
        value = self.values.get(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(type(one) is int for one in value):
            return tuple(cast("list[int]", value))
        self._wrong(key, "null or a list of whole numbers")
        return ()

    def texts_by_name(self, key: str) -> dict[str, str]:
        found = self._of(key, dict, "an object of texts") or {}
        if not all(isinstance(one, str) for one in found.values()):
            self._wrong(key, "an object of texts")
            return {}
        return cast("dict[str, str]", found)

    def table(self, key: str) -> _Reader:
        return _Reader(self._of(key, dict, "an object") or {}, self._path(key), self.problems)

    def array(self, key: str) -> list[_Reader]:
        found = self._of(key, list, "a list of objects") or []
        readers = []
        for index, one in enumerate(found):
            path = f"{self._path(key)}[{index}]"
            if isinstance(one, dict):
                readers.append(_Reader(one, path, self.problems))
            else:
                self.problems.append(f"{path}: found {_shown(one)}, expected an object.")
        return readers

    def marks(self, key: str) -> tuple[Mark, ...]:
        found = self._of(key, list, "a list of marks") or []
        marks = []
        for index, one in enumerate(found):
            if isinstance(one, list) and len(one) == 2 and all(_is_moment(value) for value in one):
                epoch_s, monotonic_s = cast("list[float]", one)
                marks.append(Mark(epoch_s=float(epoch_s), monotonic_s=float(monotonic_s)))
            else:
                expected = "two finite numbers, seconds since the epoch and of the monotonic clock"
                self.problems.append(f"{self._path(key)}[{index}]: found {_shown(one)}, expected {expected}.")
        return tuple(marks)

    def _of(self, key: str, kind: type[Kind], expected: str) -> Kind | None:
        value = self.values.get(key)
        if isinstance(value, kind):
            return value
        self._wrong(key, expected)
        return None

    def _wrong(self, key: str, expected: str) -> None:
        found = f"found {_shown(self.values[key])}" if key in self.values else "missing"
        self.problems.append(f"{self._path(key)}: {found}, expected {expected}.")

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def _is_moment(value: Json) -> bool:
    """A finite number within reach of a 64-bit count of nanoseconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LATEST_S


def _shown(value: object) -> str:
    return reprlib.repr(value)
