"""Options that several commands take, as one decorator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["A_PATH", "with_options"]

Function = TypeVar("Function", bound=Callable[..., Any])
A_PATH = click.Path(path_type=Path)


def with_options(options: Sequence[Callable[[Any], Any]]) -> Callable[[Function], Function]:
    """Give a command these options; its help has them in this order."""

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
