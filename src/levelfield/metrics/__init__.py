"""Accuracy metrics: pure functions of predictions and truth."""
