"""Sound files: WAV by the standard library, FLAC by soundfile where it is installed."""

from __future__ import annotations

import wave
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import MissingError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["read_audio"]


def read_audio(path: Path, *, rate_hz: int) -> NDArray[np.float32]:
    """(samples,) float32, full scale 1: integers by 2^15, as the reference scales them.

    Raises:
        OSError, ValueError: The file cannot be read, or is not one channel of 16 bits at this rate. Nothing is
            resampled or mixed: LibriSpeech needs neither, so another rate means another file.
        MissingError: A FLAC file, and soundfile is not installed.
    """
    pcm, channels, rate = _flac(path) if path.suffix.lower() == ".flac" else _wav(path)
    if (channels, rate) != (1, rate_hz):
        raise ValueError(f"found {channels} channels at {rate} Hz, expected 1 at {rate_hz} Hz")
    return pcm.astype(np.float32) / np.float32(32768)


def _wav(path: Path) -> tuple[NDArray[np.int16], int, int]:
    try:
        with wave.open(str(path), "rb") as file:
            size = file.getsampwidth()
            if size != 2:
                raise ValueError(f"found {8 * size} bits a sample, expected 16")
            expected = file.getnframes() * file.getnchannels()
            pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            if len(pcm) != expected:
                raise ValueError(f"found {len(pcm):,} samples, expected {expected:,} as its header says: it is cut off")
            return pcm, file.getnchannels(), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a WAV file of whole numbers ({error or 'it ends too early'})") from error


def _flac(path: Path) -> tuple[NDArray[np.int16], int, int]:
    soundfile = _soundfile()
    try:
        pcm, rate = soundfile.read(str(path), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise ValueError(f"not a FLAC file that libsndfile can read ({error})") from error
    return pcm.reshape(-1), 1 if pcm.ndim == 1 else pcm.shape[1], int(rate)


def _soundfile() -> ModuleType:
    try:
        return import_module("soundfile")
    except (ImportError, OSError) as error:  # OSError: the package is there, its libsndfile is not
        raise MissingError(
            "FLAC files are read by soundfile; it is not installed. WAV files need nothing.",
            hint="pip install 'levelfield[speech]'",
        ) from error
