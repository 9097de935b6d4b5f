"""Trained models as files that the inference suite, or anyone else, can run."""
