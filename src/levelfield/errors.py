"""The exception tree of levelfield.

::

    LevelfieldError
    ├── UsageError                what was asked for cannot be: exit code 2
    │   ├── SettingsError         impossible settings, all of them at once
    │   ├── ConfigError           a configuration line that cannot be read (file and line)
    │   ├── RulesError            a rule file that does not hold together
    │   └── OutputError           a folder that is not empty, not writable, or a full disk
    ├── InputError                what was handed in is damaged: exit code 2
    │   ├── FormatError           a file that is not in its format (file and place)
    │   ├── DatasetError          a dataset that is incomplete or unreadable
    │   └── ModelError            a model that is missing, corrupt or of another shape
    ├── MissingError              something the environment lacks: exit code 3
    └── RunError                  the run broke: exit code 1
        ├── CompletionError       the system under test completed what it should not have
        ├── SystemUnderTestError  the system under test raised, or never answered
        └── TrainingError         a step of training raised, or a process of it was lost

Only :mod:`levelfield.cli` turns these into text on the terminal and exit codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = [
    "CompletionError",
    "ConfigError",
    "DatasetError",
    "FormatError",
    "InputError",
    "LevelfieldError",
    "MissingError",
    "ModelError",
    "OutputError",
    "Problem",
    "RulesError",
    "RunError",
    "SettingsError",
    "SystemUnderTestError",
    "TrainingError",
    "UsageError",
    "nearest",
]


class Problem(str):
    """One line about one thing that is wrong: the place, what was found, what was expected."""

    __slots__ = ()


class LevelfieldError(Exception):
    """Base of every error that levelfield raises on purpose.

    Args:
        message: One full sentence.
        problems: Details when several things are wrong at once; each is reported on a line of its own.
        hint: The next step, if there is one: usually a command or an option.
    """

    exit_code = 4

    def __init__(self, message: str, *, problems: Iterable[str] = (), hint: str | None = None) -> None:
        self.message = message
        self.problems: tuple[Problem, ...] = tuple(Problem(p) for p in problems)
        self.hint = hint
        super().__init__(self.text())

    def text(self) -> str:
        """The whole report: message, one indented line per problem, and the hint."""
        lines = [self.message, *(f"  - {problem}" for problem in self.problems)]
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)


class UsageError(LevelfieldError):
    """What was asked for cannot be done."""

    exit_code = 2


class SettingsError(UsageError):
    """Settings that cannot hold, reported all at once."""


class ConfigError(UsageError):
    """A configuration file that cannot be read; every problem names file and line."""


class RulesError(UsageError):
    """A rule file that does not hold together, or a rule set that does not exist."""


class OutputError(UsageError):
    """A place that cannot be written to."""


class InputError(LevelfieldError):
    """Something that was handed in is damaged."""

    exit_code = 2


class FormatError(InputError):
    """A file that is not in the format that it should be in."""

    def __init__(self, path: Path | str, place: str, found: str, expected: str) -> None:
        self.path = str(path)
        super().__init__(f"{path}, {place}: found {found}, expected {expected}.")


class DatasetError(InputError):
    """A dataset that is incomplete or unreadable."""


class ModelError(InputError):
    """A model file that is missing, corrupt, or of another shape than the benchmark needs."""


class MissingError(LevelfieldError):
    """Something that the environment lacks; the hint is the command that adds it."""

    exit_code = 3


class RunError(LevelfieldError):
    """The run broke; what was recorded until then is kept."""

    exit_code = 1


class CompletionError(RunError):
    """The system under test completed a sample twice, or one that was never issued."""


class SystemUnderTestError(RunError):
    """The system under test raised an exception, or did not answer within the bound."""

    @classmethod
    def of(cls, error: BaseException) -> SystemUnderTestError:
        """The error for an exception that the system raised; says where, and keeps it as the cause."""
        found = cls(f"The system under test raised {_said(error)}", hint=_place(error))
        found.__cause__ = error
        return found


class TrainingError(RunError):
    """A step of training raised an exception, or a process that trains with this one was lost."""

    @classmethod
    def of(cls, error: BaseException, *, doing: str) -> TrainingError:
        """The error for an exception that a benchmark raised; says where, and keeps it as the cause."""
        found = cls(f"Training broke while {doing}: {_said(error)}", hint=_place(error))
        found.__cause__ = error
        return found


def _said(error: BaseException) -> str:
    """Its kind and its text, as a sentence."""
    said = str(error) or "no text"
    return f"{type(error).__name__}: {said}{'' if said.endswith(('.', '!', '?')) else '.'}"


def _place(error: BaseException) -> str | None:
    import traceback  # noqa: PLC0415 - a run without errors needs none of it

    places = traceback.extract_tb(error.__traceback__)
    return f"Raised at {places[-1].filename}:{places[-1].lineno}, in {places[-1].name}." if places else None


def nearest(word: str, choices: Sequence[str], *, what: str) -> UsageError:
    """The error for an unknown name, with the nearest known one.

    Args:
        word: What was given.
        choices: What would have been accepted.
        what: What kind of thing it names, for example ``"benchmark"``.
    """
    from difflib import get_close_matches  # noqa: PLC0415

    by_lower = {choice.lower(): choice for choice in choices}
    close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.5)
    hint = f"Did you mean {by_lower[close[0]]!r}? " if close else ""
    return UsageError(f"Unknown {what} {word!r}.", hint=f"{hint}Known: {', '.join(choices)}.")
