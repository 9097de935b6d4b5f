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
from levelfield.workloads.recommendation.dataset import LoadedPairs
from levelfield.workloads.recommendation.preprocess import RecordLayout
from levelfield.workloads.shipped import ShippedFile
from levelfield.workloads.task import ModelFacts, Precision

__all__ = ["COUNTS", "DATA", "ROWS", "ClickModel", "MiniManifest", "fitted"]

DATA = Path(__file__).parent / "data"

COUNTS, ROWS, OFFSETS = "dense_x", "indices", "offsets"
"""The input names of the reference's exported model (mlcommons/inference, recommendation/dlrm/pytorch,
``python/backend_onnxruntime.py``, tag v2.0). Rows and offsets come as one tensor, or as one for each table:
``indices_0``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickModel:
    """A loaded model that fits its layout."""

    session: Session
    path: Path
    layout: RecordLayout
    row_inputs: tuple[str, ...]
    """One name for all tables, or one for each."""
    offset_inputs: tuple[str, ...]
    """Where each bag of rows begins: the reference feeds them although a bag holds one row. None, one, or one for
    each."""
    output_name: str

    def inputs(self, pairs: LoadedPairs) -> NamedArrays:
        """What the model reads for some pairs."""
        arrays: dict[str, NDArray[Any]] = {COUNTS: pairs.counts}
        self._spread(arrays, self.row_inputs, pairs.rows)
        if self.offset_inputs:
            starts = np.arange(len(pairs.labels), dtype=np.int64)
            self._spread(arrays, self.offset_inputs, np.tile(starts, (self.layout.categories, 1)))
        return arrays

    @staticmethod
    def _spread(arrays: dict[str, NDArray[Any]], names: tuple[str, ...], values: NDArray[np.int64]) -> None:
        if len(names) == 1:
            arrays[names[0]] = values
        else:
            arrays.update(zip(names, values, strict=True))

    def predictions(self, outputs: NamedArrays) -> NDArray[np.float32]:
        """(pairs,): what the model says of each pair."""
        found: NDArray[np.float32] = outputs[self.output_name].reshape(-1)
        return found

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
        """What the session says, and how inputs and output were understood."""
        each = "one tensor" if len(self.row_inputs) == 1 else f"{len(self.row_inputs)} tensors"
        offsets = ", with offsets" if self.offset_inputs else ""
        return {
            **self.session.describe(),
            "input": f"{COUNTS}, (pairs, {self.layout.counts}) logarithms; rows of {self.layout.categories} tables in "
            f"{each}{offsets}",
            "output": f"{self.output_name}: a prediction for each pair",
        }


def fitted(session: Session, path: Path, layout: RecordLayout) -> ClickModel:
    """Find out how a model wants its pairs and gives its answer.

    Two pairs are run, all counts and rows 0, because declared output shapes are often incomplete.

    Raises:
        ModelError: The model does not fit; the error says what was expected and found.
    """
    try:
        row_inputs, offset_inputs = _inputs(session, layout)
        model = ClickModel(
            session=session,
            path=path,
            layout=layout,
            row_inputs=row_inputs,
            offset_inputs=offset_inputs,
            output_name=session.outputs[0].name,
        )
        two = LoadedPairs(
            np.zeros((2, layout.counts), np.float32),
            np.zeros((layout.categories, 2), np.int64),
            np.zeros(2, np.float32),
            [1, 2],
        )
        _require_output(session, session.run(model.inputs(two)))
    except ValueError as error:
        raise ModelError(
            f"{path} does not fit this benchmark: {error}.",
            problems=[
                f"expected: {_expected(layout)}",
                f"found: inputs {listed(session.inputs)}; outputs {listed(session.outputs)}",
            ],
        ) from error
    return model


def _expected(layout: RecordLayout) -> str:
    tables = layout.categories
    return (
        f"inputs {COUNTS} (pairs, {layout.counts}) float32 and {ROWS} ({tables}, pairs) int64, or {ROWS}_0 to "
        f"{ROWS}_{tables - 1} (pairs); {OFFSETS} in the same two ways, or none; one output of a float32 for each pair; "
        "pairs free"
    )


def _inputs(session: Session, layout: RecordLayout) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = {tensor.name: tensor for tensor in session.inputs}
    if COUNTS not in found:
        raise ValueError(f"it has no input {COUNTS}")
    _require(found.pop(COUNTS), np.float32, (None, layout.counts))
    rows = _of_tables(found, ROWS, layout.categories)
    if not rows:
        raise ValueError(f"it has no input {ROWS}, nor {ROWS}_0 to {ROWS}_{layout.categories - 1}")
    offsets = _of_tables(found, OFFSETS, layout.categories)
    for name in (*rows, *offsets):
        _require(found.pop(name), np.int64, (layout.categories, None) if name in {ROWS, OFFSETS} else (None,))
    if found:
        raise ValueError(f"it has inputs of unknown use: {', '.join(found)}")
    if len(session.outputs) != 1:
        raise ValueError(f"it has {len(session.outputs)} outputs")
    return rows, offsets


def _of_tables(found: Mapping[str, TensorInfo], name: str, tables: int) -> tuple[str, ...]:
    """The inputs of that name: one, or one for each table, or none."""
    if name in found:
        return (name,)
    numbered = tuple(f"{name}_{number}" for number in range(tables))
    there = [one for one in numbered if one in found]
    if there and len(there) < tables:
        missing = [one for one in numbered if one not in found]
        raise ValueError(f"it has {len(there)} of {tables} inputs {name}_0 to {name}_{tables - 1}: no {missing[0]}")
    return numbered if there else ()


def _require(tensor: TensorInfo, dtype: type, shape: tuple[int | None, ...]) -> None:
    if tensor.dtype != dtype:
        raise ValueError(f"its input {tensor.name} is {tensor.dtype or 'of another type'}, not {np.dtype(dtype)}")
    fits = len(tensor.shape) == len(shape) and all(
        size is None or size == wanted for size, wanted in zip(tensor.shape, shape, strict=True)
    )
    if not fits:
        fixed = [size for size, wanted in zip(tensor.shape, shape, strict=False) if wanted is None and size is not None]
        why = f"fixed at {fixed[0]} pairs" if fixed and len(tensor.shape) == len(shape) else "of another shape"
        raise ValueError(f"its input {tensor.name} is {why}")


def _require_output(session: Session, outputs: NamedArrays) -> None:
    name = session.outputs[0].name
    array = outputs[name]
    if array.dtype != np.float32 or array.shape not in {(2,), (2, 1)}:
        raise ValueError(f"for 2 pairs its output {name} is {array.shape} {array.dtype}, not (2, 1) float32")


def _weight_types(path: Path) -> tuple[str, ...] | None:
    """``None`` where the file does not say it in a way that is known here; the runtime has read it all the same."""
    try:
        return weight_types(path) or None
    except InputError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniManifest:
    """What the package knows about the files that it ships; written by ``tools/mini_dlrm.py``."""

    data_sha256: str
    """Of the generated test pairs."""
    models: Mapping[Precision, ShippedFile]
    reference_accuracy: float
    """Area of the fp32 model on the test pairs, percent."""

    @classmethod
    def read(cls, folder: Path = DATA) -> MiniManifest:
        """Read ``manifest.json``.

        Raises:
            InputError: It is missing or cannot be read.
        """
        path = folder / "manifest.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                data_sha256=data["data"]["sha256"],
                models={
                    precision: ShippedFile(
                        path=folder / data["files"][precision]["file"], sha256=data["files"][precision]["sha256"]
                    )
                    for precision in Precision
                },
                reference_accuracy=float(data["reference_accuracy"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}.", hint="Install the package again.") from error
