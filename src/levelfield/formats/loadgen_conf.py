"""LoadGen's configuration files: ``mlperf.conf``, ``user.conf``, ``audit.config``.

Read exactly as LoadGen reads them (``TestSettings::FromConfig`` in ``loadgen/test_settings_internal.cc`` of
mlcommons/inference, at v2.0 and at b66003e1), oddities included: which lines are dropped in silence, when the whole
file is rejected, what ``08``, ``1e3`` or ``-5`` turn into. The conformance test against the wheel holds this in place
(``tests/conformance/test_loadgen_conf_against_wheel.py``). What a person should be told about is in
:mod:`levelfield.formats.loadgen_conf_traps`.

A line is ``model.scenario.key = value``; model and scenario may be ``*``. Latencies and durations are milliseconds,
percentiles and probabilities percent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from levelfield.errors import ConfigError, InputError
from levelfield.terms import Profile, Scenario

__all__ = [
    "INTEGER",
    "KEYS",
    "WHITESPACE",
    "Assignment",
    "ConfFile",
    "ConfKey",
    "Entry",
    "Evaluation",
    "Kind",
    "Line",
    "as_double",
    "as_u64",
    "evaluate",
    "is_number",
    "parse",
    "read",
    "text_of",
    "write",
]

U64 = 1 << 64
U64_DIGITS_MAX = 22
"""Digits that a 64-bit number has at most in any base that is read: octal."""
WHITESPACE = re.compile(r"[ \t\n\v\f\r]+")
"""What ``isspace`` calls so in the C locale; other Unicode spaces are part of a word."""
INTEGER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
"""What ``strtoull(text, end, 0)`` takes from the start of a text."""
DOUBLE = re.compile(
    r"[+-]?(?:(?P<decimal>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<hex>0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?)"
    r"|(?P<inf>[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
    r"|(?P<nan>[nN][aA][nN](?:\([0-9A-Za-z_]*\))?))"
)
"""What ``strtod`` takes when it takes all of a text."""


class Kind(Enum):
    """How LoadGen reads the value of a key."""

    UNSIGNED = auto()
    DOUBLE = auto()
    NOT_ZERO = auto()
    """True unless 0."""
    EXACTLY_ONE = auto()
    """True only if 1."""
    MODE = auto()
    """0 to 3; anything else is logged as an error and changes nothing."""
    INT = auto()
    """Cut to a signed 32-bit number, then stored as an unsigned 64-bit one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfKey:
    """A key that LoadGen looks up."""

    name: str
    """As in the file: ``target_latency``."""
    setting: str
    """The field of LoadGen's ``TestSettings`` that it sets: ``server_target_latency_ns``."""
    kind: Kind
    scenario: Scenario | None = None
    """Looked up for this scenario whatever the run's is; ``None`` = for the scenario that was asked for."""
    multiplier: float = 1
    """From the file's unit to the setting's."""
    only_v6: bool = False
    official_in_v6: bool = False
    """In profile v6 read only from the official file, which is compiled in."""
    needs: str | None = None
    """Read only where this setting is true."""

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return self.kind is not Kind.DOUBLE


