"""Submissions of the inference suite: what a tree holds, what the official checker makes of it, and our checks."""
