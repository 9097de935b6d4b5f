"""What is made of a copy of LibriSpeech before the clock starts: manifests and the vocabulary.

Source: mlcommons/training at 4a4d5a0, rnn_speech_recognition/pytorch (``scripts/preprocess_librispeech.sh``,
``utils/convert_librispeech.py``, ``scripts/create_sentencepieces.sh``). The reference converts to WAV; here the
published FLAC files are read as they are, and a manifest names the WAV files that would be there.
"""

from __future__ import annotations

import json
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from levelfield.errors import DatasetError, MissingError
from levelfield.files import write_atomically
from levelfield.training.benchmarks.rnnt.vocabulary import VOCABULARY_FILE, find_vocabulary
from levelfield.workloads.speech_recognition.preprocess import SAMPLE_RATE_HZ
from levelfield.workloads.speech_recognition.transcript import normalised

__all__ = ["EVALUATION", "MANIFESTS", "flac_samples", "manifest_of", "prepare_folder"]

TRAINING_PARTS = ("train-clean-100", "train-clean-360", "train-other-500")
EVALUATION_PART = "dev-clean"


def manifest_of(part: str) -> str:
    """``train-clean-100`` to ``librispeech-train-clean-100-wav.json``."""
    return f"librispeech-{part}-wav.json"


MANIFESTS = tuple(map(manifest_of, TRAINING_PARTS))
EVALUATION = manifest_of(EVALUATION_PART)

_SHOWN = 10
_PIECES = 1023


def prepare_folder(folder: Path) -> None:
    """Write the manifests of unpacked archives, and train the vocabulary; what is there is left alone.

    Args:
        folder: ``LibriSpeech``, with the folders of the archives or those that the reference's scripts make of them.

    Raises:
        DatasetError: Transcripts or recordings that cannot be read.
        MissingError: The vocabulary has to be made, and sentencepiece is not installed.
        OutputError: The folder cannot be written to.
    """
    for part in (*TRAINING_PARTS, EVALUATION_PART):
        if not (folder / manifest_of(part)).is_file() and (folder / part).is_dir():
            _write_manifest(folder, part)
    present = [folder / name for name in MANIFESTS if (folder / name).is_file()]
    if present and find_vocabulary(folder) is None:
        _train_vocabulary(present, folder / "sentencepieces")


def _write_manifest(folder: Path, part: str) -> None:
    """The JSON of ``convert_librispeech.py``, from the archive's transcripts and the headers of its FLAC files."""
    items, problems = [], []
    for path in sorted((folder / part).glob("*/*/*.trans.txt")):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path} cannot be read: {error}")
            continue
        for line in lines:
            name, _, transcript = line.partition(" ")
            flac = path.with_name(f"{name}.flac")
            try:
                samples = flac_samples(flac)
            except (OSError, ValueError) as error:
                problems.append(f"{flac}: {error}")
                continue
            items.append(_item(flac.relative_to(folder / part), part, samples, transcript))
    if problems:
        rest = len(problems) - _SHOWN
        raise DatasetError(
            f"The manifest of {folder / part} cannot be made.",
            problems=problems[:_SHOWN] + ([f"and {rest} more"] if rest > 0 else []),
            hint=f"Unpack {part}.tar.gz of openslr.org/12 again.",
        )
    if items:
        write_atomically(folder / manifest_of(part), json.dumps(items, indent=2) + "\n")


def _item(inside: Path, part: str, samples: int, transcript: str) -> dict[str, Any]:
    seconds = samples / SAMPLE_RATE_HZ
    wav = (Path(f"{part}-wav") / inside).with_suffix(".wav").as_posix()
    file = {"fname": wav, "num_samples": samples, "duration": seconds, "speed": 1, "sample_rate": SAMPLE_RATE_HZ}
    return {
        "transcript": transcript.lower().strip(),
        "files": [file],
        "original_duration": seconds,
        "original_num_samples": samples,
    }


def flac_samples(path: Path) -> int:
    """How many samples a FLAC file says it has (its STREAMINFO block).

    Raises:
        OSError, ValueError: It cannot be read, is no FLAC file, or is not one channel at 16 kHz.
    """
    with path.open("rb") as file:
        head = file.read(42)
    if len(head) < 42 or head[:4] != b"fLaC" or head[4] & 127 != 0:
        raise ValueError("not a FLAC file")
    packed = int.from_bytes(head[18:26], "big")
    rate, channels, samples = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    if (rate, channels) != (SAMPLE_RATE_HZ, 1):
        raise ValueError(f"found {channels} channels at {rate} Hz, expected 1 at {SAMPLE_RATE_HZ} Hz")
    if not samples:
        raise ValueError("its header does not say how many samples it has")
    return samples


def _train_vocabulary(manifests: list[Path], target: Path) -> None:
    """1,023 unigram pieces of all training transcripts, the unknown one first, none for start and end."""
    try:
        sentencepiece = import_module("sentencepiece")
    except ImportError as error:
        raise MissingError(
            f"The vocabulary {VOCABULARY_FILE} has to be made from the transcripts, by sentencepiece.",
            hint=f"pip install sentencepiece, or put the file into {target}.",
        ) from error
    try:
        texts = [normalised(item["transcript"]) for path in manifests for item in json.loads(path.read_bytes())]
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"The transcripts in {target.parent} cannot be read: {error}.") from error
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as held:
        lines = Path(held) / "transcripts.txt"
        write_atomically(lines, (f"{text}\n" for text in texts))
        try:
            sentencepiece.SentencePieceTrainer.train(
                input=str(lines),
                model_prefix=str(Path(held) / "made"),
                vocab_size=_PIECES,
                character_coverage=1.0,
                bos_id=-1,
                eos_id=-1,
                model_type="unigram",
                minloglevel=2,
            )
        except RuntimeError as error:  # too little text for so many pieces
            raise DatasetError(f"No vocabulary can be made of the {len(texts):,} transcripts: {error}.") from error
        (Path(held) / "made.model").replace(target / VOCABULARY_FILE)
