"""The benchmarks that can be run, by the names of the rule book; one file for each family, listed in ``registry``."""

from levelfield.inference.benchmarks.kind import InferenceBenchmark, ModelChoice
from levelfield.inference.benchmarks.registry import BENCHMARKS, benchmark_named

__all__ = ["BENCHMARKS", "InferenceBenchmark", "ModelChoice", "benchmark_named"]
