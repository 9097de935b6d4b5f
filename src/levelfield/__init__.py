"""Measure machine-learning systems under MLPerf's rules, check the result, and publish it."""

__all__ = ["__version__"]

__version__ = "0.1.0.dev0"
