"""The utterances: generated ones (mini), or LibriSpeech dev-clean by the reference's manifest (full)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError, RunError
from levelfield.files import sha256_of
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.speech_recognition.audio import read_audio
from levelfield.workloads.speech_recognition.generator import Part, text, utterance
from levelfield.workloads.speech_recognition.librispeech import (
    ARCHIVE,
    ARCHIVE_MD5,
    MANIFEST,
    MANIFEST_SHA256,
    Entry,
    audio_path,
    entries_of,
    md5_of,
)
from levelfield.workloads.speech_recognition.preprocess import LEAST_SAMPLES, SAMPLE_RATE_HZ, Waveform
from levelfield.workloads.task import IndexArray

__all__ = ["LibriSpeech", "Recordings", "SpeechDataset", "Tones", "check"]

_NAME = "LibriSpeech dev-clean"
_READERS = 4
_SHOWN = 10
_INT16_SCALE = np.float32(1 / 32768)


class Recordings(Protocol):
    """Where the utterances of a dataset come from."""

    @property
    def transcripts(self) -> Sequence[str]:
        """What was said in each, normalised."""

    def read(self, indices: IndexArray) -> list[Waveform]:
        """The sound of some."""


class SpeechDataset:
    """The sample library of speech recognition; utterances of any length are held side by side."""

    def __init__(self, name: str, recordings: Recordings, *, performance_sample_count: int, complete: bool) -> None:
        self.name = name
        self.transcripts = list(recordings.transcripts)
        self.total_sample_count = len(self.transcripts)
        self.performance_sample_count = min(performance_sample_count, self.total_sample_count)
        self.complete = complete
        self._read = recordings.read
        self._loaded: dict[int, Waveform] = {}

    def load(self, indices: IndexArray) -> None:
        """Read the utterances that are not in memory yet; an index may occur twice.

        Raises:
            RunError: An index outside the dataset.
            DatasetError: Files that cannot be read, or are not what the manifest says.
        """
        wanted = np.array(sorted(set(np.asarray(indices).tolist()) - self._loaded.keys()), np.int64)
        if wanted.size and not 0 <= wanted[0] <= wanted[-1] < self.total_sample_count:
            raise RunError(
                f"The load generator asked for samples {wanted[0]}..{wanted[-1]}; "
                f"the dataset has 0..{self.total_sample_count - 1}."
            )
        self._loaded |= zip(wanted.tolist(), self._read(wanted), strict=True)

    def unload(self, indices: IndexArray) -> None:
        """Let utterances go; those that are not loaded are no error."""
        for index in np.asarray(indices).tolist():
            self._loaded.pop(index, None)

    def waveforms(self, indices: IndexArray) -> list[Waveform]:
        """Loaded utterances, in the order asked for.

        Raises:
            RunError: One is not loaded.
        """
        try:
            return [self._loaded[index] for index in indices.tolist()]
        except KeyError as error:
            raise RunError(f"A sample that is not loaded was asked for: {error}.") from error


class Tones:
    """The test set of the mini edition, generated when it is loaded and held against shipped checksums.

    Args:
        checksums: A ``.npy`` file: (utterances,) uint32, the CRC-32 of each one's 16-bit samples, little-endian.

    Raises:
        DatasetError: The file is missing or is not that.
    """

    def __init__(self, checksums: Path) -> None:
        try:
            self._checksums: NDArray[np.uint32] = np.load(checksums, allow_pickle=False)
        except (OSError, EOFError, ValueError) as error:
            raise DatasetError(
                f"{checksums} cannot be read: {error}.", hint="It is part of levelfield: install the package again."
            ) from error
        self.transcripts = [text(Part.TEST, index) for index in range(len(self._checksums))]

    def read(self, indices: IndexArray) -> list[Waveform]:
        """Generate some.

        Raises:
            DatasetError: What is generated here is not what the model was measured with.
        """
        waveforms = []
        for index in indices.tolist():
            pcm = utterance(Part.TEST, index).pcm
            found = zlib.crc32(pcm.astype("<i2").tobytes())
            if found != self._checksums[index]:
                raise DatasetError(
                    f"Utterance {index} of the mini edition comes out otherwise on this machine: "
                    f"found the checksum {found:08x}, expected {self._checksums[index]:08x}.",
                    hint=f"Please report it with the version of numpy, {np.__version__}, and the processor.",
                )
            waveforms.append(pcm.astype(np.float32) * _INT16_SCALE)
        return waveforms


class LibriSpeech:
    """LibriSpeech dev-clean: ``dev-clean-wav.json`` and the files it names, or the FLAC files they were made from.

    The folder is checked when it is opened; files are read when they are loaded.

    Args:
        folder: Where the manifest lies.

    Raises:
        DatasetError: No folder, no manifest, entries that cannot be read, files that are missing.
    """

    def __init__(self, folder: Path) -> None:
        self._entries = entries_of(folder)
        self.transcripts = [entry.transcript for entry in self._entries]
        found = [audio_path(folder, entry) for entry in self._entries]
        missing = [
            f"{folder / entry.file} is not there" for entry, path in zip(self._entries, found, strict=True) if not path
        ]
        if missing:
            raise DatasetError(
                f"{len(missing)} of the {len(found)} recordings that the manifest names are missing.",
                problems=_shortened(missing),
                hint="Unpack dev-clean.tar.gz of openslr.org/12 there, or convert it with the reference's scripts.",
            )
        self._paths = [path for path in found if path]

    def read(self, indices: IndexArray) -> list[Waveform]:
        """Read some, by several threads.

        Raises:
            DatasetError: Recordings that cannot be read or have another length than the manifest says, all of them.
            MissingError: FLAC files, and soundfile is not installed.
        """

        def one(index: int) -> Waveform | str:
            path, entry = self._paths[index], self._entries[index]
            try:
                return _checked(path, entry)
            except (OSError, ValueError) as error:
                return f"{path}: {' '.join(str(error).split())}"

        with ThreadPoolExecutor(_READERS) as readers:
            read = list(readers.map(one, indices.tolist()))
        problems = [item for item in read if isinstance(item, str)]
        if problems:
            raise DatasetError(
                f"{len(problems)} of {len(read)} recordings cannot be used.",
                problems=_shortened(problems),
                hint="Copy or convert these files again.",
            )
        return [item for item in read if not isinstance(item, str)]


def _checked(path: Path, entry: Entry) -> Waveform:
    """The sound of a file, which must be what the manifest says.

    Raises:
        OSError, ValueError: It is not, or cannot be read.
        MissingError: It is FLAC, and soundfile is not installed.
    """
    waveform = read_audio(path, rate_hz=SAMPLE_RATE_HZ)
    if len(waveform) != entry.samples:
        raise ValueError(f"found {len(waveform):,} samples, expected {entry.samples:,} as the manifest says")
    if len(waveform) < LEAST_SAMPLES:
        raise ValueError(f"found {len(waveform)} samples, expected {LEAST_SAMPLES} at least")
    return waveform


def _shortened(problems: list[str]) -> list[str]:
    """The first problems, and how many more there are."""
    rest = len(problems) - _SHOWN
    return problems if rest <= 0 else [*problems[:_SHOWN], f"and {rest} more"]


def check(folder: Path, *, expected: int) -> DatasetReport:
    """Look at a copy of LibriSpeech before a long run: every file is read once.

    Args:
        folder: Where the manifest lies.
        expected: How many utterances the round has.

    Raises:
        MissingError: FLAC files, and soundfile is not installed.
    """
    try:
        entries = entries_of(folder)
    except DatasetError as error:
        return DatasetReport(dataset=_NAME, facts=(), problems=(str(error.message), *map(str, error.problems)))
    problems = []
    if len(entries) != expected:
        problems.append(
            f"{folder / MANIFEST}: found {len(entries):,} utterances of at most 15 s, expected {expected:,}"
        )
    published = sha256_of(folder / MANIFEST) == MANIFEST_SHA256
    if not published:
        problems.append(f"{folder / MANIFEST}: it is not the one of the reference (SHA-256 {MANIFEST_SHA256})")
    if (folder / ARCHIVE).is_file() and (found := md5_of(folder / ARCHIVE)) != ARCHIVE_MD5:
        problems.append(
            f"{folder / ARCHIVE}: found the MD5 {found}, expected {ARCHIVE_MD5} as openslr.org publishes it"
        )
    samples, kinds = 0, {".wav": 0, ".flac": 0}
    for entry in entries:
        path = audio_path(folder, entry)
        try:
            if path is None:
                raise ValueError("it is not there")  # noqa: TRY301 - one list of problems
            samples += len(_checked(path, entry))
            kinds[path.suffix.lower()] = kinds.get(path.suffix.lower(), 0) + 1
        except (OSError, ValueError) as error:
            problems.append(f"{path or folder / entry.file}: {error}")
    facts = (
        ("utterances of at most 15 s", f"{len(entries):,}"),
        ("manifest", "the reference's" if published else "another"),
        (
            "recordings read",
            ", ".join(f"{count:,} {kind[1:].upper()}" for kind, count in kinds.items() if count) or "none",
        ),
        ("hours", f"{samples / SAMPLE_RATE_HZ / 3600:.2f}"),
    )
    return DatasetReport(dataset=_NAME, facts=facts, problems=tuple(problems))
