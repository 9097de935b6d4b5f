"""Recommendation: ``dlrm-99`` and ``dlrm-99.9``, full (Criteo Terabyte) and mini (generated clicks)."""
