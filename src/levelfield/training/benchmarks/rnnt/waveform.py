"""From a recording to features as rnnt trains on them: other speed, silence cut off, dither, log-mel, masks.

Source: mlcommons/training at 4a4d5a0, rnn_speech_recognition/pytorch (``common/data/dali/pipeline.py``,
``common/data/features.py``), whose operators are those of NVIDIA DALI. Windows, FFT and mel bands are those of the
inference workload, so an edge of a window or a constant below the quietest sound may differ from DALI's in the last
digits. Features are normalised before frames are spliced; the inference round does it after.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from levelfield.training.benchmarks.rnnt.settings import Settings
from levelfield.workloads.speech_recognition.batches import Features
from levelfield.workloads.speech_recognition.preprocess import BANDS, LEAST_SAMPLES, SPLICED, Waveform, log_mel

__all__ = ["at_speed", "masked", "normalised_features", "trimmed"]

_LOBES = 16
"""Of the sinc to each side: what DALI takes for its default quality of 50."""
_PHASES = 512
_AT_ONCE = 1 << 15
_SILENCE_WINDOW = 2048
_SILENCE = 1e-6
"""-60 dB of the loudest window's power."""
_DITHER = 1e-5


def at_speed(waveform: Waveform, factor: float) -> Waveform:
    """A recording resampled to ``factor`` times its rate, to be heard at the old one: above 1 it is slower and lower.

    A sinc under Hann's window; what would lie above half the new rate is filtered out.

    Args:
        waveform: (samples,).
        factor: 0.5 to 2.
    """
    if factor == 1.0:
        return waveform
    cutoff = min(1.0, factor)
    taps = _kernel(cutoff)
    half = taps.shape[1] // 2
    padded = np.pad(waveform, half)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)
    count = int(len(waveform) * factor)
    slower = np.empty(count, np.float32)
    for start in range(0, count, _AT_ONCE):
        at = np.arange(start, min(start + _AT_ONCE, count)) / factor
        low = np.floor(at).astype(np.int64)
        phase = np.rint((at - low) * _PHASES).astype(np.int64)
        # Piece low + 1 begins half - 1 samples before the sample at ``low``.
        slower[start : start + len(at)] = np.einsum("ij,ij->i", pieces[low + 1], taps[phase])
    return slower


@lru_cache(maxsize=4)
def _kernel(cutoff: float) -> NDArray[np.float32]:
    """(phases + 1, taps): the weights of the samples around a place, for each part of the way between two samples."""
    half = int(np.ceil(_LOBES / cutoff))
    away = np.arange(-half + 1, half + 1) - np.linspace(0.0, 1.0, _PHASES + 1)[:, None]
    window = np.where(np.abs(away) < half, 0.5 + 0.5 * np.cos(np.pi * away / half), 0.0)
    weights = cutoff * np.sinc(cutoff * away) * window
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def trimmed(waveform: Waveform) -> Waveform:
    """Without the silence at its ends: windows of 2,048 samples whose power is below -60 dB of the loudest one's."""
    window = min(_SILENCE_WINDOW, len(waveform))
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    power = energy[window:] - energy[:-window]
    loud = np.flatnonzero(power >= power.max() * _SILENCE)
    kept = waveform[loud[0] : loud[-1] + window]
    return kept if len(kept) >= LEAST_SAMPLES else waveform


def normalised_features(waveform: Waveform, draw: np.random.Generator) -> Features:
    """Features of a whole recording: each band has mean 0 and deviation 1 over time.

    Args:
        waveform: At least ``LEAST_SAMPLES`` samples.
        draw: Of the dither.
    """
    dithered = waveform + draw.standard_normal(len(waveform), dtype=np.float32) * np.float32(_DITHER)
    bands = log_mel(dithered, dither_power=np.float32(0))
    deviation = bands.std(axis=0)
    bands = (bands - bands.mean(axis=0)) / np.where(deviation > 0, deviation, np.float32(1))
    rows = -(-len(bands) // SPLICED)
    spliced = np.zeros((rows * SPLICED, BANDS), np.float32)
    spliced[: len(bands)] = bands
    return spliced.reshape(rows, BANDS * SPLICED)


def masked(features: Features, draw: np.random.Generator, settings: Settings) -> Features:
    """A copy in which some bands and some stretches of time are zero (SpecAugment; D. S. Park and others, 2019).

    Masks of time are at most a share of the utterance long. The reference may begin one in the padding behind an
    utterance, which depends on the batch; here all begin inside.
    """
    frames = features.reshape(-1, BANDS).copy()
    length = len(frames)
    for _ in range(settings.frequency_masks):
        width = int(draw.integers(settings.frequency_least, settings.frequency_most + 1))
        first = int(draw.integers(max(1, BANDS - width + 1)))
        frames[:, first : first + width] = 0
    most = settings.time_most
    most = round(length * most) if 0 < most < 1 else int(most)
    for _ in range(settings.time_masks):
        width = int(draw.integers(settings.time_least, max(settings.time_least, most) + 1))
        first = int(draw.integers(max(1, length - width + 1)))
        frames[first : first + width] = 0
    return frames.reshape(features.shape)
