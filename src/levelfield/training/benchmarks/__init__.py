"""The benchmarks, one folder each, with the same files in every one; see ``docs/design/0017-training.md``."""
