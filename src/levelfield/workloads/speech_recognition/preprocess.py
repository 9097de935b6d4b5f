"""From a waveform to what the encoder reads: spliced, normalised log-mel features. Timed, as the rules ask.

Source: ``FilterbankFeatures`` of mlcommons/inference, tag v2.0, speech_recognition/rnnt/pytorch/parts/features.py, with
``input_eval`` of configs/rnnt.toml. Deliberately as there: pre-emphasis, which the configuration does not name but the
class has by default; dithering as a constant added to the power spectrum, so that nothing is random; frames are spliced
before they are normalised; frames beyond the end are spliced in as zeros.

The reference adds its small constant to the deviations once for each utterance of a batch. It only ever runs batches of
one, where that is once, and so it is here in batches of any size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BANDS",
    "FEATURES",
    "LEAST_SAMPLES",
    "SAMPLE_RATE_HZ",
    "SPLICED",
    "Waveform",
    "batch_features",
    "features",
    "log_mel",
    "mel_filters",
    "rows",
]

Waveform: TypeAlias = NDArray[np.float32]
"""(samples,) float32 at 16 kHz, full scale 1."""

SAMPLE_RATE_HZ = 16_000
WINDOW, HOP, FFT = 320, 160, 512
"""Samples: 20 ms, 10 ms, and what the window is filled up to with zeros."""
BANDS = 80
SPLICED = 3
FEATURES = BANDS * SPLICED
PRE_EMPHASIS = np.float32(0.97)
DITHER_POWER = np.float32(1e-5**2)
LOG_FLOOR = np.float32(1e-20)
DEVIATION_FLOOR = np.float32(1e-5)
LEAST_SAMPLES = 3 * HOP + 1
"""Two rows of features, so that a deviation exists; longer than half the FFT, which the mirroring at the ends needs."""


def rows(samples: int) -> int:
    """How many rows of features a waveform of so many samples has."""
    return -(-samples // (HOP * SPLICED))


def features(waveform: Waveform) -> NDArray[np.float32]:
    """(rows, 240) float32: three neighbouring frames of 80 log-mel bands side by side, each column normalised.

    Args:
        waveform: At least ``LEAST_SAMPLES`` samples.
    """
    bands = log_mel(waveform)
    count = rows(len(waveform))
    spliced = np.zeros((count * SPLICED, BANDS), np.float32)
    kept = min(len(bands), len(spliced))
    spliced[:kept] = bands[:kept]
    columns = spliced.reshape(count, FEATURES)
    deviation = columns.std(axis=0, ddof=1) + DEVIATION_FLOOR
    normalised: NDArray[np.float32] = (columns - columns.mean(axis=0)) / deviation
    return normalised


def log_mel(waveform: Waveform, *, dither_power: np.float32 = DITHER_POWER) -> NDArray[np.float32]:
    """(frames, 80) float32: the log-mel bands, a frame every 10 ms, the first centred on the first sample.

    Args:
        waveform: More than half a window of samples.
        dither_power: Added to the power of every bin, in place of noise on the samples.
    """
    spectrum = np.fft.rfft(_frames(waveform), FFT)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) + dither_power
    bands: NDArray[np.float32] = np.log(_mel_power(power) + LOG_FLOOR)
    return bands


def batch_features(waveforms: Sequence[Waveform]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The features of several utterances, filled up with zeros to the longest.

    Returns:
        (rows, batch, 240) float32, and (batch,) int64 how many rows each has.
    """
    lengths = np.array([rows(len(waveform)) for waveform in waveforms], np.int64)
    batch = np.zeros((int(lengths.max()), len(waveforms), FEATURES), np.float32)
    for column, waveform in enumerate(waveforms):
        batch[: lengths[column], column] = features(waveform)
    return batch, lengths


def _frames(waveform: Waveform) -> NDArray[np.float32]:
    """(frames, 320): windowed pieces, the first centred on the first sample.

    Of the 512 samples that the FFT reads only the middle 320 are not zeroed by the window, and where they lie in the
    512 does not change the power, so only these are taken.
    """
    emphasised = np.empty_like(waveform)
    emphasised[0] = waveform[0]
    emphasised[1:] = waveform[1:] - PRE_EMPHASIS * waveform[:-1]
    mirrored = np.pad(emphasised, WINDOW // 2, mode="reflect")
    return np.lib.stride_tricks.sliding_window_view(mirrored, WINDOW)[::HOP] * _window()


def _mel_power(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """(frames, 257) to (frames, 80): ``power @ mel_filters().T``, as two sums over neighbouring bins.

    Between two corners of the filters one of them rises and one falls, and no other is there. That is less work than a
    product of matrices, and it starts no threads of a linear algebra library beside those that the user asked for.
    """
    corners, rising, falling = _mel_slopes()
    up = np.add.reduceat(power * rising, corners, axis=1)
    down = np.add.reduceat(power * falling, corners, axis=1)
    summed: NDArray[np.float32] = up[:, :-1] + down[:, 1:]
    return summed


@cache
def _mel_slopes() -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """(81,) the first bin from each corner on, and (257,) what a bin counts in the filter that rises and that falls."""
    corners = np.searchsorted(_bins(), _corners()[:-1])
    between = np.searchsorted(corners, np.arange(FFT // 2 + 1), side="right") - 1
    padded = np.pad(mel_filters(), ((1, 1), (0, 0)))
    bins = np.arange(FFT // 2 + 1)
    return corners, padded[between + 1, bins], padded[between, bins]


@cache
def _window() -> NDArray[np.float32]:
    """Hann, symmetric (``periodic=False``)."""
    return np.hanning(WINDOW).astype(np.float32)


@cache
def mel_filters() -> NDArray[np.float32]:
    """(80, 257) float32: triangles on Slaney's mel scale, each of area 1 over Hz, 0 to 8 kHz.

    The defaults of ``librosa.filters.mel``: linear up to 1 kHz (3 mel for 200 Hz), above it 27 mel for a factor of 6.4.
    """
    edges = _corners()
    widths = np.diff(edges)
    slopes = edges[:, None] - _bins()
    rising, falling = -slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    weighted: NDArray[np.float32] = (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
    return weighted


def _corners() -> NDArray[np.float64]:
    """(82,) Hz: where filters start, peak and end."""
    return _hz(np.linspace(0.0, _mel(SAMPLE_RATE_HZ / 2), BANDS + 2))


def _bins() -> NDArray[np.float64]:
    """(257,) Hz of the FFT."""
    return np.linspace(0.0, SAMPLE_RATE_HZ / 2, FFT // 2 + 1)


_LINEAR_HZ, _LINEAR_MEL = 1000.0, 15.0
_LOG_STEP = math.log(6.4) / 27


def _mel(hz: float) -> float:
    """Of a frequency above 1 kHz."""
    return _LINEAR_MEL + math.log(hz / _LINEAR_HZ) / _LOG_STEP


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mel * (_LINEAR_HZ / _LINEAR_MEL)
    return np.where(mel < _LINEAR_MEL, linear, _LINEAR_HZ * np.exp(_LOG_STEP * (mel - _LINEAR_MEL)))
