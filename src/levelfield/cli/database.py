"""Where results are kept unless another file is named."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DATABASE"]

DATABASE = Path("levelfield-results.sqlite")
"""In the working folder."""
