"""Submissions of MLPerf Mobile: the tree, and the results that the app wrote."""
