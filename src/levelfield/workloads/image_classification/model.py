"""Which models fit: what they must read and return, and the two that ship with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.backends.port import NamedArrays, Session, TensorInfo, listed
from levelfield.errors import InputError, ModelError
from levelfield.formats.onnx_weights import type_name, weight_types
from levelfield.workloads.image_classification.preprocess import FULL_SIZE, MINI_SIZE
from levelfield.workloads.pictures import Layout
from levelfield.workloads.shipped import ShippedFile
from levelfield.workloads.task import ModelFacts, Precision

__all__ = ["DATA", "FULL", "MINI", "ImageModel", "MiniManifest", "ModelContract", "fitted"]

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContract:
    """What a model of an edition must look like."""

    channels: int
    size: int
    """Height and width of the input."""
    classes: int
    """Without the background class that TensorFlow's ImageNet models put in front."""
    class_output_offset: int
    """To be subtracted from an ArgMax output whose number of classes cannot be seen."""

    @property
    def expected(self) -> str:
        """For error messages."""
        n, c, s = "batch", self.channels, self.size
        k = self.classes
        return (
            f"one float32 input ({n}, {c}, {s}, {s}) or ({n}, {s}, {s}, {c}); batch free or 1; "
            f"an output of scores ({n}, {k}) or ({n}, {k + 1}) with a background class first, or of class numbers ({n})"
        )


FULL = ModelContract(channels=3, size=FULL_SIZE, classes=1000, class_output_offset=1)
"""ResNet-50. The official models' ArgMax counts 1001 classes (main.py, profile resnet50-onnxruntime, tag v2.0)."""
MINI = ModelContract(channels=1, size=MINI_SIZE, classes=10, class_output_offset=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageModel:
    """A loaded model that fits its contract."""

    session: Session
    path: Path
    input_name: str
    layout: Layout
    output_name: str
    is_scores: bool
    """Whether the output is scores by class, of which the largest counts, or the class number itself."""
    offset: int
    """Subtracted from the class number: 1 where class 0 is the background."""
    max_batch: int | None
    """1 where the batch is fixed at 1."""

    def classes(self, outputs: NamedArrays) -> NDArray[np.integer[Any]]:
        """(batch,): the class of each picture, counted as the labels are."""
        found = outputs[self.output_name]
        numbers = found.argmax(axis=1) if self.is_scores else found.reshape(-1)
        return numbers - self.offset if self.offset else numbers

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
        what = "the largest score" if self.is_scores else "the class number"
        background = f", minus {self.offset} (background class first)" if self.offset else ""
        return {
            **self.session.describe(),
            "input": f"{self.input_name}, {self.layout}",
            "output": f"{self.output_name}: {what}{background}",
        }


def fitted(session: Session, path: Path, contract: ModelContract) -> ImageModel:
    """Find out how a model wants its pictures and gives its answer.

    One black picture is run, because declared output shapes are often incomplete.

    Raises:
        ModelError: The model does not fit; the error says what was expected and found.
    """
    try:
        name, layout, max_batch = _input(session, contract)
        sides = (contract.size, contract.size)
        shape = (1, contract.channels, *sides) if layout is Layout.NCHW else (1, *sides, contract.channels)
        outputs = session.run({name: np.zeros(shape, np.float32)})
        output, is_scores, offset = _output(outputs, contract)
    except ValueError as error:
        raise ModelError(
            f"{path} does not fit this benchmark: {error}.",
            problems=[
                f"expected: {contract.expected}",
                f"found: inputs {listed(session.inputs)}; outputs {listed(session.outputs)}",
            ],
        ) from error
    return ImageModel(
        session=session,
        path=path,
        input_name=name,
        layout=layout,
        output_name=output,
        is_scores=is_scores,
        offset=offset,
        max_batch=max_batch,
    )


def _weight_types(path: Path) -> tuple[str, ...] | None:
    """``None`` where the file does not say it in a way that is known here; the runtime has read it all the same."""
    try:
        return weight_types(path) or None
    except InputError:
        return None


def _input(session: Session, contract: ModelContract) -> tuple[str, Layout, int | None]:
    if len(session.inputs) != 1:
        raise ValueError(f"it has {len(session.inputs)} inputs")
    tensor = session.inputs[0]
    if tensor.dtype != np.float32:
        raise ValueError(f"its input is {tensor.dtype or 'of another type'}, not float32")
    layout = _layout(tensor, contract)
    batch = tensor.shape[0]
    if batch not in {None, 1}:
        raise ValueError(f"its batch is fixed at {batch}")
    return tensor.name, layout, batch


def _layout(tensor: TensorInfo, contract: ModelContract) -> Layout:
    """By the axis that holds the channels; height and width may be free."""
    sides = {None, contract.size}
    match tensor.shape:
        case (_, contract.channels, height, width) if {height, width} <= sides:
            return Layout.NCHW
        case (_, height, width, contract.channels) if {height, width} <= sides:
            return Layout.NHWC
    raise ValueError("its input has another shape")


def _output(outputs: Mapping[str, NDArray[Any]], contract: ModelContract) -> tuple[str, bool, int]:
    """Class numbers are preferred to scores, as the official profile takes ``ArgMax:0`` of the reference model."""
    widths = {
        name: array.shape[1] - contract.classes
        for name, array in outputs.items()
        if array.ndim == 2 and array.dtype.kind == "f" and array.shape[1] - contract.classes in {0, 1}
    }
    for name, array in outputs.items():
        if array.dtype.kind in "iu" and array.shape in {(1,), (1, 1)}:
            return name, False, next(iter(widths.values()), contract.class_output_offset)
    for name, offset in widths.items():
        return name, True, offset
    raise ValueError("no output is known as scores or class numbers")


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniManifest:
    """What the package knows about the files that it ships; written by ``tools/mini_resnet50.py``."""

    digits: ShippedFile
    """The test set."""
    rest: ShippedFile
    """The other digits, which the training suite takes too."""
    models: Mapping[Precision, ShippedFile]
    reference_accuracy: float
    """Top-1 of the fp32 model on the shipped test set, percent."""

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
                for name, entry in (("digits", data["data"]), ("rest", data["rest"]), *data["files"].items())
            }
            return cls(
                digits=shipped["digits"],
                rest=shipped["rest"],
                models={precision: shipped[precision] for precision in Precision},
                reference_accuracy=float(data["reference_accuracy"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}.", hint="Install the package again.") from error
