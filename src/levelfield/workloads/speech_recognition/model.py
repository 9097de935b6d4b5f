"""The three networks of a transducer: what they must read and return, greedy decoding, and those that ship."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.backends.port import NamedArrays, Session, TensorInfo, listed
from levelfield.errors import InputError, ModelError
from levelfield.formats.onnx_weights import type_name, weight_types
from levelfield.workloads.shipped import ShippedFile
from levelfield.workloads.speech_recognition.generator import ALPHABET
from levelfield.workloads.speech_recognition.preprocess import FEATURES
from levelfield.workloads.speech_recognition.transcript import VOCABULARY
from levelfield.workloads.task import ModelFacts, Precision

__all__ = ["DATA", "FULL", "MINI", "NETWORKS", "MiniManifest", "ModelContract", "SpeechModel", "fitted"]

DATA = Path(__file__).parent / "data"
NETWORKS = ("encoder", "prediction", "joint")
"""Each in a file of this name, ``.onnx``, in the folder of the model."""
START = -1
"""The label before the first; the prediction network embeds it as zeros."""
MOST_SYMBOLS = 30
"""Labels that may come out of one step of the encoder (decoders.py of the reference, ``max_symbols_per_step``)."""
AHEAD = 6
"""Encoder steps that are looked at in one call of the joint network. The prediction does not change before a label
comes out, so looking ahead gives what one step after the other gives, in fewer calls. A label comes out after every
second to third step."""

FLOAT, INTEGER = "float32", "int64"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContract:
    """What the networks of an edition must look like."""

    classes: int
    """Labels and the blank, which is the last."""

    @property
    def blank(self) -> int:
        """The class that is no label."""
        return self.classes - 1

    @property
    def expected(self) -> dict[str, str]:
        """Of each network, for error messages."""
        return {
            "encoder": f"features (rows, batch, {FEATURES}) float32, lengths (batch) int64 -> "
            "encoded (batch, steps, any) float32, steps (batch) int64",
            "prediction": "labels (batch, 1) int64, hidden and cell (layers, batch, any) float32 -> "
            "predicted (batch, 1, any), next_hidden, next_cell, as hidden and cell",
            "joint": "encoded (batch, steps, as the encoder's), predicted (batch, 1, as the prediction's) float32 -> "
            f"scores (batch, steps, 1, {self.classes}) float32",
        }


FULL = ModelContract(classes=len(VOCABULARY) + 1)
MINI = ModelContract(classes=len(ALPHABET) + 1)

_READS = {
    "encoder": {"features": (3, FLOAT), "lengths": (1, INTEGER)},
    "prediction": {"labels": (2, INTEGER), "hidden": (3, FLOAT), "cell": (3, FLOAT)},
    "joint": {"encoded": (3, FLOAT), "predicted": (3, FLOAT)},
}
"""Axes and type of each input."""
_RETURNS = {
    "encoder": ("encoded", "steps"),
    "prediction": ("predicted", "next_hidden", "next_cell"),
    "joint": ("scores",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechModel:
    """Three loaded networks that fit together. May be used from several threads at a time."""

    encoder: Session
    prediction: Session
    joint: Session
    path: Path
    """Their folder."""
    state: tuple[int, int]
    """Layers and width of the prediction network's state."""
    blank: int

    def labels(self, features: NDArray[np.float32], lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """What was said, by greedy decoding: at each step the best class, until it is the blank.

        Args:
            features: (rows, batch, 240), filled up with anything behind the end of each utterance.
            lengths: (batch,), rows of each.

        Returns:
            The labels of each utterance.
        """
        outputs = self.encoder.run({"features": features, "lengths": lengths})
        encoded, steps = outputs["encoded"], outputs["steps"].astype(np.int64)
        batch = len(lengths)
        heard: list[list[int]] = [[] for _ in range(batch)]
        at, added = np.zeros(batch, np.int64), np.zeros(batch, np.int64)
        hidden = np.zeros((self.state[0], batch, self.state[1]), np.float32)
        predicted, hidden, cell = map(np.array, self._predict(np.full(batch, START), hidden, hidden))
        rows = np.flatnonzero(at < steps)
        while rows.size:
            first, label = self._next_labels(encoded, predicted, rows, at, steps)
            ends = label == self.blank
            at[rows] += first
            # A row that moved on may take all its symbols again at the step it came to.
            added[rows] = np.where(ends, 0, np.where(first > 0, 1, added[rows] + 1))
            spoke, said = rows[~ends], label[~ends]
            for row, one in zip(spoke.tolist(), said.tolist(), strict=True):
                heard[row].append(one)
            if spoke.size:
                told = self._predict(said, hidden[:, spoke], cell[:, spoke])
                predicted[spoke], hidden[:, spoke], cell[:, spoke] = told
            full = rows[added[rows] >= MOST_SYMBOLS]
            at[full] += 1
            added[full] = 0
            rows = rows[at[rows] < steps[rows]]
        return [np.array(one, np.int64) for one in heard]

    def _predict(
        self, labels: NDArray[np.int64], hidden: NDArray[np.float32], cell: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        outputs = self.prediction.run({"labels": labels[:, None], "hidden": hidden, "cell": cell})
        return outputs["predicted"], outputs["next_hidden"], outputs["next_cell"]

    def _next_labels(
        self,
        encoded: NDArray[np.float32],
        predicted: NDArray[np.float32],
        rows: NDArray[np.int64],
        at: NDArray[np.int64],
        steps: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of each row, how many steps ahead the next label comes, and which; the blank where none is near."""
        ahead = at[rows, None] + np.arange(min(AHEAD, encoded.shape[1]))
        near = encoded[rows[:, None], np.minimum(ahead, encoded.shape[1] - 1)]
        scores = self.joint.run({"encoded": near, "predicted": predicted[rows]})["scores"]
        best = scores[:, :, 0].argmax(axis=2)
        speaks = (best != self.blank) & (ahead < steps[rows, None])
        found = speaks.any(axis=1)
        first = np.where(found, speaks.argmax(axis=1), ahead.shape[1])
        label = np.where(found, best[np.arange(len(rows)), np.minimum(first, ahead.shape[1] - 1)], self.blank)
        return first, label

    def facts(self, *, transformations: str | None, retraining: str | None) -> ModelFacts:
        """What a submission states of the model: what the files say, and what only its maker knows."""
        types = [type_name(tensor.dtype) for tensor in self.encoder.inputs if tensor.dtype is not None]
        return ModelFacts(
            file_name=", ".join(f"{name}.onnx" for name in NETWORKS),
            input_types=tuple(dict.fromkeys(types)),
            weight_types=_weight_types(self.path),
            weight_transformations=transformations,
            retraining=retraining,
        )

    def describe(self) -> dict[str, str]:
        """What the encoder's session says, with the files and hashes of all three."""
        described = [session.describe() for session in (self.encoder, self.prediction, self.joint)]
        return {
            **described[0],
            "model": ", ".join(one["model"] for one in described),
            "sha256": ", ".join(one["sha256"] for one in described),
            "decoding": f"greedy, at most {MOST_SYMBOLS} labels a step",
        }


def fitted(sessions: Mapping[str, Session], path: Path, contract: ModelContract) -> SpeechModel:
    """Make sure that three networks are a transducer, by running a short silence through them.

    Args:
        sessions: By the names in ``NETWORKS``.
        path: Their folder.
        contract: Of the edition.

    Raises:
        ModelError: One does not fit; the error says what was expected and found.
    """
    try:
        layers, width = _tried(sessions, contract)
    except _MisfitError as error:
        found = sessions[error.part]
        raise ModelError(
            f"{path / error.part}.onnx does not fit this benchmark: {error}.",
            problems=[
                f"expected: {contract.expected[error.part]}",
                f"found: inputs {listed(found.inputs)}; outputs {listed(found.outputs)}",
            ],
        ) from error
    return SpeechModel(
        encoder=sessions["encoder"],
        prediction=sessions["prediction"],
        joint=sessions["joint"],
        path=path,
        state=(layers, width),
        blank=contract.blank,
    )


class _MisfitError(Exception):
    """A network is not what it should be."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(reason)
        self.part = part


def _tried(sessions: Mapping[str, Session], contract: ModelContract) -> tuple[int, int]:
    """Layers and width of the state, after a silence of three rows went through all three networks."""
    for part in NETWORKS:
        _require_names(sessions[part], part)
    layers, _, width = _hidden(sessions["prediction"]).shape
    if layers is None or width is None:
        raise _MisfitError("prediction", "layers or width of its state are not fixed")

    def run(part: str, arrays: NamedArrays, output: str) -> NDArray[Any]:
        try:
            return sessions[part].run(arrays)[output]
        except ModelError as error:
            raise _MisfitError(part, error.message.rstrip(".")) from error

    silence: NamedArrays = {"features": np.zeros((3, 1, FEATURES), np.float32), "lengths": np.array([3], np.int64)}
    encoded = run("encoder", silence, "encoded")
    if encoded.ndim != 3 or encoded.shape[:2] != (1, 2):
        raise _MisfitError("encoder", f"3 rows of features become {encoded.shape}")
    state = np.zeros((layers, 1, width), np.float32)
    predicted = run("prediction", {"labels": np.array([[START]]), "hidden": state, "cell": state}, "predicted")
    scores = run("joint", {"encoded": encoded, "predicted": predicted}, "scores")
    if scores.shape != (1, 2, 1, contract.classes):
        raise _MisfitError("joint", f"2 steps and 1 label become scores of {scores.shape}")
    return layers, width


def _require_names(session: Session, part: str) -> None:
    reads = {tensor.name: (len(tensor.shape), str(tensor.dtype)) for tensor in session.inputs}
    if reads != _READS[part]:
        raise _MisfitError(part, "it has other inputs")
    if missing := set(_RETURNS[part]) - {tensor.name for tensor in session.outputs}:
        raise _MisfitError(part, f"it does not return {' and '.join(sorted(missing))}")


def _hidden(prediction: Session) -> TensorInfo:
    return next(tensor for tensor in prediction.inputs if tensor.name == "hidden")


def _weight_types(folder: Path) -> tuple[str, ...] | None:
    """Of the three together, the encoder's first; ``None`` where a file does not say it in a way that is known here."""
    try:
        found = [kind for name in NETWORKS for kind in weight_types(folder / f"{name}.onnx")]
    except InputError:
        return None
    return tuple(dict.fromkeys(found)) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniManifest:
    """What the package knows about the files that it ships; written by ``tools/mini_rnnt.py``."""

    checksums: ShippedFile
    """Of the test utterances."""
    networks: Mapping[Precision, Sequence[ShippedFile]]
    reference_accuracy: float
    """100 minus the word error rate of the fp32 model on the test utterances, percent."""

    @classmethod
    def read(cls, folder: Path = DATA) -> MiniManifest:
        """Read ``manifest.json``.

        Raises:
            InputError: It is missing or cannot be read.
        """
        path = folder / "manifest.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))

            def shipped(entry: Mapping[str, Any]) -> ShippedFile:
                return ShippedFile(path=folder / entry["file"], sha256=entry["sha256"])

            return cls(
                checksums=shipped(data["data"]),
                networks={
                    precision: [shipped(entry) for entry in data["models"][precision]["files"]]
                    for precision in Precision
                },
                reference_accuracy=float(data["reference_accuracy"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}.", hint="Install the package again.") from error

    def model(self, precision: Precision) -> Path:
        """The folder of the shipped model of that precision.

        Raises:
            InputError: A file of it is missing or was changed.
        """
        files = [file.verified() for file in self.networks[precision]]
        return files[0].parent
