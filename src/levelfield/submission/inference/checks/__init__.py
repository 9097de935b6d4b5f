"""The checks of the inference suite. Which there are is said in this file, one line each; a new one is added here."""

from __future__ import annotations

from levelfield.submission.inference.checks.registry import Registry, RoundSubject, TreeSubject
from levelfield.submission.inference.checks.system import SYSTEM_CHECKS

__all__ = ["INFERENCE", "Registry", "RoundSubject", "TreeSubject"]

INFERENCE = Registry(systems=SYSTEM_CHECKS)
"""Every check, explicitly."""
