"""Streams that cannot show everything, are closed, or go away: no traceback, and the exit code is that of the work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import SRC


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of shell, in which ``levelfield`` stands for the command."""
    line = line.replace("levelfield", f"'{sys.executable}' -m levelfield", 1)
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], cwd=folder, text=True, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(SRC), **environment},
    )  # fmt: skip


@pytest.mark.parametrize(
    "command", ["rules list", "rules show inference-v2.0", "rules show inference-v2.0 --benchmark resnet50", "--help"]
)
def test_terminal_without_unicode(tmp_path: Path, command: str) -> None:
    ended = shell(f"levelfield {command}", tmp_path, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.isascii()


def test_json_without_unicode_is_still_json(tmp_path: Path) -> None:
    ended = shell("levelfield rules show inference-v2.0 --json", tmp_path, PYTHONIOENCODING="ascii")
    assert ended.returncode == 0
    assert ended.stdout.isascii()
    assert json.loads(ended.stdout)


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-"])
def test_closed_streams(tmp_path: Path, closed: str) -> None:
    ended = shell(
        "levelfield inference run -b resnet50 --duration 0.05 --set min_query_count=70 --no-accuracy --out out"
        f" --stall 30 {closed}",
        tmp_path,
    )
    assert ended.returncode in {0, 1}
    assert "Traceback" not in ended.stderr + ended.stdout
    assert (tmp_path / "out" / "report.html").exists()


def test_reader_that_has_seen_enough(tmp_path: Path) -> None:
    ended = shell("levelfield rules show inference-v2.0 | head -1", tmp_path)
    assert "Traceback" not in ended.stderr
