"""The list of benchmarks."""

from __future__ import annotations

from levelfield.errors import UsageError, nearest
from levelfield.inference.benchmarks.bert import BERT_99, BERT_99_9
from levelfield.inference.benchmarks.dlrm import DLRM_99, DLRM_99_9
from levelfield.inference.benchmarks.kind import InferenceBenchmark
from levelfield.inference.benchmarks.resnet50 import RESNET50
from levelfield.inference.benchmarks.rnnt import RNNT
from levelfield.inference.benchmarks.ssd import SSD_MOBILENET, SSD_RESNET34
from levelfield.inference.benchmarks.unet3d import UNET3D_99, UNET3D_99_9
from levelfield.rules.model import RuleSet

__all__ = ["BENCHMARKS", "benchmark_named"]

BENCHMARKS: tuple[InferenceBenchmark, ...] = (
    RESNET50,
    SSD_MOBILENET,
    SSD_RESNET34,
    UNET3D_99,
    UNET3D_99_9,
    RNNT,
    BERT_99,
    BERT_99_9,
    DLRM_99,
    DLRM_99_9,
)


def benchmark_named(name: str, rules: RuleSet) -> InferenceBenchmark:
    """A benchmark by its name, in any case.

    Raises:
        UsageError: There is none; the message names the nearest one. Or it is one of the round that cannot be run yet.
    """
    for benchmark in BENCHMARKS:
        if benchmark.name == name.lower():
            return benchmark
    known = [benchmark.name for benchmark in BENCHMARKS]
    if name.lower() in {benchmark.name.lower() for benchmark in rules}:
        raise UsageError(
            f"{name} is a benchmark of {rules.name}, but levelfield cannot run it yet.",
            hint=f"What can be run: {', '.join(known)}. Its rules: levelfield rules show {rules.name}",
        )
    raise nearest(name, known, what="benchmark")
