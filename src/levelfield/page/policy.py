"""The content security policy of a page: what it may run is named by its hash, and it may load nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

__all__ = ["fingerprint"]


def fingerprint(texts: Iterable[str]) -> str:
    """Inline scripts or styles as a policy names them: ``'sha256-…'``, one for each."""
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts)
