"""A file that ships with the package, held against the hash that its manifest states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError
from levelfield.files import sha256_of

__all__ = ["ShippedFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedFile:
    """One file beside its manifest."""

    path: Path
    sha256: str

    def verified(self) -> Path:
        """The path.

        Raises:
            InputError: The file is missing, or not the one that was shipped.
        """
        found = sha256_of(self.path) if self.path.is_file() else "no file"
        if found != self.sha256:
            raise InputError(
                f"{self.path} is not the file that levelfield ships: found {found}, expected {self.sha256}.",
                hint="Install the package again.",
            )
        return self.path
