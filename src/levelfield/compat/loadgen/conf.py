"""``TestSettings.FromConfig``: configuration files on top of the official values.

Source: ``TestSettings::FromConfig`` in ``loadgen/test_settings_internal.cc`` of mlcommons/inference at b66003e1.
The official values lie in ``official_values.toml`` beside this file.
"""

from __future__ import annotations

import errno
import tomllib
from functools import cache
from pathlib import Path

from levelfield.compat.loadgen.enums import TestMode
from levelfield.compat.loadgen.fields import Record
from levelfield.errors import ConfigError, InputError
from levelfield.formats.loadgen_conf import ConfFile, Entry, as_u64, evaluate, read
from levelfield.loadgen.measurement import Event, Severity
from levelfield.terms import Profile

__all__ = ["apply_conf", "official_values", "take_problems"]

OFFICIAL_ALONE = 0
USER_CONF = 1
OTHER_NAMES = {"server_ttft_latency": "ttft_latency", "server_tpot_latency": "tpot_latency"}
"""Settings that the Python module calls otherwise than the C++ header."""


class _Seen:
    """What LoadGen remembers for the whole process."""

    user_confs = 0
    problems: tuple[Event, ...] = ()


def apply_conf(settings: Record, path: str, model: str, scenario: str, conf_type: int) -> int:
    """Take the settings of a file; see :meth:`TestSettings.FromConfig` for arguments and result."""
    if conf_type == USER_CONF:
        if _Seen.user_confs == 0:
            _apply(settings, official_values(), model, scenario, official=True)
        else:
            _problem("Multiple conf files are used. This is not valid for official submission.")
        _Seen.user_confs += 1
    if conf_type == OFFICIAL_ALONE:
        _apply(settings, official_values(), model, scenario, official=True)
        return 0
    try:
        conf = read(Path(path))
    except InputError:
        _problem(f"can't open file {path}")
        return -errno.ENOENT
    except ConfigError as error:
        for problem in error.problems:
            _problem(problem)
        return -errno.EINVAL
    _apply(settings, conf, model, scenario, official=False)
    return 0


def take_problems() -> tuple[Event, ...]:
    """What was wrong with configuration files since the last call: the first lines of the next test's log."""
    problems, _Seen.problems = _Seen.problems, ()
    return problems


def _problem(text: str) -> None:
    _Seen.problems += (Event(key="error_invalid_config", text=text, severity=Severity.ERROR),)


def _apply(settings: Record, conf: ConfFile, model: str, scenario: str, *, official: bool) -> None:
    names = ("use_token_latencies", "infer_token_latencies")
    true_before = frozenset(name for name in names if getattr(settings, name))
    mode = conf.look_up(model, scenario, "mode")
    if mode is not None and as_u64(mode.text) >= len(TestMode.__members__):
        _problem("Invalid value passed to Mode key in config.")
    found = evaluate(
        conf, model=model, scenario=scenario, profile=Profile.V6, official=official, true_before=true_before
    )
    for assignment in found.assignments:
        name = OTHER_NAMES.get(assignment.key.setting, assignment.key.setting)
        value = TestMode(int(assignment.value)) if name == "mode" else assignment.value
        setattr(settings, name, value)


@cache
def official_values() -> ConfFile:
    """The official values, as if they had been read from LoadGen's ``mlperf.conf``."""
    path = Path(__file__).with_name("official_values.toml")
    tables: dict[str, dict[str, dict[str, int | float]]] = tomllib.loads(path.read_text(encoding="utf-8"))
    entries = (
        Entry(key=f"{model}.{scenario}.{name}", text=str(value), line=0)
        for name, scenarios in tables.items()
        for scenario, models in scenarios.items()
        for model, value in models.items()
    )
    return ConfFile(path=path.name, entries=tuple(entries))
