"""What training needs beside levelfield, asked for in one place by all benchmarks; no torch here."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from levelfield.errors import MissingError, SettingsError
from levelfield.training.port import Setup

__all__ = ["full_data", "require_torch"]


def require_torch() -> None:
    """Ask for torch before anything that needs it is imported.

    Raises:
        MissingError: It is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingError("Training needs torch, which is not installed.", hint="pip install 'levelfield[torch]'")


def full_data(setup: Setup, benchmark: str, *, data: str, start: str | None = None) -> Path:
    """The folder of the data that a full edition is trained on.

    Args:
        setup: Of a full edition.
        benchmark: For the message.
        data: What the folder is, as the user knows it: ``the folder of KiTS19``.
        start: The file of weights that the rules have a run start from; ``None`` where it may start from random ones.

    Raises:
        SettingsError: Something was not given; all of it is named.
    """
    wanted = (("--data", setup.data, data), ("--start", setup.start, start))
    problems = [f"{option}: found none, expected {what}" for option, given, what in wanted if what and given is None]
    if setup.data is None or problems:
        raise SettingsError(
            f"The full edition of {benchmark} is trained on files of your own.",
            problems=problems,
            hint="To train without any: --edition mini.",
        )
    return setup.data
