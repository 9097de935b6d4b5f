"""How much a source may ask of us: numbers that no honest tree comes near, so that a hostile one costs little."""

from __future__ import annotations

from levelfield.frozen import frozen

__all__ = ["BOUNDS", "Bounds"]

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@frozen
class Bounds:
    """Bounds of one source. The whole of round v2.0 has about 70,000 files, its longest path 230 bytes."""

    files: int = 1_000_000
    """Entries of any kind; a source with more is not read."""
    path_bytes: int = 4 * KIB - 1
    """What Linux takes for a path."""
    depth: int = 128
    """Folders above a file."""
    refused: int = 10_000
    """Refused entries that are named; the rest is counted."""
    links: int = 20_000
    """Symbolic links that are followed; what is beyond is refused."""
    link_hops: int = 40
    """Links followed for one path, as Linux does."""
    read_bytes: int = 1 * GIB
    """The most that is read at once, where the caller sets no limit."""
    total_bytes: int = 64 * GIB
    """All files together, unpacked."""
    ratio: int = 200
    """Unpacked to packed size; logs reach 40, deflate can reach 1,032."""
    ratio_free_bytes: int = 64 * MIB
    """Below this size no ratio is asked for."""
    header_bytes: int = 1 * MIB
    """One extended header of a tar."""
    decoder_bytes: int = 256 * MIB
    """Memory of a decompressor."""


BOUNDS = Bounds()
