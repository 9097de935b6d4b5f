"""Utterances of the mini edition: words of letters, each letter two tones, spoken by a seed.

Twelve letters and the space, the first of the official vocabulary. A letter is one of four low and one of three high
tones at once; a speaker shifts all of them by up to a seventh; letters last for 50 to 120 ms, words are parted by
pauses, and white noise, a steady hum and short bursts lie over the whole. Which letter follows which is not even, so a
prediction network has something to learn.

Every utterance is made from its own seed, in any order. Only raw bits of PCG64 are used, whose stream numpy guarantees,
and the sum is rounded to 16 bits, so that the last digit of a sine does not matter: an utterance is the same
everywhere, and shipped checksums show it.

Attainable: :func:`told` recognises the letters of an utterance when it is told where each one lies and who speaks. No
system that has to find that out can be expected to do better.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.speech_recognition.preprocess import SAMPLE_RATE_HZ

__all__ = ["ALPHABET", "Part", "Utterance", "text", "told", "utterance"]

ALPHABET = " abcdefghijkl"
"""In the order of the labels; the blank comes after it."""
SEED = 20220406
LOW_HZ = (430.0, 600.0, 840.0, 1180.0)
HIGH_HZ = (1650.0, 2300.0, 3200.0)
SUCCESSORS = 5
"""Of each letter, that are likely to follow it."""
LIKELY = 0.8
_PEAK = 32767


class Part(IntEnum):
    """Which set an utterance belongs to. Seeds never meet."""

    TRAIN = 0
    CALIBRATION = 1
    TEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What was said, and how it sounds."""

    text: str
    pcm: NDArray[np.int16]
    """(samples,) int16 at 16 kHz."""
    starts: tuple[int, ...]
    """First sample of each character of the text."""
    ends: tuple[int, ...]
    shift: float
    """The speaker's, a factor on all tones."""


class _Draws:
    """Uniform numbers from raw bits."""

    def __init__(self, part: Part, index: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([SEED, int(part), index]))

    def uniform(self, low: float, high: float) -> float:
        """One number of [low, high)."""
        return low + (high - low) * ((int(self._bits.random_raw()) >> 11) * 2.0**-53)

    def below(self, count: int) -> int:
        """One of 0..count-1; the bias of 2^-53 does not matter."""
        return int(self.uniform(0, count))

    def noise(self, count: int) -> NDArray[np.float64]:
        """(count,) sums of four uniform numbers, scaled to a deviation of 1: exact sums of integers."""
        raw = np.asarray(self._bits.random_raw(count), np.uint64)
        quarters = [((raw >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.float64) for shift in (0, 16, 32, 48)]
        total = quarters[0] + quarters[1] + quarters[2] + quarters[3]
        scaled: NDArray[np.float64] = (total - 2.0 * 0xFFFF) / (0x10000 * (4 / 12) ** 0.5)
        return scaled


def text(part: Part, index: int) -> str:
    """What is said in the utterance of that number."""
    return _text(_Draws(part, index))


def utterance(part: Part, index: int) -> Utterance:
    """The utterance of that number; equal on every call and every machine."""
    draws = _Draws(part, index)
    said = _text(draws)
    shift = draws.uniform(0.875, 1.143)
    at = _samples(draws.uniform(0.06, 0.16))
    starts, ends = [], []
    for character in said:
        starts.append(at)
        at += _samples(draws.uniform(0.07, 0.16) if character == " " else draws.uniform(0.05, 0.12))
        ends.append(at)
    sound = np.zeros(at + _samples(draws.uniform(0.06, 0.16)))
    for character, start, end in zip(said, starts, ends, strict=True):
        if character != " ":
            sound[start:end] += _letter(character, end - start, shift, draws)
    sound += _disturbance(len(sound), draws)
    sound *= draws.uniform(0.35, 0.9) / max(1.0, float(np.abs(sound).max()))
    pcm = np.rint(sound * _PEAK).astype(np.int16)
    return Utterance(text=said, pcm=pcm, starts=tuple(starts), ends=tuple(ends), shift=shift)


def told(spoken: Utterance) -> str:
    """The text that is heard when boundaries, pauses and speaker are known: for each letter the strongest tones."""
    heard = []
    for character, start, end in zip(spoken.text, spoken.starts, spoken.ends, strict=True):
        if character == " ":
            heard.append(" ")
            continue
        piece = spoken.pcm[start:end].astype(np.float64)
        low = [_strength(piece, spoken.shift * hz) for hz in LOW_HZ]
        high = [_strength(piece, spoken.shift * hz) for hz in HIGH_HZ]
        heard.append(ALPHABET[1 + int(np.argmax(low)) * len(HIGH_HZ) + int(np.argmax(high))])
    return "".join(heard)


def _text(draws: _Draws) -> str:
    return " ".join(_word(draws) for _ in range(2 + draws.below(5)))


def _word(draws: _Draws) -> str:
    letters = [draws.below(12)]
    for _ in range(1 + draws.below(4)):
        if draws.uniform(0, 1) < LIKELY:  # a fixed pattern: letter a to b, d, f, h, j; then the same, shifted
            letters.append((3 * letters[-1] + 1 + 2 * draws.below(SUCCESSORS)) % 12)
        else:
            letters.append(draws.below(12))
    return "".join(ALPHABET[1 + letter] for letter in letters)


def _letter(character: str, samples: int, shift: float, draws: _Draws) -> NDArray[np.float64]:
    """Two tones that fade in and out, so that the same letter twice is two sounds."""
    number = ALPHABET.index(character) - 1
    low, high = LOW_HZ[number // len(HIGH_HZ)], HIGH_HZ[number % len(HIGH_HZ)]
    time_s = np.arange(samples) / SAMPLE_RATE_HZ
    fade = np.minimum(1.0, np.minimum(np.arange(1, samples + 1), np.arange(samples, 0, -1)) / 200)
    sound = np.zeros(samples)
    for hz, level in ((low, 1.0), (high, 0.7)):
        bent = hz * shift * draws.uniform(0.965, 1.035)
        sound += level * draws.uniform(0.6, 1.0) * np.sin(2 * np.pi * (bent * time_s + draws.uniform(0, 1)))
    return sound * fade


def _disturbance(samples: int, draws: _Draws) -> NDArray[np.float64]:
    """White noise, a hum, and up to two bursts."""
    noise = draws.noise(samples)
    level = np.full(samples, draws.uniform(0.04, 0.15))
    for _ in range(draws.below(3)):
        start, length = draws.below(samples), _samples(draws.uniform(0.03, 0.09))
        level[start : start + length] += draws.uniform(0.15, 0.5)
    hum = draws.uniform(0.0, 0.5) * np.sin(2 * np.pi * draws.uniform(150, 3600) * np.arange(samples) / SAMPLE_RATE_HZ)
    disturbed: NDArray[np.float64] = noise * level + hum
    return disturbed


def _strength(piece: NDArray[np.float64], hz: float) -> float:
    """Energy at a frequency that may be bent by some per cent: the largest of a few neighbours."""
    time_s = np.arange(len(piece)) / SAMPLE_RATE_HZ
    bends = np.array([0.97, 0.985, 1.0, 1.015, 1.03])
    return float(np.abs((np.exp(-2j * np.pi * hz * bends[:, None] * time_s) * piece).sum(axis=1)).max())


def _samples(seconds: float) -> int:
    return int(seconds * SAMPLE_RATE_HZ)
