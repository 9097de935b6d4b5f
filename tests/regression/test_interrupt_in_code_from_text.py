"""Ctrl-C handled after it fell into ``exec`` (a dataclass made during an import): it ended with -2, not with 130."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import os, signal
from levelfield.cli import app

def interrupted(arguments):
    try:
        exec("os.kill(os.getpid(), signal.SIGINT); sum(range(100_000))")
    except KeyboardInterrupt:
        return app.INTERRUPTED

app.run = interrupted
app.main([])
"""


def test_handled_interrupt_ends_with_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "interrupted_in_exec.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", "interrupted_in_exec"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 130, done
