"""Settings in our own typed form: ``levelfield.toml`` and ``--set key=value``.

The keys and units are those of LoadGen's files (``min_duration`` in ms, percentiles in percent), so that there is one
set of names to learn; the values are typed, and nothing is guessed or dropped::

    [settings]
    min_duration = 600000
    mode = "PerformanceOnly"

    [settings.Server]
    target_qps = 1200.0
    target_latency = 15
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from levelfield.errors import ConfigError, InputError
from levelfield.formats.loadgen_conf import KEYS
from levelfield.loadgen.layers import Rank, Value, ValueLayer
from levelfield.loadgen.setting_names import Setting, SettingValue, Unit, setting
from levelfield.terms import Mode, Scenario

__all__ = ["command_line_layer", "native_keys", "native_layer"]

U64 = 1 << 64
SERVER_ONLY = (
    "num_issue_query_threads",
    "find_peak_qps_decimals_of_precision",
    "find_peak_qps_boundary_step_size",
)
"""Settings of LoadGen's API that its files cannot express."""


def native_keys(scenario: Scenario | None) -> dict[str, str]:
    """The setting behind each key.

    Args:
        scenario: The table ``[settings.<scenario>]``, which takes every key that the scenario reads; ``None`` = the
            table ``[settings]``, which takes those that mean the same in every scenario.
    """
    keys = {
        key.name: key.setting
        for key in KEYS
        if not key.name.startswith("test05") and (key.scenario is None or key.scenario is scenario)
    }
    if scenario is Scenario.SERVER:
        keys |= {name: f"server_{name}" for name in SERVER_ONLY}
    return keys


def native_layer(path: Path, *, scenario: Scenario) -> ValueLayer:
    """The settings of a ``levelfield.toml`` for a scenario. The other scenarios' tables are checked too.

    Raises:
        InputError: It cannot be opened.
        ConfigError: It is not TOML, or something in ``[settings]`` is not what it should be; every problem is listed
            with file and line.
    """
    try:
        content = path.read_bytes()
        text = content.decode()
        document = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"The configuration file {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8: byte {error.start} is wrong.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from error
    table = document.get("settings", {})
    problems: list[str] = []
    if not isinstance(table, dict):
        raise ConfigError(f"{path}:{_line_of(text, (), 'settings')}: settings: expected a table.")
    general = {name: value for name, value in table.items() if not isinstance(value, dict)}
    values = _table(general, None, text, path, problems)
    for name, inner in table.items():
        if not isinstance(inner, dict):
            continue
        if name not in {known.value for known in Scenario}:
            place = f"{path}:{_line_of(text, ('settings',), name)}"
            problems.append(f"{place}: unknown scenario {name!r}{_nearest(name, [s.value for s in Scenario])}.")
            continue
        found = _table(inner, Scenario(name), text, path, problems)
        values += found if name == scenario else []
    if problems:
        raise ConfigError(f"{path} cannot be read as settings.", problems=problems)
    digest = hashlib.sha256(content).hexdigest()
    return ValueLayer(rank=Rank.NATIVE, values=tuple(values), path=str(path), sha256=digest)


def command_line_layer(pairs: Iterable[str], *, scenario: Scenario) -> ValueLayer:
    """Settings given as ``key=value``.

    Raises:
        ConfigError: A pair cannot be read; all of them are listed.
    """
    values, problems = [], []
    keys = native_keys(scenario)
    for pair in pairs:
        key, equals, word = (part.strip() for part in pair.partition("="))
        if not equals or not key or not word:
            problems.append(f"{pair!r}: expected key=value.")
        elif key not in keys:
            problems.append(f"{pair!r}: unknown key {key!r} for {scenario}{_nearest(key, keys)}.")
        else:
            value, problem = _typed(setting(keys[key]), _word(word))
            if problem:
                problems.append(f"{pair!r}: {problem}")
            else:
                values.append(Value(name=keys[key], value=value, origin="command line"))
    if problems:
        raise ConfigError("The settings on the command line cannot be read.", problems=problems)
    return ValueLayer(rank=Rank.COMMAND_LINE, values=tuple(values))


