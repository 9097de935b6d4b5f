"""Which models fit: what they must read and return, and the one that ships with the package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.backends.port import Session, listed
from levelfield.errors import InputError, ModelError
from levelfield.files import sha256_of
from levelfield.formats.onnx_weights import type_name, weight_types
from levelfield.workloads.medical_segmentation.preprocess import Image
from levelfield.workloads.medical_segmentation.windows import CLASSES
from levelfield.workloads.task import ModelFacts

__all__ = ["DATA", "MiniManifest", "VolumeModel", "fitted"]

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeModel:
    """A loaded model that fits."""

    session: Session
    path: Path
    window: int
    input_name: str
    output_name: str
    max_batch: int | None
    """Windows at a time; 1 where the batch is fixed at 1."""

    def scores(self, windows: Image) -> NDArray[Any]:
        """(batch, 1, W, W, W) float32 to (batch, 3, W, W, W)."""
        return self.session.run({self.input_name: windows})[self.output_name]

    def facts(self, *, transformations: str | None, retraining: str | None) -> ModelFacts:
        """What a submission states of the model: what the file says, and what only its maker knows."""
        types = [type_name(tensor.dtype) for tensor in self.session.inputs if tensor.dtype is not None]
        try:
            weights = weight_types(self.path) or None
        except InputError:  # the runtime has read it all the same
            weights = None
        return ModelFacts(
            file_name=self.path.name,
            input_types=tuple(dict.fromkeys(types)),
            weight_types=weights,
            weight_transformations=transformations,
            retraining=retraining,
        )

    def describe(self) -> dict[str, str]:
        """What the session says, and how input and output were understood."""
        return {
            **self.session.describe(),
            "input": f"{self.input_name}, windows of {self.window}x{self.window}x{self.window}, overlapping by half",
            "output": f"{self.output_name}: scores of {CLASSES} classes, blended by Gaussian weights",
        }


def fitted(session: Session, path: Path, window: int) -> VolumeModel:
    """Find out how a model takes windows.

    The declared output is believed where it is complete; else one empty window is run, seconds for the full network.

    Raises:
        ModelError: The model does not fit; the error says what was expected and found.
    """
    try:
        name, max_batch = _input(session, window)
        output = _output(session, name, window)
    except ValueError as error:
        cube = f"{window}, {window}, {window}"
        raise ModelError(
            f"{path} does not fit this benchmark: {error}.",
            problems=[
                (
                    f"expected: one float32 input (batch, 1, {cube}), batch free or 1; "
                    f"one output of scores (batch, {CLASSES}, {cube}), of a float type"
                ),
                f"found: inputs {listed(session.inputs)}; outputs {listed(session.outputs)}",
            ],
        ) from error
    return VolumeModel(
        session=session, path=path, window=window, input_name=name, output_name=output, max_batch=max_batch
    )


def _input(session: Session, window: int) -> tuple[str, int | None]:
    if len(session.inputs) != 1:
        raise ValueError(f"it has {len(session.inputs)} inputs")
    tensor = session.inputs[0]
    if tensor.dtype != np.float32:
        raise ValueError(f"its input is {tensor.dtype or 'of another type'}, not float32")
    if not _is(tensor.shape, (1, window, window, window)):
        raise ValueError("its input has another shape")
    if tensor.shape[0] not in {None, 1}:
        raise ValueError(f"its batch is fixed at {tensor.shape[0]}")
    return tensor.name, tensor.shape[0]


def _output(session: Session, input_name: str, window: int) -> str:
    wanted = (CLASSES, window, window, window)
    for tensor in session.outputs:
        if tensor.shape[1:] == wanted and tensor.dtype is not None and tensor.dtype.kind == "f":
            return tensor.name
    if any(_is(tensor.shape, wanted) for tensor in session.outputs):
        outputs = session.run({input_name: np.zeros((1, 1, window, window, window), np.float32)})
        for name, array in outputs.items():
            if array.shape == (1, *wanted) and array.dtype.kind == "f":
                return name
    raise ValueError("no output is known as scores of three classes")


def _is(shape: tuple[int | None, ...], wanted: tuple[int, ...]) -> bool:
    """Whether a declared shape may be that, behind its batch; a free size may be anything, also a free rank."""
    return len(shape) == len(wanted) + 1 and all(
        found in {None, size} for found, size in zip(shape[1:], wanted, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniManifest:
    """What the package knows about the model that it ships; written by ``tools/mini_3d_unet.py``."""

    model: Path
    model_sha256: str
    data_sha256: str
    """Over the generated test set."""
    reference_accuracy: float
    """Mean Dice of the shipped model on it."""

    @classmethod
    def read(cls, folder: Path = DATA) -> MiniManifest:
        """Read ``manifest.json``.

        Raises:
            InputError: It is missing or cannot be read.
        """
        path = folder / "manifest.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            shipped = data["files"]["fp32"]
            return cls(
                model=folder / shipped["file"],
                model_sha256=str(shipped["sha256"]),
                data_sha256=str(data["data"]["test"]["sha256"]),
                reference_accuracy=float(data["reference_accuracy"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}.", hint="Install the package again.") from error

    def verified_model(self) -> Path:
        """The path of the model.

        Raises:
            InputError: The file is missing, or not the one that was shipped.
        """
        found = sha256_of(self.model) if self.model.is_file() else "no file"
        if found != self.model_sha256:
            raise InputError(
                f"{self.model} is not the file that levelfield ships: found {found}, expected {self.model_sha256}.",
                hint="Install the package again.",
            )
        return self.model
