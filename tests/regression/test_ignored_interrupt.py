"""A background job has the interrupt signal ignored; a system that hangs could then not be torn out, for ever."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import time
from pathlib import Path
from levelfield.loadgen import LogOptions, RunOptions, Settings, run_test

class Hangs:
    name = "hangs"
    def issue(self, ids, indices, complete): time.sleep(600)
    def flush(self): pass

class Library:
    name, total_sample_count, performance_sample_count = "library", 8, 8
    def load(self, indices): pass
    def unload(self, indices): pass

run = run_test(Hangs(), Library(), Settings(), logs=LogOptions(folder=Path(".")), options=RunOptions(stall_s=0.2))
print(run.validity, run.failure.message)
"""


def test_a_hanging_system_is_given_up_where_interrupts_are_ignored(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(source)!r})\n{SCRIPT}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("INVALID The system under test did not")
    assert (tmp_path / "mlperf_log_summary.txt").exists()
