"""Compliance audits: run the round's tests on a system, judge them, say how sure that is, write the files."""
