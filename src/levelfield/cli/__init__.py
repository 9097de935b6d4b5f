"""The command line: one file per group of commands. The only place that prints, exits and reads ``argv``."""

import gc

collects = gc.isenabled()
gc.disable()  # to load code makes no garbage, and looking for it takes 4 % of the time of a short command

from levelfield.cli.app import main  # noqa: E402

if collects:
    gc.freeze()  # or the first thing that is made has the collector look at all that was loaded
    gc.enable()

__all__ = ["main"]
