"""The parts of :mod:`levelfield.compat.mlperf_loadgen`, which is what to import."""

__all__: list[str] = []
