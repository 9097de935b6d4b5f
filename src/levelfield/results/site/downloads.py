"""The files that a site offers: the same results in every format, with sizes and hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from levelfield.results.site.catalog import Catalog
from levelfield.results.site.inputs import SiteInputs
from levelfield.results.site.pages.about import Download

__all__ = ["Offered", "offered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One file and its bytes."""

    download: Download
    content: bytes


def offered(catalog: Catalog, inputs: SiteInputs) -> Iterator[Offered]:
    """Every file, in the order of the page."""
    del catalog, inputs
    yield from ()


def _offer(path: str, what: str, content: bytes) -> Offered:
    sha256 = hashlib.sha256(content).hexdigest()
    return Offered(download=Download(path=path, what=what, size=len(content), sha256=sha256), content=content)
