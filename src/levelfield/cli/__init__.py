"""The command line: one file per group of commands. The only place that prints, exits and reads ``argv``."""

from levelfield.cli.app import main

__all__ = ["main"]
