"""Submissions of MLPerf Training: the tree, and the scores that its logs give."""
