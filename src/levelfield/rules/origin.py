"""Where a rule file was read from: what the loader knows before a family understands the document."""

from __future__ import annotations

from levelfield.frozen import frozen
from levelfield.rules.model import RuleFile

__all__ = ["Origin"]


@frozen
class Origin:
    """Where a document was read from, before it is understood."""

    name: str
    """``training-v1.1``."""
    extends: str | None
    """The round that it was made from, if any."""
    files: tuple[RuleFile, ...]
    """The base first."""
    sha256: str
    """Of the rule file; with bases, of the hashes of all files in order."""
