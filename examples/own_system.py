"""Your own Python object as the system under test, in ten lines (``Nearest``): no model file, no backend.

    python examples/own_system.py [FOLDER]

The object here is a classifier in numpy. A PyTorch module, a client of a server or anything else that Python can call
takes its place. It is measured in SingleStream and for accuracy, and leaves LoadGen's logs in the folder.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from levelfield.formats.accuracy_log import read_accuracy_log
from levelfield.loadgen import Completions, LogOptions, Settings, SingleStream, run_test
from levelfield.terms import Mode

CENTRES = np.random.default_rng(0).normal(size=(10, 16))


class Vectors:
    """The sample library: 500 noisy copies of ten centres."""

    name, total_sample_count, performance_sample_count = "vectors", 500, 500
    labels = np.arange(500) % 10

    def load(self, indices: np.ndarray) -> None:
        """Bring items into memory, untimed."""
        noise = np.random.default_rng(1).normal(size=(500, 16))
        self.rows = np.zeros((500, 16))
        self.rows[indices] = CENTRES[self.labels[indices]] + noise[indices]

    def unload(self, indices: np.ndarray) -> None:
        """Let them go."""
        self.rows[indices] = 0


library = Vectors()


class Nearest:
    """The system under test: classifies a vector by the nearest centre."""

    name = "nearest centre"

    def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Completions) -> None:
        """Answer the samples of one query."""
        distances = np.linalg.norm(library.rows[indices, None] - CENTRES, axis=2)
        complete(ids, distances.argmin(axis=1).astype("<f4"))

    def flush(self) -> None:
        """Nothing waits."""


def main() -> None:
    """Run both modes and print what came out."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(load=SingleStream(), mode=Mode.SUBMISSION, min_duration_ms=1000, min_query_count=1024)
    run = run_test(Nearest(), library, settings, logs=LogOptions(folder=folder))
    print(run.validity, f"p90 {run.performance.statistics.samples.at(0.9) / 1000:.0f} us")
    entries = read_accuracy_log(folder / "mlperf_log_accuracy.json").entries
    right = sum(np.frombuffer(entry.data, "<f4")[0] == library.labels[entry.sample_index] for entry in entries)
    print(f"accuracy {right} of {len(entries)}")


if __name__ == "__main__":
    main()
