"""Submissions of MLPerf Tiny: the tree, and the numbers that its logs and result files give."""