def _table(
    table: dict[str, object], scenario: Scenario | None, text: str, path: Path, problems: list[str]
) -> list[Value]:
    keys = native_keys(scenario)
    where = ("settings",) if scenario is None else ("settings", str(scenario))
    values = []
    for key, raw in table.items():
        origin = f"{path}:{_line_of(text, where, key)}"
        if key not in keys:
            problems.append(f"{origin}: {_unknown(key, scenario, keys)}")
            continue
        value, problem = _typed(setting(keys[key]), raw)
        if problem:
            problems.append(f"{origin}: {key}: {problem}")
        else:
            values.append(Value(name=keys[key], value=value, origin=origin))
    return values


def _unknown(key: str, scenario: Scenario | None, keys: dict[str, str]) -> str:
    places = [known.value for known in Scenario if key in native_keys(known)]
    if places:
        tables = " or ".join(f"[settings.{place}]" for place in places)
        return f"{key} does not belong here, expected it in {tables}."
    table = "[settings]" if scenario is None else f"[settings.{scenario}]"
    return f"unknown key {key!r} in {table}{_nearest(key, keys)}."


def _typed(which: Setting, raw: object) -> tuple[SettingValue, str]:
    """A value in the unit of its setting, or what is wrong with it."""
    number = raw if isinstance(raw, int | float) and not isinstance(raw, bool) else None
    if number is not None and not math.isfinite(number):
        number = None
    match which.unit:
        case Unit.FLAG:
            return (raw, "") if isinstance(raw, bool) else (False, _wrong(raw, "true or false"))
        case Unit.MODE:
            known = [mode.value for mode in Mode]
            if isinstance(raw, str) and raw in known:
                return Mode(raw), ""
            return 0, _wrong(raw, "one of " + ", ".join(known) + _nearest(str(raw), known))
        case Unit.SEED:
            if isinstance(raw, str) and raw.isascii() and raw.isdigit():
                number = int(raw)
            if isinstance(number, int) and 0 <= number < U64:
                return number, ""
            return 0, _wrong(raw, "an unsigned 64-bit number")
        case Unit.COUNT | Unit.MS:
            unit = " (milliseconds)" if which.unit is Unit.MS else ""
            if isinstance(number, int) and 0 <= number < U64:
                return number, ""
            return 0, _wrong(raw, f"a whole number{unit}, 0 or more")
        case Unit.FRACTION:
            if number is not None and 0 <= number <= 100:
                return number * 0.01, ""
            return 0, _wrong(raw, "a percentage from 0 to 100")
        case Unit.NS:
            return _latency(which, raw, number)
        case Unit.PER_S | Unit.NUMBER:
            if number is not None and number > 0:
                return float(number), ""
            return 0, _wrong(raw, "a number above 0")


def _latency(which: Setting, raw: object, milliseconds: float | None) -> tuple[SettingValue, str]:
    if milliseconds is None or milliseconds < 0:
        return 0, _wrong(raw, "milliseconds, 0 or more")
    nanoseconds = milliseconds * 1_000_000
    if not which.whole:
        return float(nanoseconds), ""
    if abs(nanoseconds - round(nanoseconds)) > 1e-3:
        return 0, _wrong(raw, "milliseconds that are whole nanoseconds")
    return round(nanoseconds), ""


def _wrong(raw: object, expected: str) -> str:
    shown = str(raw).lower() if isinstance(raw, bool) else repr(raw)
    return f"found {shown}, expected {expected}."


def _word(text: str) -> object:
    """A word of the command line as TOML would read it; what is no TOML value is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _nearest(word: str, choices: Iterable[str]) -> str:
    by_lower = {choice.lower(): choice for choice in choices}
    close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f" (nearest: {by_lower[close[0]]!r})" if close else ""


HEADER = re.compile(r"^\s*\[([^\[\]]+)\]")
KEY = re.compile(r"^\s*([^=#]+?)\s*=")


def _line_of(text: str, table: tuple[str, ...], key: str) -> int:
    """The line of a key, found by looking for it: tomllib does not say. The header's line if it is not alone on one."""
    here: tuple[str, ...] = ()
    nearest_line = 1
    for number, line in enumerate(text.split("\n"), start=1):
        header = HEADER.match(line)
        if header:
            here = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            if here == (*table, key):
                return number
            if here == table:
                nearest_line = number
            continue
        found = KEY.match(line)
        if found:
            path = (*here, *(part.strip().strip("\"'") for part in found[1].split(".")))
            if path == (*table, key):
                return number
            if path == table[: len(path)]:
                nearest_line = number
    return nearest_line
