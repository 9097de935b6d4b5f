"""Which models fit: what they must read and return, and the two that ship with the package."""

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
from levelfield.workloads.question_answering.preprocess import Lengths
from levelfield.workloads.shipped import ShippedFile
from levelfield.workloads.task import ModelFacts, Precision

__all__ = ["DATA", "FILLING", "MiniManifest", "SpanModel", "fitted"]

DATA = Path(__file__).parent / "data"

FILLING = -10000.0
"""The logit of filling, as the accuracy script fills up shorter outputs."""

INPUT_NAMES = (
    ("input_ids",),
    ("input_mask", "attention_mask"),
    ("segment_ids", "token_type_ids"),
)
"""Token numbers, mask, segments, as the reference's fp32 and int8 models call them (onnxruntime_SUT.py, tag v2.0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanModel:
    """A loaded model that fits."""

    session: Session
    path: Path
    input_names: tuple[str, str, str]
    """Of token numbers, mask and segments."""
    dtype: np.dtype[Any]
    """Of the inputs: int64 or int32."""
    output_names: tuple[str, ...]
    """Start and end logits, or one output of both."""
    free_length: bool
    """Whether it reads shorter inputs than the benchmark's, so that filling can be left out."""
    max_batch: int | None
    """1 where the batch is fixed at 1."""

    def inputs(self, rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """What the model reads, of (batch, 3, tokens)."""
        ids, mask, segments = self.input_names
        return {ids: rows[:, 0], mask: rows[:, 1], segments: rows[:, 2]}

    def write_logits(self, outputs: NamedArrays, into: NDArray[Any]) -> None:
        """Write start and end of the tokens that were computed into (batch, tokens, 2), from its first token on.

        Straight to their place: after a call of a small model, to stack and to copy them cost a tenth of its time,
        since the code of each step has left the caches.
        """
        if len(self.output_names) == 1:
            logits = outputs[self.output_names[0]]
            into[:, : logits.shape[1]] = logits
            return
        for at, name in enumerate(self.output_names):
            logits = outputs[name]
            into[:, : logits.shape[1], at] = logits

    def facts(self, *, transformations: str | None, retraining: str | None) -> ModelFacts:
        """What a submission states of the model: what the file says, and what only its maker knows."""
        types = [type_name(tensor.dtype) for tensor in self.session.inputs if tensor.dtype is not None]
        return ModelFacts(
            file_name=self.path.name,
            input_types=tuple(dict.fromkeys(types)),
            weight_types=_weight_types(self.path),
            weight_transformations=transformations,
            retraining=retraining,
        )

    def describe(self) -> dict[str, str]:
        """What the session says, and how input and output were understood."""
        length = "cut to the longest of a batch" if self.free_length else "filled up to the full length"
        return {
            **self.session.describe(),
            "input": f"{', '.join(self.input_names)}; {length}",
            "output": f"{', '.join(self.output_names)}: logits of start and end",
        }


def fitted(session: Session, path: Path, lengths: Lengths) -> SpanModel:
    """Find out how a model wants its tokens and gives its logits.

    One input of filling is run, because declared output shapes are often incomplete.

    Raises:
        ModelError: The model does not fit; the error says what was expected and found.
    """
    try:
        tensors = _inputs(session)
        dtype = _dtype(tensors)
        free_length, max_batch = _shape(tensors, lengths.sequence)
        blank = np.zeros((1, 3, lengths.sequence), dtype)
        blank[:, 1, 0] = 1  # attention to nothing at all is no input that a model is made for
        outputs = session.run({tensor.name: blank[:, at] for at, tensor in enumerate(tensors)})
        output_names = _outputs(outputs, lengths.sequence)
    except ValueError as error:
        raise ModelError(
            f"{path} does not fit this benchmark: {error}.",
            problems=[
                f"expected: {_expected(lengths.sequence)}",
                f"found: inputs {listed(session.inputs)}; outputs {listed(session.outputs)}",
            ],
        ) from error
    ids, mask, segments = (tensor.name for tensor in tensors)
    return SpanModel(
        session=session,
        path=path,
        input_names=(ids, mask, segments),
        dtype=dtype,
        output_names=output_names,
        free_length=free_length,
        max_batch=max_batch,
    )


def _expected(sequence: int) -> str:
    names = ", ".join(" or ".join(names) for names in INPUT_NAMES)
    return (
        f"three int64 (or int32) inputs ({names}), each (batch, {sequence}), batch free or 1, "
        f"length free or {sequence}; "
        f"outputs of start and end logits (batch, {sequence}), or one of both (batch, {sequence}, 2)"
    )


def _inputs(session: Session) -> list[TensorInfo]:
    by_name = {tensor.name.partition(":")[0]: tensor for tensor in session.inputs}
    found = [next((by_name[name] for name in names if name in by_name), None) for names in INPUT_NAMES]
    missing = [" or ".join(names) for names, tensor in zip(INPUT_NAMES, found, strict=True) if tensor is None]
    if missing:
        raise ValueError(f"it has no input {', and none '.join(missing)}")
    tensors = [tensor for tensor in found if tensor is not None]
    if len(session.inputs) != len(tensors):
        raise ValueError(f"it has {len(session.inputs)} inputs")
    return tensors


def _dtype(tensors: Sequence[TensorInfo]) -> np.dtype[Any]:
    dtypes = {tensor.dtype for tensor in tensors}
    dtype = dtypes.pop()
    if dtypes or dtype not in {np.dtype(np.int64), np.dtype(np.int32)}:
        raise ValueError("its inputs are not all int64, or all int32")
    return dtype


def _shape(tensors: Sequence[TensorInfo], sequence: int) -> tuple[bool, int | None]:
    """Whether the length is free, and the batch if it is fixed."""
    shapes = {tensor.shape for tensor in tensors}
    for shape in shapes:
        if len(shape) != 2 or shape[1] not in {None, sequence}:
            raise ValueError(f"an input has the shape ({', '.join('any' if n is None else str(n) for n in shape)})")
        if shape[0] not in {None, 1}:
            raise ValueError(f"its batch is fixed at {shape[0]}")
    return all(shape[1] is None for shape in shapes), 1 if any(shape[0] == 1 for shape in shapes) else None


def _outputs(outputs: Mapping[str, NDArray[Any]], sequence: int) -> tuple[str, ...]:
    """Names of the logits. Start and end are told apart by their names; without them, the start is first."""
    floats = {name: array for name, array in outputs.items() if array.dtype.kind == "f"}
    both = [name for name, array in floats.items() if array.shape == (1, sequence, 2)]
    if both:
        return (both[0],)
    single = [name for name, array in floats.items() if array.shape == (1, sequence)]
    if len(single) != 2:
        raise ValueError("its outputs are not known as start and end logits")
    if "start" in single[1].lower() or "end" in single[0].lower():
        single.reverse()
    return tuple(single)


def _weight_types(path: Path) -> tuple[str, ...] | None:
    """``None`` where the file does not say it in a way that is known here; the runtime has read it all the same."""
    try:
        return weight_types(path) or None
    except InputError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniManifest:
    """What the package knows about the files that it ships; written by ``tools/mini_bert.py``."""

    questions: ShippedFile
    vocabulary: ShippedFile
    models: Mapping[Precision, ShippedFile]
    reference_accuracy: float
    """F1 of the fp32 model on the shipped questions, percent."""

    @classmethod
    def read(cls, folder: Path = DATA) -> MiniManifest:
        """Read ``manifest.json``.

        Raises:
            InputError: It is missing or cannot be read.
        """
        path = folder / "manifest.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            shipped = {
                name: ShippedFile(path=folder / entry["file"], sha256=entry["sha256"])
                for name, entry in (
                    ("questions", data["data"]),
                    ("vocabulary", data["vocabulary"]),
                    *data["files"].items(),
                )
            }
            return cls(
                questions=shipped["questions"],
                vocabulary=shipped["vocabulary"],
                models={precision: shipped[precision] for precision in Precision},
                reference_accuracy=float(data["reference_accuracy"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}.", hint="Install the package again.") from error
