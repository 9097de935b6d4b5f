"""MLLOG, the log of a training run: one event a line, ``:::MLLOG`` and a JSON object.

Members come as ``namespace``, ``time_ms``, ``event_type``, ``key``, ``value``, ``metadata``; the metadata begin with
``file`` and ``lineno`` of the caller. Source: mlcommons/logging, ``mlperf_logging/mllog`` and
``compliance_checker/mlp_parser`` at beaf26d.

Logs of a cluster hold several megabytes of other output, and tens of thousands of events of which a reader needs ten.
So the bytes are scanned for the token, the key is read off the fixed head of the line, and only lines with a wanted
key become events. A line that is passed over is known to have a whole head and to end in a brace; whoever must know
that it is JSON asks for the proof, which about doubles the time.

What the reader takes, as the official one does: any text before the last token of a line (rank and time prefixes),
bytes of any encoding (read as Latin-1), a bare carriage return as a line end, ``NaN`` and ``Infinity``, a time
written as text, and metadata of ``null``.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias, cast

__all__ = [
    "MAX_DAMAGED",
    "MAX_EVENTS",
    "MINI_PLATFORM",
    "RUN_LEVEL_KEYS",
    "TOKEN",
    "DamagedLine",
    "Event",
    "EventType",
    "Json",
    "MlLog",
    "MlLogWriter",
    "Output",
    "event_line",
    "read_mllog",
]

TOKEN = ":::MLLOG "  # noqa: S105 - what starts an event, no secret

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
"""A value as JSON has it."""

MINI_PLATFORM = "levelfield mini on "
"""How ``submission_platform`` begins in the log of a mini edition, so that none passes as a run of a round."""

RUN_LEVEL_KEYS = frozenset(
    {
        "submission_benchmark",
        "submission_division",
        "submission_org",
        "submission_platform",
        "submission_status",
        "cache_clear",
        "init_start",
        "init_stop",
        "run_start",
        "run_stop",
        "global_batch_size",
        "gradient_accumulation_steps",
        "train_samples",
        "eval_samples",
    }
)
"""What is said once about a run, so that only the first process writes it."""

_HEAD = re.compile(
    r'[ \t]*\{"namespace": ?"[^"\\\n]*", ?"time_ms": ?[-+.0-9eE]+, ?"event_type": ?"[^"\\\n]*", ?"key": ?"([^"\\\n]*)"'
)
_SHOWN = 80
"""Characters of a damaged line that are kept."""
MAX_EVENTS, MAX_DAMAGED = 200_000, 1_000
"""Where reading stops, so that a hostile log takes bounded time and memory. The largest published log has 20,000 lines
with the token, and none that is damaged."""


class EventType(StrEnum):
    """What a line marks."""

    START = "INTERVAL_START"
    STOP = "INTERVAL_END"
    POINT = "POINT_IN_TIME"

    @classmethod
    def of(cls, key: str) -> EventType:
        """The type that a key asks for by its ending."""
        if key.endswith("_start"):
            return cls.START
        return cls.STOP if key.endswith("_stop") else cls.POINT


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the log."""

    key: str
    """Empty where the log has something else than a text."""
    value: Json
    time_ms: float
    """Milliseconds since 1970; may be NaN or infinite where the log says so."""
    event_type: str
    """As written; a log may hold any word, and the official checker does not look."""
    namespace: str
    metadata: Mapping[str, Json]
    """Empty where the log has ``null`` or something else than an object."""
    line: int = 0
    """The line of the file, from 1; 0 where it was not read from one."""
    position: int = 0
    """How many lines with the token come before it: what the official checker calls the line number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedLine:
    """A line with the token that is no event."""

    line: int
    text: str
    """Its beginning, after the token."""
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MlLog:
    """What was read of a log."""

    events: tuple[Event, ...]
    """In the order of the file."""
    damaged: tuple[DamagedLine, ...]
    tokens: int
    """Lines with the token that were looked at, those that were passed over included."""
    incomplete: tuple[DamagedLine, ...] = ()
    """Events without ``value`` or ``metadata``, among the lines that were parsed: the official checker ends at one."""
    cut: bool = False
    """Whether reading stopped at :data:`MAX_EVENTS` or :data:`MAX_DAMAGED`."""

    def all(self, key: str) -> tuple[Event, ...]:
        """Every event of a key."""
        return tuple(event for event in self.events if event.key == key)

    def first(self, key: str) -> Event | None:
        """The first event of a key, which is the one that counts where processes repeat it."""
        return next((event for event in self.events if event.key == key), None)

    def last(self, key: str) -> Event | None:
        """The last event of a key."""
        return next((event for event in reversed(self.events) if event.key == key), None)


def read_mllog(data: bytes, *, keys: Collection[str] | None = None, prove: bool = False) -> MlLog:
    """Read a log.

    Args:
        data: The file.
        keys: The keys that are wanted; ``None`` for all.
        prove: Whether lines that are passed over are parsed too, so that all damage is found; always so for all keys.
    """
    text = data.decode("latin-1")
    if "\r" in text:  # cheaper than looking for three line ends from here on
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    events: list[Event] = []
    damaged: list[DamagedLine] = []
    incomplete: list[DamagedLine] = []
    tokens, number, counted, cut = 0, 1, 0, False
    for start, end in _token_lines(text):
        if len(events) >= MAX_EVENTS or len(damaged) >= MAX_DAMAGED:
            cut = True
            break
        tokens += 1
        if keys is not None and not prove and _may_pass_over(text, start, end, keys):
            continue
        number += text.count("\n", counted, start)
        counted = start
        line = text[start:end].strip()
        try:
            members, time_ms = _members(line)
        except (ValueError, RecursionError) as error:
            problem = "nested too deep" if isinstance(error, RecursionError) else str(error)
            damaged.append(DamagedLine(line=number, text=line[:_SHOWN], problem=problem))
            continue
        if ("value" not in members or "metadata" not in members) and len(incomplete) < MAX_DAMAGED:
            missing = " and ".join(name for name in ("value", "metadata") if name not in members)
            incomplete.append(DamagedLine(line=number, text=line[:_SHOWN], problem=f"{missing} missing"))
        if keys is None or members["key"] in keys:
            events.append(_event(members, time_ms, line=number, position=tokens - 1))
    return MlLog(events=tuple(events), damaged=tuple(damaged), incomplete=tuple(incomplete), tokens=tokens, cut=cut)


def _token_lines(text: str) -> Iterator[tuple[int, int]]:
    """Of each line with the token: where the text after its last token starts, and where the line ends."""
    at = text.find(TOKEN)
    while at >= 0:
        end = text.find("\n", at)
        if end < 0:
            end = len(text)
        yield text.rfind(TOKEN, at, end) + len(TOKEN), end
        at = text.find(TOKEN, end)


def _may_pass_over(text: str, start: int, end: int, keys: Collection[str]) -> bool:
    """Whether a line surely has another key. Doubt (other order, escapes, the key again further on) means no."""
    head = _HEAD.match(text, start, end)
    if head is None or head[1] in keys or text.find('"key"', head.end(), end) >= 0:
        return False
    while end > start and text[end - 1] in " \t":
        end -= 1
    return text[end - 1 : end] == "}"


_parse = json.JSONDecoder().raw_decode


def _members(line: str) -> tuple[dict[str, Json], float]:
    """The object of a line, which has a key, and its time.

    Raises:
        ValueError: The line is no such object.
    """
    try:
        found, end = _parse(line)
        if end == len(line) and type(found["key"]) is str and type(found["time_ms"]) is int:
            return found, float(found["time_ms"])  # as nearly every line is
    except (ArithmeticError, LookupError, TypeError, ValueError):
        pass  # what is wrong, or only unusual, is found out below
    return _unusual_members(line)


def _unusual_members(line: str) -> tuple[dict[str, Json], float]:
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON at character {error.pos + 1}: {error.msg}") from error
    if not isinstance(found, dict):
        raise ValueError(f"found {type(found).__name__}, expected an object")  # noqa: TRY004 - one error for all damage
    missing = [name for name in ("time_ms", "key") if name not in found]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing")
    if not isinstance(found["key"], str):
        found["key"] = ""  # no rule knows such a key, and the official checker passes over it
    return found, _number(found["time_ms"])


def _event(members: dict[str, Json], time_ms: float, *, line: int, position: int) -> Event:
    metadata = members.get("metadata")
    return Event(
        key=cast("str", members["key"]),
        value=members.get("value"),
        time_ms=time_ms,
        event_type=str(members.get("event_type", "")),
        namespace=str(members.get("namespace", "")),
        metadata=metadata if isinstance(metadata, dict) else {},
        line=line,
        position=position,
    )


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"time_ms: found {str(value)[:_SHOWN]!r}, expected a number") from error


# ------------------------------------------------------------------------------------------------------ writing


class Output(Protocol):
    """Where lines go: an open text file, or anything like it."""

    def write(self, text: str, /) -> object:
        """Append text."""

    def flush(self) -> object:
        """Hand on what was written."""


@dataclass(slots=True, kw_only=True)
class MlLogWriter:
    """Writes a log, one flushed line an event."""

    stream: Output
    now_ms: Callable[[], int]
    """Milliseconds since 1970."""
    rank: int = 0
    """Which process this is. Run-level keys are written by the first one only."""
    root: str = ""
    """Cut from the beginning of ``file`` (``/home/me/code/``), so that no path of this machine gets into a log."""
    namespace: str = ""

    def event(self, key: str, value: object = None, metadata: Mapping[str, object] | None = None) -> None:
        """Write one event; the line of the caller goes with it.

        Args:
            key: Decides the event type by its ending.
            value: JSON, or what turns into it by ``tolist`` (numpy scalars and arrays).
            metadata: What follows ``file`` and ``lineno``; may replace them.

        Raises:
            TypeError: The value is nothing that JSON has.
        """
        if self.rank and key in RUN_LEVEL_KEYS:
            return
        frame = inspect.currentframe()
        caller = frame.f_back if frame else None
        place = {
            "file": caller.f_code.co_filename.removeprefix(self.root) if caller else "",
            "lineno": caller.f_lineno if caller else 0,
        }
        self.write(
            Event(
                key=key,
                value=cast("Json", value),
                time_ms=self.now_ms(),
                event_type=EventType.of(key),
                namespace=self.namespace,
                metadata=cast("Mapping[str, Json]", {**place, **(metadata or {})}),
            )
        )

    def write(self, event: Event) -> None:
        """Write an event as it is."""
        self.stream.write(f"{event_line(event)}\n")
        self.stream.flush()


def event_line(event: Event) -> str:
    """An event as it stands in the file, without the line's end. A whole number of milliseconds has no fraction."""
    time_ms = int(event.time_ms) if float(event.time_ms).is_integer() else event.time_ms
    members = {
        "namespace": event.namespace,
        "time_ms": time_ms,
        "event_type": str(event.event_type),
        "key": event.key,
        "value": event.value,
        "metadata": dict(event.metadata),
    }
    return TOKEN + json.dumps(members, default=_plain)


def _plain(value: object) -> object:
    """Numbers and arrays of numpy as Python's own, without importing it."""
    convert = getattr(value, "tolist", None)
    if convert is None:
        raise TypeError(f"An event cannot hold {type(value).__name__}; it takes what JSON has, and numpy's numbers.")
    return convert()
