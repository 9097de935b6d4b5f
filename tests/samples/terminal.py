"""Levelfield as a process of its own, as a person at a terminal has it: with output, exit code and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

SRC = Path(__file__).parents[2] / "src"
SAMPLES = Path(__file__).parent


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Session:
    """A Python process in a session of its own; signals go to the whole group, as a terminal sends them."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{SRC}{os.pathsep}{SAMPLES}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, condition: Callable[[], bool], *, bound_s: float = 30) -> None:
        deadline = time.monotonic() + bound_s
        while not condition():
            if self._process.poll() is not None:
                raise AssertionError(f"it ended before: {self._process.communicate()}")
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self._process.pid).children(recursive=True)

    def send(self, number: signal.Signals) -> None:
        os.killpg(self._process.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self.send(signal.SIGKILL)
        self._process.communicate()

    def end(self, *, bound_s: float = 20) -> Ended:
        out, err = self._process.communicate(timeout=bound_s)
        return Ended(self._process.returncode, out, err)


def levelfield(*arguments: str, folder: Path) -> Session:
    """``levelfield ...`` in a folder."""
    return Session(["-m", "levelfield", *arguments], folder)
