"""Optimizers that the rules name and torch lacks: LARS and LAMB."""
