"""Which load generator wrote a log: our version and the hashes of our own sources, never the reference's commit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from levelfield import __version__
from levelfield.terms import Profile

__all__ = ["UNKNOWN", "Build", "build_of"]

ROOMS = ("formats", "loadgen", "stats")
"""The parts of the package that decide what is measured and logged."""

FOLLOWED = {Profile.V2_0: "2.0", Profile.V6: "6.0"}
"""The release of LoadGen whose behaviour a profile follows."""

UNKNOWN = "NA"
"""What LoadGen writes where it was not built in a git checkout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The version block of a log."""

    version: str
    """The release followed, `` @ ``, and what follows it: ``2.0 @ levelfield-0.1.0+8a3c1d90ef``."""
    message: str
    """In the place of the reference's git log: what wrote this."""
    file_sha1: dict[str, str]
    """SHA-1 by path within the package."""


@cache
def build_of(profile: Profile) -> Build:
    """The version block of this installation."""
    hashes = _file_sha1()
    digest = hashlib.sha1("".join(f"{h} {name}\n" for name, h in hashes.items()).encode(), usedforsecurity=False)
    followed = FOLLOWED[profile]
    return Build(
        version=f"{followed} @ levelfield-{__version__}+{digest.hexdigest()[:10]}",
        message=(
            f"levelfield {__version__}: an independent load generator that follows the behaviour of MLPerf LoadGen "
            f"{followed} (profile {profile}); not built from the reference's sources"
        ),
        file_sha1=hashes,
    )


def _file_sha1() -> dict[str, str]:
    package = Path(__file__).parents[1]
    paths = sorted(path for room in ROOMS for path in (package / room).glob("*.py"))
    return {
        f"/{path.relative_to(package).as_posix()}": hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in paths
    }
