"""Traps of LoadGen's configuration files: lines that LoadGen reads otherwise than their writer meant.

LoadGen drops ``k=v`` in silence, takes ``08`` for 0, lets the last of two lines win, ignores a misspelt key, and
rejects a whole file for one trailing comment. The strict reader refuses such files and explains every line at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from levelfield.errors import ConfigError
from levelfield.formats.loadgen_conf import (
    INTEGER,
    KEYS,
    WHITESPACE,
    ConfFile,
    ConfKey,
    Kind,
    as_double,
    as_u64,
    is_number,
    parse,
    text_of,
)
from levelfield.terms import Profile, Scenario

__all__ = ["read_strict", "traps"]

HARMLESS = {
    ("Server", "target_duration"),
    ("Offline", "target_latency_percentile"),
    ("*", "test07_accuracy_threshold"),
    ("*", "test09_min_output_tokens"),
    ("*", "test09_max_output_tokens"),
}
"""Keys of the official files that LoadGen does not read (some are for the verification scripts)."""
NAMES = tuple(dict.fromkeys(key.name for key in KEYS))
SCENARIOS = ("*", *(scenario.value for scenario in Scenario))


def read_strict(path: Path, *, profile: Profile) -> ConfFile:
    """Read a file that means what it says.

    Raises:
        InputError: It cannot be opened.
        ConfigError: LoadGen would reject it or read a line otherwise than it looks; every such line is listed.
    """
    text = text_of(path)
    found = traps(text, path=str(path), profile=profile)
    if found:
        raise ConfigError(f"{path} does not say what LoadGen would read from it.", problems=found)
    return parse(text, path=str(path))


def traps(text: str, *, path: str, profile: Profile) -> tuple[str, ...]:
    """Every trap in the text of a file, with file and line, in the order of the lines.

    Args:
        text: The content.
        path: How to call it.
        profile: Which release of LoadGen reads it; older ones know fewer keys.
    """
    found = []
    first_line: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        words = [word for word in WHITESPACE.split(line) if word]
        if not words or words[0] == "#":
            continue
        found += [f"{path}:{number}: {problem}" for problem in _line_traps(words, profile)]
        key = words[0]
        if len(words) < 3 or words[1] != "=":
            continue
        if key in first_line:
            found.append(f"{path}:{number}: {key} stands in line {first_line[key]} already; the last one would win.")
        first_line.setdefault(key, number)
    return tuple(found)


def _line_traps(words: list[str], profile: Profile) -> Iterator[str]:
    key = words[0]
    if key.startswith("#"):
        yield f"found {key!r}, expected a space after '#': LoadGen takes it for a key."
        return
    if "=" in key or (len(words) > 1 and words[1].startswith("=") and words[1] != "="):
        yield f"found {' '.join(words)!r}, expected spaces around '=': LoadGen would ignore or reject the line."
        return
    if len(words) == 1 or words[1] == "#":
        yield f"found {key!r} without a value: LoadGen would ignore the line."
        return
    if words[1] != "=":
        yield f"found {words[1]!r} after the key, expected '=': LoadGen would reject the whole file."
        return
    known = tuple(_key_traps(key, profile))
    yield from known
    yield from _value_traps(words[2:], None if known else _conf_key(key, profile))


def _key_traps(key: str, profile: Profile) -> Iterator[str]:
    """A key that LoadGen would never look up."""
    parts = key.rsplit(".", 2)
    if len(parts) != 3 or not all(parts):
        yield f"found the key {key!r}, expected model.scenario.key, where model and scenario may be '*'."
        return
    _, scenario, name = parts
    if (scenario, name) in HARMLESS or ("*", name) in HARMLESS:
        return
    if scenario not in SCENARIOS:
        yield f"unknown scenario {scenario!r}{_nearest(scenario, SCENARIOS)}: LoadGen would ignore the line."
        return
    if name not in _names(profile):
        yield f"unknown key {name!r}{_nearest(name, _names(profile))}: LoadGen would ignore the line."
        return
    places = [found.scenario for found in KEYS if found.name == name]
    if scenario != "*" and None not in places and scenario not in places:
        read_for = ", ".join(str(place) for place in places)
        yield f"{name} is read for {read_for} only, not for {scenario}: LoadGen would ignore the line."


def _names(profile: Profile) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key.name for key in KEYS if profile is Profile.V6 or not key.only_v6))


def _conf_key(key: str, profile: Profile) -> ConfKey | None:
    """What the key is read as; with ``*`` for the scenario, the strictest of its readings."""
    _, scenario, name = key.rsplit(".", 2)
    readings = [found for found in KEYS if found.name == name and name in _names(profile)]
    exact = [found for found in readings if found.scenario in {None, scenario}]
    return next((found for found in exact or readings if found.is_whole), next(iter(exact or readings), None))


def _value_traps(values: list[str], key: ConfKey | None) -> Iterator[str]:
    if not values:
        yield "found no value after '=': LoadGen would ignore the line."
        return
    words = [word for word in values if not is_number(word)]
    if words:
        if is_number(values[0]) and words[0].startswith("#"):
            yield "found a comment after the value: LoadGen would reject the whole file; put it on a line of its own."
        else:
            yield f"found {words[0]!r}, expected a number: LoadGen would reject the whole file."
        return
    if len(values) > 1:
        yield f"found {len(values)} values, expected one: LoadGen would take the last, {values[-1]}."
        return
    if key is not None:
        yield from _number_traps(values[0], key)


def _number_traps(text: str, key: ConfKey) -> Iterator[str]:
    """A number that becomes another one, or one that makes no sense."""
    digits = text.lstrip("+-")
    is_hex = digits[:2] in {"0x", "0X"}
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit() and not is_hex:
        read_as = str(as_u64(text)) if key.is_whole else f"{as_double(text):g}"
        yield f"found {text} with a leading zero: LoadGen would read {read_as}."
    elif key.is_whole and INTEGER.fullmatch(text) is None:
        yield f"found {text}, expected a whole number for {key.name}: LoadGen would read {as_u64(text)}."
    elif text.startswith("-") and key.is_whole:
        yield f"found {text}, expected 0 or more for {key.name}: LoadGen would read {as_u64(text)}."
    elif key.is_whole and ((len(digits) > 20 and not is_hex) or int(digits, 0) >= 1 << 64):
        yield f"found {text}, expected less than 2^64 for {key.name}: LoadGen would read {as_u64(text)}."
    elif not key.is_whole and not 0 <= as_double(text) < float("inf"):
        yield f"found {text}, expected a finite number, 0 or more, for {key.name}."
    elif key.kind is Kind.MODE and as_u64(text) > 3:
        yield f"found {text}, expected 0 (submission), 1 (accuracy), 2 (performance) or 3 (find peak) for mode."
    elif key.kind in {Kind.NOT_ZERO, Kind.EXACTLY_ONE} and as_u64(text) > 1:
        meant = "false" if key.kind is Kind.EXACTLY_ONE else "true"
        yield f"found {text}, expected 0 or 1 for {key.name}: LoadGen would read it as {meant}."
    elif key.kind is Kind.INT and as_u64(text) >= 1 << 31:
        yield f"found {text}, expected less than 2^31 for {key.name}."


def _nearest(word: str, choices: tuple[str, ...]) -> str:
    by_lower = {choice.lower(): choice for choice in choices}
    close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f" (nearest: {by_lower[close[0]]!r})" if close else ""
