"""A system that hangs outside the main thread leaves its thread behind, with an exception that it is to raise.

In CPython 3.11 a traced thread then looked for that exception for ever: a debugger, coverage, or hypothesis hung.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys, threading, time
from pathlib import Path
from levelfield.loadgen import LogOptions, Settings, SingleStream, run_test
from levelfield.loadgen.run import RunOptions

class Hangs:
    name = "hangs"
    def issue(self, ids, indices, complete):
        time.sleep(1e6)
    def flush(self):
        pass

class Library:
    name, total_sample_count, performance_sample_count = "none", 4, 4
    def load(self, indices):
        pass
    unload = load

def run():
    settings = Settings(load=SingleStream(), min_duration_ms=10, min_query_count=1)
    logs = LogOptions(folder=Path(sys.argv[1]))
    test = run_test(Hangs(), Library(), settings, logs=logs, options=RunOptions(stall_s=0.1, strict=False))
    print(test.failure)

thread = threading.Thread(target=run)
thread.start()
thread.join()
sys.settrace(lambda *_: None)
(lambda: None)()
print("traced")
"""


def test_tracing_goes_on_after_a_thread_was_left_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "did not answer" in done.stdout
    assert done.stdout.endswith("traced\n"), done.stderr
