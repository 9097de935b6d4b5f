"""A tiny LibriSpeech in the files that the training reference reads: manifests, WAV files, 1,023 sentencepieces."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np

from levelfield.formats.sentencepiece import Piece, PieceKind, packed

__all__ = ["LETTERS", "librispeech_for_training", "pieces_of_1023", "write_flac_header", "write_wav"]

LETTERS = "abcdefghijklmnopqrstuvwxyz'"
TEXTS = ("the king's men", "a golden fortune", "and a happy life", "yet was not my father", "hello")
PARTS = ("train-clean-100", "train-clean-360", "train-other-500", "dev-clean")


def librispeech_for_training(folder: Path, *, utterances: int = 2, seconds: float = 1.0) -> Path:
    """Three training parts and dev-clean with some utterances each; the last one to train on has 17 s."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(PARTS):
        items = []
        for index in range(utterances):
            name = f"{part}-wav/84/121123/84-121123-{index:04}.wav"
            pcm = noise(10 * number + index, int(16_000 * (seconds + 0.2 * index)))
            write_wav(folder / name, pcm)
            items.append(item(name, len(pcm), TEXTS[(number + index) % len(TEXTS)]))
        if part == "train-other-500":
            items.append(item(f"{part}-wav/84/121123/long.wav", 17 * 16_000, "too long"))
        (folder / f"librispeech-{part}-wav.json").write_text(json.dumps(items, indent=2))
    home = folder.parent / "sentencepieces"
    home.mkdir(exist_ok=True)
    (home / "librispeech1023.model").write_bytes(packed(pieces_of_1023()))
    return folder


def item(name: str, samples: int, transcript: str) -> dict[str, object]:
    """One entry, as ``convert_librispeech.py`` writes it."""
    file = {
        "channels": 1,
        "sample_rate": 16_000.0,
        "bitdepth": 16,
        "bitrate": 256_000.0,
        "duration": samples / 16_000,
        "num_samples": samples,
        "encoding": "Signed Integer PCM",
        "silent": False,
        "fname": name,
        "speed": 1,
    }
    return {
        "input_relpath": "84/121123",
        "input_fname": Path(name).with_suffix(".flac").name,
        "transcript": transcript,
        "files": [file],
        "original_duration": samples / 16_000,
        "original_num_samples": samples,
    }


def pieces_of_1023() -> list[Piece]:
    """The unknown, every letter with and without a space before it, and pairs of letters."""
    texts = ["▁", *LETTERS, *(f"▁{letter}" for letter in LETTERS)]
    texts += [one + other for one in LETTERS for other in LETTERS]
    texts += [f"▁{one}{other}" for one in LETTERS for other in LETTERS]
    return [
        Piece("<unk>", 0.0, PieceKind.UNKNOWN),
        *(Piece(text, -1.0 - number / 64) for number, text in enumerate(texts[:1022])),
    ]


def noise(seed: int, samples: int) -> np.ndarray:
    """(samples,) int16, with silence at both ends."""
    pcm = np.random.default_rng(seed).normal(0, 2000, samples)
    pcm[: samples // 8] = pcm[-samples // 8 :] = 0
    return pcm.astype(np.int16)


def write_wav(path: Path, pcm: np.ndarray) -> None:
    """One channel of 16 bits at 16 kHz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm.astype("<i2").tobytes())


def write_flac_header(path: Path, samples: int, *, rate: int = 16_000, channels: int = 1) -> None:
    """The marker and the STREAMINFO block, which is all that a manifest needs of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packed_sizes = (rate << 44 | channels - 1 << 41 | 15 << 36 | samples).to_bytes(8, "big")
    path.write_bytes(b"fLaC" + b"\x80\0\0\x22" + bytes(10) + packed_sizes + bytes(16))