def _keys() -> Iterator[ConfKey]:
    whole, flag, one, ms = Kind.UNSIGNED, Kind.NOT_ZERO, Kind.EXACTLY_ONE, 1_000_000.0
    yield ConfKey(name="mode", setting="mode", kind=Kind.MODE)
    for seed in ("qsl_rng_seed", "sample_index_rng_seed", "schedule_rng_seed"):
        yield ConfKey(name=seed, setting=seed, kind=whole, official_in_v6=True)
    probability = "accuracy_log_probability"
    yield ConfKey(name=probability, setting=probability, kind=Kind.DOUBLE, multiplier=0.01, official_in_v6=True)
    yield ConfKey(name="test05", setting="test05", kind=one, only_v6=True, official_in_v6=True)
    for seed in ("test05_qsl_rng_seed", "test05_sample_index_rng_seed", "test05_schedule_rng_seed"):
        yield ConfKey(name=seed, setting=seed, kind=whole, only_v6=True, official_in_v6=True)

    yield ConfKey(name="use_token_latencies", setting="use_token_latencies", kind=one, only_v6=True)
    for name in ("ttft_latency", "tpot_latency"):
        yield ConfKey(
            name=name,
            setting=f"server_{name}",
            kind=whole,
            scenario=Scenario.SERVER,
            multiplier=ms,
            only_v6=True,
            needs="use_token_latencies",
        )
    yield ConfKey(name="infer_token_latencies", setting="infer_token_latencies", kind=one, only_v6=True)
    scaling = "token_latency_scaling_factor"
    yield ConfKey(name=scaling, setting=scaling, kind=whole, only_v6=True, needs="infer_token_latencies")

    for scenario, prefix in (
        (Scenario.SINGLE_STREAM, "single_stream"),
        (Scenario.MULTI_STREAM, "multi_stream"),
        (Scenario.SERVER, "server"),
    ):
        name = "target_latency_percentile"
        yield ConfKey(name=name, setting=f"{prefix}_{name}", kind=Kind.DOUBLE, scenario=scenario, multiplier=0.01)
        if scenario is Scenario.SERVER:
            continue
        expected = f"{prefix}_expected_latency_ns"
        yield ConfKey(name="target_latency", setting=expected, kind=Kind.DOUBLE, scenario=scenario, multiplier=ms)
    samples = "samples_per_query"
    yield ConfKey(name=samples, setting=f"multi_stream_{samples}", kind=whole, scenario=Scenario.MULTI_STREAM)
    server = Scenario.SERVER
    yield ConfKey(name="target_latency", setting="server_target_latency_ns", kind=whole, scenario=server, multiplier=ms)
    yield ConfKey(name="target_qps", setting="server_target_qps", kind=Kind.DOUBLE, scenario=server)
    yield ConfKey(name="coalesce_queries", setting="server_coalesce_queries", kind=flag, scenario=server)
    yield ConfKey(name="max_async_queries", setting="server_max_async_queries", kind=Kind.INT, scenario=server)
    yield ConfKey(name="target_qps", setting="offline_expected_qps", kind=Kind.DOUBLE, scenario=Scenario.OFFLINE)

    yield ConfKey(name="performance_issue_unique", setting="performance_issue_unique", kind=flag)
    yield ConfKey(name="performance_issue_same", setting="performance_issue_same", kind=flag)
    for name in (
        "performance_issue_same_index",
        "min_query_count",
        "max_query_count",
        "performance_sample_count_override",
        "accuracy_log_rng_seed",
        "accuracy_log_sampling_target",
    ):
        yield ConfKey(name=name, setting=name, kind=whole)
    yield ConfKey(name="sample_concatenate_permutation", setting="sample_concatenate_permutation", kind=one)
    yield ConfKey(name="min_duration", setting="min_duration_ms", kind=whole)
    yield ConfKey(name="max_duration", setting="max_duration_ms", kind=whole)
    accuracy = "accuracy_sample_count_override"
    yield ConfKey(name=accuracy, setting=accuracy, kind=whole, only_v6=True)
    yield ConfKey(name="print_timestamps", setting="print_timestamps", kind=flag)


