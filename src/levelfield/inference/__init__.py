"""The inference suite: benchmarks, runs, results and their report."""
