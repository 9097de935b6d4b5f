"""An import that is killed leaves the old database whole: at many statements, and at many moments."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from results import result

from levelfield.results.store import Store

SAMPLES = Path(__file__).parents[1] / "samples"
CHILD = """
import os, signal, sqlite3, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from results import result
from levelfield.results import store

path, at, count = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
found = [result(value=1.0, scenario=f"s{number}") for number in range(count)]
seen = 0
connect = sqlite3.connect
def traced(*arguments, **options):
    database = connect(*arguments, **options)
    def statement(text):
        global seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
    database.set_trace_callback(statement)
    return database
store.sqlite3.connect = traced
print("ready", flush=True)
with store.Store(path) as opened:
    opened.add("round", found)
print(seen)
"""


def child(path: Path, *, at: int, count: int = 50) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", CHILD, str(SAMPLES), str(path), str(at), str(count)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def whole(path: Path) -> list[str]:
    with Store(path) as store:
        assert store._database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(store.dump())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "results.sqlite"
    with Store(path, create=True) as store:
        store.add("round", [result(scenario=f"old{number}") for number in range(20)])
    return path


def test_killed_at_a_statement(path: Path) -> None:
    old = whole(path)
    copy = path.with_name("copy.sqlite")
    copy.write_bytes(path.read_bytes())
    ended = child(copy, at=0)
    statements = int(ended.communicate()[0].split()[-1])
    assert statements > 150
    # The first ones open the file, those in the middle delete, insert and index, the last is the commit.
    for at in (5, statements // 4, statements // 2, statements - 20, statements - 2, statements - 1):
        killed = child(path, at=at)
        killed.communicate()
        assert killed.returncode == -signal.SIGKILL, at
        assert whole(path) == old, f"killed at statement {at} of {statements}"
    done = child(path, at=0)
    done.communicate()
    assert done.returncode == 0
    assert whole(path) == whole(copy)


def test_killed_at_a_moment(path: Path) -> None:
    """Also inside the commit, where the trace does not look: the old database or the new one, never a mixture."""
    old = whole(path)
    copy = path.with_name("copy.sqlite")
    copy.write_bytes(path.read_bytes())
    child(copy, at=0, count=2000).communicate()
    new = whole(copy)
    for part in range(8):
        process = child(path, at=0, count=2000)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05 + 0.12 * part)
        process.kill()
        process.communicate()
        found = whole(path)
        assert found in (old, new)
        if found == new:
            break