KEYS: tuple[ConfKey, ...] = tuple(_keys())
"""Every key, in an order in which those come first that others need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line that counts: the last one of its key."""

    key: str
    """The whole key: ``*.Server.target_qps``."""
    text: str
    """The value as written."""
    line: int
    """Counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfFile:
    """What LoadGen keeps of a file."""

    path: str
    entries: tuple[Entry, ...]
    """One per key, in the order of first appearance."""

    def look_up(self, model: str, scenario: str, name: str) -> Entry | None:
        """The entry that holds for a model and a scenario: ``m.s.k``, ``*.s.k``, ``m.*.k``, ``*.*.k``."""
        by_key = {entry.key: entry for entry in self.entries}
        for key in (f"{model}.{scenario}.{name}", f"*.{scenario}.{name}", f"{model}.*.{name}", f"*.*.{name}"):
            if key in by_key:
                return by_key[key]
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A setting and the value that a line of the file gives it, in the setting's unit."""

    key: ConfKey
    value: int | float | bool
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a file does to the settings of one run."""

    assignments: tuple[Assignment, ...]
    refused: tuple[Assignment, ...]
    """Lines that hold for the run but that the profile does not take from a file of this kind."""


def read(path: Path) -> ConfFile:
    """Read a file as LoadGen does.

    Raises:
        InputError: It cannot be opened.
        ConfigError: LoadGen rejects it; every line at fault is listed.
    """
    return parse(text_of(path), path=str(path))


def text_of(path: Path) -> str:
    """The content of a file; bytes that are not UTF-8 are kept and can be part of no number and no key.

    Raises:
        InputError: It cannot be opened.
    """
    try:
        return path.read_bytes().decode("utf-8", errors="surrogateescape")
    except OSError as error:
        raise InputError(f"The configuration file {path} cannot be read: {error.strerror or error}.") from error


def parse(text: str, *, path: str = "user.conf") -> ConfFile:
    """Read the text of a file as LoadGen does.

    Args:
        text: The content.
        path: How to call it in messages.

    Raises:
        ConfigError: LoadGen rejects it and applies nothing; every line at fault is listed.
    """
    kept: dict[str, Entry] = {}
    problems = []
    for number, line in enumerate(text.split("\n"), start=1):
        key, values, fault = _tokens(line)
        for value in values:
            # Several values: each takes the place of the one before.
            kept[key] = Entry(key=key, text=value, line=number)
        if fault:
            problems.append(f"{path}:{number}: {fault}")
    if problems:
        raise ConfigError(f"LoadGen rejects {path} and applies nothing of it.", problems=problems)
    return ConfFile(path=path, entries=tuple(kept.values()))


def _tokens(line: str) -> tuple[str, list[str], str]:
    """Key, values and fault of one line. A line without a value does nothing, whatever else it holds."""
    words = [word for word in WHITESPACE.split(line) if word]
    if not words or words[0] == "#":
        return "", [], ""
    key = words[0]
    if len(words) == 1 or words[1] == "#":
        return key, [], ""
    if words[1] != "=":
        return key, [], f"found {words[1]!r} after the key, expected '='."
    for index, word in enumerate(words[2:]):
        if not is_number(word):
            return key, words[2 : 2 + index], f"found {word!r}, expected a number."
    return key, words[2:], ""


def is_number(text: str) -> bool:
    """Whether LoadGen takes a word as a value."""
    return INTEGER.fullmatch(text) is not None or DOUBLE.fullmatch(text) is not None


def as_u64(text: str) -> int:
    """A value as an unsigned 64-bit integer, as ``strtoull`` with base 0 reads its beginning.

    ``0x10`` is 16 and ``010`` is 8; ``08``, ``0.5`` and ``nan`` are 0; ``1e3`` is 1; ``-5`` wraps; what is too large
    becomes the largest.
    """
    found = INTEGER.match(text)
    if found is None:
        return 0
    sign, digits = found.groups()
    base = 16 if digits[:2] in {"0x", "0X"} else 8 if digits.startswith("0") else 10
    if len(digits.lstrip("0")) > U64_DIGITS_MAX:  # Python reads at most 4,300 decimal digits at once
        return U64 - 1
    value = int(digits, base)
    if value >= U64:
        return U64 - 1
    return (-value) % U64 if sign == "-" else value


def as_double(text: str) -> float:
    """A value as a double, as ``strtod`` reads it: ``010`` is 10, ``0x10`` is 16."""
    found = DOUBLE.fullmatch(text)
    if found is None:
        return 0.0
    sign = -1.0 if text.startswith("-") else 1.0
    if found["decimal"] is not None:
        return sign * float(found["decimal"])
    if found["hex"] is not None:
        try:
            return sign * float.fromhex(found["hex"])
        except OverflowError:
            return sign * math.inf
    return sign * (math.inf if found["inf"] is not None else math.nan)


def evaluate(
    conf: ConfFile,
    *,
    model: str,
    scenario: str,
    profile: Profile,
    official: bool = False,
    true_before: frozenset[str] = frozenset(),
) -> Evaluation:
    """What a file sets for a model and a scenario.

    Keys of fixed scenarios are evaluated too, whatever the scenario asked for, as LoadGen does.

    Args:
        conf: The file.
        model: As the file's keys spell it; ``*`` (as for ``audit.config``) finds only wildcards.
        scenario: As the file's keys spell it.
        profile: ``v2.0`` takes any key from any file; ``v6`` takes seeds and their like only from the official one.
        official: Whether this is the official ``mlperf.conf``.
        true_before: Settings that earlier files made true (``use_token_latencies``, ``infer_token_latencies``).
    """
    found, refused = [], []
    true = set(true_before)
    for key in KEYS:
        if key.only_v6 and profile is not Profile.V6:
            continue
        entry = conf.look_up(model, key.scenario or scenario, key.name)
        if entry is None or (key.needs is not None and key.needs not in true):
            continue
        value = _value(key, entry.text)
        if value is None:
            continue
        assignment = Assignment(key=key, value=value, entry=entry)
        if key.official_in_v6 and profile is Profile.V6 and not official:
            refused.append(assignment)
            continue
        found.append(assignment)
        if value is True:
            true.add(key.setting)
        else:
            true.discard(key.setting)
    return Evaluation(assignments=tuple(found), refused=tuple(refused))


def _value(key: ConfKey, text: str) -> int | float | bool | None:
    """A value in the unit of its setting; ``None`` where LoadGen leaves the setting as it is."""
    number = as_u64(text)
    match key.kind:
        case Kind.UNSIGNED:
            return number * int(key.multiplier) % U64
        case Kind.DOUBLE:
            return as_double(text) * key.multiplier
        case Kind.NOT_ZERO:
            return number != 0
        case Kind.EXACTLY_ONE:
            return number == 1
        case Kind.MODE:
            return number if number <= 3 else None
        case Kind.INT:
            return ((number + (1 << 31)) % (1 << 32) - (1 << 31)) % U64


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line to be written, in the file's own unit; a comment where there is no key."""

    key: str = ""
    value: int | float | bool = 0
    model: str = "*"
    scenario: str = "*"
    comment: str = ""


def write(lines: Iterable[Line]) -> str:
    """The text of a configuration file that LoadGen reads back as it was meant.

    Raises:
        ValueError: A line cannot be written so: a name with a space or a dot where none may be, or a value that is
            no plain number.
    """
    text = []
    for line in lines:
        if not line.key:
            text.append(
                "".join(f"# {part}".rstrip() + "\n" for part in line.comment.split("\n")) if line.comment else "\n"
            )
            continue
        whole_key = f"{line.model}.{line.scenario}.{line.key}"
        if WHITESPACE.search(whole_key) or not (line.model and line.scenario) or line.model.startswith("#"):
            raise ValueError(f"the key {whole_key!r} cannot be written")
        comment = "".join(f"# {part}\n" for part in line.comment.split("\n")) if line.comment else ""
        text.append(f"{comment}{whole_key} = {_written(line.value)}\n")
    return "".join(text)


def _written(value: float | bool) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int) and not 0 <= value < U64:
        raise ValueError(f"the value {value} does not fit an unsigned 64-bit number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"the value {value} cannot be written")
    return repr(value)
