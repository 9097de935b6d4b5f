"""Submission trees of all suites: read from any source, checked rule by rule, packaged."""
