"""Measured power: the watts and joules of a result, and whether its session holds."""
