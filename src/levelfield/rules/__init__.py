"""The rule book: every limit, target, seed and count of a round, once, as data with its clause."""
