"""LibriSpeech as the references have it: manifests, the files that they name, and checksums.

The inference round has one manifest, of dev-clean; the training round has one for each part that it trains on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from levelfield.errors import DatasetError
from levelfield.workloads.speech_recognition.transcript import normalised

__all__ = [
    "ARCHIVE",
    "ARCHIVE_MD5",
    "LONGEST_S",
    "MANIFEST",
    "MANIFEST_SHA256",
    "Entry",
    "audio_path",
    "entries_of",
    "md5_of",
]

MANIFEST = "dev-clean-wav.json"
MANIFEST_SHA256 = "ca163b65746e50556101e9bb50138de2d6ebc9e05f1f82e6d71ab826b443a608"
"""Of speech_recognition/rnnt/dev-clean-wav.json in mlcommons/inference, tag v2.0: 2,703 utterances."""
ARCHIVE = "dev-clean.tar.gz"
ARCHIVE_MD5 = "42e2234ba48799c1f50f24a7926300a1"
"""pytorch/utils/librispeech-inference.csv, there; as openslr.org/12 publishes it."""
LONGEST_S = 15.0
"""Longer utterances are not used (QSL.py: ``max_duration=15.0``)."""
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One utterance of the manifest."""

    file: str
    """Relative to the folder of the manifest: ``dev-clean-wav/2277/149896/2277-149896-0000.wav``."""
    samples: int
    seconds: float
    """As the manifest says."""
    transcript: str
    """Normalised."""


def entries_of(
    folder: Path,
    *,
    manifest: str = MANIFEST,
    longest_s: float = LONGEST_S,
    hint: str = "It is in speech_recognition/rnnt of mlcommons/inference, tag v2.0.",
) -> list[Entry]:
    """The utterances that are not too long, in the order of the manifest.

    Args:
        folder: Where the manifest lies.
        manifest: Its name.
        longest_s: Utterances of more seconds are left out.
        hint: Where a missing manifest comes from.

    Raises:
        DatasetError: No folder, no manifest, or entries that are not as the reference's scripts write them.
    """
    path = folder / manifest
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.", hint=f"Give the folder of {manifest} with --data.")
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(
            f"{folder} has no {manifest}, which names each recording and its transcript.", hint=hint
        ) from error
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    if not isinstance(listed, list) or not listed:
        raise DatasetError(f"{path} names no recording: expected a list of utterances.")
    entries, problems = [], []
    for number, item in enumerate(listed):
        try:
            entry = _entry(item, longest_s)
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"{path}: entry {number}: {_reason(error)}")
        else:
            entries += [entry] if entry else []
    if problems:
        rest = len(problems) - _SHOWN
        raise DatasetError(
            f"{path} cannot be used.", problems=problems[:_SHOWN] + ([f"and {rest} more"] if rest > 0 else [])
        )
    if not entries:
        raise DatasetError(f"{path} names no recording of at most {longest_s:g} s.")
    return entries


def audio_path(folder: Path, entry: Entry) -> Path | None:
    """Where the recording is: as the manifest names it, or the FLAC file of the published archive, unpacked there.

    ``dev-clean-wav/2277/…/a.wav`` is ``dev-clean/2277/…/a.flac`` there, or lies in the archive's ``LibriSpeech``.
    """
    part, *rest = Path(entry.file).parts
    inside = (Path(part.removesuffix("-wav")) / Path(*rest)).with_suffix(".flac")
    for path in (folder / entry.file, folder / "LibriSpeech" / inside, folder / inside):
        if path.is_file():
            return path
    return None


def md5_of(path: Path) -> str:
    """For comparison with a published checksum, not for security."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _entry(item: Any, longest_s: float) -> Entry | None:
    """``None`` for an utterance that is too long."""
    seconds = float(item["original_duration"])
    if seconds > longest_s:
        return None
    files = [file for file in item["files"] if file["speed"] == 1]
    if len(files) != 1:
        raise ValueError(f"found {len(files)} files of speed 1, expected 1")
    name, samples = files[0]["fname"], files[0]["num_samples"]
    if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"found the file name {name!r}, expected one inside the folder")
    if not isinstance(samples, int) or samples < 1:
        raise ValueError(f"found {samples!r} samples, expected a whole number above 0")
    return Entry(file=name, samples=samples, seconds=seconds, transcript=normalised(item["transcript"]))


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error) if isinstance(error, ValueError) else "not an utterance as the reference's scripts write it"
