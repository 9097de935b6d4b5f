"""Interfaces of other tools, so that what was written for them runs unchanged."""
