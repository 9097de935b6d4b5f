"""Utterances of rnnt: LibriSpeech by the reference's manifests (full), generated tones (mini); and their order.

The tones, and utterances in batches, are those of ``workloads/speech_recognition``, which the shipped model has too.

Source: mlcommons/training at 4a4d5a0, rnn_speech_recognition/pytorch/common/data/dali (``sampler.py``,
``data_loader.py``). What is random in an utterance follows from (seed, epoch, utterance), so that it does not matter
which process or thread reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.training.benchmarks.rnnt.preparation import EVALUATION, MANIFESTS
from levelfield.training.benchmarks.rnnt.settings import Settings
from levelfield.training.benchmarks.rnnt.vocabulary import Letters, Vocabulary, open_vocabulary
from levelfield.training.benchmarks.rnnt.waveform import at_speed, masked, normalised_features, trimmed
from levelfield.workloads.speech_recognition.audio import read_audio
from levelfield.workloads.speech_recognition.batches import Features, spoken
from levelfield.workloads.speech_recognition.generator import ALPHABET, Part
from levelfield.workloads.speech_recognition.librispeech import Entry, audio_path, entries_of
from levelfield.workloads.speech_recognition.preprocess import LEAST_SAMPLES, SAMPLE_RATE_HZ

__all__ = ["Speech", "Utterances", "bucketed", "full_speech", "mini_speech"]

_SHOWN = 10


class Utterances(Protocol):
    """Recordings with their transcripts, by number."""

    @property
    def seconds(self) -> NDArray[np.float64]:
        """(utterances,) how long each lasts."""

    @property
    def transcripts(self) -> Sequence[str]:
        """What is said in each, normalised."""

    def heard(self, index: int, draw: np.random.Generator) -> Features:
        """(rows, 240) as it is evaluated."""

    def varied(self, index: int, draw: np.random.Generator) -> Features:
        """(rows, 240) as it is trained on: at some speed, with masks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What an edition is trained and evaluated on."""

    train: Utterances
    evaluation: Utterances
    vocabulary: Vocabulary


def bucketed(
    seconds: NDArray[np.float64], *, buckets: int, steps: int, batch: int, draw: np.random.Generator
) -> NDArray[np.int64]:
    """(steps, batch) numbers of utterances: like lengths together, batches in any order (``BucketingSampler``).

    Sorted by length, cut into buckets of equal size, dealt within each; random ones are dropped so that whole batches
    are left; then the batches are dealt.

    Args:
        seconds: (utterances,), at least ``steps * batch`` of them.
        buckets: Of like length.
        steps: Of the epoch.
        batch: Utterances of a step.
        draw: Deals.
    """
    sorted_by_length = np.argsort(seconds, kind="stable")
    dealt = np.concatenate([draw.permutation(bucket) for bucket in np.array_split(sorted_by_length, buckets)])
    dropped = draw.choice(len(dealt), len(dealt) - steps * batch, replace=False)
    kept = np.delete(dealt, dropped).reshape(steps, batch)
    return draw.permutation(kept, axis=0)


class Tones:
    """Generated utterances."""

    def __init__(self, part: Part, count: int, settings: Settings) -> None:
        self._settings = settings
        made = spoken(part, count)
        self.seconds, self.transcripts, self._features = made.seconds, made.texts, made.features

    def heard(self, index: int, draw: np.random.Generator) -> Features:  # noqa: ARG002 - nothing random in it
        """(rows, 240), exactly what the inference round makes of it."""
        return self._features[index]

    def varied(self, index: int, draw: np.random.Generator) -> Features:
        """The same with masks; generated speakers differ in pitch already, so the speed is left alone."""
        return masked(self._features[index], draw, self._settings)


class Recordings:
    """LibriSpeech, read when asked for."""

    def __init__(self, paths: Sequence[Path], entries: Sequence[Entry], settings: Settings) -> None:
        self._paths, self._entries, self._settings = paths, entries, settings
        self.seconds = np.array([entry.seconds for entry in entries])
        self.transcripts = [entry.transcript for entry in entries]

    def heard(self, index: int, draw: np.random.Generator) -> Features:
        """(rows, 240)."""
        return normalised_features(trimmed(self._waveform(index)), draw)

    def varied(self, index: int, draw: np.random.Generator) -> Features:
        """(rows, 240)."""
        settings = self._settings
        factor = draw.uniform(settings.slowest, settings.fastest)
        return masked(normalised_features(trimmed(at_speed(self._waveform(index), factor)), draw), draw, settings)

    def _waveform(self, index: int) -> NDArray[np.float32]:
        path, entry = self._paths[index], self._entries[index]
        try:
            waveform = read_audio(path, rate_hz=SAMPLE_RATE_HZ)
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path} cannot be used: {' '.join(str(error).split())}.") from error
        if len(waveform) != entry.samples or len(waveform) < LEAST_SAMPLES:
            raise DatasetError(
                f"{path}: found {len(waveform):,} samples, expected {entry.samples:,} as the manifest says, "
                f"and {LEAST_SAMPLES} at least."
            )
        return waveform


def mini_speech(settings: Settings) -> Speech:
    """Generated utterances to train on, and the first of those that the inference suite tests with."""
    return Speech(
        train=Tones(Part.TRAIN, settings.train_samples, settings),
        evaluation=Tones(Part.TEST, settings.eval_samples, settings),
        vocabulary=Letters(ALPHABET),
    )


def full_speech(folder: Path, settings: Settings) -> Speech:
    """LibriSpeech by the reference's manifests; every file that they name is looked for, none is opened.

    Raises:
        DatasetError: No folder, no manifest, entries that cannot be read, recordings that are missing, fewer utterances
            than the settings say, a vocabulary that is missing or another one; all that is wrong in one part is listed.
    """
    train = _recordings(folder, MANIFESTS, settings.longest_s, settings)
    evaluation = _recordings(folder, (EVALUATION,), np.inf, settings)
    problems = []
    if len(train.seconds) < settings.train_samples:
        problems.append(
            f"found {len(train.seconds):,} utterances of at most {settings.longest_s:g} s to train on, "
            f"expected {settings.train_samples:,} at least"
        )
    if len(evaluation.seconds) != settings.eval_samples:
        problems.append(f"found {len(evaluation.seconds):,} in {EVALUATION}, expected {settings.eval_samples:,}")
    if problems:
        raise DatasetError(
            f"The copy of LibriSpeech in {folder} is not whole.",
            problems=problems,
            hint="To try a part of it: --set train_samples=N --set eval_samples=M.",
        )
    vocabulary = open_vocabulary(folder, settings.sizes.classes - 1)
    _check_spelling(vocabulary, train, evaluation)
    return Speech(train=train, evaluation=evaluation, vocabulary=vocabulary)


def _recordings(folder: Path, manifests: Sequence[str], longest_s: float, settings: Settings) -> Recordings:
    hint = "The reference's scripts make it (rnn_speech_recognition/pytorch/scripts/preprocess_librispeech.sh)."
    entries = [
        entry
        for manifest in manifests
        for entry in entries_of(folder, manifest=manifest, longest_s=longest_s, hint=hint)
    ]
    found = [audio_path(folder, entry) for entry in entries]
    missing = [f"{folder / entry.file} is not there" for entry, path in zip(entries, found, strict=True) if not path]
    if missing:
        rest = len(missing) - _SHOWN
        raise DatasetError(
            f"{len(missing):,} of the {len(found):,} recordings that {', '.join(manifests)} name are missing.",
            problems=missing[:_SHOWN] + ([f"and {rest:,} more"] if rest > 0 else []),
            hint="Unpack the archives of openslr.org/12 there, or convert them with the reference's scripts.",
        )
    return Recordings([path for path in found if path], entries, settings)


def _check_spelling(vocabulary: Vocabulary, *parts: Recordings) -> None:
    problems: dict[str, None] = {}
    for part in parts:
        for text in part.transcripts:
            try:
                vocabulary.encode(text)
            except ValueError as error:
                problems[str(error)] = None
    if problems:
        raise DatasetError(
            f"{len(problems):,} words cannot be spelled with the vocabulary.", problems=list(problems)[:_SHOWN]
        )
