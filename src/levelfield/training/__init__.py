"""Train a benchmark to its quality target under the clock of the rules, log it, and say how long it took."""
