"""An implementation written for MLPerf's LoadGen, run by levelfield: the import is the only line that changed.

    python examples/compat_sut.py [FOLDER]

Runs a Server test of an imaginary classifier with two worker threads and leaves LoadGen's logs in the folder.
"""

import array
import queue
import sys
import tempfile
import threading
from pathlib import Path

from levelfield.compat import mlperf_loadgen as lg  # was: import mlperf_loadgen as lg

DATASET = [index % 10 for index in range(500)]
"""The class of each item; a real library would load pictures in ``load_samples``."""

waiting: queue.Queue[lg.QuerySample | None] = queue.Queue()


def load_samples(indices: list[int]) -> None:
    """Bring items into memory, untimed."""
    print(f"loading {len(indices)} samples")


def unload_samples(indices: list[int]) -> None:
    """Let them go."""
    print(f"unloading {len(indices)} samples")


def issue_queries(samples: list[lg.QuerySample]) -> None:
    """Take the samples of a query and come back at once."""
    for sample in samples:
        waiting.put(sample)


def flush_queries() -> None:
    """Nothing waits for a fuller batch."""


def worker() -> None:
    """Classify samples until told to stop, and report each."""
    while (sample := waiting.get()) is not None:
        prediction = array.array("B", [DATASET[sample.index]])
        address, length = prediction.buffer_info()
        lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, address, length)])


def main() -> None:
    """Run the test and show the beginning of its summary."""
    folder = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()
    workers = [threading.Thread(target=worker, daemon=True) for _ in range(2)]
    for thread in workers:
        thread.start()

    settings = lg.TestSettings()
    settings.scenario = lg.TestScenario.Server
    settings.mode = lg.TestMode.SubmissionRun
    settings.server_target_qps = 500
    settings.server_target_latency_ns = 50_000_000
    settings.min_duration_ms = 1000
    settings.min_query_count = 100

    logs = lg.LogSettings()
    logs.log_output.outdir = folder
    logs.enable_trace = False

    sut = lg.ConstructSUT(issue_queries, flush_queries)
    qsl = lg.ConstructQSL(len(DATASET), 200, load_samples, unload_samples)
    lg.StartTestWithLogSettings(sut, qsl, settings, logs)
    lg.DestroyQSL(qsl)
    lg.DestroySUT(sut)
    for _ in workers:
        waiting.put(None)

    summary = (Path(folder) / "mlperf_log_summary.txt").read_text()
    print(*summary.splitlines()[:12], sep="\n")


if __name__ == "__main__":
    main()
